package source

import (
	"encoding/binary"
	"strings"
	"unicode/utf8"
)

// This file reads plain YAML, which is most of what people and programs write, straight into nodes. It is several times
// as fast as the YAML library, which stays authoritative: the result is what libraryReader makes of the same text. A text
// that the grammar below does not describe is a doubt, and the library reads the document, or the object of a Kubernetes
// List that has it.
//
//	document  = [ "---" [ comment ] break ] ( mapping | sequence | flow )
//	mapping   = { key ":" value }             the keys in one column, each the first of its line but for the first key
//	sequence  = { "-" value }                 the dashes likewise
//	value     = mapping | sequence | flow | scalar | block | nothing
//	            It is on the line of its key or dash or, more indented, below. A mapping or a sequence is not on the line
//	            of its key. A sequence below a key may be in the key's column.
//	flow      = "[" [ item { "," item } [ "," ] ] "]" | "{" [ pair { "," pair } [ "," ] ] "}"
//	item      = flow | scalar
//	pair      = key [ ":" [ item ] ]
//	key       = a scalar on one line, at most maxKey bytes before the colon, and not the merge key <<
//	scalar    = plain | 'single' | "double"   on one or more lines, which are folded
//	block     = ( "|" | ">" ) [ indentation ] [ chomping ] [ comment ] break lines
//
// A plain scalar begins with no indicator, and not with - ? : before a blank. It ends before ": " and " #" and, in flow,
// before , ? [ ] { }. Double quotes have the escapes \0 \a \b \t \n \v \f \r \e \" \\ \xXX \uXXXX, an escaped space and an
// escaped line break. Lines end with LF or CR LF. A comment begins a line or follows a blank. Tabs may stand within a line,
// but not before its first token or behind a dash.
//
// Not taken are scalars as documents, anchors, aliases, tags, directives, explicit keys, pairs in flow sequences, markers
// behind the first line, control characters, byte order marks, and line breaks other than LF and CR LF.
//
// Columns are in bytes: only spaces and dashes precede a token whose column matters.

// plainReader reads plain YAML. Its methods return nil or false for a doubt.
type plainReader struct {
	*builder
	library *libraryReader

	input string // the text up to the end of the chunk
	at    int    // offset of the next token
	col   int    // its column if it is the first of its line or follows a dash; -1 at the end of the input
	// owned means that the next sequence below the root has items with a limit of their own.
	owned bool
	// refused is the item that the library could not read by itself.
	refused chunk
	folded  []byte // for the text of a scalar that differs from what is written
}

func newPlainReader(library *libraryReader) *plainReader {
	return &plainReader{builder: &library.builder, library: library}
}

// maxKey is in bytes. The library requires the colon within 1,024 characters.
const maxKey = 1000

// Classes of bytes.
const (
	endsPlain   = 1 << iota // may end or interrupt a plain scalar in a block
	endsFlow                // and in a flow collection
	endsSingle              // may end or interrupt text in single quotes
	endsDouble              // and in double quotes
	beginsOther             // begins no plain scalar
	isBlank                 // space, tab, LF or CR
	isDoubtful              // occurs in plain YAML at most before certain bytes
)

// classes has the classes of each byte. It does not change.
var classes = classesOf([]byteClass{
	{": \t\r\n", endsPlain | endsFlow},
	{",?[]{}", endsFlow},
	{"'\r\n", endsSingle},
	{"\"\\\r\n", endsDouble},
	{",[]{}#&*!|>'\"%@` \t\r\n", beginsOther},
	{" \t\r\n", isBlank},
	{"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x0b\x0c\r\x0e\x0f", isDoubtful},
	{"\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\x7f", isDoubtful},
	{"\xc2\xe2\xef", isDoubtful},
})

type byteClass struct {
	bytes string
	class uint8
}

func classesOf(all []byteClass) (classes [256]uint8) {
	for _, c := range all {
		for i := range len(c.bytes) {
			classes[c.bytes[i]] |= c.class
		}
	}
	return classes
}

// soundUpTo returns the offset of the first character from at on that is not taken anywhere, or the end of text. A document
// with such a character is not taken, not even in part: it may be a line break before a marker, or a byte order mark, which
// the library skips where its buffer happens to begin.
func soundUpTo(text []byte, at int) int {
	for at < len(text) {
		if len(text)-at >= 8 && areSound(binary.NativeEndian.Uint64(text[at:])) {
			at += 8
			continue
		}
		if classes[text[at]]&isDoubtful != 0 && !isSound(text[at:]) {
			break
		}
		at++
	}
	return at
}

