package azure

import (
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// MLv1ActionDeploy is the parameters file of the GitHub action Azure/aml-deploy.
// The models are inputs of the workflow's step.
var MLv1ActionDeploy = read.Format{
	Name:      "azureml-v1-action-deploy",
	Title:     "Parameters of the GitHub action Azure/aml-deploy",
	Signs:     "JSON with `inference_entry_script` or `inference_source_directory`, or `deployment_compute_target` with another key of the action",
	Reference: "https://github.com/Azure/aml-deploy#parameters-file",
	Links:     true,
	Marks:     [][]string{{`"inference_entry_script"`, `"inference_source_directory"`, `"deployment_compute_target"`}},
	Matches: func(root *source.Node) bool {
		switch {
		case !inBraces(root):
			return false
		case root.Has("inference_entry_script"), root.Has("inference_source_directory"):
			return true
		case !root.Has("deployment_compute_target"):
			return false
		}
		for _, key := range []string{
			"create_image", "delete_service_after_deployment", "model_data_collection_enabled",
			"profiling_enabled", "skip_deployment", "test_enabled", "test_file_path",
		} {
			if root.Has(key) {
				return true
			}
		}
		return false
	},
	Read: read.Using(NewReader, func(r *ServiceReader) {
		skip := r.Root.Get("skip_deployment")
		if skipped := r.Boolean(skip); !skipped.Value {
			d := r.actionDeployment()
			d.Workload = facts.Know(facts.WebService, facts.Location{Node: r.Root, Why: "the action deploys web services"})
			if skipped.Known || skip.IsNull() {
				compute := r.Root.Get("deployment_compute_target")
				d.Target = r.actionTarget(compute)
				r.computeReference(d, compute)
			}
			r.sdkService(d, r.Root)
		}
		if image := r.Text(r.Root.Get("create_image")); strings.HasPrefix(image.Value, "function_") {
			d := r.actionDeployment()
			d.Target = facts.Know(facts.Functions, facts.Because(image.Location, "the image is for Azure Functions"))
			if image.Value == "function_http" {
				d.Workload = facts.Know(facts.WebService, facts.Because(image.Location, "the function answers web requests"))
			}
		}
	}),
}

// inBraces reports whether a mapping is written in JSON or flow style.
func inBraces(n *source.Node) bool {
	return n.Kind == source.Mapping && n.File().Text[n.Span().Start.Offset] == '{'
}

// actionTarget returns the target of the action: AKS with a compute, ACI without.
func (r *ServiceReader) actionTarget(compute *source.Node) facts.Fact[facts.Target] {
	name, stated := r.Scalar(compute)
	switch {
	case compute == nil:
		return facts.Know(facts.ACI, facts.Location{Node: r.Root, Why: "without deployment_compute_target the action deploys to ACI"})
	case compute.IsNull(), stated && name == "":
		return facts.Know(facts.ACI, facts.Because(r.MarkUsed(compute), "without a compute the action deploys to ACI"))
	case stated:
		return facts.Know(facts.AKS, facts.Because(r.MarkUsed(compute), "the action deploys to AKS if a compute is named"))
	}
	return facts.Fact[facts.Target]{}
}

// actionDeployment adds a deployment with the image that the action's deployments share.
func (r *ServiceReader) actionDeployment() *read.Draft {
	d := r.Deployment(r.Root.Get("name"), r.Root)
	image := r.Root.Get("custom_base_image")
	if gpu := r.Boolean(r.Root.Get("enable_gpu")); gpu.Known {
		r.enableGPU(d, gpu, image)
	}
	d.Image(image)
	r.designerImage(d, image)
	r.Tags(d, r.Root.Get("tags"))
	return d
}
