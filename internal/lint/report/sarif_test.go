package report

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
)

func schemaFile(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile("testdata/schemas/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestSARIF(t *testing.T) {
	schema := strictSchema(t, schemaFile(t, "sarif.json"))
	checkCases(t, ".sarif", findingsSARIF, func(name string, text []byte) {
		validate(t, schema, name, text)
		noCommands(t, name, text)
		for line := range strings.Lines(string(text)) {
			if strings.Contains(line, `"text": `) && strings.Contains(line, "](") {
				t.Errorf("%s has a link: %s", name, line)
			}
		}
	})
}

func sarifOf(t *testing.T, findings Findings) sarifRun {
	t.Helper()
	text := written(t, findingsSARIF, findings, Options{})
	validate(t, strictSchema(t, schemaFile(t, "sarif.json")), "sarif", text)
	var log sarifLog
	if err := json.Unmarshal(text, &log); err != nil {
		t.Fatal(err)
	}
	return log.Runs[0]
}

func TestSARIFURIs(t *testing.T) {
	for path, want := range map[string][2]string{
		"deploy/aci.yaml":     {"deploy/aci.yaml", sarifRoot},
		"部署/a b.yaml":         {"%E9%83%A8%E7%BD%B2/a%20b.yaml", sarifRoot},
		"a:b/c#d?e%.yaml":     {"a%3Ab/c%23d%3Fe%25.yaml", sarifRoot},
		`C:\deploy\a.yaml`:    {"C%3A%5Cdeploy%5Ca.yaml", sarifRoot}, // a name on Linux; on Windows names have slashes
		"C:/deploy/a.yaml":    {"file:///C:/deploy/a.yaml", ""},
		"//server/share/a:b":  {"file://server/share/a%3Ab", ""},
		"/srv/a b.yaml":       {"file:///srv/a%20b.yaml", ""},
		"../a.yaml":           {"../a.yaml", sarifRoot},
		"<stdin>":             {"%3Cstdin%3E", sarifRoot},
		"":                    {".", sarifRoot},
		"a\n##vso[x.y]\xff-b": {"a%0A%23%23vso%5Bx.y%5D%FF-b", sarifRoot},
	} {
		uri, base := fileURI(path)
		if got := [2]string{uri, base}; got != want {
			t.Errorf("%q: %q, want %q", path, got, want)
		}
	}
}

// Of more results than a host shows the worst are written, and a notification counts the others.
func TestSARIFKeepsTheWorst(t *testing.T) {
	run := sarifOf(t, findings(flood(t, 2000)))
	if len(run.Results) != maxSARIFResults || run.Results[0].Level != lint.Error || run.Results[maxSARIFResults-1].Level != lint.Note {
		t.Errorf("%d results, the first %s, the last %s", len(run.Results), run.Results[0].Level, run.Results[len(run.Results)-1].Level)
	}
	want := []sarifNotification{{lint.Warning, sarifText{Text: "6000 findings; the 5000 worst are results, and these are left out: 1000 notes"}}}
	if got := run.Invocations[0].Notifications; !slices.Equal(got, want) {
		t.Errorf("notifications %+v, want %+v", got, want)
	}
	if !run.Invocations[0].Successful {
		t.Error("results that are left out make the execution fail")
	}
	prints := map[string]bool{}
	for _, result := range run.Results {
		prints[result.Fingerprints[sarifFingerprint]] = true
	}
	if len(prints) != maxSARIFResults {
		t.Errorf("%d fingerprints", len(prints))
	}
}

func TestSARIFRules(t *testing.T) {
	explained := findings(&lint.Result{Findings: []lint.Finding{{Rule: "ours", Severity: lint.Note, Message: "m"}, {Rule: "memory", Severity: lint.Error, Message: "m"}}})
	explained.Category, explained.Version = "staging", "v1.2.3"
	rule := func(id string, severity lint.Severity) Explanation {
		return Explanation{Rule: Rule{Rule: policy.Rule{ID: id, Title: "Title", Description: "Why.\n", Remediation: "Do this.", Severity: lint.Error}, InForce: severity},
			Examples: []ExamplePair{{Bad: policy.Example{Name: "bad.aci.yaml", Content: "a: 1\n"}}, {Bad: policy.Example{Name: "bad.other.yaml", Content: "b: 1\n"}}}}
	}
	explained.Rules = []Explanation{rule("disabled", lint.Off), rule("memory", lint.Warning)}
	run := sarifOf(t, explained)
	driver := run.Tool.Driver
	if len(driver.Rules) != 2 || driver.Rules[0].ID != "memory" || driver.Rules[0].Configuration.Level != lint.Warning || driver.Rules[1].ID != "ours" {
		t.Fatalf("rules %+v", driver.Rules)
	}
	if help := driver.Rules[0].Help; help.Text != "Do this." || !strings.Contains(help.Markdown, "a: 1") || strings.Contains(help.Markdown, "b: 1") {
		t.Errorf("help %+v", help)
	}
	for _, result := range run.Results {
		if driver.Rules[result.RuleIndex].ID != result.RuleID {
			t.Errorf("the rule of %+v is %s", result, driver.Rules[result.RuleIndex].ID)
		}
	}
	if got := fmt.Sprint(run.AutomationDetails.ID, " ", driver.Version, " ", driver.SemanticVersion); got != "mlpolicy/staging/ v1.2.3 1.2.3" {
		t.Error(got)
	}
}
