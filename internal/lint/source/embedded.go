package source

import (
	"bytes"
	"strings"
)

// Embedded returns the documents in a string that is itself YAML or JSON, nil for any other text and for one with errors. Their values are at
// their places in the string. Those with a template such as {{x}} are null.
func (n *Node) Embedded() []*Node {
	if n == nil || n.Kind != String || len(n.Text()) > MaxFileSize {
		return nil
	}
	inside := Parse("", []byte(markTemplates(n.Text())))
	if len(inside.Problems) > 0 || !inside.IsUTF8() {
		return nil
	}
	e := embedding{string: n, file: n.File(), nodes: map[*Node]*Node{}}
	e.locate()
	var roots []*Node
	for _, document := range inside.Documents {
		roots = append(roots, e.node(document.Root))
	}
	return roots
}

// templateMark replaces two characters of a template. It is plain text in YAML and in no name.
const templateMark = "\u00ad"

// markTemplates replaces each {{x}} by a plain text of the same length.
func markTemplates(text string) string {
	if !strings.Contains(text, "{{") {
		return text
	}
	var marked strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{{")
		inside, after, closed := strings.Cut(rest, "}}")
		if !found || !closed || strings.Contains(inside, "\n") {
			marked.WriteString(text)
			return marked.String()
		}
		length := len(inside) + len("{{}}")
		marked.WriteString(before + strings.Repeat(templateMark, length/len(templateMark)) + strings.Repeat("x", length%len(templateMark)))
		text = after
	}
}

// embedding makes the nodes of a document in a string nodes of the file.
type embedding struct {
	string *Node
	file   *File
	text   Cell // maps the text of the string to that of the file
	nodes  map[*Node]*Node
}

// locate finds the text of the string in that of the file. What is not as in the file, such as a folded block, begins where the string does.
func (e *embedding) locate() {
	start, end := e.string.start(), e.string.end()
	block, text := e.file.Text[start:end], e.string.Text()
	switch {
	case len(block) < 2:
	case block[0] == '|' && e.lines(block, text):
		return
	case block[0] == '"':
		if e.text.Append(e.file, start, end); string(e.text.Text) == text {
			return
		}
	case block[0] == '\'':
		start++
	}
	e.text = Cell{pieces: []piece{{in: uint32(start)}}}
}

// lines finds the lines of a literal block; ok is false if they are not those of the text.
func (e *embedding) lines(block []byte, text string) (ok bool) {
	header, rest, _ := bytes.Cut(block, []byte("\n"))
	at, in, indent := 0, e.string.start()+len(header)+1, -1
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		written, after, _ := bytes.Cut(rest, []byte("\n"))
		bare := bytes.TrimSuffix(written, []byte("\r"))
		if indent < 0 && line != "" {
			indent = max(len(bare)-len(line), 0)
		}
		shift := min(max(indent, 0), len(bare))
		if string(bare[shift:]) != line {
			return false
		}
		e.text.pieces = append(e.text.pieces, piece{at: uint32(at), in: uint32(in + shift)})
		at += len(line) + 1
		in += len(written) + 1
		rest = after
	}
	return true
}

// node returns the node for one of the text. The value of several aliases is one node.
func (e *embedding) node(n *Node) *Node {
	made := e.nodes[n]
	if made == nil {
		made = e.make(n)
		e.nodes[n] = made
	}
	return made
}

func (e *embedding) make(n *Node) *Node {
	start, end := e.text.Span(n.start(), n.end())
	start, end = min(start, e.string.end()), min(end, e.string.end())
	switch n.Kind {
	case Sequence:
		items := make([]*Node, len(n.Items()))
		for i, item := range n.Items() {
			items[i] = e.node(item)
		}
		return e.file.Sequence(items, start, end)
	case Mapping:
		members := make([]Member, len(n.Members()))
		for i, member := range n.Members() {
			members[i] = Member{Key: e.node(member.Key), Value: e.node(member.Value)}
		}
		return e.file.Mapping(members, start, end)
	}
	if strings.Contains(n.Text(), templateMark) {
		return e.file.Scalar(Null, "", start, end)
	}
	return e.file.Scalar(n.Kind, n.Text(), start, end)
}
