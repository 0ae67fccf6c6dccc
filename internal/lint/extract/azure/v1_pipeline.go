package azure

import (
	"slices"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// MLv1Pipeline is the file for az ml pipeline create. Its steps may train or score. A parallel run
// step may do either too: it runs one script on much data. The name of its compute refers to the
// document that has it, and does not identify a target otherwise.
var MLv1Pipeline = read.Format{
	Name:      "azureml-v1-pipeline",
	Title:     "Azure ML CLI v1 pipeline, which may train or score",
	Signs:     "`pipeline` with named `steps`, one of which is a `…_step` or runs a `module`",
	Reference: "https://learn.microsoft.com/azure/machine-learning/v1/reference-pipeline-yaml",
	Auxiliary: true,
	Links:     true,
	Marks: [][]string{
		{"pipeline"}, {"steps"},
		append([]string{"default_compute", "runconfig"}, pipelineSteps...),
	},
	Matches: func(root *source.Node) bool {
		pipeline := root.Get("pipeline")
		for _, step := range pipeline.Get("steps").Members() {
			for _, kind := range pipelineSteps {
				if step.Value.Has(kind) {
					return true
				}
			}
			if step.Value.Get("module").Has("name") && (step.Value.Has("runconfig") || pipeline.Has("default_compute")) {
				return true
			}
		}
		return false
	},
	Read: read.Using(NewReader, func(r *ServiceReader) {
		pipeline := r.Root.Get("pipeline")
		d := r.Deployment(pipeline.Get("name"), pipeline)
		ownCompute := slices.ContainsFunc(pipeline.Get("steps").Members(), func(step source.Member) bool {
			return step.Value.Has("compute") || step.Value.Has("compute_target") || step.Value.Has("runconfig")
		})
		if !ownCompute {
			r.ComputeIDReference(d, pipeline.Get("default_compute"))
		}
	}),
}

// pipelineSteps are the types of steps that a pipeline in YAML can have, except modules.
var pipelineSteps = []string{
	"python_script_step", "parallel_run_step", "azurebatch_step", "databricks_step", "adla_step", "data_transfer_step",
}
