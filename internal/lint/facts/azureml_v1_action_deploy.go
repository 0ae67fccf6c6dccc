package facts

import (
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// azureMLv1ActionDeploy is the parameters file of the GitHub action Azure/aml-deploy.
// The models are inputs of the workflow's step.
var azureMLv1ActionDeploy = format{
	name:      "azureml-v1-action-deploy",
	title:     "Parameters of the GitHub action Azure/aml-deploy",
	signs:     "JSON with `inference_entry_script` or `inference_source_directory`, or `deployment_compute_target` with another key of the action",
	reference: "https://github.com/Azure/aml-deploy#parameters-file",
	links:     true,
	marks:     [][]string{{`"inference_entry_script"`, `"inference_source_directory"`, `"deployment_compute_target"`}},
	matches: func(root *source.Node) bool {
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
	read: func(r *reader) {
		skip := r.root.Get("skip_deployment")
		if skipped := r.boolean(skip); !skipped.Value {
			d := r.actionDeployment()
			d.Workload = Know(WebService, Place{Node: r.root, Why: "the action deploys web services"})
			if skipped.Known || skip.IsNull() {
				compute := r.root.Get("deployment_compute_target")
				d.Target = r.actionTarget(compute)
				r.computeReference(d, compute)
			}
			r.sdkService(d, r.root)
		}
		if image := r.text(r.root.Get("create_image")); strings.HasPrefix(image.Value, "function_") {
			d := r.actionDeployment()
			d.Target = Know(Functions, because(image.Place, "the image is for Azure Functions"))
			if image.Value == "function_http" {
				d.Workload = Know(WebService, because(image.Place, "the function answers web requests"))
			}
		}
	},
}

// inBraces reports whether a mapping is written as JSON writes it.
func inBraces(n *source.Node) bool {
	return n.Kind == source.Mapping && n.File().Text[n.Span().Start.Offset] == '{'
}

// actionTarget reads where the action deploys to: to AKS where a compute is named,
// to ACI where none is.
func (r *reader) actionTarget(compute *source.Node) Fact[Target] {
	name, stated := r.scalar(compute)
	switch {
	case compute == nil:
		return Know(ACI, Place{Node: r.root, Why: "without deployment_compute_target the action deploys to ACI"})
	case compute.IsNull(), stated && name == "":
		return Know(ACI, because(r.carry(compute), "without a compute the action deploys to ACI"))
	case stated:
		return Know(AKS, because(r.carry(compute), "the action deploys to AKS if a compute is named"))
	}
	return Fact[Target]{}
}

// actionDeployment reads the image, which the action's deployments have in common.
func (r *reader) actionDeployment() *Draft {
	d := r.deployment(r.root.Get("name"), r.root)
	image := r.root.Get("custom_base_image")
	if gpu := r.boolean(r.root.Get("enable_gpu")); gpu.Known {
		r.enableGPU(d, gpu, image)
	}
	d.image(image)
	r.designerImage(d, image)
	r.tags(d, r.root.Get("tags"))
	return d
}
