package extract

import (
	"math"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

func TestParseSize(t *testing.T) {
	tests := []struct {
		text string
		want int64
	}{
		{"0", 0}, {"1000000000", 1e9}, {"1_000_000_000", 1e9}, {"1,000,000,000", 1e9}, {"999999999 bytes", 999999999}, {"12B", 12},
		{"900MB", 900e6}, {"900 MB", 900e6}, {" 900mb ", 900e6}, {"900M", 900e6}, {"1.4GB", 14e8}, {"1.4 gb", 14e8}, {"1.4g", 14e8},
		{"2TB", 2e12}, {"3kB", 3e3}, {"3k", 3e3},
		{"512MiB", 512 << 20}, {"512 Mi", 512 << 20}, {"1.5GiB", 3 << 29}, {"1Gi", 1 << 30}, {"2TiB", 2 << 40}, {"64KiB", 64 << 10},
		{"1400000000 B", 14e8}, {"1_400_000_000", 14e8}, {"1,400 MB", 14e8}, {"1,400MB", 14e8}, {".5GB", 5e8}, {"1.4\u00a0GB", 14e8},
		{"1.4 gigabytes", 14e8}, {"1 Gigabyte", 1e9}, {"900 Megabytes", 900e6}, {"512 mebibytes", 512 << 20}, {"2 gibibytes", 2 << 30},
		{"0.0000000001GB", 1}, {"1.0000000001GB", 1e9 + 1}, {"9223372036854775807", math.MaxInt64},
	}
	for _, test := range tests {
		if got, ok := read.ParseSize(test.text); !ok || got != test.want {
			t.Errorf("ParseSize(%q) = %d, %t, want %d", test.text, got, ok, test.want)
		}
	}
	for _, text := range []string{"", "GB", "big", "-1", "-1GB", "1.2.3GB", "1e9", "1 GB or more", "1GBs", "1 PB", "0x10", "1,4GB", "1,4", ",100", "1,000,00", "1000,000", "1,000.5", "1.4", "0.5", "1,000,", "1/2 GB", "9223372036854775808", "∞"} {
		if got, ok := read.ParseSize(text); ok {
			t.Errorf("ParseSize(%q) = %d, want no size", text, got)
		}
	}
}

func TestBoolean(t *testing.T) {
	for text, want := range map[string]string{
		"true": "true", "True": "true", "TRUE": "true", `"True"`: "true", "yes": "true", "Yes": "true", "on": "true", "y": "true", `" true "`: "true",
		"false": "false", `"FALSE"`: "false", "no": "false", "off": "false", "N": "false",
		"null": "", "$FLAG": "", "maybe": "problem", "1": "problem", "[true]": "problem", "{a: true}": "problem", `"{{ x }}"`: "problem",
	} {
		d, problems := readWords(t, "designer: "+text)
		got := ""
		switch {
		case len(problems) > 0:
			got = "problem"
		case d.Designer.Known && d.Designer.Value:
			got = "true"
		case d.Designer.Known:
			got = "false"
		}
		if got != want {
			t.Errorf("%s is read as %q, want %q", text, got, want)
		}
	}
}

// A memory's unit must be written: bytes to some are GB to others.
func TestMemoryInWords(t *testing.T) {
	for text, want := range map[string]float64{
		"48GiB": 48, "48Gi": 48, "512 MiB": 0.5, "48GB": 48e9 / (1 << 30), `"1TiB"`: 1024,
	} {
		d, problems := readWords(t, "memory: "+text)
		if len(problems) > 0 || d.MemoryGiB.Value != want {
			t.Errorf("%s is %v GiB (%v), want %v", text, d.MemoryGiB.Value, problems, want)
		}
	}
	for _, text := range []string{"48", `"48"`, "1e9", "48 Gigs", "[48GiB]", "-1GiB"} {
		if d, problems := readWords(t, "memory: "+text); d.MemoryGiB.Known || len(problems) != 1 {
			t.Errorf("%s is %v GiB (%v), want one problem", text, d.MemoryGiB.Value, problems)
		}
	}
}

func TestCount(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "3": 3, `"3"`: 3, "3.0": 3, "1e2": 100, "1_000": 1000} {
		if d, problems := readWords(t, "replicas: "+text); len(problems) > 0 || !d.Replicas.Known || d.Replicas.Value != want {
			t.Errorf("%s is %d (%v), want %d", text, d.Replicas.Value, problems, want)
		}
	}
	for _, text := range []string{"-1", "2.5", "many", "[1]", "{a: 1}", "true", ".inf", ".nan", "1e300", `"{{ n }}"`} {
		if d, problems := readWords(t, "replicas: "+text); d.Replicas.Known || len(problems) != 1 {
			t.Errorf("%s is %d (%v), want one problem", text, d.Replicas.Value, problems)
		}
	}
	for _, text := range []string{"", "null", "~", "$N", "<n>", "${N}", "${{ n }}"} {
		if d, problems := readWords(t, "replicas: "+text); d.Replicas.Known || len(problems) != 0 {
			t.Errorf("%s is %d (%v), want nothing", text, d.Replicas.Value, problems)
		}
	}
}

