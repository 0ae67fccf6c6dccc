package terraform

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// project is a project in memory.
type project map[string]string

func (p project) Resolve(from, to string) (string, bool) {
	name := path.Join(path.Dir(from), to)
	return name, !strings.HasPrefix(name, "../") && name != ".."
}

func (p project) Read(name string) ([]byte, bool) {
	text, ok := p[name]
	return []byte(text), ok
}

func (p project) List(folder string) []string {
	var names []string
	for name := range p {
		if path.Dir(name) == folder {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (p project) Folders(folder string) []string {
	var names []string
	for name := range p {
		for at := path.Dir(name); at != "."; at = path.Dir(at) {
			if path.Dir(at) == folder && !slices.Contains(names, at) {
				names = append(names, at)
			}
		}
	}
	slices.Sort(names)
	return names
}

// read reads all files of a project as a run does.
func (p project) read() (*Reader, map[string]*source.File) {
	r := Open(p)
	files := map[string]*source.File{}
	for _, folder := range p.folders() {
		for _, name := range p.List(folder) {
			if Marked(name, []byte(p[name])) {
				files[name] = r.Read(name, []byte(p[name]))
			}
		}
	}
	return r, files
}

func (p project) folders() []string {
	var folders []string
	for name := range p {
		if folder := path.Dir(name); !slices.Contains(folders, folder) {
			folders = append(folders, folder)
		}
	}
	slices.Sort(folders)
	return folders
}

// TestConcurrentReads reads the files of modules that call each other at the same time. The race detector checks it.
func TestConcurrentReads(t *testing.T) {
	p := project{"variables.tf": "# mlpolicy:ignore memory reason=x\nvariable \"v\" { default = 1 }\n", "terraform.tfvars": "v = 2 # mlpolicy:ignore memory reason=x\n"}
	for i := range 8 {
		p[fmt.Sprintf("f%d.tf", i)] = fmt.Sprintf("module \"m%d\" {\n source = \"./m\"\n v = var.v\n}\nresource \"azurerm_container_group\" \"x%d\" {\n name = var.v\n}\n", i, i)
	}
	p["m/main.tf"] = "resource \"azurerm_container_group\" \"x\" {\n name = var.v\n}\n"
	p["m/variables.tf"] = "variable \"v\" {} # mlpolicy:ignore memory reason=x\n"
	for range 20 {
		r := Open(p)
		var readers sync.WaitGroup
		for name, text := range p {
			readers.Go(func() {
				f := r.Read(name, []byte(text))
				want := 1
				if strings.HasPrefix(name, "f") {
					want = 2
				}
				if got := len(resources(f)); strings.HasPrefix(name, "f") && got != want || len(f.Documents) != 1 {
					t.Errorf("%s has %d documents and %d resources", name, len(f.Documents), got)
				}
				f.Comments()
			})
		}
		readers.Wait()
	}
}

// resources returns the resources that a file describes.
func resources(f *source.File) []*source.Node {
	var all []*source.Node
	if f == nil {
		return nil
	}
	for _, document := range f.Documents {
		all = append(all, document.Root.Get("resource_changes").Items()...)
	}
	return all
}

// nameOf returns the name of a resource whose name is an expression, ? for one that is not known.
func nameOf(t *testing.T, declarations, expression string) string {
	t.Helper()
	return namesOf(t, declarations, []string{expression})[0]
}

// namesOf returns the names of resources whose names are expressions.
func namesOf(t *testing.T, declarations string, expressions []string) []string {
	t.Helper()
	var text strings.Builder
	for i, expression := range expressions {
		fmt.Fprintf(&text, "resource \"azurerm_container_group\" \"x%d\" {\n  name = %s\n}\n", i, expression)
	}
	_, files := project{"m/main.tf": text.String() + declarations}.read()
	all := resources(files["m/main.tf"])
	if len(all) != len(expressions) {
		t.Fatalf("%s: %d resources, %s", expressions[0], len(all), files["m/main.tf"].Skipped)
	}
	names := make([]string, len(all))
	for i, resource := range all {
		name, ok := resource.At("change", "after", "name").Scalar()
		if names[i] = name; !ok {
			names[i] = "?"
		}
	}
	return names
}

// declared is what the expressions of the tests use.
const declared = `
locals {
  list  = ["b", "a", "c"]
  map   = { x = 1, y = { z = "deep" } }
  text  = "Hello"
  n     = 7
  null  = null
  mixed = ["a", var.unknown, "c"]
}
variable "unknown" {}
variable "secret" {
  default   = "s"
  sensitive = true
}
`

// expressions are expressions with the text of their value, ? for one that is not known.
func expressions() []struct{ expression, want string } {
	return []struct{ expression, want string }{
		{`"plain"`, "plain"}, {`1.50`, "1.5"}, {`true`, "true"}, {`"a\nb"`, "a\nb"}, {`"${local.text}!"`, "Hello!"}, {`"${local.n}"`, "7"},
		{`"$${x}"`, "${x}"}, {`"%{ if true }a%{ else }b%{ endif }"`, "a"}, {`"%{ if var.unknown }a%{ endif }"`, "?"}, {`"%{ for x in local.list }${x}%{ endfor }"`, "?"},
		{`local.map.x`, "1"}, {`local.map["y"].z`, "deep"}, {`local.list[1]`, "a"}, {`local.list.2`, "c"}, {`local.list[3]`, "?"}, {`local.map.w`, "?"}, {`local.none`, "?"},
		{`local.n + 1`, "8"}, {`local.n % 4`, "3"}, {`-local.n`, "-7"}, {`(1 + 2) * 3`, "9"}, {`1 / 0`, "?"}, {`1 / 4`, "0.25"}, {`0.1 + 0.2`, "0.3"},
		{`local.n > 3 ? "big" : "small"`, "big"}, {`local.n == 7`, "true"}, {`local.n != 7`, "false"}, {`"7" == local.n`, "?"}, {`local.null == null`, "true"}, {`local.list == null`, "false"},
		{`local.list == []`, "?"}, {`!true`, "false"}, {`true && false`, "false"}, {`var.unknown && false`, "false"}, {`true || var.unknown`, "true"}, {`var.unknown || false`, "?"},
		{`var.unknown ? "a" : "a"`, "a"}, {`var.unknown ? "a" : "b"`, "?"}, {`(var.unknown ? { a = 1, b = 2 } : { a = 1, b = 3 }).a`, "1"}, {`(var.unknown ? { a = 1, b = 2 } : { a = 1, b = 3 }).b`, "?"},
		{`(var.unknown ? { a = 1 } : {}).a`, "?"}, {`"true" ? 1 : 2`, "1"}, {`1 ? "a" : "b"`, "?"}, {`local.null ? 1 : 2`, "?"},
		{`join("-", [for x in local.list : upper(x)])`, "B-A-C"}, {`join("-", [for i, x in local.list : "${i}${x}" if i > 0])`, "1a-2c"}, {`{ for k, v in { b = 1, a = 2 } : k => v + 1 }.a`, "3"},
		{`join(",", [for k, v in { b = 1, a = 2 } : k])`, "a,b"}, {`[for x in local.list : x][0]`, "b"}, {`[for x in var.unknown : x][0]`, "?"}, {`join(",", local.list[*])`, "b,a,c"},
		{`join(",", [{ a = 1 }, { a = 2 }][*].a)`, "1,2"}, {`join(",", [{ a = 1 }, { a = 2 }].*.a)`, "1,2"}, {`length(local.null[*])`, "0"}, {`length("x"[*])`, "1"},
		{`merge({ a = 1 }, { a = 2 }).a`, "2"}, {`merge({ a = 1 }, var.unknown).a`, "?"}, {`merge(var.unknown, { a = 1 }).a`, "1"}, {`merge({ a = 1 }, null).a`, "1"}, {`merge({ a = 1 }, { (var.unknown) = 2 }).a`, "?"},
		{`concat(["a"], ["b"])[1]`, "b"}, {`concat(var.unknown, ["b"])[0]`, "?"}, {`length(concat(["a"], var.unknown))`, "?"}, {`length(local.list)`, "3"}, {`length(local.map)`, "2"}, {`length("héllo")`, "5"},
		{`flatten([["a"], ["b", ["c"]]])[2]`, "c"}, {`flatten([["a"], var.unknown])[0]`, "?"}, {`compact(["", "a", null])[0]`, "a"}, {`distinct(["a", "a", "b"])[1]`, "b"}, {`length(toset(["a", "a"]))`, "1"},
		{`reverse(local.list)[0]`, "c"}, {`lookup(local.map, "x", 5)`, "1"}, {`lookup(local.map, "w", 5)`, "5"}, {`lookup(var.unknown, "w", 5)`, "?"}, {`lookup(local.map, var.unknown, 5)`, "?"},
		{`element(local.list, 4)`, "a"}, {`element(local.list, -1)`, "c"}, {`coalesce("", null, "c")`, "c"}, {`coalesce(var.unknown, "c")`, "?"}, {`coalesce("a", var.unknown)`, "a"}, {`coalescelist([], ["x"])[0]`, "x"},
		{`one(["x"])`, "x"}, {`one([])`, "?"}, {`keys(local.map)[0]`, "x"}, {`values({ b = 1, a = 2 })[0]`, "2"}, {`contains(local.list, "a")`, "true"}, {`contains(local.list, "z")`, "false"},
		{`contains(local.mixed, "c")`, "true"}, {`contains(local.mixed, "z")`, "?"}, {`alltrue([true, false])`, "false"}, {`anytrue([var.unknown, true])`, "true"}, {`alltrue([])`, "true"}, {`alltrue([true, var.unknown])`, "?"},
		{`tostring(7)`, "7"}, {`tonumber("7") + 1`, "8"}, {`tobool("true") && true`, "true"}, {`tonumber("x")`, "?"}, {`tolist(local.list)[0]`, "b"}, {`tomap(local.map).x`, "?"}, {`tomap({ a = 1, b = 2 }).b`, "2"},
		{`try(local.map.w, "d")`, "d"}, {`try(local.map.x, "d")`, "1"}, {`try(var.unknown.w, "d")`, "?"}, {`try(tonumber("x"), 3)`, "3"}, {`can(local.map.w)`, "false"}, {`can(local.map.x)`, "true"}, {`can(var.unknown.w)`, "?"},
		{`format("%s-%03d", "a", 7)`, "a-007"}, {`format("%9999999s", "a")`, "?"}, {`format("%*s", 9999999, "a")`, "?"}, {`format("%s", var.unknown)`, "?"}, {`replace("a.b", ".", "-")`, "a-b"}, {`replace("a1b", "/[0-9]/", "x")`, "axb"},
		{`lower("ABC")`, "abc"}, {`upper("abc")`, "ABC"}, {`title("ab cd")`, "Ab Cd"}, {`trim("xax", "x")`, "a"}, {`trimprefix("abc", "a")`, "bc"}, {`trimsuffix("abc", "c")`, "ab"}, {`trimspace(" a ")`, "a"}, {`chomp("a\n")`, "a"},
		{`substr("hello", 1, 3)`, "ell"}, {`split(",", "a,b")[1]`, "b"}, {`strrev("abc")`, "cba"}, {`regex("[0-9]+", "a12")`, "12"}, {`sort(local.list)[0]`, "a"}, {`startswith("abc", "ab")`, "true"}, {`endswith("abc", "bc")`, "true"},
		{`strcontains("abc", "b")`, "true"}, {`max(1, 5, 3)`, "5"}, {`min(local.list...)`, "?"}, {`max([1, 9]...)`, "9"}, {`ceil(1.2)`, "2"}, {`floor(1.8)`, "1"}, {`abs(-3)`, "3"}, {`parseint("ff", 16)`, "255"}, {`signum(-3)`, "?"},
		{`jsondecode("{\"a\": {\"b\": 4}}").a.b`, "4"}, {`yamldecode("a: [x, y]").a[1]`, "true"}, {`yamldecode("a: [x, z]").a[1]`, "z"}, {`jsondecode("a")`, "?"}, {`tolist([1, "a"])[0] == 1`, "?"}, {`jsondecode(jsonencode({ a = 1 })).a`, "1"}, {`jsonencode({ a = 1 })`, "?"}, {`nonsensitive("a")`, "a"}, {`sensitive("a")`, "?"},
		{`var.secret`, "?"}, {`"x-${var.secret}"`, "?"}, {`file("x")`, "?"}, {`templatefile("x", {})`, "?"}, {`timestamp()`, "?"}, {`uuid()`, "?"}, {`range(3)[0]`, "?"}, {`setproduct(["a"], ["b"])[0][0]`, "?"},
		{`data.x.y.z`, "?"}, {`azurerm_resource_group.x.name`, "?"}, {`module.x.y`, "?"}, {`each.key`, "?"}, {`path.module`, "?"}, {`terraform.workspace`, "?"}, {`provider::x::f("a")`, "?"}, {`core::upper("a")`, "A"},
		{`1e1000000`, "?"}, {`"{{ name }}"`, "?"}, {"<<EOT\na\nb\nEOT\n", "a\nb\n"}, {"<<-EOT\n    a\n      b\n    EOT\n", "a\n  b\n"},
	}
}

func TestExpressions(t *testing.T) {
	tests := expressions()
	if len(tests) == 0 {
		t.Fatal("no cases")
	}
	for _, test := range tests {
		if got := nameOf(t, declared, test.expression); got != test.want {
			t.Errorf("%s is %q, want %q", test.expression, got, test.want)
		}
	}
}

// typed are values of variables of a type with the text at a path, ? for one that is not known.
func typed() []struct{ kind, value, path, want string } {
	return []struct{ kind, value, path, want string }{
		{"string", "8", "", "8"}, {"number", `"8"`, " + 1", "9"}, {"number", `"x"`, "", "?"}, {"bool", `"true"`, "", "true"}, {"any", "8", "", "8"}, {`"string"`, "8", "", "8"}, {"string", "null", "", "?"},
		{"list(string)", `[1, 2]`, "[1]", "2"}, {"set(string)", `["a", "a"]`, "[*]", "?"}, {"map(number)", `{ a = "1" }`, ".a + 1", "2"}, {"tuple([string, number])", `["a", "2"]`, "[1]", "2"},
		{"object({ a = string })", `{ a = "x", b = "y" }`, ".a", "x"}, {"object({ a = string })", `{ a = "x", b = "y" }`, ".b", "?"}, {"object({ a = optional(string) })", `{}`, ".a", "?"},
		{"object({ a = optional(number, 3) })", `{}`, ".a", "3"}, {"object({ a = optional(number, 3) })", `{ a = null }`, ".a", "3"}, {"object({ a = optional(number, 3) })", `{ a = 5 }`, ".a", "5"},
		{"object({ a = object({ b = optional(string, \"d\") }) })", `{ a = {} }`, ".a.b", "d"}, {"list(object({ a = optional(string, \"d\") }))", `[{}]`, "[0].a", "d"}, {"object({ a = string })", `{}`, ".a", "?"},
		{"map(object({ a = optional(string, \"d\"), c = string }))", `{ k = { c = "x" } }`, ".k.a", "d"}, {"list", `["a"]`, "[0]", "a"}, {"what(string)", `"a"`, "", "?"}, {"object({ a = string })", `"a"`, ".a", "?"},
	}
}

// TestTypes converts values to the types that variables declare.
func TestTypes(t *testing.T) {
	tests := typed()
	if len(tests) == 0 {
		t.Fatal("no cases")
	}
	for _, test := range tests {
		declarations := "variable \"v\" {\n  type = " + test.kind + "\n  default = " + test.value + "\n}\n"
		if got := nameOf(t, declarations, "var.v"+test.path); got != test.want {
			t.Errorf("%s of type %s at %q is %q, want %q", test.value, test.kind, test.path, got, test.want)
		}
	}
}

// TestHostileTexts reads texts that are made to take much time or memory.
func TestHostileTexts(t *testing.T) {
	const resource = "resource \"azurerm_container_group\" \"x\" {\n  name = local.x\n}\n"
	local := func(expression string) string { return resource + "locals {\n  x = " + expression + "\n}\n" }
	chain := func(n int, format string) string {
		text := resource + "locals {\n  x = local.l" + fmt.Sprint(n) + "\n  l0 = \"ab\"\n"
		for i := range n {
			text += fmt.Sprintf("  l%d = "+format+"\n", i+1, i, i)
		}
		return text + "}\n"
	}
	tests := map[string]string{
		"brackets":             local(strings.Repeat("[", 2e4) + strings.Repeat("]", 2e4)),
		"brackets and texts":   local(strings.Repeat(`["]", `, 2e4) + strings.Repeat("]", 2e4)),
		"open brackets":        local(strings.Repeat("(", 2e4)),
		"blocks":               strings.Repeat("a {\n", 2e4) + strings.Repeat("}\n", 2e4) + resource,
		"templates":            local(strings.Repeat(`"${`, 2e4) + "1" + strings.Repeat(`}"`, 2e4)),
		"directives":           local(`"` + strings.Repeat(`%{ if true }`, 2e4) + strings.Repeat(`%{ endif }`, 2e4) + `"`),
		"negations":            local(strings.Repeat("!", 2e4) + "true"),
		"signs":                local(strings.Repeat("-", 2e4) + "1"),
		"sums":                 local("1" + strings.Repeat("+1", 2e4)),
		"sums in brackets":     local("(" + strings.Repeat("1\n+", 2e4) + "1)"),
		"conditions":           local(strings.Repeat("true ? 1 : ", 2e4) + "2"),
		"indexes":              local("a" + strings.Repeat("[b]", 2e4)),
		"splats":               local("a" + strings.Repeat("[*]", 2e4)),
		"attributes":           local("a" + strings.Repeat(".b", 2e4)),
		"doubling texts":       chain(60, `"${local.l%d}${local.l%d}"`),
		"doubling lists":       chain(60, `[local.l%d, local.l%d]`),
		"doubling objects":     chain(60, `{ a = local.l%d, b = local.l%d }`),
		"doubling concat":      chain(60, `concat([local.l%d], [local.l%d])`),
		"doubling merge":       chain(60, `merge({ a = local.l%d }, { b = local.l%d })`),
		"doubling JSON":        chain(60, `jsonencode([local.l%d, local.l%d])`),
		"nested loops":         local("[for a in local.l : [for b in local.l : [for c in local.l : [for d in local.l : d]]]]\n  l = [" + strings.Repeat("1,", 1000) + "]"),
		"a long chain":         chain(5000, `local.l%d == local.l%d`),
		"replacement":          local(`replace("` + strings.Repeat("a", 2e4) + `", "a", "` + strings.Repeat("b", 2e4) + `")`),
		"empty replacement":    local(`replace("` + strings.Repeat("a", 2e4) + `", "", "` + strings.Repeat("b", 2e4) + `")`),
		"regular replacement":  local(`replace("` + strings.Repeat("a", 1e4) + `", "/a/", "` + strings.Repeat("$0", 1e4) + `")`),
		"wide formats":         local(`format("%099999999d", 1)`),
		"a large number":       local("1e999999999"),
		"a small number":       local("1e-999999999"),
		"lines":                local("<<EOT\n" + strings.Repeat("a\n", 2e5) + "EOT"),
		"products":             local("1e70" + strings.Repeat("*1e70", 900)),
		"an anchor bomb":       local("yamldecode(\"a: &a [x,x,x,x,x,x,x,x,x]\\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\\ng: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f]\\nh: [*g,*g,*g,*g,*g,*g,*g,*g,*g]\")"),
		"many kinds of blocks": "resource \"azurerm_container_group\" \"x\" {\n" + strings.Repeat("  a%d {}\n", 1) + kinds(20000) + "}\n",
	}
	if len(tests) == 0 {
		t.Fatal("no cases")
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			_, files := project{"m/main.tf": strings.ReplaceAll(text, "%d", "0")}.read()
			if f := files["m/main.tf"]; len(f.Problems) > 0 {
				t.Error(f.Problems)
			}
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("it takes %s", took)
			}
		})
	}
}

