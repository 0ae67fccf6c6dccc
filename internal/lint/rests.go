package lint

import (
	"context"
	"fmt"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
)

// basis is what a denial depends on that is not in the file of its deployment.
type basis struct {
	places []facts.Place
	hinted bool // the target that the configuration names and a hint contradicts
}

// rests returns for each denial what it depends on: the facts without which the rule does not
// report. A denial depends on no other file where the policies cannot be asked again.
func (l *Linter) rests(ctx context.Context, all *facts.Facts, denials []policy.Denial) []basis {
	rests := make([]basis, len(denials))
	if l.admission {
		return rests
	}
	withheld := map[int][]facts.Withheld{} // by the deployment's index
	variants := &facts.Facts{Edition: all.Edition}
	first := map[int]int{} // the index among variants, by the deployment's
	for _, denial := range denials {
		index, known := deploymentOf(denial)
		if _, seen := withheld[index]; !known || seen {
			continue
		}
		withheld[index] = all.Deployments[index].Withhold()
		first[index] = len(variants.Deployments)
		for _, without := range withheld[index] {
			variants.Deployments = append(variants.Deployments, without.Deployment)
		}
	}
	if len(variants.Deployments) == 0 {
		return rests
	}

	remaining, errs := l.evaluate(ctx, variants)
	if len(errs) > 0 {
		return rests
	}
	still := map[string]bool{}
	for _, denial := range remaining {
		still[fmt.Sprint(denial.Rule, denial.Path)] = true
	}
	for i, denial := range denials {
		index, known := deploymentOf(denial)
		if !known {
			continue
		}
		for j, without := range withheld[index] {
			same := append(facts.Path{"deployments", first[index] + j}, denial.Path[2:]...)
			if !still[fmt.Sprint(denial.Rule, same)] {
				rests[i].places = append(rests[i].places, without.Place)
				rests[i].hinted = rests[i].hinted || without.Hinted
			}
		}
	}
	return rests
}

// deploymentOf returns the index of the deployment that a denial is about.
func deploymentOf(denial policy.Denial) (index int, ok bool) {
	index, _ = denial.Path[1].(int)
	return index, denial.Path[0] == "deployments"
}
