package source

import "strings"

// offset returns the offset of a line and column that the library reports.
func (r *libraryReader) offset(line, column int) int {
	// The library may report an empty value at the end below the last line.
	if r.line+line > len(r.breaks) {
		return len(r.text)
	}
	start := int(r.breaks[r.line+line-1])
	if r.ascii {
		return min(start+column-1, len(r.text))
	}
	// Nodes come in the order of the text: going on from the last position keeps a
	// long line from being read once for each of its nodes.
	at := Position{Line: line, Column: 1, Offset: start}
	if r.last.Line == line && r.last.Column <= column {
		at = r.last
	}
	for at.Column < column && at.Offset < len(r.text) {
		at.Offset += runeSize(r.text[at.Offset])
		at.Column++
	}
	r.last = at
	return min(at.Offset, len(r.text))
}

// runeSize is the size of the character in valid UTF-8 that begins with a byte.
func runeSize(first byte) int {
	switch {
	case first < 0x80:
		return 1
	case first < 0xE0:
		return 2
	case first < 0xF0:
		return 3
	}
	return 4
}

func hasUnicodeBreaks(text string) bool {
	return strings.Contains(text, nextLine) || strings.Contains(text, lineSeparator) || strings.Contains(text, paragraphSeparator)
}

// unicodeLineStarts is lineStarts for the line breaks of YAML 1.1.
func unicodeLineStarts(text string) []uint32 {
	starts := []uint32{0}
	for at := 0; at < len(text); {
		at += lineLength(text[at:])
		if at == len(text) {
			break
		}
		if strings.HasPrefix(text[at:], "\r\n") {
			at++
		}
		at += blankSize(text[at:])
		starts = append(starts, uint32(at))
	}
	return starts
}