func kinds(n int) string {
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, "  b%d {}\n", i)
	}
	return text.String()
}

// TestManyModules reads modules of which each calls the next one twice.
func TestManyModules(t *testing.T) {
	p := project{}
	for i := range 40 {
		p[fmt.Sprintf("m%d/main.tf", i)] = fmt.Sprintf("module \"a\" {\n source = \"../m%d\"\n}\nmodule \"b\" {\n source = \"../m%d\"\n}\n", i+1, i+1)
	}
	p["m40/main.tf"] = "resource \"azurerm_container_group\" \"x\" {\n name = \"x\"\n}\n"
	start := time.Now()
	p.read()
	if took := time.Since(start); took > time.Minute {
		t.Errorf("it takes %s", took)
	}
}

// TestTooMuchWorkHidesNothing tries expressions whose values are too large, beside a resource that needs none of them.
func TestTooMuchWorkHidesNothing(t *testing.T) {
	doubling := func(first, next string) string {
		var text strings.Builder
		text.WriteString("locals {\n  l0 = " + first + "\n")
		for i := range 99 {
			fmt.Fprintf(&text, "  l%d = %s\n", i+1, strings.ReplaceAll(next, "L", fmt.Sprintf("local.l%d", i)))
		}
		return text.String() + "  bomb = local.l99\n}\n"
	}
	list := "[" + strings.Repeat("1,", 1000) + "]"
	long := "split(\"\", \"" + strings.Repeat("ab", 60_000) + "\")"
	bombs := map[string]string{
		"lists":        doubling("[1, 2]", "[L, L]"),
		"concat":       doubling("[1, 2]", "concat(L, L)"),
		"flatten":      doubling("[1, 2]", "flatten([for x in L : [x, x]])"),
		"templates":    doubling(`"ab"`, `"${L}${L}"`),
		"objects":      doubling("{ a = 1 }", "{ a = L, b = L }"),
		"merge":        doubling("{ a = 1 }", "{ a = merge(L, { c = L }), b = L }"),
		"conditions":   doubling("{ a = 1 }", "var.u ? { a = L, b = L } : { a = L, b = L }"),
		"encoded":      doubling(`"a"`, "jsonencode([L, L])"),
		"numbers":      doubling("1e200", "L * L"),
		"loops":        "locals {\n  a = " + list + "\n  bomb = [for x in local.a : [for y in local.a : [for z in local.a : [x, y, z]]]]\n}\n",
		"contains":     "locals {\n  a = " + long + "\n  bomb = [for x in local.a : x if contains(local.a, \"c\")]\n}\n",
		"sorted":       "locals {\n  a = " + long + "\n  bomb = [for x in local.a : sort(local.a)]\n}\n",
		"range":        "locals { bomb = range(1000000000) }\n",
		"wide":         "locals { bomb = format(\"%1000000000d\", 1) }\n",
		"expression":   "locals { bomb = regexall(\"((a{1,1000}){1,1000})*b\", \"" + strings.Repeat("a", 50_000) + "\") }\n",
		"unknown keys": "locals {\n  bomb = {" + strings.Repeat("\"${var.u}\" = 1, k = 2, ", 10_000) + "}\n}\n",
	}
	if len(bombs) == 0 {
		t.Fatal("no cases")
	}
	for name, text := range bombs {
		bomb := strings.Repeat("resource \"azapi_resource\" \"x\" {\n  type = \"a\"\n  body = { a = local.bomb, n = length(local.bomb) }\n}\n", 20)
		plain := "resource \"azurerm_container_group\" \"plain\" {\n  tags = local.bomb\n  name = \"plain\"\n  container {\n    memory = var.memory\n  }\n}\nvariable \"memory\" { default = 64 }\n"
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, files := project{"a.tf": text, "b.tf": bomb, "c.tf": plain}.read()
		runtime.ReadMemStats(&after)
		if allocated := (after.TotalAlloc - before.TotalAlloc) >> 20; allocated > 400 {
			t.Errorf("%s: %d MiB", name, allocated)
		}
		found := resources(files["c.tf"])
		if len(found) != 1 {
			t.Fatalf("%s: %d resources", name, len(found))
		}
		value := found[0].At("change", "after")
		if memory := value.At("container").Items()[0].Get("memory"); memory.Text() != "64" || value.Get("name").Text() != "plain" {
			t.Errorf("%s: memory is %q", name, memory.Text())
		}
	}
}

