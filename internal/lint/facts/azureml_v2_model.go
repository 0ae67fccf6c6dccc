package facts

import "github.com/mlpolicy/mlpolicy/internal/lint/source"

// azureMLv2Model is a model asset.
var azureMLv2Model = format{
	name:      "azureml-v2-model",
	auxiliary: true,
	marks:     [][]string{{"$schema"}, {"azureml"}, {"odel.schema.json", "/Model.json"}},
	matches:   func(root *source.Node) bool { return azureMLSchema(root) == "model" },
	read:      func(r *reader) { r.completes = "nothing: the deployments of the model name it themselves" },
}

// azureMLv2Environment is an environment asset.
var azureMLv2Environment = format{
	name:      "azureml-v2-environment",
	auxiliary: true,
	marks:     [][]string{{"$schema"}, {"azureml"}, {"nvironment.schema.json", "/Environment.json"}},
	matches:   func(root *source.Node) bool { return azureMLSchema(root) == "environment" },
	read:      func(r *reader) { r.completes = "nothing: the deployments in the environment name it themselves" },
}
