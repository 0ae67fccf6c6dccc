package facts

import "github.com/mlpolicy/mlpolicy/internal/lint/source"

// azureMLv1ActionCompute is the parameters file of the GitHub action Azure/aml-compute.
var azureMLv1ActionCompute = format{
	name:      "azureml-v1-action-compute",
	title:     "Parameters of the GitHub action Azure/aml-compute",
	signs:     "JSON with `compute_type` akscluster or amlcluster",
	reference: "https://github.com/Azure/aml-compute#parameters-file",
	links:     true,
	marks:     [][]string{{`"compute_type"`}, {`"akscluster"`, `"amlcluster"`}},
	matches:   func(root *source.Node) bool { return inBraces(root) && actionCompute(root) != "" },
	read: func(r *reader) {
		c := r.compute(r.root.Get("name"), r.root)
		place := because(r.carry(r.root.Get("compute_type")), "the action creates computes of this type")
		c.Target = Know(actionCompute(r.root), place)
		c.ManagedBy = Know(ByAzureML, place)
		r.sdkCompute(c, r.root)
	},
}

func actionCompute(root *source.Node) Target {
	switch kind := root.Get("compute_type"); {
	case kind.Is("akscluster"):
		return AKS
	case kind.Is("amlcluster"):
		return AMLCompute
	}
	return ""
}
