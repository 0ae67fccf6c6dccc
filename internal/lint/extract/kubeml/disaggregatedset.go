package kubeml

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// DisaggregatedSet is a set of LeaderWorkerSets that serve one model together, such as for prefill and decode.
// https://lws.sigs.k8s.io/docs/concepts/disaggregatedset/
var DisaggregatedSet = read.Format{
	Name:      "disaggregated-set",
	Title:     "DisaggregatedSet of LeaderWorkerSet: the leaders and the workers of each role",
	Signs:     "`apiVersion` of `disaggregatedset.x-k8s.io`, and the `kind`",
	Reference: "https://lws.sigs.k8s.io/docs/concepts/disaggregatedset/",
	Marks:     [][]string{{"DisaggregatedSet"}, {"spec"}},
	Shapes: map[string]*read.Shape{
		"": read.Under(read.ListOf(read.MappingOf(map[string]*read.Shape{
			"metadata": read.MetadataShape, "spec": read.Under(leaderWorkerShape, "leaderWorkerTemplate"),
		})), "spec", "roles"),
	},
	Matches: func(root *source.Node) bool {
		group, kind := kube.GroupKind(root)
		return group == "disaggregatedset.x-k8s.io" && kind == "DisaggregatedSet" &&
			(!root.At("spec", "roles").IsNull() || read.BrokenPath(root, "spec"))
	},
	Read: read.Using(newReader, func(r *operatorReader) {
		spec := r.Root.Get("spec")
		for _, role := range spec.Get("roles").Items() {
			set := role.Get("spec")
			r.leaderAndWorkers(r.Text(role.Get("name")).Value, set.Get("replicas"), set.Get("leaderWorkerTemplate"), func(d *read.Draft, _ *source.Node) {
				r.Metadata(d, role.Get("metadata"))
				d.Replicas = r.multiplied(d.Replicas, spec.Get("slices"), "the pods of each slice times slices")
				d.Workload = r.WorkloadOfKind()
			})
		}
		r.OneCluster()
	}),
}
