package lint_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// change replaces a stretch of a file's text; start and end are the same where it inserts.
type change struct {
	start, end int // bytes
	text       string
}

// edit is what somebody does to a file, and where a finding about it stands.
type edit struct {
	changes []change
	// node is the value of the file as it was that the finding stands at, nil for
	// what the first change writes.
	node *source.Node
	// skip is how many bytes of the first change stand before what the finding is about.
	skip int
}

// apply returns the edited text and the line of the finding.
func (e edit) apply(text []byte) (edited []byte, line int) {
	changes := slices.Clone(e.changes)
	slices.SortStableFunc(changes, func(a, b change) int { return a.start - b.start })
	var out bytes.Buffer
	at, last := 0, 0
	for _, c := range changes {
		out.Write(text[last:c.start])
		if e.node == nil && c == e.changes[0] {
			at = out.Len() + e.skip
		}
		out.WriteString(c.text)
		last = c.end
	}
	out.Write(text[last:])
	if e.node != nil {
		at = e.node.Span().Start.Offset
		start := at
		for _, c := range changes {
			// A mapping begins with what is inserted before its first key.
			if c.start < start || c.start == start && c.end == start && e.node.Kind < source.Sequence {
				at += len(c.text) - (c.end - c.start)
			}
		}
	}
	return out.Bytes(), 1 + bytes.Count(out.Bytes()[:at], []byte("\n"))
}

// and makes one edit of two; the finding is the first one's.
func (e edit) and(other edit) edit {
	e.changes = append(slices.Clone(e.changes), other.changes...)
	return e
}

// foundAt makes the finding stand at a value of the file as it was.
func (e edit) foundAt(n *source.Node) edit {
	e.node = n
	return e
}

// replace writes JSON, which is YAML too, in place of a value.
func replace(n *source.Node, json string) edit {
	span := n.Span()
	return edit{changes: []change{{span.Start.Offset, span.End.Offset, json}}}
}

// member is a key and a value in JSON.
type member struct{ key, json string }

func (m member) String() string { return fmt.Sprintf("%q: %s", m.key, m.json) }

// put writes members into the mapping that path leads to from another one, which it
// makes where there is none yet. It is false where a value is in the way.
func put(mapping *source.Node, path []string, members ...member) (edit, bool) {
	if mapping == nil || mapping.Kind != source.Mapping {
		return edit{}, false
	}
	if len(path) > 0 {
		inner := mapping.Get(path[0])
		if !inner.IsNull() {
			return put(inner, path[1:], members...)
		}
		made := braces(members)
		for _, key := range slices.Backward(path[1:]) {
			made = braces([]member{{key, made}})
		}
		if inner != nil {
			return fill(mapping, path[0], made), true
		}
		return insert(mapping, member{path[0], made})
	}
	for _, m := range members {
		if existing := mapping.Get(m.key); existing != nil {
			if len(members) > 1 {
				return edit{}, false
			}
			if existing.IsNull() {
				return fill(mapping, m.key, m.json), true
			}
			return replace(existing, m.json), true
		}
	}
	return insert(mapping, members...)
}

func braces(members []member) string {
	var texts []string
	for _, m := range members {
		texts = append(texts, m.String())
	}
	return "{" + strings.Join(texts, ", ") + "}"
}

// fill writes JSON in place of a null, which may have no text.
func fill(mapping *source.Node, key, json string) edit {
	text, null := mapping.File().Text, mapping.Get(key).Span()
	if null.Start != null.End {
		return replace(mapping.Get(key), json)
	}
	at := keyOf(mapping.Get(key)).Span().End.Offset
	at += bytes.IndexByte(text[at:], ':') + 1
	return edit{changes: []change{{at, at, " " + json}}, skip: 1}
}

