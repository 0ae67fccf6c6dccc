package baseline

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// The text around the entries. The list ends with null, so that every entry is a line that ends with a comma: a branch
// that adds or removes one changes no other line.
const (
	head = `{"version": 1, "findings": [` + "\n"
	tail = "null]}\n"
)

// Format returns the text of a baseline: an entry a line, in order.
func Format(entries []Entry) []byte {
	var text bytes.Buffer
	text.WriteString(head)
	for _, entry := range Merge(entries) {
		text.WriteByte('{')
		for _, member := range entry.members() {
			fmt.Fprintf(&text, "%s: %s, ", quote(member.key), member.value)
		}
		fmt.Fprintf(&text, "%s: %d},\n", quote(countKey), entry.Count)
	}
	text.WriteString(tail)
	return text.Bytes()
}

type member struct{ key, value string }

// members are the keys of an entry with their values as JSON, without the count. Empty ones are left out.
func (e *Entry) members() []member {
	target := targetKey
	if e.MayRun {
		target = mayRunKey
	}
	var members []member
	for _, each := range [][2]string{
		{fileKey, e.File}, {deploymentKey, e.Deployment}, {ruleKey, e.Rule}, {componentKey, e.Component}, {target, e.Target}, {fieldKey, e.Field},
	} {
		if each[1] != "" {
			members = append(members, member{each[0], quote(each[1])})
		}
	}
	number := strconv.FormatFloat(e.Value.Number.Value, 'f', -1, 64)
	switch {
	case e.Value.Number.Known && e.Value.Number.AtLeast:
		members = append(members, member{atLeastKey, number})
	case e.Value.Number.Known:
		members = append(members, member{valueKey, number})
	case e.Value.Text != "":
		members = append(members, member{valueKey, quote(e.Value.Text)})
	}
	return members
}

// quote returns a string of JSON in which every character is visible.
func quote(text string) string {
	var quoted strings.Builder
	quoted.WriteByte('"')
	for _, r := range text {
		switch high, low := utf16.EncodeRune(r); {
		case r == '"' || r == '\\':
			quoted.WriteByte('\\')
			quoted.WriteRune(r)
		case unicode.IsPrint(r):
			quoted.WriteRune(r)
		case high != utf8.RuneError:
			fmt.Fprintf(&quoted, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&quoted, `\u%04x`, r)
		}
	}
	quoted.WriteByte('"')
	return quoted.String()
}
