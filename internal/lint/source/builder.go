package source

import (
	"fmt"
	"slices"
)

// builder creates the nodes of a file with few allocations and checks the limits of each document.
type builder struct {
	file *File
	text string // file.Text; the nodes' texts are parts of it where they can be

	nodes   []Node // not yet used
	items   slab[*Node]
	members slab[Member]

	count   int // values of the document so far, with aliases expanded
	exempt  int // values in count that do not count for the limit, see beginItem
	deepest int // largest depth of collections
}

// node returns a new node; without a parent it is the root of a document.
func (b *builder) node(kind Kind, parent *Node, start, end int) *Node {
	if len(b.nodes) == 0 {
		// Grow rounds up to the size that is allocated anyway.
		b.nodes = slices.Grow([]Node(nil), slabSize(b.text, 10))
		b.nodes = b.nodes[:cap(b.nodes)]
	}
	n := &b.nodes[0]
	b.nodes = b.nodes[1:]
	if parent == nil {
		parent = &b.file.root
	}
	n.Kind, n.parent = kind, parent
	n.setSpan(start, end)
	return n
}

// slabSize is the number of elements to allocate at once, proportional to the size of the text, so that small files
// need few allocations and little memory is unused.
func slabSize(text string, per int) int {
	return min(max(len(text)/per, 16), 4096)
}

// slab gives the children of each collection their own slice. While a collection is open, its children are pushed;
// the children of collections inside it are pushed and popped after them.
type slab[T any] struct {
	open []T // children of the open collections, innermost last
	free []T // not yet used
}

func (s *slab[T]) push(child T) { s.open = append(s.open, child) }

// close ends a collection, whose first child is at an index of open.
func (s *slab[T]) close(first int, text string) []T {
	children := s.take(len(s.open)-first, text)
	copy(children, s.open[first:])
	s.open = s.open[:first]
	return children
}

// take returns memory for n children.
func (s *slab[T]) take(n int, text string) []T {
	if n == 0 {
		return nil
	}
	if n > len(s.free) {
		s.free = make([]T, max(n, slabSize(text, 24)))
	}
	taken := s.free[:n:n]
	s.free = s.free[n:]
	return taken
}

// begin starts the count of a document.
func (b *builder) begin() {
	b.count, b.exempt, b.deepest = 0, 0, 0
	b.items.open, b.members.open = b.items.open[:0], b.members.open[:0]
}

// add counts values. The innermost one is inside depth collections.
func (b *builder) add(values, depth, at int) *fault {
	b.count += values
	b.deepest = max(b.deepest, depth)
	switch {
	case depth > MaxDepth:
		return &fault{kind: Excessive, start: at, end: at, message: fmt.Sprintf("more than %d levels of nesting", MaxDepth)}
	case b.count-b.exempt > MaxNodes:
		return &fault{kind: Excessive, start: at, end: at, message: fmt.Sprintf("more than %d values in one document, aliases expanded", MaxNodes)}
	}
	return nil
}

// ownsItems reports whether the items of the list at a key of a document's root are counted one by one: the objects of a
// Kubernetes List and the resources of a Terraform plan. Such a document has as many descriptions as it has items.
func ownsItems(key string) bool { return key == "items" || key == "resource_changes" }

// counted is the state of a count.
type counted struct{ values, exempt int }

// beginItem begins the count of such an item, which may have as many values as a document. The result is for endItem.
func (b *builder) beginItem() (before counted) {
	before = counted{b.count, b.exempt}
	b.exempt = b.count
	return before
}

// endItem ends the count of the item at an offset, which counts as one value of its document.
func (b *builder) endItem(before counted, at int) *fault {
	b.exempt = before.exempt + max(b.count-before.values-1, 0)
	return b.add(0, 0, at)
}
