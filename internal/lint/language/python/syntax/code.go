package syntax

import (
	"fmt"
	"slices"
	"strings"
)

// Code is the Python of a file: all of it, or the cells of a notebook one after the other.
type Code struct {
	Text       string
	Tokens     []Token
	Statements []Statement
	Blocks     []Block
	Comments   []Span
	Others     []Other

	full bool // a stretch had too many tokens
}

// Other is a command of IPython that executes other code, or restores names: it may assign to all names.
type Other struct {
	Token   int // the index of the token behind it
	Command string
}

// Statement is a simple statement, or the head of a compound one up to its colon.
type Statement struct {
	From, To int // indexes of tokens
	Block    int // index of the block that it is in
}

// BlockKind is what the statements of a block belong to.
type BlockKind uint8

// The kinds of blocks.
const (
	Module   BlockKind = iota
	Function           // has its own names
	Class              // likewise
	Loop
	Branch // may not run
	Plain  // runs whenever what is around it does
)

// Block is a series of statements.
type Block struct {
	Kind     BlockKind
	Parent   int // index of the block around it, -1 for none
	From, To int // indexes of tokens, the head without its colon excluded
}

// New returns code without statements.
func New(text string) *Code {
	const perToken = 6 // bytes, about
	return &Code{Text: text, Tokens: make([]Token, 0, min(len(text)/perToken, maxTokens)), Blocks: []Block{{Kind: Module, Parent: -1}}}
}

// Read adds the statements of a stretch of the text. It adds nothing if the stretch is not Python 3, or stands behind one with too many
// tokens.
func (c *Code) Read(at Span, interactive bool) *Fault {
	if c.full {
		return tooMany(at.Start)
	}
	before := *c
	s := scanner{text: c.Text, at: at.Start, end: at.End, interactive: interactive, tokens: c.Tokens, comments: c.Comments}
	broken := s.scan()
	before.full = len(s.tokens) > maxTokens
	if broken == nil {
		c.Tokens, c.Comments, c.Others = s.tokens, s.comments, append(c.Others, s.others...)
		if broken = c.structure(s.lines); broken == nil {
			broken = c.check(len(before.Statements))
		}
	}
	if broken != nil {
		*c = before
	}
	c.Blocks[0].To = len(c.Tokens)
	return broken
}

// Word returns the text of a token.
func (c *Code) Word(i int) string { return c.Text[c.Tokens[i].Start:c.Tokens[i].End] }

// Is reports whether a token is a keyword or an operator, which a string is not.
func (c *Code) Is(i int, word string) bool {
	t := c.Tokens[i]
	return (t.Kind == Operator || t.Kind == Name) && c.Text[t.Start:t.End] == word
}

// Next returns the index behind a token, or behind the closing bracket of the bracket that it opens.
func (c *Code) Next(i int) int {
	if c.Opens(i) {
		return c.Tokens[i].Match + 1
	}
	return i + 1
}

// Opens reports whether a token is an opening bracket.
func (c *Code) Opens(i int) bool { return c.Tokens[i].Kind == Operator && c.Tokens[i].Match > i }

// Find returns the index of the first of some words outside brackets, to if there is none. What stands between lambda
// and its colon is left out.
func (c *Code) Find(from, to int, words ...string) int {
	for i := from; i < to; i = c.Next(i) {
		if c.Is(i, "lambda") {
			for i = c.Next(i); i < to && !c.Is(i, ":"); {
				i = c.Next(i)
			}
			if i >= to {
				break
			}
			continue
		}
		if slices.ContainsFunc(words, func(word string) bool { return c.Is(i, word) }) {
			return i
		}
	}
	return to
}

// Split returns the parts between the commas of a level, without an empty one behind the last comma.
func (c *Code) Split(from, to int) []Part {
	var parts []Part
	for from < to {
		comma := c.Find(from, to, ",")
		parts = append(parts, Part{from, comma})
		from = comma + 1
	}
	return parts
}

// Part is some tokens in a row.
type Part struct{ From, To int }

// maxLevels is how many levels of indentation CPython accepts.
const maxLevels = 100

