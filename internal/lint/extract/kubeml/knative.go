package kubeml

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// KnativeService are the kinds of Knative Serving with a pod template. The kind alone does not
// imply machine learning.
// https://knative.dev/docs/serving/reference/serving-api
var KnativeService = read.Format{
	Name:      "knative-service",
	Title:     "Knative Service, Configuration and Revision",
	Signs:     "`apiVersion` of `serving.knative.dev`, and the `kind`",
	Reference: "https://knative.dev/docs/serving/reference/serving-api/",
	Marks:     [][]string{{"serving.knative.dev/"}, {"Service", "Configuration", "Revision"}, {"containers", "spec"}},
	Shapes: map[string]*read.Shape{
		"Revision": read.Under(read.PodShape, "spec"),
		"":         read.Under(read.PodTemplateShape, "spec", "template"),
	},
	Matches: func(root *source.Node) bool {
		path, ok := knativeTemplate(root)
		return ok && (root.At(append(path, "spec", "containers")...) != nil || read.BrokenPath(root, append(path, "spec")...))
	},
	Read: read.Using(newReader, func(r *operatorReader) {
		d := r.Object(r.Root)
		path, _ := knativeTemplate(r.Root)
		template := r.Root.At(path...)
		r.PodTemplate(d, template)
		annotations := template.At("metadata", "annotations")
		r.replicas(d, knativeScale(annotations, "min-scale", "minScale"), knativeScale(annotations, "max-scale", "maxScale"))
	}),
}

// knativeTemplate returns the path to the template of revisions; a Revision is its own template. ok
// is false for other kinds.
func knativeTemplate(root *source.Node) (path []string, ok bool) {
	switch group, kind := kube.GroupKind(root); {
	case group != "serving.knative.dev":
		return nil, false
	case kind == "Service", kind == "Configuration":
		return []string{"spec", "template"}, true
	case kind == "Revision":
		return nil, true
	}
	return nil, false
}

// knativeScale returns the annotation for a bound of the replicas, under its current or its older
// name.
func knativeScale(annotations *source.Node, name, older string) *source.Node {
	if n := annotations.Get("autoscaling.knative.dev/" + name); !n.IsNull() {
		return n
	}
	return annotations.Get("autoscaling.knative.dev/" + older)
}
