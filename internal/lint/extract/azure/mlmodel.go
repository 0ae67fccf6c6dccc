package azure

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// MLflowModel is the file MLmodel that MLflow writes beside a model's files. Before MLflow 2.8 it
// does not declare the model's size; such a file has no facts.
var MLflowModel = read.Format{
	Name:      "mlflow-model",
	Title:     "MLflow's `MLmodel`, for the size of the model",
	Signs:     "`flavors` and `model_size_bytes`",
	Reference: "https://mlflow.org/docs/latest/ml/model/#model-format",
	Links:     true,
	Auxiliary: true,
	Marks:     [][]string{{"model_size_bytes"}, {"flavors"}},
	Matches: func(root *source.Node) bool {
		return root.Has("model_size_bytes") && root.Get("flavors").Members() != nil
	},
	Read: read.Using(NewReader, func(r *ServiceReader) {
		model := &facts.Model{Location: facts.Location{Node: r.Root}}
		model.SizeBytes = r.Size(r.Root.Get("model_size_bytes"))
		if model.SizeBytes.Known {
			model.SizeSource = facts.Know("MLmodel", model.SizeBytes.Location)
		}
		r.Part(read.MLModelPart, "the deployments whose model is in its folder", &read.Draft{Deployment: facts.Deployment{Models: []*facts.Model{model}}})
	}),
}
