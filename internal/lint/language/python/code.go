package python

import (
	"fmt"
	"slices"
	"strings"
)

// code is the Python of a file: all of it, or the cells of a notebook one after the other.
type code struct {
	text       string
	tokens     []token
	statements []statement
	blocks     []block
	comments   []stretch
}

// statement is a simple statement, or the head of a compound one up to its colon.
type statement struct {
	from, to int // indexes of tokens
	block    int // index of the block that it is in
}

// blockKind is what the statements of a block belong to.
type blockKind uint8

const (
	moduleBlock   blockKind = iota
	functionBlock           // has its own names
	classBlock              // likewise
	loopBlock
	branchBlock // may not run
	plainBlock  // runs whenever what is around it does
)

// block is a series of statements.
type block struct {
	kind     blockKind
	parent   int // index of the block around it, -1 for none
	from, to int // indexes of tokens, the head without its colon excluded
}

// newCode returns code without statements.
func newCode(text string) *code {
	const perToken = 6 // bytes, about
	return &code{text: text, tokens: make([]token, 0, min(len(text)/perToken, maxTokens)), blocks: []block{{kind: moduleBlock, parent: -1}}}
}

// read adds the statements of a stretch of the text. It adds nothing if the stretch is not Python 3.
func (c *code) read(at stretch, interactive bool) *fault {
	tokens, statements, blocks, comments := len(c.tokens), len(c.statements), len(c.blocks), len(c.comments)
	s := scanner{text: c.text, at: at.start, end: at.end, interactive: interactive, tokens: c.tokens, comments: c.comments}
	broken := s.scan()
	if broken == nil {
		c.tokens, c.comments = s.tokens, s.comments
		if broken = c.structure(s.lines); broken == nil {
			broken = c.check(statements)
		}
	}
	if broken != nil {
		c.tokens, c.statements, c.blocks, c.comments = c.tokens[:tokens], c.statements[:statements], c.blocks[:blocks], c.comments[:comments]
	}
	c.blocks[0].to = len(c.tokens)
	return broken
}

// word returns the text of a token.
func (c *code) word(i int) string { return c.text[c.tokens[i].start:c.tokens[i].end] }

// is reports whether a token is a keyword or an operator, which a string is not.
func (c *code) is(i int, word string) bool {
	t := c.tokens[i]
	return (t.kind == operatorToken || t.kind == nameToken) && c.text[t.start:t.end] == word
}

// next returns the index behind a token, or behind the closing bracket of the bracket that it opens.
func (c *code) next(i int) int {
	if c.opens(i) {
		return c.tokens[i].match + 1
	}
	return i + 1
}

// opens reports whether a token is an opening bracket.
func (c *code) opens(i int) bool { return c.tokens[i].kind == operatorToken && c.tokens[i].match > i }

// find returns the index of the first of some words outside brackets, to if there is none. What stands between lambda
// and its colon is left out.
func (c *code) find(from, to int, words ...string) int {
	for i := from; i < to; i = c.next(i) {
		if c.is(i, "lambda") {
			for i = c.next(i); i < to && !c.is(i, ":"); {
				i = c.next(i)
			}
			if i >= to {
				break
			}
			continue
		}
		if slices.ContainsFunc(words, func(word string) bool { return c.is(i, word) }) {
			return i
		}
	}
	return to
}

// split returns the parts between the commas of a level, without an empty one behind the last comma.
func (c *code) split(from, to int) []part {
	var parts []part
	for from < to {
		comma := c.find(from, to, ",")
		parts = append(parts, part{from, comma})
		from = comma + 1
	}
	return parts
}

// part is some tokens in a row.
type part struct{ from, to int }

// maxLevels is how many levels of indentation CPython accepts.
const maxLevels = 100

// level is an open block and the indentation of its statements.
type level struct{ block, indent int }

// structure makes the statements and blocks of logical lines.
func (c *code) structure(lines []line) *fault {
	levels := []level{{0, 0}}
	if len(lines) > 0 {
		levels[0].indent = lines[0].indent // IPython accepts a cell that is indented
	}
	opened := -1 // the block whose first line comes next
	for _, l := range lines {
		last := levels[len(levels)-1]
		switch {
		case len(levels) > maxLevels:
			return &fault{l.at, "too many levels of indentation"}
		case opened >= 0 && l.indent > last.indent:
			levels = append(levels, level{opened, l.indent})
		case opened >= 0:
			return &fault{l.at, "an indented block is missing"}
		case l.indent > last.indent:
			return &fault{l.at, "unexpected indentation"}
		}
		for opened < 0 && l.indent < levels[len(levels)-1].indent {
			c.blocks[levels[len(levels)-1].block].to = l.from
			if levels = levels[:len(levels)-1]; len(levels) == 0 {
				return &fault{l.at, "unexpected indentation"}
			}
		}
		if levels[len(levels)-1].indent != l.indent {
			return &fault{l.at, "the indentation fits no block"}
		}
		opened = c.line(l, levels[len(levels)-1].block)
	}
	if opened >= 0 {
		return &fault{lines[len(lines)-1].at, "an indented block is missing"}
	}
	for _, open := range levels[1:] {
		c.blocks[open.block].to = len(c.tokens)
	}
	return nil
}

// line adds the statements of a logical line. It returns the block that the next line opens, -1 for none.
func (c *code) line(l line, in int) (opened int) {
	if l.from == l.to {
		return -1
	}
	from := l.from
	if kind, compound := c.compound(l); compound {
		colon := c.find(l.from, l.to, ":")
		c.statements = append(c.statements, statement{l.from, colon, in})
		if colon == l.to {
			return -1 // check reports it
		}
		inside := len(c.blocks)
		c.blocks = append(c.blocks, block{kind: kind, parent: in, from: l.from, to: l.to})
		if colon+1 == l.to {
			return inside
		}
		from, in = colon+1, inside
	}
	for from < l.to {
		end := c.find(from, l.to, ";")
		c.statements = append(c.statements, statement{from, end, in})
		from = end + 1
	}
	return -1
}

