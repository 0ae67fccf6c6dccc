package facts

import "github.com/mlpolicy/mlpolicy/internal/lint/source"

// mlflowModel is the file MLmodel that MLflow writes beside a model's files. Before
// version 2.8 it does not say how large they are; then it is of no use here.
var mlflowModel = format{
	name:      "mlflow-model",
	title:     "MLflow's `MLmodel`, for the size of the model",
	signs:     "`flavors` and `model_size_bytes`",
	reference: "https://mlflow.org/docs/latest/ml/model/#model-format",
	links:     true,
	auxiliary: true,
	marks:     [][]string{{"model_size_bytes"}, {"flavors"}},
	matches: func(root *source.Node) bool {
		return root.Has("model_size_bytes") && root.Get("flavors").Entries() != nil
	},
	read: func(r *reader) {
		model := &Model{Place: Place{Node: r.root}}
		model.SizeBytes = r.size(r.root.Get("model_size_bytes"))
		if model.SizeBytes.Known {
			model.SizeSource = Know("MLmodel", model.SizeBytes.Place)
		}
		r.part(mlModel, "the deployments whose model is in its folder", &Draft{Deployment: Deployment{Models: []*Model{model}}})
	},
}
