package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/golden"
)

// output runs mlpolicy in the project's folder and returns what it prints.
func output(t *testing.T, args ...string) string {
	t.Helper()
	t.Chdir("../..")
	var stdout, stderr bytes.Buffer
	code := runLoaded(t.Context(), append([]string{"mlpolicy"}, args...), strings.NewReader(""), &stdout, &stderr)
	if code > exitFindings || stderr.Len() > 0 {
		t.Fatalf("mlpolicy %v: exit code %d, %s", args, code, &stderr)
	}
	t.Chdir("cmd/mlpolicy")
	return stdout.String()
}

// TestRulePages holds docs/rules against what explain prints, and allows no other page there.
func TestRulePages(t *testing.T) {
	pages := map[string]bool{}
	for line := range strings.Lines(output(t, "rules")) {
		id := strings.Fields(line)[0]
		if id == "RULE" {
			continue
		}
		page := filepath.Join("../../docs/rules", id+".md")
		pages[page] = true
		golden.Check(t, page, output(t, "explain", "--format", "markdown", id))
	}
	found, err := filepath.Glob("../../docs/rules/*")
	if err != nil || len(pages) < 16 || len(found) != len(pages) {
		t.Errorf("%d pages in docs/rules for %d rules (%v)", len(found), len(pages), err)
	}
}

// TestReadme compares each generated block of the README and of the pages that took over its
// details with what the command prints: <!-- mlpolicy ARGS --> before it, <!-- end --> behind it.
func TestReadme(t *testing.T) {
	blocks := regexp.MustCompile(`(?s)(<!-- mlpolicy (.*?) -->\n).*?(<!-- end -->)`)
	for _, file := range []string{"../../README.md", "../../docs/targets.md"} {
		page, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		count := 0
		got := blocks.ReplaceAllStringFunc(string(page), func(block string) string {
			count++
			match := blocks.FindStringSubmatch(block)
			text := output(t, strings.Fields(match[2])...)
			if !strings.HasPrefix(text, "|") {
				text = "```\n" + text + "```\n"
			}
			return match[1] + text + match[3]
		})
		if count == 0 {
			t.Fatalf("%s has no generated block", file)
		}
		golden.Check(t, file, got)
	}
}

// TestReadmeNamesEveryCommand keeps the README from falling behind the command.
func TestReadmeNamesEveryCommand(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range (&program{}).app().Commands {
		if !command.Hidden && !strings.Contains(string(readme), fmt.Sprintf("mlpolicy %s", command.Name)) {
			t.Errorf("the README does not name mlpolicy %s", command.Name)
		}
	}
}
