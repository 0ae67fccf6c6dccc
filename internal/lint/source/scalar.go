package source

import (
	"strconv"
	"strings"
)

// Bool returns the value of a node of the kind Bool. ok is false for nil and for any other kind.
func (n *Node) Bool() (value, ok bool) {
	if n == nil || n.Kind != Bool {
		return false, false
	}
	switch n.Text()[0] {
	case 'y', 'Y', 't', 'T':
		return true, true
	case 'o', 'O':
		return len(n.Text()) == len("on"), true
	}
	return false, true
}

// Float returns the value of a node of the kind Number. ok is false for nil and for any other kind.
func (n *Node) Float() (value float64, ok bool) {
	if n == nil || n.Kind != Number {
		return 0, false
	}
	return number(n.Text())
}

// Value returns the value that sigs.k8s.io/yaml.Unmarshal decodes from the node's text: nil, bool,
// float64, string, []any or map[string]any. Parse accepts some documents that Unmarshal rejects:
// .inf, .nan and keys that are collections are strings in the result.
func (n *Node) Value() any {
	if n == nil {
		return nil
	}
	switch n.Kind {
	case Bool:
		value, _ := n.Bool()
		return value
	case Number:
		value, _ := n.Float()
		return value
	case String:
		return n.Text()
	case Sequence:
		values := make([]any, len(n.Items()))
		for i, item := range n.Items() {
			values[i] = item.Value()
		}
		return values
	case Mapping:
		values := make(map[string]any, len(n.Members()))
		for _, member := range n.Members() {
			values[member.Key.name()] = member.Value.Value()
		}
		return values
	}
	return nil
}

// name returns the text of a key in the JSON that sigs.k8s.io/yaml converts its mapping to.
func (n *Node) name() string {
	switch n.Kind {
	case Bool:
		value, _ := n.Bool()
		return strconv.FormatBool(value)
	case Number:
		return numberName(n.Text())
	case String:
		if isSpecial(n.Text()) && n.File().Text[n.start()] == n.Text()[0] {
			return strings.ToLower(strings.TrimPrefix(n.Text(), "+"))
		}
	case Sequence, Mapping:
		return string(n.File().Text[n.start():n.end()])
	}
	return n.Text()
}

// numberName formats a number that is a key as sigs.k8s.io/yaml does: floats with 32-bit precision.
func numberName(text string) string {
	if i, ok := integer(text); ok {
		return i
	}
	value, _ := number(text)
	return strconv.FormatFloat(value, 'g', -1, 32)
}

// kindOf resolves a plain scalar by the YAML 1.1 rules of go.yaml.in/yaml/v2, the parser that
// sigs.k8s.io/yaml uses. Infinities and NaN are strings, because JSON does not have them and
// sigs.k8s.io/yaml rejects them.
func kindOf(text string) Kind {
	if text == "" {
		return Null
	}
	switch text[0] {
	case '+', '-', '.', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		if _, ok := number(text); ok {
			return Number
		}
		return String
	case '~', 'n', 'N', 'y', 'Y', 't', 'T', 'f', 'F', 'o', 'O':
		if len(text) <= len("false") {
			return wordKind(text)
		}
	}
	return String
}

func wordKind(text string) Kind {
	switch text {
	case "~", "null", "Null", "NULL":
		return Null
	case "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON",
		"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF":
		return Bool
	}
	return String
}

// isSpecial reports whether a plain scalar is an infinity or NaN.
func isSpecial(text string) bool {
	switch text {
	case ".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF":
		return true
	}
	return false
}

// number parses a plain scalar that begins with a sign, a digit or a dot.
func number(text string) (float64, bool) {
	if text[0] == '.' {
		value, err := strconv.ParseFloat(text, 64)
		return value, err == nil
	}
	if !numeric(text) {
		return 0, false
	}
	plain := strings.ReplaceAll(text, "_", "")
	if value, ok := parseInt(plain); ok {
		return float64(value), true
	}
	if value, err := strconv.ParseUint(plain, 0, 64); err == nil {
		return float64(value), true
	}
	if isFloat(plain) {
		value, err := strconv.ParseFloat(plain, 64)
		return value, err == nil
	}
	return 0, false
}

// integer returns the decimal form of a number that is a signed or unsigned 64-bit integer.
func integer(text string) (string, bool) {
	if text[0] == '.' {
		return "", false
	}
	plain := strings.ReplaceAll(text, "_", "")
	if value, ok := parseInt(plain); ok {
		return strconv.FormatInt(value, 10), true
	}
	if value, err := strconv.ParseUint(plain, 0, 64); err == nil {
		return strconv.FormatUint(value, 10), true
	}
	return "", false
}

// parseInt parses an integer in any base that go.yaml.in/yaml/v2 supports. Like that package it
// accepts a sign after 0b.
func parseInt(plain string) (int64, bool) {
	value, err := strconv.ParseInt(plain, 0, 64)
	if binary, ok := strings.CutPrefix(plain, "0b"); ok && err != nil {
		value, err = strconv.ParseInt(binary, 2, 64)
	}
	return value, err == nil
}

// numeric reports whether text consists of characters that numbers can have. The check avoids the
// allocation of strconv errors for quantities such as 4Gi.
func numeric(text string) bool {
	for i := range len(text) {
		switch c := text[i]; {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'f', 'A' <= c && c <= 'F':
		case c == '.', c == '_', c == '+', c == '-', c == 'x', c == 'X', c == 'o', c == 'O':
		default:
			return false
		}
	}
	return true
}

// isFloat matches [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?
func isFloat(text string) bool {
	text = trimSign(text)
	whole := digits(text)
	text = text[whole:]
	if strings.HasPrefix(text, ".") {
		fraction := digits(text[1:])
		if whole+fraction == 0 {
			return false
		}
		text = text[1+fraction:]
	} else if whole == 0 {
		return false
	}
	if text == "" {
		return true
	}
	if text[0] != 'e' && text[0] != 'E' {
		return false
	}
	text = trimSign(text[1:])
	return text != "" && digits(text) == len(text)
}

func trimSign(text string) string {
	if text != "" && (text[0] == '+' || text[0] == '-') {
		return text[1:]
	}
	return text
}

// digits returns the number of decimal digits at the start of text.
func digits(text string) int {
	n := 0
	for n < len(text) && '0' <= text[n] && text[n] <= '9' {
		n++
	}
	return n
}
