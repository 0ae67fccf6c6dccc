package policy

import (
	"iter"
	"maps"
	"slices"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/open-policy-agent/opa/v1/ast"
)

// fieldSet is a set of fields of a deployment or a compute, as bits in the order of the table of facts. A field beyond
// the number of bits is in no set, so that no rule needs it.
type fieldSet uint64

// need is what one clause of a rule needs to report: an element of a list of the input with all fields of a set.
type need struct {
	list   ast.String // empty if the clause may report about any input
	fields fieldSet
}

const (
	deploymentList ast.String = "deployments"
	computeList    ast.String = "computes"
)

// declared are the fields of each element of an input, by list.
type declared map[ast.String][]fieldSet

// meets reports whether one of the clauses of a rule may report about an input.
func (d declared) meets(clauses []need) bool {
	return slices.ContainsFunc(clauses, func(clause need) bool {
		return clause.list == "" || slices.ContainsFunc(d[clause.list], func(has fieldSet) bool { return has&clause.fields == clause.fields })
	})
}

// deriveNeeds returns what each clause of each rule needs, in the order of the rules. Rules that compare deployments may
// report about an input without any.
func (p *Policies) deriveNeeds() [][]need {
	d := derivation{
		compiler: p.compiler,
		fields:   map[ast.String]map[ast.Value]fieldSet{deploymentList: setsOf(facts.DeploymentFields()), computeList: setsOf(facts.ComputeFields())},
		certain:  map[*ast.Rule]bool{},
	}
	needs := make([][]need, len(p.rules))
	for i, rule := range p.rules {
		if rule.Scope == PerProject {
			needs[i] = []need{{}}
			continue
		}
		for _, clause := range p.compiler.GetRulesExact(slices.Concat(answersRef, ast.Ref{ast.StringTerm(rule.ID), denyTerm})) {
			needs[i] = append(needs[i], d.body(clause.Body, element{}))
		}
	}
	return needs
}

// setsOf returns the set of each field of a table by its name.
func setsOf[T any](table []facts.Field[T]) map[ast.Value]fieldSet {
	sets := make(map[ast.Value]fieldSet, len(table))
	for i, field := range table {
		sets[ast.String(field.Name)] = 1 << i
	}
	return sets
}

// derivation reads off the compiled Rego of rules what they need. Expressions of a body are evaluated in order, and the
// first one that is undefined ends the evaluation. So a clause needs a field if an expression reads it and no
// expression before it can fail. The derivation of a body ends at the first expression that can: a rule that is not
// asked must not hide an error. It knows few constructs. Any other one counts as an expression that can fail, which
// only makes a rule be asked more often.
type derivation struct {
	compiler *ast.Compiler
	fields   map[ast.String]map[ast.Value]fieldSet // by list and name
	certain  map[*ast.Rule]bool                    // whether the evaluation of a rule cannot fail
}

// element is the deployment or compute that a body is about.
type element struct {
	list  ast.String         // empty before it is known
	names map[ast.Value]bool // variables that are the element
	calls int                // calls around the body
}

// maxCalls is the number of calls that are followed into each other: the body of a function is read again for each call.
const maxCalls = 4

// body returns what a body needs.
func (d *derivation) body(body ast.Body, of element) need {
	of.names = maps.Clone(of.names)
	if of.names == nil {
		of.names = map[ast.Value]bool{}
	}
	var fields fieldSet
	for _, expr := range body {
		read, fails := d.expression(expr, &of)
		if fields |= read; fails {
			break
		}
	}
	return need{of.list, fields}
}

// expression returns the fields without which an expression is undefined and does not fail, and whether it can fail
// with them.
func (d *derivation) expression(expr *ast.Expr, of *element) (fields fieldSet, fails bool) {
	fails = d.canFail(expr)
	if expr.Negated || len(expr.With) > 0 {
		return 0, fails
	}
	switch terms := expr.Terms.(type) {
	case *ast.Term:
		if !fails {
			fields, _ = d.read(terms, of)
		}
	case []*ast.Term:
		switch {
		case !expr.IsEquality():
			fields = d.call(terms, *of)
		case !fails:
			left, leftIs := d.read(terms[1], of)
			right, rightIs := d.read(terms[2], of)
			fields = left | right
			if _, ok := terms[1].Value.(ast.Var); ok && rightIs {
				of.names[terms[1].Value] = true
			}
			if _, ok := terms[2].Value.(ast.Var); ok && leftIs {
				of.names[terms[2].Value] = true
			}
		}
	}
	return fields, fails
}

