package lint_test

import (
	"bytes"
	"flag"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
	"github.com/mlpolicy/mlpolicy/internal/lint/report"
	"github.com/mlpolicy/mlpolicy/policies"
)

var update = flag.Bool("update", false, "write golden files anew")

const examplesFolder = "../../testdata/rules"

// example is testdata/rules/<rule>/{bad,good}.<target>[-<case>].{yaml,json}.
type example struct {
	rule, target, name string
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
		e := example{rule: path.Dir(name), name: name, bad: kind == "bad"}
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
	linter := newLinter(t)
	for _, e := range examples(t) {
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
			if err := report.Text(&text, result, report.TextOptions{}); err != nil {
				t.Fatal(err)
			}
			golden(t, path.Join(examplesFolder, e.name+".out"), text.Bytes())
		})
	}
}

// onTarget tells whether an example has a deployment or a compute of its target.
func onTarget(t *testing.T, linter *lint.Linter, e example) bool {
	t.Helper()
	extraction := factsOf(t, linter, os.DirFS(examplesFolder), e.name)
	return slices.ContainsFunc(extraction.Deployments, func(d *facts.Deployment) bool { return string(d.Target.Value) == e.target }) ||
		slices.ContainsFunc(extraction.Computes, func(c *facts.Compute) bool { return string(c.Target.Value) == e.target })
}

// TestEveryRuleHasExamples checks that each rule has a bad and a good example on each
// target that it reports something on under the default edition. A rule that reports the
// same on all targets does not depend on them and needs one pair.
func TestEveryRuleHasExamples(t *testing.T) {
	loaded, err := policy.Load(t.Context(), policies.FS, nil)
	if err != nil {
		t.Fatal(err)
	}
	linter := newLinter(t)
	examplesOf := map[string][2][]string{} // targets of the good and of the bad ones, by rule
	for _, e := range examples(t) {
		pair := examplesOf[e.rule]
		index := 0
		if e.bad {
			index = 1
		}
		pair[index] = append(pair[index], e.target)
		examplesOf[e.rule] = pair
	}
	firesOn := map[string][]string{}
	targets := facts.Target("").Values()
	for _, target := range targets {
		for rule := range firing(t, linter, loaded, facts.Target(target)) {
			firesOn[rule] = append(firesOn[rule], target)
		}
	}
	for _, rule := range loaded.Rules() {
		wanted := firesOn[rule.ID]
		if len(wanted) == 0 {
			t.Errorf("%s reports nothing on any target under edition %s", rule.ID, config.DefaultEdition)
		}
		for i, kind := range []string{"good", "bad"} {
			has := examplesOf[rule.ID][i]
			if len(wanted) == len(targets) && len(has) > 0 {
				continue
			}
			for _, target := range wanted {
				if !slices.Contains(has, target) {
					t.Errorf("%s reports something on %s: there is no %s example", rule.ID, target, kind)
				}
			}
		}
	}
}

// firing returns the rules that report something where the deployments and computes of all
// examples are on one target.
func firing(t *testing.T, linter *lint.Linter, loaded *policy.Policies, target facts.Target) map[string]bool {
	t.Helper()
	all := &facts.Facts{Edition: config.DefaultEdition}
	move := func(compute *facts.Compute) *facts.Compute {
		moved := *compute
		moved.Target = known(target)
		return &moved
	}
	for _, e := range examples(t) {
		extraction := factsOf(t, linter, os.DirFS(examplesFolder), e.name)
		for _, deployment := range extraction.Deployments {
			moved := *deployment
			moved.Target = known(target)
			if moved.Compute != nil {
				moved.Compute = move(moved.Compute)
			}
			all.Deployments = append(all.Deployments, &moved)
		}
		for _, compute := range extraction.Computes {
			all.Computes = append(all.Computes, move(compute))
		}
	}
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

// golden compares got with a file, or writes the file when -update is set.
func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; make generate writes it", err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; make generate writes it anew\n--- got\n%s--- want\n%s", file, got, want)
	}
}
