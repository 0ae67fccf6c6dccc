package read

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/placeholder"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
	"github.com/mlpolicy/mlpolicy/internal/lint/suggest"
)

// DeploymentSpec reads a ModelDeployment's spec, or a mapping with the same keys, into d. An unknown
// key and a value of another shape are Problems.
func (r *Reader) DeploymentSpec(spec *source.Node, d *Draft) {
	if !r.Is(spec, source.Mapping) {
		return
	}
	for key, value := range spec.Pairs() {
		switch key.Text() {
		case "labels":
			if r.Is(value, source.Mapping) {
				d.Labels = r.Labels(value)
			}
		case "images":
			if r.Is(value, source.Sequence) {
				for _, image := range value.Items() {
					d.Images = appendKnown(d.Images, r.line(image))
				}
			}
		case "model":
			d.Models = r.models(value)
		case "compute":
			d.Compute = r.computeSpec(value)
		default:
			if !declare(r, facts.DeploymentFields(), &d.Deployment, key.Text(), value) {
				r.UnknownKey(key, append(facts.Words(facts.DeploymentFields()), "labels", "images", "model", "compute")...)
			}
		}
	}
}

// declare reads the fact of an object that a key declares. It returns false if the key declares none.
func declare[T any](r *Reader, fields []facts.Field[T], of *T, key string, value *source.Node) bool {
	field := facts.FieldOf(fields, key)
	if field == nil {
		return false
	}
	switch fact := field.Fact(of).(type) {
	case *facts.Fact[string]:
		*fact = r.line(value)
	case *facts.Fact[bool]:
		*fact = r.Boolean(value)
	case *facts.Fact[int64]:
		*fact = r.Count(value)
	case *facts.Fact[float64]:
		if field.Unit == facts.GiB {
			*fact = r.sizeOfMemory(value)
		} else {
			*fact = r.Quantity(value)
		}
	case *facts.Fact[facts.Target]:
		*fact = r.target(value)
	case *facts.Fact[facts.API]:
		*fact = word[facts.API](r, value)
	case *facts.Fact[facts.Workload]:
		*fact = word[facts.Workload](r, value)
	case *facts.Fact[facts.Stage]:
		*fact = word[facts.Stage](r, value)
	case *facts.Fact[facts.Manager]:
		*fact = word[facts.Manager](r, value)
	case *facts.Fact[facts.VMPriority]:
		*fact = word[facts.VMPriority](r, value)
	default:
		panic(fmt.Sprintf("%s is a %T, which no word can declare", field.Name, fact))
	}
	return true
}

func (r *Reader) models(value *source.Node) []*facts.Model {
	if !r.Is(value, source.Mapping, source.Sequence) {
		return nil
	}
	items := value.Items()
	if value.Kind == source.Mapping {
		items = []*source.Node{value}
	}
	var models []*facts.Model
	for _, item := range items {
		if item.Kind == source.Null {
			r.Problem(facts.Warning, item, "Declare the model or remove the item.", "%s must be a mapping", item.Path())
		}
		if !r.Is(item, source.Mapping) {
			continue
		}
		model := &facts.Model{Location: facts.Location{Node: item}}
		for key, value := range item.Pairs() {
			switch key.Text() {
			case "name":
				model.Name = r.line(value)
			case "version":
				model.Version = r.line(value)
			case "path":
				model.Path = r.line(value)
			case "size":
				declareSize(model, r.Size(value))
			default:
				r.UnknownKey(key, "name", "version", "path", "size")
			}
		}
		models = append(models, model)
	}
	return models
}

// Is reports whether a value has one of these kinds, a mapping or a list. Any other kind is a Problem,
// except a missing value and a placeholder.
func (r *Reader) Is(n *source.Node, kinds ...source.Kind) bool {
	_, scalar := r.Scalar(n)
	switch {
	case n.IsNull(), placeholder.IsTemplate(n):
		return false
	case slices.Contains(kinds, n.Kind):
		return true
	case scalar, n.Kind >= source.Sequence:
		names := make([]string, len(kinds))
		for i, kind := range kinds {
			names[i] = kindOf(kind)
		}
		r.Problem(facts.Warning, n, "See the schema: mlpolicy schema model-deployment.", "%s must be %s, not %s", n.Path(), strings.Join(names, " or "), kindOf(n.Kind))
	}
	return false
}

