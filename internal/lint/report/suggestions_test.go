package report

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	schemas "github.com/mlpolicy/mlpolicy/docs/schemas"
	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/edit"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
	"github.com/mlpolicy/mlpolicy/internal/lint/whatif"
)

// suggesting is a result with a finding whose suggestions have edits: two in one line and one below, in a file with a byte order
// mark and wide characters.
func suggesting(t *testing.T) (Findings, string) {
	t.Helper()
	const data = "\uFEFFname: 模型 🚀\nresources: {requests: {memory: 56Gi}, limits: {memory: 60Gi}} # 🚀\ntoken: x\ntarget: aci\n"
	file := source.Parse("a b.yaml", []byte(data))
	at := func(text, replacement string) lint.SuggestedEdit {
		start := strings.Index(string(file.Text), text)
		return lint.SuggestedEdit{File: file, Edit: edit.Edit{Start: start, End: start + len(text), Text: replacement}}
	}
	other := source.Parse("c.yaml", []byte("edition: 2020-06"))
	first := at("56Gi", "7Gi")
	finding := lint.Finding{
		Rule: "memory", Severity: lint.Error, Message: "too much", Remedy: "Request less.", File: file,
		Span: source.Span{Start: file.Position(first.Start), End: file.Position(first.End)},
		Suggestions: []lint.Suggestion{
			{Change: whatif.ChangeTarget, Value: "aks", Name: "AKS"},
			{Change: lint.ChangeMemory, Value: "7Gi", Edits: []lint.SuggestedEdit{at("60Gi", "7Gi"), first, at("aci", "aks")}},
			{Change: whatif.ChangeEdition, Value: "2023-03", Edits: []lint.SuggestedEdit{{File: other, Edit: edit.Edit{Start: 9, End: 16, Text: "2023-03"}}}},
		},
	}
	return findings(&lint.Result{Findings: []lint.Finding{finding}, Files: 1, Deployments: 1, Editions: []string{"2020-06"}}), data
}

func TestSuggestionsText(t *testing.T) {
	f, _ := suggesting(t)
	if text := written(t, findingsText, f, Options{}); strings.Contains(string(text), "try:") {
		t.Errorf("suggestions that nobody asked for:\n%s", text)
	}
	f.ShowSuggestions = true
	const want = `    = help: Request less.
    = try: Deploy to AKS.
    = try: Request less memory.
      2 - resources: {requests: {memory: 56Gi}, limits: {memory: 60Gi}} # 🚀
      2 + resources: {requests: {memory: 7Gi}, limits: {memory: 7Gi}} # 🚀
      4 - target: aci
      4 + target: aks
    = try: Set edition: 2023-03. (c.yaml)
      1 - edition: 2020-06
      1 + edition: 2023-03

`
	if text := written(t, findingsText, f, Options{}); !strings.Contains(string(text), want) {
		t.Errorf("%s\nwant:\n%s", text, want)
	}
}

func TestSuggestionsJSON(t *testing.T) {
	f, data := suggesting(t)
	document := written(t, findingsJSON, f, Options{})
	validate(t, strictSchema(t, schemas.Lint), "suggestions", document)
	var report jsonReport
	if err := json.Unmarshal(document, &report); err != nil {
		t.Fatal(err)
	}
	suggestions := report.Findings[0].Suggestions
	if len(suggestions) != 3 || len(suggestions[0].Edits) != 0 || len(suggestions[1].Edits) != 3 {
		t.Fatalf("%+v", suggestions)
	}
	var replaced []string
	for _, e := range suggestions[1].Edits {
		replaced = append(replaced, e.File+": "+data[e.Start:e.End]+" by "+e.Text)
	}
	want := []string{"a b.yaml: 60Gi by 7Gi", "a b.yaml: 56Gi by 7Gi", "a b.yaml: aci by aks"}
	if !slices.Equal(replaced, want) {
		t.Errorf("%q, want %q", replaced, want)
	}
}

func TestSuggestionsSARIF(t *testing.T) {
	f, _ := suggesting(t)
	got := sarifOf(t, f).Results[0].Fixes
	want := []sarifFix{
		{sarifText{Text: "Request less memory."}, []sarifChange{{
			sarifArtifactLocation{URI: "a%20b.yaml", BaseID: sarifRoot}, []sarifReplacement{
				{sarifRegion{2, 32, 2, 36}, sarifText{Text: "7Gi"}},
				{sarifRegion{2, 56, 2, 60}, sarifText{Text: "7Gi"}},
				{sarifRegion{4, 9, 4, 12}, sarifText{Text: "aks"}},
			},
		}}},
		{sarifText{Text: "Set edition: 2023-03."}, []sarifChange{{
			sarifArtifactLocation{URI: "c.yaml", BaseID: sarifRoot}, []sarifReplacement{{sarifRegion{1, 10, 1, 17}, sarifText{Text: "2023-03"}}},
		}}},
	}
	if a, b := jsonOf(t, got), jsonOf(t, want); a != b {
		t.Errorf("%s\nwant %s", a, b)
	}
}

func jsonOf(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Each change has a sentence of its own.
func TestSuggestionTitles(t *testing.T) {
	changes := []whatif.Change{whatif.ChangeTarget, whatif.ChangeEdition, lint.ChangeMemory, lint.ChangePriority, lint.ChangeAutoscaling, lint.ChangeNodes}
	titles := map[string]bool{}
	for _, change := range changes {
		title := suggestionTitle(lint.Suggestion{Change: change, Value: "value", Name: "name"})
		if strings.HasPrefix(title, "Change ") || !strings.HasSuffix(title, ".") {
			t.Errorf("%s: %q", change, title)
		}
		titles[title] = true
	}
	if len(titles) != len(changes) {
		t.Errorf("%d titles of %d changes", len(titles), len(changes))
	}
	schema, err := os.ReadFile("../../../docs/schemas/lint.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range changes {
		if !strings.Contains(string(schema), `"`+string(change)+`"`) {
			t.Errorf("the schema does not name the change %s", change)
		}
	}
}
