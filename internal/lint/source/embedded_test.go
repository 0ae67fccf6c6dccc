package source_test

import (
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// TestEmbedded finds the values of a document in a string at their places, in a literal block at their own.
func TestEmbedded(t *testing.T) {
	tests := map[string]struct {
		text string
		at   string // the text at the place of the value a.b
		path []string
	}{
		"block":       {"x:\n  text: |\n    # first\n    a:\n\n      b: here\n", "here", []string{"x", "text"}},
		"kept block":  {"text: |+\n  a:\n    b: here\n\n", "here", []string{"text"}},
		"indicator":   {"text: |2-\n    a:\n      b: here\n", "here", []string{"text"}},
		"line breaks": {"text: |\r\n  a:\r\n    b: here\r\n", "here", []string{"text"}},
		"not ASCII":   {"text: |\n  # é\n  a: {c: 'ü', b: here}\n", "here", []string{"text"}},
		"template":    {"text: |\n  c: {{inputs.parameters.x}}\n  a:\n    b: here\n", "here", []string{"text"}},
		"quoted":      {"text: '{\"a\": {\"b\": \"here\"}}'\n", `"here"`, []string{"text"}},
		"escaped":     {`{"text": "{\"\u0061\": {\"c\": \"\ud83d\ude00\", \"b\": \"here\"}}"}`, `\"here\"`, []string{"text"}},
		"folded":      {"text: >\n  a: {b: here}\n", "", []string{"text"}},
		"JSON":        {`{"text": "a:\n  b: here\n"}`, "here", []string{"text"}},
	}
	if len(tests) == 0 {
		t.Fatal("no tests")
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			file := source.Parse("a.yaml", []byte(test.text))
			roots := file.Documents[0].Root.At(test.path...).Embedded()
			if len(roots) != 1 {
				t.Fatalf("%d documents", len(roots))
			}
			value := roots[0].At("a", "b")
			if !value.Is("here") || value.File() != file {
				t.Fatalf("the value is %v", value)
			}
			span := value.Span()
			if got := test.text[span.Start.Offset:span.End.Offset]; test.at != "" && got != test.at {
				t.Errorf("the value is at %q", got)
			}
		})
	}
}

// TestEmbeddedTemplates leaves out values with templates.
func TestEmbeddedTemplates(t *testing.T) {
	file := source.Parse("a.yaml", []byte("text: |\n  a: {{x.y}}\n  b: 'c {{d}}'\n  c: {d: {{=a ? b : \"c\"}}, e: 1}\n"))
	root := file.Documents[0].Root.Get("text").Embedded()[0]
	if !root.Get("a").IsNull() || !root.Get("b").IsNull() || !root.At("c", "d").IsNull() || !root.At("c", "e").Is("1") {
		t.Errorf("the values are %q, %q and %q", root.Get("a").Text(), root.Get("b").Text(), root.At("c", "d").Text())
	}
}

// TestNotEmbedded reads no documents of other values and of broken text.
func TestNotEmbedded(t *testing.T) {
	root := source.Parse("a.yaml", []byte("list: [a]\nnumber: 1\nnone:\nbroken: '{a: ['\ntwice: |\n  a: 1\n  a: {{x\n")).Documents[0].Root
	for _, key := range []string{"list", "number", "none", "broken", "missing"} {
		if roots := root.Get(key).Embedded(); len(roots) > 0 {
			t.Errorf("%s has %d documents", key, len(roots))
		}
	}
	aliases := "a: &a [x, x, x, x, x, x, x, x]\n"
	for i := range 20 {
		aliases += strings.ReplaceAll("B: &B [*A, *A, *A, *A, *A, *A, *A, *A]\n", "A", string(rune('a'+i)))
		aliases = strings.ReplaceAll(aliases, "B", string(rune('b'+i)))
	}
	source.Parse("a.json", []byte(`{"text": "`+strings.ReplaceAll(aliases, "\n", `\n`)+`"}`)).Documents[0].Root.Get("text").Embedded()
}
