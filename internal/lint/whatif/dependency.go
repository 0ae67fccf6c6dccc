package whatif

import (
	"context"
	"fmt"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
)

// Dependencies sets what each denial about a deployment of all depends on in other files. It evaluates each deployment
// again without each of these facts; a rule that does not report then depends on the fact. Where the policies fail on
// that, no denial depends on another file.
func (e *Evaluator) Dependencies(ctx context.Context, all *facts.Facts, denials []Denial) {
	reduced := &facts.Facts{Edition: all.Edition}
	type copies struct {
		first   int // index among the reduced deployments
		without []facts.Without
	}
	copiesOf := map[int]copies{} // by the deployment's index
	for _, denial := range denials {
		index, ok := deploymentOf(denial.Denial)
		if _, seen := copiesOf[index]; !ok || seen {
			continue
		}
		c := copies{len(reduced.Deployments), all.Deployments[index].WithoutOtherFiles()}
		for _, without := range c.without {
			reduced.Deployments = append(reduced.Deployments, without.Deployment)
		}
		copiesOf[index] = c
	}
	if len(reduced.Deployments) == 0 {
		return
	}
	remaining, errs := e.Run.Deployments(ctx, reduced)
	if len(errs) > 0 {
		return
	}
	reported := make(map[string]bool, len(remaining))
	for _, denial := range remaining {
		reported[fmt.Sprint(denial.Rule, denial.Path)] = true
	}
	for i := range denials {
		denial := &denials[i]
		index, ok := deploymentOf(denial.Denial)
		if !ok {
			continue
		}
		c := copiesOf[index]
		for j, without := range c.without {
			same := append(facts.Path{"deployments", c.first + j}, denial.Path[2:]...)
			if !reported[fmt.Sprint(denial.Rule, same)] {
				denial.DependsOn = append(denial.DependsOn, without.Location)
				denial.DependsOnHinted = denial.DependsOnHinted || without.Hinted
			}
		}
	}
}
