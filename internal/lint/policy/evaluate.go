package policy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// Denial is one element of the set deny of a rule.
type Denial struct {
	Rule string
	// Path is the path from the facts to a deployment, a compute or a fact of one.
	Path    facts.Path
	Message string
}

// Evaluate evaluates the rules of the scope PerDeployment over all deployments and computes, under
// the edition of the facts. It leaves out the rules whose IDs are in except, such as the Rule of an
// earlier error; unknown IDs are ignored. Denials are sorted by rule, path and message. The end of
// the context interrupts evaluation; callers set the time limit.
//
// The error joins one *Error for each fault in the policies or their results, and for an
// interruption. Denials returned with an error are valid but may be incomplete.
func (p *Policies) Evaluate(ctx context.Context, f *facts.Facts, except ...string) ([]Denial, error) {
	return p.evaluate(ctx, f, PerDeployment, except)
}

// EvaluateProject is Evaluate for the rules of the scope PerProject. f must have all facts of a run.
func (p *Policies) EvaluateProject(ctx context.Context, f *facts.Facts, except ...string) ([]Denial, error) {
	return p.evaluate(ctx, f, PerProject, except)
}

func (p *Policies) evaluate(ctx context.Context, f *facts.Facts, scope Scope, except []string) ([]Denial, error) {
	if _, ok := p.Edition(f.Edition); !ok {
		return nil, &Error{Message: fmt.Sprintf("unknown edition %q; editions are %s", f.Edition, strings.Join(p.EditionIDs(), ", "))}
	}
	inScope := func(rule Rule) bool { return rule.Scope == scope }
	if len(f.Deployments) == 0 && len(f.Computes) == 0 || !slices.ContainsFunc(p.rules, inScope) {
		return nil, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, &Error{Message: "evaluation did not start", Err: err}
	}
	input, declared, err := p.input(f)
	if err != nil {
		return nil, &Error{Message: "pass the facts to the policies", Err: err}
	}
	asked := p.asked(scope, declared, except)
	if len(asked) == 0 {
		return nil, nil
	}
	findings, err := p.ask(ctx, p.queryFor(asked), input)
	if err != nil {
		return nil, err
	}
	var (
		denials []Denial
		faults  []*Error
	)
	findings.Foreach(func(finding *ast.Term) {
		denial, fault := p.denial(finding, f)
		if fault != nil {
			faults = append(faults, fault)
			return
		}
		denials = append(denials, denial)
	})
	slices.SortFunc(denials, compare)
	return denials, join(faults)
}

// asked returns the IDs of the rules of a scope that may report about an input with declared fields, without those in
// except.
func (p *Policies) asked(scope Scope, declared declared, except []string) []*ast.Term {
	var ids []*ast.Term
	for i, rule := range p.rules {
		if rule.Scope == scope && !slices.Contains(except, rule.ID) && (p.asksAll || declared.meets(p.needs[i])) {
			ids = append(ids, p.ids[i])
		}
	}
	return ids
}

// compileQuery compiles the query for the results of rules. Its first expression contains their IDs, so that OPA does
// not evaluate other rules.
func (p *Policies) compileQuery() *Error {
	query, err := p.compiler.QueryCompiler().Compile(ast.MustParseBody(
		`rules = []; findings = {{"rule": rule, "denied": denied} | some rule in rules; some denied in data.mlpolicy.rules[rule].deny}`,
	))
	if err != nil {
		return &Error{Message: "compile the query", Err: err}
	}
	p.query = query
	return nil
}

// queryFor returns the query for the rules with some IDs.
func (p *Policies) queryFor(ids []*ast.Term) ast.Body {
	query := slices.Clone(p.query)
	query[0] = ast.Equality.Expr(query[0].Operand(0), ast.ArrayTerm(ids...))
	return query
}

func (p *Policies) ask(ctx context.Context, query ast.Body, input *ast.Term) (ast.Set, error) {
	txn, err := p.store.NewTransaction(ctx)
	if err != nil {
		return nil, &Error{Message: "read the editions", Err: err}
	}
	defer p.store.Abort(ctx, txn)

	cancel := topdown.NewCancel()
	if ctx.Done() != nil {
		stop := context.AfterFunc(ctx, cancel.Cancel)
		defer stop()
	}
	var findings ast.Set
	err = topdown.NewQuery(query).
		WithCompiler(p.compiler).
		WithStore(p.store).
		WithTransaction(txn).
		WithInput(input).
		WithCancel(cancel).
		WithIndexing(p.indexing).
		// Without this, a rule in which a function fails reports nothing.
		WithStrictBuiltinErrors(true).
		// blame finds the rule by the stack trace, which costs nothing without an error.
		WithStackTraces(true).
		// No function available to policies reads the time; this saves reading the clock.
		WithTime(time.Unix(0, 0)).
		Iter(ctx, func(result topdown.QueryResult) error {
			findings, _ = result["findings"].Value.(ast.Set)
			return nil
		})
	if err != nil {
		return nil, p.blame(ctx, err)
	}
	return findings, nil
}

