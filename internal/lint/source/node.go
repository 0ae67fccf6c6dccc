package source

import (
	"cmp"
	"iter"
	"slices"
	"strconv"
	"strings"
)

// Span returns the span of the value, including quotes.
func (n *Node) Span() Span {
	return Span{Start: n.File().Position(n.start()), End: n.File().Position(n.end())}
}

// Clone returns a copy of a tree, with the keys of the original. members returns those members of a mapping that the copy has.
func (n *Node) Clone(members func(mapping *Node) []Member) *Node {
	clones := map[*Node]*Node{} // including nodes that several aliases share
	var clone func(n *Node) *Node
	clone = func(n *Node) *Node {
		if known := clones[n]; known != nil {
			return known
		}
		c := new(*n)
		clones[n] = c
		if parent := clones[n.parent]; parent != nil {
			c.parent = parent
		}
		switch n.Kind {
		case Sequence:
			items := make([]*Node, len(n.Items()))
			for i, item := range n.Items() {
				items[i] = clone(item)
			}
			c.setItems(items)
		case Mapping:
			members := slices.Clone(members(n))
			for i, member := range members {
				members[i].Value = clone(member.Value)
			}
			c.setMembers(members)
		}
		return c
	}
	return clone(n)
}

// Get returns the value of key in a mapping: the last one if the key is duplicate, nil if there is none.
func (n *Node) Get(key string) *Node {
	members := n.Members()
	for i := len(members) - 1; i >= 0; i-- {
		if members[i].Key.Text() == key {
			return members[i].Value
		}
	}
	return nil
}

// GetFold is Get for formats whose readers ignore the case of keys.
func (n *Node) GetFold(key string) *Node {
	members := n.Members()
	for i := len(members) - 1; i >= 0; i-- {
		if strings.EqualFold(members[i].Key.Text(), key) {
			return members[i].Value
		}
	}
	return nil
}

// At follows keys from mapping to mapping and returns nil where one is missing.
func (n *Node) At(keys ...string) *Node {
	for _, key := range keys {
		n = n.Get(key)
	}
	return n
}

// Has reports whether a mapping has key, whatever its value.
func (n *Node) Has(key string) bool { return n.Get(key) != nil }

// Pairs yields the effective keys and values of a mapping: for a duplicate key the last one.
func (n *Node) Pairs() iter.Seq2[*Node, *Node] {
	members := n.Members()
	last := make(map[string]int, len(members))
	for i, member := range members {
		last[member.Key.Text()] = i
	}
	return func(yield func(key, value *Node) bool) {
		for i, member := range members {
			if last[member.Key.Text()] == i && !yield(member.Key, member.Value) {
				return
			}
		}
	}
}

// IsNull reports whether the node is missing or null.
func (n *Node) IsNull() bool { return n == nil || n.Kind == Null }

// Scalar returns the text of a scalar that is not null.
func (n *Node) Scalar() (string, bool) {
	if n == nil || n.Kind == Null || n.Kind >= Sequence {
		return "", false
	}
	return n.Text(), true
}

// Path is the path of the node in its document in Kubernetes notation:
// spec.containers[0].resources.limits["nvidia.com/gpu"]; empty for the root. A
// key has the path of its value.
func (n *Node) Path() string {
	return n.path(func(_ *Node, index int) string { return strconv.Itoa(index) })
}

// NamedPath is Path with the names of items instead of their indexes, so that it stays the same when items move:
// spec.containers["server"].resources. An item without a name has none: [].
func (n *Node) NamedPath() string {
	return n.path(func(item *Node, _ int) string { return item.itemName() })
}

// itemName is the name of an item in a list; empty if it has none.
func (n *Node) itemName() string {
	for _, named := range []*Node{n.Get("name"), n.At("metadata", "name")} {
		if name, ok := named.Scalar(); ok && name != "" {
			return strconv.Quote(name)
		}
	}
	return ""
}

// path is the path of the node with a label for each item of a list.
func (n *Node) path(label func(item *Node, index int) string) string {
	var steps []string
	for ; n.Parent() != nil; n = n.Parent() {
		steps = append(steps, n.step(label))
	}
	var path strings.Builder
	for i := len(steps) - 1; i >= 0; i-- {
		path.WriteString(steps[i])
	}
	return strings.TrimPrefix(path.String(), ".")
}

func (n *Node) step(label func(item *Node, index int) string) string {
	// Items are in the order of the text, except those behind aliases.
	items := n.parent.Items()
	if i, found := slices.BinarySearchFunc(items, n.start(), startsAt); found && items[i].standsAt(n) {
		return "[" + label(items[i], i) + "]"
	}
	if i := slices.IndexFunc(items, n.standsAt); i >= 0 {
		return "[" + label(items[i], i) + "]"
	}
	member := n.member()
	switch {
	case member == nil:
		return ""
	case strings.ContainsAny(member.Key.Text(), `./[]"' `) || member.Key.Text() == "":
		return "[" + strconv.Quote(member.Key.Text()) + "]"
	}
	return "." + member.Key.Text()
}

// member returns the first member of n's parent that n is the key or the value of,
// nil when there is none.
func (n *Node) member() *Member {
	members := n.Parent().Members()
	// They are in the order of the text, except those behind aliases and merge keys.
	i, found := slices.BinarySearchFunc(members, n.start(), keyStartsAt)
	if !found {
		i--
	}
	if i >= 0 && members[i].holds(n) {
		return &members[i]
	}
	if i := slices.IndexFunc(members, func(m Member) bool { return m.holds(n) }); i >= 0 {
		return &members[i]
	}
	return nil
}

func (m *Member) holds(n *Node) bool { return m.Key.standsAt(n) || m.Value.standsAt(n) }

// IsElsewhere reports whether the value is written outside the text of its mapping, as what is assigned to a variable in another language
// than YAML and JSON.
func (m Member) IsElsewhere() bool {
	mapping := m.Value.Parent()
	if mapping == nil || !m.Value.File().IsForeign() || m.Key.start() == m.Value.start() {
		return false
	}
	return m.Value.start() < mapping.start() || m.Value.end() > mapping.end()
}

// standsAt reports whether the node is other, or was created from it by With.
func (n *Node) standsAt(other *Node) bool {
	return n == other || n.from == other.from && n.to == other.to && n.parent == other.parent
}

// Is reports whether the node is a scalar with this text.
func (n *Node) Is(text string) bool {
	scalar, ok := n.Scalar()
	return ok && scalar == text
}

func startsAt(item *Node, offset int) int { return cmp.Compare(item.start(), offset) }

func keyStartsAt(member Member, offset int) int { return startsAt(member.Key, offset) }
