package waiver

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
	"github.com/mlpolicy/mlpolicy/internal/lint/suggest"
)

// The directives that a comment may begin with.
const (
	ignore     = "mlpolicy:ignore"
	ignoreFile = "mlpolicy:ignore-file"
)

// InComments reports whether a text may have waivers in comments.
func InComments(text []byte) bool { return bytes.Contains(text, []byte(ignore)) }

// Comments returns the waivers in the comments of a file. A comment that begins with mlpolicy:ignore at the end of a
// line covers the first key or item that begins on the line, with all below it; on a line of its own, the outermost
// value that begins on the first line below with one. mlpolicy:ignore-file covers the file and must stand before its
// first value.
func Comments(file *source.File) (found []*Waiver, mistakes []Mistake) {
	if !InComments(file.Text) {
		return nil, nil
	}
	comments := file.Comments()
	var l *layout // is only needed where there is a directive
	for _, comment := range comments {
		d, ok := directiveIn(file, comment)
		if !ok {
			continue
		}
		if l == nil {
			l = &layout{file: file, values: valuesOf(file)}
			l.top = l.topOf(comments)
		}
		scope, mistake := d.scope(l)
		switch {
		case mistake != nil:
			mistakes = append(mistakes, *mistake)
			continue
		case scope == nil:
			continue // it stands where the text could not be parsed
		}
		waiver, wrong := Parse(d.text)
		mistakes = append(mistakes, wrong...)
		if waiver != nil {
			waiver.Scope = scope
			found = append(found, waiver)
		}
	}
	return found, mistakes
}

// directive is a comment that begins with the word of a waiver.
type directive struct {
	word    string
	comment source.Comment
	text    Text // behind the word
}

// directiveIn returns the directive that a comment is. A word such as mlpolicy:ignored is not one.
func directiveIn(file *source.File, comment source.Comment) (directive, bool) {
	content := string(file.Text[comment.Start:comment.End])
	if !strings.HasPrefix(content, ignore) {
		return directive{}, false
	}
	word := content
	if end := strings.IndexAny(content, " \t\r\n"); end >= 0 {
		word = content[:end]
	}
	if word != ignore && word[len(ignore)] != '-' && word[len(ignore)] != ':' {
		return directive{}, false
	}
	start := comment.Start + len(word)
	for start < comment.End && strings.IndexByte(" \t\r\n", file.Text[start]) >= 0 {
		start++
	}
	text := Text{Content: file.Content(start, comment.End), File: file, Start: start, End: comment.End}
	if start == comment.End { // nothing to point at but the word
		text.Start = comment.Start
	}
	return directive{word, comment, text}, true
}

// layout is what directives relate to.
type layout struct {
	file   *source.File
	values []value
	top    int // the offset behind the comments at the top of the file
}

// scope returns what the directive covers, nil if it stands where the text could not be parsed.
func (d directive) scope(l *layout) (*Scope, *Mistake) {
	mistake := func(remedy, format string, args ...any) (*Scope, *Mistake) {
		word := source.Span{Start: l.file.Position(d.comment.Start), End: l.file.Position(d.comment.Start + len(d.word))}
		return nil, &Mistake{File: l.file, Span: word, Message: fmt.Sprintf(format, args...), Remedy: remedy}
	}
	switch d.word {
	case ignore:
	case ignoreFile:
		if d.comment.Mark > l.top {
			return mistake("Move the comment to the top, or cover single values with "+ignore+".", "%s must stand before the first value of the file", ignoreFile)
		}
		return &Scope{0, len(l.file.Text) + 1}, nil
	default:
		return mistake("Write "+ignore+", or "+ignoreFile+" at the top of the file.", "unknown directive %q: %s", d.word, suggest.Phrase(d.word, []string{ignore, ignoreFile}))
	}
	if unparsed(l.file, d.comment.Mark) {
		return nil, nil
	}
	line, before := l.file.Before(d.comment.Mark)
	before = strings.TrimSpace(before)
	if first := l.onLine(line, d.comment.Mark); before != "" && first != nil {
		return &Scope{first.start, first.end}, nil
	}
	if strings.Trim(before, "-? \t") != "" {
		return mistake("Move the comment to the line on which the value begins.", "no value begins on this line, so the waiver covers nothing")
	}
	next := l.from(d.comment.End)
	cell, _ := l.file.Cell(d.comment.Mark)
	switch {
	case cell != nil && (len(next) == 0 || l.isBeyond(cell, next[0].start)):
		return mistake("Move the comment to the cell of the value, above it.", "no value follows in this cell, so the waiver covers nothing")
	case len(next) == 0 && l.file.IsForeign():
		return mistake("Move the comment above the value.", "no value follows in this file, so the waiver covers nothing")
	case len(next) == 0 || l.separates(d.comment.End, next[0].start):
		return mistake("Move the comment above the value, behind the line --- of its document.", "no value follows in this document, so the waiver covers nothing")
	}
	return &Scope{next[0].start, next[0].end}, nil
}

// isBeyond reports whether an offset is not in a cell.
func (l *layout) isBeyond(cell *source.Cell, offset int) bool {
	other, _ := l.file.Cell(offset)
	return other != cell
}

