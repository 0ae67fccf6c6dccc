package facts

import (
	"math"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"

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
		if got, ok := ParseSize(test.text); !ok || got != test.want {
			t.Errorf("ParseSize(%q) = %d, %t, want %d", test.text, got, ok, test.want)
		}
	}
	for _, text := range []string{"", "GB", "big", "-1", "-1GB", "1.2.3GB", "1e9", "1 GB or more", "1GBs", "1 PB", "0x10", "1,4GB", "1,4", ",100", "1,000,00", "1000,000", "1,000.5", "1.4", "0.5", "1,000,", "1/2 GB", "9223372036854775808", "∞"} {
		if got, ok := ParseSize(text); ok {
			t.Errorf("ParseSize(%q) = %d, want no size", text, got)
		}
	}
}

func TestPlaceholder(t *testing.T) {
	for _, text := range []string{
		"${X}", "a-${X}-b", "$(X)", "$X", "__X__", "a__X__b", "<x>", "acme/<image>:1", "@@x@@", "#{x}#", "[parameters('x')]", " ${X} ", "${{ x }}",
	} {
		if !placeholder(text) {
			t.Errorf("%q is a placeholder", text)
		}
	}
	for _, text := range []string{"", "48", "a_b", "__init", "a__b", "a < b", "> 5 <", "x[0]", "user@host", "#1", "100$"} {
		if placeholder(text) {
			t.Errorf("%q is no placeholder", text)
		}
	}
}

func TestTemplate(t *testing.T) {
	for text, want := range map[string]bool{
		"{{X}}": true, "{{ .Values.x }}": true, `"{{ x }}"`: true, `"a {{ x }} b"`: true, `"{% if x %}1{% endif %}"`: true,
		"${{ x }}": false, `"${{ x }}"`: false, `"${{ x }} {{ y }}"`: true, "{x: 1}": false, "{}": false, "text": false, "[a]": false, "1": false, "null": false,
	} {
		file := source.Parse("t.yaml", []byte("key: "+text+"\n"))
		if len(file.Documents) != 1 {
			t.Fatalf("%s: %v", text, file.Problems)
		}
		if got := template(file.Documents[0].Root.Get("key")); got != want {
			t.Errorf("template(%s) = %t", text, got)
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

// A value of another shape than its word's is a Problem at its place.
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
			got = append(got, at(problem.Place.Node))
			if problem.Severity != Warning || problem.Rule != SyntaxRule {
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
func readWords(t *testing.T, text string) (*Deployment, []Problem) {
	t.Helper()
	statement, problems := ReadStatement(parse(t, text))
	return &statement.said.Deployment, problems
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

// Numbers that would take for ever or overflow are none.
func TestQuantityBounds(t *testing.T) {
	for _, text := range []string{
		"1e-999999999", "1e999999999", "1E400", "1e99", "1e20", "1e1000", "1e4294967305", "-1", "1ex", "1e", "", "1 Gi", "1.2.3", "0x10",
		strings.Repeat("9", 65), "0." + strings.Repeat("0", 64) + "1",
	} {
		if got, ok := parseQuantity(text); ok {
			t.Errorf("parseQuantity(%q) = %v, want none", text, got)
		}
		if got, ok := ParseSize(text); ok && text != "1 Gi" {
			t.Errorf("ParseSize(%q) = %v, want none", text, got)
		}
	}
	zeros := strings.Repeat("0", 64)
	for text, want := range map[string]float64{
		"1e3": 1e3, "1E-1": 0.1, "2Ei": 2 << 60, "3E": 3e18, "500m": 0.5, "0": 0, "0e999": 0, "+3": 3, "-0": 0,
		"1000m": 1, "1k": 1000, "0.001k": 1, ".5": 0.5, "5.": 5, "10": 10, "100": 100, "1e10": 1e10, "1e-999": 1e-9,
		zeros + "64Gi": 64 << 30, "64e00009": 64e9, "0.064e+00012": 64e9, "64e" + zeros + "9": 64e9, "64." + zeros + "Gi": 64 << 30,
		"1" + "e000000000001": 10, "1e-" + zeros: 1, "0064.500": 64.5,
	} {
		if got, ok := parseQuantity(text); !ok || got.AsApproximateFloat64() != want {
			t.Errorf("parseQuantity(%q) = %v, %t, want %v", text, got.AsApproximateFloat64(), ok, want)
		}
	}
}

func TestNumbersHaveBounds(t *testing.T) {
	d := only(t, extract(t, nil, Options{}, "aci.yaml",
		"computeType: ACI\nnumReplicas: 1e300\ncontainerResourceRequirements: {cpu: 1e308, memoryInGB: .nan, fpga: .inf}\n"))
	if d.CPUCores.Known || d.MemoryGiB.Known || d.FPGAs.Known || d.Replicas.Known {
		t.Errorf("%+v", d)
	}
}

// What Kubernetes reads is read, and to the same value, but for what no machine has and what
// nobody writes.
func FuzzParseQuantity(f *testing.F) {
	for _, text := range []string{
		"64Gi", "0064Gi", "1000m", "0.001k", "1k", "64e00009", "0.064e+00012", "1E", "1Ei", "1e-3", "+.50M", "5.G", "0e999", "-1", "1e", "e5", "Gi", "-", "1.2.3",
		"128974848000m", "9223372036854775807", "9223372036854775808", "100Ei", "1n", "0.0000000001", "1.00000000000000000001", "1e+0", "1e-0",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := parseQuantity(text)
		exponent := text[strings.LastIndexAny(text, "eE")+1:]
		if len(text) > maxNumberText || len(strings.TrimLeft(exponent, "+-0")) > maxExponentText {
			return // apimachinery may take for ever
		}
		if number := strings.TrimLeft(text, "+-."); number == "" || number[0] < '0' || number[0] > '9' {
			return // to apimachinery Gi is 0, and Ei is nothing
		}
		want, err := resource.ParseQuantity(text)
		value := want.AsApproximateFloat64()
		sane := err == nil && (want.IsZero() || value >= 0 && value <= maxQuantity)
		if ok != sane {
			t.Fatalf("%q is read: %t, by Kubernetes as %v (%v)", text, ok, value, err)
		}
		if ok && got.Cmp(want) != 0 {
			t.Fatalf("%q is %s, to Kubernetes %s", text, got.AsDec(), want.AsDec())
		}
	})
}
