package policy_test

import (
	"slices"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy/policytest"
	"github.com/mlpolicy/mlpolicy/internal/sweep"
)

// declaration is a fact with a value that a deployment may declare.
type declaration struct {
	fact, value string
	declare     func(*facts.Deployment)
}

// declarations returns the declarations of the sweep by fact.
func declarations() [][]declaration {
	workloads := []declaration{}
	for _, workload := range facts.Workload("").Values() {
		workloads = append(workloads, declaration{"workload", workload, func(d *facts.Deployment) { d.Workload = known(facts.Workload(workload)) }})
	}
	count := func(fact string, set func(*facts.Deployment, int64)) []declaration {
		return []declaration{
			{fact, "0", func(d *facts.Deployment) { set(d, 0) }},
			{fact, "1", func(d *facts.Deployment) { set(d, 1) }},
		}
	}
	return [][]declaration{
		workloads,
		{
			{"stage", "production", func(d *facts.Deployment) { d.Stage = known(facts.Production) }},
			{"stage", "development", func(d *facts.Deployment) { d.Stage = known(facts.Development) }},
		},
		{
			{"designer", "true", func(d *facts.Deployment) { d.Designer = known(true) }},
			{"designer", "false", func(d *facts.Deployment) { d.Designer = known(false) }},
		},
		count("gpus", func(d *facts.Deployment, n int64) { d.GPUs = known(n) }),
		count("fpgas", func(d *facts.Deployment, n int64) { d.FPGAs = known(n) }),
		{{"model and memory", "large and small", func(d *facts.Deployment) {
			d.MemoryGiB, d.Models = known(2.0), []*facts.Model{{SizeBytes: known(int64(4e9))}}
			d.Compute = &facts.Compute{Name: known("cluster"), Target: d.Target, Stage: known(facts.Development), MaxNodes: known(int64(3))}
		}}},
	}
}

// lowers lists, by rule, the declarations that exclude a deployment from the rule's statement. No
// other declaration may lower the worst severity of a deployment.
func lowers() map[string][]string {
	return map[string][]string{
		"cpu-only":     {"workload training"},
		"designer":     {"workload training", "workload batch-scoring"},
		"model-size":   {"workload training"},
		"model-memory": {"workload training"},
		"single-node":  {"workload training", "stage production"},
	}
}

func TestDeclaringMoreNeverLowersTheWorstSeverity(t *testing.T) {
	step := sweep.Step(t, 6)
	loaded := policytest.Builtin(t)
	severity := map[string]int{}
	for _, rule := range loaded.Rules() {
		severity[rule.ID] = slices.Index([]facts.Severity{facts.Note, facts.Warning, facts.Error}, rule.Severity) + 1
	}
	all, used := declarations(), map[string]bool{}
	lowered := 0
	for i, edition := range loaded.EditionIDs() {
		for j, target := range facts.Target("").Values() {
			if (i+j)%step > 0 {
				continue
			}
			// A combination is encoded as a number with a digit for each fact, 0 if the fact is not declared.
			sizes, total := make([]int, len(all)), 1
			for i, values := range all {
				sizes[i] = total
				total *= len(values) + 1
			}
			digit := func(combination, fact int) int { return combination / sizes[fact] % (len(all[fact]) + 1) }
			swept := &facts.Facts{Edition: edition}
			for combination := range total {
				d := &facts.Deployment{Name: known("churn"), Format: "test", Target: known(facts.Target(target))}
				for i, values := range all {
					if chosen := digit(combination, i); chosen > 0 {
						values[chosen-1].declare(d)
					}
				}
				swept.Deployments = append(swept.Deployments, d)
			}
			rules := make([][]string, total)
			for _, denial := range evaluate(t, loaded, swept) {
				index := denial.Path[1].(int)
				rules[index] = append(rules[index], denial.Rule)
			}
			worst := func(rules []string) int {
				most := 0
				for _, rule := range rules {
					most = max(most, severity[rule])
				}
				return most
			}
			for combination := range total {
				for i, values := range all {
					if digit(combination, i) > 0 {
						continue
					}
					for chosen, declared := range values {
						before, after := rules[combination], rules[combination+(chosen+1)*sizes[i]]
						if worst(after) >= worst(before) {
							continue
						}
						lowered++
						what := declared.fact + " " + declared.value
						for _, rule := range before {
							if severity[rule] <= worst(after) || slices.Contains(after, rule) {
								continue
							}
							if used[rule+" "+what] = true; !slices.Contains(lowers()[rule], what) {
								t.Fatalf("%s, %s: declaring %s lowers %q to %q", edition, target, what, before, after)
							}
						}
					}
				}
			}
		}
	}
	if lowered == 0 {
		t.Fatal("no declaration lowers anything: is anything swept?")
	}
	for rule, declarations := range lowers() {
		for _, what := range declarations {
			if step == 1 && !used[rule+" "+what] {
				t.Errorf("declaring %s lowers nothing that %s reports: remove it", what, rule)
			}
		}
	}
}
