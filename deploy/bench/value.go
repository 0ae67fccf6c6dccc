//go:build unix

package main

import (
	"bufio"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
)

// object is a mapping in the order of its fields. Values are objects, lists, strings, ints and bools.
type object []field

type field struct {
	key   string
	value any
}

type list []any

// of is an object of alternating keys and values.
func of(keysAndValues ...any) object {
	var o object
	for i := 0; i < len(keysAndValues); i += 2 {
		o = append(o, field{keysAndValues[i].(string), keysAndValues[i+1]})
	}
	return o
}

// yamlWriter writes YAML in block style.
type yamlWriter struct {
	*bufio.Writer
	escapes bool // strings of several lines are quoted with escapes, not literal blocks
}

// document writes an object as a document.
func (w yamlWriter) document(o object) {
	w.WriteString("---\n")
	w.object(o, 0, false)
}

// object writes the fields with an indentation. The first line has it already if it is open.
func (w yamlWriter) object(o object, indent int, open bool) {
	for i, f := range o {
		if i > 0 || !open {
			w.indent(indent)
		}
		w.scalar(f.key, 0)
		w.WriteByte(':')
		w.value(f.value, indent)
	}
}

// value writes the value of a key with an indentation.
func (w yamlWriter) value(value any, indent int) {
	switch value := value.(type) {
	case object:
		if len(value) == 0 {
			w.WriteString(" {}\n")
			return
		}
		w.WriteByte('\n')
		w.object(value, indent+2, false)
	case list:
		if len(value) == 0 {
			w.WriteString(" []\n")
			return
		}
		w.WriteByte('\n')
		for _, item := range value {
			w.indent(indent)
			w.WriteByte('-')
			if o, isObject := item.(object); isObject {
				w.WriteByte(' ')
				w.object(o, indent+2, true)
			} else {
				w.value(item, indent+2)
			}
		}
	default:
		w.WriteByte(' ')
		w.scalar(value, indent+2)
		w.WriteByte('\n')
	}
}

var plain = regexp.MustCompile(`^[A-Za-z/][A-Za-z0-9_./-]*(:[A-Za-z0-9_./-]+)*( [A-Za-z0-9(][A-Za-z0-9_.,/()-]*)*$`)

func (w yamlWriter) scalar(value any, indent int) {
	switch value := value.(type) {
	case int:
		w.WriteString(strconv.Itoa(value))
	case bool:
		w.WriteString(strconv.FormatBool(value))
	case string:
		switch {
		case strings.Contains(value, "\n") && !w.escapes:
			w.WriteByte('|')
			if !strings.HasSuffix(value, "\n") {
				w.WriteByte('-')
			}
			for line := range strings.Lines(value) {
				w.WriteByte('\n')
				if line = strings.TrimSuffix(line, "\n"); line != "" {
					w.indent(indent)
				}
				w.WriteString(line)
			}
		case plain.MatchString(value) && value != "true" && value != "false":
			w.WriteString(value)
		default:
			w.WriteString(strconv.Quote(value))
		}
	}
}

func (w yamlWriter) indent(n int) {
	for range n {
		w.WriteByte(' ')
	}
}

// jsonWriter writes JSON, compact or with an indentation.
type jsonWriter struct {
	*bufio.Writer
	step string // of the indentation; empty for compact JSON
}

func (w jsonWriter) value(value any, depth int) {
	switch value := value.(type) {
	case object:
		w.collection('{', '}', len(value), depth, func(i int) {
			w.scalar(value[i].key)
			w.WriteByte(':')
			if w.step != "" {
				w.WriteByte(' ')
			}
			w.value(value[i].value, depth+1)
		})
	case list:
		w.collection('[', ']', len(value), depth, func(i int) { w.value(value[i], depth+1) })
	default:
		w.scalar(value)
	}
}

func (w jsonWriter) collection(open, end byte, length, depth int, child func(i int)) {
	w.WriteByte(open)
	for i := range length {
		if i > 0 {
			w.WriteByte(',')
		}
		w.line(depth + 1)
		child(i)
	}
	if length > 0 {
		w.line(depth)
	}
	w.WriteByte(end)
}

func (w jsonWriter) line(depth int) {
	if w.step == "" {
		return
	}
	w.WriteByte('\n')
	for range depth {
		w.WriteString(w.step)
	}
}

func (w jsonWriter) scalar(value any) {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // strings, ints and bools have none
	}
	w.Write(text)
}
