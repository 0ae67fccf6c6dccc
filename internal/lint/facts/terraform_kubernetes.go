package facts

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// kubernetesResource reads a resource of the provider kubernetes: one of Kubernetes'
// own kinds in the provider's words, or a manifest. What cluster the provider talks
// to is not in the plan.
// https://registry.terraform.io/providers/hashicorp/kubernetes/latest/docs
func (r *reader) kubernetesResource(t terraformResource, kind string) {
	object := planned{value: t.after, unknown: t.object.At("change", "after_unknown")}
	spec := object.block("spec")
	template := spec.block("template")
	switch kind {
	case "manifest":
		r.manifest(t.after.Get("manifest"))
	case "pod":
		r.plannedPod(t, "Pod", object)
	case "deployment":
		r.plannedPod(t, "Deployment", template)
	case "stateful_set":
		r.plannedPod(t, "StatefulSet", template)
	case "daemonset", "daemon_set":
		r.plannedPod(t, "DaemonSet", template)
	case "replication_controller":
		r.plannedPod(t, "ReplicationController", template)
	case "job":
		r.plannedPod(t, "Job", template)
	case "cron_job":
		r.plannedPod(t, "CronJob", spec.block("job_template").block("spec").block("template"))
	}
}

// manifest reads a Kubernetes object in its own words by the format that knows it.
func (r *reader) manifest(object *source.Node) {
	if object.IsNull() {
		return
	}
	outer := r.document(object, r.lists)
	if outer == nil {
		return
	}
	for _, inner := range append(outer.inner, outer) {
		r.deployments = append(r.deployments, inner.deployments...)
		r.computes = append(r.computes, inner.computes...)
		r.parts = append(r.parts, inner.parts...)
		r.problems = append(r.problems, inner.problems...)
		r.carried = append(r.carried, inner.carried...)
	}
}

// planned is a value of a plan and what the plan says of its parts: true for those
// that are not known before it is applied.
type planned struct{ value, unknown *source.Node }

// block returns the block of a name of which there is at most one.
func (p planned) block(name string) planned {
	if blocks := p.blocks(name); len(blocks) > 0 {
		return blocks[0]
	}
	return planned{}
}

func (p planned) blocks(name string) []planned {
	unknown := p.unknown.Get(name).Elements()
	var blocks []planned
	for i, value := range p.value.Get(name).Elements() {
		block := planned{value: value}
		if i < len(unknown) {
			block.unknown = unknown[i]
		}
		blocks = append(blocks, block)
	}
	return blocks
}

// plannedPod adds the deployment that an object with a pod template is.
func (r *reader) plannedPod(t terraformResource, kind string, template planned) {
	metadata := t.block("metadata")
	name := metadata.Get("name")
	if name.IsNull() {
		name = metadata.Get("generate_name")
	}
	d := r.deployment(name, t.object)
	r.nameByAddress(t, &d.Name, &d.Subject)
	d.Subject.Kind = kind
	d.Subject.Namespace, _ = metadata.Get("namespace").Scalar()
	d.Replicas = r.count(t.block("spec").Get("replicas"))
	r.metadata(d, metadata)
	own := block(template.value.Get("metadata"))
	if own != metadata {
		r.metadata(d, own)
	}

	spec := template.block("spec")
	var sum podSum
	for _, container := range spec.blocks("container") {
		sum.container(r.plannedContainer(d, container))
	}
	for _, container := range spec.blocks("init_container") {
		sum.initContainer(r.plannedContainer(d, container), container.value.Get("restart_policy").Is("Always"))
	}
	sum.state(d)
	if !d.GPUs.Known {
		var paths []*source.Node
		for _, volume := range spec.blocks("volume") {
			paths = append(paths, volume.block("host_path").value.Get("path"))
		}
		d.GPUs = r.uncountedGPU(spec.value.Get("runtime_class_name"), paths, spec.value.Get("container").Elements())
	}

	group := "apps"
	if kind == "Pod" {
		group = ""
	}
	if servesByImage(group, kind, spec.value.Get("restart_policy")) {
		r.modelServer(d, spec.value.Get("container").Elements())
	}

	var s scheduling
	s.planned(spec.value)
	s.metadata(own)
	s.metadata(metadata)
	r.runsOn(d, s)
}

// plannedContainer reads what a container asks for, as container does. A request that
// is not known yet is not the limit.
func (r *reader) plannedContainer(d *Draft, container planned) ask {
	d.image(container.value.Get("image"))
	resources := container.block("resources")
	requested := func(name string, read func(*source.Node) Fact[float64]) Fact[float64] {
		if resources.unknown.At("requests", name).Is("true") {
			return Fact[float64]{}
		}
		return requested(resources.value, name, read)
	}
	a := ask{cpu: requested("cpu", r.quantity), memory: requested("memory", r.memory)}
	a.gpus, a.fpgas = r.devices(resources.value)
	if !a.gpus.Known || a.gpus.Value == 0 {
		if visible, _ := r.visibleGPU(container.value); visible.Known {
			a.gpus = visible
		}
	}
	return a
}

// planned reads a pod's specification in the provider's words.
func (s *scheduling) planned(spec *source.Node) {
	s.nodeName(spec.Get("node_name"))
	s.selector(spec.Get("node_selector"))
	required := block(block(block(spec.Get("affinity")).Get("node_affinity")).Get("required_during_scheduling_ignored_during_execution"))
	// A term without requirements may have some that a plan does not know yet.
	s.terms(required.Get("node_selector_term").Elements(), "match_expressions", "match_fields")
	s.tolerations(spec.Get("toleration"))
}
