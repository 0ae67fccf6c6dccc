package bicep

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestDepth reads nesting beyond the limit: the declaration is skipped, and the next one is read.
func TestDepth(t *testing.T) {
	const next = "\nresource next 'Microsoft.Web/sites@2022-09-01' = {\n  name: 'next'\n}\n"
	const deep = 100_000
	nested := func(open, inner, shut string) string {
		return "var deep = " + strings.Repeat(open, deep) + inner + strings.Repeat(shut, deep)
	}
	tests := map[string]string{
		"lists":        nested("[", "1", "]"),
		"objects":      nested("{a: ", "1", "}"),
		"parentheses":  nested("(", "1", ")"),
		"calls":        nested("f(", "1", ")"),
		"indexes":      "var deep = a" + strings.Repeat("[a", deep) + strings.Repeat("]", deep),
		"strings":      nested("'${", "1", "}'"),
		"texts":        nested("$'''${", "1", "}'''"),
		"signs":        nested("!-", "1", ""),
		"ternaries":    nested("a ? ", "1", " : 2"),
		"otherwise":    nested("a ? b : ", "1", ""),
		"lambdas":      nested("x => ", "x", ""),
		"loops":        nested("[for x in y: ", "x", "]"),
		"spreads":      nested("[...", "x", "]"),
		"members":      nested("a", "", ".a"),
		"operators":    nested("1 + ", "1", ""),
		"types":        "param deep " + strings.Repeat("{a: ", deep) + "int" + strings.Repeat("}", deep),
		"list types":   "param deep " + strings.Repeat("[", deep) + "int" + strings.Repeat("]", deep),
		"type marks":   "param deep " + strings.Repeat("(", deep) + "int" + strings.Repeat(")", deep),
		"resources":    "resource deep 'a/b@1' = " + strings.Repeat("{ resource a 'b' = ", deep) + "{}" + strings.Repeat("}", deep),
		"decorators":   strings.Repeat("@a(", deep) + "\nvar decorated = 1",
		"unterminated": nested("[{a: (", "", ""),
	}
	if len(tests) == 0 {
		t.Fatal("no tests")
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			begun := time.Now()
			r := Open(nil)
			file := r.Read("main.bicep", []byte(text+next))
			if took := time.Since(begun); took > 10*time.Second {
				t.Errorf("took %s", took)
			}
			if len(file.Documents) != 1 || len(file.Documents[0].Root.Get("resources").Items()) != 1 {
				t.Errorf("the next declaration is not read: %d documents, skipped %q", len(file.Documents), file.Skipped)
			}
		})
	}
}

// TestShallow reads nesting that real files have.
func TestShallow(t *testing.T) {
	text := "var shallow = " + strings.Repeat("[{ a: (", 15) + "1" + strings.Repeat(") }]", 15) + "\n"
	r := Open(nil)
	file := r.Read("main.bicep", []byte(text))
	if read, unread := r.Declarations(file); read != 1 || unread != 0 {
		t.Errorf("%d declarations are read and %d are not", read, unread)
	}
}

// growing returns texts that grow with a number of declarations, and that may need more than twice the work for twice the text.
func growing() map[string]func(n int) string {
	each := func(format string) func(n int) string {
		return func(n int) string {
			var text strings.Builder
			for i := range n {
				text.WriteString(strings.NewReplacer("@i", fmt.Sprint(i), "@j", fmt.Sprint(i+1)).Replace(format))
			}
			return text.String()
		}
	}
	const site = "resource r@i 'Microsoft.Web/sites@2022-09-01' = {\n  name: NAME\n  kind: 'functionapp'\n}\n"
	named := func(name string) func(n int) string { return each(strings.Replace(site, "NAME", name, 1)) }
	return map[string]func(n int) string{
		"resources":     named("'site@i'"),
		"parameters":    each("@description('a')\nparam p@i string = 'a@i'\n" + strings.Replace(site, "NAME", "p@i", 1)),
		"chained names": named("'${r@j.name}${r@j.id}x'"),
		"chained ids":   each("resource r@i 'Microsoft.Web/sites@2022-09-01' = {\n  parent: r@j\n  name: r@j.id\n}\n"),
		"variables":     each("var v@i = v@j\n" + strings.Replace(site, "NAME", "v@i", 1)),
		"functions":     each("func f@i(x string) string => '${f@j(x)}${f@j(x)}'\n" + strings.Replace(site, "NAME", "f@i('a')", 1)),
		"types":         each("type t@i = t@j | string\nparam p@i t@i = 'a'\n" + strings.Replace(site, "NAME", "p@i", 1)),
		"loops": each("resource r@i 'Microsoft.Web/sites@2022-09-01' = [for x in [for y in range(0, 9): y]: {\n" +
			"  name: 'a${x}'\n  properties: { a: [for z in [1, 2]: { a: [for z in [x]: z] }] }\n}]\n"),
		"spreads":  each("var v@i = [...v@j, { ...v@j, a: [1] }]\n" + strings.Replace(site, "NAME", "v@i[0].a", 1)),
		"broken":   each("resource r@i 'Microsoft.Web/sites@2022-09-01' = {\n  name: 'a'\n"),
		"unclosed": each("var v@i = [\nvar \n"),
		"strings":  each("var v@i = 'a\n"),
		"texts":    each("var v@i = '''\na\n"),
		"comments": each("/* a */ var v@i = 1 // b\n// c\n"),
		"gaps":     each("var v@i = a ? b : c ? d : e ? f : g\n// comment of a line\n\n\n"),
		"opened":   each("/*\nvar v@i = ("),
		"modules":  each("module m@i 'main.bicep' = {\n  params: { a: 'b' }\n}\n"),
		"outputs":  each("module m@i 'main.bicep' = {\n  params: { a: m@j.outputs.a }\n}\noutput o@i string = m@j.outputs.o@i\n" + strings.Replace(site, "NAME", "m@i.outputs.a", 1)),
		"loads":    each("var l@i = loadJsonContent('main.bicep', 'a@i[0]')\n" + strings.Replace(site, "NAME", "loadTextContent('main.bicep')", 1)),
		"registry": each("module m@i 'br/public:avm/res/web/site:0.1.0' = {\n  params: { name: 'a@i', kind: 'functionapp' }\n}\n"),
		"one list": func(n int) string {
			return "var v = [\n" + each("  'a@i'\n")(n) + "]\n" + strings.Replace(site, "NAME", "v[0]", 1)
		},
		"one chain": func(n int) string { return "var v = a" + strings.Repeat(" + a", n) + "\n" },
		"one line":  func(n int) string { return strings.Repeat(" ", n) + "#" + strings.Repeat("#", n) },
	}
}

