package facts

// Severity is how much a finding matters.
type Severity string

// The severities, most serious first. Off silences a rule and stands in no finding.
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
	// BindingRule is that of findings about a Binding, which a cluster alone has.
	BindingRule = "binding"
)

// Problem is a finding about the input itself.
type Problem struct {
	Rule       string // SyntaxRule or ContradictionRule
	Severity   Severity
	Message    string
	Remedy     string
	Deployment string // name of the deployment, if the problem is one's
	Place      Place
	// Unjudged says that what stands at Place was not judged any further.
	Unjudged bool
}
