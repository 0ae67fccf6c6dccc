package policy

import (
	"strconv"
	"strings"
)

// Error is a fault in a policy or in the result of a rule.
type Error struct {
	// File is the name of the folder joined with the path in it, or "builtin:" followed by the path in
	// the builtin bundle. It is empty if no single file is at fault.
	File string
	// Line starts at 1; 0 means unknown.
	Line int
	// Rule is the ID of the rule at fault, empty if no single rule is.
	Rule    string
	Message string
	// Err is the underlying error, or nil.
	Err error
}

// Error returns a text of the form "policy/memory.rego:7: rule memory: message".
func (e *Error) Error() string {
	var text strings.Builder
	if e.File != "" {
		text.WriteString(e.File)
		if e.Line > 0 {
			text.WriteString(":" + strconv.Itoa(e.Line))
		}
		text.WriteString(": ")
	}
	if e.Rule != "" {
		text.WriteString("rule " + e.Rule + ": ")
	}
	text.WriteString(e.Message)
	if e.Err != nil {
		text.WriteString(": " + e.Err.Error())
	}
	return text.String()
}

func (e *Error) Unwrap() error { return e.Err }
