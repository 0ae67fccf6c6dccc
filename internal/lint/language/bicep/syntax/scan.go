package syntax

import (
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// scanner moves through the text of a file. It has no tokens of its own, since strings contain expressions.
type scanner struct {
	file     *source.File
	text     string
	at       int
	comments []source.Comment // those before furthest
	furthest int
	gap      gap // the last white space
}

// gap is white space that lines skips.
type gap struct {
	start, end int
	broken     bool // there is a line break in it
}

// peek returns the byte at an offset from the current one, 0 behind the end.
func (s *scanner) peek(ahead int) byte {
	if s.at+ahead >= len(s.text) {
		return 0
	}
	return s.text[s.at+ahead]
}

func (s *scanner) has(prefix string) bool { return strings.HasPrefix(s.text[s.at:], prefix) }

// blanks skips spaces, comments and directives to the end of the line.
func (s *scanner) blanks() {
	for {
		switch c := s.peek(0); {
		case c == ' ', c == '\t', c == '\f', c == '\v':
			s.at++
		case c == '/' && s.peek(1) == '/':
			s.comment(s.lineEnd(), 0)
		case c == '/' && s.peek(1) == '*':
			length := strings.Index(s.text[s.at+2:], "*/")
			if length < 0 {
				s.at = len(s.text)
				return
			}
			s.comment(s.at+2+length, 2)
		case c == '#' && s.startsLine(): // #disable-next-line and the like
			s.at = s.lineEnd()
		case strings.HasPrefix(s.text[s.at:], "\u00a0"), strings.HasPrefix(s.text[s.at:], "\ufeff"):
			s.at += len(s.text[s.at:]) - len(strings.TrimLeft(s.text[s.at:], "\u00a0\ufeff"))
		default:
			return
		}
	}
}

// comment skips a comment whose content ends at an offset, before a mark of some bytes.
func (s *scanner) comment(end, mark int) {
	if s.at >= s.furthest {
		s.comments = append(s.comments, s.file.CommentAt(s.at, s.at+2, end))
		s.furthest = end
	}
	s.at = end + mark
}

// lines skips what blanks skips, and line breaks. It reports whether there was one.
func (s *scanner) lines() bool {
	if s.at != s.gap.start {
		s.gap = gap{start: s.at}
		for s.blanks(); s.peek(0) == '\n' || s.peek(0) == '\r'; s.blanks() {
			s.at++
			s.gap.broken = true
		}
		s.gap.end = s.at
	}
	s.at = s.gap.end
	return s.gap.broken
}

// startsLine reports whether only white space is before the current byte on its line.
func (s *scanner) startsLine() bool {
	for i := s.at - 1; i >= 0; i-- {
		switch s.text[i] {
		case ' ', '\t':
		case '\n', '\r':
			return true
		default:
			return false
		}
	}
	return true
}

// lineEnd returns the end of the current line.
func (s *scanner) lineEnd() int {
	if length := strings.IndexAny(s.text[s.at:], "\r\n"); length >= 0 {
		return s.at + length
	}
	return len(s.text)
}

// word returns the identifier at the current byte without consuming it, "" if there is none.
func (s *scanner) word() string {
	end := s.at
	for end < len(s.text) && (isLetter(s.text[end]) || end > s.at && isDigit(s.text[end])) {
		end++
	}
	return s.text[s.at:end]
}

// identifier consumes an identifier, "" if there is none.
func (s *scanner) identifier() string {
	word := s.word()
	s.at += len(word)
	return word
}

// accept consumes a text if it is next.
func (s *scanner) accept(text string) bool {
	if !s.has(text) {
		return false
	}
	s.at += len(text)
	return true
}

// acceptWord consumes a keyword if it is next.
func (s *scanner) acceptWord(word string) bool {
	if s.word() != word {
		return false
	}
	s.at += len(word)
	return true
}

// recover moves from within a declaration to the next line that begins with one, or to the end.
func (s *scanner) recover() {
	for s.at < len(s.text) {
		s.blanks()
		switch c := s.peek(0); {
		case c == '\n' || c == '\r':
			s.at++
			if s.startsDeclaration() {
				return
			}
		case s.has(multiline):
			s.at += len(multiline)
			end := strings.Index(s.text[s.at:], multiline)
			if end < 0 {
				s.at = len(s.text)
				return
			}
			s.at += end + len(multiline)
		case c == '\'':
			s.quoted()
		case s.at < len(s.text):
			s.at++
		}
	}
}

// quoted skips a string as if there were no expressions in it, up to the end of the line at most.
func (s *scanner) quoted() {
	for s.at++; s.at < len(s.text); s.at++ {
		switch s.text[s.at] {
		case '\\':
			if c := s.peek(1); c == '\'' || c == '\\' {
				s.at++
			}
		case '\'':
			s.at++
			return
		case '\n', '\r':
			return
		}
	}
}

// startsDeclaration reports whether a declaration starts at the current byte.
func (s *scanner) startsDeclaration() bool {
	if s.peek(0) == '@' {
		return true
	}
	word := s.word()
	if !isKeyword(word) {
		return false
	}
	c := s.peek(len(word))
	return c == ' ' || c == '\t'
}

// isKeyword reports whether a declaration can begin with a word.
func isKeyword(word string) bool {
	switch word {
	case "assert", "extends", "extension", "extensionConfig", "func", "import", "metadata", "module", "output", "param", "provider",
		"resource", "targetScope", "test", "type", "using", "var":
		return true
	}
	return false
}

// multiline begins and ends a string of several lines.
const multiline = "'''"

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// IsIdentifier reports whether a text is a name.
func IsIdentifier(text string) bool {
	for i := range len(text) {
		if !isLetter(text[i]) && (i == 0 || !isDigit(text[i])) {
			return false
		}
	}
	return text != ""
}