// areSound reports whether 8 bytes are LF or from 0x20 to 0x7E. The highest bit of each byte is the result for the byte.
func areSound(bytes uint64) bool {
	const each = 0x0101010101010101
	below := ^(bytes + 0x60*each)               // below 0x20, if the byte is below 0x80
	notBreak := (bytes ^ '\n'*each) + 0x7F*each // not LF, likewise
	above := bytes | (bytes + each)             // above 0x7E
	return (below&notBreak|above)&(0x80*each) == 0
}

// isSound reports whether the doubtful byte at the start of a text begins a character that is taken.
func isSound(text []byte) bool {
	switch text[0] {
	case '\r':
		return len(text) > 1 && text[1] == '\n'
	case 0xC2, 0xE2, 0xEF:
		switch r, _ := utf8.DecodeRune(text); r {
		case 0x85, 0x2028, 0x2029, 0xFEFF:
			return false
		default:
			return !isControl(r)
		}
	}
	return false
}

// read reads the documents of one chunk: those before the fault when there is one.
func (p *plainReader) read(c chunk) ([]*Document, *fault) {
	documents, taken := p.take(c)
	if taken {
		return documents, nil
	}
	documents, broken := p.library.read(c)
	if p.refused != (chunk{}) && mostValues(p.input[c.start:]) > maxLibraryValues {
		// The library has not read the document, but it has read the item that is the reason for it.
		if _, reason := p.library.read(p.refused); reason != nil {
			broken = reason
		}
	}
	return documents, broken
}

// take reads the documents of a chunk. If taken is false, the library has to.
func (p *plainReader) take(c chunk) (documents []*Document, taken bool) {
	p.begin()
	p.library.aliased = 0
	p.input, p.at, p.owned, p.refused = p.text[:c.end], c.start, false, chunk{}
	if soundUpTo(p.file.Text[:c.end], p.at) < c.end {
		return nil, false
	}
	if isMarker(p.input[p.at:], "---") {
		p.at += len("---")
		if !p.endLine() {
			return nil, false
		}
	}
	if !p.nextLine() {
		return nil, false
	}
	if p.col >= 0 {
		root := p.value(nil, -1, 0, true)
		if root == nil || p.col >= 0 {
			return nil, false
		}
		documents = []*Document{{File: p.file, Root: root}}
	}
	return documents, true
}

// next goes to the first token of a later line. Only blanks and a comment may follow on this line.
func (p *plainReader) next() bool { return p.endLine() && p.nextLine() }

// endLine goes to the start of the next line.
func (p *plainReader) endLine() bool {
	text, at := p.input, pastBlanks(p.input, p.at)
	if at < len(text) {
		switch text[at] {
		case '\n', '\r':
		case '#':
			if at == p.at {
				return false
			}
			at += lineEndIn(text[at:])
		default:
			return false
		}
	}
	p.at = afterBreak(text, at)
	return true
}

// nextLine goes to the first token of this line or a later one.
func (p *plainReader) nextLine() bool {
	text, at := p.input, p.at
	for {
		start := at
		at = pastSpaces(text, at)
		if at == len(text) {
			p.at, p.col = at, -1
			return true
		}
		switch text[at] {
		case '#':
			at = afterBreak(text, at+lineEndIn(text[at:]))
		case '\n', '\r':
			at = afterBreak(text, at)
		case '\t':
			return false
		default:
			p.at, p.col = at, at-start
			return at > start || !beginsMarker(text[at:])
		}
	}
}

// pastSpaces returns the offset of the first character from at on that is not a space.
func pastSpaces(text string, at int) int {
	for at < len(text) && text[at] == ' ' {
		at++
	}
	return at
}

// pastBlanks returns the offset of the first character from at on that is neither a space nor a tab.
func pastBlanks(text string, at int) int {
	for at < len(text) && (text[at] == ' ' || text[at] == '\t') {
		at++
	}
	return at
}

// lineEndIn returns the length of the first line of a text without LF.
func lineEndIn(text string) int {
	if length := strings.IndexByte(text, '\n'); length >= 0 {
		return length
	}
	return len(text)
}

// afterBreak returns the offset behind the line break at an offset, if there is one.
func afterBreak(text string, at int) int {
	if at < len(text) && text[at] == '\r' {
		at++
	}
	if at < len(text) && text[at] == '\n' {
		at++
	}
	return at
}

// beginsMarker reports whether a line begins with a marker of documents.
func beginsMarker(line string) bool {
	return (line[0] == '-' || line[0] == '.') && (isMarker(line, "---") || isMarker(line, "..."))
}

