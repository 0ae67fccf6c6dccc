// Package syntax reads the tokens, statements and literals of Python 3, also in cells of IPython. It has no grammar of expressions:
// it knows which brackets match, and rejects what only Python 2 or an unfinished text has.
package syntax

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// TokenKind is the kind of a token.
type TokenKind uint8

// The kinds of tokens.
const (
	Name TokenKind = iota // also keywords
	Number
	Text   // a string whose value is in the text
	Opaque // a formatted string, bytes, or a command of IPython: its value is not known
	Operator
)

// Token is a token of Python. Comments and line breaks are none.
type Token struct {
	Kind       TokenKind
	Start, End int // byte offsets in Code.Text
	Match      int // of a bracket, the index of the token of its other end
}

// line is a logical line of Python: its tokens, and the column of the first one.
type line struct {
	from, to int // indexes of tokens
	indent   int
	at       int // byte offset in Code.Text
}

// Span is a part of a text, in bytes.
type Span struct{ Start, End int }

// Fault is a place at which a text is not Python.
type Fault struct {
	At      int // byte offset in Code.Text
	Message string
}

const (
	// maxBrackets is the depth at which CPython gives up.
	maxBrackets = 200
	// maxFields limits formatted strings inside formatted strings; CPython's limit is 150.
	maxFields = 100
	// maxTokens limits the memory for a file: a token takes many times the memory of its text.
	maxTokens = 1_000_000
	// tabStop is how far apart tab stops are, in columns.
	tabStop = 8
)

// scanner makes tokens of a stretch of a text: a file or the cell of a notebook.
type scanner struct {
	text        string
	at, end     int
	interactive bool // IPython runs the text: it may have commands
	tokens      []Token
	open        []int // the indexes of the open brackets' tokens
	lines       []line
	comments    []Span
	others      []Other
}

// scan makes the tokens and the lines of the text.
func (s *scanner) scan() *Fault {
	for s.at < s.end {
		indent := s.indentation()
		if s.at == s.end {
			break
		}
		switch c := s.text[s.at]; {
		case c == '\n' || c == '\r':
			s.at++
			continue
		case c == '#':
			s.comment()
			continue
		case s.interactive && (c == '%' || c == '!' || c == '?'):
			if !s.timed() {
				s.lines = append(s.lines, line{len(s.tokens), len(s.tokens), indent, s.at})
				start := s.at
				s.command()
				if command := s.text[start:s.at]; strings.HasPrefix(command, "%run ") || strings.HasPrefix(command, "%store -r") {
					s.others = append(s.others, Other{len(s.tokens), command})
				}
				continue
			}
		}
		from, at := len(s.tokens), s.at
		if from > maxTokens {
			return tooMany(at)
		}
		if broken := s.logicalLine(from); broken != nil {
			return broken
		}
		s.lines = append(s.lines, line{from, len(s.tokens), indent, at})
	}
	if len(s.open) > 0 {
		at := s.tokens[s.open[len(s.open)-1]].Start
		return &Fault{at, "'" + s.text[at:at+1] + "' is not closed"}
	}
	return nil
}

func tooMany(at int) *Fault { return &Fault{at, fmt.Sprintf("more than %d tokens", maxTokens)} }

// indentation skips the blanks at the start of a line and returns their width in columns.
func (s *scanner) indentation() int {
	column := 0
	for ; s.at < s.end; s.at++ {
		switch s.text[s.at] {
		case ' ':
			column++
		case '\t':
			column += tabStop - column%tabStop
		case '\f':
			column = 0
		default:
			return column
		}
	}
	return column
}

func (s *scanner) comment() {
	start := s.at
	s.at = s.lineEnd()
	s.comments = append(s.comments, Span{start, s.at})
}

// lineEnd returns the end of the line without its break.
func (s *scanner) lineEnd() int {
	if length := strings.IndexAny(s.text[s.at:s.end], "\r\n"); length >= 0 {
		return s.at + length
	}
	return s.end
}

