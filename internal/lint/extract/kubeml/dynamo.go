package kubeml

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Dynamo is a graph of NVIDIA Dynamo: each component is one deployment. In v1alpha1 the components are services by name, with
// resources of their own; in v1beta1 they are a list with pod templates.
// https://docs.nvidia.com/dynamo/latest/kubernetes/api_reference.html
var Dynamo = read.Format{
	Name:      "nvidia-dynamo",
	Title:     "NVIDIA Dynamo's DynamoGraphDeployment: each of its components",
	Signs:     "`apiVersion` of `nvidia.com`, and the `kind`",
	Reference: "https://docs.nvidia.com/dynamo/latest/kubernetes/api_reference.html",
	Marks:     [][]string{{"DynamoGraphDeployment"}, {"spec"}},
	Shapes: map[string]*read.Shape{
		"": read.Under(read.MappingOf(map[string]*read.Shape{
			"services": read.MapOf(read.MappingOf(map[string]*read.Shape{
				"resources":        resourceItemsShape,
				"extraPodMetadata": read.MetadataShape, "extraPodSpec": read.PodShape.With(map[string]*read.Shape{"mainContainer": read.ContainerShape}),
				"multinode": read.MappingShape, "modelRef": read.MappingShape,
			})),
			"components": read.ListOf(read.MappingOf(map[string]*read.Shape{
				"podTemplate": read.PodTemplateShape, "multinode": read.MappingShape, "modelRef": read.MappingShape,
			})),
		}), "spec"),
	},
	Matches: func(root *source.Node) bool {
		group, kind := kube.GroupKind(root)
		return group == "nvidia.com" && kind == "DynamoGraphDeployment" &&
			(!root.At("spec", "services").IsNull() || !root.At("spec", "components").IsNull() || read.BrokenPath(root, "spec"))
	},
	Read: read.Using(newReader, func(r *operatorReader) {
		spec := r.Root.Get("spec")
		for name, service := range spec.Get("services").Pairs() {
			d := r.Object(service)
			d.Component = facts.Know(name.Text(), facts.Location{Node: name})
			r.dynamoComponent(d, service, service.Get("componentType"))
			r.dynamoService(d, spec, service)
		}
		for _, component := range spec.Get("components").Items() {
			d := r.Object(component)
			d.Component = r.Text(component.Get("name"))
			r.dynamoComponent(d, component, component.Get("type"))
			r.PodTemplate(d, component.Get("podTemplate"))
		}
		r.OneCluster()
	}),
}

// dynamoComponent reads what a component has in both versions. The frontend, the planner and the endpoint picker run no model.
// The operator ignores autoscaling; with a scaling adapter, the replicas are those of another object.
func (r *operatorReader) dynamoComponent(d *read.Draft, of, role *source.Node) {
	switch read.LowerScalar(role) {
	case "frontend", "planner", "epp":
	default:
		d.Workload = r.WorkloadOfKind()
	}
	r.model(d, of.Get("modelRef"), "name")
	if adapter := of.Get("scalingAdapter"); adapter.IsNull() || adapter.Get("enabled").Is("false") {
		nodes := factor{missing: 1}
		if multinode := of.Get("multinode"); !multinode.IsNull() {
			nodes = factor{node: multinode.Get("nodeCount")} // the default of 2 is the API server's
		}
		d.Replicas = r.pods("replicas times the nodes of each", factor{of.Get("replicas"), 1}, nodes)
	}
}

// dynamoService reads the pod of a service of v1alpha1. Its own requests and limits replace those of the main container.
func (r *operatorReader) dynamoService(d *read.Draft, spec, service *source.Node) {
	pod, metadata := service.Get("extraPodSpec"), service.Get("extraPodMetadata")
	r.Metadata(d, metadata)
	r.Metadata(d, service) // has labels and annotations
	r.Metadata(d, spec)    // has labels and annotations

	main := pod.Get("mainContainer")
	r.Pod(d, pod, r.withResourceItems(main, service.Get("resources")))
	r.Cluster(d, pod, metadata)
}
