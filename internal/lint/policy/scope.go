package policy

import (
	"fmt"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// relating returns a fault for each reference by which the module could relate deployments or
// computes to each other. Only rules of the scope PerProject may do so: an evaluation of the others
// may have only some of the deployments of a run.
//
// A rule may iterate over a list by some i, x in input.deployments, once in a body and not in a
// comprehension. A document of the module that is derived from a list is a list too; it may also be
// read by such an i: doc[i], i in doc. A function must not read a list.
func (m *module) relating(id string) []*Error {
	c := relations{module: m, id: id, lists: map[string]bool{}}
	// Documents can be derived from each other in any order: repeat until no list is added.
	for before := -1; before < len(c.lists); {
		before = len(c.lists)
		for _, rule := range m.ast.Rules {
			if name := rule.Head.Ref()[0].Value.String(); name != "deny" && len(rule.Head.Args) == 0 && c.reads(rule) {
				c.lists[name] = true
			}
		}
	}
	for _, imported := range m.ast.Imports {
		if ref, ok := refOf(imported.Path); ok && c.listIn(ref) != nil {
			c.fault(imported.Location, ref)
		}
	}
	for _, rule := range m.ast.Rules {
		for ; rule != nil; rule = rule.Else {
			c.check(rule)
		}
	}
	return c.faults
}

// relations finds relations between deployments in one module.
type relations struct {
	*module
	id     string
	lists  map[string]bool // documents of the module that are derived from a list
	faults []*Error
}

var (
	answersRef = ast.MustParseRef("data.mlpolicy.rules")
	queryRef   = ast.MustParseRef("data.mlpolicy.query")
	denyTerm   = ast.StringTerm("deny")
)

// listIn returns the part of a reference that leads to a list, to several lists or to a document
// derived from one. It returns nil for any other reference.
func (c *relations) listIn(ref ast.Ref) ast.Ref {
	local := ref
	switch own := c.ast.Package.Path; {
	case ref.HasPrefix(ast.InputRootRef):
		if len(ref) == 1 || !isConstant(ref[1]) {
			return ref[:1]
		}
		if name, _ := text(ref[1]); name == "deployments" || name == "computes" {
			return ref[:2]
		}
		return nil
	case ref.HasPrefix(own) && len(ref) > len(own):
		local = ref[len(own):]
	case answersRef.HasPrefix(ref), ref.HasPrefix(queryRef):
		return ref
	case ref.HasPrefix(answersRef):
		// Functions and constants of other rules depend on their arguments only.
		if step := len(answersRef) + 1; len(ref) <= step || !isConstant(ref[step]) || ref[step].Equal(denyTerm) {
			return ref
		}
		return nil
	}
	var name string
	switch value := local[0].Value.(type) {
	case ast.Var:
		name = string(value)
	case ast.String:
		name = string(value)
	}
	if c.lists[name] {
		return ref[:len(ref)-len(local)+1]
	}
	return nil
}

func isConstant(term *ast.Term) bool { _, ok := term.Value.(ast.String); return ok }

// refOf returns the reference that a term is. A variable counts as a reference.
func refOf(term *ast.Term) (ast.Ref, bool) {
	if term == nil {
		return nil, false
	}
	switch value := term.Value.(type) {
	case ast.Ref:
		return value, true
	case ast.Var:
		return ast.Ref{term}, true
	}
	return nil, false
}

// reads reports whether a rule refers to a list.
func (c *relations) reads(rule *ast.Rule) bool {
	found := false
	c.walk(rule, func(*ast.Term, ast.Ref) { found = true }, nil)
	return found
}

// walk calls do for each reference to a list in a rule or in a part of one. It leaves out nodes for
// which skip, if not nil, returns true.
func (c *relations) walk(node any, do func(at *ast.Term, list ast.Ref), skip func(node any) bool) {
	var visitor *ast.GenericVisitor
	visitor = ast.NewGenericVisitor(func(node any) bool {
		if skip != nil && skip(node) {
			return true
		}
		switch node := node.(type) {
		case *ast.With:
			visitor.Walk(node.Value) // the replaced document is not read
			return true
		case *ast.Term:
			ref, ok := refOf(node)
			if !ok {
				return false
			}
			if list := c.listIn(ref); list != nil {
				do(node, list)
			}
			for _, step := range ref[1:] {
				visitor.Walk(step)
			}
			return true
		}
		return false
	})
	visitor.Walk(node)
}

// check adds the faults of a rule without those of its else branches.
func (c *relations) check(rule *ast.Rule) {
	var (
		through *ast.SomeDecl // the iteration over a list
		keys    []ast.Value   // variables that through declares
	)
	for _, expr := range rule.Body {
		some, _ := expr.Terms.(*ast.SomeDecl)
		list, variables := collection(some)
		if ref, ok := refOf(list); !ok || !c.isList(ref) || through != nil || len(rule.Head.Args) > 0 {
			continue
		}
		through = some
		for _, variable := range variables {
			keys = append(keys, variable.Value)
		}
	}
	skip := func(node any) bool {
		switch node := node.(type) {
		case *ast.SomeDecl:
			return node == through
		case *ast.Expr:
			terms, ok := node.Terms.([]*ast.Term)
			return ok && c.asks(terms, keys)
		case *ast.Term:
			if call, ok := node.Value.(ast.Call); ok {
				return c.asks(call, keys)
			}
			ref, ok := refOf(node)
			return ok && len(ref) > 1 && c.lists[ref[0].Value.String()] && slices.Contains(keys, ref[1].Value)
		}
		return false
	}
	for _, part := range []any{rule.Head.Key, rule.Head.Value, rule.Body} {
		if term, ok := part.(*ast.Term); ok && term == nil {
			continue
		}
		c.walk(part, func(at *ast.Term, list ast.Ref) { c.fault(at.Location, list) }, skip)
	}
}

// isList reports whether a reference leads to exactly one list and not into it.
func (c *relations) isList(ref ast.Ref) bool {
	list := c.listIn(ref)
	return len(list) == len(ref) && (len(ref) == 2 && ref.HasPrefix(ast.InputRootRef) || c.lists[ref[0].Value.String()])
}

// collection returns the collection of a some … in declaration and the variables that it declares.
func collection(some *ast.SomeDecl) (list *ast.Term, variables []*ast.Term) {
	if some == nil {
		return nil, nil
	}
	call, ok := some.Symbols[0].Value.(ast.Call)
	if !ok {
		return nil, nil
	}
	return call[len(call)-1], call[1 : len(call)-1]
}

// asks reports whether a call checks that a document derived from a list contains one of the keys.
func (c *relations) asks(call []*ast.Term, keys []ast.Value) bool {
	if call[0].String() != ast.Member.Name {
		return false
	}
	ref, ok := refOf(call[2])
	return ok && c.lists[ref[0].Value.String()] && slices.Contains(keys, call[1].Value)
}

func (c *relations) fault(at *ast.Location, list ast.Ref) {
	what := fmt.Sprintf("%s is about several deployments", list)
	if list.HasPrefix(ast.InputRootRef) && len(list) == 2 {
		what = fmt.Sprintf("%s must be read by some i, x in %s, once in a body", list, list)
	}
	c.faults = append(c.faults, c.module.fault(c.id, at, "%s: a rule that relates deployments needs scope: project below custom in its METADATA", what))
}
