package kubeml

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// JobSet is a group of Jobs that run together. They may train or score.
// https://jobset.sigs.k8s.io/docs/reference/jobset.v1alpha2
var JobSet = read.Format{
	Name:      "jobset",
	Title:     "JobSet: each of its replicated jobs",
	Signs:     "`apiVersion` of `jobset.x-k8s.io`, and the `kind`",
	Reference: "https://jobset.sigs.k8s.io/docs/reference/jobset.v1alpha2/",
	Marks:     [][]string{{"jobset.x-k8s.io/"}, {"JobSet"}, {"containers", "spec"}},
	Shapes: map[string]*read.Shape{
		"": read.Under(read.ListOf(read.Under(read.PodTemplateShape, "template", "spec", "template")), "spec", "replicatedJobs"),
	},
	Matches: func(root *source.Node) bool {
		group, kind := kube.GroupKind(root)
		return group == "jobset.x-k8s.io" && kind == "JobSet" &&
			(!root.At("spec", "replicatedJobs").IsNull() || read.BrokenPath(root, "spec"))
	},
	Read: read.Using(newReader, func(r *operatorReader) {
		for _, job := range r.Elements(r.Root.At("spec", "replicatedJobs")) {
			d := r.Object(job)
			d.Component = r.Text(job.Get("name"))
			r.PodTemplate(d, job.At("template", "spec", "template"))
		}
		r.OneCluster()
	}),
}
