package source

import "fmt"

// Decode returns a file with a text but without documents. A reader of another language than YAML and JSON makes nodes
// (Scalar, Sequence, Mapping) and documents of them (Add). It also sets the comments (SetComments). If the file has a Problem,
// its text cannot be read.
func Decode(name string, data []byte) *File {
	f := Unread(name)
	f.foreign = true
	f.Problems = f.setText(data)
	return f
}

// IsForeign reports whether the file is in another language than YAML and JSON.
func (f *File) IsForeign() bool { return f.foreign }

// setText sets the text of a file and prepares its positions. It returns a problem if the data has no text.
func (f *File) setText(data []byte) []Problem {
	if len(data) > MaxFileSize {
		f.lines = []uint32{0}
		return []Problem{f.problem(&fault{
			kind:    Excessive,
			message: fmt.Sprintf("the file has %d bytes; the limit is %d", len(data), MaxFileSize),
		})}
	}
	text, undecodable := f.decode(data)
	f.Text = text
	f.lines = lineStarts(text)
	f.ascii = isASCII(text)
	if undecodable != nil {
		return []Problem{f.problem(undecodable)}
	}
	if !f.ascii && f.hasLongLine() {
		f.counts = countCodePoints(text)
	}
	return nil
}

// Scalar makes the node of a scalar. start and end are byte offsets in the text of the file.
func (f *File) Scalar(kind Kind, text string, start, end int) *Node {
	n := &Node{Kind: kind, parent: &f.root}
	n.setText(text)
	n.setSpan(start, end)
	return n
}

// Sequence makes the node of a list; see Mapping.
func (f *File) Sequence(items []*Node, start, end int) *Node {
	n := &Node{Kind: Sequence, parent: &f.root}
	n.setItems(items)
	n.setSpan(start, end)
	for _, item := range items {
		f.place(item, n)
	}
	return n
}

// Mapping makes the node of a mapping. start and end are byte offsets in the text of the file. The mapping becomes the
// parent of its keys and values that have none yet. A node of another file or in another collection can be a value, too, as
// that behind an alias is: it keeps its own position and parent.
func (f *File) Mapping(members []Member, start, end int) *Node {
	n := &Node{Kind: Mapping, parent: &f.root}
	n.setMembers(members)
	n.setSpan(start, end)
	for _, member := range members {
		f.place(member.Key, n)
		f.place(member.Value, n)
	}
	return n
}

func (f *File) place(child, parent *Node) {
	if child.parent == &f.root {
		child.parent = parent
	}
}

// Add adds a document.
func (f *File) Add(root *Node) {
	f.Documents = append(f.Documents, &Document{File: f, Root: root})
}

// Malformed adds a problem at a stretch of the text, from start to end in bytes.
func (f *File) Malformed(message string, start, end int) {
	f.Problems = append(f.Problems, f.problem(&fault{kind: Malformed, start: start, end: end, message: message}))
}
