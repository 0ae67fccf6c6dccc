package facts

import (
	"maps"
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// shape is what a value on the way to facts must be. Fields that carry no fact are not in it.
type shape struct {
	kind   source.Kind // Mapping, Sequence, or String for any scalar
	item   *shape      // of each item of a list, and of each value of a mapping that fields lacks
	fields map[string]*shape
	fold   bool // the case of keys does not count; fields has them in lower case
}

var (
	scalarShape  = &shape{kind: source.String}
	mappingShape = &shape{kind: source.Mapping}
)

func listOf(item *shape) *shape { return &shape{kind: source.Sequence, item: item} }

func mappingOf(fields map[string]*shape) *shape { return &shape{kind: source.Mapping, fields: fields} }

// mapOf is a mapping with any keys.
func mapOf(value *shape) *shape { return &shape{kind: source.Mapping, item: value} }

// foldedOf is a mapping of Azure, which ignores the case of keys.
func foldedOf(fields map[string]*shape) *shape {
	return &shape{kind: source.Mapping, fields: fields, fold: true}
}

// with is a mapping that has further fields.
func (s *shape) with(fields map[string]*shape) *shape {
	all := maps.Clone(s.fields)
	maps.Copy(all, fields)
	return &shape{kind: s.kind, item: s.item, fields: all, fold: s.fold}
}

// under is a mapping that has what end is below a path of keys.
func under(end *shape, keys ...string) *shape {
	for _, key := range slices.Backward(keys) {
		end = mappingOf(map[string]*shape{key: end})
	}
	return end
}

var (
	metadataShape = mappingOf(map[string]*shape{"labels": mapOf(scalarShape), "annotations": mappingShape})

	resourcesShape = mappingOf(map[string]*shape{"requests": mappingShape, "limits": mappingShape, "claims": listOf(mappingShape)})

	containerShape = mappingOf(map[string]*shape{
		"image": scalarShape, "command": listOf(scalarShape), "args": listOf(scalarShape),
		"env":       listOf(mappingOf(map[string]*shape{"name": scalarShape})),
		"resources": resourcesShape, "restartPolicy": scalarShape,
	})

	expressionsShape = listOf(mappingOf(map[string]*shape{"key": scalarShape, "operator": scalarShape, "values": listOf(scalarShape)}))

	nodeTermsShape = listOf(mappingOf(map[string]*shape{"matchExpressions": expressionsShape, "matchFields": expressionsShape}))

	labelSelectorShape = mappingOf(map[string]*shape{"matchLabels": mapOf(scalarShape), "matchExpressions": expressionsShape})

	volumeClaimShape = mappingOf(map[string]*shape{"spec": mappingOf(map[string]*shape{"storageClassName": scalarShape})})

	schedulingFields = map[string]*shape{
		"nodeName": scalarShape, "nodeSelector": mapOf(scalarShape),
		"tolerations": listOf(mappingOf(map[string]*shape{"key": scalarShape, "operator": scalarShape, "value": scalarShape})),
		"affinity":    under(mappingOf(map[string]*shape{"nodeSelectorTerms": nodeTermsShape}), "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"),
	}

	podShape = mappingOf(map[string]*shape{
		"containers": listOf(containerShape), "initContainers": listOf(containerShape), "ephemeralContainers": listOf(containerShape),
		"resources": resourcesShape, "overhead": mappingShape, "runtimeClassName": scalarShape, "restartPolicy": scalarShape,
		"volumes": listOf(mappingOf(map[string]*shape{
			"hostPath": mappingOf(map[string]*shape{"path": scalarShape}), "ephemeral": under(volumeClaimShape, "volumeClaimTemplate"),
		})),
		"resourceClaims": listOf(mappingOf(map[string]*shape{"resourceClaimName": scalarShape, "resourceClaimTemplateName": scalarShape})),
	}).with(schedulingFields)

	podTemplateShape = mappingOf(map[string]*shape{"metadata": metadataShape, "spec": podShape})
)

// podOfOtherKindShape is a pod in an object of a kind that no format knows. What such a kind has
// of its own in the place of a pod's fields, such as an env by names, is not in it.
var podOfOtherKindShape = mappingOf(map[string]*shape{
	"containers":     listOf(under(resourcesShape, "resources")),
	"initContainers": listOf(under(resourcesShape, "resources")),
	"overhead":       mappingShape, "runtimeClassName": scalarShape, "resourceClaims": podShape.fields["resourceClaims"],
}).with(schedulingFields)

// shaped reports the values below n that have another shape than one that carries facts:
// whoever reads them takes them for absent. What is missing, null or not known yet has any shape.
func (r *reader) shaped(n *source.Node, want *shape) {
	if want == nil || n.IsNull() || r.laterFilled(n) {
		return
	}
	if !want.fits(n) {
		r.misshapen(n, want)
		return
	}
	for _, item := range n.Elements() {
		r.shaped(item, want.item)
	}
	if len(want.fields) == 0 && want.item == nil {
		return
	}
	for _, member := range n.Entries() {
		field := want.of(member.Key.Text)
		if field == nil || member.Value.IsNull() || field == scalarShape && field.fits(member.Value) || n.Get(member.Key.Text) != member.Value {
			continue // of a key written twice the last counts
		}
		r.shaped(member.Value, field)
	}
}

// of returns the shape of the value of a key, nil for any.
func (s *shape) of(key string) *shape {
	if s.fold {
		key = strings.ToLower(key)
	}
	if field, known := s.fields[key]; known {
		return field
	}
	return s.item
}

func (s *shape) fits(n *source.Node) bool {
	if n.Kind == source.Mapping || n.Kind == source.Sequence {
		return s.kind == n.Kind
	}
	return s.kind == source.String
}

func (r *reader) misshapen(n *source.Node, want *shape) {
	if r.alreadyMisread(n) {
		return
	}
	is, must := kindOf(n.Kind), kindOf(want.kind)
	r.problem(Warning, n, "Write "+must+"; "+is+" is ignored here.", "%s must be %s, not %s", n.Path(), must, is)
}

// kindOf names a kind of values for people.
func kindOf(kind source.Kind) string {
	switch kind {
	case source.Mapping:
		return "a mapping"
	case source.Sequence:
		return "a list"
	}
	return "a single value"
}

// alreadyMisread notes that a value has the wrong shape, and reports whether that was known: by way
// of an alias, or by another of its readers.
func (r *reader) alreadyMisread(n *source.Node) bool {
	if r.misread[n] {
		return true
	}
	if r.misread == nil {
		r.misread = map[*source.Node]bool{}
	}
	r.misread[n] = true
	return false
}

// elements returns the items of a list. Anything else in its place is a Problem.
func (r *reader) elements(list *source.Node) []*source.Node {
	r.shaped(list, listOf(nil))
	return list.Elements()
}

// at returns the value at a path of keys. A value on the way that is no mapping is a Problem.
func (r *reader) at(n *source.Node, keys ...string) *source.Node {
	for _, key := range keys {
		r.shaped(n, mappingShape)
		n = n.Get(key)
	}
	return n
}

// brokenPath reports whether a value on a path of keys is no mapping, so that what belongs below
// it cannot be read.
func brokenPath(n *source.Node, keys ...string) bool {
	for _, key := range keys {
		if n = n.Get(key); n.IsNull() {
			return false
		}
		if n.Kind != source.Mapping {
			text, scalar := n.Scalar()
			return !mappingShape.fits(n) && !(scalar && later(n, text))
		}
	}
	return false
}
