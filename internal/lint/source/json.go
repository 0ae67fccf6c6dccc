package source

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"unsafe"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/tidwall/jsonc"
)

// readJSON reads a sequence of JSON values, each a document. Text that may be YAML is read strictly, because in YAML
// a line break in a string is a space.
func (f *File) readJSON(text string) reading {
	if namedJSON(f.Name) {
		return f.readJSONBytes(text, blankBreaks(f.Text, isExpression))
	}
	return f.readJSONBytes(text, f.Text)
}

// readCommentedJSON reads JSON with comments and trailing commas. jsonc replaces them by spaces, so that all offsets
// are unchanged. over reports which strings may have several lines.
func (f *File) readCommentedJSON(text string, over func(string []byte) bool) reading {
	blanked := jsonc.ToJSON(f.Text)
	if len(blanked) != len(text) { // an unclosed comment at the very end
		blanked = f.Text
	}
	commented := f.readJSONBytes(text, blankBreaks(blanked, over))
	commented.comments = slashComments
	return commented
}

// readJSONBytes checks each document as a whole, and then makes its nodes without checking the syntax again.
func (f *File) readJSONBytes(text string, data []byte) reading {
	r := jsonReader{builder: builder{file: f, text: text}}
	documents := jsonDecoder(data)
	var all reading
	for documents.PeekKind() != 0 {
		start := int(documents.InputOffset())
		if _, err := documents.ReadValue(); err != nil {
			all.faults = append(all.faults, r.firstFault(data, start, jsonFault(documents, err)))
			return all
		}
		root, fault := r.document(data, start, int(documents.InputOffset()))
		if fault != nil {
			all.faults = append(all.faults, fault)
			continue
		}
		all.documents = append(all.documents, &Document{File: f, Root: root})
	}
	if _, err := documents.ReadToken(); !errors.Is(err, io.EOF) {
		all.faults = append(all.faults, jsonFault(documents, err))
	}
	return all
}

func jsonDecoder(data []byte) *jsontext.Decoder {
	return jsontext.NewDecoder(bytes.NewBuffer(data), jsontext.AllowDuplicateNames(true))
}

func jsonFault(tokens *jsontext.Decoder, err error) *fault {
	at, message := int(tokens.InputOffset()), err.Error()
	if syntactic, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		at, message = int(syntactic.ByteOffset), syntactic.Err.Error()
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		message = "the file ends within a JSON value"
	}
	return &fault{kind: Malformed, start: at, end: at, message: strings.TrimPrefix(message, "jsontext: ")}
}

// blankBreaks replaces the line breaks and tabs in some strings of JSON by spaces, so that all offsets are unchanged.
// The tools of Azure Resource Manager accept line breaks in any string, and they are common in expressions, "[…]".
// https://learn.microsoft.com/azure/azure-resource-manager/templates/syntax#multi-line-strings
func blankBreaks(data []byte, in func(string []byte) bool) []byte {
	blanked := data
	for at := 0; ; {
		open := bytes.IndexByte(data[at:], '"')
		if open < 0 {
			return blanked
		}
		start := at + open + 1
		end := start + stringLength(data[start:])
		at = min(end+1, len(data))
		if text := data[start:end]; !in(text) || !bytes.ContainsAny(text, breaks) {
			continue
		}
		if &blanked[0] == &data[0] {
			blanked = bytes.Clone(data)
		}
		for i := start; i < end; i++ {
			if strings.IndexByte(breaks, data[i]) >= 0 {
				blanked[i] = ' '
			}
		}
	}
}

const breaks = "\r\n\t"

var escapeBreaks = strings.NewReplacer("\r", `\r`, "\n", `\n`, "\t", `\t`)

func isExpression(text []byte) bool {
	return len(text) > 1 && text[0] == '[' && text[1] != '[' && text[len(text)-1] == ']'
}

// anyString is true for each string.
func anyString([]byte) bool { return true }

