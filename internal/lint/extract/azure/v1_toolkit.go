package azure

import (
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// MLv1Toolkit is a compute file of Microsoft's data science toolkit: a class of the SDK and the
// arguments of its configuration. Its file name begins with DEV- or PRD-, which does not declare a
// stage.
var MLv1Toolkit = read.Format{
	Name:      "azureml-v1-toolkit",
	RootKeys:  []string{"COMPUTE_TYPE"},
	Title:     "Compute file of Microsoft's data science toolkit for MLOps",
	Signs:     "`COMPUTE_CONFIG` and a `COMPUTE_TYPE` that is a class of the SDK: AciWebservice, AksWebservice, LocalWebservice, AksCompute, AmlCompute, ComputeInstance",
	Reference: "https://github.com/microsoft/dstoolkit-mlops-base",
	Links:     true,
	Marks: [][]string{
		{"COMPUTE_TYPE"}, {"COMPUTE_CONFIG"},
		{"AciWebservice", "AksWebservice", "LocalWebservice", "AksCompute", "AmlCompute", "ComputeInstance"},
	},
	Matches: func(root *source.Node) bool {
		target, _ := sdkClass(root.Get("COMPUTE_TYPE"))
		return target != "" && root.Has("COMPUTE_CONFIG")
	},
	Read: read.Using(NewReader, func(r *ServiceReader) {
		class, arguments := r.Root.Get("COMPUTE_TYPE"), r.Root.Get("COMPUTE_CONFIG")
		target, serves := sdkClass(class)
		if serves {
			d := r.Deployment(arguments.Get("name"), r.Root)
			d.Target = facts.Know(target, r.MarkUsed(class))
			d.Workload = facts.Know(facts.WebService, facts.Because(d.Target.Location, "the class is a web service"))
			r.sdkService(d, arguments)
			r.Tags(d, arguments.Get("tags"))
			return
		}
		c := r.Compute(arguments.Get("name"), r.Root)
		c.Target = facts.Know(target, r.MarkUsed(class))
		c.ManagedBy = facts.Know(facts.ByAzureML, facts.Because(c.Target.Location, "the SDK creates the compute"))
		r.sdkCompute(c, arguments)
	}),
}

// sdkClass returns the target of a class of the SDK, empty for any other text. serves reports
// whether the class is a web service instead of a compute.
func sdkClass(class *source.Node) (target facts.Target, serves bool) {
	text, _ := class.Scalar()
	switch strings.TrimSpace(text) {
	case "AciWebservice":
		return facts.ACI, true
	case "AksWebservice":
		return facts.AKS, true
	case "LocalWebservice":
		return facts.Local, true
	case "AksCompute":
		return facts.AKS, false
	case "AmlCompute":
		return facts.AMLCompute, false
	case "ComputeInstance":
		return facts.ComputeInstance, false
	}
	return "", false
}
