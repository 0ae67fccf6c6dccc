package report

import (
	"errors"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
	"github.com/mlpolicy/mlpolicy/internal/lint/waiver"
	"github.com/mlpolicy/mlpolicy/internal/lint/whatif"
)

// Every format has a name of its own and can write something; text, the default, can write everything.
func TestFormats(t *testing.T) {
	list := formats()
	if len(list) == 0 || list[0].name != Text {
		t.Fatalf("%s is not the first of %d formats", Text, len(list))
	}
	seen := map[string]bool{}
	for i, format := range list {
		if seen[format.name] || !regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`).MatchString(format.name) {
			t.Errorf("format %d has the name %q", i, format.name)
		}
		seen[format.name] = true
		able, kinds := functions(format)
		if able == 0 || format.name == Text && able != kinds {
			t.Errorf("%s can write %d kinds of answers of %d", format.name, able, kinds)
		}
	}
	if editions, comparisons := ForEdition().Names(), ForComparison().Names(); !slices.Equal(editions, comparisons) {
		t.Errorf("one flag chooses the format of both, but editions have %v and comparisons %v", editions, comparisons)
	}
}

// functions counts the kinds of answers that a format can write, and those that there are.
func functions(format format) (able, kinds int) {
	fields := reflect.ValueOf(format)
	for i := range fields.NumField() {
		if fields.Field(i).Kind() == reflect.Func {
			kinds++
			if !fields.Field(i).IsNil() {
				able++
			}
		}
	}
	return able, kinds
}

// A format that cannot write an answer is not among those of the answer.
func TestFormatsOfAnAnswer(t *testing.T) {
	for _, format := range formats() {
		if offered := slices.Contains(ForRules().Names(), format.name); offered != (format.rules != nil) {
			t.Errorf("%s is offered for rules: %t", format.name, offered)
		}
	}
	if err := ForRules().Write(io.Discard, "none", Rules{}, Options{}); err == nil || !strings.Contains(err.Error(), `"none"`) {
		t.Errorf("a format that does not exist: %v", err)
	}
}

// No format passes on what would control a terminal, whatever a file or a policy says.
func TestFormatsEscape(t *testing.T) {
	const evil = "\x1b]0;x\x07\u009b2J\u202e"
	node := source.Parse(evil, []byte("a: 1")).Documents[0].Root
	location := facts.Location{Node: node, Why: evil, Related: []facts.Location{{Node: node, Why: evil}}}
	deployment := &facts.Deployment{
		Name: facts.Know(evil, location), Location: location, Format: "format", Labels: map[string]facts.Fact[string]{evil: facts.Know(evil, location)},
		Links: []facts.Link{{What: evil, Why: evil, Location: location, Found: []facts.Location{location}}},
	}
	extraction := &extract.Extraction{
		Facts:     facts.Facts{Deployments: []*facts.Deployment{deployment}},
		Documents: []extract.Document{{Format: "format", Root: node, Completes: evil}, {Format: "format", Root: node, Unknown: evil}},
	}
	result := &lint.Result{Editions: []string{evil, evil}, Policies: []string{evil}, Deployments: 1, Findings: []lint.Finding{{
		Rule: evil, Severity: lint.Error, Message: evil, Remedy: evil, File: node.File(), Span: node.Span(),
	}}}
	placements := &lint.Placements{Editions: []string{evil, evil}, Deployments: []whatif.Placement{{Edition: evil, Deployment: deployment, Options: []whatif.Option{
		{Target: evil, Name: evil, For: []string{evil, evil}, Violations: []whatif.Violation{violation(lint.Error, evil, evil)}},
	}}}}
	edition := policy.Edition{
		ID: evil, Title: evil, Date: evil, Source: evil, Columns: []string{evil}, Only: []string{evil}, Notes: []string{evil},
		RowsFor: map[string]string{evil: evil}, Rows: []policy.Row{{Target: evil, Name: evil, Note: evil, Cells: map[string]any{evil: evil}}},
	}
	rule := Rule{Rule: policy.Rule{
		ID: evil, Title: evil, Description: evil, Remediation: evil, Severity: facts.Error, Related: []policy.Reference{{Description: evil, URL: evil}},
	}, InForce: facts.Note}
	example := policy.Example{Name: "bad." + evil + ".yaml", Content: evil}

	written := 0
	check := func(name string, err error, text string) {
		written++
		if err != nil || text == "" {
			t.Errorf("%s: %d bytes, %v", name, len(text), err)
		}
		for _, r := range text {
			if r != '\n' && r != '\t' && !shows(r) {
				t.Errorf("%s: %U in\n%q", name, r, text)
				return
			}
		}
	}
	checkAll(check, "findings", ForFindings(), Findings{Result: result, Incomplete: []error{errors.New(evil)}})
	checkAll(check, "placements", ForPlacements(), placements)
	checkAll(check, "edition", ForEdition(), edition)
	checkAll(check, "comparison", ForComparison(), Comparison{From: policy.Edition{ID: evil}, To: edition})
	checkAll(check, "rules", ForRules(), Rules{Edition: evil, List: []Rule{rule}, Off: []string{evil}})
	checkAll(check, "explanation", ForExplanation(), Explanation{Rule: rule, Examples: []ExamplePair{{Bad: example, Good: example}}})
	checkAll(check, "facts", ForFacts(), Facts{Extraction: extraction})
	text := waiver.Text{Content: `memory reason="old ` + strings.ReplaceAll(evil, "\"", "") + `"`, File: node.File()}
	text.End = len(node.File().Text)
	waived, mistakes := waiver.Parse(text)
	if waived == nil {
		t.Fatal(mistakes)
	}
	checkAll(check, "waivers", ForWaivers(), Waivers{List: []*lint.Waiver{{Waiver: waived}}})
	comparison := &lint.Comparison{Before: result, After: result, Differences: []lint.Difference{{Before: &result.Findings[0], After: &lint.Finding{Message: evil + evil}}}}
	checkAll(check, "differences", ForDifferences(), Differences{Comparison: comparison, To: []string{evil}, Incomplete: []error{errors.New(evil)}})
	want := 0
	for _, format := range formats() {
		able, _ := functions(format)
		want += able
	}
	if written != want {
		t.Errorf("%d of %d functions of the table were tried", written, want)
	}
}

// checkAll writes an answer in every format that can.
func checkAll[Answer any](check func(name string, err error, text string), kind string, formats Formats[Answer], answer Answer) {
	for _, name := range formats.Names() {
		var text strings.Builder
		err := formats.Write(&text, name, answer, Options{})
		check(kind+" as "+name, err, text.String())
	}
}
