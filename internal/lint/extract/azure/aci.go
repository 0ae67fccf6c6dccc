package azure

import (
	"strings"
	"time"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// ContainerGroup is the file for az container create --file. Most container groups are plain web
// applications; only a tag declares that one serves a model.
var ContainerGroup = read.Format{
	Name:      "aci-container-group",
	RootKeys:  []string{"type", "name", "properties"},
	Title:     "Azure Container Instances container group (`az container create --file`) and container group profile",
	Signs:     "`properties.containers` with `type` Microsoft.ContainerInstance/containerGroups or containerGroupProfiles, or with `osType` and a dated `apiVersion`",
	Reference: "https://learn.microsoft.com/azure/container-instances/container-instances-reference-yaml",
	Marks:     [][]string{{"emoryInG", "emorying"}, {"containers"}, {"ontainerInstance/", "ontainerinstance/", "osType"}},
	Matches: func(root *source.Node) bool {
		containers := root.At("properties", "containers")
		if root.Has("$schema") || root.Has("kind") || len(containers.Items())+len(containers.Members()) == 0 {
			return false
		}
		switch read.LowerScalar(root.Get("type")) {
		case "microsoft.containerinstance/containergroups", "microsoft.containerinstance/containergroupprofiles":
			return true
		}
		return !root.Has("type") && root.Get("properties").Has("osType") &&
			(dated(root.Get("apiVersion")) || dated(root.Get("api-version")))
	},
	Read: read.Using(NewReader, func(r *ServiceReader) {
		d := r.Deployment(r.Root.Get("name"), r.Root)
		d.Target = facts.Know(facts.ACI, facts.Location{Node: discriminator(r.Root), Why: "the document is a container group"})
		r.ContainerGroup(d, r.Root.Get("properties"))
		r.Tags(d, r.Root.Get("tags"))
	}),
}

// dated reports whether a version is a date, as in Azure's APIs.
func dated(version *source.Node) bool {
	text, _ := version.Scalar()
	_, err := time.Parse(time.DateOnly, strings.TrimSuffix(text, "-preview"))
	return err == nil
}

var (
	GroupContainerShape = read.MappingOf(map[string]*read.Shape{
		"image": read.ScalarShape, "resources": read.MappingOf(map[string]*read.Shape{"requests": read.Under(read.MappingShape, "gpu"), "limits": read.Under(read.MappingShape, "gpu")}),
	})
	containerGroupShape = read.MappingOf(map[string]*read.Shape{
		"containers":     read.ListOf(read.Under(GroupContainerShape, "properties")),
		"initContainers": read.ListOf(read.Under(GroupContainerShape, "properties")),
	})
)

// ContainerGroup reads the properties of a container group. Its containers run together. Its init
// containers run before them, one at a time.
func (r *ServiceReader) ContainerGroup(d *read.Draft, properties *source.Node) {
	var sum kube.RequestSum
	r.CheckShape(properties, containerGroupShape)
	for _, container := range properties.Get("containers").Items() {
		sum.Add(r.GroupContainer(d, container.Get("properties")))
	}
	for _, container := range properties.Get("initContainers").Items() {
		sum.Raise(kube.RequestSum{}.With(r.GroupContainer(d, container.Get("properties"))))
	}
	sum.State(d)
}

// GroupContainer reads the resource request of a container of a group, and its image.
func (r *ServiceReader) GroupContainer(d *read.Draft, container *source.Node) kube.ResourceRequest {
	r.Image(d, container.Get("image"))
	requests, limits := container.At("resources", "requests"), container.At("resources", "limits")
	gpus := read.Larger(r.GroupGPUs(requests.Get("gpu")), r.GroupGPUs(limits.Get("gpu")))
	// Azure writes GB and allocates GiB.
	memory := read.Either(requests.GetFold("memoryInGB"), limits.GetFold("memoryInGB"), r.Number)
	return kube.ResourceRequest{
		CPU:         read.Either(requests.Get("cpu"), limits.Get("cpu"), r.Number),
		Memory:      memory,
		MemoryLimit: read.Larger(memory, r.Again(r.Number, limits.GetFold("memoryInGB"))),
		GPUs:        gpus,
	}
}

// GroupGPUs reads {count, sku}. A sku without a count is at least one GPU.
func (r *ServiceReader) GroupGPUs(gpu *source.Node) facts.Fact[float64] {
	if count := gpu.Get("count"); !count.IsNull() {
		number := r.Count(count)
		return facts.Fact[float64]{Value: float64(number.Value), Known: number.Known, Location: number.Location}
	}
	if sku := r.Text(gpu.Get("sku")); sku.Known {
		return facts.Know(1.0, sku.Location)
	}
	return facts.Fact[float64]{}
}
