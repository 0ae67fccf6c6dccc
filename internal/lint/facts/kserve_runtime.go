package facts

import "github.com/mlpolicy/mlpolicy/internal/lint/source"

// kserveServingRuntime is what runs the models of the InferenceServices that name it.
// A ServingRuntime is of its namespace, a ClusterServingRuntime of all.
var kserveServingRuntime = format{
	name:      "kserve-serving-runtime",
	title:     "KServe ServingRuntime and ClusterServingRuntime, for the InferenceServices that name them",
	signs:     "`apiVersion` of `serving.kserve.io`, and the `kind`",
	reference: "https://kserve.github.io/website/docs/concepts/resources/servingruntime",
	links:     true,
	auxiliary: true,
	marks:     [][]string{{"serving.kserve.io/"}, {"ServingRuntime"}, {"containers"}},
	shapes:    map[string]*shape{"": under(podShape, "spec")},
	matches: func(root *source.Node) bool {
		group, kind := groupKind(root)
		return group == "serving.kserve.io" && (kind == "ServingRuntime" || kind == "ClusterServingRuntime") && root.Has("spec")
	},
	read: func(r *reader) {
		d, spec := &Draft{}, r.root.Get("spec")
		r.pod(d, spec)
		r.cluster(d, spec, spec)
		part := r.part(servingRuntime, "the InferenceServices that name it", d)
		part.name = r.text(r.root.At("metadata", "name")).Value
		if _, kind := groupKind(r.root); kind == "ServingRuntime" {
			part.namespace = namespaceOf(r.root)
		}
	},
}

// namespaceOf returns the namespace that an object states, else a word that is none.
func namespaceOf(object *source.Node) string {
	if namespace, ok := object.At("metadata", "namespace").Scalar(); ok && namespace != "" {
		return namespace
	}
	return unstatedNamespace
}

// unstatedNamespace stands for the namespace that kubectl is told.
const unstatedNamespace = "."

// defaultNamespace is where kubectl puts what states no namespace unless it is told another.
const defaultNamespace = "default"