// stringLength is that of a string up to its closing quote, or of all the data.
func stringLength(data []byte) int {
	for at := 0; at < len(data); at++ {
		quote := bytes.IndexByte(data[at:], '"')
		if quote < 0 {
			break
		}
		at += quote
		escapes := 0
		for escapes < at && data[at-escapes-1] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return at
		}
	}
	return len(data)
}

// jsonReader makes the nodes of documents whose syntax was checked.
type jsonReader struct {
	builder
	data []byte // up to the end of the document
	at   int    // offset of what is read next
}

// place is where a value is.
type place struct {
	depth     int      // collections around it
	ignored   *Ignored // what nobody reads of it, nil for nothing
	ownsItems bool     // each of its items counts by itself
}

// document makes the nodes of a document, before which there may be blanks.
func (r *jsonReader) document(data []byte, start, end int) (*Node, *fault) {
	r.begin()
	r.data, r.at = data[:end], start
	return r.value(nil, place{ignored: r.file.options.Ignore})
}

// firstFault returns the first fault in a document that is not JSON. Before the text is invalid, a limit may be exceeded.
func (r *jsonReader) firstFault(data []byte, start int, invalid *fault) *fault {
	if _, excessive := r.document(data, start, max(start, invalid.start)); excessive != nil {
		return excessive
	}
	return tokenFault(data)
}

// tokenFault reads data that is not JSON token by token, which names what is missing better than reading whole values.
func tokenFault(data []byte) *fault {
	tokens := jsonDecoder(data)
	for {
		in, length := tokens.StackIndex(tokens.StackDepth())
		isKey := in == '{' && length%2 == 0
		var err error
		switch next := tokens.PeekKind(); {
		case next == 0, isKey && next == '}', in == '[' && next == ']', !isKey && (next == '{' || next == '['):
			_, err = tokens.ReadToken()
		default:
			_, err = tokens.ReadValue()
		}
		if err != nil {
			return jsonFault(tokens, err)
		}
	}
}

// next returns the first byte of the next token, 0 at the end of data that is cut off. Between the tokens of valid JSON,
// commas and colons mean nothing.
func (r *jsonReader) next() byte {
	for ; r.at < len(r.data); r.at++ {
		switch c := r.data[r.at]; c {
		case ' ', '\t', '\n', '\r', ',', ':':
		default:
			return c
		}
	}
	return 0
}

func (r *jsonReader) value(parent *Node, in place) (*Node, *fault) {
	next := r.next()
	switch {
	case in.ignored != nil && in.ignored.Whole && opens(next):
		return r.ignore(parent), nil
	case next == '{':
		return r.mapping(parent, in)
	case next == '[':
		return r.sequence(parent, in)
	}
	n := r.scalar(parent)
	return n, r.add(1, in.depth, n.start())
}

// open begins a collection.
func (r *jsonReader) open(kind Kind, parent *Node, depth int) (*Node, *fault) {
	n := r.node(kind, parent, r.at, 0)
	r.at++
	return n, r.add(1, depth, n.start())
}

// isClosed reports whether the next token ends a collection, and passes it.
func (r *jsonReader) isClosed(n *Node, closing byte) bool {
	c := r.next()
	if c == closing {
		r.at++
	}
	n.setEnd(r.at)
	return c == closing || c == 0
}

func (r *jsonReader) mapping(parent *Node, in place) (*Node, *fault) {
	n, fault := r.open(Mapping, parent, in.depth)
	if fault != nil {
		return nil, fault
	}
	first, conditional := len(r.members.open), false
	for !r.isClosed(n, '}') {
		key := r.scalar(n)
		ignored := in.ignored.member(key.Text())
		conditional = conditional || ignored.isConditional()
		value, fault := r.value(n, place{in.depth + 1, ignored, in.depth == 0 && ownsItems(key.Text())})
		if fault != nil {
			return nil, fault
		}
		r.members.push(Member{Key: key, Value: value})
	}
	n.setMembers(r.members.close(first, r.text))
	if conditional {
		return n, r.readUnless(n, in)
	}
	return n, nil
}

