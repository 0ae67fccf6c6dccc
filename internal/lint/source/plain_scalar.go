package source

import (
	"strings"
	"unicode/utf8"
)

// scalar is a scalar that was read.
type scalar struct {
	start, end int
	text       string
	kind       Kind
	isKey      bool // a colon follows it, behind which the next token is looked for
}

// leaf returns the node of a scalar.
func (p *plainReader) leaf(parent *Node, s scalar) *Node {
	n := p.node(s.kind, parent, s.start, s.end)
	n.setText(s.text)
	return n
}

// scalar reads a plain or quoted scalar, and the colon behind a key. It is more indented than indent.
func (p *plainReader) scalar(indent int, inFlow bool) (s scalar, ok bool) {
	start, multiline := p.at, false
	first := p.input[start]
	if first == '"' || first == '\'' {
		if s, multiline, ok = p.quoted(first); !ok {
			return s, false
		}
		at := pastBlanks(p.input, s.end)
		s.isKey = at < len(p.input) && p.input[at] == ':' && (inFlow || p.blankAt(at+1))
		p.at = s.end
		if s.isKey {
			p.at = at + 1
		}
	} else if s, multiline, ok = p.plain(indent, inFlow); !ok {
		return s, false
	}
	if s.isKey && (multiline || p.at-start > maxKey || first == '<' && s.text == "<<") {
		return s, false
	}
	return s, true
}

// plain reads a plain scalar.
func (p *plainReader) plain(indent int, inFlow bool) (s scalar, multiline, ok bool) {
	text, start := p.input, p.at
	switch c := text[start]; {
	case classes[c]&beginsOther != 0:
		return s, false, false
	case c == '-' && p.blankAt(start+1):
		return s, false, false
	case c == '?' || c == ':':
		if inFlow || p.blankAt(start+1) {
			return s, false, false
		}
	}
	at, end, isKey := p.plainLine(start, inFlow)
	s = scalar{start: start, end: end, text: text[start:end]}
	p.folded = p.folded[:0]
	for !isKey && at < len(text) && (text[at] == '\n' || text[at] == '\r') {
		next, breaks, ok := p.nextPlainLine(at, indent, inFlow)
		if !ok {
			return s, false, false
		}
		if breaks == 0 {
			break
		}
		following := 0
		if at, following, isKey = p.plainLine(next, inFlow); isKey {
			return s, false, false
		}
		if following == next {
			break
		}
		if !multiline {
			multiline = true
			p.folded = append(p.folded, s.text...)
		}
		p.folded = append(appendFold(p.folded, breaks), text[next:following]...)
		s.end = following
	}
	if multiline {
		s.text = string(p.folded)
	}
	s.kind, s.isKey = kindOf(s.text), isKey
	p.at = s.end
	if isKey {
		p.at = at + 1
	}
	return s, multiline, true
}

// plainLine reads the text of a plain scalar on one line: it ends at end. at is the offset of what ends it, which is a colon for a
// key.
func (p *plainReader) plainLine(start int, inFlow bool) (at, end int, isKey bool) {
	text := p.input
	stops := uint8(endsPlain)
	if inFlow {
		stops = endsFlow
	}
	at, end = start, start
	for {
		run := at
		for at < len(text) && classes[text[at]]&stops == 0 {
			at++
		}
		if at > run {
			end = at
		}
		if at == len(text) {
			return at, end, false
		}
		switch text[at] {
		case ' ', '\t':
			at = pastBlanks(text, at)
			if at < len(text) && text[at] == '#' {
				return at, end, false
			}
		case ':':
			if p.blankAt(at + 1) {
				return at, end, true
			}
			at++
			end = at
		default:
			return at, end, false
		}
	}
}

// nextPlainLine looks behind the line break at an offset for the next line of a plain scalar. breaks is the number of
// breaks before it, 0 if the scalar has no further line.
func (p *plainReader) nextPlainLine(at, indent int, inFlow bool) (next, breaks int, ok bool) {
	text := p.input
	for {
		at = afterBreak(text, at)
		breaks++
		start := at
		at = pastSpaces(text, at)
		if at == len(text) {
			return at, 0, true
		}
		switch text[at] {
		case '\n', '\r':
			continue
		case '\t':
			return at, 0, false
		case '#':
			return at, 0, true
		}
		if !inFlow && at-start <= indent {
			return at, 0, true
		}
		return at, breaks, at > start || !beginsMarker(text[at:])
	}
}

