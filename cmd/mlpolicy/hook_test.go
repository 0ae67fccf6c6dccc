package main

import (
	"os"
	"regexp"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestHookSeesWhatLintReads compares the names that pre-commit passes with those that a walk reads.
func TestHookSeesWhatLintReads(t *testing.T) {
	text, err := os.ReadFile("../../.pre-commit-hooks.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var hooks []struct{ Files string }
	if err := yaml.Unmarshal(text, &hooks); err != nil || len(hooks) != 1 {
		t.Fatalf("%v, %d hooks", err, len(hooks))
	}
	files, err := regexp.Compile(hooks[0].Files)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"a.yaml", "a.yml", "a.YML", "A.Yaml", "a.json", "A.JSON", "a.jsonc", "a.JSONC", "a.runconfig", "MLmodel", "--format.yaml",
		"mlmodel", "myMLmodel", "a.yamlx", "yaml", "a.txt", "a.jsonl", "a.tf", "Dockerfile",
	} {
		for _, folder := range []string{"", "deploy/", "a.yaml/"} {
			if got, want := files.MatchString(folder+name), deployable(name); got != want {
				t.Errorf("the hook sees %s: %t, lint: %t", folder+name, got, want)
			}
		}
	}
}