// TestTwiceTheText compares the work for a text with that for twice the text.
func TestTwiceTheText(t *testing.T) {
	tests := growing()
	if len(tests) == 0 {
		t.Fatal("no tests")
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			allocations := func(n int) float64 {
				data := []byte(text(n))
				return testing.AllocsPerRun(1, func() {
					begun := time.Now()
					Open(selfFiles{"module m 'main.bicep' = {}\n"}).Read("main.bicep", data)
					if took := time.Since(begun); took > 10*time.Second {
						t.Fatalf("%d declarations take %s", n, took)
					}
				})
			}
			once, twice := allocations(1_000), allocations(2_000)
			if twice > 2.2*once+1_000 {
				t.Errorf("1000 declarations take %v allocations, 2000 take %v", once, twice)
			}
		})
	}
}

// TestComments finds comments, and none in strings.
func TestComments(t *testing.T) {
	const text = `// first
@description('// no comment') /* second
   line */
var url = 'https://example.com/*' // third
#disable-next-line rule // no comment
var text = '''
// no comment
/* nor this */
'''
var hole = '${/* fourth */ url}/*'
broken 'https://' // fifth
var last = 1/2//sixth`
	file := Open(nil).Read("main.bicep", []byte(text))
	var got []string
	for _, comment := range file.Comments() {
		got = append(got, text[comment.Start:comment.End])
	}
	want := []string{"first", "second\n   line", "third", "fourth", "fifth", "sixth"}
	if !slices.Equal(got, want) {
		t.Errorf("comments are %q, want %q", got, want)
	}
}

// TestMarked recognizes files by their bytes.
func TestMarked(t *testing.T) {
	tests := []struct {
		name, text string
		marked     bool
	}{
		{"main.bicep", "resource a 'Microsoft.MachineLearningServices/workspaces@2023-10-01' = {}", true},
		{"main.bicep", "resource a 'microsoft.containerinstance/containerGroups@2023-05-01' = {}", true},
		{"main.bicep", "module a 'a.bicep' = {}", true},
		{"main.bicep", "resource a 'Microsoft.Storage/storageAccounts@2023-01-01' = {}", false},
		{"main.bicepparam", "using 'main.bicep'", true},
		{"MAIN.BICEPPARAM", "using 'main.bicep'", true},
		{"main.bicepparam", "param a = 'Microsoft.Web/sites'", false},
	}
	if len(tests) == 0 {
		t.Fatal("no tests")
	}
	for _, test := range tests {
		if got := Marked(test.name, []byte(test.text)); got != test.marked {
			t.Errorf("%s with %q: marked is %t", test.name, test.text, got)
		}
	}
}

// TestUnreadableText reads what is not text.
func TestUnreadableText(t *testing.T) {
	file := Open(nil).Read("main.bicep", []byte("resource a 'Microsoft.Web/sites@1' = {\n  name: '\xff\xfe'\n}\n"))
	if len(file.Documents) != 0 {
		t.Error("undecodable bytes have a document")
	}
	if file := Open(nil).Read("empty.bicep", nil); len(file.Documents) != 0 || file.Skipped != "" {
		t.Errorf("an empty file has %d documents and is skipped because %q", len(file.Documents), file.Skipped)
	}
}
