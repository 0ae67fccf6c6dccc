package azure

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// MLv1ActionCompute is the parameters file of the GitHub action Azure/aml-compute.
var MLv1ActionCompute = read.Format{
	Name:      "azureml-v1-action-compute",
	Title:     "Parameters of the GitHub action Azure/aml-compute",
	Signs:     "JSON with `compute_type` akscluster or amlcluster",
	Reference: "https://github.com/Azure/aml-compute#parameters-file",
	Links:     true,
	Marks:     [][]string{{`"compute_type"`}, {`"akscluster"`, `"amlcluster"`}},
	Matches:   func(root *source.Node) bool { return inBraces(root) && actionCompute(root) != "" },
	Read: read.Using(NewReader, func(r *ServiceReader) {
		c := r.Compute(r.Root.Get("name"), r.Root)
		location := facts.Because(r.MarkUsed(r.Root.Get("compute_type")), "the action creates computes of this type")
		c.Target = facts.Know(actionCompute(r.Root), location)
		c.ManagedBy = facts.Know(facts.ByAzureML, location)
		r.sdkCompute(c, r.Root)
	}),
}

func actionCompute(root *source.Node) facts.Target {
	switch kind := root.Get("compute_type"); {
	case kind.Is("akscluster"):
		return facts.AKS
	case kind.Is("amlcluster"):
		return facts.AMLCompute
	}
	return ""
}
