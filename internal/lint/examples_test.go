package lint_test

import (
	"bytes"
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
	"github.com/mlpolicy/mlpolicy/internal/lint/extract"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy/policytest"
	"github.com/mlpolicy/mlpolicy/internal/lint/report"
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
	loaded := policytest.Builtin(t)
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

// TestEveryRuleHasExamples checks that each rule has a bad and a good example on each target that it
// reports something on, under the first edition in which it reports anything. A rule that reports the
// same on all targets does not depend on them and needs one pair.
func TestEveryRuleHasExamples(t *testing.T) {
	loaded := policytest.Builtin(t)
	list, linter := examples(t), newLinter(t)
	var found []*extract.Extraction
	for _, e := range list {
		found = append(found, factsOf(t, linter, e.files, e.name))
	}
	targets := facts.Target("").Values()
	missing := map[string]bool{} // rules that have reported nothing yet
	for _, id := range loaded.RuleIDs() {
		missing[id] = true
	}
	for _, edition := range loaded.EditionIDs() {
		on := map[string][]string{} // targets by rule
		for _, target := range targets {
			for rule := range reporting(t, loaded, found, edition, facts.Target(target)) {
				on[rule] = append(on[rule], target)
			}
		}
		for rule, reported := range on {
			if !missing[rule] {
				continue
			}
			delete(missing, rule)
			for _, bad := range []bool{true, false} {
				has := func(target string) bool {
					return slices.ContainsFunc(list, func(e example) bool {
						return e.rule == rule && e.bad == bad && e.edition == edition && e.target == target
					})
				}
				if len(reported) == len(targets) && slices.ContainsFunc(targets, has) {
					continue
				}
				for _, target := range reported {
					if !has(target) {
						t.Errorf("%s reports something on %s under %s: there is no example with bad=%t", rule, target, edition, bad)
					}
				}
			}
		}
	}
	for rule := range missing {
		t.Errorf("%s reports nothing on any target under any edition", rule)
	}
}

// reporting returns the rules that report something where all deployments and computes are on one target.
func reporting(t *testing.T, loaded *policy.Policies, found []*extract.Extraction, edition string, target facts.Target) map[string]bool {
	t.Helper()
	all := &facts.Facts{Edition: edition}
	move := func(compute *facts.Compute) *facts.Compute {
		moved := *compute
		moved.Target = known(target)
		return &moved
	}
	for _, extraction := range found {
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

func known[T any](value T) facts.Fact[T] { return facts.Know(value, facts.Location{}) }