// blankAt reports whether a blank, a line break or the end of the input is at an offset.
func (p *plainReader) blankAt(at int) bool {
	return at >= len(p.input) || classes[p.input[at]]&isBlank != 0
}

// value reads the value in a block that begins at the next token, and goes to the first token behind its last line.
// The collection around it has an indentation, -1 for none. nested means that it may be a block collection.
func (p *plainReader) value(parent *Node, indent, depth int, nested bool) *Node {
	if p.add(1, depth, p.at) != nil {
		return nil
	}
	var n *Node
	switch p.input[p.at] {
	case '[', '{':
		if n = p.flow(parent, depth); n == nil {
			return nil
		}
	case '|', '>':
		return p.block(parent, indent)
	case '-':
		if p.blankAt(p.at + 1) {
			if !nested {
				return nil
			}
			return p.sequence(parent, depth)
		}
		fallthrough
	default:
		s, ok := p.scalar(indent, false)
		if ok && s.isKey && nested {
			return p.mapping(parent, depth, s)
		}
		if !ok || s.isKey || indent < 0 {
			return nil
		}
		n = p.leaf(parent, s)
	}
	if !p.next() {
		return nil
	}
	return n
}

// mapping reads a mapping behind its first key.
func (p *plainReader) mapping(parent *Node, depth int, key scalar) *Node {
	n, col := p.node(Mapping, parent, key.start, 0), p.col
	first, end := len(p.members.open), 0
	for {
		if depth == 0 {
			p.owned = ownsItems(key.text)
		}
		keyNode := p.leaf(n, key)
		value := p.valueOfKey(n, col, depth+1)
		if value == nil {
			return nil
		}
		p.members.push(Member{Key: keyNode, Value: value})
		end = value.end()
		if p.col < col {
			break
		}
		if p.col > col {
			return nil
		}
		var ok bool
		if key, ok = p.scalar(col, false); !ok || !key.isKey {
			return nil
		}
	}
	n.setEnd(end)
	n.setMembers(p.members.close(first, p.text))
	return n
}

// valueOfKey reads what is behind the colon of a key in a column.
func (p *plainReader) valueOfKey(mapping *Node, col, depth int) *Node {
	colon := p.at
	at := pastBlanks(p.input, colon)
	if !p.blankAt(at) && p.input[at] != '#' {
		p.at = at
		return p.value(mapping, col, depth, false)
	}
	if !p.next() {
		return nil
	}
	switch {
	case p.col > col:
		return p.value(mapping, col, depth, true)
	case p.add(1, depth, colon) != nil:
		return nil
	case p.isDash(col):
		return p.sequence(mapping, depth)
	}
	return p.node(Null, mapping, colon, colon)
}

// isDash reports whether the next token is a dash in a column.
func (p *plainReader) isDash(col int) bool {
	return p.col == col && p.input[p.at] == '-' && p.blankAt(p.at+1)
}

// sequence reads a sequence from its first dash.
func (p *plainReader) sequence(parent *Node, depth int) *Node {
	n, col := p.node(Sequence, parent, p.at, 0), p.col
	first, end := len(p.items.open), 0
	owned := depth == 1 && p.owned
	for {
		var item *Node
		if owned {
			item = p.ownedItem(n, col, depth+1)
		} else {
			item = p.item(n, col, depth+1)
		}
		if item == nil {
			return nil
		}
		p.items.push(item)
		end = item.end()
		if !p.isDash(col) {
			break
		}
	}
	n.setEnd(end)
	n.setItems(p.items.close(first, p.text))
	return n
}

// item reads an item of a sequence from its dash.
func (p *plainReader) item(list *Node, col, depth int) *Node {
	dash, behind := p.at, p.at+1
	at := pastSpaces(p.input, behind)
	if at < len(p.input) && p.input[at] == '\t' {
		return nil
	}
	if !p.blankAt(at) && p.input[at] != '#' {
		p.at, p.col = at, col+at-dash
		return p.value(list, col, depth, true)
	}
	p.at = behind
	if !p.next() {
		return nil
	}
	if p.col > col {
		return p.value(list, col, depth, true)
	}
	if p.add(1, depth, behind) != nil {
		return nil
	}
	return p.node(Null, list, behind, behind)
}

// ownedItem reads an item that has a limit of its own. The library reads the item that is doubtful.
func (p *plainReader) ownedItem(list *Node, col, depth int) *Node {
	before := p.beginItem()
	dash, items, members := p.at, len(p.items.open), len(p.members.open)
	item := p.item(list, col, depth)
	if item == nil {
		p.count = before.values
		p.items.open, p.members.open = p.items.open[:items], p.members.open[:members]
		if item = p.handOver(list, dash, col, depth); item == nil {
			return nil
		}
	}
	if p.endItem(before, dash) != nil {
		return nil
	}
	return item
}

