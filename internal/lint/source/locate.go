package source

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	yaml4 "go.yaml.in/yaml/v4"
)

// locate converts an error of the YAML library for the text of a chunk to a fault.
//
// go.yaml.in/yaml/v3 decides whether text is valid YAML, because it accepts everything that the parser
// of sigs.k8s.io/yaml accepts. Its errors have only a line, often that of the enclosing collection. v4
// accepts less and reports exact locations; it is used only for them.
func (r *libraryReader) locate(c chunk, text string, err error) *fault {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 1
	if n, scanErr := fmt.Sscanf(message, "line %d: ", &line); n == 1 && scanErr == nil {
		_, message, _ = strings.Cut(message, ": ")
	}
	found := &fault{kind: Malformed, message: plainMessage(message)}
	if strings.Contains(message, "exceeded max depth") {
		found.kind = Excessive
	}
	if at := strings.IndexFunc(text, isControl); at >= 0 && strings.HasPrefix(message, "control characters") {
		control, size := utf8.DecodeRuneInString(text[at:])
		found.start, found.end = c.start+at, c.start+at+size
		found.message = fmt.Sprintf("the control character %U is not allowed", control)
		return found
	}
	at := yaml4.Mark{Line: line, Column: 1}
	// Ignore an error of v4 on an earlier line: v3 accepts that line.
	if cause := positionOfError(text); cause != nil && (cause.Message == message || cause.Mark.Line >= line) {
		at = cause.Mark
		found.message = plainMessage(cause.Message)
		if opened := cause.ContextMark; opened.Line > 0 {
			if isUnclosed(cause.ContextMsg) || r.isBehind(at, c) {
				at = opened
			} else if isFlow(cause.ContextMsg) {
				found.message += r.openedAbove(opened, at, c)
			}
		}
	}
	found.start = r.offsetOf(at, c)
	found.end = found.start
	if found.message == plainMessage(cannotStartToken) && strings.HasPrefix(r.text[found.start:c.end], "\t") {
		found.message = noTab
	}
	return found
}

// positionOfError returns the error of v4 for the text, or nil if it has none with a location.
func positionOfError(text string) (cause *yaml4.LoadError) {
	defer func() { _ = recover() }() // a panic of v4 counts as no error
	decoder := yaml4.NewDecoder(strings.NewReader(text))
	for {
		var document yaml4.Node
		err := decoder.Decode(&document)
		if err == nil {
			continue
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		cause, _ = errors.AsType[*yaml4.LoadError](err)
		if cause != nil && cause.Mark.Line == 0 {
			return nil
		}
		return cause
	}
}

// isUnclosed reports whether a fault is at the start of the context of an error and not where the
// parser stopped.
func isUnclosed(context string) bool {
	return context == "while scanning a simple key"
}

func isFlow(context string) bool {
	return context == "while parsing a flow sequence" || context == "while parsing a flow mapping"
}

// openedAbove returns a phrase with the opening bracket of the collection that an error is in, or ""
// if the bracket is not on an earlier line.
func (r *libraryReader) openedAbove(bracket, at yaml4.Mark, c chunk) string {
	opened := r.offsetOf(bracket, c)
	line := r.file.Position(opened).Line
	if line >= r.file.Position(r.offsetOf(at, c)).Line {
		return ""
	}
	return fmt.Sprintf(" for the %c on line %d", r.text[opened], line)
}

const (
	cannotStartToken = "found character that cannot start any token" // of the library
	noTab            = "a tab cannot indent YAML: use spaces"
)

// isBehind reports whether a location is after all text of a chunk.
func (r *libraryReader) isBehind(at yaml4.Mark, c chunk) bool {
	return r.offset(at.Line, at.Column) >= c.start+len(strings.TrimRight(r.text[c.start:c.end], " \t\r\n"))
}

// offsetOf returns the offset of a location, at most the end of the chunk's text without trailing
// white space.
func (r *libraryReader) offsetOf(at yaml4.Mark, c chunk) int {
	visible := c.start + len(strings.TrimRight(r.text[c.start:c.end], " \t\r\n"))
	return min(r.offset(at.Line, at.Column), visible)
}

// isControl reports whether a character must be escaped in YAML.
func isControl(r rune) bool {
	switch {
	case r == '\t', r == '\n', r == '\r', r == 0x85:
		return false
	case r < ' ', 0x7F <= r && r < 0xA0, r == 0xFFFE, r == 0xFFFF:
		return true
	}
	return false
}

// plainMessage replaces a message of the library by one that says how to fix the text.
func plainMessage(message string) string {
	switch message {
	case "mapping values are not allowed in this context":
		return "a colon is not allowed here: quote the value, or check the indentation"
	case "could not find expected ':'":
		return "expected a colon after this key"
	case "did not find expected key":
		return "expected a key of the mapping: check the indentation and the quotes"
	case "did not find expected '-' indicator":
		return "expected \"- \" of the list: check the indentation"
	case "did not find expected ',' or ']'":
		return "expected a comma or a closing ]"
	case "did not find expected ',' or '}'":
		return "expected a comma or a closing }"
	case cannotStartToken:
		return "a value cannot begin with this character: quote it, and indent with spaces"
	case "found a tab character where an indentation space is expected", "found a tab character that violates indentation":
		return noTab
	case "found unexpected end of stream", "found unexpected document indicator":
		return "this quote is never closed"
	case "did not find expected node content":
		return "expected a value"
	case "block sequence entries are not allowed in this context":
		return "a list item is not allowed here: check the indentation"
	case "found unknown escape character":
		return "unknown escape in double quotes: use \\\\ for a backslash, or single quotes"
	case "did not find expected <document start>":
		return "expected the end of the document: check the indentation"
	}
	return strings.TrimSuffix(message, " referenced")
}
