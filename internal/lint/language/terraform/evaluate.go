package terraform

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
	// maxSteps is the number of expressions and values that are evaluated, besides one for each byte of the text.
	maxSteps = 100_000
	// maxString is in bytes.
	maxString = 1 << 18
	// maxExpressions is the number of expressions, locals and variables around an expression.
	maxExpressions = 2000
	// bytesPerStep is how many bytes of strings count as one step.
	bytesPerStep = 64
)

// evaluator evaluates expressions. What it cannot know is unknown, part by part; nothing is executed.
type evaluator struct {
	steps int // that are left
	// reserve is the number of steps for what stands in the text besides expressions that take too many: one for each byte.
	reserve int
	depth   int // expressions around the current one
	text    func(hcl.Range) string
	files   func(name string) *source.File
}

// spend counts steps. It reports whether some are left.
func (e *evaluator) spend(steps int) bool {
	e.steps -= steps
	return e.steps > 0
}

// leastSteps is the number of steps for what stands in a part of the text, besides one for each byte.
const leastSteps = 16

// allow provides steps for a part of the text if none are left because of others, so that these do not hide what is written plainly.
func (e *evaluator) allow(at hcl.Range) {
	if need := at.End.Byte - at.Start.Byte + leastSteps; e.steps < need && e.reserve > 0 {
		e.reserve -= need - max(e.steps, 0)
		e.steps = need
	}
}

// scope has the names that an expression may use.
type scope struct {
	*instance
	names map[string]*value // of for expressions
	outer *scope            // nil for that of a module
	each  *value            // of the innermost splat expression
}

// lookup returns the value of a name of a for expression, nil for any other name.
func (s *scope) lookup(name string) *value {
	for ; s != nil; s = s.outer {
		if v := s.names[name]; v != nil {
			return v
		}
	}
	return nil
}

