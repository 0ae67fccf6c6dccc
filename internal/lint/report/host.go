package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// HostWriter passes text on and escapes what a CI host would execute in the log of a job:
//
//   - "##", any letters or none, "[", anywhere in a line. Azure Pipelines executes
//     ##vso[area.event …], TeamCity ##teamcity[…], GitHub Actions ##[command …].
//   - "::" as the first characters of a line that are not white space, for GitHub Actions.
//
// Sources: Command.cs of microsoft/azure-pipelines-agent, ActionCommand.cs of actions/runner.
//
// The first character of the sequence becomes \u0023 or \u003a. Inside the strings of JSON and
// the double quotes of YAML these are escapes too, so a document keeps its values.
//
// A sequence that Writes split is found: its start is held back until the next Write or Flush.
// A HostWriter may be used from several goroutines.
type HostWriter struct {
	mutex   sync.Mutex
	w       io.Writer
	midLine bool   // the line has something other than white space
	held    []byte // starts a sequence or a character
}

// NewHostWriter returns a HostWriter on w, at the start of a line.
func NewHostWriter(w io.Writer) *HostWriter { return &HostWriter{w: w} }

// Unwrap returns the writer below.
func (h *HostWriter) Unwrap() io.Writer { return h.w }

// Write implements [io.Writer].
func (h *HostWriter) Write(text []byte) (int, error) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if err := h.pass(text, false); err != nil {
		return 0, err
	}
	return len(text), nil
}

// Flush writes what is held back.
func (h *HostWriter) Flush() error {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return h.pass(nil, true)
}

// pass writes text after what is held back. The last text has no continuation.
func (h *HostWriter) pass(text []byte, last bool) error {
	if len(h.held) > 0 {
		text = append(h.held, text...)
		h.held = nil
	}
	var escaped bytes.Buffer
	done := 0 // what is before it is in escaped
	for at := 0; at < len(text); {
		length, kind := h.next(text[at:])
		if kind == started && !last {
			h.held = bytes.Clone(text[at:])
			text = text[:at]
			break
		}
		if kind == command {
			escaped.Write(text[done:at])
			fmt.Fprintf(&escaped, hostEscape, text[at])
			done = at + 1
		}
		at += length
	}
	if done > 0 {
		escaped.Write(text[done:])
		text = escaped.Bytes()
	}
	if len(text) == 0 {
		return nil
	}
	_, err := h.w.Write(text)
	return err
}

// Inert returns a text, part of a line or a line, with everything escaped that controls a terminal or a
// CI host, at any position in a line and even if it is cut afterwards.
func Inert(text string) string {
	text = Printable(text)
	if !strings.Contains(text, "##") && !strings.Contains(text, "::") {
		return text
	}
	var escaped strings.Builder
	host := NewHostWriter(&escaped)
	_, _ = io.WriteString(host, text) // a Builder has no errors
	_ = host.Flush()
	return escaped.String()
}

// hostEscape is the form of an escaped character, and hostWidening the cells that it is wider.
const (
	hostEscape   = `\u%04x`
	hostWidening = len(`\u0023`) - len("#")
)

// hostCommands returns the offsets of what a HostWriter escapes in part of a line that is not its
// start.
func hostCommands(text []byte) []int {
	return (&HostWriter{midLine: true}).commands(text)
}

// commands returns the offsets of commands in a text that nothing follows.
func (h *HostWriter) commands(text []byte) []int {
	var offsets []int
	for at := 0; at < len(text); {
		length, kind := h.next(text[at:])
		if kind == command {
			offsets = append(offsets, at)
		}
		at += length
	}
	return offsets
}

// commandsIn returns the offsets of what a HostWriter escapes in a whole text.
func commandsIn(text []byte) []int {
	return (&HostWriter{}).commands(text)
}

// hostText is what a HostWriter sees at a position.
type hostText int

const (
	harmless hostText = iota
	command           // its first character is escaped
	started           // what follows decides
)

// next returns what text starts with and the length of the character.
func (h *HostWriter) next(text []byte) (length int, kind hostText) {
	if !utf8.FullRune(text) {
		return 1, started
	}
	r, length := utf8.DecodeRune(text)
	lineStart := !h.midLine
	switch {
	case endsLine(r):
		h.midLine = false
		return length, harmless
	case lineStart && blank(r):
		return length, harmless
	}
	switch {
	case r == '#':
		kind = hashes(text)
	case r == ':' && lineStart:
		kind = started
		if len(text) > 1 {
			kind = harmless
			if text[1] == ':' {
				kind = command
			}
		}
	}
	h.midLine = h.midLine || kind != started
	return length, kind
}

// hashes returns what text that starts with "#" is.
func hashes(text []byte) hostText {
	if len(text) == 1 {
		return started
	}
	if text[1] != '#' {
		return harmless
	}
	rest := text[2:]
	for {
		if !utf8.FullRune(rest) {
			return started // this includes no text at all
		}
		switch r, length := utf8.DecodeRune(rest); {
		case unicode.IsLetter(r):
			rest = rest[length:]
		case r == '[':
			return command
		default:
			return harmless
		}
	}
}

// endsLine reports whether a program that reads lines may take a character for the end of one.
func endsLine(r rune) bool {
	switch r {
	case '\n', '\v', '\f', '\r', '\u0085', '\u2028', '\u2029':
		return true
	}
	return false
}

// blank reports whether a host may skip a character at the start of a line: white space, and what
// comparisons by a locale ignore.
func blank(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
}
