package kubeml

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/scheduling"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// VLLMProductionStack is the serving engine of the vLLM production stack: a VLLMRuntime of its
// operator, or the values of its Helm chart, where each model is one deployment. The stack's router
// and cache servers do not run models.
var VLLMProductionStack = read.Format{
	Name:      "vllm-production-stack",
	RootKeys:  []string{"servingEngineSpec"},
	Title:     "vLLM production stack: VLLMRuntime, or the values of its Helm chart",
	Signs:     "`apiVersion` of `production-stack.vllm.ai` and the `kind`, or `servingEngineSpec.modelSpec` with `modelURL` or `requestGPU`",
	Reference: "https://docs.vllm.ai/projects/production-stack/en/latest/",
	Marks: [][]string{
		{"production-stack.vllm.ai/v", "servingEngineSpec:", `servingEngineSpec"`, "servingEngineSpec'"},
		{"VLLMRuntime", "modelSpec"},
	},
	Shapes: map[string]*read.Shape{
		"VLLMRuntime": read.Under(read.MappingOf(map[string]*read.Shape{
			"model": read.MappingShape,
			"deploymentConfig": vllmContainerShape.With(map[string]*read.Shape{
				"sidecarConfig": vllmContainerShape, "nodeSelectorTerms": read.NodeTermsShape,
			}),
			"autoscalingConfig": read.MappingShape, "storageConfig": read.MappingShape,
		}), "spec"),
	},
	Matches: func(root *source.Node) bool {
		group, kind := kube.GroupKind(root)
		return group == "production-stack.vllm.ai" && kind == "VLLMRuntime" && root.Has("spec") ||
			!root.Has("apiVersion") && vllmModels(root)
	},
	Read: read.Using(newReader, func(r *operatorReader) {
		if r.Identity().Kind == "VLLMRuntime" {
			r.vllmRuntime(r.Root.Get("spec"))
		} else {
			r.vllmValues(r.Root.Get("servingEngineSpec"))
		}
	}),
}

var vllmContainerShape = read.MappingOf(map[string]*read.Shape{"image": read.MappingShape, "resources": read.MappingShape})

// vllmModels reports whether a document has the chart's values for at least one model.
func vllmModels(values *source.Node) bool {
	for _, model := range values.At("servingEngineSpec", "modelSpec").Items() {
		if model.Has("modelURL") || model.Has("requestGPU") {
			return true
		}
	}
	return false
}

func (r *operatorReader) vllmRuntime(spec *source.Node) {
	d := r.Object(r.Root)
	d.Workload = r.WorkloadOfKind()
	r.vllmModel(d, spec.Get("model"))

	config := spec.Get("deploymentConfig")
	var sum kube.PodSum
	sum.Container(r.vllmContainer(d, config))
	if sidecar := config.Get("sidecarConfig"); r.Boolean(sidecar.Get("enabled")).Value {
		sum.Container(r.vllmContainer(d, sidecar))
	}
	sum.State(d)
	d.Replicas = r.Count(config.Get("replicas"))
	r.vllmScaling(d, spec.Get("autoscalingConfig"), "minReplicas", "maxReplicas")

	var s scheduling.Pods
	s.Affinity(config.Get("nodeSelectorTerms"))
	s.Tolerations(config.Get("toleration"))
	if storage := spec.Get("storageConfig"); r.Boolean(storage.Get("enabled")).Value {
		s.StorageClass(storage.Get("storageClassName"))
	}
	r.RunsIn(d, s, nil)
}

// vllmContainer reads a container of a VLLMRuntime.
func (r *operatorReader) vllmContainer(d *read.Draft, container *source.Node) kube.ResourceRequest {
	image, resources := container.Get("image"), container.Get("resources")
	name := image.Get("name")
	d.ImageOf(name, image.Get("registry"), "/", name)
	a := kube.ResourceRequest{CPU: r.Quantity(filled(resources.Get("cpu"))), Memory: r.Memory(filled(resources.Get("memory")))}
	a.GPUs, a.FPGAs = r.vllmDevices(resources.Get("gpu"), resources.Get("gpuType"))
	return a
}

