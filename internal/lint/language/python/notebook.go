package python

import (
	"bytes"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/language/python/notebook"
	"github.com/mlpolicy/mlpolicy/internal/lint/language/python/syntax"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// placed is a stretch of the code that stands in a cell.
type placed struct {
	cell notebook.Cell
	at   syntax.Span
}

// notebook adds the documents of the cells of a notebook.
func (r *Reader) notebook(f *source.File, calls *[]Call) {
	var cells []notebook.Cell
	if len(f.Problems) == 0 {
		cells = notebook.Read(f)
	}
	if len(f.Problems) > 0 {
		if f.Skipped = f.Problems[0].Message; !usesSDK(f.Text) {
			f.Problems = nil
		}
		return
	}
	var read []*source.Cell
	for _, c := range cells {
		read = append(read, c.Cell)
	}
	f.SetCells(read)
	comments := r.written(f, cells)
	code, parts := join(cells)
	if !mentions(code.Text) {
		parts = nil
	}
	for _, part := range parts {
		if broken := code.Read(part.at, true); broken != nil && f.Skipped == "" {
			line := 1 + bytes.Count(part.cell.Text[:part.cell.From+broken.At-part.at.Start], []byte("\n"))
			f.Skipped = fmt.Sprintf("line %d of cell %d is not Python 3: %s", line, part.cell.Number, broken.Message)
		}
	}
	names := bind(code)
	r.otherCode(f.Name, names)
	describe(f, names, func(at syntax.Span) syntax.Span { return fromCode(parts, at) }, calls)
	if len(comments) > 0 {
		comments = append(comments, f.Comments()...)
		slices.SortFunc(comments, func(a, b source.Comment) int { return a.Mark - b.Mark })
		f.SetComments(comments)
	}
	slices.SortStableFunc(f.Documents, func(a, b *source.Document) int {
		return a.Root.Span().Start.Offset - b.Root.Span().Start.Offset
	})
}

// join returns the Python of all cells, which is not read yet, and where it stands.
func join(cells []notebook.Cell) (*syntax.Code, []placed) {
	var text strings.Builder
	var parts []placed
	for _, c := range cells {
		if c.Writes == "" {
			start := text.Len()
			text.Write(c.Content())
			parts = append(parts, placed{c, syntax.Span{Start: start, End: text.Len()}})
			text.WriteByte('\n')
		}
	}
	return syntax.New(text.String()), parts
}

// fromCode converts a stretch of the code, which is in one cell, to one of the file.
func fromCode(parts []placed, at syntax.Span) syntax.Span {
	i := sort.Search(len(parts), func(i int) bool { return parts[i].at.Start > at.Start }) - 1
	of := parts[max(i, 0)]
	shift := of.cell.From - of.at.Start
	start, end := of.cell.Span(at.Start+shift, at.End+shift)
	return syntax.Span{Start: start, End: end}
}

// written adds the documents of the files that cells write, and returns their comments. A file to which a cell appends is left out,
// since its whole text stands in no cell. Cells that write different texts to a file are all read: commands between them may use
// each text.
func (r *Reader) written(f *source.File, cells []notebook.Cell) []source.Comment {
	appended := map[string]bool{}
	for _, c := range cells {
		appended[c.Writes] = appended[c.Writes] || c.Appends
	}
	var comments []source.Comment
	known := map[string]bool{}
	for _, c := range cells {
		key := c.Writes + "\x00" + string(c.Content())
		if c.Writes == "" || appended[c.Writes] || known[key] || r.isRead(f.Name, c.Writes) {
			continue
		}
		known[key] = true
		comments = append(comments, c.AddTo(f)...)
	}
	return comments
}

// isRead reports whether a file at a path beside the notebook is in the project and is not ignored, so that it is read itself.
func (r *Reader) isRead(notebook, name string) bool {
	if r.files == nil {
		return false
	}
	resolved, ok := r.files.Resolve(notebook, name)
	return ok && r.files.Reads(notebook, resolved)
}
