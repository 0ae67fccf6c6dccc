package facts

import (
	"slices"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// leaderWorkerSet are groups of pods that serve or train one model together. Where
// the leader has no template it is a pod like the workers.
// https://lws.sigs.k8s.io/docs/reference/leaderworkerset.v1
var leaderWorkerSet = format{
	name:      "leader-worker-set",
	title:     "LeaderWorkerSet: its leader and its workers",
	signs:     "`apiVersion` of `leaderworkerset.x-k8s.io`, and the `kind`",
	reference: "https://lws.sigs.k8s.io/docs/reference/leaderworkerset.v1/",
	marks:     [][]string{{"leaderworkerset.x-k8s.io/"}, {"LeaderWorkerSet"}},
	shapes: map[string]*shape{
		"": under(mappingOf(map[string]*shape{"leaderTemplate": podTemplateShape, "workerTemplate": podTemplateShape}), "spec", "leaderWorkerTemplate"),
	},
	matches: func(root *source.Node) bool {
		group, kind := groupKind(root)
		return group == "leaderworkerset.x-k8s.io" && kind == "LeaderWorkerSet" &&
			(root.At("spec", "leaderWorkerTemplate") != nil || brokenPath(root, "spec"))
	},
	read: func(r *reader) {
		spec := r.root.Get("spec")
		for _, role := range []string{"leader", "worker"} {
			template := spec.At("leaderWorkerTemplate", role+"Template")
			if template.IsNull() || role == "worker" && leadersAlone(spec) {
				continue
			}
			d := r.object(template)
			d.Component = Know(role, Place{Node: template})
			d.Replicas = r.groupReplicas(role, spec)
			r.podTemplate(d, template)
			r.modelServer(d, slices.Collect(present(template.At("spec", "containers"))))
		}
		r.oneCluster()
	},
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
func (r *reader) groupReplicas(role string, spec *source.Node) Fact[int64] {
	groups, template := r.count(spec.Get("replicas")), spec.Get("leaderWorkerTemplate")
	led := !template.Get("leaderTemplate").IsNull()
	if role == "leader" || !led && template.Get("size").IsNull() { // a group of one
		return groups
	}
	size := r.count(template.Get("size"))
	if !groups.Known || !size.Known {
		return Fact[int64]{}
	}
	workers, why := size.Value, "replicas times size"
	if led {
		workers, why = max(size.Value-1, 0), "replicas times size without the leaders"
	}
	place := because(groups.Place, why)
	place.Related = []Place{because(size.Place, "the size of each group")}
	return Know(groups.Value*workers, place)
}
