package source

import "strings"

// block reads a literal or folded scalar, and goes to the first token behind it.
func (p *plainReader) block(parent *Node, indent int) *Node {
	if indent < 0 {
		return nil
	}
	text, start := p.input, p.at
	header, chomp, width := blockHeader(text, start)
	p.at = header
	if !p.endLine() {
		return nil
	}
	end := header + len(strings.TrimRight(text[header:p.at], "\r\n")) // of what is visible; without text, of the header's line
	if width > 0 {
		width += indent
	}
	b := blockText{text: text, at: p.at, width: width, folds: text[start] == '>', folded: p.folded[:0]}
	if !b.blankLines() {
		return nil
	}
	if b.width == 0 {
		b.width = max(b.widest, indent+1)
	}
	for b.col == b.width && b.at < len(text) {
		if visible := b.line(); visible >= 0 {
			end = visible
		}
		if !b.blankLines() {
			return nil
		}
	}
	p.folded = b.chomped(chomp)
	n := p.node(String, parent, start, end)
	n.setText(string(p.folded))
	p.at = b.at - b.col
	if !p.nextLine() {
		return nil
	}
	return n
}

// chomping is what happens to the line breaks at the end of a block scalar.
type chomping byte

const (
	clip  chomping = 0 // one is kept
	strip chomping = '-'
	keep  chomping = '+'
)

// blockHeader reads the indicators of a block scalar. width is 0 without an indentation.
func blockHeader(text string, at int) (end int, chomp chomping, width int) {
	for at++; at < len(text); at++ {
		switch c := text[at]; {
		case (c == '+' || c == '-') && chomp == clip:
			chomp = chomping(c)
		case '1' <= c && c <= '9' && width == 0:
			width = int(c - '0')
		default:
			return at, chomp, width
		}
	}
	return at, chomp, width
}

// blockText collects the text of a block scalar.
type blockText struct {
	text   string
	at     int
	col    int  // column of at
	width  int  // indentation of the text, 0 as long as it is not known
	widest int  // largest indentation of the blank lines before the text
	folds  bool // lines are folded
	folded []byte

	broken bool // a line of text with a line break was read
	breaks int  // blank lines behind it
	spaced bool // it begins with a blank
}

// blankLines skips blank lines and the indentation of the next one.
func (b *blockText) blankLines() bool {
	for {
		start := b.at
		for b.at < len(b.text) && b.text[b.at] == ' ' && (b.width == 0 || b.at-start < b.width) {
			b.at++
		}
		b.col = b.at - start
		b.widest = max(b.widest, b.col)
		if b.at == len(b.text) {
			return true
		}
		switch b.text[b.at] {
		case '\t':
			return b.width > 0 && b.col >= b.width
		case '\n', '\r':
			b.at = afterBreak(b.text, b.at)
			b.breaks++
		default:
			return true
		}
	}
}

// line reads a line of text. visible is the end of what is visible on it, -1 if there is nothing.
func (b *blockText) line() (visible int) {
	start := b.at
	spaced := b.text[start] == ' ' || b.text[start] == '\t'
	if b.broken {
		if !b.folds || b.spaced || spaced {
			b.folded = append(b.folded, '\n')
		} else if b.breaks == 0 {
			b.folded = append(b.folded, ' ')
		}
	}
	b.folded = appendBreaks(b.folded, b.breaks)
	b.spaced, b.breaks = spaced, 0
	end := start + lineEndIn(b.text[start:])
	b.at = min(end+1, len(b.text))
	b.broken = b.at > end
	if b.broken && b.text[end-1] == '\r' {
		end--
	}
	line := b.text[start:end]
	b.folded = append(b.folded, line...)
	if size := len(strings.TrimRight(line, " \t")); size > 0 {
		return start + size
	}
	return -1
}

// chomped returns the text.
func (b *blockText) chomped(how chomping) []byte {
	if b.broken && how != strip {
		b.folded = append(b.folded, '\n')
	}
	if how == keep {
		b.folded = appendBreaks(b.folded, b.breaks)
	}
	return b.folded
}
