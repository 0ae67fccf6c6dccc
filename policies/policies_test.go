package policies_test

import (
	"encoding/json"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/loader"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/tester"

	"github.com/mlpolicy/mlpolicy/policies"
)

// patience is how long a test may take on a machine that has other things to do;
// OPA's own limit of 5 s would have a slow test fail like a wrong one.
const patience = time.Minute

// TestRego runs the tests of the rules, which must cover every line of them. The
// rules are compiled as strictly as opa check --strict --schema schemas does.
func TestRego(t *testing.T) {
	b := loadBundle(t)
	modules := modulesOf(b)
	coverage := cover.New()
	results, err := runTests(t, tester.NewRunner().
		SetCompiler(ast.NewCompiler().WithStrict(true).WithSchemas(schemas(t)).WithUseTypeCheckAnnotations(true)).
		SetModules(modules).
		SetStore(inmem.NewFromObject(b.Data)).
		RaiseBuiltinErrors(true).
		SetTimeout(patience).
		SetCoverageQueryTracer(coverage))
	if err != nil {
		t.Fatal(err)
	}
	if len(results) == 0 {
		t.Fatal("there are no tests")
	}
	for _, result := range results {
		if !result.Pass() {
			t.Errorf("%s: %s", result.Location, result)
		}
	}
	report := coverage.Report(modules)
	if report.CoveredLines == 0 || report.Coverage < 100 {
		t.Errorf("the tests cover %.2f %% of the lines and not all", report.Coverage)
	}
	for file, covered := range report.Files {
		for _, lines := range covered.NotCovered {
			t.Errorf("%s:%d: no test gets here", file, lines.Start.Row)
		}
	}
}

// TestNamesAgree holds each rule's folder, package, file and tests to one name, so
// that whoever knows one of them finds the others.
func TestNamesAgree(t *testing.T) {
	modules := modulesOf(loadBundle(t))
	folders, err := policies.FS.ReadDir("mlpolicy/rules")
	if err != nil || len(folders) == 0 {
		t.Fatalf("no rules: %v", err)
	}
	for _, folder := range folders {
		id := folder.Name()
		files := []string{
			path.Join("mlpolicy/rules", id, strings.ReplaceAll(id, "-", "_")+".rego"),
			path.Join("mlpolicy/rules", id, strings.ReplaceAll(id, "-", "_")+"_test.rego"),
		}
		entries, err := os.ReadDir(path.Join("mlpolicy/rules", id))
		if err != nil {
			t.Errorf("%s: %v", id, err)
		}
		for _, entry := range entries {
			name := path.Join("mlpolicy/rules", id, entry.Name())
			if !slices.Contains(files, name) && !slices.Contains([]string{"examples.txtar", "examples.out"}, entry.Name()) {
				t.Errorf("%s is not the rule, its test or its examples", name)
			}
		}
		for i, name := range []string{id, id + "_test"} {
			module, ok := modules[files[i]]
			if !ok {
				t.Errorf("there is no %s", files[i])
				continue
			}
			want := ast.MustParseRef("data.mlpolicy.rules").Append(ast.StringTerm(name))
			if !module.Package.Path.Equal(want) {
				t.Errorf("%s is package %s and not %s", files[i], module.Package.Path, want)
			}
		}
		if test, ok := modules[files[1]]; ok && !hasTests(test) {
			t.Errorf("%s has no tests", files[1])
		}
	}
}

// OPA's optimiser loses a rule whose package defines a function: what rules call is in packages
// of its own.
func TestRulesDefineNoFunctions(t *testing.T) {
	checked := 0
	for file, module := range modulesOf(loadBundle(t)) {
		if !strings.HasPrefix(file, "mlpolicy/rules/") || strings.HasSuffix(file, "_test.rego") {
			continue
		}
		checked++
		for _, rule := range module.Rules {
			if len(rule.Head.Args) > 0 {
				t.Errorf("%s: %s is a function within a rule's package", rule.Location, rule.Head.Ref())
			}
		}
	}
	if checked == 0 {
		t.Fatal("there are no rules")
	}
}

func hasTests(module *ast.Module) bool {
	for _, rule := range module.Rules {
		if strings.HasPrefix(rule.Head.Ref().String(), tester.TestPrefix) {
			return true
		}
	}
	return false
}

// loadBundle reads the embedded folder as any OPA would.
func loadBundle(t testing.TB) *bundle.Bundle {
	t.Helper()
	// From the disk, whose manifest TestManifest has just written with -update.
	b, err := loader.NewFileLoader().WithFS(os.DirFS(".")).WithProcessAnnotation(true).AsBundle(".")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// modulesOf returns a bundle's modules by their path in this folder.
func modulesOf(b *bundle.Bundle) map[string]*ast.Module {
	modules := make(map[string]*ast.Module, len(b.Modules))
	for _, file := range b.Modules {
		modules[strings.TrimPrefix(file.Path, "/")] = file.Parsed
	}
	return modules
}

// schemas returns what METADATA may name: schema.facts.
func schemas(t testing.TB) *ast.SchemaSet {
	t.Helper()
	data, err := policies.FS.ReadFile("schemas/facts.json")
	if err != nil {
		t.Fatal(err)
	}
	var schema any
	if err := json.Unmarshal(data, &schema); err != nil {
		t.Fatal(err)
	}
	set := ast.NewSchemaSet()
	set.Put(ast.MustParseRef("schema.facts"), schema)
	return set
}

// runTests returns the results of a runner's tests. Its error says that the modules
// do not compile.
func runTests(t testing.TB, runner *tester.Runner) ([]*tester.Result, error) {
	t.Helper()
	channel, err := runner.RunTests(t.Context(), nil)
	if err != nil {
		return nil, err
	}
	var results []*tester.Result
	for result := range channel {
		results = append(results, result)
	}
	return results, nil
}
