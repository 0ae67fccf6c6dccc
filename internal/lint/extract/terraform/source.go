package terraform

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/language"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// sourceName is the name of the format and of the language.
const sourceName = "terraform"

// Source is the configuration of Terraform or OpenTofu, of which package language/terraform makes a document in the
// structure of a plan. What is known only when Terraform is run is in after_unknown.
var Source = read.Format{
	Name: sourceName,
	Title: "Configuration of Terraform or OpenTofu (`.tf`, `.tofu` and their JSON): resources of the providers azurerm 2 to 4, azapi and kubernetes, " +
		"and `kubectl_manifest`; with defaults and files of variables, locals, functions and local modules. Other values, and sensitive ones, are not read",
	Signs:     "A `resource` of a type that is read, in a file of the module or of a local module that it calls",
	Reference: "https://developer.hashicorp.com/terraform/language",
	Links:     true,
	Marks:     [][]string{{`resource "`}, append([]string{"kubectl_manifest"}, terraformMarks...)},
	Matches: func(root *source.Node) bool {
		return IsSource(root.File()) && root.Has("resource_changes")
	},
	Read: read.Using(newReader, func(r *planReader) {
		variants := r.Root.Get("variants").Items()
		if len(variants) == 0 {
			r.configuration()
			return
		}
		for _, parameters := range append([]*source.Node{nil}, variants...) {
			r.Variants = append(r.Variants, r.variant(parameters))
		}
	}),
}

// configuration reads the resources of a configuration with the values of the file of variables that is chosen.
func (r *planReader) configuration() {
	for _, object := range r.Root.Get("resource_changes").Items() {
		if object.Get("parameters") == r.Parameters {
			r.configured(object)
		}
	}
	r.ResolveLocations()
}

// variant reads a configuration with the values of a file of variables that is chosen on the command line; nil for none.
func (r *planReader) variant(parameters *source.Node) *read.Reader {
	with := &read.Reader{Format: r.Format, Links: r.Links, Root: r.Root, Lists: r.Lists, Document: r.Document, Parameters: parameters}
	newReader(with).configuration()
	with.MarkParameters()
	return with
}

// IsSource reports whether a file is a part of a configuration.
func IsSource(file *source.File) bool {
	of := language.Of(file.Name)
	return file.IsForeign() && of != nil && of.Name == sourceName
}

// configured reads a resource of a configuration.
func (r *planReader) configured(object *source.Node) {
	for _, origin := range object.Get("origins").Items() {
		value := origin.Get("value")
		derivation := read.Derivation{At: value, Used: origin.Get("used"), Why: origin.Get("why").Text()}
		r.DeriveAt(value, withParts(derivation, origin.Get("parts")))
	}
	if depends := object.Get("depends"); depends != nil {
		r.DeriveAt(object, withParts(read.Derivation{At: object}, depends))
	}
	deployments := len(r.Deployments)
	change := object.Get("change")
	r.planned(object, redacted(change.Get("after"), change.Get("after_unknown")), nil)
	if object.Get("counted") == nil {
		return
	}
	for _, d := range r.Deployments[deployments:] {
		d.Replicas = facts.Fact[int64]{} // count and for_each multiply them
	}
}

// withParts returns a derivation with the locations on which the value depends.
func withParts(d read.Derivation, parts *source.Node) read.Derivation {
	for _, part := range parts.Items() {
		d.Parts = append(d.Parts, part.Get("at"))
		d.Whys = append(d.Whys, part.Get("why").Text())
	}
	return d
}
