package report

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/report/hosttest"
)

// commandsOf returns what a host reads in a log. It checks that there are no other commands than those that are meant,
// for it or for another host.
func commandsOf(t *testing.T, name string, text []byte, read, other func(string) []hosttest.Command, meant ...string) []hosttest.Command {
	t.Helper()
	if len(text) == 0 {
		t.Errorf("%s: nothing is written", name)
	}
	for _, found := range hosttest.Foreign(string(text), read, meant...) {
		t.Errorf("%s: %s", name, found)
	}
	if found := other(string(text)); len(found) > 0 {
		t.Errorf("%s: another host reads %+v", name, found)
	}
	return read(string(text))
}

// checkCommands checks what a host reads of a log, one command for each text of want.
func checkCommands(t *testing.T, commands []hosttest.Command, want ...string) {
	t.Helper()
	got := make([]string, len(commands))
	for i, c := range commands {
		got[i] = fmt.Sprint(c.Name, " ", c.Properties, " ", c.Data)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestGitHub(t *testing.T) {
	checkCases(t, ".github.txt", findingsGitHub, func(name string, text []byte) {
		kinds := map[string]int{}
		for _, command := range commandsOf(t, name, text, hosttest.GitHub, hosttest.Azure, "error", "warning", "notice") {
			kinds[command.Name]++
		}
		for kind, n := range kinds {
			if n > maxAnnotations {
				t.Errorf("%s: %d commands %s", name, n, kind)
			}
		}
	})
}

// The runner decodes what was meant.
func TestGitHubValues(t *testing.T) {
	file := file("a,b:c%0A=d.yaml", "a: 1\nb:\n  c: 2\n")
	list := []lint.Finding{
		{Rule: "memory", Severity: lint.Error, Message: "50% of a, b: c::d %0A", Remedy: "Do.", File: file, Span: at(t, file, "", "1")},
		{Rule: "several-lines", Severity: lint.Warning, Message: "m", File: file, Span: at(t, file, "", "b:\n  c: 2\n")},
		{Rule: "no-line", Severity: lint.Note, Message: "m", File: file},
	}
	text := string(written(t, findingsGitHub, findings(&lint.Result{Findings: list}), Options{}))
	checkCommands(t, hosttest.GitHub(text),
		"error map[col:4 endColumn:5 endLine:1 file:a,b:c%0A=d.yaml line:1 title:memory] 50% of a, b: c::d %0A. Do.",
		"warning map[endLine:3 file:a,b:c%0A=d.yaml line:2 title:several-lines] m",
		"notice map[file:a,b:c%0A=d.yaml title:no-line] m",
	)
}

func TestGitHubSummary(t *testing.T) {
	summary := filepath.Join(t.TempDir(), "summary.md")
	if err := os.WriteFile(summary, []byte("before\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	flooded := findings(flood(t, 12))
	text := string(written(t, findingsGitHub, flooded, Options{StepSummary: summary}))
	if want := "and 6 more (2 errors, 2 warnings, 2 notes): see the summary of the job\n"; !strings.Contains(text, want) {
		t.Errorf("%s\nwant %s", text, want)
	}
	got, err := os.ReadFile(summary)
	if err != nil || string(got) != "before\n"+flooded.markdown() {
		t.Errorf("%v, %s", err, got)
	}
	if err := findingsGitHub(&strings.Builder{}, flooded, Options{StepSummary: t.TempDir()}); err == nil {
		t.Error("a summary that cannot be written is no error")
	}
}