// TestModulesBehindTooManyCalls checks that a module is not left to a root module that does not reach it.
func TestModulesBehindTooManyCalls(t *testing.T) {
	p := project{"main.tf": "module \"m\" {\n  source = \"./m0\"\n}\nmodule \"near\" {\n  source = \"./near\"\n}\n"}
	const group = "resource \"azurerm_container_group\" \"x\" {\n  name = \"x\"\n}\n"
	for i := range 60 {
		p[fmt.Sprintf("m%d/main.tf", i)] = strings.ReplaceAll("module \"a\" {\n  source = \"../NEXT\"\n}\nmodule \"b\" {\n  source = \"../NEXT\"\n}\n", "NEXT", fmt.Sprintf("m%d", i+1)) + group
	}
	p["m60/main.tf"], p["near/main.tf"] = group, group
	r, files := p.read()
	for name, want := range map[string]bool{"near/main.tf": true, "m0/main.tf": true, "m5/main.tf": true, "m60/main.tf": false, "main.tf": false} {
		if r.IsCalled(files[name]) != want {
			t.Errorf("%s is called: %t", name, !want)
		}
	}
	if got := len(resources(files["main.tf"])); got == 0 || got > maxCalls {
		t.Errorf("%d resources", got)
	}
}

// TestTwiceTheTextTakesTwiceTheWork compares the allocations for a module with those for one of twice the size.
func TestTwiceTheTextTakesTwiceTheWork(t *testing.T) {
	repeat := func(format string, n int) string {
		var text strings.Builder
		for i := range n {
			text.WriteString(strings.ReplaceAll(format, "%d", fmt.Sprint(i)))
		}
		return text.String()
	}
	group := "resource \"azurerm_container_group\" \"x%d\" {\n  name = \"x-${var.v%d}\"\n  container {\n    memory = local.l%d\n    cpu = 1\n  }\n}\nvariable \"v%d\" { default = 1 }\nlocals { l%d = var.v%d * 2 }\n"
	shapes := map[string]func(n int) project{
		"resources": func(n int) project { return project{"m/main.tf": repeat(group, n)} },
		"members": func(n int) project {
			return project{"m/main.tf": "locals {\n  big = {\n" + repeat("    k%d = %d\n", n) + "  }\n}\n" + repeat("resource \"azurerm_container_group\" \"x%d\" {\n  name = local.big.k%d\n}\n", n)}
		},
		"items": func(n int) project {
			return project{"m/main.tf": strings.ReplaceAll(group, "%d", "") + "locals {\n  list = [\n" + repeat("    \"i%d\",\n", n) + "  ]\n  l = length([for x in local.list : upper(x)])\n}\n"}
		},
		"attributes": func(n int) project {
			return project{"m/main.tf": "resource \"azurerm_container_group\" \"x\" {\n  tags = {\n" + repeat("    t%d = \"v\"\n", n) + "  }\n}\n"}
		},
		"blocks": func(n int) project {
			return project{"m/main.tf": "resource \"azurerm_container_group\" \"x\" {\n" + repeat("  container {\n    cpu = 1\n    memory = %d\n  }\n", n) + "}\n"}
		},
		"calls": func(n int) project {
			n /= 5
			return project{"m/main.tf": repeat("module \"m%d\" {\n  source = \"./group\"\n  v = %d\n}\n", n), "m/group/main.tf": "variable \"v\" {}\nresource \"azurerm_container_group\" \"x\" {\n  name = var.v\n}\n"}
		},
		"files": func(n int) project {
			p := project{}
			for i := range n / 10 {
				p[fmt.Sprintf("m/f%05d.tf", i)] = strings.ReplaceAll(group, "%d", fmt.Sprint(i))
			}
			return p
		},
		"heredocs": func(n int) project {
			return project{"m/main.tf": repeat("resource \"kubectl_manifest\" \"x%d\" {\n  yaml_body = <<-YAML\n    apiVersion: v1\n    kind: Pod\n    metadata:\n      name: x%d\n  YAML\n}\n", n/4)}
		},
		"a heredoc": func(n int) project {
			n /= 4
			return project{"m/main.tf": "resource \"kubectl_manifest\" \"x\" {\n  yaml_body = <<-YAML\n    apiVersion: v1\n    kind: Pod\n    data:\n" + repeat("      k%d: v%d\n", n) + "  YAML\n}\n"}
		},
		"unknown keys": func(n int) project {
			return project{"m/main.tf": strings.ReplaceAll(group, "%d", "") + "locals {\n  l = {\n" + repeat("    k%d = 1\n    \"${var.u}%d\" = 2\n", n) + "  }\n}\n"}
		},
		"chosen files": func(n int) project {
			return project{"m/main.tf": repeat(group, n), "m/a.tfvars": repeat("v%d = 2\n", n), "m/b.tfvars": repeat("v%d = 3\n", n)}
		},
		"both tools": func(n int) project {
			return project{"m/main.tf": repeat(group, n), "m/a.tofu": repeat("locals { t%d = 2 }\n", n)}
		},
		"comments": func(n int) project {
			return project{"m/main.tf": strings.ReplaceAll(group, "%d", "") + repeat("# comment %d\n", n)}
		},
	}
	if len(shapes) == 0 {
		t.Fatal("no cases")
	}
	for name, shape := range shapes {
		allocated := func(n int) float64 {
			p := shape(n)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, files := p.read()
			runtime.ReadMemStats(&after)
			for _, f := range files {
				if f.Skipped != "" {
					t.Fatalf("%s: %s", name, f.Skipped)
				}
			}
			return float64(after.TotalAlloc - before.TotalAlloc)
		}
		allocated(100)
		if ratio := allocated(4000) / allocated(2000); ratio > 3 {
			t.Errorf("twice the %s takes %.1f times the memory", name, ratio)
		}
	}
}

