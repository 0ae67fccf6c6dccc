//go:build rates

// Rates prints how much mlpolicy reads of the languages besides YAML and JSON in any folders: for each language the calls or
// resources that it knows, for each of their arguments in how many the value is known, and why it is not in the others.
//
//	go run -tags rates ./deploy/rates FOLDER...
package main

import (
	"cmp"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/language"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// statement is a call or a resource that a reader knows.
type statement struct {
	name   string
	values []value
}

// value is an argument of a statement.
type value struct {
	name string
	why  string // it is not known; empty if it is
	// links reports whether what is described can refer to each other by the value, although it is not known.
	links bool
}

// reader finds statements in the files of a language.
type reader struct {
	// file returns those in a file.
	file func(name string, data []byte) []statement
	// rest returns those of all files together, after the last file, and in how many files they are; nil if there are none.
	rest func() ([]statement, int)
}

// moduleReader collects the files of all modules, since a called module is described by its callers. unread returns what a file has that is
// not understood, and read what is in a document.
func moduleReader(r language.Reader, unread func(*source.File) []statement, read func(root *source.Node) []statement) reader {
	var files []*source.File
	return reader{
		file: func(name string, data []byte) []statement {
			files = append(files, r.Read(name, data))
			return nil
		},
		rest: func() (all []statement, described int) {
			for _, file := range files {
				all = append(all, unread(file)...)
				if r.IsCalled(file) {
					continue
				}
				before := len(all)
				for _, document := range file.Documents {
					all = append(all, read(document.Root)...)
				}
				if len(all) > before {
					described++
				}
			}
			return all, described
		},
	}
}

// readers returns those of the languages that can say what they know.
func readers() map[string]reader {
	return map[string]reader{"python": {file: pythonStatements}, "bicep": bicepReader(), "terraform": terraformReader()}
}

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: go run -tags rates ./deploy/rates FOLDER...")
		os.Exit(2)
	}
	if err := run(os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "rates:", err)
		os.Exit(1)
	}
}

// rates are the rates of a language.
type rates struct {
	files, marked, described int
	statements               map[string]int
	values                   map[string]*rate
}

// rate is that of an argument.
type rate struct {
	known int
	links int
	why   map[string]int
}

func run(w io.Writer, folders []string) error {
	all := map[string]*rates{}
	for _, name := range language.Names() {
		all[name] = &rates{statements: map[string]int{}, values: map[string]*rate{}}
	}
	readers := readers()
	for _, folder := range folders {
		err := filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
			of := language.Of(name)
			if err != nil || of == nil || !entry.Type().IsRegular() {
				return err
			}
			data, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			all[of.Name].add(name, data, of, readers[of.Name])
			return nil
		})
		if err != nil {
			return err
		}
	}
	for _, name := range language.Names() {
		if rest := readers[name].rest; rest != nil {
			statements, files := rest()
			all[name].count(statements)
			all[name].described += files
		}
		if err := all[name].write(w, name); err != nil {
			return err
		}
	}
	return nil
}

// add reads a file.
func (r *rates) add(name string, data []byte, of *language.Language, read reader) {
	r.files++
	if !of.Marked(name, data) {
		return
	}
	r.marked++
	if read.file == nil {
		return
	}
	statements := read.file(filepath.ToSlash(name), data)
	if len(statements) > 0 {
		r.described++
	}
	r.count(statements)
}

// count adds statements.
func (r *rates) count(statements []statement) {
	for _, s := range statements {
		r.statements[s.name]++
		for _, v := range s.values {
			if r.values[v.name] == nil {
				r.values[v.name] = &rate{why: map[string]int{}}
			}
			if v.why == "" {
				r.values[v.name].known++
			} else {
				r.values[v.name].why[v.why]++
			}
			if v.why != "" && v.links {
				r.values[v.name].links++
			}
		}
	}
}

func (r *rates) write(w io.Writer, name string) error {
	var text strings.Builder
	fmt.Fprintf(&text, "%s: %d files, %d with marks, %d with what is known\n", name, r.files, r.marked, r.described)
	if len(r.statements) > 0 {
		fmt.Fprintf(&text, "\n  %s\n\n", counts(r.statements))
	}
	for _, value := range slices.Sorted(maps.Keys(r.values)) {
		rate, of := r.values[value], r.values[value].known
		for _, n := range rate.why {
			of += n
		}
		why := counts(rate.why)
		if rate.links > 0 {
			why = fmt.Sprintf("%s (%d can be linked)", why, rate.links)
		}
		fmt.Fprintf(&text, "  %-26s %5d of %5d  %3d %%  %s\n", value, rate.known, of, 100*rate.known/of, why)
	}
	text.WriteByte('\n')
	_, err := io.WriteString(w, text.String())
	return err
}

// counts lists how often there is each of some words, the most frequent first.
func counts(n map[string]int) string {
	words := slices.SortedFunc(maps.Keys(n), func(a, b string) int { return cmp.Or(cmp.Compare(n[b], n[a]), cmp.Compare(a, b)) })
	for i, word := range words {
		words[i] = fmt.Sprintf("%s %d", word, n[word])
	}
	return strings.Join(words, ", ")
}
