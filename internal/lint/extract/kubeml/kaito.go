package kubeml

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/scheduling"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// KAITO are the KAITO operator's kinds that run a model on machines of a VM size. Each Workspace,
// whose fields are beside its metadata, InferenceSet, RAGEngine and role of a MultiRoleInference is
// one deployment.
//
// KAITO runs on AKS, on clusters connected by Azure Arc and on others. Arc's own VM sizes, such as
// Standard_NC4_A2, do not identify the cluster.
var KAITO = read.Format{
	Name:      "kaito",
	Title:     "KAITO Workspace, InferenceSet, RAGEngine and MultiRoleInference",
	Signs:     "`apiVersion` of `kaito.sh`, and the `kind`",
	Reference: "https://kaito-project.github.io/kaito/docs/",
	Marks:     [][]string{{"kaito.sh/v"}, {"Workspace", "InferenceSet", "RAGEngine", "MultiRoleInference"}},
	Shapes: map[string]*read.Shape{
		"Workspace": kaitoRunShape.With(map[string]*read.Shape{"tuning": kaitoModelShape}),
		"InferenceSet": read.Under(read.MappingOf(map[string]*read.Shape{
			"labelSelector": read.LabelSelectorShape, "template": kaitoRunShape.With(map[string]*read.Shape{"metadata": read.MetadataShape}),
		}), "spec"),
		"RAGEngine": read.Under(read.MappingOf(map[string]*read.Shape{
			"compute":   kaitoResourceShape,
			"embedding": read.Under(read.MappingOf(map[string]*read.Shape{"image": read.ScalarShape}), "local"),
		}), "spec"),
		"MultiRoleInference": read.Under(read.MappingOf(map[string]*read.Shape{
			"labelSelector": read.LabelSelectorShape, "model": read.MappingShape, "roles": read.ListOf(read.MappingShape),
		}), "spec"),
	},
	Matches: func(root *source.Node) bool {
		group, kind := kube.GroupKind(root)
		if group != "kaito.sh" {
			return false
		}
		switch kind {
		case "Workspace":
			return root.Has("resource") || root.Has("inference") || root.Has("tuning")
		case "InferenceSet", "RAGEngine", "MultiRoleInference":
			return root.Has("spec")
		}
		return false
	},
	Read: read.Using(newReader, func(r *operatorReader) {
		spec := r.Root.Get("spec")
		switch r.Identity().Kind {
		case "Workspace":
			r.kaitoWorkspace()
		case "InferenceSet":
			r.kaitoInferenceSet(spec)
		case "RAGEngine":
			r.kaitoRAGEngine(spec)
		case "MultiRoleInference":
			r.kaitoRoles(spec)
		}
	}),
}

var (
	kaitoResourceShape = read.MappingOf(map[string]*read.Shape{"instanceType": read.ScalarShape, "labelSelector": read.LabelSelectorShape})
	kaitoModelShape    = read.MappingOf(map[string]*read.Shape{
		"preset":   read.MappingOf(map[string]*read.Shape{"presetOptions": read.MappingOf(map[string]*read.Shape{"image": read.ScalarShape})}),
		"template": read.PodTemplateShape,
	})
	kaitoRunShape = read.MappingOf(map[string]*read.Shape{"resource": kaitoResourceShape, "inference": kaitoModelShape})
)

func (r *operatorReader) kaitoWorkspace() {
	resource, inference, tuning := r.Root.Get("resource"), r.Root.Get("inference"), r.Root.Get("tuning")
	d := r.Object(r.Root)
	run := inference
	switch {
	case !inference.IsNull():
		d.Workload = facts.Know(facts.WebService, facts.Location{Node: inference, Why: "KAITO runs it as a web service"})
	case !tuning.IsNull():
		d.Workload = facts.Know(facts.Training, facts.Location{Node: tuning, Why: "KAITO tunes the model"})
		run = tuning
	}
	d.Replicas = r.kaitoNodes(resource)
	var s scheduling.Pods
	s.LabelSelector(resource.Get("labelSelector"))
	r.kaitoPod(d, s, resource, run)
}

func (r *operatorReader) kaitoInferenceSet(spec *source.Node) {
	d := r.Object(r.Root)
	d.Workload = r.WorkloadOfKind()
	d.Replicas = r.Count(spec.Get("replicas"))
	template := spec.Get("template")
	r.Metadata(d, template.Get("metadata"))
	var s scheduling.Pods
	s.LabelSelector(spec.Get("labelSelector"))
	s.Metadata(template.Get("metadata"))
	r.kaitoPod(d, s, template.Get("resource"), template.Get("inference"))
}

// kaitoRAGEngine reads a service that searches documents, with an embedding model that runs in the
// service or remotely.
func (r *operatorReader) kaitoRAGEngine(spec *source.Node) {
	d := r.Object(r.Root)
	d.Workload = r.WorkloadOfKind()
	compute, local := spec.Get("compute"), spec.At("embedding", "local")
	d.Replicas = r.kaitoNodes(compute)
	d.Image(local.Get("image"))
	r.model(d, local, "modelID")
	var s scheduling.Pods
	s.LabelSelector(compute.Get("labelSelector"))
	r.kaitoPod(d, s, compute, nil)
}

func (r *operatorReader) kaitoRoles(spec *source.Node) {
	var shared scheduling.Pods
	shared.LabelSelector(spec.Get("labelSelector"))
	workload := r.WorkloadOfKind()
	model := spec.Get("model")
	for _, role := range r.Elements(spec.Get("roles")) {
		d := r.Object(role)
		d.Workload = workload
		d.Component = r.Text(role.Get("type"))
		d.Replicas = r.Count(role.Get("replicas"))
		r.model(d, model, "name")
		r.kaitoPod(d, shared, role, nil)
	}
	r.OneCluster()
}

// kaitoPod reads the resources of a pod: a whole machine, a share of one of its GPUs or, with a
// custom template, the template's requests. run is the inference or the tuning.
func (r *operatorReader) kaitoPod(d *read.Draft, s scheduling.Pods, resource, run *source.Node) {
	size := resource.Get("instanceType")
	r.InstanceType(d, size)
	s.Machine(size)
	preset, template := run.Get("preset"), run.Get("template")
	d.Image(preset.At("presetOptions", "image"))
	r.model(d, preset, "name")
	if !template.IsNull() {
		machine := *d
		r.Metadata(d, template.Get("metadata"))
		r.Pod(d, template.Get("spec"))
		d.GPUs, d.FPGAs = facts.Or(d.GPUs, machine.GPUs), facts.Or(d.FPGAs, machine.FPGAs)
		d.CPUCores, d.MemoryGiB = facts.Or(d.CPUCores, machine.CPUCores), facts.Or(d.MemoryGiB, machine.MemoryGiB)
		s.Pod(template.Get("spec"))
	}
	if partition := resource.Get("partition"); !partition.IsNull() {
		d.GPUs = facts.Know(int64(1), facts.Because(r.MarkUsed(partition), "a share of a GPU counts as one"))
	}
	r.RunsIn(d, s, template.Get("metadata"))
}

// kaitoNodes returns the number of nodes of a workload.
func (r *operatorReader) kaitoNodes(resource *source.Node) facts.Fact[int64] {
	nodes := r.Count(resource.Get("count"))
	if nodes.Known {
		nodes.Location.Why = "one pod runs on each node"
	}
	return nodes
}
