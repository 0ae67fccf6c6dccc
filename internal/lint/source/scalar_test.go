package source

import (
	"reflect"
	"testing"

	"sigs.k8s.io/yaml"
)

// TestScalars compares plain scalars as values and as keys with sigs.k8s.io/yaml.
func TestScalars(t *testing.T) {
	tests := []struct {
		text string
		kind Kind
	}{
		{"~", Null}, {"null", Null}, {"NULL", Null}, {"nUll", String},
		{"yes", Bool}, {"No", Bool}, {"ON", Bool}, {"off", Bool}, {"y", Bool}, {"N", Bool}, {"True", Bool}, {"FALSE", Bool},
		{"tRue", String}, {"yess", String}, {"o", String},
		{"0", Number}, {"-0", Number}, {"+1", Number}, {"0777", Number}, {"08", Number}, {"0o14", Number},
		{"0x1F", Number}, {"0b11", Number}, {"-0b11", Number}, {"1_000", Number}, {"0x", String},
		{"1e3", Number}, {"1E+3", Number}, {"1.", Number}, {".5", Number}, {"-.5", Number}, {"1.5e-3", Number}, {"1e", String},
		{"9223372036854775808", Number}, {"18446744073709551616", Number}, {"1e999", String}, {".", String}, {"-", String},
		{"-.", String}, {"+", String}, {"1.2.3", String}, {"4Gi", String}, {"500m", String}, {"12:30", String}, {"1,000", String},
		{"2018-10-01", String}, {"2018-10-01T10:00:00Z", String}, {"0.1Gi", String}, {"=", String}, {"a", String},
		{"infinity", String}, {"+inf", String}, {"e5", String}, {"_1", String}, {"1_", Number}, {"0xG", String},
	}
	if len(tests) == 0 {
		t.Fatal("no cases")
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			text := "a: " + test.text + "\n"
			if test.text == "-" {
				text = "a: '-'\n"
			}
			compareWithSigs(t, text, test.kind)
			switch test.text {
			case "~", "null", "NULL", "-", "9223372036854775808":
				return // sigs.k8s.io/yaml rejects these keys
			}
			compareWithSigs(t, test.text+": x\n", String)
		})
	}
}

func compareWithSigs(t *testing.T, text string, kind Kind) {
	t.Helper()
	var want any
	if err := yaml.Unmarshal([]byte(text), &want); err != nil {
		t.Fatal(err)
	}
	root := Parse("a.yaml", []byte(text)).Documents[0].Root
	if got := root.Members()[0].Value.Kind; got != kind {
		t.Errorf("%q: kind %v, want %v", text, got, kind)
	}
	if got := root.Value(); !reflect.DeepEqual(got, want) {
		t.Errorf("%q: got %#v, want %#v", text, got, want)
	}
}

func TestSpecialFloats(t *testing.T) {
	root := Parse("a.yaml", []byte("a: [.inf, -.INF, .nan, \".Inf\"]\n+.Inf: 1\n'.NaN': 2\n")).Documents[0].Root
	want := map[string]any{"a": []any{".inf", "-.INF", ".nan", ".Inf"}, ".inf": 1.0, ".NaN": 2.0}
	if got := root.Value(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %#v, want %#v", got, want)
	}
}

func TestBoolAndFloat(t *testing.T) {
	root := Parse("a.yaml", []byte("[yes, off, 0x10, '1', ~, {}]\n")).Documents[0].Root
	type answer struct {
		Bool    bool
		IsBool  bool
		Float   float64
		IsFloat bool
	}
	ask := func(n *Node) (a answer) {
		a.Bool, a.IsBool = n.Bool()
		a.Float, a.IsFloat = n.Float()
		return a
	}
	want := []answer{{Bool: true, IsBool: true}, {IsBool: true}, {Float: 16, IsFloat: true}, {}, {}, {}}
	if len(root.Items()) != len(want) {
		t.Fatalf("%d items, want %d", len(root.Items()), len(want))
	}
	for i, item := range root.Items() {
		if got := ask(item); got != want[i] {
			t.Errorf("item %d: got %+v, want %+v", i, got, want[i])
		}
	}
	if got := ask(nil); got != (answer{}) || (*Node)(nil).Value() != nil {
		t.Errorf("a missing node has a value: %+v", got)
	}
}
