package kubeml

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// KServeServingRuntime is a runtime to which InferenceServices refer. A ServingRuntime is
// namespaced, a ClusterServingRuntime is not.
var KServeServingRuntime = read.Format{
	Name:      "kserve-serving-runtime",
	Title:     "KServe ServingRuntime and ClusterServingRuntime, for the InferenceServices that name them",
	Signs:     "`apiVersion` of `serving.kserve.io`, and the `kind`",
	Reference: "https://kserve.github.io/website/docs/concepts/resources/servingruntime",
	Links:     true,
	Auxiliary: true,
	Marks:     [][]string{{"serving.kserve.io/"}, {"ServingRuntime"}, {"containers"}},
	Shapes:    map[string]*read.Shape{"": read.Under(read.PodShape, "spec")},
	Matches: func(root *source.Node) bool {
		group, kind := kube.GroupKind(root)
		return group == "serving.kserve.io" && (kind == "ServingRuntime" || kind == "ClusterServingRuntime") && root.Has("spec")
	},
	Read: read.Using(newReader, func(r *operatorReader) {
		d, spec := &read.Draft{}, r.Root.Get("spec")
		r.Pod(d, spec)
		r.Cluster(d, spec, spec)
		part := r.Part(read.ServingRuntime, "the InferenceServices that name it", d)
		part.Name = r.Text(r.Root.At("metadata", "name")).Value
		if _, kind := kube.GroupKind(r.Root); kind == "ServingRuntime" {
			part.Namespace = kube.NamespaceOf(r.Root)
		}
	}),
}
