package webhook

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/report"
	"github.com/mlpolicy/mlpolicy/internal/lint/report/hosttest"
	"github.com/mlpolicy/mlpolicy/internal/sweep"
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
		{"made by a controller", "churn asks", "", "", lint.Error, Controlled, "mlpolicy error in an object of a controller: cpu-only: churn asks"},
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

// What a CI host would execute in the log of a job that runs kubectl is escaped in all that a
// response says, in each position, whole or cut anywhere.
func TestResponsesDoNotCommandCIHosts(t *testing.T) {
	p := &Policy{}
	for _, hostile := range hostileTexts() {
		for length := 0; length < 230; length += 3 { // longer than a warning and a command
			text := strings.Repeat("x", length) + hostile + strings.Repeat("y", 60)
			for position := range 4 {
				finding := lint.Finding{Rule: "rule", Message: "message", Field: "field", Remedy: "Remedy."}
				*[]*string{&finding.Rule, &finding.Message, &finding.Field, &finding.Remedy}[position] = text
				for _, severity := range []lint.Severity{lint.Error, lint.Warning, lint.Note} {
					finding.Severity = severity
					for _, exemption := range []Exemption{"", Unchanged} {
						request := &admissionv1.AdmissionRequest{Name: text, Kind: metav1.GroupVersionKind{Group: text, Kind: text}}
						isInert(t, p.decide(request, []outcome{{finding, exemption}}, nil, true).Response)
					}
				}
			}
		}
	}
}

// hostileTexts are what CI hosts and terminals would execute.
func hostileTexts() []string {
	return []string{
		"##vso[task.setvariable variable=PATH]evil", "##[add-matcher]evil.json", "::add-mask::evil", "\r::set-env name=A::evil\u2028::debug::evil",
		"\x1b[2J\u202e##teamcity[x]", "####vso[a.b]",
	}
}

// Names, values, labels and keys of each example are hostile in turn, in the object and in the request.
func TestObjectsDoNotCommandCIHosts(t *testing.T) {
	step := sweep.Step(t, 12)
	policies := map[string]*Policy{}
	tried, seen := 0, 0
	for i, file := range examples(t) {
		folder := filepath.Dir(file)
		if policies[folder] == nil {
			policies[folder] = policyOf(t, configurationOf(t, folder))
		}
		var review map[string]any
		if err := json.Unmarshal(reviewIn(t, file), &review); err != nil {
			t.Fatal(err)
		}
		request, _ := review["request"].(map[string]any)
		for j, set := range texts(request) {
			if (i+j)%step > 0 {
				continue
			}
			hostile := hostileTexts()[(i+j/step)%len(hostileTexts())]
			undo := set(hostile)
			body, err := json.Marshal(review)
			undo()
			if err != nil {
				t.Fatal(err)
			}
			decoded, err := decode(body)
			if err != nil {
				continue
			}
			decision, err := policies[folder].Review(t.Context(), decoded)
			if err != nil {
				if text := report.Inert(err.Error()); len(hosttest.Commands(text)) > 0 {
					t.Error(text)
				}
				continue
			}
			tried++
			isInert(t, decision.Response)
			if text, err := json.Marshal(decision.Response); err == nil && strings.Contains(string(text), `\\u00`) {
				seen++
			}
		}
	}
	if tried < 1000/step || seen < 100/step {
		t.Errorf("%d reviews, %d of them say something hostile", tried, seen)
	}
}

// texts returns, for each string and key below a value, what makes it another and returns what undoes that.
func texts(value any) (each []func(text string) (undo func())) {
	at := func(put func(any), was any) {
		each = append(each, func(text string) func() {
			put(text)
			return func() { put(was) }
		})
	}
	switch value := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			if _, ok := value[key].(string); ok {
				at(func(to any) { value[key] = to }, value[key])
			}
			each = append(each, func(text string) func() {
				was := value[key]
				delete(value, key)
				value[text] = was
				return func() {
					delete(value, text)
					value[key] = was
				}
			})
			each = append(each, texts(value[key])...)
		}
	case []any:
		for i := range value {
			if _, ok := value[i].(string); ok {
				at(func(to any) { value[i] = to }, value[i])
			}
			each = append(each, texts(value[i])...)
		}
	}
	return each
}

// isInert checks that nothing in a response commands a terminal or a CI host.
func isInert(t *testing.T, response *admissionv1.AdmissionResponse) {
	t.Helper()
	texts := slices.Clone(response.Warnings)
	if status := response.Result; status != nil {
		texts = append(texts, strings.Split(status.Message, "\n")...)
		texts = append(texts, status.Details.Name, status.Details.Group, status.Details.Kind)
		for _, cause := range status.Details.Causes {
			texts = append(texts, string(cause.Type), cause.Message, cause.Field)
		}
	}
	for key, value := range response.AuditAnnotations {
		texts = append(texts, key, value)
	}
	for _, text := range texts {
		for _, found := range hosttest.Commands(text) {
			t.Error(found)
		}
		if i := strings.IndexFunc(text, unicode.IsControl); i >= 0 || strings.ContainsRune(text, '\u202e') || !utf8.ValidString(text) {
			t.Errorf("%q has a character that commands a terminal", text)
		}
	}
}