func FuzzRead(f *testing.F) {
	names, err := filepath.Glob("../../../../testdata/formats/terraform/*.tf")
	if err != nil || len(names) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, []byte("size = 1"), false)
	}
	archives, err := filepath.Glob("../../../../testdata/languages/terraform/*.txtar")
	if err != nil || len(archives) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, name := range archives {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			f.Add(file.Data, []byte("variable \"size\" { default = \"x\" }\nlocals { y = var.size }\n"), isJSON(file.Name))
		}
	}
	f.Fuzz(func(t *testing.T, data, more []byte, inJSON bool) {
		name := "m/main.tf"
		if inJSON {
			name += ".json"
		}
		p := project{name: string(data), "m/variables.tf": string(more), "m/terraform.tfvars": string(more), "m/n/main.tf": string(more)}
		p["m/variables.tofu"], p["m/environments/production.tfvars"] = string(data), string(data)
		r, files := p.read()
		for _, file := range files {
			r.IsCalled(file)
			for _, document := range file.Documents {
				walkNodes(t, document.Root, 0)
			}
			file.Comments()
		}
	})
}

// walkNodes checks the spans of a tree.
func walkNodes(t *testing.T, n *source.Node, depth int) {
	if n == nil || depth > 2000 {
		t.Fatal("a node is missing, or too deep")
	}
	span := n.Span()
	if span.Start.Offset > span.End.Offset || span.End.Offset > len(n.File().Text) {
		t.Fatalf("span %v of %d bytes", span, len(n.File().Text))
	}
	for _, item := range n.Items() {
		walkNodes(t, item, depth+1)
	}
	for _, m := range n.Members() {
		walkNodes(t, m.Key, depth+1)
		walkNodes(t, m.Value, depth+1)
	}
}