// level is an open block and the indentation of its statements.
type level struct{ block, indent int }

// structure makes the statements and blocks of logical lines.
func (c *Code) structure(lines []line) *Fault {
	levels := []level{{0, 0}}
	if len(lines) > 0 {
		levels[0].indent = lines[0].indent // IPython accepts a cell that is indented
	}
	opened := -1 // the block whose first line comes next
	for _, l := range lines {
		last := levels[len(levels)-1]
		switch {
		case len(levels) > maxLevels:
			return &Fault{l.at, "too many levels of indentation"}
		case opened >= 0 && l.indent > last.indent:
			levels = append(levels, level{opened, l.indent})
		case opened >= 0:
			return &Fault{l.at, "an indented block is missing"}
		case l.indent > last.indent:
			return &Fault{l.at, "unexpected indentation"}
		}
		for opened < 0 && l.indent < levels[len(levels)-1].indent {
			c.Blocks[levels[len(levels)-1].block].To = l.from
			if levels = levels[:len(levels)-1]; len(levels) == 0 {
				return &Fault{l.at, "unexpected indentation"}
			}
		}
		if levels[len(levels)-1].indent != l.indent {
			return &Fault{l.at, "the indentation fits no block"}
		}
		opened = c.line(l, levels[len(levels)-1].block)
	}
	if opened >= 0 {
		return &Fault{lines[len(lines)-1].at, "an indented block is missing"}
	}
	for _, open := range levels[1:] {
		c.Blocks[open.block].To = len(c.Tokens)
	}
	return nil
}

// line adds the statements of a logical line. It returns the block that the next line opens, -1 for none.
func (c *Code) line(l line, in int) (opened int) {
	if l.from == l.to {
		return -1
	}
	from := l.from
	if kind, compound := c.compound(l, in); compound {
		colon := c.Find(l.from, l.to, ":")
		c.Statements = append(c.Statements, Statement{l.from, colon, in})
		if colon == l.to {
			return -1 // check reports it
		}
		inside := len(c.Blocks)
		c.Blocks = append(c.Blocks, Block{Kind: kind, Parent: in, From: l.from, To: l.to})
		if colon+1 == l.to {
			return inside
		}
		from, in = colon+1, inside
	}
	for from < l.to {
		end := c.Find(from, l.to, ";")
		c.Statements = append(c.Statements, Statement{from, end, in})
		from = end + 1
	}
	return -1
}

// compound returns the kind of the block that a line in a block opens.
func (c *Code) compound(l line, in int) (kind BlockKind, ok bool) {
	if c.Tokens[l.from].Kind != Name {
		return 0, false
	}
	at := l.from
	if c.Word(at) == "async" && at+1 < l.to {
		at++
	}
	switch c.Word(at) {
	case "def":
		return Function, true
	case "class":
		return Class, true
	case "for", "while":
		return Loop, true
	case "if", "elif", "else", "try", "except", "finally":
		return Branch, true
	case "with":
		return Plain, true
	case "match": // a name elsewhere
		return Branch, at+1 < l.to && c.Is(l.to-1, ":")
	case "case": // likewise
		return Branch, in > 0 && c.Is(c.Blocks[in].From, "match")
	}
	return 0, false
}

// IsKeyword reports whether a token is a keyword, which is not an identifier.
func (c *Code) IsKeyword(i int) bool {
	if c.Tokens[i].Kind != Name {
		return false
	}
	switch c.Word(i) {
	case "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif", "else",
		"except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise",
		"return", "try", "while", "with", "yield":
		return true
	}
	return false
}

// endsOperand reports whether a value may end with a token.
func (c *Code) endsOperand(i int) bool {
	switch c.Tokens[i].Kind {
	case Operator:
		return c.Tokens[i].Match >= 0 && c.Tokens[i].Match < i || c.Is(i, "...")
	case Name:
		return !c.IsKeyword(i) || c.isConstant(i)
	}
	return true
}

// isConstant reports whether a token is True, False or None.
func (c *Code) isConstant(i int) bool { return c.Is(i, "True") || c.Is(i, "False") || c.Is(i, "None") }

