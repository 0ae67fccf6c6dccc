package facts

import "github.com/mlpolicy/mlpolicy/internal/lint/source"

// kaito are the KAITO operator's kinds that run a model on machines of a VM size: a
// Workspace, whose fields stand beside its metadata, an InferenceSet of such
// workspaces, a RAGEngine, and a MultiRoleInference, each role of which is one
// deployment. KAITO runs on AKS, on clusters connected by Azure Arc and elsewhere: a
// name such as Standard_NC4_A2, which is Arc's, does not tell the cluster.
var kaito = format{
	name:      "kaito",
	title:     "KAITO Workspace, InferenceSet, RAGEngine and MultiRoleInference",
	signs:     "`apiVersion` of `kaito.sh`, and the `kind`",
	reference: "https://kaito-project.github.io/kaito/docs/",
	marks:     [][]string{{"kaito.sh/v"}, {"Workspace", "InferenceSet", "RAGEngine", "MultiRoleInference"}},
	shapes: map[string]*shape{
		"Workspace": kaitoRunShape.with(map[string]*shape{"tuning": kaitoModelShape}),
		"InferenceSet": under(mappingOf(map[string]*shape{
			"labelSelector": labelSelectorShape, "template": kaitoRunShape.with(map[string]*shape{"metadata": metadataShape}),
		}), "spec"),
		"RAGEngine": under(mappingOf(map[string]*shape{
			"compute":   kaitoResourceShape,
			"embedding": under(mappingOf(map[string]*shape{"image": scalarShape}), "local"),
		}), "spec"),
		"MultiRoleInference": under(mappingOf(map[string]*shape{
			"labelSelector": labelSelectorShape, "model": mappingShape, "roles": listOf(mappingShape),
		}), "spec"),
	},
	matches: func(root *source.Node) bool {
		group, kind := groupKind(root)
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
	read: func(r *reader) {
		spec := r.root.Get("spec")
		switch r.identity().kind {
		case "Workspace":
			r.kaitoWorkspace()
		case "InferenceSet":
			r.kaitoInferenceSet(spec)
		case "RAGEngine":
			r.kaitoRAGEngine(spec)
		case "MultiRoleInference":
			r.kaitoRoles(spec)
		}
	},
}

var (
	kaitoResourceShape = mappingOf(map[string]*shape{"instanceType": scalarShape, "labelSelector": labelSelectorShape})
	kaitoModelShape    = mappingOf(map[string]*shape{
		"preset":   mappingOf(map[string]*shape{"presetOptions": mappingOf(map[string]*shape{"image": scalarShape})}),
		"template": podTemplateShape,
	})
	kaitoRunShape = mappingOf(map[string]*shape{"resource": kaitoResourceShape, "inference": kaitoModelShape})
)

func (r *reader) kaitoWorkspace() {
	resource, inference, tuning := r.root.Get("resource"), r.root.Get("inference"), r.root.Get("tuning")
	d := r.object(r.root)
	run := inference
	switch {
	case !inference.IsNull():
		d.Workload = Know(WebService, Place{Node: inference, Why: "KAITO runs it as a web service"})
	case !tuning.IsNull():
		d.Workload = Know(Training, Place{Node: tuning, Why: "KAITO tunes the model"})
		run = tuning
	}
	d.Replicas = r.kaitoNodes(resource)
	var s scheduling
	s.labelSelector(resource.Get("labelSelector"))
	r.kaitoPod(d, s, resource, run)
}

func (r *reader) kaitoInferenceSet(spec *source.Node) {
	d := r.object(r.root)
	d.Workload = r.workloadOfKind()
	d.Replicas = r.count(spec.Get("replicas"))
	template := spec.Get("template")
	r.metadata(d, template.Get("metadata"))
	var s scheduling
	s.labelSelector(spec.Get("labelSelector"))
	s.metadata(template.Get("metadata"))
	r.kaitoPod(d, s, template.Get("resource"), template.Get("inference"))
}

// kaitoRAGEngine reads a service that looks documents up, with an embedding model
// that runs in it or elsewhere.
func (r *reader) kaitoRAGEngine(spec *source.Node) {
	d := r.object(r.root)
	d.Workload = r.workloadOfKind()
	compute, local := spec.Get("compute"), spec.At("embedding", "local")
	d.Replicas = r.kaitoNodes(compute)
	d.image(local.Get("image"))
	r.kaitoModel(d, local, "modelID")
	var s scheduling
	s.labelSelector(compute.Get("labelSelector"))
	r.kaitoPod(d, s, compute, nil)
}

func (r *reader) kaitoRoles(spec *source.Node) {
	var shared scheduling
	shared.labelSelector(spec.Get("labelSelector"))
	workload := r.workloadOfKind()
	model := spec.Get("model")
	for _, role := range r.elements(spec.Get("roles")) {
		d := r.object(role)
		d.Workload = workload
		d.Component = r.text(role.Get("type"))
		d.Replicas = r.count(role.Get("replicas"))
		r.kaitoModel(d, model, "name")
		r.kaitoPod(d, shared, role, nil)
	}
	r.oneCluster()
}

// kaitoPod reads what a pod has: a machine of the resource to itself, a share of a
// GPU of it or, where there is a template of one's own, what that asks for. run is
// the inference or the tuning.
func (r *reader) kaitoPod(d *Draft, s scheduling, resource, run *source.Node) {
	size := resource.Get("instanceType")
	r.instanceType(d, size)
	s.machine(size)
	preset, template := run.Get("preset"), run.Get("template")
	d.image(preset.At("presetOptions", "image"))
	r.kaitoModel(d, preset, "name")
	if !template.IsNull() {
		machine := *d
		r.metadata(d, template.Get("metadata"))
		r.pod(d, template.Get("spec"))
		d.GPUs, d.FPGAs = or(d.GPUs, machine.GPUs), or(d.FPGAs, machine.FPGAs)
		d.CPUCores, d.MemoryGiB = or(d.CPUCores, machine.CPUCores), or(d.MemoryGiB, machine.MemoryGiB)
		s.pod(template.Get("spec"))
	}
	if partition := resource.Get("partition"); !partition.IsNull() {
		d.GPUs = Know(int64(1), because(r.carry(partition), "a share of a GPU counts as one"))
	}
	r.runsIn(d, s, template.Get("metadata"))
}

// kaitoNodes reads on how many nodes a workload runs.
func (r *reader) kaitoNodes(resource *source.Node) Fact[int64] {
	nodes := r.count(resource.Get("count"))
	if nodes.Known {
		nodes.Place.Why = "one pod runs on each node"
	}
	return nodes
}

// kaitoModel adds the model that key of place names.
func (r *reader) kaitoModel(d *Draft, place *source.Node, key string) {
	if name := r.text(place.Get(key)); name.Known {
		d.Models = append(d.Models, &Model{Name: name, Place: Place{Node: place}})
	}
}
