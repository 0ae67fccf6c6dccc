package lint_test

import (
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"testing"

	"github.com/open-policy-agent/opa/v1/loader"
	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
	"github.com/mlpolicy/mlpolicy/policies"
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
		written, err := json.Marshal(factsOf(t, linter, os.DirFS(examplesFolder), e.name).Facts)
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
		ours := messages(lintFiles(t, linter, os.DirFS(examplesFolder), e.name))
		slices.Sort(theirs)
		if !slices.Equal(ours, theirs) {
			t.Errorf("%s: Lint says %q, OPA %q", e.name, ours, theirs)
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
	loaded, err := policy.Load(t.Context(), policies.FS, nil)
	if err != nil {
		t.Fatal(err)
	}
	unindexed, err := lint.New(loaded.Unindexed(), config.Default())
	if err != nil {
		t.Fatal(err)
	}
	indexed := newLinter(t)
	total := 0
	for _, e := range examples(t) {
		with := lintFiles(t, indexed, os.DirFS(examplesFolder), e.name)
		without := lintFiles(t, unindexed, os.DirFS(examplesFolder), e.name)
		if !reflect.DeepEqual(messages(with), messages(without)) {
			t.Errorf("%s: %q with the index, %q without", e.name, messages(with), messages(without))
		}
		total += len(with.Findings)
	}
	if total == 0 {
		t.Fatal("no example has a finding")
	}
}
