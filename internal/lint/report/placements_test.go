package report

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/golden"
	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
	"github.com/mlpolicy/mlpolicy/internal/lint/whatif"
)

func known[T any](value T) facts.Fact[T] { return facts.Know(value, facts.Location{}) }

func violation(severity lint.Severity, rule, message string) whatif.Violation {
	return whatif.Violation{Severity: severity, Rule: rule, Message: message}
}

// placed has an option of each kind.
func placed() *lint.Placements {
	parsed := source.Parse("deploy/日本.yaml", []byte("a: 1\n---\nb: 2\n---\nc: 3\n"))
	at := func(i int) facts.Location { return facts.Location{Node: parsed.Documents[i].Root} }
	memory := facts.Fact[float64]{Value: 4.4321, Known: true, AtLeast: true}
	own := facts.Fact[float64]{Value: 112, Known: true, OfMachine: true}
	return &lint.Placements{
		Editions: []string{"2020-06"}, Files: 3,
		Deployments: []whatif.Placement{
			{
				Edition: "2020-06",
				Deployment: &facts.Deployment{
					Name: known("churn"), Component: known("predictor"), Target: known(facts.ACI), Workload: known(facts.WebService), Stage: known(facts.Production),
					GPUs: known[int64](2), FPGAs: known[int64](0), MemoryGiB: memory, Designer: known(true), Delivery: known("iot-edge"),
					Models:   []*facts.Model{{SizeBytes: known[int64](999_999_999)}, {Name: known("other")}, {SizeBytes: known[int64](1_400_000_000)}, {SizeBytes: known[int64](12)}},
					Location: at(0),
				},
				Options: []whatif.Option{
					{Target: "aks", Name: "Azure Kubernetes Service (AKS)", For: []string{"aks"}, Verdict: whatif.Allowed},
					{
						Target: "functions", Name: "Azure Functions", For: []string{"functions"}, Verdict: whatif.Allowed, Unknown: []string{"stage", "memory_gib"},
						Violations: []whatif.Violation{violation(lint.Note, "preview-target", "churn runs on Azure Functions, which is in preview: make sure that a preview will do")},
					},
					{
						Target: "batch-endpoint", Name: "Batch endpoints", For: []string{"aml-compute"}, Verdict: whatif.Warned, Unknown: []string{"models.size_bytes", "memory_gib"},
						Violations: []whatif.Violation{
							violation(lint.Warning, "workload", "churn 日本語モデル runs the workload web-service on Batch endpoints, which are for batch-scoring: deploy to Azure Kubernetes Service (AKS)"),
							violation(lint.Note, "preview-target", "churn runs on them"),
						},
					},
					{Target: "managed-online", Verdict: whatif.Unlisted, Unknown: []string{"memory_gib"}},
					{Target: "kubernetes", Name: "Kubernetes", For: []string{"aks", "kubernetes"}, Verdict: whatif.Unjudged},
					{
						Target: "aci", Name: "Azure Container Instances", For: []string{"aci"}, Current: true, Verdict: whatif.Refused,
						Violations: []whatif.Violation{violation(lint.Error, "gpu-web-service", "churn requests 2 GPUs on Azure Container Instances | <here>: *ask* for none")},
					},
				},
			},
			{
				Edition:    "2020-06",
				Deployment: &facts.Deployment{Name: known("plain"), MemoryGiB: own, Location: at(1)},
				Options: []whatif.Option{
					{Target: "aks", Name: "Azure Kubernetes Service (AKS)", For: []string{"aks"}, Verdict: whatif.Allowed, Unknown: []string{"workload"}},
					{Target: "aci", Name: "Azure Container Instances", For: []string{"aci"}, Verdict: whatif.Allowed, Unknown: []string{"workload", "gpus"}},
				},
			},
			{Edition: "2020-06", Deployment: &facts.Deployment{Name: known("nothing-known"), GPUs: known[int64](0)}, Options: []whatif.Option{{Target: "aks", Name: "AKS", For: []string{"aks"}, Verdict: whatif.Allowed}}},
			{Edition: "2020-06", Deployment: &facts.Deployment{Name: known("hyper"), Workload: known(facts.Training), Location: at(2)}},
		},
	}
}

func TestPlacements(t *testing.T) {
	golden.Check(t, "testdata/where.txt", written(t, placementsText, placed(), Options{}))
	golden.Check(t, "testdata/where-narrow.txt", written(t, placementsText, placed(), Options{Width: 50}))
}

func TestPlacementsInColor(t *testing.T) {
	colored := written(t, placementsText, placed(), Options{Color: true})
	golden.Check(t, "testdata/where-color.txt", colored)
	plain := colored
	for _, code := range []string{"0", "1", "1;31", "1;32", "1;33", "1;36"} {
		plain = bytes.ReplaceAll(plain, []byte("\x1b["+code+"m"), nil)
	}
	if want := written(t, placementsText, placed(), Options{}); !bytes.Equal(plain, want) {
		t.Errorf("without its colours it reads\n%s\nwant\n%s", plain, want)
	}
}

