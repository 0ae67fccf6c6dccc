package contract_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/contract"
)

const page = "# Title\n\n" +
	"```go\nnot a walk-through\n```\n\n" +
	"## A thing, step by step\n\nSay so, as `docs/other.md` does.\n\n" +
	"1. `a/new.go` is new:\n\n   ```go\n   package a\n\n   var x = 1\n   ```\n\n" +
	"2. Its line in `a/table.go`:\n\n   ```diff\n    var table = []string{\n   +\t\"new\",\n   ```\n\n" +
	"3. Then:\n\n   ```console\n   $ make generate\n   $ make generate\n   output\n   ```\n\n" +
	"## Tests\n\n```\nno step\n```\n"

func TestParse(t *testing.T) {
	list, err := contract.Parse(page)
	if err != nil || len(list) != 1 || list[0].Title != "A thing" || !slices.Equal(list[0].Commands, []string{"make generate"}) || len(list[0].Steps) != 2 {
		t.Fatalf("%+v, %v", list, err)
	}
	root := t.TempDir()
	file := func(name string) string { return filepath.Join(root, name) }
	if err := os.Mkdir(file("a"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file("a/table.go"), []byte("package a\n\nvar table = []string{\n\t\"old\",\n}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, step := range list[0].Steps {
		if step.Applied(root) {
			t.Errorf("%s counts as applied", step.File)
		}
		if err := step.Apply(root); err != nil {
			t.Errorf("%s: %v", step.File, err)
		}
		if !step.Applied(root) {
			t.Errorf("%s does not count as applied", step.File)
		}
		if err := step.Apply(root); err == nil {
			t.Errorf("%s is applied twice", step.File)
		}
	}
	for name, want := range map[string]string{
		"a/new.go":   "package a\n\nvar x = 1\n",
		"a/table.go": "package a\n\nvar table = []string{\n\t\"new\",\n\t\"old\",\n}\n",
	} {
		if got, err := os.ReadFile(file(name)); err != nil || string(got) != want {
			t.Errorf("%s is %q, %v", name, got, err)
		}
	}
}

func TestParseMistakes(t *testing.T) {
	for want, block := range map[string]string{
		"line 5: the paragraph before the block names 0 files": "Nothing.\n\n```go\n```\n",
		"line 5: the paragraph before the block names 2 files": "`a/b.go` and `a/c.go`\n\n```go\n```\n",
		"line 5: a diff block needs lines":                     "`a/b.go`\n\n```diff\n+new\n```\n",
		"line 5: the block does not end":                       "`a/b.go`\n\n```go\n",
	} {
		_, err := contract.Parse("## A thing, step by step\n\n" + block)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error is %v, want %s", err, want)
		}
	}
}
