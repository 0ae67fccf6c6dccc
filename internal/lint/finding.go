package lint

import (
	"cmp"

	"github.com/mlpolicy/mlpolicy/internal/lint/baseline"
	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
	"github.com/mlpolicy/mlpolicy/internal/lint/waiver"
)

// Severity is the severity of a finding.
type Severity = facts.Severity

// The severities, most serious first.
const (
	Error   = facts.Error
	Warning = facts.Warning
	Note    = facts.Note
	Off     = facts.Off
)

// Finding is a violation of a rule by one fact.
type Finding struct {
	Rule     string
	Severity Severity
	Message  string // names the deployment and the violation, with value and limit; no final stop
	Remedy   string // how to fix it, from the rule's METADATA
	// Suggestions are the changes that Remedy names and that were evaluated, and those of Result.SuggestEdits.
	Suggestions []Suggestion
	// Edition is the edition of the table under which the rule was evaluated.
	Edition string
	// Fails reports whether the finding makes a run fail, by fail_on of the configuration that applies to it.
	Fails bool

	// File is nil if no file declares the fact.
	File *source.File
	// Span is the position of the value in File that causes the finding.
	Span source.Span
	// Field is the path of that value in its document: spec.containers[0].image.
	Field string
	// Deployment is the name of the deployment or compute; empty for a syntax error.
	Deployment string
	// Object is the Kubernetes object of the finding; nil if there is none.
	Object *Object
	// Component is the component of a larger object that the deployment is, such as predictor.
	Component string
	// Parameters is the parameters file with which the template describes the deployment or compute, in the form of
	// File.Name, if other files describe another one. Otherwise it is empty.
	Parameters string
	// Target is the target of the deployment or compute, if known.
	Target string
	// Possible is the beginning of the message if the deployment may run on Target but need not; otherwise it is
	// empty.
	Possible string
	// Amount is the number that violates the rule. It is unknown unless the METADATA has grows_with.
	Amount facts.Number
	// Unevaluated reports whether the value at Span was not evaluated any further: a fix may bring other findings.
	Unevaluated bool
	// Related are the further locations that the finding depends on.
	Related []Related

	// anchor is the value that an Identity names, whichever files are inputs: the one that decides, or the object of the
	// deployment or compute if the configuration decides or no value does. It is nil for text that could not be parsed.
	anchor *source.Node
	scalar string // the text of the value that decides, empty for a collection and in a confidential file
	// Waived is the waiver that takes the finding out of Result.Findings, nil for one there.
	Waived *waiver.Waiver
	// Baselined is the entry of a baseline that takes the finding out of Result.Findings, nil for one there.
	Baselined *baseline.Entry

	config     *config.Config    // that decides about severity and failure
	deployment *facts.Deployment // as its documents declare it; nil for another finding
	compute    *facts.Compute    // likewise
	relates    bool              // of a rule that compares deployments
	listedIn   *Baseline         // that applies to the file; nil for none
	setting    *Setting          // that decides about waivers; nil where none can
	subject    facts.Subject     // by which the configuration can select it
	own        *source.Node      // the object that describes the deployment or compute; nil if unknown
	suggestFor *facts.Deployment // to which Remedy may suggest another target or edition; nil for other findings
	further    string            // sentences at the end of Remedy that no suggestion replaces
	evaluation *evaluation       // that suggestions continue
	redundant  redundant

	path    facts.Path   // of the fact that violates the rule
	decides *source.Node // where that fact was read
	variant bool         // the rule reports about a variant of deployment
}

// Object identifies a Kubernetes object, as its document declares it.
type Object struct{ Kind, Namespace, Name string }

// Related is another location on which a finding depends.
type Related struct {
	File    *source.File
	Span    source.Span
	Message string
}

// Described returns what identifies the deployment or compute of the finding. Its file can be another one than File.
// If its object is unknown, the result has only File and the name.
func (f *Finding) Described() Described {
	if f.own == nil {
		return Described{File: f.fileName(), Name: f.Deployment}
	}
	return Described{f.own.File().Name, f.Deployment, f.own.Span().Start, f.Component, f.Parameters}
}

func compare(a, b Finding) int {
	return cmp.Or(
		cmp.Compare(a.fileName(), b.fileName()),
		cmp.Compare(a.Span.Start.Offset, b.Span.Start.Offset),
		cmp.Compare(a.Rule, b.Rule),
		cmp.Compare(a.Message, b.Message),
		cmp.Compare(a.Span.End.Offset, b.Span.End.Offset),
		cmp.Compare(a.Deployment, b.Deployment),
	)
}

func (f Finding) fileName() string {
	if f.File == nil {
		return ""
	}
	return f.File.Name
}
