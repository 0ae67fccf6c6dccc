package kubeml

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// TrainingRuntime is a runtime of Kubeflow Trainer, which has the pods of the TrainJobs that name it. A TrainingRuntime is
// namespaced, a ClusterTrainingRuntime is not.
// https://www.kubeflow.org/docs/components/trainer/operator-guides/runtime/
var TrainingRuntime = read.Format{
	Name:      "kubeflow-training-runtime",
	Title:     "Kubeflow's TrainingRuntime and ClusterTrainingRuntime, for the TrainJobs that name them",
	Signs:     "`apiVersion` of `trainer.kubeflow.org`, and the `kind`",
	Reference: "https://www.kubeflow.org/docs/components/trainer/operator-guides/runtime/",
	Links:     true,
	Auxiliary: true,
	Marks:     [][]string{{"trainer.kubeflow.org/"}, {"TrainingRuntime"}},
	Shapes: map[string]*read.Shape{
		"": read.Under(read.ListOf(read.Under(read.PodTemplateShape, "template", "spec", "template")), "spec", "template", "spec", "replicatedJobs"),
	},
	Matches: func(root *source.Node) bool {
		group, kind := kube.GroupKind(root)
		return group == "trainer.kubeflow.org" && (kind == "TrainingRuntime" || kind == "ClusterTrainingRuntime") && root.Has("spec")
	},
	Read: read.Using(newReader, func(r *operatorReader) {
		spec := r.Root.Get("spec")
		for _, job := range spec.At("template", "spec", "replicatedJobs").Items() {
			if !trains(job) {
				continue
			}
			d := &read.Draft{}
			d.Replicas = r.Count(spec.At("mlPolicy", "numNodes"))
			r.PodTemplate(d, job.At("template", "spec", "template"))
			part := r.Part(read.TrainingRuntime, "the TrainJobs that name it", d)
			part.Name = r.Text(r.Root.At("metadata", "name")).Value
			if _, kind := kube.GroupKind(r.Root); kind == "TrainingRuntime" {
				part.Namespace = kube.NamespaceOf(r.Root)
			}
			return // the part of the job that trains
		}
	}),
}

// trains reports whether a job of a runtime is the one that trains; others fetch data and models.
func trains(job *source.Node) bool {
	step := job.At("template", "metadata", "labels").Get("trainer.kubeflow.org/trainjob-ancestor-step")
	return step.Is("trainer") || step.IsNull() && job.Get("name").Is("node")
}

// trainingRuntime refers to the runtime of a TrainJob. Resources of the job replace those of the runtime, so that the runtime
// completes only a job without.
func (r *operatorReader) trainingRuntime(d *read.Draft, spec *source.Node) {
	of := spec.Get("runtimeRef")
	name := r.Text(of.Get("name"))
	if !name.Known || len(spec.At("trainer", "resourcesPerNode").Members()) > 0 {
		return
	}
	reference := read.Reference{Kind: read.TrainingRuntime, Name: name.Value, Node: name.Location.Node}
	if of.Get("kind").Is("TrainingRuntime") {
		reference.Namespace = kube.NamespaceOf(r.Root)
	}
	d.Refer(reference)
}
