package main

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// A hook is added only where every byte before it can stay and the result has it.
func TestInitAddsHookOnlyWhereSafe(t *testing.T) {
	const repo = "repo: x\n    rev: v1\n    hooks: [{id: y}]\n"
	for name, test := range map[string]struct {
		text string
		safe bool
	}{
		"indented":                {"repos:\n  - " + repo, true},
		"not indented":            {"repos:\n- repo: x\n  rev: v1\n  hooks: [{id: y}]\n", true},
		"no line break at end":    {"repos:\n- repo: x\n  rev: v1\n  hooks: [{id: y}]", true},
		"keys before":             {"fail_fast: true\nrepos:\n  - " + repo, true},
		"CRLF":                    {"repos:\r\n- repo: x\r\n  hooks: [{id: y}]\r\n", true},
		"flow mapping in a list":  {"repos:\n- {repo: x, hooks: [{id: y}]}\n", true},
		"key after":               {"repos:\n  - " + repo + "fail_fast: true\n", false},
		"flow list":               {"repos: [{repo: x, hooks: []}]\n", false},
		"empty list":              {"repos: []\n", false},
		"null":                    {"repos:\n", false},
		"empty":                   {"", false},
		"two documents":           {"repos:\n  - " + repo + "---\nrepos:\n  - " + repo, false},
		"end of document":         {"repos:\n  - " + repo + "...\n", false},
		"broken":                  {"repos:\n  - repo: [\n", false},
		"block scalar at the end": {"repos:\n  - repo: local\n    hooks:\n      - id: y\n        description: |\n          text\n", true},
		"tab":                     {"repos:\n  -\trepo: x\n", false},
		"item of its own line":    {"repos:\n  -\n    repo: x\n", false},
		"JSON":                    {`{"repos": [{"repo": "x", "hooks": []}]}`, false},
		"alias":                   {"a: &a\n  - " + repo + "repos: *a\n", false},
		"list":                    {"- repos\n", false},
		"byte order mark":         {"\ufeffrepos:\n  - " + repo, false},
	} {
		with, ok := withHook(source.Parse(hookFile, []byte(test.text)), test.text)
		if ok != test.safe {
			t.Errorf("%s: safe %v, want %v: %q", name, ok, test.safe, with)
		}
		if !ok {
			continue
		}
		if !strings.HasPrefix(with, test.text) || !hasHook(source.Parse(hookFile, []byte(with))) {
			t.Errorf("%s: %q", name, with)
		}
		if strings.Contains(test.text, "\r\n") && strings.Count(with, "\n") != strings.Count(with, "\r\n") {
			t.Errorf("%s: mixed ends of lines: %q", name, with)
		}
	}
}

// What cannot be added safely is printed, and the file stays.
func TestInitPrintsHook(t *testing.T) {
	r := newRepository(t, map[string]string{hookFile: "repos: []\n", "a.yaml": modelDeployment("a", "64GiB")})
	code, stdout, stderr := r.run("init")
	data, err := os.ReadFile(hookFile)
	if code != exitClean || err != nil || string(data) != "repos: []\n" || !strings.Contains(stdout, hookFile+": kept, the hook cannot be added safely; add it under repos:\n\n  - repo: local\n") {
		t.Errorf("exit code %d, %v, %q, %s%s", code, err, data, stdout, stderr)
	}
}

