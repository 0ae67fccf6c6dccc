package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/tester"
)

// The skeleton of a rule passes opa check --strict with and without the schema of the facts, and opa
// test.
func TestNewRulePassesItsTests(t *testing.T) {
	dir := t.TempDir()
	var stdout, stderr bytes.Buffer
	if code := runLoaded(t.Context(), []string{"mlpolicy", "new", "rule", "replica-limit", "--policy", dir}, strings.NewReader(""), &stdout, &stderr); code != exitClean {
		t.Fatalf("exit code %d: %s", code, &stderr)
	}
	modules, store, err := tester.Load([]string{dir}, nil)
	if err != nil || len(modules) != 2 {
		t.Fatalf("%d modules, %v", len(modules), err)
	}
	compiler := ast.NewCompiler().WithStrict(true).WithUseTypeCheckAnnotations(true)
	if compiler.Compile(modules); compiler.Failed() {
		t.Fatal(compiler.Errors)
	}
	channel, err := tester.NewRunner().SetCompiler(compiler).SetStore(store).RaiseBuiltinErrors(true).RunTests(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	passed := 0
	for result := range channel {
		if !result.Pass() {
			t.Errorf("%s: %s", result.Location, result)
		}
		passed++
	}
	if passed < 3 {
		t.Errorf("%d tests", passed)
	}
}
