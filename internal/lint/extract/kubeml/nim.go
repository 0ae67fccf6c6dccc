package kubeml

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/scheduling"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// NIM are the kinds of NVIDIA's NIM Operator: a NIMService and each enabled service of a NIMPipeline serve a model. A
// NIMCache is a job that downloads one; the GPUs of its source select a profile and are not requested.
// https://docs.nvidia.com/nim-operator/latest/crds.html
var NIM = read.Format{
	Name:      "nvidia-nim",
	Title:     "NVIDIA NIM Operator's NIMService, NIMPipeline and NIMCache",
	Signs:     "`apiVersion` of `apps.nvidia.com`, and the `kind`",
	Reference: "https://docs.nvidia.com/nim-operator/latest/service.html",
	Marks:     [][]string{{"NIMService", "NIMPipeline", "NIMCache"}, {"spec"}},
	Shapes: map[string]*read.Shape{
		"NIMService":  read.Under(nimServiceShape, "spec"),
		"NIMPipeline": read.Under(read.MappingOf(map[string]*read.Shape{"services": read.ListOf(read.Under(nimServiceShape, "spec"))}), "spec"),
		"NIMCache": read.Under(read.MappingOf(map[string]*read.Shape{"resources": read.MappingShape, "source": read.MappingShape}).With(
			read.SchedulingFields), "spec"),
	},
	Matches: func(root *source.Node) bool {
		group, kind := kube.GroupKind(root)
		return group == "apps.nvidia.com" && (kind == "NIMService" || kind == "NIMPipeline" || kind == "NIMCache") && root.Has("spec")
	},
	Read: read.Using(newReader, func(r *operatorReader) {
		spec := r.Root.Get("spec")
		switch r.Identity().Kind {
		case "NIMService":
			r.nimService(r.Root, spec)
		case "NIMPipeline":
			r.Completes = "nothing: no service in it is enabled"
			for _, service := range r.Elements(spec.Get("services")) {
				if on := r.Boolean(service.Get("enabled")); !on.Value {
					continue
				}
				r.Completes = ""
				r.nimService(service, service.Get("spec")).Component = r.Text(service.Get("name"))
			}
			r.OneCluster()
		case "NIMCache":
			r.nimCache(spec)
		}
	}),
}

var nimServiceShape = read.ContainerShape.With(map[string]*read.Shape{
	"image": read.MappingShape, "draResources": read.ListOf(read.MappingShape),
	"scale": read.Under(read.MappingShape, "hpa"), "multiNode": read.Under(read.MappingShape, "parallelism"),
	"storage": read.Under(read.MappingShape, "pvc"), "runtimeClassName": read.ScalarShape,
	"sidecarContainers": read.ListOf(read.MappingShape), "initContainers": read.ListOf(read.MappingShape),
	"labels": read.MapOf(read.ScalarShape), "annotations": read.MappingShape,
}).With(read.SchedulingFields)

// nimService adds a service. Its sidecars and init containers declare no resources.
func (r *operatorReader) nimService(node, spec *source.Node) *read.Draft {
	d := r.Object(node)
	d.Workload = r.WorkloadOfKind()
	r.Metadata(d, spec) // has labels and annotations

	var sum kube.PodSum
	r.nimImage(d, spec)
	sum.Container(r.Container(d, spec)) // has resources and env
	for _, sidecar := range spec.Get("sidecarContainers").Items() {
		r.nimImage(d, sidecar)
		sum.Container(kube.ResourceRequest{})
	}
	for _, container := range spec.Get("initContainers").Items() {
		r.nimImage(d, container)
	}
	sum.State(d)
	if !d.GPUs.Known {
		d.GPUs = r.UncountedGPU(spec.Get("runtimeClassName"), nil, []*source.Node{spec})
		d.Uncounted = d.GPUs.Known
	}
	for _, claim := range spec.Get("draResources").Items() {
		r.nimClaim(d, claim)
	}

	d.Replicas = r.pods("replicas times the pods of each", factor{spec.Get("replicas"), 1}, factor{spec.At("multiNode", "parallelism", "pipeline"), 1})
	if on := r.Boolean(spec.At("scale", "enabled")); on.Value {
		hpa := spec.At("scale", "hpa")
		kube.Autoscale(d, on.Location, r.Count(hpa.Get("minReplicas")), r.Count(hpa.Get("maxReplicas")))
	}

	var s scheduling.Pods
	s.Pod(spec)
	s.StorageClass(spec.At("storage", "pvc", "storageClass"))
	r.RunsIn(d, s, spec)
	return d
}

func (r *operatorReader) nimImage(d *read.Draft, container *source.Node) {
	image := container.Get("image")
	repository := image.Get("repository")
	d.ImageOf(repository, repository, ":", image.Get("tag"))
}

// defaultNIMClass is the device class of a claim that names none.
const defaultNIMClass = "gpu.nvidia.com"

// nimClaim adds the devices of a claim: of those that the operator creates the number is known, of others the claim has it.
func (r *operatorReader) nimClaim(d *read.Draft, claim *source.Node) {
	var gpus, fpgas read.Sum
	for _, device := range claim.At("claimCreationSpec", "devices").Items() {
		at, name := device, defaultNIMClass
		if class := r.Text(device.Get("deviceClassName")); class.Known {
			at, name = class.Location.Node, class.Value
		} else if !device.Get("deviceClassName").IsNull() {
			continue
		}
		kind, _ := r.DeviceOf(kube.DeviceClassPrefix + name)
		number := facts.Know(1.0, facts.Location{Node: at})
		if count := device.Get("count"); !count.IsNull() {
			number = r.Device(count, kind)
		}
		if !number.Known {
			continue
		}
		number.Location.Why = "the claim requests devices of the class " + name
		switch kind {
		case read.NoDevice:
		case read.FPGADevice:
			fpgas.Add(number)
		default:
			gpus.Add(number)
		}
	}
	kube.Claimed(&read.Merger{}, d, &read.Draft{Deployment: facts.Deployment{GPUs: gpus.Count(), FPGAs: fpgas.Count()}})
	if r.Claim(d, claim) {
		r.atLeastOneGPU(d, claim, "the claim gives the service GPUs")
	}
}

// nimCache adds the job that downloads a model.
func (r *operatorReader) nimCache(spec *source.Node) {
	d := r.Object(r.Root)
	resources := spec.Get("resources")
	d.CPUCores, d.MemoryGiB = r.Quantity(resources.Get("cpu")), r.Memory(resources.Get("memory"))
	r.model(d, spec.At("source", "hf"), "modelName")
	r.model(d, spec.At("source", "dataStore"), "modelName")
	var s scheduling.Pods
	s.Pod(spec)
	s.StorageClass(spec.At("storage", "pvc", "storageClass"))
	r.RunsIn(d, s, nil)
}