// A value of another shape than its word's is a Problem at its location.
func TestShapesOfWords(t *testing.T) {
	for text, want := range map[string]string{
		"model: 2GB": "1:8", "model: [null, 3]": "1:9 1:15", "model: [[a]]": "1:9", "model: {name: [a]}": "1:15", "compute: big": "1:10", "compute: [a]": "1:10",
		"labels: [a]": "1:9", "labels: {a: [b]}": "1:13", "images: x": "1:9", "images: {a: b}": "1:9", "images: [[x]]": "1:10",
		"component: [a]": "1:12", "delivery: {a: b}": "1:11", "target: [aci]": "1:9", "designer: [true]": "1:11", "compute: {name: {a: b}}": "1:17",
		"model: {{ x }}": "1:8", "compute: '{{ x }}'": "1:10",
		"model: ": "", "model: $MODEL": "", "compute: ~": "", "labels: ": "", "images: []": "", "labels: {a: $B}": "", "model: [{name: a}]": "", "compute: {}": "",
	} {
		var got []string
		_, problems := readWords(t, text)
		for _, problem := range problems {
			got = append(got, at(problem.Location.Node))
			if problem.Severity != facts.Warning || problem.Rule != facts.SyntaxRule {
				t.Errorf("%s: %+v", text, problem)
			}
		}
		if got := strings.Join(got, " "); got != want {
			t.Errorf("%s: problems at %q, want %q", text, got, want)
		}
	}
	for spec, want := range map[string]int{"[a]": 1, "text": 1, "": 1, "{}": 0, "$SPEC": 0} {
		extraction := extract(t, nil, Options{}, "d.yaml", "apiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\nspec: "+spec+"\n")
		if len(extraction.Problems) != want {
			t.Errorf("spec: %s: %s", spec, describe(extraction))
		}
	}
}

// readWords reads a mapping in the words of a ModelDeployment's spec.
func readWords(t *testing.T, text string) (*facts.Deployment, []facts.Problem) {
	t.Helper()
	statement, problems := read.ReadStatement(parse(t, text))
	return &statement.Facts.Deployment, problems
}

// parse returns the root of a document.
func parse(t *testing.T, text string) *source.Node {
	t.Helper()
	file := source.Parse("words.yaml", []byte(text))
	if len(file.Documents) != 1 || len(file.Problems) > 0 {
		t.Fatalf("%s: %d documents, %v", text, len(file.Documents), file.Problems)
	}
	return file.Documents[0].Root
}

func TestNumbersHaveBounds(t *testing.T) {
	d := only(t, extract(t, nil, Options{}, "aci.yaml",
		"computeType: ACI\nnumReplicas: 1e300\ncontainerResourceRequirements: {cpu: 1e308, memoryInGB: .nan, fpga: .inf}\n"))
	if d.CPUCores.Known || d.MemoryGiB.Known || d.FPGAs.Known || d.Replicas.Known {
		t.Errorf("%+v", d)
	}
}
