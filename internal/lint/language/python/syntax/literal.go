package syntax

import (
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Unquote returns the value of a string as it is written, with prefix and quotation marks. ok is false for one whose value is not
// in the text.
func Unquote(written string) (text string, ok bool) {
	prefix := written[:strings.IndexAny(written, `"'`)]
	kind, raw, ok := stringKind(prefix)
	if !ok || kind != Text {
		return "", false
	}
	body := written[len(prefix):]
	marks := 1
	if len(body) >= 6 && body[1] == body[0] && body[2] == body[0] {
		marks = 3
	}
	body = body[marks : len(body)-marks]
	if strings.Contains(body, "\r") { // Python has one line break
		body = strings.ReplaceAll(strings.ReplaceAll(body, "\r\n", "\n"), "\r", "\n")
	}
	if raw || !strings.Contains(body, `\`) {
		return body, true
	}
	return unescape(body)
}

// unescape returns the value of the body of a string that is not raw.
func unescape(body string) (text string, ok bool) {
	var b strings.Builder
	for body != "" {
		at := strings.IndexByte(body, '\\')
		if at < 0 || at+1 == len(body) {
			b.WriteString(body)
			break
		}
		b.WriteString(body[:at])
		length, written := escape(&b, body[at+1:])
		if !written {
			return "", false
		}
		body = body[at+1+length:]
	}
	return b.String(), true
}

// escape writes the character of an escape, and returns the length of the escape behind its backslash.
func escape(b *strings.Builder, rest string) (length int, ok bool) {
	if at := strings.IndexByte("abfnrtv\\'\"", rest[0]); at >= 0 {
		b.WriteByte("\a\b\f\n\r\t\v\\'\""[at])
		return 1, true
	}
	digits := 0
	switch c := rest[0]; c {
	case '\n':
		return 1, true
	case 'x':
		digits = 2
	case 'u':
		digits = 4
	case 'U':
		digits = 8
	case 'N':
		return 0, false
	case '0', '1', '2', '3', '4', '5', '6', '7':
		for length < 3 && length < len(rest) && '0' <= rest[length] && rest[length] <= '7' {
			length++
		}
		code, _ := strconv.ParseUint(rest[:length], 8, 16) // octal digits
		b.WriteRune(rune(code))
		return length, true
	default: // no escape: the backslash stays
		b.WriteByte('\\')
		return 0, true
	}
	if len(rest) < 1+digits {
		return 0, false
	}
	code, err := strconv.ParseUint(rest[1:1+digits], 16, 32)
	if err != nil || !utf8.ValidRune(rune(code)) { // half a surrogate pair is no text
		return 0, false
	}
	b.WriteRune(rune(code))
	return 1 + digits, true
}

// maxNumber is the length of the longest number that is read, in bytes.
const maxNumber = 64

// Numeral returns a number in decimal notation. ok is false for an imaginary number.
func Numeral(written string) (decimal string, ok bool) {
	plain := strings.ToLower(strings.ReplaceAll(written, "_", ""))
	if len(plain) > maxNumber {
		return "", false
	}
	base := 10
	if len(plain) > 2 && plain[0] == '0' && strings.IndexByte("xob", plain[1]) >= 0 {
		base = 0 // that of the prefix
	}
	if base == 0 || strings.Trim(plain, "0123456789") == "" {
		whole, ok := new(big.Int).SetString(plain, base)
		if !ok {
			return "", false
		}
		return whole.String(), true
	}
	value, err := strconv.ParseFloat(plain, 64)
	if err != nil {
		return "", false
	}
	return strconv.FormatFloat(value, 'g', -1, 64), true
}