// read returns the field of the element that a term reads, and whether the term is the element itself. The first
// reference to an element of the input determines the element that the body is about.
func (d *derivation) read(term *ast.Term, of *element) (field fieldSet, is bool) {
	ref, ok := refOf(term)
	if !ok {
		return 0, false
	}
	path := ref[1:]
	if list, ok := listOf(ref); ok && of.list == "" {
		of.list, path = list, ref[3:]
	} else if !of.names[ref[0].Value] {
		return 0, false
	}
	if len(path) == 0 {
		return 0, true
	}
	return d.fields[of.list][path[0].Value], false
}

// listOf returns the list of a reference to one of its elements or into one.
func listOf(ref ast.Ref) (list ast.String, ok bool) {
	if len(ref) < 3 || !ref.HasPrefix(ast.InputRootRef) {
		return "", false
	}
	list, _ = ref[1].Value.(ast.String)
	return list, list == deploymentList || list == computeList
}

// call returns what a call of a function with the element as an argument needs: what each clause of the function does.
func (d *derivation) call(terms []*ast.Term, of element) fieldSet {
	function, _ := terms[0].Value.(ast.Ref)
	if of.calls++; of.calls > maxCalls || !slices.ContainsFunc(terms[1:], func(argument *ast.Term) bool { return of.names[argument.Value] }) {
		return 0
	}
	needed, none := ^fieldSet(0), true
	for clause := range clausesOf(d.compiler.GetRulesExact(function)) {
		within := element{list: of.list, names: map[ast.Value]bool{}, calls: of.calls}
		for i, parameter := range clause.Head.Args {
			within.names[parameter.Value] = of.names[terms[1+i].Value]
		}
		needed, none = needed&d.body(clause.Body, within).fields, false
	}
	if none { // of OPA
		return 0
	}
	return needed
}

// clausesOf returns the clauses of rules with their else branches.
func clausesOf(rules []*ast.Rule) iter.Seq[*ast.Rule] {
	return func(yield func(*ast.Rule) bool) {
		for _, rule := range rules {
			for ; rule != nil; rule = rule.Else {
				if !yield(rule) {
					return
				}
			}
		}
	}
}

// canFail reports whether the evaluation of an expression may be an error.
func (d *derivation) canFail(expr *ast.Expr) bool {
	if len(expr.With) > 0 {
		return true
	}
	switch terms := expr.Terms.(type) {
	case *ast.Term:
		return d.termCanFail(terms)
	case []*ast.Term:
		operator, _ := terms[0].Value.(ast.Ref)
		return !neverFails(operator.String()) && d.rulesCanFail(d.compiler.GetRulesExact(operator)) ||
			slices.ContainsFunc(terms[1:], d.termCanFail)
	}
	return true
}

// neverFails reports whether a function of OPA has a result for all arguments.
func neverFails(name string) bool {
	switch name {
	case ast.Equality.Name, ast.NotEqual.Name, ast.LessThan.Name, ast.LessThanEq.Name, ast.GreaterThan.Name, ast.GreaterThanEq.Name,
		ast.Member.Name, ast.MemberWithKey.Name:
		return true
	}
	return false
}

func (d *derivation) termCanFail(term *ast.Term) bool {
	switch value := term.Value.(type) {
	case ast.Null, ast.Boolean, ast.Number, ast.String, ast.Var:
		return false
	case *ast.Array:
		return value.Until(d.termCanFail)
	case ast.Set:
		return value.Until(d.termCanFail)
	case ast.Object:
		return value.Until(func(key, value *ast.Term) bool { return d.termCanFail(key) || d.termCanFail(value) })
	case ast.Ref:
		if slices.ContainsFunc(value[1:], d.termCanFail) {
			return true
		}
		if _, ok := value[0].Value.(ast.Var); !ok {
			return true
		}
		if value.HasPrefix(ast.DefaultRootRef) && !value.HasPrefix(editionsRef) {
			return d.rulesCanFail(d.compiler.GetRulesForVirtualDocument(value))
		}
		return false
	}
	return true
}

// rulesCanFail reports whether the evaluation of the rules of one document may be an error: in a body, or because two
// of them have different values.
func (d *derivation) rulesCanFail(rules []*ast.Rule) bool {
	if len(rules) == 0 { // a package
		return true
	}
	for clause := range clausesOf(rules) {
		if d.clauseCanFail(clause) || clause.Head.RuleKind() != ast.MultiValue && !clause.Head.Value.Equal(rules[0].Head.Value) {
			return true
		}
	}
	return false
}

func (d *derivation) clauseCanFail(clause *ast.Rule) bool {
	if certain, known := d.certain[clause]; known {
		return !certain
	}
	head := clause.Head
	certain := head.Ref().IsGround() && (head.RuleKind() == ast.MultiValue || head.Value.IsGround()) && !slices.ContainsFunc(clause.Body, d.canFail)
	d.certain[clause] = certain
	return !certain
}
