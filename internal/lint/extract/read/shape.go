package read

import (
	"maps"
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/placeholder"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Shape is the required shape of a value on the path to facts. It lacks fields without facts.
type Shape struct {
	kind   source.Kind // Mapping, Sequence, or String for any scalar
	item   *Shape      // of each item of a list, and of each value of a mapping that fields lacks
	fields map[string]*Shape
	fold   bool // the case of keys does not count; fields has them in lower case
}

var (
	ScalarShape  = &Shape{kind: source.String}
	MappingShape = &Shape{kind: source.Mapping}
)

// ListOf is a list whose items have a shape; nil for any.
func ListOf(item *Shape) *Shape { return &Shape{kind: source.Sequence, item: item} }

// MappingOf is a mapping whose values under these keys have a shape.
func MappingOf(fields map[string]*Shape) *Shape { return &Shape{kind: source.Mapping, fields: fields} }

// MapOf is a mapping with any keys.
func MapOf(value *Shape) *Shape { return &Shape{kind: source.Mapping, item: value} }

// FoldedOf is a mapping of Azure, which ignores the case of keys.
func FoldedOf(fields map[string]*Shape) *Shape {
	return &Shape{kind: source.Mapping, fields: fields, fold: true}
}

// With is a mapping that has further fields.
func (s *Shape) With(fields map[string]*Shape) *Shape {
	all := maps.Clone(s.fields)
	maps.Copy(all, fields)
	return &Shape{kind: s.kind, item: s.item, fields: all, fold: s.fold}
}

// Under is a mapping that has what end is below a path of keys.
func Under(end *Shape, keys ...string) *Shape {
	for _, key := range slices.Backward(keys) {
		end = MappingOf(map[string]*Shape{key: end})
	}
	return end
}

var (
	MetadataShape = MappingOf(map[string]*Shape{"labels": MapOf(ScalarShape), "annotations": MappingShape})

	ResourcesShape = MappingOf(map[string]*Shape{"requests": MappingShape, "limits": MappingShape, "claims": ListOf(MappingShape)})

	ContainerShape = MappingOf(map[string]*Shape{
		"image": ScalarShape, "command": ListOf(ScalarShape), "args": ListOf(ScalarShape),
		"env":       ListOf(MappingOf(map[string]*Shape{"name": ScalarShape})),
		"resources": ResourcesShape, "restartPolicy": ScalarShape,
	})

	expressionsShape = ListOf(MappingOf(map[string]*Shape{"key": ScalarShape, "operator": ScalarShape, "values": ListOf(ScalarShape)}))

	NodeTermsShape = ListOf(MappingOf(map[string]*Shape{"matchExpressions": expressionsShape, "matchFields": expressionsShape}))

	LabelSelectorShape = MappingOf(map[string]*Shape{"matchLabels": MapOf(ScalarShape), "matchExpressions": expressionsShape})

	VolumeClaimShape = MappingOf(map[string]*Shape{"spec": MappingOf(map[string]*Shape{"storageClassName": ScalarShape})})

	SchedulingFields = map[string]*Shape{
		"nodeName": ScalarShape, "nodeSelector": MapOf(ScalarShape),
		"tolerations": ListOf(MappingOf(map[string]*Shape{"key": ScalarShape, "operator": ScalarShape, "value": ScalarShape})),
		"affinity":    Under(MappingOf(map[string]*Shape{"nodeSelectorTerms": NodeTermsShape}), "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"),
	}

	PodShape = MappingOf(map[string]*Shape{
		"containers": ListOf(ContainerShape), "initContainers": ListOf(ContainerShape), "ephemeralContainers": ListOf(ContainerShape),
		"resources": ResourcesShape, "overhead": MappingShape, "runtimeClassName": ScalarShape, "restartPolicy": ScalarShape,
		"volumes": ListOf(MappingOf(map[string]*Shape{
			"hostPath": MappingOf(map[string]*Shape{"path": ScalarShape}), "ephemeral": Under(VolumeClaimShape, "volumeClaimTemplate"),
		})),
		"resourceClaims": ListOf(MappingOf(map[string]*Shape{"resourceClaimName": ScalarShape, "resourceClaimTemplateName": ScalarShape})),
	}).With(SchedulingFields)

	PodTemplateShape = MappingOf(map[string]*Shape{"metadata": MetadataShape, "spec": PodShape})
)

// PodOfOtherKindShape is a pod in an object of an unknown kind. It lacks fields in which such kinds
// differ from a pod, such as an env by names.
var PodOfOtherKindShape = MappingOf(map[string]*Shape{
	"containers":     ListOf(Under(ResourcesShape, "resources")),
	"initContainers": ListOf(Under(ResourcesShape, "resources")),
	"overhead":       MappingShape, "runtimeClassName": ScalarShape, "resourceClaims": PodShape.fields["resourceClaims"],
}).With(SchedulingFields)

// CheckShape reports the values below n with another shape, from which no facts are read. A missing
// or null value and a placeholder have any shape.
func (r *Reader) CheckShape(n *source.Node, want *Shape) {
	if want == nil || n.IsNull() || r.IsPlaceholder(n) {
		return
	}
	if !want.fits(n) {
		r.ReportShape(n, want)
		return
	}
	for _, item := range n.Items() {
		r.CheckShape(item, want.item)
	}
	if len(want.fields) == 0 && want.item == nil {
		return
	}
	for _, member := range n.Members() {
		field := want.of(member.Key.Text())
		if field == nil || member.Value.IsNull() || field == ScalarShape && field.fits(member.Value) || n.Get(member.Key.Text()) != member.Value {
			continue // the last of duplicate keys is used
		}
		r.CheckShape(member.Value, field)
	}
}

// of returns the shape of the value of a key, nil for any.
func (s *Shape) of(key string) *Shape {
	if s.fold {
		key = strings.ToLower(key)
	}
	if field, known := s.fields[key]; known {
		return field
	}
	return s.item
}

func (s *Shape) fits(n *source.Node) bool {
	if n.Kind == source.Mapping || n.Kind == source.Sequence {
		return s.kind == n.Kind
	}
	return s.kind == source.String
}

// ReportShape reports a value that does not have a shape.
func (r *Reader) ReportShape(n *source.Node, want *Shape) {
	if r.alreadyMisread(n) {
		return
	}
	is, must := kindOf(n.Kind), kindOf(want.kind)
	r.Problem(facts.Warning, n, "Write "+must+"; "+is+" is ignored here.", "%s must be %s, not %s", n.Path(), must, is)
}

// kindOf returns the name of a kind of values, for messages.
func kindOf(kind source.Kind) string {
	switch kind {
	case source.Mapping:
		return "a mapping"
	case source.Sequence:
		return "a list"
	}
	return "a single value"
}

// alreadyMisread records that a value has the wrong shape, and reports whether that was known: through
// an alias, or by another of its readers.
func (r *Reader) alreadyMisread(n *source.Node) bool {
	if r.Misread[n] {
		return true
	}
	if r.Misread == nil {
		r.Misread = map[*source.Node]bool{}
	}
	r.Misread[n] = true
	return false
}

// Elements returns the items of a list. Anything else in place of a list is a Problem.
func (r *Reader) Elements(list *source.Node) []*source.Node {
	r.CheckShape(list, ListOf(nil))
	return list.Items()
}

// At returns the value at a path of keys. A value on the path that is not a mapping is a Problem.
func (r *Reader) At(n *source.Node, keys ...string) *source.Node {
	for _, key := range keys {
		r.CheckShape(n, MappingShape)
		n = n.Get(key)
	}
	return n
}

// BrokenPath reports whether a value on a path of keys is not a mapping, so that values below it cannot
// be read.
func BrokenPath(n *source.Node, keys ...string) bool {
	for _, key := range keys {
		if n = n.Get(key); n.IsNull() {
			return false
		}
		if n.Kind != source.Mapping {
			text, scalar := n.Scalar()
			return !MappingShape.fits(n) && !(scalar && placeholder.InScalar(n, text))
		}
	}
	return false
}