func TestPlacementsMarkdown(t *testing.T) {
	golden.Check(t, "testdata/where.md", written(t, placementsMarkdown, placed(), Options{}))
}

func TestPlacementsJSON(t *testing.T) {
	golden.Check(t, "testdata/where.json", written(t, placementsJSON, placed(), Options{}))
}

func TestPlacementsWithoutDeployments(t *testing.T) {
	none := &lint.Placements{Editions: []string{"2020-06"}, Files: 3}
	if got := string(written(t, placementsText, none, Options{})); got != "no deployments in 3 files\n" {
		t.Errorf("text %q", got)
	}
	if got := string(written(t, placementsMarkdown, none, Options{})); got != "`no deployments in 3 files`\n" {
		t.Errorf("Markdown %q", got)
	}
	if got := string(written(t, placementsJSON, none, Options{})); !strings.Contains(got, `"deployments": []`) {
		t.Errorf("JSON %s", got)
	}
}

// TestPlacementsEscape has names and messages that would steer a terminal or be markup.
func TestPlacementsEscape(t *testing.T) {
	const evil = "\x1b]0;x\x07\r\n\u009b2J\u202e | <b>*_` @team #12 https://evil.example"
	placements := &lint.Placements{Editions: []string{"e"}, Files: 1, Deployments: []whatif.Placement{{Edition: "e",
		Deployment: &facts.Deployment{Name: known(evil), Component: known(evil), Delivery: known(evil), Location: facts.Location{Node: source.Parse(evil, []byte("a: 1")).Documents[0].Root}},
		Options: []whatif.Option{{
			Target: evil, Name: evil, For: []string{evil}, Verdict: whatif.Refused, Violations: []whatif.Violation{violation(lint.Error, evil, evil)},
		}, {Target: "aks", For: []string{"aks"}, Verdict: whatif.Allowed, Unknown: []string{"gpus"}}, {Target: evil, Verdict: whatif.Allowed}},
	}}}
	for name, write := range map[string]func(io.Writer) error{
		"text":        func(w io.Writer) error { return placementsText(w, placements, Options{}) },
		"narrow text": func(w io.Writer) error { return placementsText(w, placements, Options{Width: 20}) },
		"Markdown":    func(w io.Writer) error { return placementsMarkdown(w, placements, Options{}) },
		"JSON":        func(w io.Writer) error { return placementsJSON(w, placements, Options{}) },
	} {
		var buffer bytes.Buffer
		if err := write(&buffer); err != nil || buffer.Len() == 0 {
			t.Fatal(name, err)
		}
		for _, r := range buffer.String() {
			if r != '\n' && !shows(r) {
				t.Errorf("%s: %U in\n%q", name, r, buffer.String())
			}
		}
		for line := range strings.Lines(buffer.String()) {
			if rest := withoutSpans(line); name == "Markdown" && strings.ContainsAny(rest, "<_@12/") {
				t.Errorf("%q outside of code spans in %s", rest, line)
			}
		}
		var document jsonPlacements
		if name != "JSON" {
			continue
		}
		if err := json.Unmarshal(buffer.Bytes(), &document); err != nil || document.Deployments[0].Name != evil || document.Deployments[0].Targets[0].Findings[0].Message != evil {
			t.Errorf("%v in\n%s", err, buffer.String())
		}
	}
}

func TestWrap(t *testing.T) {
	for _, test := range []struct {
		text  string
		width int
		want  string
	}{
		{"", 10, ""},
		{"one two three", 7, "one two/three"},
		{"one two three", 13, "one two three"},
		{"longer-than-that and", 5, "longer-than-that/and"},
		{"日本語 日本語 x", 8, "日本語/日本語 x"},
		{"日本語 日本語 x", 13, "日本語 日本語/x"},
	} {
		if got := strings.Join(wrap(test.text, test.width), "/"); got != test.want {
			t.Errorf("wrap(%q, %d) is %q, want %q", test.text, test.width, got, test.want)
		}
	}
}

func TestSize(t *testing.T) {
	for bytes, want := range map[int64]string{
		0: "0 bytes", 1: "1 byte", 999: "999 bytes", 1000: "1 KB", 900_000_000: "900 MB", 999_999_999: "999.99 MB",
		1_000_000_000: "1 GB", 1_400_000_000: "1.4 GB", 2_000_000_000_000: "2 TB",
	} {
		if got := size(bytes); got != want {
			t.Errorf("size(%d) is %s, want %s", bytes, got, want)
		}
	}
}
