package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mlpolicy/mlpolicy/docs/schemas"
	"github.com/mlpolicy/mlpolicy/internal/lint"
)

// hostileDifferences has a new, a fixed and a changed finding for each finding of strange.
func hostileDifferences(t *testing.T, times int) Differences {
	t.Helper()
	result := strange(t)
	result.Errors = []error{errors.New(hostile)}
	comparison := &lint.Comparison{Before: result, After: result}
	for i := range result.Findings {
		f, changed := &result.Findings[i], result.Findings[i]
		changed.Severity, changed.Message = lint.Warning, changed.Message+" now"
		for range times {
			comparison.Differences = append(comparison.Differences, lint.Difference{After: f}, lint.Difference{Before: f}, lint.Difference{Before: f, After: &changed})
		}
	}
	return NewDifferences(comparison, []string{"config=" + hostile})
}

// The published schema has every field that is written, and requires it.
func TestDifferencesJSONSchema(t *testing.T) {
	schema := strictSchema(t, schemas.Compare)
	text := written(t, differencesJSON, hostileDifferences(t, 1), Options{})
	validate(t, schema, "differences", text)
	document := map[string]any{}
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	if removed := requiresAll(t, schema, document); removed < 300 {
		t.Fatalf("%d fields", removed)
	}
}

// Texts of files command no host and leave no code span.
func TestDifferencesAreInert(t *testing.T) {
	formats := ForDifferences()
	if len(formats) < 3 {
		t.Fatalf("formats: %v", formats.Names())
	}
	for _, name := range formats.Names() {
		var buffer bytes.Buffer
		safe := NewHostWriter(&buffer)
		if err := formats.Write(safe, name, hostileDifferences(t, 1), Options{}); err != nil {
			t.Fatal(err)
		}
		if err := safe.Flush(); err != nil {
			t.Fatal(err)
		}
		noCommands(t, name, buffer.Bytes())
	}
	lines := strings.Split(string(written(t, differencesMarkdown, hostileDifferences(t, 1), Options{})), "\n")
	rows := 0
	for _, line := range lines {
		rest := withoutSpans(line)
		if strings.ContainsAny(rest, "@#[`") && !strings.HasPrefix(line, "### ") || strings.Contains(rest, "http") {
			t.Errorf("%q outside of code spans in %s", rest, line)
		}
		if strings.HasPrefix(line, "| new | ") {
			rows++
			if columns := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|") - 1; columns != 6 {
				t.Errorf("%d columns: %s", columns, line)
			}
		}
	}
	if rows < 5 {
		t.Errorf("%d new findings", rows)
	}
}

// A comment has the characters that hosts take, and counts the rest.
func TestDifferencesFitAComment(t *testing.T) {
	text := string(written(t, differencesMarkdown, hostileDifferences(t, 50), Options{}))
	if n := utf8.RuneCountInString(text); n > maxMarkdown || n < maxMarkdown/2 {
		t.Errorf("%d characters", n)
	}
	if rows := strings.Count(text, "| new |") + strings.Count(text, "| fixed |") + strings.Count(text, "| changed |"); rows == 0 || !strings.HasSuffix(text, " more, which do not fit here\n") {
		t.Errorf("%d rows, ends with %q", rows, text[len(text)-100:])
	}
}
