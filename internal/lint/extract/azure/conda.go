package azure

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// CondaEnvironment is a conda specification with packages of the Azure ML designer. Other conda
// specifications have no facts.
var CondaEnvironment = read.Format{
	Name:      "conda-environment",
	Title:     "Conda specification with packages of the Azure ML designer",
	Signs:     "`dependencies`, one of which starts with `azureml-designer-`",
	Reference: "https://docs.conda.io/projects/conda/en/latest/user-guide/tasks/manage-environments.html",
	Links:     true,
	Auxiliary: true,
	Marks:     [][]string{{"dependencies"}, {"azureml-designer-"}},
	Matches: func(root *source.Node) bool {
		return root.Get("dependencies").Items() != nil && !root.Has("$schema")
	},
	Read: read.Using(NewReader, func(r *ServiceReader) {
		d := &read.Draft{}
		r.designerConda(d, r.Root)
		r.Part(read.CondaFile, "the environments that use it as their conda file", d)
	}),
}