// timed skips the command %time, behind which is a statement of Python.
func (s *scanner) timed() bool {
	const command = "%time "
	if !strings.HasPrefix(s.text[s.at:s.end], command) {
		return false
	}
	s.at += len(command)
	s.indentation()
	return s.at < s.end && s.text[s.at] != '\n' && s.text[s.at] != '\r' && s.text[s.at] != '-'
}

// command skips a command of IPython, which a backslash continues.
func (s *scanner) command() {
	for {
		s.at = s.lineEnd()
		continued := s.at > 0 && s.text[s.at-1] == '\\'
		if s.at < s.end && s.text[s.at] == '\r' {
			s.at++
		}
		if s.at < s.end && s.text[s.at] == '\n' {
			s.at++
		}
		if !continued || s.at == s.end {
			return
		}
	}
}

// logicalLine makes the tokens of a line up to a break outside brackets.
func (s *scanner) logicalLine(from int) *Fault {
	for s.at < s.end {
		switch c := s.text[s.at]; {
		case c == ' ' || c == '\t' || c == '\f':
			s.at++
		case c == '\n' || c == '\r':
			s.at++
			if len(s.open) == 0 {
				return nil
			}
		case c == '#':
			s.comment()
		case c == '\\':
			if !s.continuation() {
				return &Fault{s.at, "unexpected character after a backslash"}
			}
		case s.interactive && len(s.open) == 0 && c == '?':
			s.command()
			s.tokens = s.tokens[:from]
			return nil
		case s.interactive && (c == '!' || c == '%') && len(s.open) == 0 && s.lastIs(from, "=") && !strings.HasPrefix(s.text[s.at:s.end], "!="):
			start := s.at
			s.command()
			s.tokens = append(s.tokens, Token{Kind: Opaque, Start: start, End: s.at})
			return nil
		default:
			if broken := s.token(c); broken != nil {
				return broken
			}
		}
	}
	return nil
}

// lastIs reports whether the last token of the line is an operator.
func (s *scanner) lastIs(from int, operator string) bool {
	last := len(s.tokens) - 1
	return last >= from && s.tokens[last].Kind == Operator && s.text[s.tokens[last].Start:s.tokens[last].End] == operator
}

// continuation skips a backslash before a line break.
func (s *scanner) continuation() bool {
	rest := s.text[s.at+1 : s.end]
	switch {
	case strings.HasPrefix(rest, "\r\n"):
		s.at += 3
	case strings.HasPrefix(rest, "\n"), strings.HasPrefix(rest, "\r"):
		s.at += 2
	default:
		return false
	}
	return true
}

// token adds the token that begins with c.
func (s *scanner) token(c byte) *Fault {
	start := s.at
	switch {
	case c == '"' || c == '\'':
		return s.quoted(start, "")
	case isDigit(c), c == '.' && s.at+1 < s.end && isDigit(s.text[s.at+1]):
		if !s.number() {
			return &Fault{start, "invalid number"}
		}
		s.tokens = append(s.tokens, Token{Kind: Number, Start: start, End: s.at})
		return nil
	}
	if s.at = s.nameEnd(start); s.at > start {
		if s.at < s.end && (s.text[s.at] == '"' || s.text[s.at] == '\'') {
			return s.quoted(start, s.text[start:s.at])
		}
		// https://docs.python.org/3/reference/lexical_analysis.html#identifiers
		if name := s.text[start:s.at]; !isASCII(name) && !norm.NFKC.IsNormalString(name) {
			return &Fault{start, "the name is not in normal form KC"}
		}
		s.tokens = append(s.tokens, Token{Kind: Name, Start: start, End: s.at})
		return nil
	}
	length := operatorLength(s.text[start:s.end])
	if length == 0 {
		return &Fault{start, "unexpected character"}
	}
	s.at += length
	s.tokens = append(s.tokens, Token{Kind: Operator, Start: start, End: s.at, Match: -1})
	return s.bracket(c)
}

