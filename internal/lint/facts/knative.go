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
	marks:     [][]string{{"serving.knative.dev/"}, {"Service", "Configuration", "Revision"}, {"containers", "spec"}},
	shapes: map[string]*shape{
		"Revision": under(podShape, "spec"),
		"":         under(podTemplateShape, "spec", "template"),
	},
	matches: func(root *source.Node) bool {
		path, ok := knativeTemplate(root)
		return ok && (root.At(append(path, "spec", "containers")...) != nil || brokenPath(root, append(path, "spec")...))
	},
	read: func(r *reader) {
		d := r.object(r.root)
		path, _ := knativeTemplate(r.root)
		template := r.root.At(path...)
		r.podTemplate(d, template)
		annotations := template.At("metadata", "annotations")
		r.replicas(d, knativeScale(annotations, "min-scale", "minScale"), knativeScale(annotations, "max-scale", "maxScale"))
	},
}

// knativeTemplate returns the way to the template of revisions, which a Revision is itself. It is
// false for anything else.
func knativeTemplate(root *source.Node) (path []string, ok bool) {
	switch group, kind := groupKind(root); {
	case group != "serving.knative.dev":
		return nil, false
	case kind == "Service", kind == "Configuration":
		return []string{"spec", "template"}, true
	case kind == "Revision":
		return nil, true
	}
	return nil, false
}

// knativeScale returns the annotation of a bound of the replicas by its name or its
// older one.
func knativeScale(annotations *source.Node, name, older string) *source.Node {
	if n := annotations.Get("autoscaling.knative.dev/" + name); !n.IsNull() {
		return n
	}
	return annotations.Get("autoscaling.knative.dev/" + older)
}
