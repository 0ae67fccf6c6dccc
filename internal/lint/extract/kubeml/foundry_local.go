package kubeml

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/scheduling"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// FoundryLocal is a model that Foundry Local serves on a cluster that is connected by Azure Arc. Its limits name a number of
// GPUs beside cpu and memory.
// https://learn.microsoft.com/azure/azure-sovereign-clouds/private/foundry-local/reference-model-deployment-operator
var FoundryLocal = read.Format{
	Name:      "foundry-local",
	Title:     "Foundry Local's ModelDeployment",
	Signs:     "`apiVersion` of `foundrylocal.azure.com`, and the `kind`",
	Reference: "https://learn.microsoft.com/azure/azure-sovereign-clouds/private/foundry-local/reference-model-deployment-operator",
	Marks:     [][]string{{"foundrylocal.azure.com/"}, {"ModelDeployment"}},
	Shapes: map[string]*read.Shape{
		"": read.Under(read.MappingOf(map[string]*read.Shape{
			"model": read.MappingOf(map[string]*read.Shape{"ref": read.ScalarShape, "catalog": read.MappingShape}), "compute": read.ScalarShape,
			"resources": read.MappingOf(map[string]*read.Shape{"requests": read.MappingShape, "limits": read.MappingShape}),
		}).With(read.SchedulingFields), "spec"),
	},
	Matches: func(root *source.Node) bool {
		group, kind := kube.GroupKind(root)
		return group == "foundrylocal.azure.com" && kind == "ModelDeployment" && root.Has("spec")
	},
	Read: read.Using(newReader, func(r *operatorReader) {
		spec := r.Root.Get("spec")
		d := r.Object(r.Root)
		d.Workload = r.WorkloadOfKind()
		d.Replicas = r.Count(spec.Get("replicas"))
		r.foundryModel(d, spec.Get("model"))
		r.foundryResources(d, spec)
		var s scheduling.Pods
		s.Pod(spec)
		r.RunsIn(d, s, nil)
	}),
}

// foundryModel adds the model of the catalog, or the Model to which the deployment refers.
func (r *operatorReader) foundryModel(d *read.Draft, model *source.Node) {
	catalog := model.Get("catalog")
	r.model(d, catalog, "name")
	for _, m := range d.Models {
		m.Version = r.Text(catalog.Get("version"))
	}
	r.model(d, model, "ref")
}

// foundryResources reads the resources of the container that serves. A second container terminates TLS, so that sums are lower
// bounds. Without a request the operator requests little, whatever the limit.
func (r *operatorReader) foundryResources(d *read.Draft, spec *source.Node) {
	requests, limits := spec.At("resources", "requests"), spec.At("resources", "limits")
	var sum kube.PodSum
	sum.Container(kube.ResourceRequest{
		CPU: r.Quantity(requests.Get("cpu")), Memory: r.Memory(requests.Get("memory")), MemoryLimit: r.Again(r.Memory, limits.Get("memory")),
		GPUs: r.foundryGPUs(spec, limits.Get("gpu")),
	})
	sum.Container(kube.ResourceRequest{})
	sum.State(d)
	if spec.Get("compute").Is("gpu") {
		r.atLeastOneGPU(d, spec.Get("compute"), "the model runs on GPUs")
	}
}

// foundryGPUs returns the number of GPUs, which has no effect if the model runs on the CPU or if the operator requests no GPU
// because something else allocates them.
func (r *operatorReader) foundryGPUs(spec, number *source.Node) facts.Fact[float64] {
	if spec.Get("compute").Is("cpu") || r.Boolean(spec.Get("skipGpuResource")).Value {
		return facts.Fact[float64]{}
	}
	return r.Device(number, read.GPUDevice)
}