// handOver lets the library read an item by itself: the lines from its dash to the next one that is not more indented. If
// the library takes these lines as a sequence of one item, they are the same item in their document: nothing in
// them is open at their end, and what makes it depend on other lines is excluded.
func (p *plainReader) handOver(list *Node, dash, col, depth int) *Node {
	lines := chunk{dash - col, p.endOfItem(dash, col)}
	text := p.input[lines.start:lines.end]
	if strings.Contains(text, "\n...") || hasExplicitKey(text) {
		return nil
	}
	item := p.library.item(lines, list, depth)
	if item == nil {
		p.refused = lines
		return nil
	}
	p.at = lines.end
	if !p.nextLine() {
		return nil
	}
	return item
}

// hasExplicitKey reports whether a text may have a key behind a question mark. The library locates a value that is missing
// for it by comments and text behind it.
func hasExplicitKey(text string) bool {
	for at := range len(text) {
		if text[at] == '?' && (at+1 == len(text) || blankSize(text[at+1:]) > 0) {
			return true
		}
	}
	return false
}

// endOfItem returns the start of the first line behind a dash that is not more indented and neither blank nor a comment.
func (p *plainReader) endOfItem(dash, col int) int {
	text, at := p.input, dash
	for {
		at = afterBreak(text, at+lineEndIn(text[at:]))
		start := at
		at = pastSpaces(text, at)
		if at == len(text) {
			return at
		}
		switch text[at] {
		case '\n', '\r', '#':
		default:
			if at-start <= col {
				return start
			}
		}
	}
}

// flow reads a flow collection from its bracket.
func (p *plainReader) flow(parent *Node, depth int) *Node {
	kind, closing := Sequence, byte(']')
	if p.input[p.at] == '{' {
		kind, closing = Mapping, '}'
	}
	n := p.node(kind, parent, p.at, 0)
	firstItem, firstMember := len(p.items.open), len(p.members.open)
	p.at++
	for {
		if !p.nextInFlow() {
			return nil
		}
		if p.input[p.at] == closing {
			break
		}
		if kind == Mapping {
			if !p.pair(n, depth+1) {
				return nil
			}
		} else if item := p.flowValue(n, depth+1); item != nil {
			p.items.push(item)
		} else {
			return nil
		}
		if !p.nextInFlow() {
			return nil
		}
		if p.input[p.at] == ',' {
			p.at++
		} else if p.input[p.at] != closing {
			return nil
		}
	}
	p.at++
	n.setEnd(p.at)
	if kind == Mapping {
		n.setMembers(p.members.close(firstMember, p.text))
	} else {
		n.setItems(p.items.close(firstItem, p.text))
	}
	return n
}

// pair reads a member of a flow mapping.
func (p *plainReader) pair(mapping *Node, depth int) bool {
	s, ok := p.scalar(0, true)
	if !ok {
		return false
	}
	key := p.leaf(mapping, s)
	if !p.nextInFlow() {
		return false
	}
	var value *Node
	if at := p.at; p.input[at] == ',' || p.input[at] == '}' {
		if p.add(1, depth, at) != nil {
			return false
		}
		value = p.node(Null, mapping, at, at)
	} else if !s.isKey {
		return false
	} else if value = p.flowValue(mapping, depth); value == nil {
		return false
	}
	p.members.push(Member{Key: key, Value: value})
	return true
}

// flowValue reads a value in a flow collection.
func (p *plainReader) flowValue(parent *Node, depth int) *Node {
	if p.add(1, depth, p.at) != nil {
		return nil
	}
	if c := p.input[p.at]; c == '[' || c == '{' {
		return p.flow(parent, depth)
	}
	s, ok := p.scalar(0, true)
	if !ok || s.isKey {
		return nil
	}
	return p.leaf(parent, s)
}

// nextInFlow goes to the next token in a flow collection.
func (p *plainReader) nextInFlow() bool {
	text, at := p.input, p.at
	indented := false // at is behind a line break and spaces
	for at < len(text) {
		switch text[at] {
		case ' ':
			at++
		case '\t':
			if indented {
				return false
			}
			at++
		case '\n', '\r':
			at = afterBreak(text, at)
			if at < len(text) && beginsMarker(text[at:]) {
				return false
			}
			indented = true
		case '#':
			if classes[text[at-1]]&isBlank == 0 {
				return false
			}
			at += lineEndIn(text[at:])
		default:
			p.at = at
			return true
		}
	}
	return false
}