// insert writes members at the beginning of a mapping: one a line where each of its
// own has one.
func insert(mapping *source.Node, members ...member) (edit, bool) {
	if len(mapping.Members()) == 0 && mapping.Span().Start == mapping.Span().End {
		return edit{}, false
	}
	at := mapping.Span().Start
	between := ", "
	if mapping.File().Text[at.Offset] == '{' {
		at.Offset++
	} else {
		at = mapping.Members()[0].Key.Span().Start
		between = "\n" + strings.Repeat(" ", at.Column-1)
	}
	var text strings.Builder
	for i, m := range members {
		text.WriteString(m.String())
		if i < len(members)-1 || len(mapping.Members()) > 0 {
			text.WriteString(between)
		}
	}
	return edit{changes: []change{{at.Offset, at.Offset, text.String()}}}, true
}

// keyOf returns the key that a value stands behind, nil for the item of a list.
func keyOf(value *source.Node) *source.Node {
	if value == nil || value.Parent() == nil {
		return nil
	}
	for _, m := range value.Parent().Members() {
		if m.Value == value {
			return m.Key
		}
	}
	return nil
}

func TestEdits(t *testing.T) {
	tests := []struct {
		name, text string
		edit       func(root *source.Node) (edit, bool)
		want       string
		line       int
	}{
		{
			"replaces", "a:\n  b: 3 # three\n",
			func(root *source.Node) (edit, bool) { return replace(root.At("a", "b"), "48"), true },
			"a:\n  b: 48 # three\n", 2,
		},
		{
			"inserts a line", "a:\n  - b: 3\n    c: 4\n",
			func(root *source.Node) (edit, bool) {
				return put(root.Get("a").Items()[0], nil, member{"x", "1"}, member{"y", "2"})
			},
			"a:\n  - \"x\": 1\n    \"y\": 2\n    b: 3\n    c: 4\n", 2,
		},
		{
			"inserts in braces", "{\n  \"a\": {}\n}\n",
			func(root *source.Node) (edit, bool) { return put(root, []string{"a"}, member{"x", "1"}) },
			"{\n  \"a\": {\"x\": 1}\n}\n", 2,
		},
		{
			"makes mappings on the way", "{\n  \"a\": 1\n}\n",
			func(root *source.Node) (edit, bool) { return put(root, []string{"b", "c"}, member{"x", "1"}) },
			"{\"b\": {\"c\": {\"x\": 1}}, \n  \"a\": 1\n}\n", 1,
		},
		{
			"fills what has no text", "a: 1\nb:\n# nothing\nc: 2\n",
			func(root *source.Node) (edit, bool) { return put(root, []string{"b"}, member{"x", "1"}) },
			"a: 1\nb: {\"x\": 1}\n# nothing\nc: 2\n", 2,
		},
		{
			"replaces null", "{a: null}\n",
			func(root *source.Node) (edit, bool) { return put(root, nil, member{"a", "1"}) },
			"{a: 1}\n", 1,
		},
		{
			"is blocked", "a: 1\n",
			func(root *source.Node) (edit, bool) { return put(root, []string{"a"}, member{"x", "1"}) },
			"", 0,
		},
		{
			"finds what was there", "a: 1\nb: 2\n",
			func(root *source.Node) (edit, bool) {
				e, ok := put(root, nil, member{"x", "1"})
				return e.foundAt(root.Get("b")), ok
			},
			"\"x\": 1\na: 1\nb: 2\n", 3,
		},
		{
			"finds a mapping with what begins it now", "a: 1\n",
			func(root *source.Node) (edit, bool) {
				e, ok := put(root, nil, member{"x", "1"})
				return e.foundAt(root), ok
			},
			"\"x\": 1\na: 1\n", 1,
		},
		{
			"edits twice", "a: 1\nb: 2\n",
			func(root *source.Node) (edit, bool) {
				e, ok := put(root, nil, member{"x", "1"})
				return replace(root.Get("b"), "3").and(e), ok
			},
			"\"x\": 1\na: 1\nb: 3\n", 3,
		},
	}
	for _, test := range tests {
		file := source.Parse("file", []byte(test.text))
		e, ok := test.edit(file.Documents[0].Root)
		if !ok || test.want == "" {
			if ok || test.want != "" {
				t.Errorf("%s: edited is %t", test.name, ok)
			}
			continue
		}
		if got, line := e.apply(file.Text); string(got) != test.want || line != test.line {
			t.Errorf("%s: got line %d of\n%swant line %d of\n%s", test.name, line, got, test.line, test.want)
		}
	}
}
