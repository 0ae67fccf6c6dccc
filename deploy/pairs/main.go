// Pairs compares Bicep with its compiler. In each folder of a checkout that has a template compiled from Bicep beside its source, such as
// main.json beside main.bicep, the facts of the source must be a subset of those of the template. It prints each difference and the
// share of the template's facts that the source has, and exits with 1 if a value differs. The values of resources that are not read for
// facts are compared, too.
package main

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/language/bicep"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

func main() {
	missing := flag.Bool("missing", false, "print the facts and values that only the template or only the source has")
	except := flag.String("except", "", "leave out paths that contain `PART`")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: pairs [-missing] [-except PART] FOLDER")
		os.Exit(2)
	}
	totals, err := compareAll(flag.Arg(0), *missing, *except)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	fmt.Printf("%d pairs, %d with facts; declarations %d, not understood %d; facts of the templates %d, read %d, different %d\n",
		totals.pairs, totals.relevant, totals.declarations, totals.unread, totals.expected, totals.read, totals.different)
	fmt.Printf("values of all resources: %d in the templates, %d read, %d different, %d only in the sources\n",
		totals.values, totals.valuesRead, totals.valuesDifferent, totals.valuesMore)
	if totals.pairs == 0 || totals.different+totals.valuesDifferent > 0 {
		os.Exit(1)
	}
}

// totals are numbers of pairs, declarations and facts.
type totals struct {
	pairs, relevant, declarations, unread, expected, read, different int
	values, valuesRead, valuesDifferent, valuesMore                  int // of all resources
}

// compareAll compares the pairs below a folder.
func compareAll(root string, missing bool, except string) (totals, error) {
	var all totals
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
		all.pairs++
		all.compare(fsys, name, text, template, missing)
		return nil
	})
	return all, err
}

// compare compares a source with its template.
func (t *totals) compare(fsys fs.FS, name string, text []byte, template *source.File, missing bool) {
	reader := bicep.Open(files{fsys})
	file := reader.Read(name, text)
	declarations, unread := reader.Declarations(file)
	t.declarations += declarations
	t.unread += unread
	t.compareValues(fsys, name, text, template, missing)
	have, want := factsOf(file), factsOf(template)
	if len(want) > 0 {
		t.relevant++
	}
	for _, object := range want {
		t.expected += len(object)
	}
	for _, object := range have {
		best, score := -1, -1
		for i, other := range want {
			if s := similarity(object, other); s > score {
				best, score = i, s
			}
		}
		if best < 0 {
			t.different++
			fmt.Printf("%s: only the source has %v\n", name, object)
			continue
		}
		other := want[best]
		want = slices.Delete(want, best, best+1)
		for key, value := range object {
			if other[key] == value {
				t.read++
			} else {
				t.different++
				fmt.Printf("%s: %s of %s is %s; the template has %q\n", name, key, object["name"], value, other[key])
			}
		}
		for key, value := range other {
			if _, known := object[key]; !known && missing {
				fmt.Printf("%s: only the template has %s of %s: %s\n", name, key, other["name"], value)
			}
		}
	}
	if missing {
		for _, other := range want {
			fmt.Printf("%s: only the template has %v\n", name, other)
		}
	}
}

// compareValues compares the values of all resources of a source with those of its template.
func (t *totals) compareValues(fsys fs.FS, name string, text []byte, template *source.File, missing bool) {
	reader := bicep.Open(files{fsys})
	reader.All()
	have, want := values(reader.Read(name, text)), values(template)
	t.values += len(want)
	for _, at := range slices.Sorted(maps.Keys(have)) {
		if isAmbiguous(have, want, at) {
			continue
		}
		switch other, known := want[at]; {
		case other == have[at]:
			t.valuesRead++
		case known:
			t.valuesDifferent++
			fmt.Printf("%s: %s is %q; the template has %q\n", name, at, have[at], other)
		default:
			t.valuesMore++
			if missing {
				fmt.Printf("%s: only the source has %s: %q\n", name, at, have[at])
			}
		}
	}
	if missing {
		for _, at := range slices.Sorted(maps.Keys(want)) {
			if _, known := have[at]; !known {
				fmt.Printf("%s: only the template has %s: %q\n", name, at, want[at])
			}
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
func factsOf(file *source.File) []map[string]string {
	extraction, err := extract.Extract(context.Background(), nil, []*source.File{file}, extract.Options{Alone: true})
	if err != nil {
		panic(err) // the context does not end
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

// files are the files of a checkout.
type files struct{ fsys fs.FS }

func (f files) Resolve(from, to string) (string, bool) {
	name := path.Join(path.Dir(from), to)
	return name, filepath.IsLocal(name)
}

func (f files) Read(name string) ([]byte, bool) {
	data, err := fs.ReadFile(f.fsys, name)
	return data, err == nil
}
