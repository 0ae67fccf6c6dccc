package report

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/report/hosttest"
)

// commandsOf checks that what a host reads in a log are the commands that are meant, and that no other host reads any.
func commandsOf(t *testing.T, name string, text []byte, read, other func(string) []hosttest.Command, allowed ...string) []hosttest.Command {
	t.Helper()
	list := read(string(text))
	kinds := map[string]int{}
	for _, command := range list {
		kinds[command.Name]++
		for _, value := range append([]string{command.Data}, values(command.Properties)...) {
			if found := hosttest.Commands("text " + value); len(found) > 0 || strings.ContainsAny(value, "\r\n\x1b") {
				t.Errorf("%s: %q in a value: %q", name, found, value)
			}
		}
	}
	for kind := range kinds {
		if !strings.Contains(" "+strings.Join(allowed, " ")+" ", " "+kind+" ") {
			t.Errorf("%s: command %s", name, kind)
		}
	}
	if found := other(string(text)); len(found) > 0 {
		t.Errorf("%s: another host reads %+v", name, found)
	}
	lines := 0
	for line := range strings.Lines(string(text)) {
		lines++
		if len(read(line)) == 0 {
			noCommands(t, name, []byte(line))
		}
	}
	if lines == 0 {
		t.Errorf("%s: nothing is written", name)
	}
	return list
}

func values(properties map[string]string) []string {
	var list []string
	for _, value := range properties {
		list = append(list, value)
	}
	return list
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
	commands := hosttest.GitHub(text)
	if len(commands) != 3 {
		t.Fatalf("%+v", commands)
	}
	for i, want := range []string{
		"error map[col:4 endColumn:5 endLine:1 file:a,b:c%0A=d.yaml line:1 title:memory] 50% of a, b: c::d %0A. Do.",
		"warning map[endLine:3 file:a,b:c%0A=d.yaml line:2 title:several-lines] m",
		"notice map[file:a,b:c%0A=d.yaml title:no-line] m",
	} {
		if got := describe(commands[i]); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
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
