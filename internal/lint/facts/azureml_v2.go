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
func (r *reader) tags(d *Deployment, tags *source.Node) {
	d.Labels = addLabels(d.Labels, tags)
	r.statements(d, tags)
	r.designerTags(d, tags)
}

// azureMLModel reads a deployment's model: a reference such as azureml:churn:7, or a
// model that is defined in place.
func (r *reader) azureMLModel(d *Deployment, n *source.Node) {
	if n.IsNull() {
		return
	}
	model := &Model{Place: Place{Node: n}}
	if n.Kind == source.Mapping && !template(n) {
		model.Name = r.text(n.Get("name"))
		model.Version = r.text(n.Get("version"))
		model.Path = r.text(n.Get("path"))
		r.designerTags(d, n.Get("tags"))
	} else {
		reference := r.text(n)
		if !reference.Known {
			return
		}
		name, version := modelReference(reference.Value)
		if name == "" {
			return
		}
		model.Name = Know(name, reference.Place)
		if version != "" {
			model.Version = Know(version, reference.Place)
		}
	}
	d.Models = append(d.Models, model)
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

// azureMLEnvironment reads a deployment's environment: a reference, or one that is
// defined in place.
func (r *reader) azureMLEnvironment(d *Deployment, n *source.Node) {
	d.image(n.Get("image"))
	r.designerName(d, n)
	r.designerName(d, n.Get("name"))
	r.designerImage(d, n.Get("image"))
	r.designerConda(d, n.Get("conda_file"))
}