// line reads a string and reports a list or a mapping.
func (r *Reader) line(n *source.Node) facts.Fact[string] {
	r.Collection(facts.Warning, n, "string", "Write a single string.")
	return r.Text(n)
}

// DeclaredSource is the source of a size that a statement declares.
const DeclaredSource = "statement"

// declareSize sets the size of a model that a statement declares. 0 declares none.
func declareSize(m *facts.Model, size facts.Fact[int64]) {
	if size.Value == 0 {
		return
	}
	m.SizeBytes = size
	m.SizeSource = facts.Know(DeclaredSource, size.Location)
}

// computeSpec reads a compute. Its name may be unknown.
func (r *Reader) computeSpec(value *source.Node) *facts.Compute {
	if !r.Is(value, source.Mapping) {
		return nil
	}
	c := &facts.Compute{Format: r.Format, Location: facts.Location{Node: value}}
	for key, value := range value.Pairs() {
		if key.Text() == "vm_size" {
			r.VMSize(c, value)
		} else if !declare(r, facts.ComputeFields(), c, key.Text(), value) {
			r.UnknownKey(key, facts.Words(facts.ComputeFields())...)
		}
	}
	return c
}

// UnknownKey reports a key that is not one of these.
func (r *Reader) UnknownKey(key *source.Node, known ...string) {
	if !r.IsPlaceholder(key) {
		r.Problem(facts.Warning, key, UseOneOf(known), "unknown key %q%s", key.Text(), DidYouMean(key.Text(), "", known))
	}
}

// unknownStatement reports an annotation, a label or a tag with mlpolicy's prefix and an unknown name.
// It is a warning in any document.
func (r *Reader) unknownStatement(key *source.Node, name string) {
	known := facts.StatementWords()
	suggestion := DidYouMean(name, strings.TrimSuffix(key.Text(), name), known)
	r.report(facts.Warning, key, UseOneOf(known), "unknown key %q%s", key.Text(), suggestion)
}

// UseOneOf returns the remedy for a word that is not one of these.
func UseOneOf(known []string) string {
	if len(known) == 1 {
		return "Use " + known[0] + "."
	}
	return "Use one of " + strings.Join(known, ", ") + "."
}

// DidYouMean returns the end of a message about an unknown word: the most similar known one, if any.
func DidYouMean(word, prefix string, known []string) string {
	if nearest := suggest.Nearest(word, known); nearest != "" {
		return fmt.Sprintf(" (did you mean %q?)", prefix+nearest)
	}
	return ""
}

// sizeOfMemory reads a size with a unit into GiB. A number without a unit is a Problem, since it may
// mean bytes or GB.
func (r *Reader) sizeOfMemory(n *source.Node) facts.Fact[float64] {
	if text, ok := n.Scalar(); ok {
		if _, err := strconv.ParseFloat(text, 64); err == nil {
			r.Problem(facts.Warning, n, "Write a unit, such as "+text+"GiB.", "size %s of %s has no unit", text, n.Path())
			return facts.Fact[float64]{}
		}
	}
	bytes := r.Size(n)
	return facts.Fact[float64]{Value: float64(bytes.Value) / BytesPerGiB, Known: bytes.Known, Location: bytes.Location}
}

// Labels reads a mapping of strings without placeholders.
func (r *Reader) Labels(n *source.Node) map[string]facts.Fact[string] {
	for _, label := range n.Pairs() {
		r.Collection(facts.Warning, label, "string", "Write a single string.")
	}
	return AddLabels(nil, n)
}

