package eval

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// Converted returns a value as a variable of a declared type has it. A type that is not understood makes it unknown.
// https://developer.hashicorp.com/terraform/language/expressions/type-constraints
func (e *Evaluator) Converted(v *Value, declared hclsyntax.Expression) *Value {
	if declared == nil || v.Kind < Scalar || !e.Spend(1) {
		return v
	}
	if call, ok := declared.(*hclsyntax.FunctionCallExpr); ok {
		return e.convertedCollection(v, call)
	}
	switch name := hcl.ExprAsKeyword(declared); name {
	case "any", "":
		if name == "any" {
			return v
		}
		if text, ok := LiteralText(declared); ok { // of Terraform 0.11
			return convertedTo(v, text)
		}
		return unknownAt(v.At)
	default:
		return convertedTo(v, name)
	}
}

// convertedTo returns a value of a type without parameters.
func convertedTo(v *Value, name string) *Value {
	types := map[string]cty.Type{"string": cty.String, "number": cty.Number, "bool": cty.Bool}
	to, primitive := types[name]
	switch {
	case !primitive && (name == "list" && v.Kind == List || name == "map" && v.Kind == Object):
		return v
	case !primitive, v.Kind != Scalar:
		return invalidAt(v.At)
	}
	return v.as(to)
}

// as returns a scalar of another type at the same place.
func (v *Value) as(to cty.Type) *Value {
	result := v.copy()
	if to == cty.String {
		text, _ := v.Text()
		result.Scalar = cty.StringVal(text)
		return result
	}
	converted, err := convert.Convert(v.Scalar, to)
	if err != nil {
		return invalidAt(v.At)
	}
	result.Scalar, result.pieces = converted, nil
	return result
}

// convertedCollection returns a value of a type with parameters.
func (e *Evaluator) convertedCollection(v *Value, call *hclsyntax.FunctionCallExpr) *Value {
	if len(call.Args) == 0 {
		return unknownAt(v.At)
	}
	result := v.copy()
	switch {
	case call.Name == "optional":
		return e.Converted(v, call.Args[0])
	case (call.Name == "list" || call.Name == "set") && v.Kind == List:
		result.Items = make([]*Value, len(v.Items))
		for i, item := range v.Items {
			result.Items[i] = e.Converted(item, call.Args[0])
		}
		if call.Name == "set" {
			return asSet(result)
		}
		return result
	case call.Name == "map" && v.Kind == Object:
		result.Members = make([]Member, len(v.Members))
		for i, m := range v.Members {
			result.Members[i] = Member{m.Name, m.At, e.Converted(m.Value, call.Args[0])}
		}
		return result
	case call.Name == "tuple" && v.Kind == List:
		types, ok := call.Args[0].(*hclsyntax.TupleConsExpr)
		if !ok || len(types.Exprs) != len(v.Items) {
			return unknownAt(v.At)
		}
		result.Items = make([]*Value, len(v.Items))
		for i, item := range v.Items {
			result.Items[i] = e.Converted(item, types.Exprs[i])
		}
		return result
	case call.Name == "object" && v.Kind == Object:
		if types, ok := call.Args[0].(*hclsyntax.ObjectConsExpr); ok {
			return e.convertedObject(v, types)
		}
	}
	return unknownAt(v.At)
}

// convertedObject returns an object with the attributes of its type. One that is missing has the default of its type.
func (e *Evaluator) convertedObject(v *Value, types *hclsyntax.ObjectConsExpr) *Value {
	b := &objectBuilder{made: &Value{Kind: Object, At: v.At, Used: v.Used, Why: v.Why, From: v.From}}
	for _, item := range types.Items {
		name := hcl.ExprAsKeyword(item.KeyExpr)
		if name == "" {
			if text, ok := LiteralText(item.KeyExpr); ok {
				name = text
			} else {
				return unknownAt(v.At)
			}
		}
		given, at := v.get(name), item.KeyExpr.Range()
		if m := v.find(name); m != nil {
			at = m.At
		}
		if given == nil && v.Open {
			b.set(name, at, unknownAt(v.At))
			continue
		}
		b.set(name, at, e.attributeOf(given, item.ValueExpr, v.At))
	}
	return b.made
}

// attributeOf returns an attribute of an object with a declared type. A missing or null one has the default.
func (e *Evaluator) attributeOf(given *Value, declared hclsyntax.Expression, at hcl.Range) *Value {
	call, optional := declared.(*hclsyntax.FunctionCallExpr)
	optional = optional && call.Name == "optional" && len(call.Args) > 0
	if given == nil && !optional {
		return invalidAt(at)
	}
	if given == nil || given.Kind == Null {
		if !optional || len(call.Args) < 2 {
			return &Value{Kind: Null, At: at}
		}
		given = e.Eval(call.Args[1], &Scope{}).usedAt(hcl.Range{}, "the default of an attribute of its type")
	}
	if optional {
		declared = call.Args[0]
	}
	return e.Converted(given, declared)
}

// LiteralText returns the text of an expression that is a string.
func LiteralText(x hclsyntax.Expression) (string, bool) {
	if key, ok := x.(*hclsyntax.ObjectConsKeyExpr); ok {
		x = key.Wrapped
	}
	template, ok := x.(*hclsyntax.TemplateExpr)
	if !ok || !template.IsStringLiteral() {
		return "", false
	}
	literal, ok := template.Parts[0].(*hclsyntax.LiteralValueExpr)
	if !ok {
		return "", false
	}
	return literal.Val.AsString(), true
}
