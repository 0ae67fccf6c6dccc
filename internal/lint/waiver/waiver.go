// Package waiver reads recorded exceptions: which rules are waived, until when, and why. Their grammar is the same
// wherever they stand:
//
//	RULE[,RULE…] [until=2027-01-31] reason="…" [owner=…] [ticket=…]
//
// Parse reads it; Comments and Annotations find it in files. Waiver.Check applies the rules of an organisation.
// Package lint decides which findings a waiver covers.
package waiver

import (
	"bytes"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Waiver is one recorded exception.
type Waiver struct {
	// Rules are those that it waives, each once, in the order of the text.
	Rules []Rule
	// Until is the last day on which it is valid; the zero Day is no end.
	Until Day
	// Reason is never empty; the others may be.
	Reason, Owner, Ticket string
	// Text is where it stands.
	Text Text
	// Name is what logs and metrics call one of the configuration, such as waivers[0]; empty for one in a file.
	Name string
	// Scope is what it covers in Text's file; nil for one of the configuration.
	Scope *Scope

	keys map[string]span // of the values
}

// Rule is the ID of a rule that a waiver names.
type Rule struct {
	ID string
	at span
}

// Scope is a stretch of the text of a file. It covers what lies in it as a whole.
type Scope struct{ Start, End int } // bytes, End exclusive

// span is a stretch of the text of a waiver, in bytes.
type span struct{ start, end int }

// Text is the text of a waiver and where it stands.
type Text struct {
	Content string
	File    *source.File
	// Start and End are the byte offsets of the text in the file, with the quotes of a string.
	Start, End int
}

// TextOf returns the text of a scalar.
func TextOf(node *source.Node) Text {
	at := node.Span()
	return Text{Content: node.Text(), File: node.File(), Start: at.Start.Offset, End: at.End.Offset}
}

// Span returns where the whole text stands.
func (t Text) Span() source.Span { return t.at(t.Start, t.End) }

func (t Text) at(start, end int) source.Span {
	return source.Span{Start: t.File.Position(start), End: t.File.Position(end)}
}

// locate returns where a part of the content stands. A string may be escaped or folded in the file: then it is where
// the same text occurs, if it does so once, else the whole.
func (t Text) locate(part span) source.Span {
	written := string(t.File.Text[t.Start:t.End])
	if at := strings.Index(written, t.Content); at >= 0 {
		return t.at(t.Start+at+part.start, t.Start+at+part.end)
	}
	wanted := t.Content[part.start:part.end]
	if at := strings.Index(written, wanted); at >= 0 && wanted != "" && strings.LastIndex(written, wanted) == at {
		return t.at(t.Start+at, t.Start+at+len(wanted))
	}
	return t.Span()
}

// Mistake is why a waiver, or a rule in it, has no effect.
type Mistake struct {
	File    *source.File
	Span    source.Span
	Message string // lower case, without a final stop
	Remedy  string // sentences
}

// IDs returns the IDs of the rules.
func (w *Waiver) IDs() []string {
	ids := make([]string, len(w.Rules))
	for i, rule := range w.Rules {
		ids[i] = rule.ID
	}
	return ids
}

// Covers reports whether the waiver is of a rule.
func (w *Waiver) Covers(rule string) bool {
	for _, waived := range w.Rules {
		if waived.ID == rule {
			return true
		}
	}
	return false
}

// String is the waiver in its grammar.
func (w *Waiver) String() string {
	text := strings.Join(w.IDs(), ",")
	if !w.Until.IsZero() {
		text += " until=" + w.Until.String()
	}
	text += " reason=" + quote(w.Reason)
	for _, field := range []struct{ key, value string }{{"owner", w.Owner}, {"ticket", w.Ticket}} {
		switch {
		case field.value == "":
		case isWord(field.value):
			text += " " + field.key + "=" + field.value
		default:
			text += " " + field.key + "=" + quote(field.value)
		}
	}
	return text
}

func quote(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

// isWord reports whether a value needs no quotes.
func isWord(text string) bool {
	return text != "" && !strings.ContainsAny(text, `"\`) && len(strings.Fields(text)) == 1 && strings.TrimSpace(text) == text
}

// In reports whether there may be waivers in a file; absent is as for Annotations.
func In(file *source.File, absent func(value *source.Node) bool) bool {
	return bytes.Contains(file.Text, []byte(ignore)) || len(Annotations(file, absent)) > 0
}
