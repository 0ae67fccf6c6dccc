package webhook

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mlpolicy/mlpolicy/internal/lint"
)

// Forty warnings arrive as many as have room and a count; nothing is lost in silence.
func TestWarnings(t *testing.T) {
	for _, test := range []struct {
		number, length int
		last           string
		lines          int
	}{
		{0, 0, "", 0},
		{1, 10, "mlpolicy note: rule: 000xxxxxxxxxx", 1},
		{40, 140, "mlpolicy: and 29 more; mlpolicy lint reports them all", 12},
		{11, 140, "mlpolicy note: rule: 010", 11},
		{40, 1000, "mlpolicy: and 31 more; mlpolicy lint reports them all", 10},
		{2000, 1, "mlpolicy: and 1923 more; mlpolicy lint reports them all", 78},
	} {
		var findings []outcome
		for i := range test.number {
			findings = append(findings, outcome{Finding: lint.Finding{Rule: "rule", Severity: lint.Note, Message: fmt.Sprintf("%03d", i) + strings.Repeat("x", test.length)}})
		}
		lines := warnings(findings)
		total := 0
		for _, line := range lines {
			total += utf8.RuneCountInString(line)
			if utf8.RuneCountInString(line) > maxWarning {
				t.Errorf("%q is too long", line)
			}
		}
		if total > maxWarnings || len(lines) != test.lines || test.lines > 0 && !strings.HasPrefix(lines[len(lines)-1], test.last) {
			t.Errorf("%d of %d characters: %d lines, %d characters, the last is %q", test.number, test.length, len(lines), total, lines[max(len(lines)-1, 0):])
		}
	}
	same := outcome{Finding: lint.Finding{Rule: "rule", Severity: lint.Note, Message: "same"}}
	if lines := warnings([]outcome{same, same}); len(lines) != 1 {
		t.Errorf("said twice: %q", lines)
	}
}

// What is too long loses the middle of its field, then the field, all but the first sentence of
// its remedy, and the middle of its message; rule and remedy stay.
func TestWarningLine(t *testing.T) {
	const field = `spec.template.spec.containers[0].resources.limits["nvidia.com/gpu"]`
	const remedy = "Ask for no GPU, or deploy to a target that offers GPU to the workload."
	long := "churn asks for 1 GPU on Azure Container Instances, which is for CPU-based workloads"
	mayRun := "may run on Azure Container Instances: churn asks for 50 GiB of memory on Azure Container Instances, which takes less than 8 GB"
	for _, test := range []struct {
		name                   string
		message, field, remedy string
		severity               lint.Severity
		exemption              Exemption
		want                   string
	}{
		{"short", "churn asks", "spec", remedy, lint.Warning, "", "mlpolicy: cpu-only: churn asks (spec). " + remedy},
		{"a note", "churn asks", "", "", lint.Note, "", "mlpolicy note: cpu-only: churn asks"},
		{"unchanged", "churn asks", "", "", lint.Error, Unchanged, "mlpolicy error, not new: cpu-only: churn asks"},
		{"made by a controller", "churn asks", "", "", lint.Error, Controlled, "mlpolicy error in what a controller made: cpu-only: churn asks"},
		{"being deleted", "churn asks", "", "", lint.Error, Deleting, "mlpolicy error in an object being deleted: cpu-only: churn asks"},
		{
			"a long field", "churn asks for 1 GPU on Azure Container Instances", field, remedy, lint.Error, WarnMode,
			`mlpolicy would deny this: cpu-only: churn asks for 1 GPU on Azure Container Instances (spec.templ…rces.limits["nvidia.com/gpu"]). ` + remedy,
		},
		{
			"a long field and a long message", long, field, remedy, lint.Error, WarnMode,
			"mlpolicy would deny this: cpu-only: " + long + ". " + remedy,
		},
		{
			"a field and a message that are too long", mayRun, field, remedy, lint.Error, WarnMode,
			"mlpolicy would deny this: cpu-only: may run on Azure Container Instances: churn asks for 50 GiB o…es, which takes less than 8 GB. " + remedy,
		},
		{
			"a remedy of several sentences", long, field, remedy + " Or ask the owners of cluster no. 7. They have GPUs.", lint.Error, WarnMode,
			"mlpolicy would deny this: cpu-only: " + long + ". " + remedy,
		},
		{
			"a remedy of several sentences that has room", "churn asks", field, "Ask for none. Or ask the owners.", lint.Error, WarnMode,
			"mlpolicy would deny this: cpu-only: churn asks (" + field + "). Ask for none. Or ask the owners.",
		},
		{
			"a field in Japanese", "churn asks", strings.Repeat("日", 100) + strings.Repeat("本", 100), remedy, lint.Error, WarnMode,
			"mlpolicy would deny this: cpu-only: churn asks (" + strings.Repeat("日", 19) + "…" + strings.Repeat("本", 59) + "). " + remedy,
		},
		{
			"a remedy that is too long itself", long, field, strings.Repeat("x", 300), lint.Error, WarnMode,
			"mlpolicy would deny this: cpu-only: churn asks for 1 GPU on Az…sed workloads. " + strings.Repeat("x", 200-len("mlpolicy would deny this: cpu-only: churn asks for 1 GPU on Az.sed workloads. .")) + "…",
		},
	} {
		got := warningLine(outcome{lint.Finding{Rule: "cpu-only", Severity: test.severity, Message: test.message, Field: test.field, Remedy: test.remedy}, test.exemption})
		if utf8.RuneCountInString(got) > maxWarning {
			t.Errorf("%s: %d characters", test.name, utf8.RuneCountInString(got))
		}
		if got != test.want {
			t.Errorf("%s:\ngot  %s\nwant %s", test.name, got, test.want)
		}
	}
}

