package main

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/config"
)

// resolver returns a Resolver for the working directory.
func resolver(t *testing.T) *config.Resolver {
	t.Helper()
	resolver, err := config.NewResolver(config.Options{Projects: &config.Projects{}})
	if err != nil {
		t.Fatal(err)
	}
	return resolver
}

func newTree() *tree { return &tree{projects: &config.Projects{}} }

// TestWhatVanishesDuringAWalkIsAnError removes a file and a folder that the walk has listed but not yet
// read.
func TestWhatVanishesDuringAWalkIsAnError(t *testing.T) {
	t.Chdir(t.TempDir())
	bad := []byte("apiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\nmetadata: {name: churn}\nspec: {target: aci, workload: web-service, gpus: 1}\n")
	if err := os.Mkdir("c", 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a.yaml", "b.yaml", "c/a.yaml", "d.yaml"} {
		if err := os.WriteFile(name, bad, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	loaded, err := builtin()
	if err != nil {
		t.Fatal(err)
	}
	setting, err := lint.NewSetting(loaded, config.Default())
	if err != nil {
		t.Fatal(err)
	}
	files := &files{paths: []string{"."}, resolver: resolver(t)}
	result, err := lint.New(setting, lint.Options{}).Lint(t.Context(), newTree(), func(yield func(lint.Input) bool) {
		for input := range files.inputs(t.Context()) {
			if input.Name == "a.yaml" {
				for _, path := range []string{"b.yaml", "c"} {
					if err := os.RemoveAll(path); err != nil {
						t.Error(err)
					}
				}
			}
			if !yield(input) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, finding := range result.Findings {
		found = append(found, finding.File.Name)
	}
	if want := []string{"a.yaml", "d.yaml"}; !slices.Equal(found, want) {
		t.Errorf("findings in %q, want %q", found, want)
	}
	if got, want := fmt.Sprint(result.Errors), "[b.yaml: no such file c: no such file]"; got != want {
		t.Errorf("errors %s, want %s", got, want)
	}
}
