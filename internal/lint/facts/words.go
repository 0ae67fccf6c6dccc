package facts

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
	"github.com/mlpolicy/mlpolicy/internal/lint/suggest"
)

// words reads a mapping in the words of a ModelDeployment's spec into d. A key
// outside these words and a value of another shape are Problems.
func (r *reader) words(spec *source.Node, d *Draft) {
	if !r.is(spec, source.Mapping) {
		return
	}
	for key, value := range spec.Pairs() {
		switch key.Text {
		case "component":
			d.Component = r.line(value)
		case "target":
			d.Target = r.target(value)
		case "api":
			d.API = word[API](r, value)
		case "workload":
			d.Workload = word[Workload](r, value)
		case "stage":
			d.Stage = word[Stage](r, value)
		case "designer":
			d.Designer = r.boolean(value)
		case "gpus":
			d.GPUs = r.count(value)
		case "fpgas":
			d.FPGAs = r.count(value)
		case "cpu":
			d.CPUCores = r.quantity(value)
		case "memory":
			d.MemoryGiB = r.sizeOfMemory(value)
		case "replicas":
			d.Replicas = r.count(value)
		case "autoscales":
			d.Autoscales = r.boolean(value)
		case "delivery":
			d.Delivery = r.line(value)
		case "labels":
			if r.is(value, source.Mapping) {
				d.Labels = r.labels(value)
			}
		case "images":
			if r.is(value, source.Sequence) {
				for _, image := range value.Items {
					d.Images = appendKnown(d.Images, r.line(image))
				}
			}
		case "model":
			d.Models = r.models(value)
		case "compute":
			d.Compute = r.computeWords(value)
		default:
			r.unknownKey(key, "component", "target", "api", "workload", "stage", "designer", "gpus", "fpgas", "cpu", "memory",
				"replicas", "autoscales", "delivery", "labels", "images", "model", "compute")
		}
	}
}

func (r *reader) models(value *source.Node) []*Model {
	if !r.is(value, source.Mapping, source.Sequence) {
		return nil
	}
	items := value.Items
	if value.Kind == source.Mapping {
		items = []*source.Node{value}
	}
	var models []*Model
	for _, item := range items {
		if item.Kind == source.Null {
			r.problem(Warning, item, "Declare the model or remove the item.", "%s must be a mapping", item.Path())
		}
		if !r.is(item, source.Mapping) {
			continue
		}
		model := &Model{Place: Place{Node: item}}
		for key, value := range item.Pairs() {
			switch key.Text {
			case "name":
				model.Name = r.line(value)
			case "version":
				model.Version = r.line(value)
			case "path":
				model.Path = r.line(value)
			case "size":
				model.state(r.size(value))
			default:
				r.unknownKey(key, "name", "version", "path", "size")
			}
		}
		models = append(models, model)
	}
	return models
}

// is reports whether a value has one of these kinds, a mapping or a list. Any other kind
// is a Problem; a value that is missing or a placeholder is not.
func (r *reader) is(n *source.Node, kinds ...source.Kind) bool {
	_, stated := r.scalar(n)
	switch {
	case n.IsNull(), template(n):
		return false
	case slices.Contains(kinds, n.Kind):
		return true
	case stated, n.Kind >= source.Sequence:
		names := make([]string, len(kinds))
		for i, kind := range kinds {
			names[i] = kindOf(kind)
		}
		r.problem(Warning, n, "See the schema: mlpolicy schema model-deployment.", "%s must be %s, not %s", n.Path(), strings.Join(names, " or "), kindOf(n.Kind))
	}
	return false
}

// line is text for values that people may take for more than one.
func (r *reader) line(n *source.Node) Fact[string] {
	r.collection(Warning, n, "string", "Write a single string.")
	return r.text(n)
}

// statedSource is the source of a size that somebody states explicitly.
const statedSource = "statement"

// state sets the size that somebody states explicitly. 0 states none.
func (m *Model) state(size Fact[int64]) {
	if size.Value == 0 {
		return
	}
	m.SizeBytes = size
	m.SizeSource = Know(statedSource, size.Place)
}

// computeWords reads a compute, whose name is not known where none is stated.
func (r *reader) computeWords(value *source.Node) *Compute {
	if !r.is(value, source.Mapping) {
		return nil
	}
	c := &Compute{Format: r.format, Place: Place{Node: value}}
	for key, value := range value.Pairs() {
		switch key.Text {
		case "name":
			c.Name = r.line(value)
		case "target":
			c.Target = r.target(value)
		case "managed_by":
			c.ManagedBy = word[Manager](r, value)
		case "stage":
			c.Stage = word[Stage](r, value)
		case "vm_size":
			r.vmSize(c, value)
		case "gpus":
			c.GPUs = r.count(value)
		case "fpgas":
			c.FPGAs = r.count(value)
		case "vm_priority":
			c.VMPriority = word[VMPriority](r, value)
		case "nodes":
			c.Nodes = r.count(value)
		case "min_nodes":
			c.MinNodes = r.count(value)
		case "max_nodes":
			c.MaxNodes = r.count(value)
		case "cluster_autoscaling":
			c.ClusterAutoscaling = r.boolean(value)
		default:
			r.unknownKey(key, "name", "target", "managed_by", "stage", "vm_size", "gpus", "fpgas", "vm_priority", "nodes",
				"min_nodes", "max_nodes", "cluster_autoscaling")
		}
	}
	return c
}

// unknownKey reports a key that is not one of these.
func (r *reader) unknownKey(key *source.Node, known ...string) {
	if !r.laterFilled(key) {
		r.problem(Warning, key, useOneOf(known), "unknown key %q%s", key.Text, meant(key.Text, "", known))
	}
}

