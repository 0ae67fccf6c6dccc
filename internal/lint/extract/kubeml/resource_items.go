package kubeml

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// resourceItemsShape is the shape of resources in which a GPU is an item beside cpu and memory, as in Yatai and in Dynamo,
// which was made from it.
var (
	resourceItemsShape = read.MappingOf(map[string]*read.Shape{"requests": resourceItemShape, "limits": resourceItemShape})
	resourceItemShape  = read.MappingOf(map[string]*read.Shape{"custom": read.MappingShape, "gpuType": read.ScalarShape})
)

// defaultGPU is the resource of an item that names none.
const defaultGPU = "nvidia.com/gpu"

// withResourceItems returns a container whose requests and limits are replaced by those of resource items that are declared.
// The values stay those of the document. The container may be nil.
func (r *operatorReader) withResourceItems(container, resources *source.Node) *source.Node {
	if len(resources.Members()) == 0 {
		return container
	}
	key := func(name string) *source.Node {
		return resources.With(source.Content{Kind: source.String, Text: name})
	}
	var lists []source.Member
	for _, name := range []string{"requests", "limits"} {
		list := container.At("resources", name)
		if own := resources.Get(name); len(own.Members()) > 0 {
			list = r.namedItems(own)
		}
		if !list.IsNull() {
			lists = append(lists, source.Member{Key: key(name), Value: list})
		}
	}
	members := []source.Member{{Key: key("resources"), Value: resources.With(source.Content{Kind: source.Mapping, Members: lists})}}
	for _, member := range container.Members() {
		if member.Key.Text() != "resources" {
			members = append(members, member)
		}
	}
	base := container
	if base.IsNull() {
		base = resources
	}
	return base.With(source.Content{Kind: source.Mapping, Members: members})
}

// namedItems returns a list of resource items by the names of Kubernetes' resources. GPUs of an unknown type are left out.
func (r *operatorReader) namedItems(items *source.Node) *source.Node {
	var members []source.Member
	for _, member := range items.Members() {
		switch member.Key.Text() {
		case "cpu", "memory":
			members = append(members, member)
		case "gpu":
			name := defaultGPU
			if kind := filled(items.Get("gpuType")); !kind.IsNull() {
				if name = r.Text(kind).Value; name == "" {
					continue
				}
			}
			members = append(members, source.Member{Key: member.Key.With(source.Content{Kind: source.String, Text: name}), Value: filled(member.Value)})
		case "custom":
			members = append(members, member.Value.Members()...)
		}
	}
	return items.With(source.Content{Kind: source.Mapping, Members: members})
}
