package bicep

import (
	"path/filepath"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// FuzzRead reads any text as a template and as a parameters file that names itself.
func FuzzRead(f *testing.F) {
	archives, err := filepath.Glob("../../../../testdata/languages/bicep/*.txtar")
	if err != nil || len(archives) == 0 {
		f.Fatalf("no examples: %v", err)
	}
	for _, name := range archives {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			f.Add(string(file.Data))
		}
	}
	for _, text := range hostile() {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, name := range []string{"main.bicep", "main.bicepparam"} {
			r := Open(selfFiles{text})
			file := r.Read(name, []byte(text))
			if again := r.Read(name, []byte(text)); again != file {
				t.Fatal("read twice")
			}
			for _, document := range file.Documents {
				checkSpans(t, document.Root, len(file.Text))
			}
			last := -1
			for _, comment := range file.Comments() {
				if comment.Mark <= last || comment.Start < comment.Mark || comment.End < comment.Start || comment.End > len(file.Text) {
					t.Fatalf("comment %+v after %d in %q", comment, last, text)
				}
				last = comment.Mark
			}
		}
	})
}

// selfFiles has a text as every file.
type selfFiles struct{ text string }

func (f selfFiles) Resolve(_, path string) (string, bool) { return path, true }

func (f selfFiles) Read(name string) ([]byte, bool) {
	if len(name) > len("other.bicep") {
		return nil, false
	}
	return []byte(f.text), true
}

// checkSpans checks that all values of a tree are in their file.
func checkSpans(t *testing.T, n *source.Node, depth int) {
	t.Helper()
	span := n.Span()
	if size := len(n.File().Text); span.Start.Offset > span.End.Offset || span.End.Offset > size {
		t.Fatalf("%s is at %+v of %d bytes", n.Path(), span, size)
	}
	if depth--; depth < 0 {
		return
	}
	for _, item := range n.Items() {
		checkSpans(t, item, depth)
	}
	for _, member := range n.Members() {
		checkSpans(t, member.Key, 0)
		checkSpans(t, member.Value, depth)
	}
}

// hostile returns texts that once were, or may become, slow or deep.
func hostile() []string {
	return []string{
		"", "'", "'''", "$'''", "$$'''$${", "var x = '${", "var x = '\\u{110000}'", "/*", "@", "@a(", "param", "param x", "param x =", "resource a 'b' =",
		"resource a 'Microsoft.Web/sites@1' = {\n  parent: a\n  name: a.name\n}\n",
		"resource a 'Microsoft.Web/sites@1' = {\n  parent: b\n  name: b.id\n}\nresource b 'Microsoft.Web/sites@1' = {\n  parent: a\n  name: '${a.name}${a.id}${a.name}'\n}\n",
		"func f(x int) int => f(f(x))\nresource a 'Microsoft.Web/sites@1' = {\n  name: f(f(f(1)))\n}\n",
		"module m 'main.bicep' = {\n  name: 'm'\n}\nresource a 'Microsoft.Web/sites@1' = {\n  name: 'a'\n}\n",
		"import { x } from 'other.bicep'\nimport * as y from 'main.bicep'\ntype t = x | t | y.z\nparam p t\nvar v = y.v\n",
		"using 'main.bicep'\nextends 'main.bicepparam'\nparam x = 1\n",
		"resource a 'Microsoft.Web/sites@1' = [for x in [for y in z: y]: {\n  name: [for x in x: {a: [for x in x: x]}]\n}]\n",
		"module m 'main.bicep' = {\n  params: { a: m.outputs.a }\n}\noutput a string = m.outputs.a\nresource a 'Microsoft.Web/sites@1' = {\n  name: m.outputs.a\n}\n",
		"module m 'a.json' = [for i in range(0, 2): if (i > 0) {\n  params: { ...{} }\n}]\nresource a 'Microsoft.Web/sites@1' = {\n  name: m[0].outputs['a']\n}\n",
		"module m 'br/a:b:1' = {}\nvar x = loadJsonContent('a.json', '$.a[0].b')\nvar y = sys.loadYamlContent('a', 'x', 'utf-8')\nresource a 'Microsoft.Web/sites@1' = {\n  name: loadTextContent('a')\n  properties: x\n}\n",
		"{\"resources\": [], \"outputs\": {\"a\": {\"value\": \"[x\"}}, \"moduleAliases\": {\"br\": {\"a\": {\"registry\": \"mcr.microsoft.com\"}}}}",
		"\ufeffvar x = 1\r\nvar y = 2\rvar z = 3",
	}
}
