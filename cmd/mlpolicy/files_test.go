package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
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

// A file alone has the findings that it has among all files, with the same fingerprints: pre-commit names single files, and
// a baseline and the hosts of CI know findings by them.
func TestFilesAloneHaveTheSameFindings(t *testing.T) {
	withoutHost(t)
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	found := func(paths ...string) map[string]string {
		var stdout, stderr bytes.Buffer
		args := append([]string{"mlpolicy", "lint", "--format", "json", "--show-waived", "--as-of", "2026-12-01", "--"}, paths...)
		if code := runLoaded(t.Context(), args, strings.NewReader(""), &stdout, &stderr); code == exitUsage {
			t.Fatalf("%s: exit code %d: %s", paths, code, &stderr)
		}
		var report struct {
			Findings []struct{ Rule, File, Fingerprint, Message string }
		}
		if err := json.Unmarshal(stdout.Bytes(), &report); err != nil {
			t.Fatal(err)
		}
		list := map[string]string{}
		for _, f := range report.Findings {
			list[f.Fingerprint] = f.File + ": " + f.Message + " [" + f.Rule + "]"
		}
		return list
	}
	compared := 0
	for _, folder := range []string{"project", "repositories", "waivers"} {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS("../../testdata/"+folder)); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Join(dir, ".git"), 0o755); err != nil {
			t.Fatal(err)
		}
		t.Chdir(dir)
		all := found(".")
		err := filepath.WalkDir(".", func(path string, entry os.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !deployable(entry.Name()) {
				return err
			}
			for fingerprint, finding := range found(path) {
				compared++
				if all[fingerprint] == "" {
					t.Errorf("%s: only if %s is linted alone: %s", folder, path, finding)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Chdir(here)
	}
	if compared < 20 {
		t.Errorf("%d findings were compared", compared)
	}
}
