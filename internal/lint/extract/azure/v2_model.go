package azure

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// MLv2Model is a model asset.
var MLv2Model = read.Format{
	Name:      "azureml-v2-model",
	Title:     "Azure ML CLI v2 model",
	Signs:     "`$schema`",
	Reference: "https://learn.microsoft.com/azure/machine-learning/reference-yaml-model",
	Links:     true,
	Auxiliary: true,
	Marks:     [][]string{{"$schema"}, {"azureml"}, {"odel.schema.json", "/Model.json"}},
	Matches:   func(root *source.Node) bool { return azureMLSchema(root) == "model" },
	Read: read.Using(NewReader, func(r *ServiceReader) {
		d, model := &read.Draft{}, &facts.Model{Location: facts.Location{Node: r.Root}}
		d.Models = []*facts.Model{model}
		r.modelAsset(d, model, r.Root)
		part := r.Part(read.ModelAsset, "the deployments of the model", d)
		part.Name, part.Version = model.Name.Value, model.Version.Value
	}),
}

// MLv2Environment is an environment asset.
var MLv2Environment = read.Format{
	Name:      "azureml-v2-environment",
	Title:     "Azure ML CLI v2 environment",
	Signs:     "`$schema`",
	Reference: "https://learn.microsoft.com/azure/machine-learning/reference-yaml-environment",
	Links:     true,
	Auxiliary: true,
	Marks:     [][]string{{"$schema"}, {"azureml"}, {"nvironment.schema.json", "/Environment.json"}},
	Matches:   func(root *source.Node) bool { return azureMLSchema(root) == "environment" },
	Read: read.Using(NewReader, func(r *ServiceReader) {
		d := &read.Draft{}
		r.environment(d, r.Root)
		part := r.Part(read.EnvironmentAsset, "the deployments in the environment", d)
		part.Name, part.Version = r.Text(r.Root.Get("name")).Value, r.Text(r.Root.Get("version")).Value
	}),
}
