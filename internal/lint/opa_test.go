package lint_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/compile"
	"github.com/open-policy-agent/opa/v1/loader"
	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/mlpolicy/mlpolicy/internal/golden"
	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy/policytest"
	"github.com/mlpolicy/mlpolicy/internal/sweep"
)

// TestPlainOPAAgrees gives the facts of each example as JSON to OPA as it comes,
// with the bundle from disk, and compares its answer with Lint's findings.
func TestPlainOPAAgrees(t *testing.T) {
	bundle, err := loader.NewFileLoader().AsBundle("../../policies")
	if err != nil {
		t.Fatal(err)
	}
	query, err := rego.New(rego.ParsedBundle("policies", bundle), rego.Query("data.mlpolicy.query.findings")).PrepareForEval(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	linter := newLinter(t)
	total := 0
	for _, e := range examples(t) {
		written, err := json.Marshal(factsOf(t, linter, e.files, e.name).Facts)
		if err != nil {
			t.Fatal(err)
		}
		var input any
		if err := json.Unmarshal(written, &input); err != nil {
			t.Fatal(err)
		}
		answer, err := query.Eval(t.Context(), rego.EvalInput(input))
		if err != nil {
			t.Fatalf("%s: %v", e.name, err)
		}
		var theirs []string
		for _, finding := range answer[0].Expressions[0].Value.([]any) {
			finding := finding.(map[string]any)
			theirs = append(theirs, finding["rule"].(string)+": "+finding["denied"].(map[string]any)["message"].(string))
		}
		ours := messages(lintFiles(t, linter, e.files, e.name))
		slices.Sort(theirs)
		if !slices.Equal(ours, theirs) {
			t.Errorf("%s: of OPA and Lint\n%s", e.name, golden.Diff(theirs, ours))
		}
		total += len(ours)
	}
	if total == 0 {
		t.Fatal("no example has a finding")
	}
}

// messages lists what rules say, sorted.
func messages(result *lint.Result) []string {
	var list []string
	for _, finding := range result.Findings {
		list = append(list, finding.Rule+": "+finding.Message)
	}
	slices.Sort(list)
	return list
}

// TestIndexingChangesNothing lints the examples with and without OPA's rule index,
// which has lost matches before.
func TestIndexingChangesNothing(t *testing.T) {
	loaded := policytest.Builtin(t)
	unindexed := linterOf(t, loaded.Unindexed(), config.Default(), lint.Options{})
	indexed := newLinter(t)
	total := 0
	for _, e := range examples(t) {
		with := lintFiles(t, indexed, e.files, e.name)
		without := lintFiles(t, unindexed, e.files, e.name)
		if !reflect.DeepEqual(messages(with), messages(without)) {
			t.Errorf("%s: without the index it is\n%s", e.name, golden.Diff(messages(with), messages(without)))
		}
		total += len(with.Findings)
	}
	if total == 0 {
		t.Fatal("no example has a finding")
	}
}

// TestAskingAllRulesChangesNothing evaluates each fact of the examples by itself, under each edition, with all rules and
// with those whose facts are declared.
func TestAskingAllRulesChangesNothing(t *testing.T) {
	loaded := policytest.Builtin(t)
	all := loaded.AskingAll()
	linter := newLinter(t)
	total := 0
	for _, e := range examples(t) {
		total += compareAsking(t, loaded, all, e.name, factsOf(t, linter, e.files, e.name))
	}
	if total == 0 {
		t.Fatal("no example has a finding")
	}
}

// compareAsking compares the denials of two sets of policies about each deployment and compute, and returns their number.
func compareAsking(t *testing.T, some, all *policy.Policies, name string, extraction *extract.Extraction) (denials int) {
	t.Helper()
	var inputs []*facts.Facts
	for _, d := range extraction.Deployments {
		inputs = append(inputs, &facts.Facts{Deployments: []*facts.Deployment{d}})
	}
	for _, c := range extraction.Computes {
		inputs = append(inputs, &facts.Facts{Computes: []*facts.Compute{c}})
	}
	for _, input := range inputs {
		for _, input.Edition = range all.EditionIDs() {
			want, wantErr := all.Evaluate(t.Context(), input)
			got, gotErr := some.Evaluate(t.Context(), input)
			if wantErr != nil || gotErr != nil || !reflect.DeepEqual(want, got) {
				t.Errorf("%s, %s: of all rules and of those whose facts are declared (%v, %v)\n%s", name, input.Edition, wantErr, gotErr, golden.Diff(want, got))
			}
			denials += len(want)
		}
	}
	return denials
}

// TestOptimisedBundlesAgree builds the bundle as opa build does, at each level of
// optimisation, and compares what the rules find in all examples with what they find as they
// are. OPA's optimiser has lost rules before (open-policy-agent/opa#8284 is of the same kind).
// .ci/opa-build does the same with the opa binary, and for its other targets, too.
func TestOptimisedBundlesAgree(t *testing.T) {
	sweep.Long(t)
	linter := newLinter(t)
	loaded := policytest.Builtin(t)
	// As one input for each edition: no rule relates deployments.
	together := facts.Facts{Deployments: []*facts.Deployment{}, Computes: []*facts.Compute{}}
	for _, e := range examples(t) {
		extraction := factsOf(t, linter, e.files, e.name)
		together.Deployments = append(together.Deployments, extraction.Deployments...)
		together.Computes = append(together.Computes, extraction.Computes...)
	}
	const findings, problems = "data.mlpolicy.query.findings", "data.mlpolicy.query.problems"
	editions := append(loaded.EditionIDs(), "no such edition")
	// ask returns each member of the answer to a question under each edition.
	ask := func(b *bundle.Bundle, question string) []string {
		query, err := rego.New(rego.ParsedBundle("policies", b), rego.Query(question)).PrepareForEval(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for _, edition := range editions {
			together.Edition = edition
			written, err := json.Marshal(together)
			if err != nil {
				t.Fatal(err)
			}
			input, err := ast.ValueFromReader(bytes.NewReader(written))
			if err != nil {
				t.Fatal(err)
			}
			results, err := query.Eval(t.Context(), rego.EvalParsedInput(input))
			if err != nil {
				t.Fatal(err)
			}
			if len(results) == 0 {
				lines = append(lines, edition+": undefined")
				continue
			}
			for _, member := range results[0].Expressions[0].Value.([]any) {
				line, err := json.Marshal(member)
				if err != nil {
					t.Fatal(err)
				}
				lines = append(lines, edition+": "+string(line))
			}
		}
		slices.Sort(lines)
		return lines
	}

	plain := build(t, 0)
	answered := ask(plain, findings)
	for _, rule := range loaded.RuleIDs() {
		if !slices.ContainsFunc(answered, func(line string) bool { return strings.Contains(line, `"rule":"`+rule+`"`) }) {
			t.Errorf("%s reports nothing in any example under any edition", rule)
		}
	}
	for _, level := range []int{1, 2} {
		t.Run(fmt.Sprint(level), func(t *testing.T) {
			built := build(t, level)
			for _, question := range []string{findings, problems} {
				want, got := ask(plain, question), ask(built, question)
				if len(want) == 0 {
					t.Fatalf("%s has no answer", question)
				}
				for _, line := range want {
					if !slices.Contains(got, line) {
						t.Errorf("%s has lost %s", question, line)
					}
				}
				if len(got) > len(want) {
					t.Errorf("%s has %d answers and not %d", question, len(got), len(want))
				}
			}
		})
	}
}

// build is opa build --bundle policies -O LEVEL.
func build(t *testing.T, level int) *bundle.Bundle {
	t.Helper()
	var archive bytes.Buffer
	err := compile.New().WithPaths("../../policies").WithAsBundle(true).WithTarget(compile.TargetRego).WithOptimizationLevel(level).
		WithRegoAnnotationEntrypoints(true).WithCapabilities(ast.CapabilitiesForThisVersion()).WithOutput(&archive).Build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	built, err := bundle.NewReader(&archive).Read()
	if err != nil {
		t.Fatal(err)
	}
	return &built
}
