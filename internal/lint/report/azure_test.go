package report

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/report/hosttest"
)

func TestAzure(t *testing.T) {
	checkCases(t, ".azure.txt", findingsAzure, func(name string, text []byte) {
		kinds := map[string]int{}
		for _, command := range commandsOf(t, name, text, hosttest.Azure, hosttest.GitHub, "task.logissue") {
			kinds[command.Properties["type"]]++
		}
		for kind, n := range kinds {
			if n > maxAnnotations || kind != "error" && kind != "warning" {
				t.Errorf("%s: %d issues of type %q", name, n, kind)
			}
		}
	})
}

// The agent decodes what was meant.
func TestAzureValues(t *testing.T) {
	file := file("a;b]c%3B=d.yaml", "a: 1\n")
	list := []lint.Finding{
		{Rule: "memory", Severity: lint.Error, Message: "50% of [a]; b %AZP25 %5D", Remedy: "Do.", File: file, Span: at(t, file, "", "1")},
		{Rule: "no-line", Severity: lint.Warning, Message: "m", File: file},
		{Rule: "no-file", Severity: lint.Warning, Message: "m"},
		{Rule: "preview-target", Severity: lint.Note, Message: "n", File: file, Span: at(t, file, "", "1")},
	}
	text := string(written(t, findingsAzure, findings(&lint.Result{Findings: list}), Options{}))
	checkCommands(t, hosttest.Azure(text),
		"task.logissue map[code:memory columnnumber:4 linenumber:1 sourcepath:a;b]c%3B=d.yaml type:error] 50% of [a]; b %AZP25 %5D. Do.",
		"task.logissue map[code:no-line sourcepath:a;b]c%3B=d.yaml type:warning] m",
		"task.logissue map[code:no-file type:warning] m",
	)
	if note := "\na;b]c%3B=d.yaml:1:4: note: n [preview-target]\n"; !strings.Contains(text, note) {
		t.Errorf("%s\nwant %s", text, note)
	}
}

func TestAzureSummary(t *testing.T) {
	temp := t.TempDir()
	flooded := findings(flood(t, 12))
	text := string(written(t, findingsAzure, flooded, Options{AgentTemp: temp}))
	commands := hosttest.Azure(text)
	last := commands[len(commands)-1]
	if last.Name != "task.uploadsummary" || !filepath.IsAbs(last.Data) || filepath.Dir(last.Data) != temp || filepath.Ext(last.Data) != ".md" {
		t.Fatalf("%+v", last)
	}
	if got, err := os.ReadFile(last.Data); err != nil || string(got) != flooded.markdown() {
		t.Errorf("%v, %s", err, got)
	}
	if err := findingsAzure(&strings.Builder{}, flooded, Options{AgentTemp: filepath.Join(temp, "gone")}); err == nil {
		t.Error("a summary that cannot be written is no error")
	}
}
