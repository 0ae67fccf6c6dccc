package report

import (
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// shows reports whether a character can be written to a terminal unescaped: it does not move the
// cursor, change the direction of text or hide. The joiners of emoji and of Persian are harmless.
func shows(r rune) bool {
	return unicode.IsPrint(r) || r == '\u200c' || r == '\u200d'
}

// Printable escapes characters that must not reach a terminal: \n, \x1b, \u202e. Bytes that are not UTF-8, which
// names of files can have, are replaced by U+FFFD: some terminals execute them too.
func Printable(text string) string {
	text = strings.ToValidUTF8(text, string(utf8.RuneError))
	if strings.IndexFunc(text, func(r rune) bool { return !shows(r) }) < 0 {
		return text
	}
	var escaped strings.Builder
	for _, r := range text {
		if shows(r) {
			escaped.WriteRune(r)
			continue
		}
		quoted := strconv.QuoteRuneToASCII(r)
		escaped.WriteString(quoted[1 : len(quoted)-1])
	}
	return escaped.String()
}

// PrintableLines is Printable except for line breaks and tabs.
func PrintableLines(text string) string {
	var escaped strings.Builder
	for _, line := range strings.SplitAfter(text, "\n") {
		line, ended := strings.CutSuffix(line, "\n")
		for j, cell := range strings.Split(line, "\t") {
			if j > 0 {
				escaped.WriteByte('\t')
			}
			escaped.WriteString(Printable(cell))
		}
		if ended {
			escaped.WriteByte('\n')
		}
	}
	return escaped.String()
}

// writeLines writes text of several lines; what must not reach a terminal is escaped.
func writeLines(w io.Writer, text string) error {
	_, err := io.WriteString(w, PrintableLines(text))
	return err
}
