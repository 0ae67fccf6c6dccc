package kubeml

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// AIBrix are the kinds of AIBrix that serve: each role of a StormService, and each pod group of the Ray clusters of a
// RayClusterFleet, is one deployment.
// https://aibrix.readthedocs.io/latest/designs/aibrix-stormservice.html
var AIBrix = read.Format{
	Name:      "aibrix",
	Title:     "AIBrix's StormService and RayClusterFleet: each of their roles and pod groups",
	Signs:     "`apiVersion` of `orchestration.aibrix.ai`, and the `kind`",
	Reference: "https://aibrix.readthedocs.io/latest/designs/aibrix-stormservice.html",
	Marks:     [][]string{{"aibrix.ai/v"}, {"StormService", "RayClusterFleet"}},
	Shapes: map[string]*read.Shape{
		"StormService": read.Under(read.ListOf(read.Under(read.PodTemplateShape, "template")), "spec", "template", "spec", "roles"),
		"":             read.Under(rayClusterShape, "spec", "template", "spec"),
	},
	Matches: func(root *source.Node) bool {
		group, kind := kube.GroupKind(root)
		return group == "orchestration.aibrix.ai" && (kind == "StormService" || kind == "RayClusterFleet") &&
			(root.At("spec", "template") != nil || read.BrokenPath(root, "spec"))
	},
	Read: read.Using(newReader, func(r *operatorReader) {
		spec := r.Root.Get("spec")
		template := spec.Get("template")
		if r.Identity().Kind == "StormService" {
			r.stormRoles(spec, template)
		} else {
			r.rayFleet(spec, template)
		}
		r.OneCluster()
	}),
}

// stormRoles adds the roles of a StormService. A replica of the service has all replicas of each role, and a replica of a role
// is a group of pods.
func (r *operatorReader) stormRoles(spec, template *source.Node) {
	for _, role := range template.At("spec", "roles").Items() {
		d := r.Object(role)
		d.Component = r.Text(role.Get("name"))
		d.Replicas = r.pods("replicas of the service times those of the role times the pods of each",
			factor{spec.Get("replicas"), 1}, factor{role.Get("replicas"), 0}, factor{role.Get("podGroupSize"), 1})
		r.Metadata(d, template.Get("metadata"))
		r.PodTemplate(d, role.Get("template"))
		d.Workload = r.WorkloadOfKind()
	}
}

// rayFleet adds the pod groups of equal Ray clusters, each of which has one head.
func (r *operatorReader) rayFleet(spec, template *source.Node) {
	cluster := template.Get("spec")
	r.rayCluster(cluster, r.WorkloadOfKind())
	for _, d := range r.Deployments {
		r.Metadata(d, template.Get("metadata"))
		group, fleet := d.Location.Node, factor{spec.Get("replicas"), 1}
		switch {
		case d.Autoscales.Value:
		case group == cluster.Get("headGroupSpec"):
			d.Replicas = r.pods("", fleet)
		default:
			d.Replicas = r.pods("clusters times replicas times hosts", fleet, factor{group.Get("replicas"), 0}, factor{group.Get("numOfHosts"), 1})
		}
	}
}
