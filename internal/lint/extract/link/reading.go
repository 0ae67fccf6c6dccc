package link

import (
	"path"
	"slices"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Reading is the result of reading the documents of one file.
type Reading struct {
	File     *source.File
	Lists    read.Lists
	Readers  []*read.Reader
	Parts    map[read.PartKind][]*read.Part
	Problems []facts.Problem // with duplicate keys
}

// Gather groups the parts of the documents by kind.
func (reading *Reading) Gather() {
	reading.Parts = map[read.PartKind][]*read.Part{}
	for _, r := range reading.Readers {
		for _, part := range Defined(r) {
			reading.Parts[part.Kind] = append(reading.Parts[part.Kind], part)
		}
	}
}

// completes reports whether the file has parts to which other documents can refer.
func (reading *Reading) completes() bool { return len(reading.Parts) > 0 }

// Defined returns the parts of a document, including the computes that Azure ML knows by name. A
// compute described within a deployment belongs to that deployment only.
func Defined(r *read.Reader) []*read.Part {
	if len(r.Variants) > 0 {
		return definedByAll(r.Variants)
	}
	own := make(map[*facts.Compute]bool, len(r.Deployments))
	for _, d := range r.Deployments {
		own[d.Compute] = true
	}
	parts := slices.Clip(r.Parts)
	for _, c := range r.Computes {
		name := path.Base(c.Name.Value)
		switch symbol := c.Name.Location.Node; {
		case symbol.IsSymbol():
			name = symbol.Text()
		case c.Name.Location.Why != "":
			continue
		}
		if !own[c] && (c.ManagedBy.Value == facts.ByAzureML || c.InWorkspace) {
			parts = append(parts, &read.Part{Kind: read.ComputeDefinition, Name: name, Compute: c})
		}
	}
	return parts
}
