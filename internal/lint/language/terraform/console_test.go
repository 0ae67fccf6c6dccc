package terraform

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/mlpolicy/mlpolicy/internal/sweep"
)

// TestConsole compares values with those that terraform console prints, or tofu console, where one of them is installed.
func TestConsole(t *testing.T) {
	var binary string
	for _, name := range []string{"terraform", "tofu"} {
		if path, err := exec.LookPath(name); err == nil && binary == "" {
			binary = path
		}
	}
	if binary == "" {
		t.Skip("neither terraform nor tofu is here, whose console is the oracle; no package of the gate has them")
	}
	var tests []string
	for _, test := range expressions() {
		tests = append(tests, test.expression)
	}
	step := sweep.Step(t, 7)
	for i, expression := range generated() {
		if i%step == 0 {
			tests = append(tests, expression)
		}
	}
	tests = slices.DeleteFunc(tests, func(expression string) bool { return !isEvaluable(t, expression) })
	if len(tests) < 200 {
		t.Fatalf("%d expressions", len(tests))
	}
	read := namesOf(t, declared, tests)
	compared := 0
	for _, given := range []string{`"u"`, `["u"]`, `{ a = 2, size = "u" }`, `true`, `3`} {
		real := console(t, binary, tests, given)
		for i, expression := range tests {
			got := read[i]
			if got == "?" || real[i] == "" {
				continue // unknown, or it fails for this value
			}
			compared++
			if got != real[i] {
				t.Errorf("with %s, %s is %q, and %q for %s", given, expression, got, real[i], binary)
			}
		}
	}
	t.Logf("%d values of %d expressions are equal", compared, len(tests))

	for _, test := range typed() {
		if test.want == "?" || strings.HasPrefix(test.kind, `"`) || test.kind == "list" {
			continue // not known, or a type of Terraform 0.11
		}
		text := fmt.Sprintf("variable \"v\" {\n  type = %s\n  default = %s\n}\n", test.kind, test.value)
		if real := printed(t, binary, text, "var.v"+test.path); real != test.want {
			t.Errorf("%s of type %s at %q is %q for %s, want %q", test.value, test.kind, test.path, real, binary, test.want)
		}
	}
}

// generated returns expressions with every pair of some operands and operators, and of functions and arguments.
func generated() []string {
	operands := []string{"1", "0", "2.5", `"a"`, `"2"`, "true", "null", "local.n", "local.text", "local.list", "local.map", "var.unknown", "[]", "{}", `["x", 1]`, `{ k = "v" }`}
	var all []string
	for _, a := range operands {
		for _, b := range operands {
			for _, format := range []string{"%s == %s", "%s != %s", "%s + %s", "%s < %s", "%s && %s", "%s || %s", `"${%s}-${%s}"`, "coalesce(%s, %s)", "try(%s.k, %s)", "lookup(%s, \"k\", %s)", "contains(%s, %s)",
				"concat(%s, %s)[0]", "merge(%s, %s).k", "element(%s, %s)", "format(\"%%s%%v\", %s, %s)", "join(%s, %s)", "max(%s, %s)", "true ? %s : %s", "[%s, %s][1]", "{ a = %s, b = %s }.b"} {
				all = append(all, fmt.Sprintf(format, a, b))
			}
		}
		for _, f := range []string{"length", "keys", "values", "upper", "lower", "trimspace", "tostring", "tonumber", "tobool", "one", "flatten", "compact", "distinct", "toset", "tolist", "tomap", "abs", "ceil", "floor",
			"alltrue", "anytrue", "can", "try", "coalesce", "sort", "reverse", "title", "strrev", "signum", "jsondecode", "yamldecode"} {
			for _, format := range []string{"%s(%s)", "%s(%s)[0]", "length(%s(%s))", "!can(%s(%s))"} {
				all = append(all, fmt.Sprintf(format, f, a))
			}
		}
	}
	return all
}

// isEvaluable reports whether an expression only has names that the console knows.
func isEvaluable(t *testing.T, expression string) bool {
	t.Helper()
	parsed, diagnostics := hclsyntax.ParseExpression([]byte(expression), "x", hcl.InitialPos)
	if diagnostics.HasErrors() || strings.Contains(expression, "<<") {
		return false
	}
	if strings.HasPrefix(expression, "format(") && strings.Contains(expression, "null") {
		return false // the console does not know the result
	}
	for _, word := range []string{"provider::", "local.none", "timestamp", "uuid", "9999999", "local.map.w", "local.map[\"w\"]"} {
		if strings.Contains(expression, word) {
			return false
		}
	}
	return !slices.ContainsFunc(parsed.Variables(), func(traversal hcl.Traversal) bool {
		return !slices.Contains([]string{"var", "local", "x", "k", "v", "i"}, traversal.RootName())
	})
}

// console returns the texts of expressions with a value of the variable that is not known, "" for one that fails.
func console(t *testing.T, binary string, expressions []string, given string) []string {
	t.Helper()
	var results strings.Builder
	for i, expression := range expressions {
		fmt.Fprintf(&results, "  e%d = try(tostring(nonsensitive(%s)), tostring(%s), null)\n", i, expression, expression)
	}
	module := strings.Replace(declared, `variable "unknown" {}`, `variable "unknown" { default = `+given+` }`, 1)
	text := module + "\nlocals {\n results = {\n" + results.String() + " }\n}\n"
	printed := printed(t, binary, text, `jsonencode(local.results)`)
	var values map[string]*string
	if err := json.Unmarshal([]byte(printed), &values); err != nil {
		t.Fatalf("%v: %s", err, printed)
	}
	texts := make([]string, len(expressions))
	for i := range expressions {
		if value := values[fmt.Sprintf("e%d", i)]; value != nil {
			texts[i] = *value
		}
	}
	return texts
}

// printed returns the text that the console prints for an expression in a module.
func printed(t *testing.T, binary, module, expression string) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "main.tf"), []byte(module), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(binary, "-chdir="+folder, "console")
	command.Stdin = strings.NewReader("jsonencode(tostring(" + expression + "))\n")
	var errors strings.Builder
	command.Stderr = &errors
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, errors.String(), out)
	}
	value, _, _ := strings.Cut(string(out), "\n") // a slow console says more
	var quoted, text string
	if json.Unmarshal([]byte(value), &quoted) != nil || json.Unmarshal([]byte(quoted), &text) != nil {
		t.Fatalf("it prints %s", out)
	}
	return text
}
