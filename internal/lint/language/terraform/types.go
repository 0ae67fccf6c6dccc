package terraform

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// converted returns a value as a variable of a declared type has it. A type that is not understood makes it unknown.
// https://developer.hashicorp.com/terraform/language/expressions/type-constraints
func (e *evaluator) converted(v *value, declared hclsyntax.Expression) *value {
	if declared == nil || v.kind < scalar || !e.spend(1) {
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
		if text, ok := literalText(declared); ok { // of Terraform 0.11
			return convertedTo(v, text)
		}
		return unknownAt(v.at)
	default:
		return convertedTo(v, name)
	}
}

// convertedTo returns a value of a type without parameters.
func convertedTo(v *value, name string) *value {
	types := map[string]cty.Type{"string": cty.String, "number": cty.Number, "bool": cty.Bool}
	to, primitive := types[name]
	switch {
	case !primitive && (name == "list" && v.kind == list || name == "map" && v.kind == object):
		return v
	case !primitive, v.kind != scalar:
		return invalidAt(v.at)
	}
	return v.as(to)
}

// as returns a scalar of another type at the same place.
func (v *value) as(to cty.Type) *value {
	result := v.copy()
	if to == cty.String {
		text, _ := v.text()
		result.scalar = cty.StringVal(text)
		return result
	}
	converted, err := convert.Convert(v.scalar, to)
	if err != nil {
		return invalidAt(v.at)
	}
	result.scalar, result.pieces = converted, nil
	return result
}

// convertedCollection returns a value of a type with parameters.
func (e *evaluator) convertedCollection(v *value, call *hclsyntax.FunctionCallExpr) *value {
	if len(call.Args) == 0 {
		return unknownAt(v.at)
	}
	result := v.copy()
	switch {
	case call.Name == "optional":
		return e.converted(v, call.Args[0])
	case (call.Name == "list" || call.Name == "set") && v.kind == list:
		result.items = make([]*value, len(v.items))
		for i, item := range v.items {
			result.items[i] = e.converted(item, call.Args[0])
		}
		if call.Name == "set" {
			return asSet(result)
		}
		return result
	case call.Name == "map" && v.kind == object:
		result.members = make([]member, len(v.members))
		for i, m := range v.members {
			result.members[i] = member{m.name, m.at, e.converted(m.value, call.Args[0])}
		}
		return result
	case call.Name == "tuple" && v.kind == list:
		types, ok := call.Args[0].(*hclsyntax.TupleConsExpr)
		if !ok || len(types.Exprs) != len(v.items) {
			return unknownAt(v.at)
		}
		result.items = make([]*value, len(v.items))
		for i, item := range v.items {
			result.items[i] = e.converted(item, types.Exprs[i])
		}
		return result
	case call.Name == "object" && v.kind == object:
		if types, ok := call.Args[0].(*hclsyntax.ObjectConsExpr); ok {
			return e.convertedObject(v, types)
		}
	}
	return unknownAt(v.at)
}

// convertedObject returns an object with the attributes of its type. One that is missing has the default of its type.
func (e *evaluator) convertedObject(v *value, types *hclsyntax.ObjectConsExpr) *value {
	b := &objectBuilder{made: &value{kind: object, at: v.at, used: v.used, why: v.why, from: v.from}}
	for _, item := range types.Items {
		name := hcl.ExprAsKeyword(item.KeyExpr)
		if name == "" {
			if text, ok := literalText(item.KeyExpr); ok {
				name = text
			} else {
				return unknownAt(v.at)
			}
		}
		given, at := v.get(name), item.KeyExpr.Range()
		if m := v.find(name); m != nil {
			at = m.at
		}
		if given == nil && v.open {
			b.set(name, at, unknownAt(v.at))
			continue
		}
		b.set(name, at, e.attributeOf(given, item.ValueExpr, v.at))
	}
	return b.made
}

// attributeOf returns an attribute of an object with a declared type. A missing or null one has the default.
func (e *evaluator) attributeOf(given *value, declared hclsyntax.Expression, at hcl.Range) *value {
	call, optional := declared.(*hclsyntax.FunctionCallExpr)
	optional = optional && call.Name == "optional" && len(call.Args) > 0
	if given == nil && !optional {
		return invalidAt(at)
	}
	if given == nil || given.kind == null {
		if !optional || len(call.Args) < 2 {
			return &value{kind: null, at: at}
		}
		given = e.eval(call.Args[1], &scope{}).usedAt(hcl.Range{}, "the default of an attribute of its type")
	}
	if optional {
		declared = call.Args[0]
	}
	return e.converted(given, declared)
}

// literalText returns the text of an expression that is a string.
func literalText(x hclsyntax.Expression) (string, bool) {
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
