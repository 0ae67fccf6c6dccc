package source

import (
	"strconv"
	"strings"
)

// Bool returns the value of a Bool; ok is false for a missing node and for any other.
func (n *Node) Bool() (value, ok bool) {
	if n == nil || n.Kind != Bool {
		return false, false
	}
	switch n.Text[0] {
	case 'y', 'Y', 't', 'T':
		return true, true
	case 'o', 'O':
		return len(n.Text) == len("on"), true
	}
	return false, true
}

// Float returns the value of a Number; ok is false for a missing node and for any other.
func (n *Node) Float() (value float64, ok bool) {
	if n == nil || n.Kind != Number {
		return 0, false
	}
	return number(n.Text)
}

// Value returns what sigs.k8s.io/yaml.Unmarshal makes of the node's text: nil,
// bool, float64, string, []any or map[string]any. If that rejects a document
// that Parse reads, it returns the most similar value: text for .inf, .nan and for keys that are
// collections.
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
		return n.Text
	case Sequence:
		values := make([]any, len(n.Items))
		for i, item := range n.Items {
			values[i] = item.Value()
		}
		return values
	case Mapping:
		values := make(map[string]any, len(n.Members))
		for _, member := range n.Members {
			values[member.Key.name()] = member.Value.Value()
		}
		return values
	}
	return nil
}

// name is the key's text in the JSON that sigs.k8s.io/yaml makes of its mapping.
func (n *Node) name() string {
	switch n.Kind {
	case Bool:
		value, _ := n.Bool()
		return strconv.FormatBool(value)
	case Number:
		return numberName(n.Text)
	case String:
		if isSpecial(n.Text) && n.file.Text[n.start] == n.Text[0] {
			return strings.ToLower(strings.TrimPrefix(n.Text, "+"))
		}
	case Sequence, Mapping:
		return string(n.file.Text[n.start:n.end])
	}
	return n.Text
}

// numberName writes a key's number as sigs.k8s.io/yaml does: floats with the
// precision of 32 bits.
func numberName(text string) string {
	if i, ok := integer(text); ok {
		return i
	}
	value, _ := number(text)
	return strconv.FormatFloat(value, 'g', -1, 32)
}

// kindOf resolves a plain scalar by the rules of YAML 1.1 as go.yaml.in/yaml/v2,
// the reader behind sigs.k8s.io/yaml, has them. Infinities and not-a-number are
// strings, because JSON has no such values and sigs.k8s.io/yaml rejects them.
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

// isSpecial reports whether a plain scalar is an infinity or not-a-number.
func isSpecial(text string) bool {
	switch text {
	case ".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF":
		return true
	}
	return false
}

// number reads a plain scalar that begins with a sign, a digit or a dot.
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

// integer returns the decimal form of a number that is an integer of 64 bits.
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

// parseInt reads an integer in any base that go.yaml.in/yaml/v2 knows; it allows
// a sign after 0b.
func parseInt(plain string) (int64, bool) {
	value, err := strconv.ParseInt(plain, 0, 64)
	if binary, ok := strings.CutPrefix(plain, "0b"); ok && err != nil {
		value, err = strconv.ParseInt(binary, 2, 64)
	}
	return value, err == nil
}

// numeric reports whether text consists of characters of numbers. It spares
// quantities such as 4Gi the errors of strconv, which allocate.
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

// digits returns how many decimal digits text begins with.
func digits(text string) int {
	n := 0
	for n < len(text) && '0' <= text[n] && text[n] <= '9' {
		n++
	}
	return n
}
