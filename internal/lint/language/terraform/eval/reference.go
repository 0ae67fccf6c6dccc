package eval

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// reference returns what a reference names: a variable, a local, or a name of a for expression. All else, such as the
// attributes of resources and data sources, is known only when Terraform is run.
func (e *Evaluator) reference(x *hclsyntax.ScopeTraversalExpr, s *Scope) *Value {
	root := x.Traversal.RootName()
	if v := s.lookup(root); v != nil {
		return e.traverse(v, x.Traversal[1:], x.SrcRange)
	}
	if len(x.Traversal) < 2 {
		return unknownAt(x.SrcRange)
	}
	named, ok := x.Traversal[1].(hcl.TraverseAttr)
	if !ok || s.Module == nil {
		return unknownAt(x.SrcRange)
	}
	var v *Value
	switch root {
	case "var":
		v = s.Module.Variable(named.Name)
	case "local":
		v = s.Module.Local(named.Name)
	default:
		return unknownAt(x.SrcRange)
	}
	if !v.IsKnown() && v.Partial == "" && v.Encoded == nil {
		return &Value{Kind: v.Kind, At: x.SrcRange}
	}
	return e.traverse(v, x.Traversal[2:], x.SrcRange).usedAt(x.SrcRange, root+"."+named.Name)
}

// traverse follows the steps of a reference.
func (e *Evaluator) traverse(v *Value, steps hcl.Traversal, at hcl.Range) *Value {
	for i, step := range steps {
		switch step := step.(type) {
		case hcl.TraverseAttr:
			v = e.attribute(v, step.Name, at)
		case hcl.TraverseIndex:
			v = e.index(v, OfScalar(step.Key, at), at)
		case hcl.TraverseSplat:
			return e.each(v, at, func(item *Value) *Value { return e.traverse(item, steps[i+1:], at) })
		default:
			return unknownAt(at)
		}
	}
	return v
}

// attribute returns a member of an object by its name.
func (e *Evaluator) attribute(v *Value, name string, at hcl.Range) *Value {
	switch {
	case v.Kind == invalid, v.Kind == Null, v.Kind == Scalar, v.Kind == List && !v.Open:
		return invalidAt(at)
	case v.Kind != Object:
		return unknownAt(at)
	}
	if found := v.get(name); found != nil {
		return v.Within(found)
	}
	if v.Open {
		return unknownAt(at)
	}
	return invalidAt(at)
}

// index returns an item of a list or a member of an object.
func (e *Evaluator) index(v, key *Value, at hcl.Range) *Value {
	if key.Kind == invalid || key.Kind == Null {
		return invalidAt(at)
	}
	name, ok := key.Text()
	if !ok {
		return unknownAt(at)
	}
	if v.Kind != List {
		return e.attribute(v, name, at).dependingOn(key)
	}
	if v.Open {
		return unknownAt(at) // further items may be anywhere
	}
	if number, whole := key.Int(); whole && number >= 0 && number < len(v.Items) {
		return v.Within(v.Items[number]).dependingOn(key)
	}
	return invalidAt(at)
}

// forEach returns the result of a for expression.
func (e *Evaluator) forEach(x *hclsyntax.ForExpr, s *Scope) *Value {
	of := e.Eval(x.CollExpr, s)
	if of.Kind != List && of.Kind != Object || x.Group || !e.Spend(len(of.Items)+len(of.Members)) {
		return unknownAt(x.SrcRange)
	}
	items := &Value{Kind: List, At: x.SrcRange, Open: of.Open}
	objects := &objectBuilder{made: &Value{Kind: Object, At: x.SrcRange, Open: of.Open}}
	decides := &Value{} // on what the conditions depend
	add := func(key, item *Value) (known bool) {
		if e.Steps <= 0 {
			return false
		}
		names := map[string]*Value{x.ValVar: item}
		if x.KeyVar != "" {
			names[x.KeyVar] = key
		}
		inner := &Scope{Module: s.Module, names: names, outer: s}
		if x.CondExpr != nil {
			condition := e.Eval(x.CondExpr, inner)
			is, known := condition.Bool()
			if decides = decides.dependingOn(condition.without(of)); !known || !is {
				return known
			}
		}
		v := e.Eval(x.ValExpr, inner)
		if x.KeyExpr == nil {
			items.Items = append(items.Items, v)
			return true
		}
		name, ok := e.Eval(x.KeyExpr, inner).Text()
		if ok {
			objects.set(name, x.KeyExpr.Range(), v)
		}
		return ok
	}
	for i, item := range of.Items {
		if !add(OfScalar(cty.NumberIntVal(int64(i)), x.SrcRange), of.Within(item)) {
			return unknownAt(x.SrcRange)
		}
	}
	for _, m := range sorted(of.Members) {
		if !add(OfScalar(cty.StringVal(m.Name), m.At), of.Within(m.Value)) {
			return unknownAt(x.SrcRange)
		}
	}
	if x.KeyExpr == nil {
		return items.bounded().dependingOn(of, decides)
	}
	return objects.made.bounded().dependingOn(of, decides)
}

// splat returns a value for each item of a list.
func (e *Evaluator) splat(x *hclsyntax.SplatExpr, s *Scope) *Value {
	return e.each(e.Eval(x.Source, s), x.SrcRange, func(item *Value) *Value {
		return e.Eval(x.Each, &Scope{Module: s.Module, outer: s, each: item})
	})
}

// each applies a splat to the items of a list. A single value is a list of one, null is an empty list.
func (e *Evaluator) each(v *Value, at hcl.Range, of func(*Value) *Value) *Value {
	made := &Value{Kind: List, At: at}
	switch v.Kind {
	case Null:
		return made
	case Scalar, Object:
		made.Items = []*Value{of(v)}
		return made
	case List:
		if !e.Spend(len(v.Items)) {
			return unknownAt(at)
		}
		made.Open = v.Open
		for _, item := range v.Items {
			made.Items = append(made.Items, of(v.Within(item)))
		}
		return made.bounded()
	}
	return &Value{Kind: v.Kind, At: at}
}
