package facts

import "github.com/mlpolicy/mlpolicy/internal/lint/source"

// knativeService are the kinds of Knative Serving that carry a pod. By itself none
// of them has to do with machine learning as far as anyone knows.
// https://knative.dev/docs/serving/reference/serving-api
var knativeService = format{
	name:      "knative-service",
	title:     "Knative Service, Configuration and Revision",
	signs:     "`apiVersion` of `serving.knative.dev`, and the `kind`",
	reference: "https://knative.dev/docs/serving/reference/serving-api/",
	marks:     [][]string{{"serving.knative.dev/"}, {"Service", "Configuration", "Revision"}, {"containers"}},
	matches: func(root *source.Node) bool {
		return knativeTemplate(root).At("spec", "containers") != nil
	},
	read: func(r *reader) {
		d := r.object(r.root)
		template := knativeTemplate(r.root)
		r.podTemplate(d, template)
		annotations := template.At("metadata", "annotations")
		r.replicas(d, knativeScale(annotations, "min-scale", "minScale"), knativeScale(annotations, "max-scale", "maxScale"))
	},
}

// knativeTemplate returns the template of revisions, of a Revision the object
// itself, nil for anything else.
func knativeTemplate(root *source.Node) *source.Node {
	switch group, kind := groupKind(root); {
	case group != "serving.knative.dev":
		return nil
	case kind == "Service", kind == "Configuration":
		return root.At("spec", "template")
	case kind == "Revision":
		return root
	}
	return nil
}

// knativeScale returns the annotation of a bound of the replicas by its name or its
// older one.
func knativeScale(annotations *source.Node, name, older string) *source.Node {
	if n := annotations.Get("autoscaling.knative.dev/" + name); !n.IsNull() {
		return n
	}
	return annotations.Get("autoscaling.knative.dev/" + older)
}