// check looks in the statements from an index on for what Python 3 does not accept. It has no grammar: it finds
// what Python 2 has, what an unfinished text has, and values without an operator in between.
func (c *Code) check(from int) *Fault {
	for _, s := range c.Statements[from:] {
		for i := s.From; i < s.To; i++ {
			if message := c.misplaced(s, i); message != "" {
				return &Fault{c.Tokens[i].Start, message}
			}
		}
		if c.lacksColon(s) {
			return &Fault{c.Tokens[s.From].Start, "the colon is missing"}
		}
		if c.isPython2(s) {
			return &Fault{c.Tokens[s.From].Start, fmt.Sprintf("%s is a statement of Python 2", c.Text[c.Tokens[s.From].Start:c.Tokens[s.To-1].End])}
		}
	}
	return nil
}

// misplaced says what is wrong with a token, given the ones beside it.
func (c *Code) misplaced(s Statement, i int) string {
	if i > s.From && c.endsOperand(i-1) && c.beginsOperand(i) {
		texts := c.Tokens[i].Kind != Name && c.Tokens[i-1].Kind != Name && c.Tokens[i].Kind != Number && c.Tokens[i-1].Kind != Number &&
			c.Tokens[i-1].Kind != Operator
		soft := i == s.From+1 && (c.Is(s.From, "match") || c.Is(s.From, "case") || c.Is(s.From, "type"))
		if !texts && !soft {
			return "an operator or a line break is missing"
		}
	}
	// A set cannot be in a set or a key of a dictionary.
	if i+1 < s.To && c.Is(i, "{") && c.Is(i+1, "{") && c.Tokens[i].End == c.Tokens[i+1].Start {
		return "{{ is of a template of another tool"
	}
	if !c.isBinary(i) {
		return ""
	}
	if i+1 == s.To {
		return "a value is missing at the end"
	}
	if closing := c.Tokens[i+1]; closing.Kind == Operator && (closing.Match >= 0 && closing.Match <= i || c.Is(i+1, ",")) && !c.Is(i, "/") {
		return "a value is missing"
	}
	return ""
}

// beginsOperand reports whether a token can only begin a value. A bracket may also belong to the value before it.
func (c *Code) beginsOperand(i int) bool {
	switch c.Tokens[i].Kind {
	case Operator:
		return c.Is(i, "...") || c.Is(i, "~")
	case Name:
		return !c.IsKeyword(i) || c.isConstant(i) || c.Is(i, "lambda")
	}
	return true
}

// isBinary reports whether a token needs a value behind it.
func (c *Code) isBinary(i int) bool {
	t := c.Tokens[i]
	switch t.Kind {
	case Operator:
		word := c.Word(i)
		return t.Match < 0 && word != "," && word != ":" && word != "*" && word != "**" && word != "..." && word != ";"
	case Name:
		switch c.Word(i) {
		case "and", "or", "not", "in", "is", "if", "import", "as", "def", "class", "del", "assert", "while", "with":
			return true
		}
	}
	return false
}

// lacksColon reports whether a statement is the head of a compound one without a colon.
func (c *Code) lacksColon(s Statement) bool {
	_, compound := c.compound(line{from: s.From, to: s.To}, s.Block)
	return compound && !c.Is(s.From, "match") && !c.Is(s.From, "case") && (s.To >= len(c.Tokens) || !c.Is(s.To, ":"))
}

// isPython2 reports whether a statement has a form that only Python 2 has. The name behind the comma of
// "except OSError, e" is written in lower case; in "except OSError, ValueError" of Python 3.14 it is that of a class.
func (c *Code) isPython2(s Statement) bool {
	switch {
	case c.Is(s.From, "raise"):
		return c.Find(s.From, s.To, ",") < s.To
	case c.Is(s.From, "except"):
		comma := c.Find(s.From, s.To, ",")
		return comma+2 == s.To && strings.ToLower(c.Word(comma+1)) == c.Word(comma+1) && c.Tokens[comma+1].Kind == Name
	}
	return false
}
