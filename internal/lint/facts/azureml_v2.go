package facts

import (
	"path"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// The formats azureml-v2-… are the YAML files of the az ml CLI, version 2.
// https://learn.microsoft.com/azure/machine-learning/reference-yaml-overview

// azureMLSchema returns in lower case what kind of document its $schema says it is:
// managedonlinedeployment for
// https://azuremlschemas.azureedge.net/latest/managedOnlineDeployment.schema.json;
// empty for a schema that is not Azure ML's.
func azureMLSchema(root *source.Node) string {
	text, _ := root.Get("$schema").Scalar()
	text = strings.ToLower(strings.TrimRight(text, " \t#"))
	if !strings.Contains(text, "azureml") {
		return ""
	}
	kind := path.Base(text)
	kind = strings.TrimSuffix(kind, ".json")
	return strings.TrimSuffix(kind, ".schema")
}

// lowerScalar returns a scalar's text for comparison with words, whatever its case;
// empty for anything else.
func lowerScalar(n *source.Node) string {
	text, _ := n.Scalar()
	return strings.ToLower(strings.TrimSpace(text))
}

// discriminator is the value that says what kind a document is.
func discriminator(root *source.Node) *source.Node {
	for _, key := range []string{"type", "$schema"} {
		if n := root.Get(key); !n.IsNull() {
			return n
		}
	}
	return root
}

// tags reads the tags of a deployment's document.
func (r *reader) tags(d *Draft, tags *source.Node) {
	r.shaped(tags, mappingShape)
	tags = r.knownMembers(tags)
	d.Labels = addLabels(d.Labels, tags)
	r.statements(d, tags)
	r.designerTags(d, tags)
}

// azureMLModel reads a deployment's model: a reference such as azureml:churn:7, or a
// model that is defined in place.
func (r *reader) azureMLModel(d *Draft, n *source.Node) {
	if n.IsNull() {
		return
	}
	model := &Model{Place: Place{Node: n}}
	if n.Kind == source.Mapping && !template(n) {
		r.modelAsset(d, model, n)
	} else {
		reference := r.text(n)
		if !reference.Known {
			return
		}
		r.asset(d, modelAsset, n, model)
		name, version := modelReference(reference.Value)
		if name == "" && !strings.HasPrefix(reference.Value, fileScheme) {
			return
		}
		if name != "" {
			model.Name = Know(name, reference.Place)
		}
		if version != "" {
			model.Version = Know(version, reference.Place)
		}
	}
	d.Models = append(d.Models, model)
}

// modelAsset reads the definition of a model.
func (r *reader) modelAsset(d *Draft, model *Model, n *source.Node) {
	model.Name = r.text(n.Get("name"))
	model.Version = r.text(n.Get("version"))
	model.Path = r.text(n.Get("path"))
	if !model.Path.Known {
		model.Path = r.text(n.Get("local_path")) // of the preview of 2021
	}
	r.designerTags(d, n.Get("tags"))
}

// modelReference takes apart azureml:NAME:VERSION, azureml:NAME@LABEL and the long
// forms azureml://registries/…/models/NAME/versions/VERSION and
// /subscriptions/…/models/NAME/versions/VERSION. A label is no version.
func modelReference(text string) (name, version string) {
	short, ok := strings.CutPrefix(text, "azureml:")
	if ok && !strings.HasPrefix(short, "/") {
		name, version, _ = strings.Cut(short, ":")
		name, _, _ = strings.Cut(name, "@")
		return name, version
	}
	if !ok && !strings.HasPrefix(text, "/subscriptions/") {
		return "", ""
	}
	steps := strings.Split(text, "/")
	for i := 0; i+1 < len(steps); i++ {
		switch steps[i] {
		case "models":
			name = steps[i+1]
		case "versions":
			version = steps[i+1]
		}
	}
	return name, version
}

// fileScheme begins the path of a document that defines an asset.
const fileScheme = "file:"

// asset notes the asset of a workspace that a deployment refers to: azureml:NAME:VERSION,
// azureml:NAME@LABEL, or file:PATH of its definition. An asset of a registry is none of the project's.
func (r *reader) asset(d *Draft, kind partKind, n *source.Node, of *Model) {
	text, ok := r.scalar(n)
	if !ok {
		return
	}
	mention := reference{kind: kind, node: n, model: of}
	if path, ok := strings.CutPrefix(text, fileScheme); ok {
		mention.path = path
		d.refer(mention)
		return
	}
	if short, ok := strings.CutPrefix(text, "azureml:"); ok && !strings.HasPrefix(short, "/") {
		mention.name, mention.version, _ = strings.Cut(short, ":")
		mention.name, _, _ = strings.Cut(mention.name, "@")
		d.refer(mention)
	}
}

// computeReference notes the compute that a deployment runs on: azureml:NAME or NAME.
func (r *reader) computeReference(d *Draft, n *source.Node) {
	name := strings.TrimPrefix(r.text(n).Value, "azureml:")
	if name != "" && !strings.Contains(name, "/") {
		d.refer(reference{kind: computeDefinition, name: name, node: n})
	}
}

// azureMLEnvironment reads a deployment's environment: a reference, or one that is
// defined in place.
func (r *reader) azureMLEnvironment(d *Draft, n *source.Node) {
	if n.IsNull() {
		return
	}
	r.designerName(d, n)
	if n.Kind != source.Mapping {
		r.asset(d, environmentAsset, n, nil)
		return
	}
	r.environment(d, n)
}

// environment reads the definition of an environment.
func (r *reader) environment(d *Draft, n *source.Node) {
	image := n.Get("image")
	if image.IsNull() {
		image = n.At("docker", "image") // of the preview of 2021
	}
	d.image(image)
	r.designerName(d, n.Get("name"))
	r.designerImage(d, image)
	r.conda(d, n.Get("conda_file"))
}

// conda reads a conda specification, or notes the file that holds it.
func (r *reader) conda(d *Draft, n *source.Node) {
	if path, ok := r.scalar(n); ok && path != "" {
		d.refer(reference{kind: condaFile, path: strings.TrimPrefix(path, fileScheme), node: n})
		return
	}
	r.designerConda(d, n)
}
