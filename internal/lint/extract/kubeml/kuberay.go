package kubeml

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// KubeRay are the KubeRay operator's kinds that run a Ray cluster. The head and each worker group
// are one deployment each; the autoscaler is a container of the head's pod. A RayService serves. A
// RayCluster or a RayJob may run any workload, mostly training.
var KubeRay = read.Format{
	Name:      "kuberay",
	Title:     "KubeRay RayService, RayCluster, RayJob and RayCronJob: the head and each group of workers",
	Signs:     "`apiVersion` of `ray.io`, and the `kind`",
	Reference: "https://docs.ray.io/en/latest/cluster/kubernetes/user-guides/config.html",
	Marks:     [][]string{{"ray.io/v"}, {"RayService", "RayCluster", "RayJob", "RayCronJob"}},
	Shapes: map[string]*read.Shape{
		"RayService": read.Under(rayClusterShape, "spec", "rayClusterConfig"),
		"RayCluster": read.Under(rayClusterShape, "spec"),
		"RayJob":     read.Under(rayJobShape, "spec"),
		"RayCronJob": read.Under(rayJobShape, "spec", "jobTemplate"),
	},
	Matches: func(root *source.Node) bool {
		group, kind := kube.GroupKind(root)
		if group != "ray.io" || !root.Has("spec") {
			return false
		}
		switch kind {
		case "RayService", "RayCluster", "RayJob", "RayCronJob":
			return true
		}
		return false
	},
	Read: read.Using(newReader, func(r *operatorReader) {
		spec := r.Root.Get("spec")
		switch r.Identity().Kind {
		case "RayService":
			r.rayCluster(spec.Get("rayClusterConfig"), r.WorkloadOfKind())
		case "RayCluster":
			r.rayCluster(spec, facts.Fact[facts.Workload]{})
		case "RayJob":
			r.rayJob(spec)
		case "RayCronJob":
			r.rayJob(spec.Get("jobTemplate"))
		}
		r.OneCluster()
		if len(r.Deployments) == 0 && len(r.Misread) == 0 {
			r.Completes = "nothing: its Ray cluster is declared in another document"
		}
	}),
}

var (
	rayGroupShape = read.MappingOf(map[string]*read.Shape{
		"template": read.PodTemplateShape, "resources": read.MappingShape, "rayStartParams": read.MappingShape,
	})
	rayClusterShape = read.MappingOf(map[string]*read.Shape{
		"headGroupSpec": rayGroupShape, "workerGroupSpecs": read.ListOf(rayGroupShape), "autoscalerOptions": read.MappingShape,
	})
	rayJobShape = read.MappingOf(map[string]*read.Shape{"rayClusterSpec": rayClusterShape, "submitterPodTemplate": read.PodTemplateShape})
)

// rayJob adds the cluster that a job creates and the pod that submits it. With a clusterSelector
// the job uses an existing cluster.
func (r *operatorReader) rayJob(job *source.Node) {
	r.rayCluster(job.Get("rayClusterSpec"), facts.Fact[facts.Workload]{})
	if template := job.Get("submitterPodTemplate"); !template.IsNull() {
		d := r.Object(template)
		d.Component = facts.Know("submitter", facts.Location{Node: template})
		r.PodTemplate(d, template)
	}
}

// rayCluster adds the pod groups of a Ray cluster with a workload. The default requests of the
// autoscaler's container are not documented.
// https://docs.ray.io/en/latest/cluster/kubernetes/user-guides/configuring-autoscaling.html
func (r *operatorReader) rayCluster(cluster *source.Node, workload facts.Fact[facts.Workload]) {
	autoscaling := r.Boolean(cluster.Get("enableInTreeAutoscaling"))
	if head := cluster.Get("headGroupSpec"); !head.IsNull() {
		var more []*source.Node
		if autoscaling.Value {
			more = append(more, cluster.Get("autoscalerOptions"))
		}
		d := r.rayPods(head, workload, more...)
		d.Component = facts.Know("head", facts.Location{Node: head})
		d.Replicas = r.Count(head.Get("replicas")) // in v1alpha1
	}
	for _, group := range r.Elements(cluster.Get("workerGroupSpecs")) {
		d := r.rayPods(group, workload)
		d.Component = facts.Know("worker", facts.Location{Node: group})
		if name := r.Text(group.Get("groupName")); name.Known {
			d.Component = facts.Know("worker "+name.Value, name.Location)
		}
		r.rayReplicas(d, group, autoscaling)
	}
}

// rayPods adds a group of pods. more are containers outside its template.
func (r *operatorReader) rayPods(group *source.Node, workload facts.Fact[facts.Workload], more ...*source.Node) *read.Draft {
	d := r.Object(group)
	if workload.Known {
		d.Workload = workload
	}
	r.PodTemplate(d, group.Get("template"), more...)
	if !d.GPUs.Known {
		// Ray can be configured to use GPUs that the containers do not request.
		if resource := group.At("resources", "GPU"); !resource.IsNull() {
			d.GPUs = read.RoundUp(r.Device(resource, read.GPUDevice))
		} else {
			d.GPUs = r.Count(group.At("rayStartParams", "num-gpus"))
		}
		if d.GPUs.Known {
			d.GPUs.Location.Why = "Ray is started with this number of GPUs"
			d.Uncounted = true // the containers do not request a number
		}
	}
	return d
}

// rayReplicas reads the number of pods of a worker group.
func (r *operatorReader) rayReplicas(d *read.Draft, group *source.Node, autoscaling facts.Fact[bool]) {
	d.Autoscales = autoscaling
	d.Replicas = r.Count(group.Get("replicas"))
	if autoscaling.Value {
		kube.Autoscale(d, autoscaling.Location, r.Count(group.Get("minReplicas")), r.Count(group.Get("maxReplicas")))
	}
	d.Replicas = r.multiplied(d.Replicas, group.Get("numOfHosts"), "replicas times hosts")
}