// from returns the outermost of the values that begin at an offset or first behind it, and the others; none if there
// are none.
func (l *layout) from(offset int) []value {
	i, _ := slices.BinarySearchFunc(l.values, offset, func(v value, at int) int { return cmp.Compare(v.start, at) })
	return l.values[i:]
}

// onLine returns the first value between the start of a line and an offset. A document that begins with its first key or item does
// not count if that is on the line: a comment behind any key or item covers the same.
func (l *layout) onLine(start, end int) *value {
	values := l.from(start)
	if len(values) > 1 && values[0].block && values[1].start < end {
		values = values[1:]
	}
	if len(values) == 0 || values[0].start >= end {
		return nil
	}
	return &values[0]
}

// separates reports whether a line --- ends a document between two offsets. The first line --- ends none if there are
// only comments and directives of YAML above it.
func (l *layout) separates(from, to int) bool {
	if l.file.IsForeign() {
		return false
	}
	text := l.file.Text
	begun := l.values[0].start < from || bytes.HasPrefix(text, []byte("---")) || bytes.Contains(text[:from], []byte("\n---"))
	between := text[from:to]
	if !begun {
		_, between, _ = bytes.Cut(between, []byte("\n---"))
	}
	return bytes.Contains(between, []byte("\n---"))
}

// topOf returns the offset of the first text that is not a comment, a directive of YAML or the marker of a document. In another
// language than YAML and JSON it is that of the first value.
func (l *layout) topOf(comments []source.Comment) int {
	text, at := l.file.Text, 0
	if l.file.IsForeign() {
		if first := slices.IndexFunc(l.values, func(v value) bool { return !v.block }); first >= 0 {
			return l.values[first].start
		}
		return len(text)
	}
	for at < len(text) {
		switch {
		case strings.IndexByte(" \t\r\n", text[at]) >= 0:
			at++
		case len(comments) > 0 && comments[0].Mark == at:
			closing := []byte("*/")
			if bytes.HasPrefix(text[at:], []byte("/*")) {
				at = comments[0].End + bytes.Index(text[comments[0].End:], closing) + len(closing)
			} else {
				at += lineLength(text[at:])
			}
			comments = comments[1:]
		case bytes.HasPrefix(text[at:], []byte("---")):
			at += len("---")
		case text[at] == '%':
			at += lineLength(text[at:])
		default:
			return at
		}
	}
	return at
}

// lineLength is the length of the line that a text begins with.
func lineLength(text []byte) int {
	if length := bytes.IndexAny(text, "\r\n"); length >= 0 {
		return length
	}
	return len(text)
}

// unparsed reports whether an offset is in a document that could not be parsed.
func unparsed(file *source.File, at int) bool {
	if len(file.Problems) == 0 {
		return false
	}
	// What is missing at the end of a document is a problem where the next one begins.
	start, end := -1, len(file.Text)
	if before := bytes.LastIndex(file.Text[:at], []byte("\n---")); before >= 0 {
		start = before + 1
	}
	if length := bytes.Index(file.Text[at:], []byte("\n---")); length >= 0 {
		end = at + length + 1
	}
	return slices.ContainsFunc(file.Problems, func(p source.Problem) bool {
		return start < p.Span.Start.Offset && p.Span.Start.Offset <= end
	})
}

// value is what a directive can cover: a document, an item of a list, or a key with its value.
type value struct {
	start, end int
	block      bool // a document that is a collection without brackets, or all of a file in another language
}

// valuesOf returns the values of a file by where they begin, the outermost first.
func valuesOf(file *source.File) []value {
	var values []value
	var walk func(n *source.Node) (end int)
	walk = func(n *source.Node) int {
		end := n.Span().End.Offset
		for _, item := range n.Items() {
			if item.Parent() == n && item.File() == file { // not behind an alias
				at := item.Span()
				index := len(values)
				values = append(values, value{start: at.Start.Offset, end: at.End.Offset})
				values[index].end = max(values[index].end, walk(item))
			}
		}
		for _, member := range n.Members() {
			if member.Key.Parent() != n || member.Key.File() != file { // merged from elsewhere
				continue
			}
			at := member.Key.Span()
			index := len(values)
			values = append(values, value{start: at.Start.Offset, end: at.End.Offset})
			if member.Value.Parent() != n || member.Value.File() != file {
				continue
			}
			if member.IsElsewhere() {
				at := member.Value.Span()
				values = append(values, value{start: at.Start.Offset, end: at.End.Offset})
				walk(member.Value)
				continue
			}
			values[index].end = max(values[index].end, walk(member.Value))
		}
		return end
	}
	for _, document := range file.Documents {
		root := document.Root
		at := root.Span()
		values = append(values, value{at.Start.Offset, at.End.Offset, isBlock(root)})
		walk(root)
	}
	slices.SortStableFunc(values, func(a, b value) int { return cmp.Compare(a.start, b.start) })
	return values
}

// isBlock reports whether a document is a collection without brackets, or all of a file in another language.
func isBlock(root *source.Node) bool {
	file, at := root.File(), root.Span()
	if file.IsForeign() {
		return at.Start.Offset == 0 && at.End.Offset == len(file.Text)
	}
	return root.Kind >= source.Sequence && strings.IndexByte("{[", file.Text[at.Start.Offset]) < 0
}
