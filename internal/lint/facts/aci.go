package facts

import (
	"strings"
	"time"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// aciContainerGroup is what az container create --file takes. Most of them are
// plain web applications: only a tag says that one serves a model.
var aciContainerGroup = format{
	name:      "aci-container-group",
	title:     "Azure Container Instances container group (`az container create --file`) and container group profile",
	signs:     "`properties.containers` with `type` Microsoft.ContainerInstance/containerGroups or containerGroupProfiles, or with `osType` and a dated `apiVersion`",
	reference: "https://learn.microsoft.com/azure/container-instances/container-instances-reference-yaml",
	marks:     [][]string{{"emoryInG", "emorying"}, {"containers"}, {"ontainerInstance/", "ontainerinstance/", "osType"}},
	matches: func(root *source.Node) bool {
		containers := root.At("properties", "containers")
		if root.Has("$schema") || root.Has("kind") || len(containers.Elements())+len(containers.Entries()) == 0 {
			return false
		}
		switch lowerScalar(root.Get("type")) {
		case "microsoft.containerinstance/containergroups", "microsoft.containerinstance/containergroupprofiles":
			return true
		}
		return !root.Has("type") && root.Get("properties").Has("osType") &&
			(dated(root.Get("apiVersion")) || dated(root.Get("api-version")))
	},
	read: func(r *reader) {
		d := r.deployment(r.root.Get("name"), r.root)
		d.Target = Know(ACI, Place{Node: discriminator(r.root), Why: "the document is a container group"})
		r.containerGroup(d, r.root.Get("properties"))
		r.tags(d, r.root.Get("tags"))
	},
}

// dated reports whether a version is a date, as Azure's are.
func dated(version *source.Node) bool {
	text, _ := version.Scalar()
	_, err := time.Parse(time.DateOnly, strings.TrimSuffix(text, "-preview"))
	return err == nil
}

var (
	groupContainerShape = mappingOf(map[string]*shape{
		"image": scalarShape, "resources": mappingOf(map[string]*shape{"requests": under(mappingShape, "gpu"), "limits": under(mappingShape, "gpu")}),
	})
	containerGroupShape = mappingOf(map[string]*shape{
		"containers":     listOf(under(groupContainerShape, "properties")),
		"initContainers": listOf(under(groupContainerShape, "properties")),
	})
)

// containerGroup reads the properties of a container group. Its containers run
// together; the init containers run before them, one at a time.
func (r *reader) containerGroup(d *Draft, properties *source.Node) {
	var sum demand
	r.shaped(properties, containerGroupShape)
	for _, container := range properties.Get("containers").Elements() {
		sum.add(r.groupContainer(d, container.Get("properties")))
	}
	for _, container := range properties.Get("initContainers").Elements() {
		sum.raise(demand{}.with(r.groupContainer(d, container.Get("properties"))))
	}
	d.CPUCores, d.MemoryGiB, d.GPUs = sum.cpu.fact(), sum.memory.fact(), sum.gpus.whole()
	d.limitMemory(sum.memoryLimit.fact())
}

func (r *reader) groupContainer(d *Draft, container *source.Node) ask {
	r.image(d, container.Get("image"))
	requests, limits := container.At("resources", "requests"), container.At("resources", "limits")
	gpus := larger(r.groupGPUs(requests.Get("gpu")), r.groupGPUs(limits.Get("gpu")))
	// Azure writes GB and allocates GiB.
	memory := either(requests.GetFold("memoryInGB"), limits.GetFold("memoryInGB"), r.number)
	return ask{
		cpu:         either(requests.Get("cpu"), limits.Get("cpu"), r.number),
		memory:      memory,
		memoryLimit: larger(memory, r.again(r.number, limits.GetFold("memoryInGB"))),
		gpus:        gpus,
	}
}

// larger returns the larger of two quantities, or the known one.
func larger(a, b Fact[float64]) Fact[float64] {
	if !a.Known || b.Known && b.Value > a.Value {
		return b
	}
	return a
}

// groupGPUs reads {count, sku}; a sku without its count is one GPU at least.
func (r *reader) groupGPUs(gpu *source.Node) Fact[float64] {
	if count := gpu.Get("count"); !count.IsNull() {
		number := r.count(count)
		return Fact[float64]{Value: float64(number.Value), Known: number.Known, Place: number.Place}
	}
	if sku := r.text(gpu.Get("sku")); sku.Known {
		return Know(1.0, sku.Place)
	}
	return Fact[float64]{}
}