// vllmValues adds the models that the chart's values enable.
func (r *operatorReader) vllmValues(engine *source.Node) {
	r.Completes = "nothing: no model in it is enabled"
	if on := r.Boolean(engine.Get("enableEngine")); on.Known && !on.Value {
		return
	}
	var shared scheduling.Pods
	shared.Tolerations(engine.Get("tolerations"))
	for _, model := range r.Elements(engine.Get("modelSpec")) {
		if on := r.Boolean(model.Get("enabled")); on.Known && !on.Value {
			continue
		}
		r.Completes = ""
		ray := model.Get("raySpec")
		if r.Boolean(ray.Get("enabled")).Value {
			r.vllmPod(engine, model, ray.Get("headNode"), shared).Component = facts.Know("head", facts.Location{Node: ray})
			worker := r.vllmPod(engine, model, model, shared)
			worker.Component = facts.Know("worker", facts.Location{Node: model})
			worker.Replicas = r.Count(model.Get("replicaCount"))
			continue
		}
		d := r.vllmPod(engine, model, model, shared)
		d.Replicas = r.Count(model.Get("replicaCount"))
		r.vllmScaling(d, model.Get("keda"), "minReplicaCount", "maxReplicaCount")
	}
}

// vllmPod adds a pod that serves a model of the chart and has this resource request. shared
// is the scheduling of all models.
func (r *operatorReader) vllmPod(engine, model, request *source.Node, shared scheduling.Pods) *read.Draft {
	d := r.Deployment(model.Get("name"), model)
	d.Workload = facts.Know(facts.WebService, facts.Location{Node: engine, Why: "vLLM serves the models"})
	r.Metadata(d, model)                          // has annotations
	r.AddDeclared(d, model.Get("podAnnotations")) // has annotations too
	r.Metadata(d, engine)                         // has labels
	r.vllmModel(d, model)
	repository := model.Get("repository")
	d.ImageOf(repository, repository, ":", model.Get("tag"))

	var sum kube.PodSum
	sum.Container(r.vllmRequest(request))
	if init := model.Get("initContainer"); !init.IsNull() {
		sum.InitContainer(r.Container(d, init), false)
	}
	sum.State(d)

	s := shared
	s.Pod(model) // has affinity, nodeName and tolerations
	if model.Get("affinity").Members() == nil {
		s.Affinity(model.Get("nodeSelectorTerms"))
	}
	s.StorageClass(model.Get("storageClass"))
	r.RunsIn(d, s, nil)
	return d
}

// vllmRequest reads a container's resource request from resources, else from the chart's own keys.
func (r *operatorReader) vllmRequest(of *source.Node) kube.ResourceRequest {
	if resources := of.Get("resources"); len(resources.Members()) > 0 {
		a := kube.ResourceRequest{CPU: kube.Requested(resources, "cpu", r.Quantity), Memory: kube.Requested(resources, "memory", r.Memory)}
		a.GPUs, a.FPGAs = r.Devices(resources)
		return a
	}
	a := kube.ResourceRequest{
		CPU:    read.Either(filled(of.Get("requestCPU")), filled(of.Get("limitCPU")), r.Quantity),
		Memory: read.Either(filled(of.Get("requestMemory")), filled(of.Get("limitMemory")), r.Memory),
	}
	a.GPUs, a.FPGAs = r.vllmDevices(of.Get("requestGPU"), of.Get("requestGPUType"))
	return a
}

// vllmDevices reads the number of devices of a kind, which is the name of an extended resource. An
// unknown kind gives no facts.
func (r *operatorReader) vllmDevices(number, kind *source.Node) (gpus, fpgas facts.Fact[float64]) {
	device := read.GPUDevice // the default kind is nvidia.com/gpu
	if kind = filled(kind); !kind.IsNull() {
		device, _ = r.DeviceOf(r.Text(kind).Value)
	}
	switch device {
	case read.NoDevice:
		return gpus, fpgas
	case read.FPGADevice:
		return gpus, r.Device(filled(number), device)
	}
	return r.Device(filled(number), device), fpgas
}

// filled returns the value, nil for an empty string, which the operator treats as missing.
func filled(n *source.Node) *source.Node {
	if n.Is("") {
		return nil
	}
	return n
}

func (r *operatorReader) vllmModel(d *read.Draft, model *source.Node) {
	if name := r.Text(model.Get("modelURL")); name.Known {
		d.Models = []*facts.Model{{Name: name, Location: facts.Location{Node: model}}}
	}
}

// vllmScaling reads an enabled autoscaler.
func (r *operatorReader) vllmScaling(d *read.Draft, scaler *source.Node, least, most string) {
	if on := r.Boolean(scaler.Get("enabled")); on.Value {
		kube.Autoscale(d, on.Location, r.Count(scaler.Get(least)), r.Count(scaler.Get(most)))
	} else {
		d.Autoscales = on
	}
}
