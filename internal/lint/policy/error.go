package policy

import (
	"strconv"
	"strings"
)

// Error is a fault of a policy or of its answer.
type Error struct {
	// File is the culprit: a folder's name and the path in it, or builtin: and the
	// path in the builtin bundle. Empty where no single file is at fault.
	File string
	// Line starts at 1; 0 is unknown.
	Line int
	// Rule is the ID of the rule at fault, if it is one rule.
	Rule string
	// Message says what is wrong.
	Message string
	// Err is the cause, if there is one beside the file itself.
	Err error
}

// Error reads "policy/memory.rego:7: rule memory: what is wrong".
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
