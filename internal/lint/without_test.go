package lint_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy/policytest"
)

func TestParseWithout(t *testing.T) {
	known := lint.Optimisations()
	if len(known) < 2 {
		t.Fatal("too few optimisations")
	}
	without, err := lint.ParseWithout(" " + string(known[0]) + ",, ")
	if err != nil || without.Uses(known[0]) || !without.Uses(known[1]) {
		t.Errorf("%v, %v", without, err)
	}
	if without, err = lint.ParseWithout(""); err != nil || len(without) > 0 {
		t.Errorf("%v, %v", without, err)
	}
	if _, err = lint.ParseWithout("haste"); err == nil || !strings.Contains(err.Error(), string(known[0])) {
		t.Errorf("%v", err)
	}
}

// compareWithout lints each file with all optimisations and without each of them, and returns the number of findings.
func compareWithout(t *testing.T, fsys fs.FS, names []string) (findings int) {
	t.Helper()
	lines := func(name string, without lint.Without) []string {
		linter := linterOf(t, policytest.Builtin(t), config.Default(), lint.Options{Without: without})
		result, err := linter.Lint(t.Context(), fsys, inputsOf(fsys, name))
		if err != nil {
			t.Fatal(err)
		}
		lines := []string{fmt.Sprint(result.Deployments, result.Errors)}
		for _, f := range result.Findings {
			lines = append(lines, fmt.Sprint(f.Span, f.Severity, f.Rule, f.Message, f.Remedy))
		}
		return lines
	}
	for _, name := range names {
		want := lines(name, nil)
		findings += len(want) - 1
		for _, optimisation := range lint.Optimisations() {
			if got := lines(name, lint.Without{optimisation}); !slices.Equal(got, want) {
				t.Errorf("%s: without %s:\n%s\nwith it:\n%s", name, optimisation, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
	}
	return findings
}

// TestExamplesWithoutOptimisations reads all examples of formats with and without each optimisation.
func TestExamplesWithoutOptimisations(t *testing.T) {
	names, err := filepath.Glob("../../testdata/formats/*/*")
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range names {
		names[i] = strings.TrimPrefix(filepath.ToSlash(name), "../../testdata/formats/")
	}
	names = slices.DeleteFunc(names, func(name string) bool { return strings.HasSuffix(name, ".facts") })
	if compareWithout(t, os.DirFS("../../testdata/formats"), names) == 0 {
		t.Error("no example has a finding")
	}
}

// TestCorpusWithoutOptimisations is TestExamplesWithoutOptimisations for real files.
func TestCorpusWithoutOptimisations(t *testing.T) {
	corpus, rows := corpusRows(t)
	var names []string
	for _, row := range rows {
		names = append(names, row["file"])
	}
	if compareWithout(t, os.DirFS(corpus), names) == 0 {
		t.Error("no file has a finding")
	}
}
