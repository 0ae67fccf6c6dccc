//go:build pairs

package extract

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/armexpr"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/language/bicep"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// TestPairs compares Bicep with its compiler. In each folder of the checkout MLPOLICY_PAIRS that has a template compiled from Bicep beside
// its source, such as main.json beside main.bicep, the facts of the source must be a subset of those of the template, and no known value
// of any resource may differ. Paths that contain MLPOLICY_PAIRS_EXCEPT are left out.
func TestPairs(t *testing.T) {
	root := os.Getenv("MLPOLICY_PAIRS")
	if root == "" {
		t.Fatal("MLPOLICY_PAIRS names no folder")
	}
	all := &pairs{T: t}
	all.compareAll(root, os.Getenv("MLPOLICY_PAIRS_EXCEPT"))
	if all.count == 0 {
		t.Error("no pairs")
	}
	t.Logf("%d pairs, %d with facts; declarations %d, not understood %d; facts of the templates %d, read %d",
		all.count, all.relevant, all.declarations, all.unread, all.expected, all.read)
	t.Logf("values of all resources: %d in the templates, %d read, %d only in the sources", all.values, all.valuesRead, all.valuesMore)
}

// pairs are numbers of pairs, declarations, facts, and values of all resources.
type pairs struct {
	*testing.T
	count, relevant, declarations, unread, expected, read int
	values, valuesRead, valuesMore                        int
}

// compareAll compares the pairs below a folder.
func (p *pairs) compareAll(root, except string) {
	fsys := os.DirFS(root)
	err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) != ".bicep" || except != "" && strings.Contains(name, except) {
			return err
		}
		compiled, err := fs.ReadFile(fsys, strings.TrimSuffix(name, ".bicep")+".json")
		if err != nil { // without a template beside it
			return nil
		}
		template := source.Parse(strings.TrimSuffix(name, ".bicep")+".json", compiled)
		if len(template.Documents) != 1 || !template.Documents[0].Root.At("metadata", "_generator", "name").Is("bicep") {
			return nil
		}
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		p.count++
		p.compare(fsys, name, text, template)
		return nil
	})
	if err != nil {
		p.Fatal(err)
	}
}

// compare compares a source with its template.
func (p *pairs) compare(fsys fs.FS, name string, text []byte, template *source.File) {
	reader := bicep.Open(checkout{fsys})
	file := reader.Read(name, text)
	declarations, unread := reader.Declarations(file)
	p.declarations += declarations
	p.unread += unread
	p.compareValues(fsys, name, text, template)
	have, want := p.factsOf(file), p.factsOf(template)
	if len(want) > 0 {
		p.relevant++
	}
	for _, object := range want {
		p.expected += len(object)
	}
	for _, object := range have {
		best, score := -1, -1
		for i, other := range want {
			if s := similarity(object, other); s > score {
				best, score = i, s
			}
		}
		if best < 0 {
			p.Errorf("%s: only the source has %v", name, object)
			continue
		}
		other := want[best]
		want = slices.Delete(want, best, best+1)
		for key, value := range object {
			if other[key] == value {
				p.read++
			} else {
				p.Errorf("%s: %s of %s is %s; the template has %q", name, key, object["name"], value, other[key])
			}
		}
		for key, value := range other {
			if _, known := object[key]; !known {
				p.Logf("%s: only the template has %s of %s: %s", name, key, other["name"], value)
			}
		}
	}
	for _, other := range want {
		p.Logf("%s: only the template has %v", name, other)
	}
}

// compareValues compares the values of all resources of a source with those of its template.
func (p *pairs) compareValues(fsys fs.FS, name string, text []byte, template *source.File) {
	reader := bicep.Open(checkout{fsys})
	reader.All()
	have, want := valuesOf(reader.Read(name, text)), valuesOf(template)
	p.values += len(want)
	for _, at := range slices.Sorted(maps.Keys(have)) {
		if isAmbiguous(have, want, at) {
			continue
		}
		switch other, known := want[at]; {
		case other == have[at]:
			p.valuesRead++
		case known:
			p.Errorf("%s: %s is %q; the template has %q", name, at, have[at], other)
		default:
			p.valuesMore++
		}
	}
}

// isAmbiguous reports whether one of the resources of a path has the same name as another one.
func isAmbiguous(have, want map[string]string, at string) bool {
	for i, c := range at {
		if c == ')' && (have[at[:i+1]+"'"] != "" || want[at[:i+1]+"'"] != "" || strings.HasPrefix(at[i+1:], "'")) {
			return true
		}
	}
	return false
}

// similarity is the number of equal facts, less a large number for each different one.
func similarity(a, b map[string]string) int {
	score := 0
	for key, value := range a {
		if b[key] == value {
			score++
		} else {
			score -= 100
		}
	}
	return max(score, 0)
}

