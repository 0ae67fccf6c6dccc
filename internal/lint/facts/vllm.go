package facts

import "github.com/mlpolicy/mlpolicy/internal/lint/source"

// vllmProductionStack is the vLLM production stack's serving engine: a VLLMRuntime
// of its operator, or the values of its Helm chart, where each model is one
// deployment. Its router and its cache servers run no model.
var vllmProductionStack = format{
	name:      "vllm-production-stack",
	title:     "vLLM production stack: VLLMRuntime, or the values of its Helm chart",
	signs:     "`apiVersion` of `production-stack.vllm.ai` and the `kind`, or `servingEngineSpec.modelSpec` with `modelURL` or `requestGPU`",
	reference: "https://docs.vllm.ai/projects/production-stack/en/latest/",
	marks: [][]string{
		{"production-stack.vllm.ai/v", "servingEngineSpec:", `servingEngineSpec"`, "servingEngineSpec'"},
		{"VLLMRuntime", "modelSpec"},
	},
	shapes: map[string]*shape{
		"VLLMRuntime": under(mappingOf(map[string]*shape{
			"model": mappingShape,
			"deploymentConfig": vllmContainerShape.with(map[string]*shape{
				"sidecarConfig": vllmContainerShape, "nodeSelectorTerms": nodeTermsShape,
			}),
			"autoscalingConfig": mappingShape, "storageConfig": mappingShape,
		}), "spec"),
	},
	matches: func(root *source.Node) bool {
		group, kind := groupKind(root)
		return group == "production-stack.vllm.ai" && kind == "VLLMRuntime" && root.Has("spec") ||
			!root.Has("apiVersion") && vllmModels(root)
	},
	read: func(r *reader) {
		if r.identity().kind == "VLLMRuntime" {
			r.vllmRuntime(r.root.Get("spec"))
		} else {
			r.vllmValues(r.root.Get("servingEngineSpec"))
		}
	},
}

var vllmContainerShape = mappingOf(map[string]*shape{"image": mappingShape, "resources": mappingShape})

// vllmModels reports whether a document holds the chart's values for a model at least.
func vllmModels(values *source.Node) bool {
	for _, model := range values.At("servingEngineSpec", "modelSpec").Elements() {
		if model.Has("modelURL") || model.Has("requestGPU") {
			return true
		}
	}
	return false
}

func (r *reader) vllmRuntime(spec *source.Node) {
	d := r.object(r.root)
	d.Workload = r.workloadOfKind()
	r.vllmModel(d, spec.Get("model"))

	config := spec.Get("deploymentConfig")
	var sum podSum
	sum.container(r.vllmContainer(d, config))
	if sidecar := config.Get("sidecarConfig"); r.boolean(sidecar.Get("enabled")).Value {
		sum.container(r.vllmContainer(d, sidecar))
	}
	sum.state(d)
	d.Replicas = r.count(config.Get("replicas"))
	r.vllmScaling(d, spec.Get("autoscalingConfig"), "minReplicas", "maxReplicas")

	var s scheduling
	s.affinity(config.Get("nodeSelectorTerms"))
	s.tolerations(config.Get("toleration"))
	if storage := spec.Get("storageConfig"); r.boolean(storage.Get("enabled")).Value {
		s.storageClass(storage.Get("storageClassName"))
	}
	r.runsIn(d, s, nil)
}

// vllmContainer reads a container of a VLLMRuntime.
func (r *reader) vllmContainer(d *Draft, container *source.Node) ask {
	image, resources := container.Get("image"), container.Get("resources")
	name := image.Get("name")
	d.imageOf(name, image.Get("registry"), "/", name)
	a := ask{cpu: r.quantity(filled(resources.Get("cpu"))), memory: r.memory(filled(resources.Get("memory")))}
	a.gpus, a.fpgas = r.vllmDevices(resources.Get("gpu"), resources.Get("gpuType"))
	return a
}

