package kubeml

import (
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/scheduling"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// KubeflowTraining are the training jobs of Kubeflow. Each replica group of a PyTorchJob or a
// similar job is one deployment. A TrainJob is one too, with what it overrides in its runtime, which declares the rest.
var KubeflowTraining = read.Format{
	Name:      "kubeflow-training",
	Title:     "Kubeflow's training jobs: PyTorchJob and similar kinds, TrainJob",
	Signs:     "`apiVersion` of `kubeflow.org` or `trainer.kubeflow.org`, and the `kind`",
	Reference: "https://www.kubeflow.org/docs/components/trainer/",
	Links:     true, // only a TrainJob refers to another document
	Auxiliary: true,
	Marks: [][]string{
		{"kubeflow.org/v"},
		{"PyTorchJob", "TFJob", "MPIJob", "XGBoostJob", "PaddleJob", "JAXJob", "MXJob", "TrainJob"},
	},
	Shapes: map[string]*read.Shape{
		"TrainJob": read.Under(read.MappingOf(map[string]*read.Shape{
			"trainer":              read.MappingOf(map[string]*read.Shape{"image": read.ScalarShape, "resourcesPerNode": read.ResourcesShape}),
			"podSpecOverrides":     read.ListOf(read.MappingOf(read.SchedulingFields)),
			"podTemplateOverrides": read.ListOf(read.Under(read.MappingOf(read.SchedulingFields), "spec")),
		}), "spec"),
		"": read.Under(read.MappingOf(map[string]*read.Shape{
			"pytorchReplicaSpecs": replicaSpecsShape, "tfReplicaSpecs": replicaSpecsShape, "mpiReplicaSpecs": replicaSpecsShape,
			"xgbReplicaSpecs": replicaSpecsShape, "paddleReplicaSpecs": replicaSpecsShape, "jaxReplicaSpecs": replicaSpecsShape,
			"mxReplicaSpecs": replicaSpecsShape,
		}), "spec"),
	},
	Matches: func(root *source.Node) bool {
		return kube.TrainingKind(kube.GroupKind(root)) && root.Has("spec")
	},
	Read: read.Using(newReader, func(r *operatorReader) {
		spec := r.Root.Get("spec")
		if r.Identity().Kind == "TrainJob" {
			r.trainJob(spec)
		} else {
			r.Links = false
			for key, groups := range spec.Pairs() {
				if strings.HasSuffix(key.Text(), "ReplicaSpecs") {
					r.trainingReplicas(groups)
				}
			}
		}
		training := r.WorkloadOfKind()
		for _, d := range r.Deployments {
			d.Workload = training
		}
		r.OneCluster()
	}),
}

// replicaSpecsShape is the shape of a job's replica groups by name.
var replicaSpecsShape = read.MapOf(read.Under(read.PodTemplateShape, "template"))

// trainingReplicas adds the replica groups of a job, such as Master and Worker.
func (r *operatorReader) trainingReplicas(groups *source.Node) {
	for name, group := range groups.Pairs() {
		d := r.Object(group)
		d.Component = facts.Know(name.Text(), facts.Location{Node: name})
		d.Replicas = r.Count(group.Get("replicas"))
		r.PodTemplate(d, group.Get("template"))
	}
}

func (r *operatorReader) trainJob(spec *source.Node) {
	d := r.Object(r.Root)
	trainer := spec.Get("trainer")
	d.Image(trainer.Get("image"))
	d.Replicas = r.Count(trainer.Get("numNodes"))
	r.Resources(d, trainer.Get("resourcesPerNode"))
	var s scheduling.Pods
	for _, override := range spec.Get("podSpecOverrides").Items() {
		s.Pod(override)
	}
	for _, override := range spec.Get("podTemplateOverrides").Items() {
		s.Pod(override.Get("spec"))
	}
	for _, patch := range spec.Get("runtimePatches").Items() {
		for _, job := range patch.At("trainingRuntimeSpec", "template", "spec", "replicatedJobs").Items() {
			if trains(job) {
				s.Pod(job.At("template", "spec", "template", "spec"))
			}
		}
	}
	r.RunsIn(d, s, nil)
	r.trainingRuntime(d, spec)
}
