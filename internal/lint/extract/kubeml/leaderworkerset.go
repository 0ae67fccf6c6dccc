package kubeml

import (
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// LeaderWorkerSet is a set of pod groups, each of which serves or trains one model together.
// Without a template of its own, the leader uses that of the workers.
// https://lws.sigs.k8s.io/docs/reference/leaderworkerset.v1
var LeaderWorkerSet = read.Format{
	Name:      "leader-worker-set",
	Title:     "LeaderWorkerSet: its leader and its workers",
	Signs:     "`apiVersion` of `leaderworkerset.x-k8s.io`, and the `kind`",
	Reference: "https://lws.sigs.k8s.io/docs/reference/leaderworkerset.v1/",
	Marks:     [][]string{{"leaderworkerset.x-k8s.io/"}, {"LeaderWorkerSet"}},
	Shapes: map[string]*read.Shape{
		"": read.Under(leaderWorkerShape, "spec", "leaderWorkerTemplate"),
	},
	Matches: func(root *source.Node) bool {
		group, kind := kube.GroupKind(root)
		return group == "leaderworkerset.x-k8s.io" && kind == "LeaderWorkerSet" &&
			(root.At("spec", "leaderWorkerTemplate") != nil || read.BrokenPath(root, "spec"))
	},
	Read: read.Using(newReader, func(r *operatorReader) {
		spec := r.Root.Get("spec")
		r.leaderAndWorkers("", spec.Get("replicas"), spec.Get("leaderWorkerTemplate"), func(d *read.Draft, template *source.Node) {
			r.ModelServer(d, slices.Collect(kube.Present(template.At("spec", "containers"))))
		})
		r.OneCluster()
	}),
}

var leaderWorkerShape = read.MappingOf(map[string]*read.Shape{"leaderTemplate": read.PodTemplateShape, "workerTemplate": read.PodTemplateShape})

// leaderAndWorkers adds the leaders and the workers of groups of pods. set names the groups, and each completes a deployment.
func (r *operatorReader) leaderAndWorkers(set string, replicas, group *source.Node, each func(d *read.Draft, template *source.Node)) {
	for _, role := range []string{"leader", "worker"} {
		template := group.Get(role + "Template")
		if template.IsNull() || role == "worker" && leadersAlone(group) {
			continue
		}
		d := r.Object(template)
		d.Component = facts.Know(strings.TrimSpace(set+" "+role), facts.Location{Node: template})
		d.Replicas = r.groupReplicas(role, replicas, group)
		r.PodTemplate(d, template)
		each(d, template)
	}
}

// leadersAlone reports whether no pod uses the template of the workers: each group has only a
// leader, which has its own template.
func leadersAlone(group *source.Node) bool {
	if group.Get("leaderTemplate").IsNull() {
		return false
	}
	size := group.Get("size")
	return size.IsNull() || size.Is("1") // 1 is the default
}

// groupReplicas returns the number of pods of a role. One pod of each group is the leader, if it
// has its own template.
func (r *operatorReader) groupReplicas(role string, replicas, group *source.Node) facts.Fact[int64] {
	groups, led := r.Count(replicas), !group.Get("leaderTemplate").IsNull()
	if role == "leader" || !led && group.Get("size").IsNull() { // the size of a group is 1
		return groups
	}
	size := r.Count(group.Get("size"))
	if !groups.Known || !size.Known {
		return facts.Fact[int64]{}
	}
	workers, why := size.Value, "replicas times size"
	if led {
		workers, why = max(size.Value-1, 0), "replicas times size without the leaders"
	}
	location := facts.Because(groups.Location, why)
	location.Related = []facts.Location{facts.Because(size.Location, "the size of each group")}
	return facts.Know(groups.Value*workers, location)
}