// Folders of both stages within each other get no stage: the patterns would contradict each other.
func TestInitWithStagesWithinEachOther(t *testing.T) {
	r := newRepository(t, map[string]string{"dev/x/prod/a.yaml": modelDeployment("a", "1GiB"), "live/b.yaml": modelDeployment("b", "1GiB")})
	code, stdout, stderr := r.run("init")
	if want := "; stages by the folders live; no stages by the folders dev, prod, which are within each other\n"; code != exitClean || !strings.Contains(stdout, want) {
		t.Errorf("exit code %d, %s%s, want %q", code, stdout, stderr, want)
	}
	if got, _ := r.lint(); slices.Contains(got, ".mlpolicy.yaml contradiction") {
		t.Errorf("findings %q", got)
	}
	if text, want := contentOf(t, ".mlpolicy.yaml"), "\n# The folders dev, prod are within each other, so their names do not say the stage. Set stages by longer paths.\n"; !strings.Contains(text, want) ||
		!strings.Contains(text, "\n  production: [\"**/live/**\"]\n") || strings.Contains(text, "**/dev/**") {
		t.Errorf("got %s", text)
	}
}

// The hook that init writes is mlpolicy-system of .pre-commit-hooks.yaml.
func TestInitWritesTheHookOfTheProject(t *testing.T) {
	var published, written []map[string]any
	text := contentOf(t, "../../.pre-commit-hooks.yaml")
	if err := yaml.Unmarshal([]byte(text), &published); err != nil {
		t.Fatal(err)
	}
	var repos []struct{ Hooks []map[string]any }
	if err := yaml.Unmarshal([]byte(hookEntry("")), &repos); err != nil || len(repos) != 1 {
		t.Fatal(err, repos)
	}
	for _, hook := range published {
		if hook["id"] == "mlpolicy-system" {
			// What a local hook does not have, or has another of.
			for _, key := range []string{"description", "minimum_pre_commit_version"} {
				delete(hook, key)
			}
			hook["id"] = "mlpolicy"
			written = append(written, hook)
		}
	}
	if len(written) != 1 || !reflect.DeepEqual(repos[0].Hooks, written) {
		t.Errorf("init writes %v, the project has %v", repos[0].Hooks, written)
	}
}

// The pipelines that init prints are those of docs/ci.md, whose commands a test runs.
func TestInitPrintsThePipelinesOfThePage(t *testing.T) {
	page := contentOf(t, "../../docs/ci.md")
	for _, host := range ciHosts() {
		lines := 0
		for line := range strings.Lines(host.snippet) {
			lines++
			if !strings.Contains(page, line) {
				t.Errorf("%s: docs/ci.md does not have %q", host.name, line)
			}
		}
		if lines == 0 {
			t.Errorf("%s has no pipeline", host.name)
		}
	}
}

// From an empty repository: init, a baseline for what is there, and a commit that pre-commit's entry blocks.
func TestInitThenCommit(t *testing.T) {
	r := newRepository(t, map[string]string{"deploy/old.yaml": modelDeployment("old", "64GiB")})
	if code, stdout, stderr := r.run("init"); code != exitClean || !strings.Contains(stdout, "\nNext: mlpolicy lint, which reports 1 finding; mlpolicy baseline write records them, so that only others fail\n") {
		t.Fatalf("init: exit code %d, %s%s", code, stdout, stderr)
	}
	if code, stdout, stderr := r.run("baseline", "write"); code != exitClean {
		t.Fatalf("baseline write: exit code %d, %s%s", code, stdout, stderr)
	}
	for _, hook := range source.Parse(hookFile, []byte(contentOf(t, hookFile))).Documents[0].Root.Get("repos").Items() {
		entry, _ := hook.Get("hooks").Items()[0].Get("entry").Scalar()
		args := strings.Fields(entry)[1:]
		if code, stdout, stderr := r.run(append(args, "deploy/old.yaml")...); code != exitClean {
			t.Errorf("old: exit code %d, %s%s", code, stdout, stderr)
		}
		r.write(map[string]string{"deploy/new.yaml": modelDeployment("new", "64GiB")})
		if code, stdout, stderr := r.run(append(args, "deploy/new.yaml")...); code != exitFindings || !strings.Contains(stdout, "deploy/new.yaml:4:29: error: ") {
			t.Errorf("new: exit code %d, %s%s", code, stdout, stderr)
		}
	}
}

func contentOf(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.FromSlash(name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
