package python

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"sort"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/mlpolicy/mlpolicy/internal/lint/language/python/syntax"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// notebook is what is read of the JSON of a notebook. Its outputs are skipped.
// https://nbformat.readthedocs.io/en/latest/format_description.html
type notebook struct {
	file     *source.File
	tokens   *jsontext.Decoder
	cells    []notebookCell
	language string // of the kernel, empty if unknown
}

// notebookCell is a cell as it is written.
type notebookCell struct {
	kind     string
	language string // empty for that of the kernel
	source   syntax.Span
}

// writeFile is the command of a cell whose text becomes a file.
const writeFile = "%%writefile"

// notebook adds the documents of the cells of a notebook.
func (r *Reader) notebook(f *source.File, calls *[]Call) {
	if len(f.Problems) > 0 {
		r.unreadable(f)
		return
	}
	n := &notebook{file: f, tokens: jsontext.NewDecoder(bytes.NewBuffer(f.Text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))}
	if err := n.read(); err != nil {
		at := int(n.tokens.InputOffset())
		if syntactic, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
			at = int(syntactic.ByteOffset)
		}
		f.Malformed("the notebook is not valid JSON", at, at)
		r.unreadable(f)
		return
	}
	r.code(n, calls)
}

// unreadable keeps the problem of a file only if it uses the SDK.
func (r *Reader) unreadable(f *source.File) {
	if f.Skipped = f.Problems[0].Message; !usesSDK(f.Text) {
		f.Problems = nil
	}
}

// read reads the whole notebook.
func (n *notebook) read() error {
	if n.tokens.PeekKind() != '{' {
		return n.tokens.SkipValue()
	}
	err := n.object(func(key string) error {
		switch key {
		case "cells":
			return n.array(n.cell)
		case "worksheets": // of nbformat 3
			return n.array(func() error {
				return n.object(func(key string) error {
					if key == "cells" {
						return n.array(n.cell)
					}
					return n.tokens.SkipValue()
				})
			})
		case "metadata":
			return n.metadata(&n.language)
		}
		return n.tokens.SkipValue()
	})
	if err != nil {
		return err
	}
	if _, err := n.tokens.ReadToken(); !errors.Is(err, io.EOF) {
		return cmp.Or(err, errors.New("more than one value"))
	}
	return nil
}

// object reads an object with a function that reads the value of each key; it skips any other value.
func (n *notebook) object(member func(key string) error) error {
	if n.tokens.PeekKind() != '{' {
		return n.tokens.SkipValue()
	}
	if _, err := n.tokens.ReadToken(); err != nil {
		return err
	}
	for n.tokens.PeekKind() != '}' {
		key, err := n.tokens.ReadToken()
		if err != nil {
			return err
		}
		if err := member(key.String()); err != nil {
			return err
		}
	}
	_, err := n.tokens.ReadToken()
	return err
}

// array reads an array with a function that reads each item; it skips any other value.
func (n *notebook) array(item func() error) error {
	if n.tokens.PeekKind() != '[' {
		return n.tokens.SkipValue()
	}
	if _, err := n.tokens.ReadToken(); err != nil {
		return err
	}
	for n.tokens.PeekKind() != ']' {
		if n.tokens.PeekKind() == 0 {
			_, err := n.tokens.ReadToken()
			return err
		}
		if err := item(); err != nil {
			return err
		}
	}
	_, err := n.tokens.ReadToken()
	return err
}

// cell reads a cell.
func (n *notebook) cell() error {
	var c notebookCell
	err := n.object(func(key string) error {
		switch key {
		case "cell_type":
			return n.text(&c.kind)
		case "source", "input": // input in nbformat 3
			raw, err := n.tokens.ReadValue()
			end := int(n.tokens.InputOffset())
			if key == "source" || c.source == (syntax.Span{}) {
				c.source = syntax.Span{Start: end - len(raw), End: end}
			}
			return err
		case "language":
			return n.text(&c.language)
		case "metadata":
			return n.metadata(&c.language)
		}
		return n.tokens.SkipValue()
	})
	n.cells = append(n.cells, c)
	return err
}

