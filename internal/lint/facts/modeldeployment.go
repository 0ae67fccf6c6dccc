package facts

import (
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
	"github.com/mlpolicy/mlpolicy/internal/lint/suggest"
)

// modelDeployment is mlpolicy's own document: every fact can be declared in it.
var modelDeployment = format{
	name:      "mlpolicy-model-deployment",
	title:     "mlpolicy's own document, which can declare every fact",
	signs:     "`apiVersion` of group `mlpolicy.dev`",
	reference: "schemas/model-deployment.json",
	links:     true,
	marks:     [][]string{{ownGroup}},
	matches:   func(root *source.Node) bool { return ownVersion(root).Value != nil },
	read: func(r *reader) {
		r.ownDocument = true
		if !r.header() {
			return
		}
		metadata, spec := r.root.Get("metadata"), r.root.Get("spec")
		d := r.deployment(metadata.Get("name"), r.root)
		d.Subject.Kind = ownKind
		r.words(spec, d)
		if d.Compute != nil {
			if !d.Compute.Name.Known {
				d.Compute.Name = r.name(nil)
			}
			d.Compute.Subject = Subject{File: d.Subject.File, Kind: d.Subject.Kind, Name: d.Compute.Name.Value}
			r.computes = append(r.computes, d.Compute)
		}
		if r.is(metadata, source.Mapping) {
			r.collection(Error, metadata.Get("name"), "string", "Write a single name.")
			for _, key := range []string{"labels", "annotations"} {
				if texts := metadata.Get(key); r.is(texts, source.Mapping) {
					r.labels(texts)
					r.statements(d, texts)
				}
			}
		}
		d.Labels = addLabels(d.Labels, metadata.Get("labels"))
	},
}

const (
	ownGroup = "mlpolicy.dev"
	ownAPI   = ownGroup + "/v1"
	ownKind  = "ModelDeployment"
)

// ownVersion returns the member of a document's root that names an API version of our group,
// under apiVersion or a key that somebody misspelt. The zero Member is that of another's document.
func ownVersion(root *source.Node) source.Member {
	for _, member := range root.Entries() {
		text, ok := member.Value.Scalar()
		if group, _, _ := strings.Cut(text, "/"); ok && group == ownGroup && suggest.Nearest(member.Key.Text, []string{"apiVersion"}) != "" {
			return member
		}
	}
	return source.Member{}
}

// header checks the keys at the root of our own document, and reports whether what they hold
// can be read: another version or kind may mean anything.
func (r *reader) header() (readable bool) {
	version, kind := ownVersion(r.root).Value, r.root.Get("kind")
	before := len(r.problems)
	if text, ok := r.scalar(version); ok && text != ownAPI {
		r.problem(Error, version, useOneOf([]string{ownAPI}), "unknown version %q", text)
	}
	if text, ok := r.scalar(kind); ok && text != ownKind {
		r.problem(Error, kind, useOneOf([]string{ownKind}), "unknown kind %q%s", text, meant(text, "", []string{ownKind}))
	}
	for i := range r.problems[before:] {
		r.problems[before+i].Unjudged = true
	}
	readable = len(r.problems) == before

	r.collection(Error, kind, "string", "Write kind:  "+ownKind+".")
	keys := []string{"apiVersion", "kind", "metadata", "spec"}
	meant := map[string]bool{} // keys that others are misspelt for
	for key := range r.root.Pairs() {
		if !slices.Contains(keys, key.Text) {
			meant[suggest.Nearest(key.Text, keys)] = true
			r.unknownKey(key, keys...)
		}
	}
	for _, key := range []string{"kind", "spec"} {
		if r.root.Get(key).IsNull() && !meant[key] {
			r.problem(Error, r.root, "Add "+key+".", "a document of %s must have %s", ownGroup, key)
		}
	}
	return readable
}
