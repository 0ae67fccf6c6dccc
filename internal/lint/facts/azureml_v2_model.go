package facts

import "github.com/mlpolicy/mlpolicy/internal/lint/source"

// azureMLv2Model is a model asset.
var azureMLv2Model = format{
	name:      "azureml-v2-model",
	title:     "Azure ML CLI v2 model",
	signs:     "`$schema`",
	reference: "https://learn.microsoft.com/azure/machine-learning/reference-yaml-model",
	links:     true,
	auxiliary: true,
	marks:     [][]string{{"$schema"}, {"azureml"}, {"odel.schema.json", "/Model.json"}},
	matches:   func(root *source.Node) bool { return azureMLSchema(root) == "model" },
	read: func(r *reader) {
		d, model := &Draft{}, &Model{Place: Place{Node: r.root}}
		d.Models = []*Model{model}
		r.modelAsset(d, model, r.root)
		part := r.part(modelAsset, "the deployments of the model", d)
		part.name, part.version = model.Name.Value, model.Version.Value
	},
}

// azureMLv2Environment is an environment asset.
var azureMLv2Environment = format{
	name:      "azureml-v2-environment",
	title:     "Azure ML CLI v2 environment",
	signs:     "`$schema`",
	reference: "https://learn.microsoft.com/azure/machine-learning/reference-yaml-environment",
	links:     true,
	auxiliary: true,
	marks:     [][]string{{"$schema"}, {"azureml"}, {"nvironment.schema.json", "/Environment.json"}},
	matches:   func(root *source.Node) bool { return azureMLSchema(root) == "environment" },
	read: func(r *reader) {
		d := &Draft{}
		r.environment(d, r.root)
		part := r.part(environmentAsset, "the deployments in the environment", d)
		part.name, part.version = r.text(r.root.Get("name")).Value, r.text(r.root.Get("version")).Value
	},
}