// factsOf returns the facts of each deployment and compute of a file, by name.
func (p *pairs) factsOf(file *source.File) []map[string]string {
	extraction, err := Extract(context.Background(), nil, []*source.File{file}, Options{Alone: true})
	if err != nil {
		p.Fatal(err)
	}
	var all []map[string]string
	for _, d := range extraction.Deployments {
		known := knownFacts(facts.DeploymentFields(), d)
		for _, model := range d.Models {
			for key, value := range knownFacts(facts.ModelFields(), model) {
				known["model "+key] = value
			}
		}
		if d.Compute != nil {
			for key, value := range knownFacts(facts.ComputeFields(), d.Compute) {
				known["compute "+key] = value
			}
		}
		for i, image := range d.Images {
			known[fmt.Sprint("image ", i)] = image.Value
		}
		all = append(all, known)
	}
	for _, c := range extraction.Computes {
		all = append(all, knownFacts(facts.ComputeFields(), c))
	}
	return all
}

// knownFacts returns the known facts of an object by name.
func knownFacts[T any](fields []facts.Field[T], object *T) map[string]string {
	known := map[string]string{}
	for _, field := range fields {
		if field.Fact == nil {
			continue
		}
		fact := field.Fact(object)
		if value, ok := fact.Any(); ok && fact.Origin().Why != noName {
			known[field.Name] = fmt.Sprint(value)
		}
	}
	return known
}

// noName is the reason of a name that only the file gives.
const noName = "the document has no name; this is the file name"

// checkout has the files of a checkout.
type checkout struct{ fsys fs.FS }

func (f checkout) Resolve(from, to string) (string, bool) {
	name := path.Join(path.Dir(from), to)
	return name, filepath.IsLocal(name)
}

func (f checkout) Read(name string) ([]byte, bool) {
	data, err := fs.ReadFile(f.fsys, name)
	return data, err == nil
}

// valuesOf returns the known values of all resources of a template by their path: the type and the name of the resource, then keys and
// indexes.
func valuesOf(file *source.File) map[string]string {
	all := map[string]string{}
	for _, document := range file.Documents {
		r := &read.Reader{Root: document.Root}
		w := &valueWalk{Evaluator: armexpr.New(r), all: all}
		w.template(document.Root, armexpr.Env{Scope: w.Scope(document.Root, nil, armexpr.Env{})}, "", 0)
	}
	return all
}

type valueWalk struct {
	*armexpr.Evaluator
	all map[string]string
}

func (w *valueWalk) template(root *source.Node, env armexpr.Env, at string, depth int) {
	resources := root.GetFold("resources")
	list := resources.Items()
	for _, member := range resources.Members() {
		list = append(list, member.Value)
	}
	for _, resource := range list {
		if resource.GetFold("existing").Is("true") {
			continue
		}
		copied := resource.GetFold("copy")
		if copied == nil {
			w.resource(resource, env, at, depth)
			continue
		}
		count, known := armexpr.Integer(w.Resolve(copied.GetFold("count"), env))
		if !known {
			count = 1
		}
		for i := range min(int(count), 3) {
			loop := armexpr.Loop{Name: read.LowerScalar(copied.GetFold("name")), OfResource: true, Index: i}
			if !known {
				loop.Index = armexpr.UnknownRound
			}
			w.resource(resource, env.Within(loop), at, depth)
		}
	}
}

func (w *valueWalk) resource(resource *source.Node, env armexpr.Env, at string, depth int) {
	kind := read.LowerScalar(resource.GetFold("type"))
	name := w.text(w.Resolve(resource.GetFold("name"), env))
	at = fmt.Sprintf("%s/%s(%s)", at, kind, name)
	for w.all[at] != "" {
		at += "'" // whose equal, often unknown, names cannot be told apart
	}
	w.all[at] = "resource"
	w.value(w.Resolve(resource.GetFold("condition"), env), at+".condition")
	if kind == "microsoft.resources/deployments" {
		properties := resource.GetFold("properties")
		template := properties.GetFold("template")
		if depth < 10 && template != nil && properties.GetFold("expressionEvaluationOptions").GetFold("scope").Is("inner") {
			w.template(template, armexpr.Env{Scope: w.Scope(template, properties.GetFold("parameters"), env)}, at, depth+1)
		}
		return
	}
	for _, member := range resource.Members() {
		switch key := strings.ToLower(member.Key.Text()); key {
		case "type", "name", "condition", "copy", "apiversion", "dependson", "resources", "existing", "metadata", "scope":
		default:
			w.value(w.Resolve(member.Value, env), at+"."+key)
		}
	}
}

func (w *valueWalk) value(n *source.Node, at string) {
	switch {
	case n == nil:
	case n.Kind == source.Sequence:
		for i, item := range n.Items() {
			w.value(item, fmt.Sprintf("%s[%d]", at, i))
		}
	case n.Kind == source.Mapping:
		for _, member := range n.Members() {
			w.value(member.Value, at+"."+strings.ToLower(member.Key.Text()))
		}
	default:
		if text := w.text(n); text != "" && !strings.Contains(text, read.UnknownPart) {
			w.all[at] = text
		}
	}
}

// text returns a scalar with read.UnknownPart for what is unknown.
func (w *valueWalk) text(n *source.Node) string {
	from := w.DerivationOf(n)
	if from.Unknown {
		return from.Partial
	}
	if n == nil {
		return ""
	}
	return n.Text()
}
