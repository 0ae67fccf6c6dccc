package python

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/tools/txtar"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// examples are the files of the project's examples whose names end in a suffix.
func examples(t testing.TB, suffix string) map[string][]byte {
	t.Helper()
	archives, err := filepath.Glob("../../../../testdata/languages/python/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	files := map[string][]byte{}
	for _, name := range archives {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range archive.Files {
			if strings.HasSuffix(file.Name, suffix) {
				files[filepath.Base(name)+"/"+file.Name] = file.Data
			}
		}
	}
	if len(files) == 0 {
		t.Fatalf("no example ends in %s", suffix)
	}
	return files
}

// checkFile checks that every value and comment stands in the file.
func checkFile(t testing.TB, f *source.File) {
	t.Helper()
	seen := map[*source.Node]bool{}
	var walk func(n *source.Node)
	walk = func(n *source.Node) {
		if seen[n] {
			return
		}
		seen[n] = true
		at := n.Span()
		if at.Start.Offset > at.End.Offset || at.End.Offset > len(f.Text) || n.File() != f {
			t.Fatalf("%q is at %+v of %d bytes", n.Text(), at, len(f.Text))
		}
		n.Path()
		for _, item := range n.Items() {
			walk(item)
		}
		for _, member := range n.Members() {
			walk(member.Key)
			walk(member.Value)
		}
	}
	for _, document := range f.Documents {
		walk(document.Root)
		if cell, _ := f.Cell(document.Root.Span().Start.Offset); cell == nil && isNotebook(f.Name) {
			t.Fatalf("a document at %+v is in no cell", document.Root.Span())
		}
	}
	for _, comment := range f.Comments() {
		if comment.Mark < 0 || comment.Mark > comment.Start || comment.Start > comment.End || comment.End > len(f.Text) {
			t.Fatalf("a comment is at %+v of %d bytes", comment, len(f.Text))
		}
	}
}

// FuzzPython checks that any text is read without a panic, and that all that is read of it stands in it.
func FuzzPython(f *testing.F) {
	for _, data := range examples(f, ".py") {
		f.Add(string(data))
	}
	for _, text := range programs(f) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		checkFile(t, Open(nil).Read("a.py", []byte(text)))
		checkFile(t, Open(nil).Read("a.py", []byte("from azure.ai.ml.entities import *\nAmlCompute(name="+text+")\n")))
	})
}

// FuzzNotebook does the same for notebooks: for any text, and for any text as a cell. A cell is read as a file of it would be.
func FuzzNotebook(f *testing.F) {
	for _, data := range examples(f, ".ipynb") {
		f.Add(string(data))
	}
	for _, data := range examples(f, ".py") {
		f.Add(string(data))
	}
	f.Add("%%writefile a.yml\n$schema: x # a\nb: [&c d, *c]\n")
	f.Add("%time x = !ls\nx?\n%%x")
	f.Fuzz(func(t *testing.T, text string) {
		checkFile(t, Open(nil).Read("a.ipynb", []byte(text)))
		cell, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		checkFile(t, Open(nil).Read("a.ipynb", []byte(`{"cells": [{"cell_type": "code", "source": ["from azure.ai.ml.entities import *\n"]}, {"cell_type": "code", "source": []}, {"cell_type": "code", "source": `+string(cell)+`}]}`)))
	})
}

// FuzzCPythonAgrees compares what is read of any text with what CPython says. What is skipped needs no comparison.
func FuzzCPythonAgrees(f *testing.F) {
	oracle := newOracle(f)
	for _, text := range programs(f) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) || strings.ContainsAny(text, "\x00\f") {
			return
		}
		want, ok := oracle.calls(t, text)
		if !ok {
			return
		}
		got, broken := callsOf(text)
		if broken != nil {
			return
		}
		for _, difference := range compareCalls(got, want) {
			t.Errorf("%s", difference)
		}
	})
}