// unknownStatement reports an annotation, a label or a tag of ours, of this name, that declares
// nothing. It is a warning in any document.
func (r *reader) unknownStatement(key *source.Node, name string) {
	known := []string{"workload", "stage", "target", "designer", "model-size"}
	suggestion := meant(name, strings.TrimSuffix(key.Text, name), known)
	r.report(Warning, key, useOneOf(known), "unknown key %q%s", key.Text, suggestion)
}

func useOneOf(known []string) string {
	if len(known) == 1 {
		return "Use " + known[0] + "."
	}
	return "Use one of " + strings.Join(known, ", ") + "."
}

// meant ends a message about an unknown word with the known one that is near it, if any.
func meant(word, prefix string, known []string) string {
	if nearest := suggest.Nearest(word, known); nearest != "" {
		return fmt.Sprintf(" (did you mean %q?)", prefix+nearest)
	}
	return ""
}

// sizeOfMemory reads a size with a unit into GiB. A bare number is a Problem: to
// some it means bytes, to others GB.
func (r *reader) sizeOfMemory(n *source.Node) Fact[float64] {
	if text, ok := n.Scalar(); ok {
		if _, err := strconv.ParseFloat(text, 64); err == nil {
			r.problem(Warning, n, "Write a unit, such as "+text+"GiB.", "size %s of %s has no unit", text, n.Path())
			return Fact[float64]{}
		}
	}
	bytes := r.size(n)
	return Fact[float64]{Value: float64(bytes.Value) / bytesPerGiB, Known: bytes.Known, Place: bytes.Place}
}

// labels reads a mapping of strings. Values that are not known yet are left out
// without a word: no rule of ours reads them.
func (r *reader) labels(n *source.Node) map[string]Fact[string] {
	for _, label := range n.Pairs() {
		r.collection(Warning, label, "string", "Write a single string.")
	}
	return addLabels(nil, n)
}

// addLabels adds the labels that known does not have yet. Of a key written twice the
// last counts.
func addLabels(known map[string]Fact[string], n *source.Node) map[string]Fact[string] {
	for _, member := range slices.Backward(n.Entries()) {
		text, ok := member.Value.Scalar()
		if _, exists := known[member.Key.Text]; exists || !ok || template(member.Value) {
			continue
		}
		if known == nil {
			known = make(map[string]Fact[string], len(n.Members))
		}
		known[member.Key.Text] = Know(text, Place{Node: member.Value})
	}
	return known
}

// image adds the container image that n names, if it is known yet.
func (d *Draft) image(n *source.Node) {
	if text, ok := n.Scalar(); ok && text != "" && !later(n, text) {
		d.Images = append(d.Images, Know(text, Place{Node: n}))
	}
}

// image adds the container image that n names, if the document tells it yet.
func (r *reader) image(d *Draft, n *source.Node) {
	if text, ok := n.Scalar(); ok && text != "" && !r.laterFilled(n) {
		d.Images = append(d.Images, Know(text, Place{Node: n}))
	}
}

// imageOf adds the container image whose name stands in two parts, either of which
// may be missing; place is the one that people know it by.
func (d *Draft) imageOf(place, first *source.Node, separator string, second *source.Node) {
	var parts []string
	for _, part := range []*source.Node{first, second} {
		text, ok := part.Scalar()
		switch {
		case !ok, text == "":
		case later(part, text):
			return
		default:
			parts = append(parts, text)
		}
	}
	if !place.IsNull() && len(parts) > 0 {
		d.Images = append(d.Images, Know(strings.Join(parts, separator), Place{Node: place}))
	}
}

func appendKnown[T any](list []Fact[T], fact Fact[T]) []Fact[T] {
	if fact.Known {
		return append(list, fact)
	}
	return list
}

// statementPrefix begins the annotations, labels and tags that state facts. The key of
// an Azure tag may hold no slash, and takes a colon instead.
// https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources#limitations
const (
	statementPrefix = "mlpolicy.dev/"
	tagPrefix       = "mlpolicy.dev:"
)

// statedIn returns what the key of an annotation, a label or a tag states; it is false
// for a key that is not ours.
func statedIn(key string) (name string, ours bool) {
	if name, ours = strings.CutPrefix(key, statementPrefix); ours {
		return name, true
	}
	return strings.CutPrefix(key, tagPrefix)
}

// statements reads what annotations, labels or tags state of a deployment
// explicitly. They fill what the document itself leaves open.
func (r *reader) statements(d *Draft, annotations *source.Node) {
	before := len(r.problems)
	if said := r.statement(annotations); said != nil {
		d.said = append(d.said, said)
	}
	r.anyway = append(r.anyway, r.problems[before:]...)
}

// statement returns what annotations, labels or tags state, nil for nothing.
func (r *reader) statement(annotations *source.Node) *Draft {
	var said *Draft
	for key, value := range annotations.Pairs() {
		name, ours := statedIn(key.Text)
		if !ours {
			continue
		}
		if said == nil {
			said = &Draft{Deployment: Deployment{Place: Place{Node: annotations}}}
		}
		switch name {
		case "workload":
			said.Workload = word[Workload](r, value)
		case "stage":
			said.Stage = word[Stage](r, value)
		case "target":
			said.Target = r.target(value)
		case "designer":
			said.Designer = r.boolean(value)
		case "model-size":
			if size := r.size(value); size.Known {
				model := &Model{Place: Place{Node: value}}
				model.state(size)
				said.Models = []*Model{model}
			}
		default:
			if !strings.HasPrefix(name, "ignore") { // reserved
				r.unknownStatement(key, name)
			}
		}
	}
	return said
}
