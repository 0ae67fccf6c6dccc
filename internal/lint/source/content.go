package source

import "unsafe"

// Node is one value. The value of several aliases is one Node with the
// location of the anchor. The methods that look for something inside a
// node accept a nil node and find nothing there.
//
// A file of a few KiB has hundreds of nodes, so that their size decides about the memory of a run: content has the
// text, the items or the members, which one depends on Kind.
type Node struct {
	content  unsafe.Pointer // the first byte of the text, the first item or the first member; nil if there is none
	parent   *Node          // for a root, File.root
	size     uint32         // of the text in bytes, or the number of items or members
	from, to uint32         // byte offsets in File.Text, which MaxFileSize limits
	Kind     Kind
}

// isFile is the kind of File.root, whose content is the file.
const isFile Kind = 0xFF

// Content is the value of a node without its location.
type Content struct {
	Kind    Kind
	Text    string
	Items   []*Node
	Members []Member
}

// Text returns a scalar's content: unquoted and unescaped for strings, as written for the rest. It is empty for collections.
func (n *Node) Text() string {
	if n.Kind >= Sequence {
		return ""
	}
	return unsafe.String((*byte)(n.content), n.size)
}

// Items returns the values of a sequence, nothing for any other node.
func (n *Node) Items() []*Node {
	if n == nil || n.Kind != Sequence {
		return nil
	}
	return unsafe.Slice((**Node)(n.content), n.size)
}

// Members returns the entries of a mapping, nothing for any other node. They are in the order of the text, those that
// a merge key brought in at the end. A key written twice is there twice; of a
// written key and a merged one the later in the text stays, as for
// sigs.k8s.io/yaml.
func (n *Node) Members() []Member {
	if n == nil || n.Kind != Mapping {
		return nil
	}
	return unsafe.Slice((*Member)(n.content), n.size)
}

// Content returns the value of the node.
func (n *Node) Content() Content {
	return Content{Kind: n.Kind, Text: n.Text(), Items: n.Items(), Members: n.Members()}
}

func (n *Node) setText(text string) {
	n.content, n.size = unsafe.Pointer(unsafe.StringData(text)), uint32(len(text))
}

func (n *Node) setItems(items []*Node) {
	n.content, n.size = unsafe.Pointer(unsafe.SliceData(items)), uint32(len(items))
}

func (n *Node) setMembers(members []Member) {
	n.content, n.size = unsafe.Pointer(unsafe.SliceData(members)), uint32(len(members))
}

func (n *Node) start() int { return int(n.from) }

func (n *Node) end() int { return int(n.to) }

func (n *Node) setEnd(end int) { n.to = uint32(end) }

func (n *Node) setSpan(start, end int) { n.from, n.to = uint32(start), uint32(end) }

// File returns the file that the node was read from.
func (n *Node) File() *File {
	for n.Kind != isFile {
		n = n.parent
	}
	return (*File)(n.content)
}

// Parent returns the collection that contains the node; nil for a document's root. For a value behind aliases it is
// the collection that contains the anchor.
func (n *Node) Parent() *Node {
	if n.parent.Kind == isFile {
		return nil
	}
	return n.parent
}

// With returns a node with the position of n and the value of content, for example the value of an expression. Its
// file, span, parent and path are those of n; n is unchanged.
func (n *Node) With(content Content) *Node {
	with := *n
	with.Kind = content.Kind
	switch content.Kind {
	case Sequence:
		with.setItems(content.Items)
	case Mapping:
		with.setMembers(content.Members)
	default:
		with.setText(content.Text)
	}
	return &with
}

// Mark returns a node without a value at a stretch of the text, for what could not be read there.
func (f *File) Mark(span Span) *Node {
	n := &Node{parent: &f.root}
	n.setSpan(span.Start.Offset, span.End.Offset)
	return n
}