// vllmValues adds the models that the chart's values switch on.
func (r *reader) vllmValues(engine *source.Node) {
	r.completes = "nothing: no model in it is enabled"
	if on := r.boolean(engine.Get("enableEngine")); on.Known && !on.Value {
		return
	}
	var shared scheduling
	shared.tolerations(engine.Get("tolerations"))
	for _, model := range r.elements(engine.Get("modelSpec")) {
		if on := r.boolean(model.Get("enabled")); on.Known && !on.Value {
			continue
		}
		r.completes = ""
		ray := model.Get("raySpec")
		if r.boolean(ray.Get("enabled")).Value {
			r.vllmPod(engine, model, ray.Get("headNode"), shared).Component = Know("head", Place{Node: ray})
			worker := r.vllmPod(engine, model, model, shared)
			worker.Component = Know("worker", Place{Node: model})
			worker.Replicas = r.count(model.Get("replicaCount"))
			continue
		}
		d := r.vllmPod(engine, model, model, shared)
		d.Replicas = r.count(model.Get("replicaCount"))
		r.vllmScaling(d, model.Get("keda"), "minReplicaCount", "maxReplicaCount")
	}
}

// vllmPod adds a pod that serves a model of the chart and asks for what the values
// asked say; shared is the scheduling of all models.
func (r *reader) vllmPod(engine, model, asked *source.Node, shared scheduling) *Draft {
	d := r.deployment(model.Get("name"), model)
	d.Workload = Know(WebService, Place{Node: engine, Why: "vLLM serves the models"})
	r.metadata(d, model)                         // has annotations
	r.statements(d, model.Get("podAnnotations")) // of the same kind
	r.metadata(d, engine)                        // has labels
	r.vllmModel(d, model)
	repository := model.Get("repository")
	d.imageOf(repository, repository, ":", model.Get("tag"))

	var sum podSum
	sum.container(r.vllmAsk(asked))
	if init := model.Get("initContainer"); !init.IsNull() {
		sum.initContainer(r.container(d, init), false)
	}
	sum.state(d)

	s := shared
	s.pod(model) // has affinity, nodeName and tolerations
	if model.Get("affinity").Entries() == nil {
		s.affinity(model.Get("nodeSelectorTerms"))
	}
	s.storageClass(model.Get("storageClass"))
	r.runsIn(d, s, nil)
	return d
}

// vllmAsk reads what a container asks for: what resources say, else what the chart's own
// keys do.
func (r *reader) vllmAsk(of *source.Node) ask {
	if resources := of.Get("resources"); len(resources.Entries()) > 0 {
		a := ask{cpu: requested(resources, "cpu", r.quantity), memory: requested(resources, "memory", r.memory)}
		a.gpus, a.fpgas = r.devices(resources)
		return a
	}
	a := ask{
		cpu:    either(filled(of.Get("requestCPU")), filled(of.Get("limitCPU")), r.quantity),
		memory: either(filled(of.Get("requestMemory")), filled(of.Get("limitMemory")), r.memory),
	}
	a.gpus, a.fpgas = r.vllmDevices(of.Get("requestGPU"), of.Get("requestGPUType"))
	return a
}

// vllmDevices reads the number of devices of a kind, which is the name of a resource
// of Kubernetes; of a kind that is not known nothing is.
func (r *reader) vllmDevices(number, kind *source.Node) (gpus, fpgas Fact[float64]) {
	device := gpuDevice // what no kind stands for: nvidia.com/gpu
	if kind = filled(kind); !kind.IsNull() {
		device, _ = r.deviceOf(r.text(kind).Value)
	}
	switch device {
	case noDevice:
		return gpus, fpgas
	case fpgaDevice:
		return gpus, r.device(filled(number), device)
	}
	return r.device(filled(number), device), fpgas
}

// filled is the value; nil for an empty text, which to the operator is none.
func filled(n *source.Node) *source.Node {
	if n.Is("") {
		return nil
	}
	return n
}

func (r *reader) vllmModel(d *Draft, model *source.Node) {
	if name := r.text(model.Get("modelURL")); name.Known {
		d.Models = []*Model{{Name: name, Place: Place{Node: model}}}
	}
}

// vllmScaling reads an autoscaler that is on.
func (r *reader) vllmScaling(d *Draft, scaler *source.Node, least, most string) {
	if on := r.boolean(scaler.Get("enabled")); on.Value {
		d.autoscale(on.Place, r.count(scaler.Get(least)), r.count(scaler.Get(most)))
	} else {
		d.Autoscales = on
	}
}