// eval returns the value of an expression.
func (e *evaluator) eval(x hclsyntax.Expression, s *scope) *value {
	at := x.Range()
	if e.depth >= maxExpressions || !e.spend(1) {
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
		return e.eval(x.Wrapped, s)
	case *hclsyntax.ParenthesesExpr:
		return e.eval(x.Expression, s)
	case *hclsyntax.ScopeTraversalExpr:
		return e.reference(x, s)
	case *hclsyntax.RelativeTraversalExpr:
		return e.traverse(e.eval(x.Source, s), x.Traversal, at)
	case *hclsyntax.IndexExpr:
		return e.index(e.eval(x.Collection, s), e.eval(x.Key, s), at)
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
		operand := e.eval(x.Val, s)
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

func (e *evaluator) literal(x *hclsyntax.LiteralValueExpr) *value {
	v := ofScalar(x.Val, x.SrcRange)
	if v.kind == scalar && v.scalar.Type() == cty.String {
		v.pieces = piecesOf(v.scalar.AsString(), e.text(x.SrcRange), x.SrcRange.Start.Byte)
	}
	return v
}

// template returns the text of a template.
func (e *evaluator) template(x *hclsyntax.TemplateExpr, s *scope) *value {
	if x.IsStringLiteral() {
		v := e.literal(x.Parts[0].(*hclsyntax.LiteralValueExpr))
		v.at = x.SrcRange // with the quotes
		return v
	}
	var text strings.Builder
	made := &value{kind: scalar, at: x.SrcRange}
	some := false
	for _, part := range x.Parts {
		v := e.eval(part, s)
		made = made.dependingOn(v)
		known, ok := v.text()
		switch {
		case v.kind == invalid || v.kind == null:
			return invalidAt(x.SrcRange)
		case ok:
			made.pieces = append(made.pieces, piecesAt(v, part, text.Len(), len(known))...)
			some = true
		case v.partial != "":
			known, some, made.kind = v.partial, true, unknown
		default:
			known, made.kind = placeholder, unknown
		}
		if text.Len()+len(known) > maxString || !e.spend(len(known)/bytesPerStep) {
			return unknownAt(x.SrcRange)
		}
		text.WriteString(known)
	}
	switch {
	case made.kind == scalar:
		made.scalar = cty.StringVal(text.String())
	case some:
		made.partial = text.String()
	}
	return made
}

// placeholder stands for an unknown part of a text. YAML can have it anywhere in a scalar.
const placeholder = "$(unknown)"

// piecesAt returns the pieces of a part of a template, which begins at an offset of its text.
func piecesAt(v *value, part hclsyntax.Expression, from, size int) []piece {
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

func (e *evaluator) tuple(x *hclsyntax.TupleConsExpr, s *scope) *value {
	made := &value{kind: list, at: x.SrcRange}
	for _, item := range x.Exprs {
		made.items = append(made.items, e.eval(item, s))
	}
	return made.bounded()
}

func (e *evaluator) object(x *hclsyntax.ObjectConsExpr, s *scope) *value {
	made := &objectBuilder{made: &value{kind: object, at: x.SrcRange}}
	for _, item := range x.Items {
		key := e.eval(item.KeyExpr, s)
		name, ok := key.text()
		if !ok {
			made.unknownKey()
			continue
		}
		made.set(name, item.KeyExpr.Range(), e.eval(item.ValueExpr, s))
	}
	return made.made.bounded()
}

// objectBuilder sets the members of an object in order.
type objectBuilder struct {
	made  *value
	index map[string]int
	known []int // the members that were set since the last unknown key
}

// set sets a member, in the place of an earlier one of the name.
func (b *objectBuilder) set(name string, at hcl.Range, v *value) {
	if b.index == nil {
		b.index = map[string]int{}
	}
	i, repeated := b.index[name]
	if repeated {
		b.made.members[i] = member{name, at, v}
	} else {
		i = len(b.made.members)
		b.index[name] = i
		b.made.members = append(b.made.members, member{name, at, v})
	}
	b.known = append(b.known, i)
}

// unknownKey adds a member that may take the place of any earlier one.
func (b *objectBuilder) unknownKey() {
	b.made.open = true
	for _, i := range b.known {
		b.made.members[i].value = unknownAt(b.made.members[i].value.at)
	}
	b.known = b.known[:0]
}

// key returns the name of a member: an identifier is a text there.
func (e *evaluator) key(x *hclsyntax.ObjectConsKeyExpr, s *scope) *value {
	if !x.ForceNonLiteral {
		if name := hcl.ExprAsKeyword(x.Wrapped); name != "" {
			return ofScalar(cty.StringVal(name), x.Range())
		}
	}
	return e.eval(x.Wrapped, s)
}

// conditional returns the chosen result. With an unknown condition it returns what both results have in common.
func (e *evaluator) conditional(x *hclsyntax.ConditionalExpr, s *scope) *value {
	condition := e.eval(x.Condition, s)
	is, known := condition.bool()
	if !known {
		if condition.kind == invalid || condition.kind == null {
			return invalidAt(x.SrcRange)
		}
		return e.common(e.eval(x.TrueResult, s), e.eval(x.FalseResult, s), x.SrcRange)
	}
	chosen := x.FalseResult
	if is {
		chosen = x.TrueResult
	}
	return e.eval(chosen, s).dependingOn(condition)
}

// common returns what two values have in common.
func (e *evaluator) common(a, b *value, at hcl.Range) *value {
	if same, known := equal(a, b); known && same {
		return a.dependingOn(b)
	}
	if !e.spend(1+len(a.members)+len(b.members)) || a.kind != object || b.kind != object {
		return unknownAt(at)
	}
	made := &objectBuilder{made: &value{kind: object, at: a.at, open: a.open || b.open}}
	for _, m := range a.members {
		other := b.get(m.name)
		if other == nil {
			made.set(m.name, m.at, unknownAt(m.value.at))
			continue
		}
		made.set(m.name, m.at, e.common(a.within(m.value), b.within(other), m.value.at))
	}
	for _, m := range b.members {
		if a.get(m.name) == nil {
			made.set(m.name, m.at, unknownAt(m.value.at))
		}
	}
	return made.made
}

// binary returns the result of an operator with two operands.
func (e *evaluator) binary(x *hclsyntax.BinaryOpExpr, s *scope) *value {
	a, b := e.eval(x.LHS, s), e.eval(x.RHS, s)
	switch x.Op {
	case hclsyntax.OpEqual, hclsyntax.OpNotEqual:
		same, known := equal(a, b)
		if !known {
			return unknownAt(x.SrcRange)
		}
		return ofScalar(cty.BoolVal(same == (x.Op == hclsyntax.OpEqual)), x.SrcRange).dependingOn(a, b)
	case hclsyntax.OpLogicalAnd, hclsyntax.OpLogicalOr:
		decisive := x.Op == hclsyntax.OpLogicalOr
		for _, operand := range []*value{a, b} {
			if is, known := operand.bool(); known && is == decisive {
				return ofScalar(cty.BoolVal(decisive), x.SrcRange).dependingOn(operand)
			}
		}
	}
	return e.operate(x.Op, x.SrcRange, a, b)
}

// operate applies an operator to scalars.
func (e *evaluator) operate(op *hclsyntax.Operation, at hcl.Range, operands ...*value) *value {
	var args []cty.Value
	parameters := op.Impl.Params()
	for i, operand := range operands {
		if operand.kind == invalid || operand.kind == null {
			return invalidAt(at)
		}
		if operand.kind != scalar {
			return unknownAt(at)
		}
		arg, err := convert.Convert(operand.scalar, parameters[i].Type)
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
