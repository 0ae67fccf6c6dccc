package facts

import (
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// azureMLv1Service is a web service of Azure ML, version 1, as its REST API takes and
// returns it outside of a template. The examples of the API's own specification wrap
// such bodies and are none.
// https://github.com/Azure/azure-rest-api-specs: machinelearningservices, 2020-05-15-preview to 2021-04-01
var azureMLv1Service = format{
	name:      "azureml-v1-service",
	title:     "Azure ML v1 web service, as in the REST API",
	signs:     "`properties.computeType` with the `type` of a service or with `environmentImageRequest`",
	reference: "https://learn.microsoft.com/rest/api/azureml/v1/",
	links:     true,
	marks: [][]string{
		{"computeType"},
		{"containerResourceRequirements", "environmentImageRequest"},
		{"orkspaces/services", "environmentImageRequest"},
	},
	matches: func(root *source.Node) bool {
		if root.Has("$schema") {
			return false
		}
		properties := root.Get("properties")
		computeType := properties.Get("computeType")
		if _, ok := v1Target(computeType); !ok && !laterFilled(computeType) {
			return false
		}
		if kind := root.Get("type"); !kind.IsNull() {
			return lowerScalar(kind) == "microsoft.machinelearningservices/workspaces/services" &&
				(properties.Has("containerResourceRequirements") || properties.Has("environmentImageRequest"))
		}
		return properties.Get("environmentImageRequest").Entries() != nil
	},
	read: func(r *reader) {
		d := r.deployment(r.lastNames(r.root.Get("name"), 1), r.root)
		r.tags(d, r.root.Get("tags"))
		r.azureMLv1Service(d, r.root.Get("properties"))
		r.ground()
	},
}

var imageRequestShape = mappingOf(map[string]*shape{
	"models":               listOf(under(mappingShape, "resourceRequirements")),
	"modelIds":             listOf(scalarShape),
	"environmentReference": mappingShape, "environment": mappingShape,
})

// azureMLv1Service reads the properties of a web service.
func (r *reader) azureMLv1Service(d *Draft, properties *source.Node) {
	d.API = Know(V1, Place{Node: d.Place.Node, Why: "services belong to version 1 of the API"})
	computeType := properties.Get("computeType")
	d.Workload = Know(WebService, Place{Node: computeType, Why: "a service of Azure ML is a web service"})
	if computeType == nil {
		d.Workload.Place.Node = d.Place.Node
	}
	r.text(computeType) // may be a template
	if target, ok := v1Target(computeType); ok {
		d.Target = Know(target, r.carry(computeType))
	}
	r.azureMLv1Requirements(d, properties)
	r.azureComputeReference(d, properties.Get("computeName"))

	image := properties.Get("environmentImageRequest")
	r.shaped(image, imageRequestShape)
	models := image.Get("models").Elements()
	for _, model := range models {
		d.Models = append(d.Models, &Model{Name: r.text(model.Get("name")), Version: r.text(model.Get("version")), Place: Place{Node: model}})
		for _, key := range []string{"tags", "kvTags"} {
			r.designerTags(d, model.Get(key))
		}
	}
	if len(models) == 0 {
		for _, id := range image.Get("modelIds").Elements() {
			r.azureMLv1Model(d, id)
		}
	}
	if len(models) == 1 && properties.Get("containerResourceRequirements").IsNull() {
		r.modelRequirements(d, models[0].Get("resourceRequirements"))
	}
	r.designerName(d, image.At("environmentReference", "name"))
	r.azureMLv1Environment(d, image.Get("environment"))
}

// azureMLv1Model reads the ID of a model: churn:7.
func (r *reader) azureMLv1Model(d *Draft, id *source.Node) {
	text := r.text(id)
	if !text.Known {
		return
	}
	name, version, versioned := strings.Cut(text.Value, ":")
	model := &Model{Name: Know(name, text.Place), Place: Place{Node: id}}
	if versioned {
		model.Version = Know(version, text.Place)
	}
	d.Models = append(d.Models, model)
}

// modelRequirements reads what a model is registered to need; its service is given so
// much where it asks for nothing else.
// https://learn.microsoft.com/python/api/azureml-core/azureml.core.resource_configuration.resourceconfiguration
func (r *reader) modelRequirements(d *Draft, resources *source.Node) {
	needs := &Draft{Deployment: Deployment{
		CPUCores: r.number(resources.Get("cpu")), MemoryGiB: r.number(resources.GetFold("memoryInGB")),
		GPUs: r.count(resources.Get("gpu")), FPGAs: r.count(resources.Get("fpga")),
	}}
	for _, place := range []*Place{&needs.CPUCores.Place, &needs.MemoryGiB.Place, &needs.GPUs.Place, &needs.FPGAs.Place} {
		place.Why = "requirement of the model"
	}
	(&merger{silent: true}).deployment(d, needs)
}
