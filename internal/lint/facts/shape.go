package facts

import "github.com/mlpolicy/mlpolicy/internal/lint/source"

// shape is what a value on the way to facts must be. Fields that carry no fact are not in it.
type shape struct {
	kind   source.Kind // Mapping, Sequence, or String for any scalar
	item   *shape      // of each item of a list
	fields map[string]*shape
}

var (
	scalarShape  = &shape{kind: source.String}
	mappingShape = &shape{kind: source.Mapping}
)

func listOf(item *shape) *shape { return &shape{kind: source.Sequence, item: item} }

func mappingOf(fields map[string]*shape) *shape { return &shape{kind: source.Mapping, fields: fields} }

var (
	metadataShape = mappingOf(map[string]*shape{"labels": mappingShape, "annotations": mappingShape})

	resourcesShape = mappingOf(map[string]*shape{"requests": mappingShape, "limits": mappingShape, "claims": listOf(mappingShape)})

	containerShape = mappingOf(map[string]*shape{
		"image": scalarShape, "command": listOf(scalarShape), "args": listOf(scalarShape),
		"env": listOf(mappingShape), "resources": resourcesShape,
	})

	nodeTermsShape = listOf(mappingOf(map[string]*shape{
		"matchExpressions": listOf(mappingOf(map[string]*shape{"values": listOf(nil)})),
		"matchFields":      listOf(mappingOf(map[string]*shape{"values": listOf(nil)})),
	}))

	podShape = mappingOf(map[string]*shape{
		"containers": listOf(containerShape), "initContainers": listOf(containerShape), "ephemeralContainers": listOf(containerShape),
		"resources": resourcesShape, "overhead": mappingShape, "runtimeClassName": scalarShape, "restartPolicy": scalarShape,
		"nodeName": scalarShape, "nodeSelector": mappingShape, "tolerations": listOf(mappingShape),
		"affinity": mappingOf(map[string]*shape{"nodeAffinity": mappingOf(map[string]*shape{
			"requiredDuringSchedulingIgnoredDuringExecution": mappingOf(map[string]*shape{"nodeSelectorTerms": nodeTermsShape}),
		})}),
		"volumes":        listOf(mappingOf(map[string]*shape{"hostPath": mappingOf(map[string]*shape{"path": scalarShape})})),
		"resourceClaims": listOf(mappingShape),
	})
)

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
	if len(want.fields) == 0 {
		return
	}
	for key, value := range entries(n) {
		r.shaped(value, want.fields[key.Text])
	}
}

func (s *shape) fits(n *source.Node) bool {
	if n.Kind == source.Mapping || n.Kind == source.Sequence {
		return s.kind == n.Kind
	}
	return s.kind == source.String
}

func (r *reader) misshapen(n *source.Node, want *shape) {
	if r.misread[n] { // by way of an alias
		return
	}
	if r.misread == nil {
		r.misread = map[*source.Node]bool{}
	}
	r.misread[n] = true
	what := map[source.Kind]string{source.Mapping: "a mapping", source.Sequence: "a list"}
	is, must := what[n.Kind], what[want.kind]
	if is == "" {
		is = "a single value"
	}
	if must == "" {
		must = "a single value"
	}
	r.problem(Warning, n, "Write "+must+" here; what it declares as "+is+" is not read.", "%s must be %s, not %s", n.Path(), must, is)
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
func brokenPath(n *source.Node, keys []string) bool {
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
