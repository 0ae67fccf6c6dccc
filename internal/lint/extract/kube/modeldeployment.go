package kube

import (
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
	"github.com/mlpolicy/mlpolicy/internal/lint/suggest"
)

// ModelDeployment is mlpolicy's own document, in which every fact can be declared.
var ModelDeployment = read.Format{
	Name:      "mlpolicy-model-deployment",
	Title:     "mlpolicy's own document, which can declare every fact",
	Signs:     "`apiVersion` of group `mlpolicy.dev`",
	Reference: "schemas/model-deployment.json",
	Links:     true,
	Marks:     [][]string{{ownGroup}},
	Matches:   func(root *source.Node) bool { return ownVersion(root).Value != nil },
	Read: read.Using(NewReader, func(r *ObjectReader) {
		r.OwnDocument = true
		if !r.header() {
			return
		}
		metadata, spec := r.Root.Get("metadata"), r.Root.Get("spec")
		d := r.Deployment(metadata.Get("name"), r.Root)
		d.Subject.Kind = OwnKind
		r.DeploymentSpec(spec, d)
		if d.Compute != nil {
			if !d.Compute.Name.Known {
				d.Compute.Name = r.Name(nil)
			}
			d.Compute.Subject = facts.Subject{File: d.Subject.File, Kind: d.Subject.Kind, Name: d.Compute.Name.Value}
			r.Computes = append(r.Computes, d.Compute)
		}
		if r.Is(metadata, source.Mapping) {
			r.Collection(facts.Error, metadata.Get("name"), "string", "Write a single name.")
			for _, key := range []string{"labels", "annotations"} {
				if texts := metadata.Get(key); r.Is(texts, source.Mapping) {
					r.Labels(texts)
					r.AddDeclared(d, texts)
				}
			}
		}
		d.Labels = read.AddLabels(d.Labels, metadata.Get("labels"))
	}),
}

const (
	ownGroup = "mlpolicy.dev"
	OwnAPI   = ownGroup + "/v1"
	OwnKind  = "ModelDeployment"
)

// ownVersion returns the root member whose value is an API version of mlpolicy, under apiVersion or
// a misspelt key. It returns the zero Member for documents of others.
func ownVersion(root *source.Node) source.Member {
	for _, member := range root.Members() {
		text, ok := member.Value.Scalar()
		if group, _, _ := strings.Cut(text, "/"); ok && group == ownGroup && suggest.Nearest(member.Key.Text(), []string{"apiVersion"}) != "" {
			return member
		}
	}
	return source.Member{}
}

// header checks the root keys of a ModelDeployment and reports whether the document can be read.
// The content of another version or kind may have another meaning.
func (r *ObjectReader) header() (readable bool) {
	version, kind := ownVersion(r.Root).Value, r.Root.Get("kind")
	before := len(r.Problems)
	if text, ok := r.Scalar(version); ok && text != OwnAPI {
		r.Problem(facts.Error, version, read.UseOneOf([]string{OwnAPI}), "unknown version %q", text)
	}
	if text, ok := r.Scalar(kind); ok && text != OwnKind {
		r.Problem(facts.Error, kind, read.UseOneOf([]string{OwnKind}), "unknown kind %q%s", text, read.DidYouMean(text, "", []string{OwnKind}))
	}
	for i := range r.Problems[before:] {
		r.Problems[before+i].Unevaluated = true
	}
	readable = len(r.Problems) == before

	r.Collection(facts.Error, kind, "string", "Write kind:  "+OwnKind+".")
	keys := []string{"apiVersion", "kind", "metadata", "spec"}
	meant := map[string]bool{} // the right spellings of misspelt keys
	for key := range r.Root.Pairs() {
		if !slices.Contains(keys, key.Text()) {
			meant[suggest.Nearest(key.Text(), keys)] = true
			r.UnknownKey(key, keys...)
		}
	}
	for _, key := range []string{"kind", "spec"} {
		if r.Root.Get(key).IsNull() && !meant[key] {
			r.Problem(facts.Error, r.Root, "Add "+key+".", "a document of %s must have %s", ownGroup, key)
		}
	}
	return readable
}
