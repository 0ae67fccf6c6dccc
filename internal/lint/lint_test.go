package lint_test

import (
	"io/fs"
	"iter"
	"slices"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy/policytest"
)

// newLinter makes a Linter of the embedded policies; yaml is its configuration.
func newLinter(t testing.TB, yaml ...string) *lint.Linter {
	t.Helper()
	configuration := config.Default()
	for _, text := range yaml {
		var err error
		if configuration, err = config.Parse([]byte(text), config.Origin{Name: config.FileName}); err != nil {
			t.Fatal(err)
		}
	}
	return linterOf(t, policytest.Builtin(t), configuration, lint.Options{})
}

// linterOf makes a Linter by which one configuration applies to all files.
func linterOf(t testing.TB, policies *policy.Policies, configuration *config.Config, options lint.Options) *lint.Linter {
	t.Helper()
	setting, err := lint.NewSetting(policies, configuration)
	if err != nil {
		t.Fatal(err)
	}
	return lint.New(setting, options)
}

// inputsOf makes inputs of files of fsys.
func inputsOf(fsys fs.FS, names ...string) iter.Seq[lint.Input] {
	var inputs []lint.Input
	for _, name := range names {
		inputs = append(inputs, lint.Input{Name: name, Read: func([]byte) ([]byte, error) { return fs.ReadFile(fsys, name) }})
	}
	return slices.Values(inputs)
}

// lintFiles judges files of fsys; an input that cannot be read fails the test.
func lintFiles(t testing.TB, linter *lint.Linter, fsys fs.FS, names ...string) *lint.Result {
	t.Helper()
	result, err := linter.Lint(t.Context(), fsys, inputsOf(fsys, names...))
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Errors) > 0 {
		t.Fatal(result.Errors)
	}
	return result
}

// factsOf extracts the facts of files of fsys; an input that cannot be read fails the test.
func factsOf(t testing.TB, linter *lint.Linter, fsys fs.FS, names ...string) *extract.Extraction {
	t.Helper()
	extraction, errs, err := linter.Facts(t.Context(), fsys, inputsOf(fsys, names...))
	if err != nil || len(errs) > 0 {
		t.Fatal(err, errs)
	}
	return extraction
}
