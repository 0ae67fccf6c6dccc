package terraform

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// reference returns what a reference names: a variable, a local, or a name of a for expression. All else, such as the
// attributes of resources and data sources, is known only when Terraform is run.
func (e *evaluator) reference(x *hclsyntax.ScopeTraversalExpr, s *scope) *value {
	root := x.Traversal.RootName()
	if v := s.lookup(root); v != nil {
		return e.traverse(v, x.Traversal[1:], x.SrcRange)
	}
	if len(x.Traversal) < 2 {
		return unknownAt(x.SrcRange)
	}
	named, ok := x.Traversal[1].(hcl.TraverseAttr)
	if !ok || s.instance == nil {
		return unknownAt(x.SrcRange)
	}
	var v *value
	switch root {
	case "var":
		v = e.variable(s.instance, named.Name)
	case "local":
		v = e.local(s.instance, named.Name)
	default:
		return unknownAt(x.SrcRange)
	}
	if !v.isKnown() && v.partial == "" && v.encoded == nil {
		return &value{kind: v.kind, at: x.SrcRange}
	}
	return e.traverse(v, x.Traversal[2:], x.SrcRange).usedAt(x.SrcRange, root+"."+named.Name)
}

// traverse follows the steps of a reference.
func (e *evaluator) traverse(v *value, steps hcl.Traversal, at hcl.Range) *value {
	for i, step := range steps {
		switch step := step.(type) {
		case hcl.TraverseAttr:
			v = e.attribute(v, step.Name, at)
		case hcl.TraverseIndex:
			v = e.index(v, ofScalar(step.Key, at), at)
		case hcl.TraverseSplat:
			return e.each(v, at, func(item *value) *value { return e.traverse(item, steps[i+1:], at) })
		default:
			return unknownAt(at)
		}
	}
	return v
}

// attribute returns a member of an object by its name.
func (e *evaluator) attribute(v *value, name string, at hcl.Range) *value {
	switch {
	case v.kind == invalid, v.kind == null, v.kind == scalar, v.kind == list && !v.open:
		return invalidAt(at)
	case v.kind != object:
		return unknownAt(at)
	}
	if found := v.get(name); found != nil {
		return v.within(found)
	}
	if v.open {
		return unknownAt(at)
	}
	return invalidAt(at)
}

// index returns an item of a list or a member of an object.
func (e *evaluator) index(v, key *value, at hcl.Range) *value {
	if key.kind == invalid || key.kind == null {
		return invalidAt(at)
	}
	name, ok := key.text()
	if !ok {
		return unknownAt(at)
	}
	if v.kind != list {
		return e.attribute(v, name, at).dependingOn(key)
	}
	if v.open {
		return unknownAt(at) // further items may be anywhere
	}
	if number, whole := key.int(); whole && number >= 0 && number < len(v.items) {
		return v.within(v.items[number]).dependingOn(key)
	}
	return invalidAt(at)
}

// forEach returns the result of a for expression.
func (e *evaluator) forEach(x *hclsyntax.ForExpr, s *scope) *value {
	of := e.eval(x.CollExpr, s)
	if of.kind != list && of.kind != object || x.Group || !e.spend(len(of.items)+len(of.members)) {
		return unknownAt(x.SrcRange)
	}
	items := &value{kind: list, at: x.SrcRange, open: of.open}
	objects := &objectBuilder{made: &value{kind: object, at: x.SrcRange, open: of.open}}
	decides := &value{} // on what the conditions depend
	add := func(key, item *value) (known bool) {
		if e.steps <= 0 {
			return false
		}
		names := map[string]*value{x.ValVar: item}
		if x.KeyVar != "" {
			names[x.KeyVar] = key
		}
		inner := &scope{instance: s.instance, names: names, outer: s}
		if x.CondExpr != nil {
			condition := e.eval(x.CondExpr, inner)
			is, known := condition.bool()
			if decides = decides.dependingOn(condition.without(of)); !known || !is {
				return known
			}
		}
		v := e.eval(x.ValExpr, inner)
		if x.KeyExpr == nil {
			items.items = append(items.items, v)
			return true
		}
		name, ok := e.eval(x.KeyExpr, inner).text()
		if ok {
			objects.set(name, x.KeyExpr.Range(), v)
		}
		return ok
	}
	for i, item := range of.items {
		if !add(ofScalar(cty.NumberIntVal(int64(i)), x.SrcRange), of.within(item)) {
			return unknownAt(x.SrcRange)
		}
	}
	for _, m := range sorted(of.members) {
		if !add(ofScalar(cty.StringVal(m.name), m.at), of.within(m.value)) {
			return unknownAt(x.SrcRange)
		}
	}
	if x.KeyExpr == nil {
		return items.bounded().dependingOn(of, decides)
	}
	return objects.made.bounded().dependingOn(of, decides)
}

// splat returns a value for each item of a list.
func (e *evaluator) splat(x *hclsyntax.SplatExpr, s *scope) *value {
	return e.each(e.eval(x.Source, s), x.SrcRange, func(item *value) *value {
		return e.eval(x.Each, &scope{instance: s.instance, outer: s, each: item})
	})
}

// each applies a splat to the items of a list. A single value is a list of one, null is an empty list.
func (e *evaluator) each(v *value, at hcl.Range, of func(*value) *value) *value {
	made := &value{kind: list, at: at}
	switch v.kind {
	case null:
		return made
	case scalar, object:
		made.items = []*value{of(v)}
		return made
	case list:
		if !e.spend(len(v.items)) {
			return unknownAt(at)
		}
		made.open = v.open
		for _, item := range v.items {
			made.items = append(made.items, of(v.within(item)))
		}
		return made.bounded()
	}
	return &value{kind: v.kind, at: at}
}
