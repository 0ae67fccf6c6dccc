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

func (f *File) readJSONBytes(text string, data []byte) reading {
	r := jsonReader{
		builder: builder{file: f, text: text},
		tokens:  jsontext.NewDecoder(bytes.NewBuffer(data), jsontext.AllowDuplicateNames(true)),
	}
	var all reading
	for r.tokens.PeekKind() != 0 {
		r.begin()
		root, fault := r.value(nil, 0)
		if fault == nil {
			all.documents = append(all.documents, &Document{File: f, Root: root})
			continue
		}
		all.faults = append(all.faults, fault)
		if fault.kind != Excessive || !r.skipDocument() {
			return all
		}
	}
	if _, err := r.tokens.ReadToken(); !errors.Is(err, io.EOF) {
		all.faults = append(all.faults, r.fault(err))
	}
	return all
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

type jsonReader struct {
	builder
	tokens *jsontext.Decoder
}

// value reads the next value, which is inside depth collections.
func (r *jsonReader) value(parent *Node, depth int) (*Node, *fault) {
	switch r.tokens.PeekKind() {
	case '{', '[':
		return r.collection(parent, depth)
	}
	n, fault := r.scalar(parent)
	if fault != nil {
		return nil, fault
	}
	return n, r.add(1, depth, n.start())
}

func (r *jsonReader) collection(parent *Node, depth int) (*Node, *fault) {
	open, err := r.tokens.ReadToken()
	if err != nil {
		return nil, r.fault(err)
	}
	kind, closing := Mapping, jsontext.Kind('}')
	if open.Kind() == '[' {
		kind, closing = Sequence, ']'
	}
	n := r.node(kind, parent, r.offset()-1, 0)
	if fault := r.add(1, depth, n.start()); fault != nil {
		return nil, fault
	}
	firstItem, firstMember := len(r.items.open), len(r.members.open)
	for {
		next := r.tokens.PeekKind()
		if next == closing {
			break
		}
		if next == 0 {
			_, err := r.tokens.ReadToken()
			return nil, r.fault(err)
		}
		if kind == Sequence {
			item, fault := r.value(n, depth+1)
			if fault != nil {
				return nil, fault
			}
			r.items.push(item)
			continue
		}
		key, fault := r.scalar(n)
		if fault != nil {
			return nil, fault
		}
		value, fault := r.value(n, depth+1)
		if fault != nil {
			return nil, fault
		}
		r.members.push(Member{Key: key, Value: value})
	}
	if _, err := r.tokens.ReadToken(); err != nil {
		return nil, r.fault(err)
	}
	n.setEnd(r.offset())
	if kind == Sequence {
		n.setItems(r.items.close(firstItem, r.text))
	} else {
		n.setMembers(r.members.close(firstMember, r.text))
	}
	return n, nil
}

func (r *jsonReader) scalar(parent *Node) (*Node, *fault) {
	raw, err := r.tokens.ReadValue()
	if err != nil {
		return nil, r.fault(err)
	}
	end := r.offset()
	n := r.node(String, parent, end-len(raw), end)
	text := r.text[n.start():end]
	switch raw.Kind() {
	case '"':
		if bytes.IndexByte(raw, '\\') < 0 {
			text = text[1 : len(text)-1]
			break
		}
		quoted := text
		if string(raw) != quoted { // it has spaces where an expression has line breaks
			quoted = escapeBreaks.Replace(quoted)
		}
		unquoted, err := jsontext.AppendUnquote(make([]byte, 0, len(quoted)), quoted)
		if err != nil {
			return nil, r.fault(err)
		}
		text = unsafe.String(unsafe.SliceData(unquoted), len(unquoted))
	case '0':
		n.Kind = kindOf(text)
	case 't', 'f':
		n.Kind = Bool
	case 'n':
		n.Kind = Null
	}
	n.setText(text)
	return n, nil
}

// skipDocument skips the rest of the top-level value that could not be read.
func (r *jsonReader) skipDocument() bool {
	for r.tokens.StackDepth() > 0 {
		if _, err := r.tokens.ReadToken(); err != nil {
			return false
		}
	}
	return true
}

func (r *jsonReader) offset() int { return int(r.tokens.InputOffset()) }

func (r *jsonReader) fault(err error) *fault {
	at, message := r.offset(), err.Error()
	if syntactic, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		at, message = int(syntactic.ByteOffset), syntactic.Err.Error()
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		message = "the file ends within a JSON value"
	}
	return &fault{kind: Malformed, start: at, end: at, message: strings.TrimPrefix(message, "jsontext: ")}
}
