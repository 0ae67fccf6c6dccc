// Package eval evaluates expressions of Terraform and OpenTofu, part by part: each part of a value is known or not and has its place.
// Nothing is executed, and the work and the size of values are limited.
package eval

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Limits for the evaluation of a root module and of those that it calls.
const (
	// MaxSteps is the number of expressions and values that are evaluated, besides one for each byte of the text.
	MaxSteps = 100_000
	// maxString is in bytes.
	maxString = 1 << 18
	// maxExpressions is the number of expressions, locals and variables around an expression.
	maxExpressions = 2000
	// bytesPerStep is how many bytes of strings count as one step.
	bytesPerStep = 64
)

// Evaluator evaluates expressions. What it cannot know is unknown, part by part; nothing is executed.
type Evaluator struct {
	Steps int // that are left
	// Reserve is the number of steps for what stands in the text besides expressions that take too many: one for each byte.
	Reserve int
	depth   int // expressions around the current one
	Text    func(hcl.Range) string
	Files   func(name string) *source.File
}

// Spend counts steps. It reports whether some are left.
func (e *Evaluator) Spend(steps int) bool {
	e.Steps -= steps
	return e.Steps > 0
}

// leastSteps is the number of steps for what stands in a part of the text, besides one for each byte.
const leastSteps = 16

// Allow provides steps for a part of the text if none are left because of others, so that these do not hide what is written plainly.
func (e *Evaluator) Allow(at hcl.Range) {
	if need := at.End.Byte - at.Start.Byte + leastSteps; e.Steps < need && e.Reserve > 0 {
		e.Reserve -= need - max(e.Steps, 0)
		e.Steps = need
	}
}

// Namer has the values of the names of a module.
type Namer interface {
	Variable(name string) *Value
	Local(name string) *Value
}

// Scope has the names that an expression may use.
type Scope struct {
	Module Namer             // nil where there are none
	names  map[string]*Value // of for expressions
	outer  *Scope            // nil for that of a module
	each   *Value            // of the innermost splat expression
}

// lookup returns the value of a name of a for expression, nil for any other name.
func (s *Scope) lookup(name string) *Value {
	for ; s != nil; s = s.outer {
		if v := s.names[name]; v != nil {
			return v
		}
	}
	return nil
}

// Eval returns the value of an expression.
func (e *Evaluator) Eval(x hclsyntax.Expression, s *Scope) *Value {
	at := x.Range()
	if e.depth >= maxExpressions || !e.Spend(1) {
		return unknownAt(at)
	}
	e.depth++
	defer func() { e.depth-- }()
	switch x := x.(type) {
	case *hclsyntax.LiteralValueExpr:
		return e.literal(x)
	case *hclsyntax.TemplateExpr:
		return e.template(x, s)
	case *hclsyntax.TemplateWrapExpr:
		return e.Eval(x.Wrapped, s)
	case *hclsyntax.ParenthesesExpr:
		return e.Eval(x.Expression, s)
	case *hclsyntax.ScopeTraversalExpr:
		return e.reference(x, s)
	case *hclsyntax.RelativeTraversalExpr:
		return e.traverse(e.Eval(x.Source, s), x.Traversal, at)
	case *hclsyntax.IndexExpr:
		return e.index(e.Eval(x.Collection, s), e.Eval(x.Key, s), at)
	case *hclsyntax.TupleConsExpr:
		return e.tuple(x, s)
	case *hclsyntax.ObjectConsExpr:
		return e.object(x, s)
	case *hclsyntax.ObjectConsKeyExpr:
		return e.key(x, s)
	case *hclsyntax.ConditionalExpr:
		return e.conditional(x, s)
	case *hclsyntax.FunctionCallExpr:
		return e.call(x, s)
	case *hclsyntax.BinaryOpExpr:
		return e.binary(x, s)
	case *hclsyntax.UnaryOpExpr:
		operand := e.Eval(x.Val, s)
		return e.operate(x.Op, at, operand)
	case *hclsyntax.ForExpr:
		return e.forEach(x, s)
	case *hclsyntax.SplatExpr:
		return e.splat(x, s)
	case *hclsyntax.AnonSymbolExpr:
		for ; s != nil; s = s.outer {
			if s.each != nil {
				return s.each
			}
		}
	}
	return unknownAt(at)
}