// blame returns an *Error with the location and the rule of an evaluation error.
func (p *Policies) blame(ctx context.Context, err error) error {
	fault := &Error{Message: "evaluate", Err: err}
	var failure *topdown.Error
	if errors.As(err, &failure) {
		fault.Message, fault.Err = strings.Join(strings.Fields(failure.Message), " "), nil
		if failure.Location != nil {
			fault.File, fault.Line = failure.Location.File, failure.Location.Row
		}
		// The innermost frame has the location of the error. The outermost frame in the file of a rule
		// belongs to the rule of the query: excluding that rule avoids the error.
		for _, frame := range failure.StackTrace {
			if frame.Location == nil {
				continue
			}
			if fault.File == "" {
				fault.File, fault.Line = frame.Location.File, frame.Location.Row
			}
			if rule := p.ruleOfFile[frame.Location.File]; rule != "" {
				fault.Rule = rule
			}
		}
	}
	if topdown.IsCancel(err) {
		fault.Err = ctx.Err()
		fault.Message = "evaluation was interrupted here"
		if errors.Is(fault.Err, context.DeadlineExceeded) {
			fault.Message = "evaluation took too long and was stopped here"
		}
	}
	return fault
}

// denial checks and converts one element of the result of a query.
func (p *Policies) denial(finding *ast.Term, f *facts.Facts) (Denial, *Error) {
	var (
		object  = finding.Value.(ast.Object)
		denied  = object.Get(ast.InternedTerm("denied"))
		rule, _ = text(object.Get(ast.InternedTerm("rule")))
		deny    = p.denies[rule]
	)
	fault := func(format string, args ...any) (Denial, *Error) {
		return Denial{}, &Error{File: deny.file, Line: deny.line, Rule: rule, Message: fmt.Sprintf(format, args...)}
	}
	answer, _ := denied.Value.(ast.Object)
	if answer == nil || answer.Len() != 2 {
		return fault(`the result is not exactly {"path": […], "message": "…"}: %s`, excerpt(denied))
	}
	message, ok := text(answer.Get(ast.InternedTerm("message")))
	if !ok || strings.TrimSpace(message) == "" {
		return fault("message of the result must be a non-empty string: %s", excerpt(denied))
	}
	path, ok := pathOf(answer.Get(ast.InternedTerm("path")))
	if !ok {
		return fault("path of the result must be an array of strings and indexes: %s", excerpt(denied))
	}
	if _, ok := f.Locate(path); !ok || len(path) < 2 {
		return fault("path of the result does not lead to a fact of a deployment or a compute: %s", excerpt(denied))
	}
	return Denial{Rule: rule, Path: path, Message: message}, nil
}

func text(term *ast.Term) (string, bool) {
	if term == nil {
		return "", false
	}
	value, ok := term.Value.(ast.String)
	return string(value), ok
}

func pathOf(term *ast.Term) (facts.Path, bool) {
	if term == nil {
		return nil, false
	}
	array, ok := term.Value.(*ast.Array)
	if !ok {
		return nil, false
	}
	path := make(facts.Path, array.Len())
	for i := range path {
		switch step := array.Elem(i).Value.(type) {
		case ast.String:
			if path[i] = string(step); step == "" {
				return nil, false
			}
		case ast.Number:
			if path[i], ok = step.Int(); !ok {
				return nil, false
			}
		default:
			return nil, false
		}
	}
	return path, true
}

// excerpt returns the text of a term for an error message, shortened to a limit.
func excerpt(term *ast.Term) string {
	const limit = 200 // characters
	if text := []rune(term.String()); len(text) > limit {
		return string(text[:limit]) + "…"
	}
	return term.String()
}

// compare orders denials by rule, path and message. It compares indexes in paths as numbers.
func compare(a, b Denial) int {
	return cmp.Or(
		strings.Compare(a.Rule, b.Rule),
		slices.CompareFunc(a.Path, b.Path, func(a, b any) int {
			i, isIndex := a.(int)
			j, too := b.(int)
			if isIndex && too {
				return cmp.Compare(i, j)
			}
			return strings.Compare(fmt.Sprint(a), fmt.Sprint(b))
		}),
		strings.Compare(a.Message, b.Message),
	)
}
