package facts

import "github.com/mlpolicy/mlpolicy/internal/lint/source"

// kuberay are the KubeRay operator's kinds that run a Ray cluster: its head and each
// group of its workers are one deployment; the autoscaler of the cluster is a container of
// the head's pod. A RayService serves. A RayCluster or a
// RayJob may do anything, train above all.
var kuberay = format{
	name:      "kuberay",
	title:     "KubeRay RayService, RayCluster, RayJob and RayCronJob: the head and each group of workers",
	signs:     "`apiVersion` of `ray.io`, and the `kind`",
	reference: "https://docs.ray.io/en/latest/cluster/kubernetes/user-guides/config.html",
	marks:     [][]string{{"ray.io/v"}, {"RayService", "RayCluster", "RayJob", "RayCronJob"}},
	shapes: map[string]*shape{
		"RayService": under(rayClusterShape, "spec", "rayClusterConfig"),
		"RayCluster": under(rayClusterShape, "spec"),
		"RayJob":     under(rayJobShape, "spec"),
		"RayCronJob": under(rayJobShape, "spec", "jobTemplate"),
	},
	matches: func(root *source.Node) bool {
		group, kind := groupKind(root)
		if group != "ray.io" || !root.Has("spec") {
			return false
		}
		switch kind {
		case "RayService", "RayCluster", "RayJob", "RayCronJob":
			return true
		}
		return false
	},
	read: func(r *reader) {
		spec := r.root.Get("spec")
		switch r.identity().kind {
		case "RayService":
			r.rayCluster(spec.Get("rayClusterConfig"), r.workloadOfKind())
		case "RayCluster":
			r.rayCluster(spec, Fact[Workload]{})
		case "RayJob":
			r.rayJob(spec)
		case "RayCronJob":
			r.rayJob(spec.Get("jobTemplate"))
		}
		r.oneCluster()
		if len(r.deployments) == 0 && len(r.misread) == 0 {
			r.completes = "nothing: its Ray cluster is declared in another document"
		}
	},
}

var (
	rayGroupShape = mappingOf(map[string]*shape{
		"template": podTemplateShape, "resources": mappingShape, "rayStartParams": mappingShape,
	})
	rayClusterShape = mappingOf(map[string]*shape{
		"headGroupSpec": rayGroupShape, "workerGroupSpecs": listOf(rayGroupShape), "autoscalerOptions": mappingShape,
	})
	rayJobShape = mappingOf(map[string]*shape{"rayClusterSpec": rayClusterShape, "submitterPodTemplate": podTemplateShape})
)

// rayJob adds the cluster that a job brings along and the pod that submits it. With
// a clusterSelector it runs on a cluster that is there already.
func (r *reader) rayJob(job *source.Node) {
	r.rayCluster(job.Get("rayClusterSpec"), Fact[Workload]{})
	if template := job.Get("submitterPodTemplate"); !template.IsNull() {
		d := r.object(template)
		d.Component = Know("submitter", Place{Node: template})
		r.podTemplate(d, template)
	}
}

// rayCluster adds the pod groups of a Ray cluster that does workload. What the container of
// its autoscaler asks for by default nobody states.
// https://docs.ray.io/en/latest/cluster/kubernetes/user-guides/configuring-autoscaling.html
func (r *reader) rayCluster(cluster *source.Node, workload Fact[Workload]) {
	autoscaling := r.boolean(cluster.Get("enableInTreeAutoscaling"))
	if head := cluster.Get("headGroupSpec"); !head.IsNull() {
		var more []*source.Node
		if autoscaling.Value {
			more = append(more, cluster.Get("autoscalerOptions"))
		}
		d := r.rayPods(head, workload, more...)
		d.Component = Know("head", Place{Node: head})
		d.Replicas = r.count(head.Get("replicas")) // of v1alpha1
	}
	for _, group := range r.elements(cluster.Get("workerGroupSpecs")) {
		d := r.rayPods(group, workload)
		d.Component = Know("worker", Place{Node: group})
		if name := r.text(group.Get("groupName")); name.Known {
			d.Component = Know("worker "+name.Value, name.Place)
		}
		r.rayReplicas(d, group, autoscaling)
	}
}

// rayPods adds a group of pods; more are containers that stand outside its template.
func (r *reader) rayPods(group *source.Node, workload Fact[Workload], more ...*source.Node) *Draft {
	d := r.object(group)
	if workload.Known {
		d.Workload = workload
	}
	r.podTemplate(d, group.Get("template"), more...)
	if !d.GPUs.Known {
		// What the containers do not ask for, Ray may still be told to use.
		if resource := group.At("resources", "GPU"); !resource.IsNull() {
			d.GPUs = roundUp(r.device(resource, gpuDevice))
		} else {
			d.GPUs = r.count(group.At("rayStartParams", "num-gpus"))
		}
		if d.GPUs.Known {
			d.GPUs.Place.Why = "Ray is started with this number of GPUs"
			d.uncounted = true // by the containers
		}
	}
	return d
}

// rayReplicas reads how many pods a group of workers has.
func (r *reader) rayReplicas(d *Draft, group *source.Node, autoscaling Fact[bool]) {
	d.Autoscales = autoscaling
	d.Replicas = r.count(group.Get("replicas"))
	if autoscaling.Value {
		d.autoscale(autoscaling.Place, r.count(group.Get("minReplicas")), r.count(group.Get("maxReplicas")))
	}
}