func (e *Evaluator) literal(x *hclsyntax.LiteralValueExpr) *Value {
	v := OfScalar(x.Val, x.SrcRange)
	if v.Kind == Scalar && v.Scalar.Type() == cty.String {
		v.pieces = piecesOf(v.Scalar.AsString(), e.Text(x.SrcRange), x.SrcRange.Start.Byte)
	}
	return v
}

// template returns the text of a template.
func (e *Evaluator) template(x *hclsyntax.TemplateExpr, s *Scope) *Value {
	if x.IsStringLiteral() {
		v := e.literal(x.Parts[0].(*hclsyntax.LiteralValueExpr))
		v.At = x.SrcRange // with the quotes
		return v
	}
	var text strings.Builder
	made := &Value{Kind: Scalar, At: x.SrcRange}
	some := false
	for _, part := range x.Parts {
		v := e.Eval(part, s)
		made = made.dependingOn(v)
		known, ok := v.Text()
		switch {
		case v.Kind == invalid || v.Kind == Null:
			return invalidAt(x.SrcRange)
		case ok:
			made.pieces = append(made.pieces, piecesAt(v, part, text.Len(), len(known))...)
			some = true
		case v.Partial != "":
			known, some, made.Kind = v.Partial, true, unknown
		default:
			known, made.Kind = Placeholder, unknown
		}
		if text.Len()+len(known) > maxString || !e.Spend(len(known)/bytesPerStep) {
			return unknownAt(x.SrcRange)
		}
		text.WriteString(known)
	}
	switch {
	case made.Kind == Scalar:
		made.Scalar = cty.StringVal(text.String())
	case some:
		made.Partial = text.String()
	}
	return made
}

// Placeholder stands for an unknown part of a text. YAML can have it anywhere in a scalar.
const Placeholder = "$(unknown)"

// piecesAt returns the pieces of a part of a template, which begins at an offset of its text.
func piecesAt(v *Value, part hclsyntax.Expression, from, size int) []piece {
	if _, literal := part.(*hclsyntax.LiteralValueExpr); !literal {
		at := part.Range()
		return []piece{{from: from, size: size, start: at.Start.Byte, end: at.End.Byte, computed: true}}
	}
	pieces := slices.Clone(v.pieces)
	for i := range pieces {
		pieces[i].from += from
	}
	return pieces
}

func (e *Evaluator) tuple(x *hclsyntax.TupleConsExpr, s *Scope) *Value {
	made := &Value{Kind: List, At: x.SrcRange}
	for _, item := range x.Exprs {
		made.Items = append(made.Items, e.Eval(item, s))
	}
	return made.bounded()
}

func (e *Evaluator) object(x *hclsyntax.ObjectConsExpr, s *Scope) *Value {
	made := &objectBuilder{made: &Value{Kind: Object, At: x.SrcRange}}
	for _, item := range x.Items {
		key := e.Eval(item.KeyExpr, s)
		name, ok := key.Text()
		if !ok {
			made.unknownKey()
			continue
		}
		made.set(name, item.KeyExpr.Range(), e.Eval(item.ValueExpr, s))
	}
	return made.made.bounded()
}

// objectBuilder sets the members of an object in order.
type objectBuilder struct {
	made  *Value
	index map[string]int
	known []int // the members that were set since the last unknown key
}

// set sets a member, in the place of an earlier one of the name.
func (b *objectBuilder) set(name string, at hcl.Range, v *Value) {
	if b.index == nil {
		b.index = map[string]int{}
	}
	i, repeated := b.index[name]
	if repeated {
		b.made.Members[i] = Member{name, at, v}
	} else {
		i = len(b.made.Members)
		b.index[name] = i
		b.made.Members = append(b.made.Members, Member{name, at, v})
	}
	b.known = append(b.known, i)
}

