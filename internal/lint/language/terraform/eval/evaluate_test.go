package eval

import (
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// module has one variable and one local.
type module struct{}

func (module) Variable(name string) *Value {
	if name == "size" {
		return OfScalar(cty.StringVal("small"), RangeOf("main.tf", 0, 5)).Described("the default of var.size")
	}
	return OrUnknown(nil)
}

func (module) Local(string) *Value { return OrUnknown(nil) }

func TestEval(t *testing.T) {
	for text, want := range map[string]struct {
		text string // of a known value
		why  string
	}{
		`var.size`:                           {"small", "the default of var.size"},
		`"${var.size}-1"`:                    {"small-1", ""},
		`{a = var.other, b = 2 + 3}.b`:       {"5", ""},
		`[for x in ["a", "b"]: upper(x)][1]`: {"B", ""},
		`var.other`:                          {},
		`"${var.other}-1"`:                   {},
		`local.name`:                         {},
		`data.a.b.c`:                         {},
		`file("main.tf")`:                    {},
	} {
		parsed, problems := hclsyntax.ParseExpression([]byte(text), "main.tf", hcl.InitialPos)
		if problems.HasErrors() {
			t.Fatal(problems)
		}
		e := &Evaluator{Steps: MaxSteps, Text: func(at hcl.Range) string { return text[at.Start.Byte:at.End.Byte] }}
		v := e.Eval(parsed, &Scope{Module: module{}})
		if got, known := v.Text(); got != want.text || known != (want.text != "") || v.Why != want.why {
			t.Errorf("%s is %q (%q), known: %v", text, got, v.Why, known)
		}
	}
}

func TestStepsAreLimited(t *testing.T) {
	const text = `[for x in [1, 2, 3]: [for y in [1, 2, 3]: x + y]]`
	parsed, problems := hclsyntax.ParseExpression([]byte(text), "main.tf", hcl.InitialPos)
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	e := &Evaluator{Steps: 10, Text: func(at hcl.Range) string { return text[at.Start.Byte:at.End.Byte] }}
	if v := e.Eval(parsed, &Scope{}); v.IsKnown() && !v.Measure().unknown {
		t.Errorf("%+v is known after 10 steps", v)
	}
}
