package facts

import (
	"fmt"
	"path"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// reader gathers what one document says. A format's read function looks up values
// with source.Node's methods and turns them into facts with the methods below: they
// accept a missing node, and what they cannot understand becomes a Problem and
// leaves the fact absent.
type reader struct {
	format    string
	auxiliary bool // as the format, unless the document counts as a deployment
	// anyTarget accepts any target, where the editions that are loaded are not known yet.
	anyTarget bool
	// ownDocument is set for a document of group mlpolicy.dev, whose words are ours alone.
	ownDocument bool
	root        *source.Node
	lists       Lists

	// document reads a document within this one by the table of formats; nil if it is of none.
	document func(root *source.Node, lists Lists) *reader
	// inner are the objects of known kinds in an object of a kind that is not.
	inner []*reader

	deployments []*Draft
	computes    []*Compute
	parts       []*part
	problems    []Problem
	completes   string

	// parameters are the values that another file gives to the document's, nil for none.
	parameters *source.Node
	// variants are the readings of a template with each of several parameters files.
	variants []*reader
	// doubtful says that parameters leave out what is set somewhere: a resource whose
	// condition is not known may not be deployed at all.
	doubtful bool
	// unconfirmed says that the document may be of another format, until something beside
	// it tells.
	unconfirmed bool
	// unknown says to people what of the document is not known and why; empty for nothing.
	unknown string

	// plainUnderscores says that a__b__c holds no placeholder, as __X__ and a/__X__ do.
	plainUnderscores bool

	misread map[*source.Node]bool   // values of the wrong shape
	carried []*source.Node          // values that carry a fact
	anyway  []Problem               // problems that are reported of an auxiliary document, too
	derived map[*source.Node]origin // values that no file holds as such
	// texts are the strings of the document that hold documents of their own, by those.
	texts map[*source.File]*source.Node

	// Of a Kubernetes object, so that what its parts share is read once.
	identified     *identity
	stated         map[*source.Node]*stated // by the metadata that states it
	own            *scheduling
	repeatedLabels int
}

// deployment adds a deployment that place describes. A missing name leaves it the
// base name of the file.
func (r *reader) deployment(name, place *source.Node) *Draft {
	d := &Draft{Deployment: Deployment{Format: r.format, Name: r.name(name), API: apiOf(r.format, place), Place: Place{Node: place}}}
	d.Subject = Subject{File: r.root.File().Name, Name: d.Name.Value}
	r.deployments = append(r.deployments, d)
	return d
}

// apiOf returns the version of Azure ML's API that documents of a format are for. The
// names of the formats azureml-v1-… and azureml-v2-… state it.
func apiOf(format string, place *source.Node) Fact[API] {
	for _, version := range []API{V1, V2} {
		if strings.HasPrefix(format, "azureml-"+string(version)+"-") {
			return Know(version, Place{Node: place, Why: "the format " + format + " belongs to this version"})
		}
	}
	return Fact[API]{}
}

// compute adds a compute that place describes. A missing name leaves it the base
// name of the file.
func (r *reader) compute(name, place *source.Node) *Compute {
	c := &Compute{Format: r.format, Name: r.name(name), Place: Place{Node: place}}
	c.Subject = Subject{File: r.root.File().Name, Name: c.Name.Value}
	r.computes = append(r.computes, c)
	return c
}

func (r *reader) name(n *source.Node) Fact[string] {
	if text, ok := n.Scalar(); ok && text != "" {
		return Know(text, Place{Node: n})
	}
	return Know(path.Base(r.root.File().Name), Place{Node: r.root, Why: "the document has no name; this is the file name"})
}

// part adds facts that complete deployments of other documents. what says so to people.
func (r *reader) part(kind partKind, what string, d *Draft) *part {
	d.Format, d.Place = r.format, Place{Node: r.root}
	part := &part{kind: kind, facts: d}
	r.parts = append(r.parts, part)
	r.completes = what
	return part
}

// problem reports text that a person meant as a fact and that is not one. In mlpolicy's own
// document it is an error.
func (r *reader) problem(severity Severity, n *source.Node, remedy, format string, args ...any) {
	if r.ownDocument {
		severity = Error
	}
	r.report(severity, n, remedy, format, args...)
}

// report adds a problem of this severity.
func (r *reader) report(severity Severity, n *source.Node, remedy, format string, args ...any) {
	r.problems = append(r.problems, Problem{
		Rule: SyntaxRule, Severity: severity, Message: fmt.Sprintf(format, args...), Remedy: remedy, Place: Place{Node: n},
	})
}

// carry notes that the value stands for a fact, so that a key written twice on the
// way to it matters.
func (r *reader) carry(n *source.Node) Place {
	r.carried = append(r.carried, n)
	return Place{Node: n}
}
