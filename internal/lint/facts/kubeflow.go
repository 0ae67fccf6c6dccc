package facts

import (
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// kubeflowTraining are the training jobs of Kubeflow: each group of replicas of a
// PyTorchJob and its like is one deployment, and so is a TrainJob, which states what
// differs from its runtime.
var kubeflowTraining = format{
	name:      "kubeflow-training",
	title:     "Kubeflow's training jobs: PyTorchJob and similar kinds, TrainJob",
	signs:     "`apiVersion` of `kubeflow.org` or `trainer.kubeflow.org`, and the `kind`",
	reference: "https://www.kubeflow.org/docs/components/trainer/",
	auxiliary: true,
	marks: [][]string{
		{"kubeflow.org/v"},
		{"PyTorchJob", "TFJob", "MPIJob", "XGBoostJob", "PaddleJob", "JAXJob", "MXJob", "TrainJob"},
	},
	shapes: map[string]*shape{
		"TrainJob": under(mappingOf(map[string]*shape{
			"trainer":              mappingOf(map[string]*shape{"image": scalarShape, "resourcesPerNode": resourcesShape}),
			"podSpecOverrides":     listOf(mappingOf(schedulingFields)),
			"podTemplateOverrides": listOf(under(mappingOf(schedulingFields), "spec")),
		}), "spec"),
		"": under(mappingOf(map[string]*shape{
			"pytorchReplicaSpecs": replicaSpecsShape, "tfReplicaSpecs": replicaSpecsShape, "mpiReplicaSpecs": replicaSpecsShape,
			"xgbReplicaSpecs": replicaSpecsShape, "paddleReplicaSpecs": replicaSpecsShape, "jaxReplicaSpecs": replicaSpecsShape,
			"mxReplicaSpecs": replicaSpecsShape,
		}), "spec"),
	},
	matches: func(root *source.Node) bool {
		return trainingKind(groupKind(root)) && root.Has("spec")
	},
	read: func(r *reader) {
		spec := r.root.Get("spec")
		if r.identity().kind == "TrainJob" {
			r.trainJob(spec)
		} else {
			for key, groups := range spec.Pairs() {
				if strings.HasSuffix(key.Text, "ReplicaSpecs") {
					r.trainingReplicas(groups)
				}
			}
		}
		training := r.workloadOfKind()
		for _, d := range r.deployments {
			d.Workload = training
		}
		r.oneCluster()
	},
}

// replicaSpecsShape is that of the groups of replicas of a job, by their names.
var replicaSpecsShape = mapOf(under(podTemplateShape, "template"))

// trainingKind reports whether the jobs of a kind train.
func trainingKind(group, kind string) bool {
	switch kind {
	case "PyTorchJob", "TFJob", "MPIJob", "XGBoostJob", "PaddleJob", "JAXJob", "MXJob":
		return group == "kubeflow.org"
	case "TrainJob":
		return group == "trainer.kubeflow.org" || group == "kubeflow.org"
	}
	return false
}

// trainingReplicas adds the groups of replicas of a job, such as Master and Worker.
func (r *reader) trainingReplicas(groups *source.Node) {
	for name, group := range groups.Pairs() {
		d := r.object(group)
		d.Component = Know(name.Text, Place{Node: name})
		d.Replicas = r.count(group.Get("replicas"))
		r.podTemplate(d, group.Get("template"))
	}
}

func (r *reader) trainJob(spec *source.Node) {
	d := r.object(r.root)
	trainer := spec.Get("trainer")
	d.image(trainer.Get("image"))
	d.Replicas = r.count(trainer.Get("numNodes"))
	r.resources(d, trainer.Get("resourcesPerNode"))
	var s scheduling
	for _, override := range spec.Get("podSpecOverrides").Elements() {
		s.pod(override)
	}
	for _, override := range spec.Get("podTemplateOverrides").Elements() {
		s.pod(override.Get("spec"))
	}
	r.runsIn(d, s, nil)
}
