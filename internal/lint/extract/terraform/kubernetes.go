package terraform

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/operators"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/scheduling"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// kubernetesResource reads a resource of the provider kubernetes: a built-in kind in the provider's
// structure, or a manifest. The plan does not declare the provider's cluster.
// https://registry.terraform.io/providers/hashicorp/kubernetes/latest/docs
func (r *planReader) kubernetesResource(t resource, kind string) {
	object := t.planned()
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

// manifest reads a Kubernetes object with the format that matches it.
func (r *planReader) manifest(object *source.Node) {
	if object.IsNull() {
		return
	}
	outer := r.Document(object, r.Lists)
	if outer == nil {
		return
	}
	for _, inner := range append(outer.Inner, outer) {
		r.Deployments = append(r.Deployments, inner.Deployments...)
		r.Computes = append(r.Computes, inner.Computes...)
		r.Parts = append(r.Parts, inner.Parts...)
		r.Problems = append(r.Problems, inner.Problems...)
		r.Used = append(r.Used, inner.Used...)
	}
}

// planned is a value of a plan. unknown has the same structure, with true for the parts that are
// known only after the plan is applied.
type planned struct{ value, unknown *source.Node }

// isUnknown reports whether the value at a path is known only after the plan is applied, by marks in the structure of the value.
func isUnknown(marks *source.Node, path ...string) bool {
	for _, key := range path {
		if marks.Is("true") {
			return true
		}
		marks = marks.Get(key)
	}
	return marks.Is("true")
}

// block returns the block with a name. The name has at most one block.
func (p planned) block(name string) planned {
	if blocks := p.blocks(name); len(blocks) > 0 {
		return blocks[0]
	}
	return planned{}
}

func (p planned) blocks(name string) []planned {
	unknown := p.unknown.Get(name).Items()
	var blocks []planned
	for i, value := range p.value.Get(name).Items() {
		block := planned{value: value}
		if i < len(unknown) {
			block.unknown = unknown[i]
		}
		blocks = append(blocks, block)
	}
	return blocks
}

// plannedPod adds the deployment of an object with a pod template.
func (r *planReader) plannedPod(t resource, kind string, template planned) {
	metadata := t.block("metadata")
	name := metadata.Get("name")
	if name.IsNull() {
		name = metadata.Get("generate_name")
	}
	d := r.Deployment(name, t.object)
	r.nameByAddress(t, &d.Name, &d.Subject)
	d.Subject.Kind = kind
	d.Subject.Namespace, _ = metadata.Get("namespace").Scalar()
	d.Replicas = r.Count(t.block("spec").Get("replicas"))
	r.Metadata(d, metadata)
	own := operators.Block(template.value.Get("metadata"))
	if own != metadata {
		r.Metadata(d, own)
	}

	spec := template.block("spec")
	var sum kube.PodSum
	for _, container := range spec.blocks("container") {
		if container.value.IsNull() {
			sum.AddUnknown()
			continue
		}
		sum.Container(r.plannedContainer(d, container))
	}
	for _, container := range spec.blocks("init_container") {
		if container.value.IsNull() {
			sum.AddUnknown()
			continue
		}
		sum.InitContainer(r.plannedContainer(d, container), container.value.Get("restart_policy").Is("Always"))
	}
	sum.State(d)
	if !d.GPUs.Known {
		var paths []*source.Node
		for _, volume := range spec.blocks("volume") {
			paths = append(paths, volume.block("host_path").value.Get("path"))
		}
		d.GPUs = r.UncountedGPU(spec.value.Get("runtime_class_name"), paths, spec.value.Get("container").Items())
	}

	group := "apps"
	if kind == "Pod" {
		group = ""
	}
	if !isUnknown(spec.unknown, "restart_policy") && kube.ServesByImage(group, kind, spec.value.Get("restart_policy")) {
		r.ModelServer(d, spec.value.Get("container").Items())
	}

	var s scheduling.Pods
	plannedPods(&s, spec.value)
	s.Metadata(own)
	s.Metadata(metadata)
	r.RunsOn(d, s)
}

// plannedContainer reads a container's resource request, like ObjectReader.Container. An unknown
// request is not replaced by the limit.
func (r *planReader) plannedContainer(d *read.Draft, container planned) kube.ResourceRequest {
	d.Image(container.value.Get("image"))
	resources := container.block("resources")
	requested := func(name string, read func(*source.Node) facts.Fact[float64]) facts.Fact[float64] {
		if resources.unknown.At("requests", name).Is("true") {
			return facts.Fact[float64]{}
		}
		return kube.Requested(resources.value, name, read)
	}
	a := kube.ResourceRequest{CPU: requested("cpu", r.Quantity), Memory: requested("memory", r.Memory)}
	a.GPUs, a.FPGAs = r.Devices(resources.value)
	if !a.GPUs.Known || a.GPUs.Value == 0 {
		if visible, _ := r.VisibleGPU(container.value); visible.Known {
			a.GPUs = visible
		}
	}
	return a
}

// plannedPods reads a pod's specification in the provider's structure.
func plannedPods(s *scheduling.Pods, spec *source.Node) {
	s.NodeName(spec.Get("node_name"))
	s.Selector(spec.Get("node_selector"))
	required := operators.Block(operators.Block(operators.Block(spec.Get("affinity")).Get("node_affinity")).Get("required_during_scheduling_ignored_during_execution"))
	// A term without requirements may have requirements that are not known yet.
	s.Terms(required.Get("node_selector_term").Items(), "match_expressions", "match_fields")
	s.Tolerations(spec.Get("toleration"))
}
