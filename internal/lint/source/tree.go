package source

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// convert returns the node of y, which is nested in depth collections. end is the end of its text; for
// an alias this is the end of the alias and not of the node.
func (r *libraryReader) convert(y *yaml.Node, parent *Node, depth int) (n *Node, end int, broken *fault) {
	at := r.offset(y.Line, y.Column)
	if y.Kind == yaml.AliasNode {
		n, broken = r.alias(y, at, depth)
		return n, at + len("*") + len(y.Value), broken
	}
	if broken := r.add(1, depth, at); broken != nil {
		return nil, 0, broken
	}
	if y.Anchor == "" {
		n, broken = r.content(y, at, parent, depth)
		if broken != nil {
			return nil, 0, broken
		}
		return n, n.end(), nil
	}
	if r.anchor == nil {
		r.anchor = make(map[*yaml.Node]*anchored)
	}
	r.anchor[y] = nil
	before, deepest, aliased := r.count-1, r.deepest, r.aliased
	r.deepest = depth
	n, broken = r.content(y, at, parent, depth)
	if broken != nil {
		return nil, 0, broken
	}
	r.anchor[y] = &anchored{
		node: n, size: r.count - before, height: r.deepest - depth,
		bytes: n.end() - n.start() + r.aliased - aliased,
	}
	r.deepest = max(r.deepest, deepest)
	return n, n.end(), nil
}

func (r *libraryReader) alias(y *yaml.Node, at, depth int) (*Node, *fault) {
	target, known := r.anchor[y.Alias]
	end := at + len("*") + len(y.Value)
	switch {
	case !known:
		return nil, &fault{kind: Malformed, start: at, end: end, message: "unknown anchor '" + y.Value + "'"}
	case target == nil:
		return nil, &fault{kind: Malformed, start: at, end: end, message: "anchor '" + y.Value + "' contains itself"}
	}
	// Every alias counts with the text of its node, as every merge does.
	if r.aliased += target.bytes; r.aliased > MaxFileSize {
		return nil, &fault{kind: Excessive, start: at, end: end, message: fmt.Sprintf(
			"the aliases of one document expand to more than %d bytes", MaxFileSize)}
	}
	return target.node, r.add(target.size, depth+target.height, at)
}

func (r *libraryReader) content(y *yaml.Node, at int, parent *Node, depth int) (*Node, *fault) {
	switch y.Kind {
	case yaml.SequenceNode:
		return r.sequence(y, at, parent, depth)
	case yaml.MappingNode:
		return r.mapping(y, at, parent, depth)
	}
	return r.scalar(y, at, parent), nil
}

func (r *libraryReader) sequence(y *yaml.Node, at int, parent *Node, depth int) (*Node, *fault) {
	_, start := skipProperties(r.text, at)
	n := r.node(Sequence, parent, start, start+1)
	items := r.items.take(len(y.Content), r.text)
	for i, child := range y.Content {
		var before counted
		if y == r.list {
			before = r.beginItem()
		}
		item, end, broken := r.convert(child, n, depth+1)
		if broken != nil {
			return nil, broken
		}
		if y == r.list {
			if broken := r.endItem(before, item.start()); broken != nil {
				return nil, broken
			}
		}
		items[i] = item
		n.setEnd(max(n.end(), end))
	}
	n.setItems(items)
	if r.text[start] == '[' {
		n.setEnd(endOfFlow(r.text, n.end()))
	}
	return n, nil
}

