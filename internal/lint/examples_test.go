package lint_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/tools/txtar"

	"github.com/mlpolicy/mlpolicy/internal/golden"
	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
	"github.com/mlpolicy/mlpolicy/internal/lint/report"
	"github.com/mlpolicy/mlpolicy/policies"
)

// example is a file of a rule's examples, {bad,good}.<target>[-<case>].{yaml,json}. A comment
// "# edition: <id>" on its first line chooses another edition than the default one.
type example struct {
	rule, target string
	name         string // <rule>/<file>
	files        fs.FS  // has all examples
	edition      string
	bad          bool
}

// examples lists the examples of all rules.
func examples(t testing.TB) []example {
	t.Helper()
	loaded, err := policy.Load(t.Context(), policies.FS, nil)
	if err != nil {
		t.Fatal(err)
	}
	var (
		list  []example
		files = fstest.MapFS{}
	)
	for _, rule := range loaded.Rules() {
		if len(rule.Examples) == 0 {
			t.Errorf("rule %s has no examples", rule.ID)
		}
		for _, file := range rule.Examples {
			e := example{rule: rule.ID, name: path.Join(rule.ID, file.Name), files: files, bad: file.Bad(), edition: config.DefaultEdition}
			if first, _, _ := strings.Cut(file.Content, "\n"); strings.HasPrefix(first, "# edition: ") {
				e.edition = strings.TrimPrefix(first, "# edition: ")
			}
			for _, target := range facts.Target("").Values() {
				if file.Case() == target || strings.HasPrefix(file.Case(), target+"-") {
					e.target = max(e.target, target)
				}
			}
			extension := path.Ext(file.Name)
			if e.target == "" || extension != ".yaml" && extension != ".json" || files[e.name] != nil {
				t.Errorf("%s is not named {bad,good}.<target>[-<case>].{yaml,json}, or exists twice", e.name)
			}
			files[e.name] = &fstest.MapFile{Data: []byte(file.Content)}
			list = append(list, e)
		}
	}
	if len(list) == 0 {
		t.Fatal("there are no examples")
	}
	return list
}

// TestExamples checks that a bad example violates its rule on its target and that a good one does
// not. The golden file beside the archive has what lint prints about each.
func TestExamples(t *testing.T) {
	byRule := map[string][]example{}
	for _, e := range examples(t) {
		byRule[e.rule] = append(byRule[e.rule], e)
	}
	linters := map[string]*lint.Linter{} // by edition
	for rule, list := range byRule {
		t.Run(rule, func(t *testing.T) {
			printed := new(txtar.Archive)
			for _, e := range list {
				if linters[e.edition] == nil {
					linters[e.edition] = newLinter(t, "edition: "+e.edition)
				}
				linter := linters[e.edition]
				result := lintFiles(t, linter, e.files, e.name)
				hit := slices.ContainsFunc(result.Findings, func(f lint.Finding) bool {
					return f.Rule == e.rule && f.Target == e.target
				})
				if hit != e.bad {
					t.Errorf("%s violates the rule on %s: %t", e.name, e.target, hit)
				}
				if !onTarget(t, linter, e) {
					t.Errorf("%s: nothing in it is on %s", e.name, e.target)
				}
				var text bytes.Buffer
				if err := report.ForFindings().Write(&text, report.Text, report.Findings{Result: result, Incomplete: result.Errors}, report.Options{}); err != nil {
					t.Fatal(err)
				}
				printed.Files = append(printed.Files, txtar.File{Name: path.Base(e.name), Data: text.Bytes()})
			}
			golden.Check(t, path.Join("../../policies/mlpolicy/rules", rule, "examples.out"), txtar.Format(printed))
		})
	}
}

// onTarget reports whether an example has a deployment or a compute of its target.
func onTarget(t *testing.T, linter *lint.Linter, e example) bool {
	t.Helper()
	extraction := factsOf(t, linter, e.files, e.name)
	return slices.ContainsFunc(extraction.Deployments, func(d *facts.Deployment) bool { return string(d.Target.Value) == e.target }) ||
		slices.ContainsFunc(extraction.Computes, func(c *facts.Compute) bool { return string(c.Target.Value) == e.target })
}

// TestEveryRuleHasExamples holds the examples against what the rules can do: each
// rule that can report something on a target has a bad and a good example there, under
// the first edition in which it reports anything.
func TestEveryRuleHasExamples(t *testing.T) {
	if testing.Short() {
		t.Skip("a long sweep by one goroutine: .ci/run runs it once, without the race detector")
	}
	loaded, err := policy.Load(t.Context(), policies.FS, nil)
	if err != nil {
		t.Fatal(err)
	}
	has := map[string]bool{}
	for _, e := range examples(t) {
		has[fmt.Sprint(e.rule, e.target, e.bad, e.edition)] = true
	}
	fires := map[string]string{} // the edition, by rule
	for _, edition := range loaded.EditionIDs() {
		for _, target := range facts.Target("").Values() {
			for rule := range firing(t, loaded, edition, facts.Target(target)) {
				if fires[rule] == "" {
					fires[rule] = edition
				}
				for _, bad := range []bool{true, false} {
					if fires[rule] == edition && !has[fmt.Sprint(rule, target, bad, edition)] {
						t.Errorf("%s can report something on %s under %s: no example with bad=%t", rule, target, edition, bad)
					}
				}
			}
		}
	}
	for _, rule := range loaded.Rules() {
		if fires[rule.ID] == "" {
			t.Errorf("%s reports nothing on any target under any edition", rule.ID)
		}
	}
}

// firing evaluates every combination of the facts that rules read, for one target under one
// edition, and returns the rules that report something.
func firing(t *testing.T, loaded *policy.Policies, edition string, target facts.Target) map[string]bool {
	t.Helper()
	all := &facts.Facts{Edition: edition}
	flags := 0
	bit := func(i int) bool { return flags>>i&1 == 1 }
	workloads := []facts.Fact[facts.Workload]{{}}
	for _, workload := range facts.Workload("").Values() {
		workloads = append(workloads, known(facts.Workload(workload)))
	}
	for flags = range 1 << 7 {
		for _, workload := range workloads {
			all.Deployments = append(all.Deployments, &facts.Deployment{
				Name:      known("all"),
				Target:    known(target),
				Workload:  workload,
				Designer:  known(bit(0)),
				Stage:     known(pick(bit(1), facts.Production, facts.Development)),
				GPUs:      known(pick[int64](bit(2), 0, 1)),
				FPGAs:     known(pick[int64](bit(3), 0, 1)),
				MemoryGiB: known(pick(bit(4), 1.0, 1000)),
				Delivery:  known(pick(bit(5), "iot-edge", "other")),
				Models:    []*facts.Model{{SizeBytes: known(pick[int64](bit(6), 1, 2e9))}},
				Compute:   &facts.Compute{Name: known("all"), Target: known(target), Nodes: known[int64](3)},
			})
		}
	}
	all.Computes = []*facts.Compute{{
		Name: known("all"), Target: known(target), ManagedBy: known(facts.ByAzureML),
		VMPriority: known(facts.LowPriority), ClusterAutoscaling: known(true),
	}}
	denials, err := loaded.Evaluate(t.Context(), all)
	if err != nil {
		t.Fatal(err)
	}
	rules := map[string]bool{}
	for _, denial := range denials {
		rules[denial.Rule] = true
	}
	return rules
}

func known[T any](value T) facts.Fact[T] { return facts.Know(value, facts.Place{}) }

func pick[T any](second bool, a, b T) T {
	if second {
		return b
	}
	return a
}
