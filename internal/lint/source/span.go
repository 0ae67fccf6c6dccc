package source

import "strings"

// The YAML library reports the start of a node, including its anchor and tag, but not its end. The
// functions below find the end in the text.

// skipProperties returns the end of the anchor and the tag at an offset, and the start of the content
// after them. Without an anchor or a tag, both are the offset.
func skipProperties(text string, at int) (end, content int) {
	end, content = at, at
	for content < len(text) {
		switch text[content] {
		case '&':
			end = content + 1 + nameLength(text[content+1:])
		case '!':
			end = content
			for end < len(text) && blankSize(text[end:]) == 0 {
				end++
			}
		default:
			return end, content
		}
		content = skipBlanks(text, end)
	}
	return end, content
}

// nameLength returns the length of the anchor name at the start of text.
func nameLength(text string) int {
	for i := range len(text) {
		switch c := text[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '-':
		default:
			return i
		}
	}
	return len(text)
}

// skipBlanks returns the offset after white space, line breaks and comments.
func skipBlanks(text string, at int) int {
	for at < len(text) {
		if size := blankSize(text[at:]); size > 0 {
			at += size
		} else if text[at] == '#' {
			at += lineLength(text[at:])
		} else {
			break
		}
	}
	return at
}

// blankSize returns the size in bytes of the space, tab or line break at the start of text, or 0 if
// there is none. YAML 1.1 has three line breaks outside ASCII: NEL, LS and PS.
func blankSize(text string) int {
	switch text[0] {
	case ' ', '\t', '\r', '\n':
		return 1
	case nextLine[0]:
		if strings.HasPrefix(text, nextLine) {
			return len(nextLine)
		}
	case lineSeparator[0]:
		if strings.HasPrefix(text, lineSeparator) || strings.HasPrefix(text, paragraphSeparator) {
			return len(lineSeparator)
		}
	}
	return 0
}

const (
	nextLine           = "\u0085"
	lineSeparator      = "\u2028"
	paragraphSeparator = "\u2029"
)

// lineLength returns the length of the first line of text without its line break.
func lineLength(text string) int {
	for i := range len(text) {
		if c := text[i]; c != ' ' && c != '\t' && (c < ' ' || c >= nextLine[0]) && blankSize(text[i:]) > 0 {
			return i
		}
	}
	return len(text)
}

// endOfQuoted returns the end of the quoted scalar at an offset.
func endOfQuoted(text string, at int) int {
	quote := text[at]
	for at++; at < len(text); at++ {
		switch {
		case text[at] == '\\' && quote == '"':
			at++
		case text[at] != quote:
		case quote == '\'' && strings.HasPrefix(text[at+1:], "'"):
			at++
		default:
			return at + 1
		}
	}
	return len(text)
}

// endOfFolded returns the end of a plain or block scalar, which may have several lines: the offset
// after the last visible character of its value. Folding changes only white space, so the text has
// the visible characters of value in the same order.
func endOfFolded(text string, at int, value string) int {
	if strings.HasPrefix(text[at:], value) && !endsBlank(value) {
		return at + len(value)
	}
	end := at
	for value != "" {
		if size := blankSize(value); size > 0 {
			value = value[size:]
			continue
		}
		for at < len(text) {
			size := blankSize(text[at:])
			if size == 0 {
				break
			}
			at += size
		}
		if at == len(text) || text[at] != value[0] {
			break
		}
		at++
		end = at
		value = value[1:]
	}
	return end
}

func endsBlank(value string) bool {
	return value == "" || strings.TrimRight(value, " \t\r\n") != value
}

// endOfColon returns the offset behind the colon that follows a key, or the end of the key if there is none.
func endOfColon(text string, key int) int {
	if at := skipBlanks(text, key); at < len(text) && text[at] == ':' {
		return at + 1
	}
	return key
}

// endOfHeader returns the end of a block scalar's header, such as |2-.
func endOfHeader(text string, at int) int {
	for at < len(text) && strings.IndexByte("|>+-0123456789", text[at]) >= 0 {
		at++
	}
	return at
}

// endOfFlow returns the end of a flow collection. Between the offset and the closing bracket there
// must be only separators and comments.
func endOfFlow(text string, at int) int {
	for at < len(text) {
		switch text[at] {
		case ']', '}':
			return at + 1
		case '#':
			at += lineLength(text[at:])
		default:
			at++
		}
	}
	return at
}
