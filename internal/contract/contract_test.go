package contract_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/contract"
)

const root = "../.."

func walkthroughs(t *testing.T) []contract.Walkthrough {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(root, "CONTRIBUTING.md"))
	if err != nil {
		t.Fatal(err)
	}
	list, err := contract.Parse(string(page))
	if err != nil {
		t.Fatalf("CONTRIBUTING.md: %v", err)
	}
	if len(list) == 0 {
		t.Fatal("CONTRIBUTING.md has no walk-throughs")
	}
	for _, w := range list {
		if len(w.Steps) == 0 || len(w.Commands) == 0 {
			t.Errorf("%s: %d steps and %d commands", w.Title, len(w.Steps), len(w.Commands))
		}
	}
	return list
}

// TestWalkthroughsFitTheTree checks that each step can be applied, or is already applied, as in the
// copy that TestContract makes.
func TestWalkthroughsFitTheTree(t *testing.T) {
	for _, w := range walkthroughs(t) {
		for _, step := range w.Steps {
			if step.Applied(root) {
				continue
			}
			dir := t.TempDir()
			if err := copyFile(dir, step.File); err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
			if err := step.Apply(dir); err != nil {
				t.Errorf("CONTRIBUTING.md: %v", err)
			}
		}
	}
}

// copyFile copies a file or a symbolic link of the tree.
func copyFile(dir, name string) error {
	from, to := filepath.Join(root, name), filepath.Join(dir, name)
	info, err := os.Lstat(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		target, err := os.Readlink(from)
		if err != nil {
			return err
		}
		return os.Symlink(target, to)
	}
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, info.Mode().Perm())
}