// AddLabels adds the labels that known lacks. The last of duplicate keys is used.
func AddLabels(known map[string]facts.Fact[string], n *source.Node) map[string]facts.Fact[string] {
	for _, member := range slices.Backward(n.Members()) {
		text, ok := member.Value.Scalar()
		if _, exists := known[member.Key.Text()]; exists || !ok || placeholder.IsTemplate(member.Value) {
			continue
		}
		if known == nil {
			known = make(map[string]facts.Fact[string], len(n.Members()))
		}
		known[member.Key.Text()] = facts.Know(text, facts.Location{Node: member.Value})
	}
	return known
}

// Image adds the container image that n names, unless it has a placeholder.
func (d *Draft) Image(n *source.Node) {
	if text, ok := n.Scalar(); ok && text != "" && !placeholder.InScalar(n, text) {
		d.Images = append(d.Images, facts.Know(text, facts.Location{Node: n}))
	}
}

// Image adds the container image that n names, unless it is a placeholder in this document.
func (r *Reader) Image(d *Draft, n *source.Node) {
	if text, ok := n.Scalar(); ok && text != "" && !r.IsPlaceholder(n) {
		d.Images = append(d.Images, facts.Know(text, facts.Location{Node: n}))
	}
}

// ImageOf adds the container image whose name is in two values, one of which may be missing, with the
// location of at.
func (d *Draft) ImageOf(at, first *source.Node, separator string, second *source.Node) {
	var parts []string
	for _, part := range []*source.Node{first, second} {
		text, ok := part.Scalar()
		switch {
		case !ok, text == "":
		case placeholder.InScalar(part, text):
			return
		default:
			parts = append(parts, text)
		}
	}
	if !at.IsNull() && len(parts) > 0 {
		d.Images = append(d.Images, facts.Know(strings.Join(parts, separator), facts.Location{Node: at}))
	}
}

func appendKnown[T any](list []facts.Fact[T], fact facts.Fact[T]) []facts.Fact[T] {
	if fact.Known {
		return append(list, fact)
	}
	return list
}

// statementPrefix is the prefix of annotations, labels and tags that declare facts. The key of an
// Azure tag must not contain a slash, and has a colon instead.
// https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources#limitations
const (
	statementPrefix = "mlpolicy.dev/"
	tagPrefix       = "mlpolicy.dev:"
)

// StatementName returns the key of an annotation, a label or a tag without mlpolicy's prefix. ok is
// false for a key without the prefix.
func StatementName(key string) (name string, ok bool) {
	if name, ok = strings.CutPrefix(key, statementPrefix); ok {
		return name, true
	}
	return strings.CutPrefix(key, tagPrefix)
}

// AddDeclared reads the facts that annotations, labels or tags declare for a deployment. They set facts
// that the document leaves unknown.
func (r *Reader) AddDeclared(d *Draft, annotations *source.Node) {
	before := len(r.Problems)
	if declared := r.Declared(annotations); declared != nil {
		d.Declared = append(d.Declared, declared)
	}
	r.AlwaysReported = append(r.AlwaysReported, r.Problems[before:]...)
}

// Declared returns the facts that annotations, labels or tags declare, nil if there are none.
func (r *Reader) Declared(annotations *source.Node) *Draft {
	var declared *Draft
	for key, value := range annotations.Pairs() {
		name, ok := StatementName(key.Text())
		if !ok {
			continue
		}
		if declared == nil {
			declared = &Draft{Deployment: facts.Deployment{Location: facts.Location{Node: annotations}}}
		}
		switch {
		case name == facts.ModelSize:
			if size := r.Size(value); size.Known {
				model := &facts.Model{Location: facts.Location{Node: value}}
				declareSize(model, size)
				declared.Models = []*facts.Model{model}
			}
		case slices.Contains(facts.StatementWords(), name):
			declare(r, facts.DeploymentFields(), &declared.Deployment, name, value)
		case !strings.HasPrefix(name, "ignore"): // reserved
			r.unknownStatement(key, name)
		}
	}
	return declared
}
