package policies_test

import (
	"context"
	"fmt"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/sweep"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/tester"
)

// TestMutation changes the rules in one small way at a time: it leaves a condition
// out, turns it around, moves a bound by one, or leaves a whole clause out. A test
// beside the rule must fail each time; a mutant that none notices is a condition that
// none shows to be needed. Mutants that do not compile prove nothing and do not count.
func TestMutation(t *testing.T) {
	step := sweep.Step(t, 4)
	b := loadBundle(t)
	modules := modulesOf(b)
	store := inmem.NewFromObject(b.Data)
	var noticed atomic.Int64
	var files sync.WaitGroup
	processors := make(chan struct{}, runtime.GOMAXPROCS(0))
	for file, module := range modules {
		if strings.HasSuffix(file, "_test.rego") {
			continue
		}
		files.Go(func() {
			processors <- struct{}{}
			defer func() { <-processors }()
			related := related(modules, file)
			if outcome := judge(t, related, store); outcome != pass {
				t.Errorf("%s: the tests do not pass before anything is changed", file)
				return
			}
			for i := range mutations(module) {
				if i%step > 0 {
					continue
				}
				mutant := module.Copy()
				mutation := mutations(mutant)[i]
				mutation.apply()
				related[file] = mutant
				switch judge(t, related, store) {
				case pass:
					t.Errorf("%s: no test notices %s", mutation.at, mutation.what)
				case fail:
					noticed.Add(1)
				}
			}
		})
	}
	files.Wait()
	t.Logf("the tests notice %d mutants", noticed.Load())
	if noticed.Load() < 100/int64(step) {
		t.Errorf("only %d mutants were noticed: are the rules still mutated?", noticed.Load())
	}
}

type outcome int

const (
	pass outcome = iota
	fail
	stillborn // the modules do not compile
)

// judge runs tests until one fails.
func judge(t *testing.T, modules map[string]*ast.Module, store storage.Store) outcome {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	results, err := tester.NewRunner().SetModules(modules).SetStore(store).SetParallel(1).SetTimeout(patience).RunTests(ctx, nil)
	if err != nil {
		return stillborn
	}
	tests, outcome := 0, pass
	for result := range results {
		tests++
		if !result.Pass() {
			outcome = fail
			stop()
		}
	}
	if tests == 0 {
		t.Error("there are no tests")
	}
	return outcome
}

// related returns a module, the tests beside it and what both may refer to.
func related(modules map[string]*ast.Module, file string) map[string]*ast.Module {
	related := map[string]*ast.Module{}
	for name, module := range modules {
		beside := path.Dir(name) == path.Dir(file)
		shared := slices.Contains([]string{"mlpolicy/table/table.rego", "mlpolicy/history/history.rego"}, name) || strings.HasPrefix(name, "mlpolicy/fixture/")
		if beside || shared || file == "mlpolicy/query/query.rego" && !strings.HasSuffix(name, "_test.rego") {
			related[name] = module
		}
	}
	return related
}

// mutation is one change that can be made to a module in place.
type mutation struct {
	at    *ast.Location
	what  string
	apply func()
}

// mutations lists the changes of a module, always in the same order.
func mutations(module *ast.Module) []mutation {
	var list []mutation
	for i, rule := range module.Rules {
		if !slices.ContainsFunc(slices.Delete(slices.Clone(module.Rules), i, i+1), func(other *ast.Rule) bool {
			return other.Head.Ref().Equal(rule.Head.Ref())
		}) {
			continue
		}
		list = append(list, mutation{rule.Location, "that the clause is missing", func() {
			module.Rules = slices.Delete(module.Rules, i, i+1)
		}})
	}
	for _, body := range bodies(module) {
		for i, expr := range *body {
			list = append(list, exprMutations(body, i, expr)...)
		}
	}
	return list
}

func exprMutations(body *ast.Body, i int, expr *ast.Expr) []mutation {
	switch terms := expr.Terms.(type) {
	case *ast.Term:
		if terms.Equal(ast.BooleanTerm(true)) {
			return nil // the body of a rule that has none
		}
	case *ast.SomeDecl:
		if _, selects := terms.Symbols[0].Value.(ast.Call); !selects {
			return nil // it declares a variable and asks for nothing
		}
	}
	list := []mutation{
		{expr.Location, fmt.Sprintf("that %s is missing", expr), func() {
			*body = slices.Delete(*body, i, i+1)
			if len(*body) == 0 {
				*body = ast.NewBody(ast.NewExpr(ast.BooleanTerm(true)))
			}
		}},
		{expr.Location, fmt.Sprintf("that %s is negated", expr), func() { expr.Negated = !expr.Negated }},
	}
	bounds := map[string]*ast.Builtin{
		ast.GreaterThan.Name:   ast.GreaterThanEq,
		ast.GreaterThanEq.Name: ast.GreaterThan,
		ast.LessThan.Name:      ast.LessThanEq,
		ast.LessThanEq.Name:    ast.LessThan,
	}
	if expr.IsCall() {
		if other := bounds[expr.Operator().String()]; other != nil {
			list = append(list, mutation{expr.Location, fmt.Sprintf("that %s has its bound moved", expr), func() {
				expr.SetOperator(ast.NewTerm(other.Ref()))
			}})
		}
	}
	return list
}

// bodies returns what a module's conditions stand in: the bodies of rules, of their
// else branches and of comprehensions.
func bodies(module *ast.Module) []*ast.Body {
	var list []*ast.Body
	ast.NewGenericVisitor(func(node any) bool {
		switch node := node.(type) {
		case *ast.Rule:
			list = append(list, &node.Body)
		case *ast.ArrayComprehension:
			list = append(list, &node.Body)
		case *ast.SetComprehension:
			list = append(list, &node.Body)
		case *ast.ObjectComprehension:
			list = append(list, &node.Body)
		case *ast.Every:
			list = append(list, &node.Body)
		}
		return false
	}).Walk(module)
	return list
}