// readUnless reads the values of a mapping that were ignored although their condition is not met.
func (r *jsonReader) readUnless(n *Node, in place) *fault {
	end := r.at
	for i, member := range n.Members() {
		ignored := in.ignored.member(member.Key.Text())
		if !ignored.isConditional() || member.Value.Kind < String || len(n.Get(ignored.Beside).Items()) > 0 {
			continue
		}
		r.at = member.Value.start()
		value, fault := r.value(n, place{depth: in.depth + 1})
		if fault != nil {
			return fault
		}
		n.Members()[i].Value = value
	}
	r.at = end
	return nil
}

func (r *jsonReader) sequence(parent *Node, in place) (*Node, *fault) {
	n, fault := r.open(Sequence, parent, in.depth)
	if fault != nil {
		return nil, fault
	}
	first, items := len(r.items.open), place{depth: in.depth + 1, ignored: in.ignored.items()}
	for !r.isClosed(n, ']') {
		var before counted
		if in.ownsItems {
			before = r.beginItem()
		}
		item, fault := r.value(n, items)
		if fault == nil && in.ownsItems {
			fault = r.endItem(before, item.start())
		}
		if fault != nil {
			return nil, fault
		}
		r.items.push(item)
	}
	n.setItems(r.items.close(first, r.text))
	return n, nil
}

// ignore passes the next value, a collection or a string, and returns a node without content.
func (r *jsonReader) ignore(parent *Node) *Node {
	kind := String
	switch r.data[r.at] {
	case '{':
		kind = Mapping
	case '[':
		kind = Sequence
	}
	n := r.node(kind, parent, r.at, 0)
	r.passValue()
	n.setEnd(r.at)
	return n
}

// passValue passes the next value, which begins here, and returns its text.
func (r *jsonReader) passValue() []byte {
	start := r.at
	if r.at < len(r.data) && !opens(r.data[r.at]) {
		r.passScalar()
	} else {
		r.at = endOfValue(r.data, r.at)
	}
	return r.data[start:r.at]
}

// opens reports whether a collection or a string begins with a byte.
func opens(c byte) bool { return c == '{' || c == '[' || c == '"' }

// endOfValue returns the end of a collection or string of valid JSON.
func endOfValue(data []byte, at int) int {
	for depth := 0; at < len(data); at++ {
		switch data[at] {
		case '"':
			at = min(at+1+stringLength(data[at+1:]), len(data)-1)
		case '{', '[':
			depth++
			continue
		case '}', ']':
			depth--
		default:
			continue
		}
		if depth == 0 {
			return at + 1
		}
	}
	return len(data)
}

func (r *jsonReader) scalar(parent *Node) *Node {
	if r.next() == '"' {
		return r.quoted(parent)
	}
	start := r.at
	r.passScalar()
	n := r.node(kindOf(r.text[start:r.at]), parent, start, r.at)
	n.setText(r.text[start:r.at])
	return n
}

// passScalar passes a number or a word.
func (r *jsonReader) passScalar() {
	for r.at < len(r.data) && !endsScalar(r.data[r.at]) {
		r.at++
	}
}

func endsScalar(c byte) bool {
	switch c {
	case ' ', '\t', '\n', '\r', ',', ']', '}':
		return true
	}
	return false
}

func (r *jsonReader) quoted(parent *Node) *Node {
	start := r.at + 1
	end := start + stringLength(r.data[start:])
	r.at = min(end+1, len(r.data))
	n := r.node(String, parent, start-1, r.at)
	if bytes.IndexByte(r.data[start:end], '\\') < 0 {
		n.setText(r.text[start:end])
		return n
	}
	quoted := r.text[start-1 : r.at]
	if string(r.data[start-1:r.at]) != quoted { // it has spaces where an expression has line breaks
		quoted = escapeBreaks.Replace(quoted)
	}
	unquoted, _ := jsontext.AppendUnquote(make([]byte, 0, len(quoted)), quoted)
	n.setText(unsafe.String(unsafe.SliceData(unquoted), len(unquoted)))
	return n
}
