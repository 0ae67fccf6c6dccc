package report

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/clipperhouse/displaywidth"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// minExcerpt is in cells: a value is visible on the narrowest terminal.
const minExcerpt = 20

// excerpt is a line of a file, made fit to be shown; widths are in cells.
type excerpt struct {
	text   string
	before int // width of the text before the value
	value  int // width of the value, at least 1
}

// cut returns the line on which a span starts, cut around the span's text to at most
// width cells before a HostWriter escapes it. It looks at no more of the file than can be shown.
func cut(text []byte, span source.Span, width int) excerpt {
	// A cell takes at most some bytes: four for a character and more for what is
	// combined with it.
	reach := 8 * width
	start := min(span.Start.Offset, len(text))

	low := max(0, start-reach)
	lineStart := bytes.LastIndexByte(text[low:start], '\n') + 1
	low += lineStart
	cutBefore := lineStart == 0 && low > 0
	for low < start && !utf8.RuneStart(text[low]) {
		low++
	}

	high := min(len(text), start+reach)
	cutAfter := high < len(text)
	if newline := bytes.IndexByte(text[start:high], '\n'); newline >= 0 {
		high, cutAfter = start+newline, false
		if high > start && text[high-1] == '\r' {
			high--
		}
	}
	for cutAfter && high > start && !utf8.RuneStart(text[high]) {
		high--
	}
	end := max(start, min(span.End.Offset, high))
	hiddenBefore, hiddenAfter := "", ""
	if key := keyBefore(text[low:start]); sensitive(text[low : start-len(key)]) {
		low, cutBefore, hiddenBefore = start-len(key), false, ellipsis+" "
	}
	if sensitive(text[end:high]) {
		high, cutAfter, hiddenAfter = end, false, " "+ellipsis
	}
	shown := text[start:end]
	if len(shown) > maxSensitive && sensitive(shown) {
		shown = []byte(ellipsis)
	}

	before, value, after := hiddenBefore+visible(text[low:start]), visible(shown), visible(text[end:high])+hiddenAfter
	b, v, a := displaywidth.String(before), displaywidth.String(value), displaywidth.String(after)
	if b+v+a > width || cutBefore || cutAfter {
		v = min(v, width*2/3)
		rest := width - v
		b = min(b, max(rest-a, rest/2))
		a = min(a, rest-b)
		before, b = tail(before, b, cutBefore)
		value, v = head(value, v, cutAfter && end == high)
		after, _ = head(after, a, cutAfter)
	}
	v = max(v, 1)
	line := strings.TrimRight(before+value+after, " ")
	for _, at := range hostCommands([]byte(line)) {
		switch {
		case at < len(before):
			b += hostWidening
		case at < len(before)+len(value):
			v += hostWidening
		}
	}
	return excerpt{text: line, before: b, value: v}
}

// sensitive reports whether text may contain a secret, by common words for secrets. More people can
// read the logs with an excerpt than the file.
func sensitive(text []byte) bool {
	folded := fold(text)
	return slices.ContainsFunc(secretWords(), func(word string) bool { return bytes.Contains(folded, []byte(word)) })
}

// secretWords are in lower case.
func secretWords() []string {
	return []string{
		"passw", "passphrase", "pwd", "secret", "secure", "token", "credential", "connectionstring", "connection_string",
		"accountkey", "account_key", "apikey", "api_key", "accesskey", "access_key", "storagekey", "storage_key", "privatekey", "private_key",
		"?sig=", "&sig=",
	}
}

// fold returns text with letters in lower case, as far as they are equal to an ASCII letter without regard to case.
func fold(text []byte) []byte {
	folded := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case 'A' <= c && c <= 'Z':
			folded = append(folded, c+'a'-'A')
		case c >= utf8.RuneSelf && bytes.HasPrefix(text[i:], []byte(kelvinSign)):
			folded = append(folded, 'k')
			i += len(kelvinSign) - 1
		case c >= utf8.RuneSelf && bytes.HasPrefix(text[i:], []byte(longS)):
			folded = append(folded, 's')
			i += len(longS) - 1
		default:
			folded = append(folded, c)
		}
	}
	return folded
}

const (
	kelvinSign = "\u212a"
	longS      = "\u017f"
)

// maxSensitive is in bytes: a longer value that may contain a secret is not shown, such as settings in
// a string. A shorter one is the word that the finding is about.
const maxSensitive = 40

// keyBefore returns the key at the end of a part of a line, with the text between it and its value; nothing if the part
// does not end with a key and a colon.
func keyBefore(text []byte) []byte {
	const spaces = " \t\n\f\r"
	rest, found := bytes.CutSuffix(bytes.TrimRight(text, spaces), []byte(":"))
	rest = bytes.TrimRight(rest, spaces)
	if !found || len(rest) == 0 {
		return nil
	}
	start := 0
	switch last := rest[len(rest)-1]; last {
	case '"', '\'':
		if start = bytes.LastIndexByte(rest[:len(rest)-1], last); start < 0 {
			return nil
		}
	default:
		if start = bytes.LastIndexAny(rest, spaces+"\"'{}[],:") + 1; start == len(rest) {
			return nil
		}
	}
	return text[start:]
}

const ellipsis = "…"

// head returns the start of text in at most width cells, with an ellipsis where
// something is left out, and its width.
func head(text string, width int, more bool) (string, int) {
	full := displaywidth.String(text)
	if full <= width && !more || text == "" {
		return text, full
	}
	var kept strings.Builder
	used := 0
	for g := displaywidth.StringGraphemes(text); g.Next(); {
		if used+g.Width()+1 > width {
			break
		}
		kept.WriteString(g.Value())
		used += g.Width()
	}
	return kept.String() + ellipsis, used + 1
}

// tail returns the end of text in at most width cells, with an ellipsis where something
// is left out, and its width.
func tail(text string, width int, more bool) (string, int) {
	full := displaywidth.String(text)
	if full <= width && !more {
		return text, full
	}
	skip, rest := full-width+1, 0
	for g := displaywidth.StringGraphemes(text); skip > 0 && g.Next(); {
		skip -= g.Width()
		rest += len(g.Value())
	}
	kept := text[rest:]
	return ellipsis + kept, displaywidth.String(kept) + 1
}

// visible makes a source line fit to be shown: a tab is four cells, and a character
// that would steer the terminal is shown by a picture of one cell.
func visible(line []byte) string {
	plain := true
	for _, b := range line {
		if b < ' ' || b >= 0x7f {
			plain = false
			break
		}
	}
	if plain {
		return string(line)
	}
	var shown strings.Builder
	for _, r := range string(line) {
		switch {
		case r == '\t':
			shown.WriteString("    ")
		case r < ' ':
			shown.WriteRune('␀' + r) // the block of control pictures
		case r == 0x7f:
			shown.WriteRune('␡')
		case !shows(r):
			shown.WriteRune(utf8.RuneError)
		default:
			shown.WriteRune(r)
		}
	}
	return shown.String()
}
