package kubeml

import (
	"slices"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// LeaderWorkerSet are groups of pods that serve or train one model together. Where
// the leader has no template it is a pod like the workers.
// https://lws.sigs.k8s.io/docs/reference/leaderworkerset.v1
var LeaderWorkerSet = read.Format{
	Name:      "leader-worker-set",
	Title:     "LeaderWorkerSet: its leader and its workers",
	Signs:     "`apiVersion` of `leaderworkerset.x-k8s.io`, and the `kind`",
	Reference: "https://lws.sigs.k8s.io/docs/reference/leaderworkerset.v1/",
	Marks:     [][]string{{"leaderworkerset.x-k8s.io/"}, {"LeaderWorkerSet"}},
	Shapes: map[string]*read.Shape{
		"": read.Under(read.MappingOf(map[string]*read.Shape{"leaderTemplate": read.PodTemplateShape, "workerTemplate": read.PodTemplateShape}), "spec", "leaderWorkerTemplate"),
	},
	Matches: func(root *source.Node) bool {
		group, kind := kube.GroupKind(root)
		return group == "leaderworkerset.x-k8s.io" && kind == "LeaderWorkerSet" &&
			(root.At("spec", "leaderWorkerTemplate") != nil || read.BrokenPath(root, "spec"))
	},
	Read: reading(func(r *operatorReader) {
		spec := r.Root.Get("spec")
		for _, role := range []string{"leader", "worker"} {
			template := spec.At("leaderWorkerTemplate", role+"Template")
			if template.IsNull() || role == "worker" && leadersAlone(spec) {
				continue
			}
			d := r.Object(template)
			d.Component = facts.Know(role, facts.Place{Node: template})
			d.Replicas = r.groupReplicas(role, spec)
			r.PodTemplate(d, template)
			r.ModelServer(d, slices.Collect(kube.Present(template.At("spec", "containers"))))
		}
		r.OneCluster()
	}),
}

// leadersAlone reports whether no pod has the template of the workers: each group is one pod, the
// leader, which has a template of its own.
func leadersAlone(spec *source.Node) bool {
	template := spec.Get("leaderWorkerTemplate")
	if template.Get("leaderTemplate").IsNull() {
		return false
	}
	size := template.Get("size")
	return size.IsNull() || size.Is("1") // which is the default
}

// groupReplicas counts the pods of a role: of the size of each group one is the leader, if
// it has a template of its own.
func (r *operatorReader) groupReplicas(role string, spec *source.Node) facts.Fact[int64] {
	groups, template := r.Count(spec.Get("replicas")), spec.Get("leaderWorkerTemplate")
	led := !template.Get("leaderTemplate").IsNull()
	if role == "leader" || !led && template.Get("size").IsNull() { // a group of one
		return groups
	}
	size := r.Count(template.Get("size"))
	if !groups.Known || !size.Known {
		return facts.Fact[int64]{}
	}
	workers, why := size.Value, "replicas times size"
	if led {
		workers, why = max(size.Value-1, 0), "replicas times size without the leaders"
	}
	place := facts.Because(groups.Place, why)
	place.Related = []facts.Place{facts.Because(size.Place, "the size of each group")}
	return facts.Know(groups.Value*workers, place)
}
