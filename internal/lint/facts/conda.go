package facts

import "github.com/mlpolicy/mlpolicy/internal/lint/source"

// condaEnvironment is a conda specification with packages of the Azure ML designer.
// Any other is of no use here.
var condaEnvironment = format{
	name:      "conda-environment",
	title:     "Conda specification with packages of the Azure ML designer",
	signs:     "`dependencies`, one of which starts with `azureml-designer-`",
	reference: "https://docs.conda.io/projects/conda/en/latest/user-guide/tasks/manage-environments.html",
	links:     true,
	auxiliary: true,
	marks:     [][]string{{"dependencies"}, {"azureml-designer-"}},
	matches: func(root *source.Node) bool {
		return root.Get("dependencies").Elements() != nil && !root.Has("$schema")
	},
	read: func(r *reader) {
		d := &Draft{}
		r.designerConda(d, r.root)
		r.part(condaFile, "the environments that use it as their conda file", d)
	},
}
