//go:build contract

package contract_test

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mlpolicy/mlpolicy/internal/contract"
)

// TestContract performs all walk-throughs and runs the tests. If this fails, it performs each
// walk-through in a separate copy, to find the one that fails.
func TestContract(t *testing.T) {
	list := walkthroughs(t)
	if report := performed(t, list); report != "" {
		t.Errorf("all walk-throughs together:\n%s", report)
		for _, w := range list {
			t.Run(w.Title, func(t *testing.T) {
				if report := performed(t, []contract.Walkthrough{w}); report != "" {
					t.Errorf("%s", report)
				}
			})
		}
	}
}

// performed performs walk-throughs in a copy of the tree, runs each of their commands once and then
// the tests. It returns a report of the failures, empty if there are none.
func performed(t *testing.T, list []contract.Walkthrough) string {
	t.Helper()
	dir := copyTree(t)
	var commands []string
	for _, w := range list {
		for _, step := range w.Steps {
			if err := step.Apply(dir); err != nil {
				return "CONTRIBUTING.md: " + err.Error()
			}
		}
		for _, command := range w.Commands {
			if !slices.Contains(commands, command) {
				commands = append(commands, command)
			}
		}
	}
	for _, command := range append(commands, `test -z "$(gofmt -l cmd deploy internal policies)"`, "go test -short ./...") {
		start := time.Now()
		run := exec.CommandContext(t.Context(), "bash", "-c", command)
		run.Dir = dir
		// Tests of the corpus are for the unchanged tree, and the variables of make belong to the make
		// that runs this test.
		run.Env = slices.DeleteFunc(os.Environ(), func(variable string) bool {
			return strings.HasPrefix(variable, "MLPOLICY_CORPUS=") || strings.HasPrefix(variable, "MAKE")
		})
		output, err := run.CombinedOutput()
		if err != nil {
			return command + ": " + err.Error() + "\n" + passing.ReplaceAllString(string(output), "")
		}
		t.Logf("%s: %.0f s", command, time.Since(start).Seconds())
	}
	return ""
}

// passing matches what go test prints about packages that pass or have no tests.
var passing = regexp.MustCompile(`(?m)^(ok  |\?   )\t.*\n`)

// copyTree copies the files that git tracks or would add.
func copyTree(t *testing.T) (dir string) {
	t.Helper()
	list := exec.CommandContext(t.Context(), "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	list.Dir = root
	names, err := list.Output()
	if err != nil {
		t.Fatalf("git ls-files: %v", err)
	}
	dir = t.TempDir()
	copied := 0
	for name := range bytes.SplitSeq(bytes.TrimSuffix(names, []byte{0}), []byte{0}) {
		if err := copyFile(dir, string(name)); os.IsNotExist(err) {
			continue // deleted, but still in the index
		} else if err != nil {
			t.Fatal(err)
		}
		copied++
	}
	if copied == 0 {
		t.Fatal("git lists no files")
	}
	return dir
}
