// Package read has what every format uses: the Reader of a document's values, the Draft of a deployment, and the parts with which
// documents complete each other.
package read

import (
	"fmt"
	"path"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Reader collects the facts of one document. A format's Read function looks up values with the methods
// of source.Node and reads them with the methods of Reader. These accept a missing node; a value that
// they cannot read is a Problem, and its fact is unknown.
type Reader struct {
	Format    string
	Auxiliary bool // as the format, unless the document counts as a deployment
	Links     bool // as the format
	Unit      int  // the index of the document, or of the item of a list, in its file
	// anyTarget accepts any target, for as long as the editions are not loaded.
	anyTarget bool
	// OwnDocument is set for a document of group mlpolicy.dev, whose keys only mlpolicy defines.
	OwnDocument bool
	Root        *source.Node
	Lists       Lists

	// Document reads a document inside this one with the matching format; it returns nil if there is
	// none.
	Document func(root *source.Node, lists Lists) *Reader
	// Inner are the objects of known kinds in an object of an unknown kind.
	Inner []*Reader

	Deployments []*Draft
	Computes    []*facts.Compute
	Parts       []*Part
	Problems    []facts.Problem
	Completes   string

	// Parameters are the values that another file gives to the document's, nil for none.
	Parameters *source.Node
	// Variants are the results of reading a template with each of several parameters files.
	Variants []*Reader
	// Uncertain reports whether values of parameters are unknown. A resource with an unknown condition
	// may then not be deployed.
	Uncertain bool
	// Unconfirmed reports whether the document may be of another format, which other files of its
	// folder decide.
	Unconfirmed bool
	// Unknown describes which parts of the document are unknown and why; empty for none.
	Unknown string

	// PlainUnderscores reports whether a__b__c has no placeholder, as __X__ and a/__X__ have.
	PlainUnderscores bool

	Misread        map[*source.Node]bool       // values of the wrong shape
	Used           []*source.Node              // values from which a fact was read
	AlwaysReported []facts.Problem             // problems that are reported of an auxiliary document, too
	derived        map[*source.Node]Derivation // values that no file contains
	// ByResource is what each resource in a configuration or a plan of Terraform describes.
	ByResource []*Resource
	// Texts are the strings of the document that contain documents, by the file of such a document.
	Texts map[*source.File]*source.Node
}

// Resource is what one resource of a document describes.
type Resource struct {
	Address     string // in its module
	Deployments []*Draft
	Computes    []*facts.Compute
	Parts       []*Part
	// FirstProblem and EndProblem are the indexes of its problems among those of the document: the first, and that after the last.
	FirstProblem, EndProblem int
}

// Deployment adds a deployment that node describes. Without a name it has the base name of the file.
func (r *Reader) Deployment(name, node *source.Node) *Draft {
	d := &Draft{Deployment: facts.Deployment{Format: r.Format, Name: r.Name(name), API: apiOf(r.Format, node), Location: facts.Location{Node: node}}}
	d.Subject = facts.Subject{File: r.Root.File().Name, Name: d.Name.Value}
	r.Deployments = append(r.Deployments, d)
	return d
}

// apiOf returns the version of Azure ML's API that documents of a format are for, which the names of
// the formats azureml-v1-… and azureml-v2-… contain.
func apiOf(format string, node *source.Node) facts.Fact[facts.API] {
	for _, version := range []facts.API{facts.V1, facts.V2} {
		if strings.HasPrefix(format, "azureml-"+string(version)+"-") {
			return facts.Know(version, facts.Location{Node: node, Why: "the format " + format + " belongs to this version"})
		}
	}
	return facts.Fact[facts.API]{}
}

// Compute adds a compute that node describes. Without a name it has the base name of the file.
func (r *Reader) Compute(name, node *source.Node) *facts.Compute {
	c := &facts.Compute{Format: r.Format, Name: r.Name(name), Location: facts.Location{Node: node}}
	c.Subject = facts.Subject{File: r.Root.File().Name, Name: c.Name.Value}
	r.Computes = append(r.Computes, c)
	return c
}

// Name reads a name, or returns the base name of the file if there is none or it is not known.
func (r *Reader) Name(n *source.Node) facts.Fact[string] {
	if n.IsSymbol() {
		return facts.Know(path.Base(r.Root.File().Name), facts.Location{Node: n, Why: "the name is not known; this is the file name"})
	}
	if text, ok := n.Scalar(); ok && text != "" {
		return facts.Know(text, facts.Location{Node: n})
	}
	return facts.Know(path.Base(r.Root.File().Name), facts.Location{Node: r.Root, Why: Nameless + "; this is the file name"})
}

// LinkName returns the text by which documents refer to what has a name: the name, or its symbol if the name is not known.
func (r *Reader) LinkName(n *source.Node) string {
	if n.IsSymbol() {
		return n.Text()
	}
	return r.Text(n).Value
}

// Part adds facts that complete deployments of other documents. what describes them in words.
func (r *Reader) Part(kind PartKind, what string, d *Draft) *Part {
	d.Format, d.Location = r.Format, facts.Location{Node: r.Root}
	part := &Part{Kind: kind, Facts: d}
	r.Parts = append(r.Parts, part)
	r.Completes = what
	return part
}

// Problem reports a value that was meant as a fact and cannot be read. In mlpolicy's own document it
// is an error.
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

// MarkUsed records that a fact was read from the value, so that duplicate keys on its path are
// reported.
func (r *Reader) MarkUsed(n *source.Node) facts.Location {
	r.Used = append(r.Used, n)
	return facts.Location{Node: n}
}