// bracket matches the bracket of the last token.
func (s *scanner) bracket(c byte) *Fault {
	last := len(s.tokens) - 1
	switch c {
	case '(', '[', '{':
		if len(s.open) == maxBrackets {
			return &Fault{s.tokens[last].Start, "too many nested brackets"}
		}
		s.open = append(s.open, last)
	case ')', ']', '}':
		if len(s.open) == 0 {
			return &Fault{s.tokens[last].Start, "'" + string(c) + "' is not opened"}
		}
		open := s.open[len(s.open)-1]
		if strings.IndexByte("([{", s.text[s.tokens[open].Start]) != strings.IndexByte(")]}", c) {
			return &Fault{s.tokens[last].Start, "'" + string(c) + "' does not match the bracket that it closes"}
		}
		s.open = s.open[:len(s.open)-1]
		s.tokens[open].Match, s.tokens[last].Match = last, open
	}
	return nil
}

// quoted adds the string whose prefix is at start. s.at is that of its quotation mark.
func (s *scanner) quoted(start int, prefix string) *Fault {
	kind, raw, ok := stringKind(prefix)
	if !ok {
		return &Fault{start, "invalid prefix of a string"}
	}
	formatted := kind == Opaque && !strings.ContainsAny(prefix, "bB")
	end, ok := s.stringEnd(start+len(prefix), formatted, raw, 0)
	if !ok {
		return &Fault{start, "the string has no end"}
	}
	s.at = end
	s.tokens = append(s.tokens, Token{Kind: kind, Start: start, End: end})
	return nil
}

// stringKind returns the kind of a string with a prefix, and whether it is raw.
func stringKind(prefix string) (kind TokenKind, raw, ok bool) {
	switch strings.ToLower(prefix) {
	case "", "u":
		return Text, false, true
	case "r":
		return Text, true, true
	case "b", "f", "t":
		return Opaque, false, true
	case "br", "rb", "fr", "rf", "tr", "rt":
		return Opaque, true, true
	}
	return 0, false, false
}

// stringEnd returns the end of the string whose quotation mark is at an offset, which is inside depth fields of
// formatted strings.
func (s *scanner) stringEnd(at int, formatted, raw bool, depth int) (end int, ok bool) {
	mark := s.text[at : at+1]
	if strings.HasPrefix(s.text[at:s.end], strings.Repeat(mark, 3)) {
		mark = s.text[at : at+3]
	}
	for at += len(mark); at < s.end; {
		switch c := s.text[at]; {
		case c == '\\':
			at = s.escapeEnd(at, formatted, raw)
		case c == mark[0] && strings.HasPrefix(s.text[at:s.end], mark):
			return at + len(mark), true
		case (c == '\n' || c == '\r') && len(mark) == 1:
			return 0, false
		case formatted && c == '{' && strings.HasPrefix(s.text[at:s.end], "{{"):
			at += 2
		case formatted && c == '{':
			if at, ok = s.fieldEnd(at+1, depth+1); !ok {
				return 0, false
			}
		default:
			at++
		}
	}
	return 0, false
}

// escapeEnd returns the end of what a backslash keeps from ending the string.
func (s *scanner) escapeEnd(at int, formatted, raw bool) int {
	rest := s.text[at+1 : s.end]
	switch {
	case strings.HasPrefix(rest, "\r\n"):
		return at + 3
	case formatted && strings.HasPrefix(rest, "{"):
		return at + 1
	case formatted && !raw && strings.HasPrefix(rest, "N{"):
		if length := strings.IndexAny(rest, "}\n\"'"); length >= 0 && rest[length] == '}' {
			return at + 1 + length + 1
		}
	}
	return at + 2
}

// fieldEnd returns the end of the replacement field of a formatted string that begins at an offset.
func (s *scanner) fieldEnd(at, depth int) (end int, ok bool) {
	if depth > maxFields {
		return 0, false
	}
	nested := 0
	for at < s.end {
		c := s.text[at]
		if word := s.nameEnd(at); word > at || c == '"' || c == '\'' {
			if at, ok = s.inField(at, word, depth); !ok {
				return 0, false
			}
			continue
		}
		at++
		switch c {
		case '(', '[', '{':
			nested++
		case ')', ']':
			nested--
		case '#':
			for at < s.end && s.text[at] != '\n' && s.text[at] != '\r' {
				at++
			}
		case '}':
			if nested == 0 {
				return at, true
			}
			nested--
		case ':':
			if nested == 0 {
				return s.formatEnd(at, depth)
			}
		}
	}
	return 0, false
}

