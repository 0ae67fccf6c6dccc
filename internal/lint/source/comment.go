package source

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
)

// commentStyle is how the language in which a file was read marks comments.
type commentStyle uint8

const (
	noComments    commentStyle = iota // JSON
	hashComments                      // YAML: # to the end of the line
	slashComments                     // JSON with comments: // to the end of the line, and /* */
)

// Comment is a comment in the text of a file.
type Comment struct {
	// Start and End are byte offsets of what stands behind the mark # or //, or between /* and */, without
	// the white space around it.
	Start, End int
	// Mark is the byte offset of the mark.
	Mark int
}

// Comments returns the comments of a file in the order of the text. What looks like one in a string, a
// block scalar or a plain scalar is none. Where text could not be parsed, every # that could begin a comment
// does.
func (f *File) Comments() []Comment {
	if f.style == noComments {
		return f.comments
	}
	var all []Comment
	at := 0
	for _, scalar := range f.scalars() {
		if scalar.start > at {
			all = f.appendComments(all, at, scalar.start)
		}
		at = max(at, scalar.end)
	}
	return f.appendComments(all, at, len(f.Text))
}

// SetComments sets the comments of a file that Decode returned, in the order of the text.
func (f *File) SetComments(comments []Comment) { f.comments = comments }

// CommentAt returns the comment with a mark at an offset and the content from start to end.
func (f *File) CommentAt(mark, start, end int) Comment { return commentOf(f.Text, mark, start, end) }

// scalars returns the stretches of text that scalars take, in the order of the text. The header of a block
// scalar, behind which a comment may stand, is not among them.
func (f *File) scalars() []chunk {
	var found []chunk
	var walk func(n *Node)
	walk = func(n *Node) {
		for _, item := range n.Items() {
			if item.Parent() == n {
				walk(item)
			}
		}
		for _, member := range n.Members() {
			for _, child := range []*Node{member.Key, member.Value} {
				if child.Parent() == n {
					walk(child)
				}
			}
		}
		if n.Kind >= Sequence || n.end() <= n.start() {
			return
		}
		c := chunk{n.start(), n.end()}
		if f.style == hashComments && (f.Text[n.start()] == '|' || f.Text[n.start()] == '>') {
			line := bytes.IndexAny(f.Text[n.start():n.end()], "\r\n")
			if line < 0 {
				return
			}
			c.start += line
		}
		found = append(found, c)
	}
	for _, document := range f.Documents {
		walk(document.Root)
	}
	slices.SortFunc(found, func(a, b chunk) int { return cmp.Compare(a.start, b.start) })
	return found
}

// appendComments adds the comments of a stretch of text without scalars.
func (f *File) appendComments(all []Comment, start, end int) []Comment {
	text := f.Text[:end]
	for at := start; at < end; {
		switch {
		case f.style == hashComments && text[at] == '#' && (at == 0 || isSpace(text[at-1])):
			stop := lineEnd(text, at)
			all = append(all, commentOf(text, at, at+1, stop))
			at = stop
		case f.style == slashComments && bytes.HasPrefix(text[at:], []byte("//")):
			stop := lineEnd(text, at)
			all = append(all, commentOf(text, at, at+2, stop))
			at = stop
		case f.style == slashComments && bytes.HasPrefix(text[at:], []byte("/*")):
			length := bytes.Index(text[at+2:], []byte("*/"))
			if length < 0 {
				return all
			}
			all = append(all, commentOf(text, at, at+2, at+2+length))
			at += len("/*") + length + len("*/")
		default:
			at++
		}
	}
	return all
}

func commentOf(text []byte, mark, start, end int) Comment {
	content := text[start:end]
	trimmed := bytes.TrimLeft(content, blanks)
	start = end - len(trimmed)
	return Comment{Start: start, End: start + len(bytes.TrimRight(trimmed, blanks)), Mark: mark}
}

const blanks = " \t\r\n"

func isSpace(c byte) bool { return strings.IndexByte(blanks, c) >= 0 }

// lineEnd returns the end of the line of an offset, without its break.
func lineEnd(text []byte, at int) int {
	if length := bytes.IndexAny(text[at:], "\r\n"); length >= 0 {
		return at + length
	}
	return len(text)
}

// Before returns where the line of an offset begins and the text before the offset on the line. In a notebook the line is one of
// the cell's text.
func (f *File) Before(offset int) (start int, text string) {
	if cell, at := f.Cell(offset); cell != nil {
		line := int(cell.lines[at.Line-1])
		start, _ = cell.Span(line, at.Offset)
		return start, string(cell.Text[line:at.Offset])
	}
	start = bytes.LastIndexAny(f.Text[:offset], "\r\n") + 1
	return start, string(f.Text[start:offset])
}
