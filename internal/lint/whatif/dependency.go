package whatif

import (
	"context"
	"fmt"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
)

// Dependencies sets the facts in other files on which each denial about a deployment of all depends. It evaluates
// each deployment again without each of these facts; if a rule then does not report, it depends on the fact. If the
// policies fail on this, no dependencies are set.
func (e *Evaluator) Dependencies(ctx context.Context, all *facts.Facts, denials []Denial) {
	reduced := &facts.Facts{Edition: all.Edition}
	type copies struct {
		first   int // index among the reduced deployments
		without []without
	}
	copiesOf := map[int]copies{} // by the deployment's index
	for _, denial := range denials {
		index, ok := deploymentOf(denial.Denial)
		if _, seen := copiesOf[index]; !ok || seen {
			continue
		}
		c := copies{len(reduced.Deployments), withoutOtherFiles(all.Deployments[index])}
		for _, without := range c.without {
			reduced.Deployments = append(reduced.Deployments, without.deployment)
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
				denial.DependsOn = append(denial.DependsOn, without.location)
				denial.DependsOnHinted = denial.DependsOnHinted || without.hinted
			}
		}
	}
}

// without is a deployment without one of its facts.
type without struct {
	deployment *facts.Deployment
	// location is that of the fact. It has no node for the cluster of the command line.
	location facts.Location
	// hinted reports whether the fact is the target and a hint names another; see Deployment.Hint.
	hinted bool
}

// withoutOtherFiles returns, for each fact that another file than that of the deployment declares,
// the deployment without this fact, and the same for a target that a hint contradicts.
func withoutOtherFiles(d *facts.Deployment) []without {
	if d.Location.Node == nil {
		return nil
	}
	own := d.Location.Node.File().Name
	var all []without
	for _, fact := range knownFacts(d) {
		location := fact(d).Origin()
		hinted := d.Hint.Known && fact(d) == facts.AnyFact(&d.Target)
		if hinted || location.Node != nil && !location.In(own) {
			reduced := d.Copy()
			fact(reduced).Clear()
			all = append(all, without{deployment: reduced, location: location, hinted: hinted})
		}
	}
	return all
}

// selector returns a fact of a deployment, or of a copy of it.
type selector func(*facts.Deployment) facts.AnyFact

// knownFacts returns every known fact of a deployment, of its models and of its compute, except names, images and labels.
func knownFacts(d *facts.Deployment) []selector {
	known := knownIn(d, facts.DeploymentFields(), func(d *facts.Deployment) *facts.Deployment { return d })
	for i := range d.Models {
		known = append(known, knownIn(d, facts.ModelFields(), func(d *facts.Deployment) *facts.Model { return d.Models[i] })...)
	}
	if d.Compute != nil {
		known = append(known, knownIn(d, facts.ComputeFields(), func(d *facts.Deployment) *facts.Compute { return d.Compute })...)
	}
	return known
}

// knownIn returns the known facts of an object of a deployment.
func knownIn[T any](d *facts.Deployment, fields []facts.Field[T], object func(*facts.Deployment) *T) []selector {
	var known []selector
	for _, field := range fields {
		if field.Fact != nil && !field.Names && !field.Fact(object(d)).IsZero() {
			known = append(known, func(d *facts.Deployment) facts.AnyFact { return field.Fact(object(d)) })
		}
	}
	return known
}
