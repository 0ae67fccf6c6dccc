package azure

import (
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// MLv1Service is a web service of Azure ML, version 1, in the structure of its REST API outside a
// template. The examples in the API's specification wrap such bodies and do not match.
// https://github.com/Azure/azure-rest-api-specs: machinelearningservices, 2020-05-15-preview to
// 2021-04-01
var MLv1Service = read.Format{
	Name:      "azureml-v1-service",
	Title:     "Azure ML v1 web service, as in the REST API",
	Signs:     "`properties.computeType` with the `type` of a service or with `environmentImageRequest`",
	Reference: "https://learn.microsoft.com/rest/api/azureml/v1/",
	Links:     true,
	Marks: [][]string{
		{"computeType"},
		{"containerResourceRequirements", "environmentImageRequest"},
		{"orkspaces/services", "environmentImageRequest"},
	},
	Matches: func(root *source.Node) bool {
		if root.Has("$schema") {
			return false
		}
		properties := root.Get("properties")
		computeType := properties.Get("computeType")
		if _, ok := v1Target(computeType); !ok && !unrendered(computeType) {
			return false
		}
		if kind := root.Get("type"); !kind.IsNull() {
			return read.LowerScalar(kind) == "microsoft.machinelearningservices/workspaces/services" &&
				(properties.Has("containerResourceRequirements") || properties.Has("environmentImageRequest"))
		}
		return properties.Get("environmentImageRequest").Members() != nil
	},
	Read: read.Using(NewReader, func(r *ServiceReader) {
		d := r.Deployment(r.LastNames(r.Root.Get("name"), 1), r.Root)
		r.Tags(d, r.Root.Get("tags"))
		r.MLv1Service(d, r.Root.Get("properties"))
		r.ResolveLocations()
	}),
}

var imageRequestShape = read.MappingOf(map[string]*read.Shape{
	"models":               read.ListOf(read.Under(read.MappingShape, "resourceRequirements")),
	"modelIds":             read.ListOf(read.ScalarShape),
	"environmentReference": read.MappingShape, "environment": read.MappingShape,
})

// MLv1Service reads the properties of a web service.
func (r *ServiceReader) MLv1Service(d *read.Draft, properties *source.Node) {
	d.API = facts.Know(facts.V1, facts.Location{Node: d.Location.Node, Why: "services belong to version 1 of the API"})
	computeType := properties.Get("computeType")
	d.Workload = facts.Know(facts.WebService, facts.Location{Node: computeType, Why: "a service of Azure ML is a web service"})
	if computeType == nil {
		d.Workload.Location.Node = d.Location.Node
	}
	r.Text(computeType) // reports a template
	if target, ok := v1Target(computeType); ok {
		d.Target = facts.Know(target, r.MarkUsed(computeType))
	}
	r.azureMLv1Requirements(d, properties)
	r.ComputeIDReference(d, properties.Get("computeName"))

	image := properties.Get("environmentImageRequest")
	r.CheckShape(image, imageRequestShape)
	models := image.Get("models").Items()
	for _, model := range models {
		d.Models = append(d.Models, r.serviceModel(d, model))
		for _, key := range []string{"tags", "kvTags"} {
			r.designerTags(d, model.Get(key))
		}
	}
	if len(models) == 0 {
		for _, id := range image.Get("modelIds").Items() {
			r.azureMLv1Model(d, id)
		}
	}
	if len(models) == 1 && properties.Get("containerResourceRequirements").IsNull() {
		r.modelRequirements(d, models[0].Get("resourceRequirements"))
	}
	r.DesignerName(d, image.At("environmentReference", "name"))
	r.azureMLv1Environment(d, image.Get("environment"))
	if config := properties.Get("inferenceConfig"); config != nil { // of the SDK, which makes the image from it
		container := &read.Draft{}
		r.inferenceConfig(container, config)
		(&read.Merger{IgnoreContradictions: true}).Deployment(d, container)
		d.References = append(d.References, container.References...)
	}
}

// serviceModel reads a model of a service. In the SDK it can have the path of its files.
func (r *ServiceReader) serviceModel(d *read.Draft, n *source.Node) *facts.Model {
	model := &facts.Model{
		Name: r.Text(n.Get("name")), Version: r.Text(n.Get("version")), Path: r.Text(n.Get("path")), Location: facts.Location{Node: n},
	}
	if n.File().IsForeign() && model.Name.Known && !model.Path.Known {
		d.Refer(read.Reference{Kind: read.ModelAsset, Name: model.Name.Value, Version: model.Version.Value, Node: n.Get("name"), Model: model})
	}
	return model
}

// azureMLv1Model reads the ID of a model, such as churn:7.
func (r *ServiceReader) azureMLv1Model(d *read.Draft, id *source.Node) {
	text := r.Text(id)
	if !text.Known {
		return
	}
	name, version, versioned := strings.Cut(text.Value, ":")
	model := &facts.Model{Name: facts.Know(name, text.Location), Location: facts.Location{Node: id}}
	if versioned {
		model.Version = facts.Know(version, text.Location)
	}
	d.Models = append(d.Models, model)
}

// modelRequirements reads the resources with which a model is registered. Its service gets them
// unless it requests others.
// https://learn.microsoft.com/python/api/azureml-core/azureml.core.resource_configuration.resourceconfiguration
func (r *ServiceReader) modelRequirements(d *read.Draft, resources *source.Node) {
	needs := &read.Draft{Deployment: facts.Deployment{
		CPUCores: r.Number(resources.Get("cpu")), MemoryGiB: r.Number(resources.GetFold("memoryInGB")),
		GPUs: r.Count(resources.Get("gpu")), FPGAs: r.Count(resources.Get("fpga")),
	}}
	for _, location := range []*facts.Location{&needs.CPUCores.Location, &needs.MemoryGiB.Location, &needs.GPUs.Location, &needs.FPGAs.Location} {
		location.Why = "requirement of the model"
	}
	(&read.Merger{IgnoreContradictions: true}).Deployment(d, needs)
}