// unknownKey adds a member that may take the place of any earlier one.
func (b *objectBuilder) unknownKey() {
	b.made.Open = true
	for _, i := range b.known {
		b.made.Members[i].Value = unknownAt(b.made.Members[i].Value.At)
	}
	b.known = b.known[:0]
}

// key returns the name of a member: an identifier is a text there.
func (e *Evaluator) key(x *hclsyntax.ObjectConsKeyExpr, s *Scope) *Value {
	if !x.ForceNonLiteral {
		if name := hcl.ExprAsKeyword(x.Wrapped); name != "" {
			return OfScalar(cty.StringVal(name), x.Range())
		}
	}
	return e.Eval(x.Wrapped, s)
}

// conditional returns the chosen result. With an unknown condition it returns what both results have in common.
func (e *Evaluator) conditional(x *hclsyntax.ConditionalExpr, s *Scope) *Value {
	condition := e.Eval(x.Condition, s)
	is, known := condition.Bool()
	if !known {
		if condition.Kind == invalid || condition.Kind == Null {
			return invalidAt(x.SrcRange)
		}
		return e.common(e.Eval(x.TrueResult, s), e.Eval(x.FalseResult, s), x.SrcRange)
	}
	chosen := x.FalseResult
	if is {
		chosen = x.TrueResult
	}
	return e.Eval(chosen, s).dependingOn(condition)
}

// common returns what two values have in common.
func (e *Evaluator) common(a, b *Value, at hcl.Range) *Value {
	if same, known := equal(a, b); known && same {
		return a.dependingOn(b)
	}
	if !e.Spend(1+len(a.Members)+len(b.Members)) || a.Kind != Object || b.Kind != Object {
		return unknownAt(at)
	}
	made := &objectBuilder{made: &Value{Kind: Object, At: a.At, Open: a.Open || b.Open}}
	for _, m := range a.Members {
		other := b.get(m.Name)
		if other == nil {
			made.set(m.Name, m.At, unknownAt(m.Value.At))
			continue
		}
		made.set(m.Name, m.At, e.common(a.Within(m.Value), b.Within(other), m.Value.At))
	}
	for _, m := range b.Members {
		if a.get(m.Name) == nil {
			made.set(m.Name, m.At, unknownAt(m.Value.At))
		}
	}
	return made.made
}

// binary returns the result of an operator with two operands.
func (e *Evaluator) binary(x *hclsyntax.BinaryOpExpr, s *Scope) *Value {
	a, b := e.Eval(x.LHS, s), e.Eval(x.RHS, s)
	switch x.Op {
	case hclsyntax.OpEqual, hclsyntax.OpNotEqual:
		same, known := equal(a, b)
		if !known {
			return unknownAt(x.SrcRange)
		}
		return OfScalar(cty.BoolVal(same == (x.Op == hclsyntax.OpEqual)), x.SrcRange).dependingOn(a, b)
	case hclsyntax.OpLogicalAnd, hclsyntax.OpLogicalOr:
		decisive := x.Op == hclsyntax.OpLogicalOr
		for _, operand := range []*Value{a, b} {
			if is, known := operand.Bool(); known && is == decisive {
				return OfScalar(cty.BoolVal(decisive), x.SrcRange).dependingOn(operand)
			}
		}
	}
	return e.operate(x.Op, x.SrcRange, a, b)
}

// operate applies an operator to scalars.
func (e *Evaluator) operate(op *hclsyntax.Operation, at hcl.Range, operands ...*Value) *Value {
	var args []cty.Value
	parameters := op.Impl.Params()
	for i, operand := range operands {
		if operand.Kind == invalid || operand.Kind == Null {
			return invalidAt(at)
		}
		if operand.Kind != Scalar {
			return unknownAt(at)
		}
		arg, err := convert.Convert(operand.Scalar, parameters[i].Type)
		if err != nil {
			return invalidAt(at)
		}
		args = append(args, arg)
	}
	result, err := op.Impl.Call(args)
	if err != nil {
		return invalidAt(at)
	}
	return e.fromCty(result, at).dependingOn(operands...)
}