// metadata reads the language of a notebook or a cell.
func (n *notebook) metadata(language *string) error {
	return n.object(func(of string) error {
		switch of {
		case "kernelspec", "language_info", "vscode", "polyglot_notebook", "dotnet_interactive":
			return n.object(func(key string) error {
				switch {
				case key == "language", key == "languageId", key == "kernelName", key == "name" && of == "language_info":
					return n.text(language)
				}
				return n.tokens.SkipValue()
			})
		}
		return n.tokens.SkipValue()
	})
}

// text reads a string; it skips any other value.
func (n *notebook) text(into *string) error {
	if n.tokens.PeekKind() != '"' {
		return n.tokens.SkipValue()
	}
	token, err := n.tokens.ReadToken()
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

// source decodes the source of a cell: a string or a list of strings.
func (n *notebook) source(number int, at syntax.Span) *source.Cell {
	c := &source.Cell{Number: number}
	text := n.file.Text
	for i := at.Start; i < at.End; i++ {
		if text[i] != '"' {
			continue
		}
		start := i
		for i++; text[i] != '"'; i++ {
			if text[i] == '\\' {
				i++
			}
		}
		c.Append(n.file, start, i+1)
	}
	return c
}

// placed is a stretch of the code that stands in a cell, from an offset of the cell on.
type placed struct {
	cell   *source.Cell
	at     syntax.Span
	offset int
}

// code adds the documents of the cells.
func (r *Reader) code(n *notebook, calls *[]Call) {
	var cells []*source.Cell
	var parts []placed
	var text strings.Builder
	var comments []source.Comment
	written := map[string]bool{}
	for i, raw := range n.cells {
		if raw.kind != "code" || !isPython(cmp.Or(raw.language, n.language)) {
			continue
		}
		c := n.source(i+1, raw.source)
		cells = append(cells, c)
		content := string(c.Text)
		from, name, python := cellOf(content)
		switch {
		case python:
			start := text.Len()
			text.WriteString(content[from:])
			parts = append(parts, placed{c, syntax.Span{Start: start, End: text.Len()}, from})
			text.WriteByte('\n')
		case name != "" && !written[name+"\x00"+content] && !r.exists(n.file.Name, name):
			written[name+"\x00"+content] = true
			comments = append(comments, writtenFile(n.file, c, name, content, from)...)
		}
	}
	n.file.SetCells(cells)
	code := syntax.New(text.String())
	if !mentions(code.Text) {
		parts = nil
	}
	for _, part := range parts {
		if broken := code.Read(part.at, true); broken != nil && n.file.Skipped == "" {
			line := 1 + strings.Count(string(part.cell.Text[:part.offset+broken.At-part.at.Start]), "\n")
			n.file.Skipped = fmt.Sprintf("line %d of cell %d is not Python 3: %s", line, part.cell.Number, broken.Message)
		}
	}
	describe(n.file, code, func(at syntax.Span) syntax.Span { return fromCode(parts, at) }, calls)
	if len(comments) > 0 {
		comments = append(comments, n.file.Comments()...)
		slices.SortFunc(comments, func(a, b source.Comment) int { return a.Mark - b.Mark })
		n.file.SetComments(comments)
	}
	slices.SortStableFunc(n.file.Documents, func(a, b *source.Document) int {
		return a.Root.Span().Start.Offset - b.Root.Span().Start.Offset
	})
}

// fromCode converts a stretch of the code, which is in one cell, to one of the file.
func fromCode(parts []placed, at syntax.Span) syntax.Span {
	i := sort.Search(len(parts), func(i int) bool { return parts[i].at.Start > at.Start }) - 1
	of := parts[max(i, 0)]
	shift := of.offset - of.at.Start
	start, end := of.cell.Span(at.Start+shift, at.End+shift)
	return syntax.Span{Start: start, End: end}
}

// cellOf returns what a cell is: Python from an offset on, or a file that is written with the text from an offset on; neither
// for anything else.
func cellOf(text string) (from int, file string, python bool) {
	start := len(text) - len(strings.TrimLeft(text, " \t\r\n"))
	command, _, _ := strings.Cut(text[start:], "\n")
	from = min(start+len(command)+1, len(text))
	words := strings.Fields(command)
	if len(words) == 0 || !strings.HasPrefix(words[0], "%") {
		return 0, "", true
	}
	switch words[0] {
	case "%%time", "%%timeit", "%%capture", "%%prun": // they run the cell
		return from, "", true
	case writeFile:
		return from, writtenName(strings.TrimSpace(strings.TrimPrefix(command, writeFile))), false
	case "%md", "%sh", "%scala", "%r", "%fs": // of Databricks, for all of the cell
		return 0, "", false
	case "%sql":
		return 0, "", len(words) > 1
	}
	return 0, "", !strings.HasPrefix(words[0], "%%")
}

// writtenName returns the name of a file of YAML or JSON that a cell writes, empty for any other file and for a name that is
// not known.
func writtenName(name string) string {
	if len(name) >= 2 && (name[0] == '"' || name[0] == '\'') && name[len(name)-1] == name[0] {
		name = name[1 : len(name)-1]
	}
	if strings.ContainsAny(name, "${}\"'~") || strings.HasPrefix(name, "-") {
		return ""
	}
	switch strings.ToLower(path.Ext(name)) {
	case ".yml", ".yaml", ".json":
		return name
	}
	return ""
}

// exists reports whether a file at a path beside the notebook is in the project.
func (r *Reader) exists(notebook, name string) bool {
	if r.files == nil {
		return false
	}
	resolved, ok := r.files.Resolve(notebook, name)
	if ok {
		_, ok = r.files.Read(resolved)
	}
	return ok
}

// writtenFile adds the documents of a file that a cell writes, and returns its comments.
func writtenFile(f *source.File, c *source.Cell, name, text string, from int) []source.Comment {
	file := source.Parse(name, []byte(text[from:]))
	m := mapper{file: f, cell: c, from: from, folder: path.Dir(name), moved: map[*source.Node]*source.Node{}}
	for _, document := range file.Documents {
		f.Add(m.node("", document.Root))
	}
	var comments []source.Comment
	for _, comment := range file.Comments() {
		start, end := c.Span(from+comment.Start, from+comment.End)
		mark, _ := c.Span(from+comment.Mark, from+comment.Mark+1)
		comments = append(comments, source.Comment{Start: start, End: end, Mark: mark})
	}
	return comments
}

// mapper moves nodes of a file that a cell writes to the notebook.
type mapper struct {
	file   *source.File
	cell   *source.Cell
	from   int
	folder string // of the written file, from that of the notebook
	moved  map[*source.Node]*source.Node
}

// text returns the text of a scalar under a key. A path is one from the folder of the written file.
func (m *mapper) text(key string, n *source.Node) string {
	text := n.Text()
	switch key {
	case "path", "local_path", "conda_file", "condaFile":
		if m.folder != "." && n.Kind == source.String && text != "" && !strings.Contains(text, ":") && !path.IsAbs(text) {
			return path.Join(m.folder, text)
		}
	}
	return text
}

// node moves a node, which is the value of a key or, with an empty key, anything else.
func (m *mapper) node(key string, n *source.Node) *source.Node {
	if moved := m.moved[n]; moved != nil {
		return moved
	}
	span := n.Span()
	start, end := m.cell.Span(m.from+span.Start.Offset, m.from+span.End.Offset)
	var moved *source.Node
	switch n.Kind {
	case source.Sequence:
		items := make([]*source.Node, len(n.Items()))
		for i, item := range n.Items() {
			items[i] = m.node("", item)
		}
		moved = m.file.Sequence(items, start, end)
	case source.Mapping:
		members := make([]source.Member, len(n.Members()))
		for i, member := range n.Members() {
			members[i] = source.Member{Key: m.node("", member.Key), Value: m.node(member.Key.Text(), member.Value)}
		}
		moved = m.file.Mapping(members, start, end)
	default:
		moved = m.file.Scalar(n.Kind, m.text(key, n), start, end)
	}
	m.moved[n] = moved
	return moved
}