// inField returns the end of a name or a string in a replacement field. word is the end of the name or prefix.
func (s *scanner) inField(at, word, depth int) (end int, ok bool) {
	if word == s.end || s.text[word] != '"' && s.text[word] != '\'' {
		return word, true
	}
	prefix := s.text[at:word]
	kind, raw, ok := stringKind(prefix)
	if !ok {
		return 0, false
	}
	return s.stringEnd(word, kind == Opaque && !strings.ContainsAny(prefix, "bB"), raw, depth)
}

// formatEnd returns the end of a replacement field whose format begins at an offset.
func (s *scanner) formatEnd(at, depth int) (end int, ok bool) {
	for at < s.end {
		switch s.text[at] {
		case '}':
			return at + 1, true
		case '{':
			if at, ok = s.fieldEnd(at+1, depth+1); !ok {
				return 0, false
			}
		default:
			at++
		}
	}
	return 0, false
}

// number skips a number.
func (s *scanner) number() bool {
	rest := s.text[s.at:s.end]
	if len(rest) > 1 && rest[0] == '0' {
		if digits := map[byte]string{'x': "0123456789abcdefABCDEF_", 'o': "01234567_", 'b': "01_"}[rest[1]|0x20]; digits != "" {
			length := len(rest[2:]) - len(strings.TrimLeft(rest[2:], digits))
			s.at += 2 + length
			return length > 0
		}
	}
	start := s.at
	s.digits()
	whole := s.text[start:s.at]
	point := s.at < s.end && s.text[s.at] == '.'
	if point {
		s.at++
		s.digits()
	}
	exponent := s.exponent()
	imaginary := s.at < s.end && s.text[s.at]|0x20 == 'j'
	if imaginary {
		s.at++
	}
	// 010 was octal in Python 2 and is nothing in Python 3.
	return point || exponent || imaginary || len(whole) == 1 || whole[0] != '0' || strings.Trim(whole, "0_") == ""
}

func (s *scanner) digits() {
	for s.at < s.end && (isDigit(s.text[s.at]) || s.text[s.at] == '_' && s.at+1 < s.end && isDigit(s.text[s.at+1])) {
		s.at++
	}
}

// exponent skips the exponent of a number.
func (s *scanner) exponent() bool {
	if s.at == s.end || s.text[s.at]|0x20 != 'e' {
		return false
	}
	at := s.at + 1
	if at < s.end && (s.text[at] == '+' || s.text[at] == '-') {
		at++
	}
	if at == s.end || !isDigit(s.text[at]) {
		return false
	}
	s.at = at
	s.digits()
	return true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// nameEnd returns the end of the name at an offset, which is the offset where there is none.
func (s *scanner) nameEnd(at int) int {
	start := at
	for at < s.end {
		c := s.text[at]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '_', at > start && isDigit(c):
			at++
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRuneInString(s.text[at:s.end])
			if !unicode.IsLetter(r) && (at == start || !unicode.In(r, unicode.Digit, unicode.Mn, unicode.Mc, unicode.Pc)) {
				return at
			}
			at += size
		default:
			return at
		}
	}
	return at
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// operatorLength returns the length of the operator at the start of a text, 0 if there is none.
func operatorLength(text string) int {
	if len(text) >= 3 {
		switch text[:3] {
		case "**=", "//=", ">>=", "<<=", "...":
			return 3
		}
	}
	if len(text) >= 2 {
		switch text[:2] {
		case "**", "//", ">>", "<<", "<=", ">=", "==", "!=", "->", ":=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "@=":
			return 2
		}
	}
	if strings.IndexByte("+-*/%@&|^~<>()[]{},:.;=", text[0]) >= 0 {
		return 1
	}
	return 0
}
