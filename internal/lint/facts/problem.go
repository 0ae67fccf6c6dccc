package facts

import "github.com/mlpolicy/mlpolicy/internal/lint/source"

// Severity is the severity of a finding.
type Severity string

// The severities, most serious first. Off turns a rule off; no finding has it.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Note    Severity = "note"
	Off     Severity = "off"
)

// Values lists the severities that a configuration may give a rule.
func (Severity) Values() []string {
	return []string{string(Error), string(Warning), string(Note), string(Off)}
}

// IDs of the findings about the input itself.
const (
	SyntaxRule        = "syntax"
	ContradictionRule = "contradiction"
	// WaiverRule is the rule of findings about waivers, which cannot be waived.
	WaiverRule = "waiver"
	// BindingRule is the rule of findings about a Binding, which only the webhook sees.
	BindingRule = "binding"
)

// Problem is a finding about the input itself.
type Problem struct {
	Rule       string // SyntaxRule or ContradictionRule
	Severity   Severity
	Message    string
	Remedy     string
	Deployment string // name of the deployment, if the problem is one's
	Location   Location
	// Unevaluated reports whether the object at Location was not evaluated any further.
	Unevaluated bool
	// Redundant are the keys of the entries without which the document declares the same and has no such problem.
	Redundant []*source.Node
}