// compound returns the kind of the block that a line opens.
func (c *code) compound(l line) (kind blockKind, ok bool) {
	if c.tokens[l.from].kind != nameToken {
		return 0, false
	}
	at := l.from
	if c.word(at) == "async" && at+1 < l.to {
		at++
	}
	switch c.word(at) {
	case "def":
		return functionBlock, true
	case "class":
		return classBlock, true
	case "for", "while":
		return loopBlock, true
	case "if", "elif", "else", "try", "except", "finally":
		return branchBlock, true
	case "with":
		return plainBlock, true
	case "match", "case": // names elsewhere
		return branchBlock, at+1 < l.to && c.is(l.to-1, ":") && !c.is(at+1, ":") && !c.is(at+1, "=") && !c.is(at+1, ".")
	}
	return 0, false
}

// isKeyword reports whether a token is a keyword, which is not an identifier.
func (c *code) isKeyword(i int) bool {
	if c.tokens[i].kind != nameToken {
		return false
	}
	switch c.word(i) {
	case "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif", "else",
		"except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise",
		"return", "try", "while", "with", "yield":
		return true
	}
	return false
}

// endsOperand reports whether a value may end with a token.
func (c *code) endsOperand(i int) bool {
	switch c.tokens[i].kind {
	case operatorToken:
		return c.tokens[i].match >= 0 && c.tokens[i].match < i || c.is(i, "...")
	case nameToken:
		return !c.isKeyword(i) || c.isConstant(i)
	}
	return true
}

// isConstant reports whether a token is True, False or None.
func (c *code) isConstant(i int) bool { return c.is(i, "True") || c.is(i, "False") || c.is(i, "None") }

// check looks in the statements from an index on for what Python 3 does not accept. It has no grammar: it finds
// what Python 2 has, what an unfinished text has, and values without an operator in between.
func (c *code) check(from int) *fault {
	for _, s := range c.statements[from:] {
		for i := s.from; i < s.to; i++ {
			if message := c.misplaced(s, i); message != "" {
				return &fault{c.tokens[i].start, message}
			}
		}
		if c.lacksColon(s) {
			return &fault{c.tokens[s.from].start, "the colon is missing"}
		}
		if c.isPython2(s) {
			return &fault{c.tokens[s.from].start, fmt.Sprintf("%s is a statement of Python 2", c.text[c.tokens[s.from].start:c.tokens[s.to-1].end])}
		}
	}
	return nil
}

// misplaced says what is wrong with a token, given the ones beside it.
func (c *code) misplaced(s statement, i int) string {
	if i > s.from && c.endsOperand(i-1) && c.beginsOperand(i) {
		texts := c.tokens[i].kind != nameToken && c.tokens[i-1].kind != nameToken && c.tokens[i].kind != numberToken && c.tokens[i-1].kind != numberToken &&
			c.tokens[i-1].kind != operatorToken
		soft := i == s.from+1 && (c.is(s.from, "match") || c.is(s.from, "case") || c.is(s.from, "type"))
		if !texts && !soft {
			return "an operator or a line break is missing"
		}
	}
	if !c.isBinary(i) {
		return ""
	}
	if i+1 == s.to {
		return "a value is missing at the end"
	}
	if closing := c.tokens[i+1]; closing.kind == operatorToken && (closing.match >= 0 && closing.match <= i || c.is(i+1, ",")) && !c.is(i, "/") {
		return "a value is missing"
	}
	return ""
}

// beginsOperand reports whether a token can only begin a value. A bracket may also belong to the value before it.
func (c *code) beginsOperand(i int) bool {
	switch c.tokens[i].kind {
	case operatorToken:
		return c.is(i, "...") || c.is(i, "~")
	case nameToken:
		return !c.isKeyword(i) || c.isConstant(i) || c.is(i, "lambda")
	}
	return true
}

// isBinary reports whether a token needs a value behind it.
func (c *code) isBinary(i int) bool {
	t := c.tokens[i]
	switch t.kind {
	case operatorToken:
		word := c.word(i)
		return t.match < 0 && word != "," && word != ":" && word != "*" && word != "**" && word != "..." && word != ";"
	case nameToken:
		switch c.word(i) {
		case "and", "or", "not", "in", "is", "if", "import", "as", "def", "class", "del", "assert", "while", "with":
			return true
		}
	}
	return false
}

// lacksColon reports whether a statement is the head of a compound one without a colon.
func (c *code) lacksColon(s statement) bool {
	_, compound := c.compound(line{from: s.from, to: s.to})
	return compound && !c.is(s.from, "match") && !c.is(s.from, "case") && (s.to >= len(c.tokens) || !c.is(s.to, ":"))
}

// isPython2 reports whether a statement has a form that only Python 2 has. The name behind the comma of
// "except OSError, e" is written in lower case; in "except OSError, ValueError" of Python 3.14 it is that of a class.
func (c *code) isPython2(s statement) bool {
	switch {
	case c.is(s.from, "raise"):
		return c.find(s.from, s.to, ",") < s.to
	case c.is(s.from, "except"):
		comma := c.find(s.from, s.to, ",")
		return comma+2 == s.to && strings.ToLower(c.word(comma+1)) == c.word(comma+1) && c.tokens[comma+1].kind == nameToken
	}
	return false
}