func (r *libraryReader) mapping(y *yaml.Node, at int, parent *Node, depth int) (*Node, *fault) {
	n := r.node(Mapping, parent, at, at+1)
	// If the mapping begins with its first key, an anchor or a bracket there belongs to the key.
	keyed := len(y.Content) > 0 && sameLocation(y, y.Content[0])
	if !keyed {
		_, start := skipProperties(r.text, at)
		n.setSpan(start, start+1)
	}
	members := r.members.take(len(y.Content)/2, r.text)
	merges := false
	for i := range members {
		key, end, broken := r.convert(y.Content[2*i], n, depth+1)
		if broken != nil {
			return nil, broken
		}
		r.count--
		if i == 0 && y.Content[0].Kind != yaml.AliasNode && (keyed || key.start() < n.start()) {
			n.setSpan(key.start(), key.start())
		}
		n.setEnd(max(n.end(), end))
		if depth == 0 && ownsItems(y.Content[2*i].Value) {
			r.list = y.Content[2*i+1]
		}
		value, end, broken := r.convert(y.Content[2*i+1], n, depth+1)
		if broken != nil {
			return nil, broken
		}
		if i+1 < len(members) && sameLocation(y.Content[2*i+1], y.Content[2*i+2]) {
			// The value is missing: the library gave it the tag of the next key.
			value.Kind = Null
		}
		if keyed && y.Style&yaml.FlowStyle != 0 && isMissing(y.Content[2*i+1]) && value.Kind == Null {
			// The library locates the missing value of a pair in a flow sequence at a token that it may have overwritten.
			end = endOfColon(r.text, key.end())
			value.setSpan(end, end)
		}
		n.setEnd(max(n.end(), end))
		members[i] = Member{Key: key, Value: value}
		merges = merges || isMerge(y.Content[2*i])
	}
	n.setMembers(members)
	if !keyed && r.text[n.start()] == '{' {
		n.setEnd(endOfFlow(r.text, n.end()))
	}
	if merges {
		return n, r.merge(n, y, depth)
	}
	return n, nil
}

func sameLocation(a, b *yaml.Node) bool { return a.Line == b.Line && a.Column == b.Column }

// isMissing reports whether there is no text for a value.
func isMissing(value *yaml.Node) bool {
	return value.Kind == yaml.ScalarNode && value.Value == "" && value.Style == 0 && value.Anchor == ""
}

func isMerge(key *yaml.Node) bool {
	return key.Kind == yaml.ScalarNode && key.Value == "<<" && key.Tag == "!!merge"
}

func (r *libraryReader) scalar(y *yaml.Node, at int, parent *Node) *Node {
	tagged := y.Style&yaml.TaggedStyle != 0
	propertiesEnd, start := skipProperties(r.text, at)
	// The library drops the tag "!", which makes the text a string.
	isText := !tagged && !r.inComment(at) && slices.Contains(strings.Fields(r.text[at:propertiesEnd]), "!")
	if y.Value == "" && y.Anchor == "" && !tagged && !isText {
		propertiesEnd = at // the properties belong to the next value
	}
	text, end := y.Value, propertiesEnd
	switch style := y.Style &^ yaml.TaggedStyle; {
	case style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0:
		end = endOfQuoted(r.text, start)
	case style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		header := endOfHeader(r.text, start)
		end = max(header, endOfFolded(r.text, header+lineLength(r.text[header:]), y.Value))
	case y.Value == "":
		start = propertiesEnd
	default:
		end = endOfFolded(r.text, start, y.Value)
		if written := r.text[start:end]; written == y.Value {
			text = written // so that the library's copy can be freed
		}
	}
	kind := String
	if !isText {
		kind = scalarKind(y)
	}
	if y.Tag == "!!binary" {
		text = decodeBinary(y.Value)
	}
	n := r.node(kind, parent, start, end)
	n.setText(text)
	return n
}

// inComment reports whether the library located an empty value after the # of a comment.
func (r *libraryReader) inComment(at int) bool { return at > 0 && r.text[at-1] == '#' }

// scalarKind returns the kind of a scalar of the YAML library. A scalar with a custom tag is a string,
// and so is one with a standard tag that does not fit its text, which sigs.k8s.io/yaml rejects.
func scalarKind(y *yaml.Node) Kind {
	if y.Style&yaml.TaggedStyle == 0 {
		if y.Style == 0 {
			return kindOf(y.Value)
		}
		return String
	}
	resolved := kindOf(y.Value)
	fits := false
	switch y.Tag {
	case "!!null":
		fits = resolved == Null
	case "!!bool":
		fits = resolved == Bool
	case "!!float":
		fits = resolved == Number
	case "!!int":
		if fits = resolved == Number; fits {
			_, fits = integer(y.Value)
		}
	}
	if fits {
		return resolved
	}
	return String
}

// decodeBinary returns the bytes of a !!binary scalar as a string with U+FFFD for invalid UTF-8, as in
// JSON.
func decodeBinary(text string) string {
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return text
	}
	return string([]rune(string(data)))
}