// A denial gives the remedy of a rule once, and names where to read about each rule.
func TestMessage(t *testing.T) {
	of := func(rule, message, remedy string) lint.Finding {
		return lint.Finding{Rule: rule, Severity: lint.Error, Message: message, Field: "spec", Remedy: remedy}
	}
	got := message([]lint.Finding{
		of("memory", "a asks for 64 GiB", "Ask for\n less."), of("memory", "b asks for 64 GiB", "Ask for less."),
		of("cpu-only", "a asks for 1 GPU", "Ask for none"), of("memory", "c asks for 64 GiB", "Ask for less, or move it."),
		of("long", strings.Repeat("x", 3000), ""),
	})
	want := []string{
		"memory: a asks for 64 GiB (spec). Ask for less. See: mlpolicy explain memory",
		"memory: b asks for 64 GiB (spec)",
		"cpu-only: a asks for 1 GPU (spec). Ask for none. See: mlpolicy explain cpu-only",
		"memory: c asks for 64 GiB (spec). Ask for less, or move it.",
	}
	lines := strings.Split(got, "\n")
	if len(lines) != len(want)+1 || !slices.Equal(lines[:len(want)], want) {
		t.Errorf("got\n%s", got)
	}
	if last := lines[len(lines)-1]; utf8.RuneCountInString(last) != maxLine || !strings.HasSuffix(last, "x…. See: mlpolicy explain long") {
		t.Errorf("%d characters, %.40q", utf8.RuneCountInString(last), last)
	}
}

func TestFirstSentence(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "One": "One", "One.": "One.", "One. Two.": "One.", "One. Two. Three": "One.",
		"Use version 1.2. See it.": "Use version 1.2.", "Ask for e.g. less. Or none.": "Ask for e.g. less.", "Frag ä. Öfter.": "Frag ä.",
	} {
		if got := firstSentence(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestShort(t *testing.T) {
	if got := truncate("äöüß", 3); got != "äö…" {
		t.Errorf("short: %q", got)
	}
	if got := truncate("äöüß", 4); got != "äöüß" {
		t.Errorf("short: %q", got)
	}
	if got := truncateBytes(strings.Repeat("ä", 600), maxAnnotation); len(got) > maxAnnotation || !utf8.ValidString(got) || !strings.HasSuffix(got, "ä…") {
		t.Errorf("shortBytes: %d bytes", len(got))
	}
}

func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"plain, ä 日本": "plain, ä 日本", "a\nb\r\t": `a\nb\r\t`, "\x1b[31m": `\x1b[31m`, "\u202e": `\u202e`, "\xff": `\ufffd`, "\x00": `\x00`,
	} {
		if got := printable(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