// appendFold appends what line breaks are folded to.
func appendFold(text []byte, breaks int) []byte {
	if breaks == 1 {
		return append(text, ' ')
	}
	return appendBreaks(text, breaks-1)
}

func appendBreaks(text []byte, breaks int) []byte {
	for range breaks {
		text = append(text, '\n')
	}
	return text
}

// quoted reads a scalar in quotes.
func (p *plainReader) quoted(quote byte) (s scalar, multiline, ok bool) {
	text, start := p.input, p.at
	stops := uint8(endsSingle)
	if quote == '"' {
		stops = endsDouble
	}
	at := start + 1
	for at < len(text) && classes[text[at]]&stops == 0 {
		at++
	}
	s = scalar{start: start, kind: String}
	if at < len(text) && text[at] == quote && (quote == '"' || !isQuoteAt(text, at+1)) {
		s.text, s.end = text[start+1:at], at+1
		return s, false, true
	}
	folded := append(p.folded[:0], text[start+1:at]...)
	kept := len(strings.TrimRight(text[start+1:at], " \t")) // of folded; blanks behind it are dropped before a line break
	for at < len(text) {
		switch c := text[at]; {
		case c == '\n' || c == '\r':
			var breaks int
			if at, breaks, ok = quotedLine(text, at); !ok {
				return s, false, false
			}
			folded = appendFold(folded[:kept], breaks)
			kept, multiline = len(folded), true
		case c == '\\' && quote == '"':
			if at+1 < len(text) && (text[at+1] == '\n' || text[at+1] == '\r') {
				var breaks int
				if at, breaks, ok = quotedLine(text, at+1); !ok {
					return s, false, false
				}
				folded, multiline = appendBreaks(folded, breaks-1), true
			} else if folded, at = appendEscaped(folded, text, at+1); at < 0 {
				return s, false, false
			}
			kept = len(folded)
		case c == quote && quote == '\'' && isQuoteAt(text, at+1):
			folded = append(folded, '\'')
			kept = len(folded)
			at += 2
		case c == quote:
			p.folded = folded
			s.text, s.end = string(folded), at+1
			return s, multiline, true
		default:
			run := at
			for at < len(text) && classes[text[at]]&stops == 0 {
				at++
			}
			written := text[run:at]
			if visible := len(strings.TrimRight(written, " \t")); visible > 0 {
				kept = len(folded) + visible
			}
			folded = append(folded, written...)
		}
	}
	return s, false, false
}

func isQuoteAt(text string, at int) bool { return at < len(text) && text[at] == '\'' }

// quotedLine goes from a line break in quotes to the first character behind it that is neither blank nor a break. breaks is
// the number of line breaks before it.
func quotedLine(text string, at int) (next, breaks int, ok bool) {
	for at < len(text) {
		switch text[at] {
		case '\n', '\r':
			at = afterBreak(text, at)
			breaks++
			if at < len(text) && beginsMarker(text[at:]) {
				return at, 0, false
			}
		case ' ', '\t':
			at++
		default:
			return at, breaks, true
		}
	}
	return at, breaks, false
}

// escapes has the letter of each escape before the character that it is for.
const escapes = "n\nt\t\"\"\\\\  r\r0\x00a\ab\bv\vf\fe\x1B"

// appendEscaped appends the character of the escape whose letter is at an offset. next is negative for a doubt.
func appendEscaped(folded []byte, text string, at int) (with []byte, next int) {
	if at >= len(text) {
		return folded, -1
	}
	digits := 0
	switch c := text[at]; c {
	case 'x':
		digits = 2
	case 'u':
		digits = 4
	default:
		for i := 0; i < len(escapes); i += 2 {
			if escapes[i] == c {
				return append(folded, escapes[i+1]), at + 1
			}
		}
		return folded, -1
	}
	at++
	if len(text)-at < digits {
		return folded, -1
	}
	r := rune(0)
	for _, c := range []byte(text[at : at+digits]) {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return folded, -1
		}
		r = r<<4 | rune(c)
	}
	if !utf8.ValidRune(r) {
		return folded, -1
	}
	return utf8.AppendRune(folded, r), at + digits
}
