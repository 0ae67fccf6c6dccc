package policy

import (
	"context"
	"slices"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
)

// OffIn returns the sorted IDs of the rules whose statement an edition does not make: the rules that
// report one of the violations under another edition and none under this one. A rule that does not
// report any of the violations under any edition is not in the result.
func (p *Policies) OffIn(ctx context.Context, edition string) ([]string, error) {
	violations := p.violations()
	decided, err := p.reporting(ctx, violations, edition)
	if err != nil {
		return nil, err
	}
	var off []string
	for _, id := range p.EditionIDs() {
		if id == edition {
			continue
		}
		elsewhere, err := p.reporting(ctx, violations, id, decided...)
		if err != nil {
			return nil, err
		}
		off, decided = append(off, elsewhere...), append(decided, elsewhere...)
	}
	slices.Sort(off)
	return off, nil
}

// reporting returns the IDs of the rules that report one of the violations under an edition. It does
// not evaluate the rules in except.
func (p *Policies) reporting(ctx context.Context, violations *facts.Facts, edition string, except ...string) ([]string, error) {
	under := *violations
	under.Edition = edition
	denials, err := p.Evaluate(ctx, &under, except...)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, denial := range denials {
		if !slices.Contains(ids, denial.Rule) {
			ids = append(ids, denial.Rule)
		}
	}
	return ids, nil
}

// violations returns, for each target of any edition, deployments and computes that each violate as
// many statements as possible. They differ in the facts that rules read.
func (p *Policies) violations() *facts.Facts {
	all := &facts.Facts{}
	for _, id := range p.targets() {
		target := known(facts.Target(id))
		nodes := &facts.Compute{Name: known("nodes"), Target: target, ManagedBy: known(facts.ByAzureML), VMPriority: known(facts.LowPriority), Nodes: known[int64](3), ClusterAutoscaling: known(true)}
		all.Computes = append(all.Computes, nodes)
		for _, workload := range facts.Workload("").Values() {
			for _, stage := range facts.Stage("").Values() {
				// The first value exceeds every limit; the second is too little for the model.
				for _, memory := range []float64{1e6, 1} {
					for _, devices := range []int64{0, 1} {
						all.Deployments = append(all.Deployments, &facts.Deployment{
							Name: known("violation"), Format: "none", Target: target, Workload: known(facts.Workload(workload)), Stage: known(facts.Stage(stage)),
							Designer: known(true), GPUs: known(devices), FPGAs: known(devices), MemoryGiB: known(memory), Delivery: known("none"),
							Models: []*facts.Model{{Name: known("model"), SizeBytes: known[int64](1e12)}}, Compute: nodes,
						})
					}
				}
			}
		}
	}
	return all
}

// targets returns the targets of all editions.
func (p *Policies) targets() []string {
	targets := facts.Target("").Values()
	for _, edition := range p.editions {
		for _, row := range edition.Rows {
			if !slices.Contains(targets, row.Target) {
				targets = append(targets, row.Target)
			}
		}
	}
	return targets
}

func known[T any](value T) facts.Fact[T] { return facts.Know(value, facts.Location{}) }
