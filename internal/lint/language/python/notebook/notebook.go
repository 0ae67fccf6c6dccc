// Package notebook reads the cells of Jupyter's notebooks: those of Python, and those that write files of YAML or JSON. Outputs
// are skipped.
package notebook

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Read returns the cells that are Python or write a file, in their order. It adds a problem to a file that is not JSON.
func Read(f *source.File) []Cell {
	r := &reader{file: f, tokens: jsontext.NewDecoder(bytes.NewBuffer(f.Text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))}
	if err := r.read(); err != nil {
		at := int(r.tokens.InputOffset())
		if syntactic, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
			at = int(syntactic.ByteOffset)
		}
		f.Malformed("the notebook is not valid JSON", at, at)
		return nil
	}
	var cells []Cell
	for i, raw := range r.cells {
		if raw.kind == "code" && isPython(cmp.Or(raw.language, r.language)) {
			if c, ok := newCell(r.decode(i+1, raw)); ok {
				cells = append(cells, c)
			}
		}
	}
	return cells
}

// reader reads the JSON of a notebook.
// https://nbformat.readthedocs.io/en/latest/format_description.html
type reader struct {
	file     *source.File
	tokens   *jsontext.Decoder
	cells    []rawCell
	language string // of the kernel, empty if unknown
}

// rawCell is a cell as it is written.
type rawCell struct {
	kind       string
	language   string // empty for that of the kernel
	start, end int    // of the source, in the text of the file
}

// read reads the whole notebook.
func (r *reader) read() error {
	if r.tokens.PeekKind() != '{' {
		return r.tokens.SkipValue()
	}
	err := r.object(func(key string) error {
		switch key {
		case "cells":
			return r.array(r.cell)
		case "worksheets": // of nbformat 3
			return r.array(func() error {
				return r.object(func(key string) error {
					if key == "cells" {
						return r.array(r.cell)
					}
					return r.tokens.SkipValue()
				})
			})
		case "metadata":
			return r.metadata(&r.language)
		}
		return r.tokens.SkipValue()
	})
	if err != nil {
		return err
	}
	if _, err := r.tokens.ReadToken(); !errors.Is(err, io.EOF) {
		return cmp.Or(err, errors.New("more than one value"))
	}
	return nil
}

// object reads an object with a function that reads the value of each key; it skips any other value.
func (r *reader) object(member func(key string) error) error {
	if r.tokens.PeekKind() != '{' {
		return r.tokens.SkipValue()
	}
	if _, err := r.tokens.ReadToken(); err != nil {
		return err
	}
	for r.tokens.PeekKind() != '}' {
		key, err := r.tokens.ReadToken()
		if err != nil {
			return err
		}
		if err := member(key.String()); err != nil {
			return err
		}
	}
	_, err := r.tokens.ReadToken()
	return err
}

// array reads an array with a function that reads each item; it skips any other value.
func (r *reader) array(item func() error) error {
	if r.tokens.PeekKind() != '[' {
		return r.tokens.SkipValue()
	}
	if _, err := r.tokens.ReadToken(); err != nil {
		return err
	}
	for r.tokens.PeekKind() != ']' {
		if r.tokens.PeekKind() == 0 {
			_, err := r.tokens.ReadToken()
			return err
		}
		if err := item(); err != nil {
			return err
		}
	}
	_, err := r.tokens.ReadToken()
	return err
}

// cell reads a cell.
func (r *reader) cell() error {
	var c rawCell
	err := r.object(func(key string) error {
		switch key {
		case "cell_type":
			return r.text(&c.kind)
		case "source", "input": // input in nbformat 3
			raw, err := r.tokens.ReadValue()
			if end := int(r.tokens.InputOffset()); key == "source" || c.end == 0 {
				c.start, c.end = end-len(raw), end
			}
			return err
		case "language":
			return r.text(&c.language)
		case "metadata":
			return r.metadata(&c.language)
		}
		return r.tokens.SkipValue()
	})
	r.cells = append(r.cells, c)
	return err
}

// metadata reads the language of a notebook or a cell.
func (r *reader) metadata(language *string) error {
	return r.object(func(of string) error {
		switch of {
		case "kernelspec", "language_info", "vscode", "polyglot_notebook", "dotnet_interactive":
			return r.object(func(key string) error {
				switch {
				case key == "language", key == "languageId", key == "kernelName", key == "name" && of == "language_info":
					return r.text(language)
				}
				return r.tokens.SkipValue()
			})
		}
		return r.tokens.SkipValue()
	})
}

// text reads a string; it skips any other value.
func (r *reader) text(into *string) error {
	if r.tokens.PeekKind() != '"' {
		return r.tokens.SkipValue()
	}
	token, err := r.tokens.ReadToken()
	if err == nil {
		*into = token.String()
	}
	return err
}

// isPython reports whether a language is Python, as a kernel or an editor calls it.
func isPython(language string) bool {
	switch strings.ToLower(language) {
	case "", "python", "python3", "ipython", "ipython3", "pyspark", "magics":
		return true
	}
	return false
}

// decode decodes the source of a cell: a string or a list of strings.
func (r *reader) decode(number int, raw rawCell) *source.Cell {
	c := &source.Cell{Number: number}
	text := r.file.Text
	for i := raw.start; i < raw.end; i++ {
		if text[i] != '"' {
			continue
		}
		start := i
		for i++; text[i] != '"'; i++ {
			if text[i] == '\\' {
				i++
			}
		}
		c.Append(r.file, start, i+1)
	}
	return c
}
