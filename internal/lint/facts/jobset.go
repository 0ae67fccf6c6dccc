package facts

import "github.com/mlpolicy/mlpolicy/internal/lint/source"

// jobSet are several Jobs that run together, which may train or score.
// https://jobset.sigs.k8s.io/docs/reference/jobset.v1alpha2
var jobSet = format{
	name:      "jobset",
	title:     "JobSet: each of its replicated jobs",
	signs:     "`apiVersion` of `jobset.x-k8s.io`, and the `kind`",
	reference: "https://jobset.sigs.k8s.io/docs/reference/jobset.v1alpha2/",
	marks:     [][]string{{"jobset.x-k8s.io/"}, {"JobSet"}, {"containers", "spec"}},
	shapes: map[string]*shape{
		"": under(listOf(under(podTemplateShape, "template", "spec", "template")), "spec", "replicatedJobs"),
	},
	matches: func(root *source.Node) bool {
		group, kind := groupKind(root)
		return group == "jobset.x-k8s.io" && kind == "JobSet" &&
			(!root.At("spec", "replicatedJobs").IsNull() || brokenPath(root, "spec"))
	},
	read: func(r *reader) {
		for _, job := range r.elements(r.root.At("spec", "replicatedJobs")) {
			d := r.object(job)
			d.Component = r.text(job.Get("name"))
			r.podTemplate(d, job.At("template", "spec", "template"))
		}
		r.oneCluster()
	},
}
