package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
	"github.com/mlpolicy/mlpolicy/internal/lint/suggest"
)

// Error is a mistake in a configuration.
type Error struct {
	File         string // as the user wrote it; empty if the mistake is not in a file
	Line, Column int    // from 1, columns in code points; 0 if the mistake is not in a file or about all of it
	Message      string // lower case, without a final stop

	// Source is the file, nil if the mistake is not in a file. Its Text is empty where the file could not be read.
	Source *source.File
	Span   source.Span
	// Remedy says what to do, as a sentence; empty if the message does.
	Remedy string
	// Related is a further location, nil for none.
	Related *source.Node
}

func (e *Error) Error() string {
	switch {
	case e.File == "":
		return e.Message
	case e.Line == 0:
		return e.File + ": " + e.Message
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Message)
}

// At returns the Error of a value. node is nil for a value that is not from a file.
func At(node *source.Node, message string) *Error {
	if node == nil {
		return &Error{Message: message}
	}
	span := node.Span()
	return &Error{
		File: node.File().Name, Line: span.Start.Line, Column: span.Start.Column, Message: message,
		Source: node.File(), Span: span,
	}
}

// Errors are the mistakes in a configuration, sorted by file and position.
type Errors []*Error

func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, mistake := range e {
		lines[i] = mistake.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the mistakes one by one.
func (e Errors) Unwrap() []error {
	list := make([]error, len(e))
	for i, mistake := range e {
		list[i] = mistake
	}
	return list
}

func (e *Errors) add(node *source.Node, message string) { *e = append(*e, At(node, message)) }

func (e Errors) err() error {
	if len(e) == 0 {
		return nil
	}
	slices.SortStableFunc(e, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return e
}

// UnknownEdition is the message for an id that is not an edition. Of a month or a day, in any of the
// usual spellings, it names the edition of that time, or the one with the month as its id.
func UnknownEdition(id string, editions []string) string {
	month, hasDay, ok := monthOf(id)
	switch {
	case !ok:
		return unknown("edition", id, editions)
	case !hasDay && slices.Contains(editions, month):
		return unknown("edition", id, []string{month})
	}
	var inForce string
	for _, edition := range editions {
		if _, err := time.Parse("2006-01", edition); err == nil && edition <= month {
			inForce = max(inForce, edition)
		}
	}
	if inForce == "" {
		return fmt.Sprintf("unknown edition %q: no edition was in force then; use one of %s", id, strings.Join(editions, ", "))
	}
	return fmt.Sprintf("unknown edition %q: the one in force then is %q", id, inForce)
}

// monthOf returns the month of a date as ids of editions have it, and whether the date has a day.
func monthOf(date string) (month string, hasDay, ok bool) {
	date, _, _ = strings.Cut(date, "T")
	date = strings.NewReplacer("/", "-", ".", "-").Replace(strings.TrimSpace(date))
	for _, layout := range []struct {
		text   string
		hasDay bool
	}{{"2006-1", false}, {"200601", false}, {"1-2006", false}, {"2006-1-2", true}, {"20060102", true}} {
		if parsed, err := time.Parse(layout.text, date); err == nil {
			return parsed.Format("2006-01"), layout.hasDay, true
		}
	}
	return "", false, false
}

// unknown is the message for a name that is not one of names.
func unknown(what, name string, names []string) string {
	return fmt.Sprintf("unknown %s %q: %s", what, name, suggest.Phrase(name, names))
}

func contains(names []string, name string) bool { return slices.Contains(names, name) }
