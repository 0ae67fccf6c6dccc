package azure

import (
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// LastNames returns up to count of the last names in the path of a resource, as many as are known.
// It is nil where none is known.
func (r *ServiceReader) LastNames(name *source.Node, count int) *source.Node {
	text, from := r.PartialText(name)
	names := strings.Split(text, "/")
	first := len(names)
	for first > 0 && first > len(names)-count && names[first-1] != "" && !strings.Contains(names[first-1], read.UnknownPart) {
		first--
	}
	switch last := strings.Join(names[first:], "/"); {
	case last == "":
		return nil
	case last == name.Text():
		return name
	default:
		from.Unknown, from.Partial = false, ""
		return r.Derive(name, source.Content{Kind: source.String, Text: last}, from)
	}
}

// PartialText returns the text of n with read.UnknownPart for its unknown parts.
func (r *ServiceReader) PartialText(n *source.Node) (string, read.Derivation) {
	from := r.DerivationOf(n)
	if from.Unknown {
		return from.Partial, from
	}
	text, ok := n.Scalar()
	if !ok || r.IsPlaceholder(n) {
		return "", from
	}
	return text, from
}

// WithPartialText returns a node with the text of PartialText for a partly known n, else n.
func (r *ServiceReader) WithPartialText(n *source.Node) *source.Node {
	from := r.DerivationOf(n)
	if !from.Unknown || from.Partial == "" {
		return n
	}
	return r.Derive(n, source.Content{Kind: source.String, Text: from.Partial}, read.Derivation{At: from.At, Parts: from.Parts, Used: from.Used})
}

// Folded follows keys from mapping to mapping. It ignores their case, as Azure does.
func Folded(n *source.Node, keys ...string) *source.Node {
	for _, key := range keys {
		n = n.GetFold(key)
	}
	return n
}

// ComputeIDReference adds a reference to the compute of a deployment, by an ID or a name.
func (r *ServiceReader) ComputeIDReference(d *read.Draft, id *source.Node) {
	if id.IsSymbol() {
		d.Refer(read.Reference{Kind: read.ComputeDefinition, Name: id.Text(), Node: id})
		return
	}
	text, _ := r.PartialText(id)
	before, _, _ := strings.Cut(strings.ToLower(text), "/computes/")
	if name := r.LastNames(id, 1); name != nil && (before != strings.ToLower(text) || !strings.Contains(text, "/")) {
		d.Refer(read.Reference{Kind: read.ComputeDefinition, Name: name.Text(), Node: id})
	}
}
