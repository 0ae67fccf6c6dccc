// Package read holds what every format uses: the Reader of a document's values, the Draft of a deployment, and the parts by which
// documents complete each other.
package read

import (
	"fmt"
	"path"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Reader gathers what one document says. A format's read function looks up values
// with source.Node's methods and turns them into facts with the methods below: they
// accept a missing node, and what they cannot understand becomes a Problem and
// leaves the fact absent.
type Reader struct {
	Format    string
	Auxiliary bool // as the format, unless the document counts as a deployment
	// anyTarget accepts any target, where the editions that are loaded are not known yet.
	anyTarget bool
	// OwnDocument is set for a document of group mlpolicy.dev, whose words are ours alone.
	OwnDocument bool
	Root        *source.Node
	Lists       Lists

	// Document reads a document within this one by the table of formats; nil if it is of none.
	Document func(root *source.Node, lists Lists) *Reader
	// Inner are the objects of known kinds in an object of a kind that is not.
	Inner []*Reader

	Deployments []*Draft
	Computes    []*facts.Compute
	Parts       []*Part
	Problems    []facts.Problem
	Completes   string

	// Parameters are the values that another file gives to the document's, nil for none.
	Parameters *source.Node
	// Variants are the readings of a template with each of several parameters files.
	Variants []*Reader
	// Uncertain says that parameters leave out what is set somewhere: a resource whose
	// condition is not known may not be deployed at all.
	Uncertain bool
	// Unconfirmed says that the document may be of another format, until something beside
	// it tells.
	Unconfirmed bool
	// Unknown says to people what of the document is not known and why; empty for nothing.
	Unknown string

	// PlainUnderscores says that a__b__c holds no placeholder, as __X__ and a/__X__ do.
	PlainUnderscores bool

	Misread        map[*source.Node]bool       // values of the wrong shape
	Used           []*source.Node              // values that carry a fact
	AlwaysReported []facts.Problem             // problems that are reported of an auxiliary document, too
	derived        map[*source.Node]Derivation // values that no file holds as such
	// Texts are the strings of the document that hold documents of their own, by those.
	Texts map[*source.File]*source.Node
}

// Deployment adds a deployment that node describes. A missing name leaves it the
// base name of the file.
func (r *Reader) Deployment(name, node *source.Node) *Draft {
	d := &Draft{Deployment: facts.Deployment{Format: r.Format, Name: r.Name(name), API: apiOf(r.Format, node), Location: facts.Location{Node: node}}}
	d.Subject = facts.Subject{File: r.Root.File().Name, Name: d.Name.Value}
	r.Deployments = append(r.Deployments, d)
	return d
}

// apiOf returns the version of Azure ML's API that documents of a format are for. The
// names of the formats azureml-v1-… and azureml-v2-… state it.
func apiOf(format string, node *source.Node) facts.Fact[facts.API] {
	for _, version := range []facts.API{facts.V1, facts.V2} {
		if strings.HasPrefix(format, "azureml-"+string(version)+"-") {
			return facts.Know(version, facts.Location{Node: node, Why: "the format " + format + " belongs to this version"})
		}
	}
	return facts.Fact[facts.API]{}
}

// Compute adds a compute that node describes. A missing name leaves it the base
// name of the file.
func (r *Reader) Compute(name, node *source.Node) *facts.Compute {
	c := &facts.Compute{Format: r.Format, Name: r.Name(name), Location: facts.Location{Node: node}}
	c.Subject = facts.Subject{File: r.Root.File().Name, Name: c.Name.Value}
	r.Computes = append(r.Computes, c)
	return c
}

// Name reads a name; where there is none it is the base name of the file.
func (r *Reader) Name(n *source.Node) facts.Fact[string] {
	if text, ok := n.Scalar(); ok && text != "" {
		return facts.Know(text, facts.Location{Node: n})
	}
	return facts.Know(path.Base(r.Root.File().Name), facts.Location{Node: r.Root, Why: "the document has no name; this is the file name"})
}

// Part adds facts that complete deployments of other documents. what says so to people.
func (r *Reader) Part(kind PartKind, what string, d *Draft) *Part {
	d.Format, d.Location = r.Format, facts.Location{Node: r.Root}
	part := &Part{Kind: kind, Facts: d}
	r.Parts = append(r.Parts, part)
	r.Completes = what
	return part
}

// Problem reports text that a person meant as a fact and that is not one. In mlpolicy's own
// document it is an error.
func (r *Reader) Problem(severity facts.Severity, n *source.Node, remedy, format string, args ...any) {
	if r.OwnDocument {
		severity = facts.Error
	}
	r.report(severity, n, remedy, format, args...)
}

// report adds a problem of this severity.
func (r *Reader) report(severity facts.Severity, n *source.Node, remedy, format string, args ...any) {
	r.Problems = append(r.Problems, facts.Problem{
		Rule: facts.SyntaxRule, Severity: severity, Message: fmt.Sprintf(format, args...), Remedy: remedy, Location: facts.Location{Node: n},
	})
}

// MarkUsed notes that the value stands for a fact, so that a key written twice on the
// way to it matters.
func (r *Reader) MarkUsed(n *source.Node) facts.Location {
	r.Used = append(r.Used, n)
	return facts.Location{Node: n}
}
