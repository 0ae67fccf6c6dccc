package kubeml

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// KServeInferenceGraph is a router of KServe that calls InferenceServices. Its pods run no model themselves.
// https://kserve.github.io/website/docs/concepts/resources/inferencegraph
var KServeInferenceGraph = read.Format{
	Name:      "kserve-inference-graph",
	Title:     "KServe InferenceGraph: its router",
	Signs:     "`apiVersion` of `serving.kserve.io`, and the `kind`",
	Reference: "https://kserve.github.io/website/docs/concepts/resources/inferencegraph",
	Marks:     [][]string{{"serving.kserve.io/"}, {"InferenceGraph"}},
	Shapes: map[string]*read.Shape{
		"": read.Under(read.MappingOf(map[string]*read.Shape{"resources": read.ResourcesShape}).With(read.SchedulingFields), "spec"),
	},
	Matches: func(root *source.Node) bool {
		group, kind := kube.GroupKind(root)
		return group == "serving.kserve.io" && kind == "InferenceGraph" && root.Has("spec")
	},
	Read: read.Using(newReader, func(r *operatorReader) {
		spec := r.Root.Get("spec")
		d := r.Object(r.Root)
		d.Workload = r.WorkloadOfKind()
		var sum kube.PodSum
		sum.Container(r.Container(d, spec)) // has resources
		sum.State(d)
		r.replicas(d, spec.Get("minReplicas"), spec.Get("maxReplicas"))
		r.Cluster(d, spec, nil)
	}),
}
