package lint_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/golden"
	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
	"github.com/mlpolicy/mlpolicy/internal/lint/report"
	"github.com/mlpolicy/mlpolicy/policies"
)

const examplesFolder = "../../testdata/rules"

// example is testdata/rules/<rule>/{bad,good}.<target>[-<case>].{yaml,json}. A comment
// "# edition: <id>" on its first line chooses another edition than the default one.
type example struct {
	rule, target, name string
	edition            string
	bad                bool
}

// examples lists the files of testdata/rules; one that belongs to no rule fails the test.
func examples(t testing.TB) []example {
	t.Helper()
	names, err := fs.Glob(os.DirFS(examplesFolder), "*/*")
	if err != nil || len(names) == 0 {
		t.Fatalf("no examples in %s: %v", examplesFolder, err)
	}
	var list []example
	for _, name := range names {
		if path.Ext(name) == ".out" {
			if _, err := os.Stat(path.Join(examplesFolder, strings.TrimSuffix(name, ".out"))); err != nil {
				t.Errorf("%s is the golden file of no example", name)
			}
			continue
		}
		kind, rest, _ := strings.Cut(path.Base(name), ".")
		text, err := os.ReadFile(path.Join(examplesFolder, name))
		if err != nil {
			t.Fatal(err)
		}
		e := example{rule: path.Dir(name), name: name, bad: kind == "bad", edition: config.DefaultEdition}
		if first, _, _ := strings.Cut(string(text), "\n"); strings.HasPrefix(first, "# edition: ") {
			e.edition = strings.TrimPrefix(first, "# edition: ")
		}
		for _, target := range facts.Target("").Values() {
			if strings.HasPrefix(rest, target+".") || strings.HasPrefix(rest, target+"-") {
				e.target = max(e.target, target)
			}
		}
		extension := path.Ext(name)
		if kind != "bad" && kind != "good" || e.target == "" || extension != ".yaml" && extension != ".json" {
			t.Errorf("%s is not named {bad,good}.<target>[-<case>].{yaml,json}", name)
		}
		list = append(list, e)
	}
	return list
}

// TestExamples judges each example: a bad one trips its rule on its target, a good
// one does not, and both print what their golden file says.
func TestExamples(t *testing.T) {
	linters := map[string]*lint.Linter{}
	for _, e := range examples(t) {
		if linters[e.edition] == nil {
			linters[e.edition] = newLinter(t, "edition: "+e.edition)
		}
		linter := linters[e.edition]
		t.Run(e.name, func(t *testing.T) {
			result := lintFiles(t, linter, os.DirFS(examplesFolder), e.name)
			hit := slices.ContainsFunc(result.Findings, func(f lint.Finding) bool {
				return f.Rule == e.rule && f.Target == e.target
			})
			if hit != e.bad {
				t.Errorf("rule %s on %s: found is %t", e.rule, e.target, hit)
			}
			if !onTarget(t, linter, e) {
				t.Errorf("nothing in it is on %s", e.target)
			}
			var text bytes.Buffer
			if err := report.ForFindings().Write(&text, report.Text, report.Findings{Result: result, Incomplete: result.Errors}, report.Options{}); err != nil {
				t.Fatal(err)
			}
			golden.Check(t, path.Join(examplesFolder, e.name+".out"), text.Bytes())
		})
	}
}

// onTarget reports whether an example has a deployment or a compute of its target.
func onTarget(t *testing.T, linter *lint.Linter, e example) bool {
	t.Helper()
	extraction := factsOf(t, linter, os.DirFS(examplesFolder), e.name)
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
