package azure

import (
	"path"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/placeholder"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// azureMLSchema returns the name of a document's Azure ML schema in lower case. It is
// managedonlinedeployment for
// https://azuremlschemas.azureedge.net/latest/managedOnlineDeployment.schema.json
// and empty for any other schema.
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

// discriminator returns the value that decides the kind of a document.
func discriminator(root *source.Node) *source.Node {
	for _, key := range []string{"type", "$schema"} {
		if n := root.Get(key); !n.IsNull() {
			return n
		}
	}
	return root
}

// Tags reads the tags of a deployment.
func (r *ServiceReader) Tags(d *read.Draft, tags *source.Node) {
	r.CheckShape(tags, read.MappingShape)
	tags = r.KnownMembers(tags)
	d.Labels = read.AddLabels(d.Labels, tags)
	r.AddDeclared(d, tags)
	r.designerTags(d, tags)
}

// azureMLModel reads a deployment's model: a reference such as azureml:churn:7, or an inline
// definition.
func (r *ServiceReader) azureMLModel(d *read.Draft, n *source.Node) {
	if n.IsNull() {
		return
	}
	model := &facts.Model{Location: facts.Location{Node: n}}
	if n.Kind == source.Mapping && !placeholder.IsTemplate(n) {
		r.modelAsset(d, model, n)
	} else {
		reference := r.Text(n)
		if !reference.Known {
			return
		}
		r.Asset(d, read.ModelAsset, n, model)
		name, version := ModelReference(reference.Value)
		if name == "" && !strings.HasPrefix(reference.Value, fileScheme) {
			return
		}
		if name != "" {
			model.Name = facts.Know(name, reference.Location)
		}
		if version != "" {
			model.Version = facts.Know(version, reference.Location)
		}
	}
	d.Models = append(d.Models, model)
}

// modelAsset reads the definition of a model.
func (r *ServiceReader) modelAsset(d *read.Draft, model *facts.Model, n *source.Node) {
	model.Name = r.Text(n.Get("name"))
	model.Version = r.Text(n.Get("version"))
	model.Path = r.Text(n.Get("path"))
	if !model.Path.Known {
		model.Path = r.Text(n.Get("local_path")) // in the preview of 2021
	}
	r.designerTags(d, n.Get("tags"))
}

// ModelReference parses azureml:NAME:VERSION, azureml:NAME@LABEL and the long forms
// azureml://registries/…/models/NAME/versions/VERSION and
// /subscriptions/…/models/NAME/versions/VERSION. A label is not returned as a version.
func ModelReference(text string) (name, version string) {
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

// fileScheme is the prefix for the path of a document that defines an asset.
const fileScheme = "file:"

// Asset adds a reference to a workspace's asset: azureml:NAME:VERSION, azureml:NAME@LABEL, or
// file:PATH of its definition. Assets of a registry are skipped, since the project does not define
// them.
func (r *ServiceReader) Asset(d *read.Draft, kind read.PartKind, n *source.Node, of *facts.Model) {
	text, ok := r.Scalar(n)
	if !ok {
		return
	}
	reference := read.Reference{Kind: kind, Node: n, Model: of}
	if path, ok := strings.CutPrefix(text, fileScheme); ok {
		reference.Path = path
		d.Refer(reference)
		return
	}
	if short, ok := strings.CutPrefix(text, "azureml:"); ok && !strings.HasPrefix(short, "/") {
		reference.Name, reference.Version, _ = strings.Cut(short, ":")
		reference.Name, _, _ = strings.Cut(reference.Name, "@")
		d.Refer(reference)
	}
}

// computeReference adds a reference to the compute of a deployment: azureml:NAME or NAME.
func (r *ServiceReader) computeReference(d *read.Draft, n *source.Node) {
	name := strings.TrimPrefix(r.LinkName(n), "azureml:")
	if name != "" && !strings.Contains(name, "/") {
		d.Refer(read.Reference{Kind: read.ComputeDefinition, Name: name, Node: n})
	}
}

// azureMLEnvironment reads a deployment's environment: a reference or an inline definition.
func (r *ServiceReader) azureMLEnvironment(d *read.Draft, n *source.Node) {
	if n.IsNull() {
		return
	}
	r.DesignerName(d, n)
	if n.Kind != source.Mapping {
		r.Asset(d, read.EnvironmentAsset, n, nil)
		return
	}
	r.environment(d, n)
}

// environment reads the definition of an environment.
func (r *ServiceReader) environment(d *read.Draft, n *source.Node) {
	image := n.Get("image")
	if image.IsNull() {
		image = n.At("docker", "image") // in the preview of 2021
	}
	d.Image(image)
	r.DesignerName(d, n.Get("name"))
	r.designerImage(d, image)
	r.conda(d, n.Get("conda_file"))
}

// conda reads a conda specification, or adds a reference to its file.
func (r *ServiceReader) conda(d *read.Draft, n *source.Node) {
	if path, ok := r.Scalar(n); ok && path != "" {
		d.Refer(read.Reference{Kind: read.CondaFile, Path: strings.TrimPrefix(path, fileScheme), Node: n})
		return
	}
	r.designerConda(d, n)
}
