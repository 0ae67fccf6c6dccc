package facts

import (
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// azureMLv1Toolkit is a compute file of Microsoft's data science toolkit: the name
// of a class of the SDK and the arguments of its configuration. Its name, which
// begins with DEV- or PRD-, tells no stage.
var azureMLv1Toolkit = format{
	name:      "azureml-v1-toolkit",
	title:     "Compute file of Microsoft's data science toolkit for MLOps",
	signs:     "`COMPUTE_CONFIG` and a `COMPUTE_TYPE` that is a class of the SDK: AciWebservice, AksWebservice, LocalWebservice, AksCompute, AmlCompute, ComputeInstance",
	reference: "https://github.com/microsoft/dstoolkit-mlops-base",
	marks: [][]string{
		{"COMPUTE_TYPE"}, {"COMPUTE_CONFIG"},
		{"AciWebservice", "AksWebservice", "LocalWebservice", "AksCompute", "AmlCompute", "ComputeInstance"},
	},
	matches: func(root *source.Node) bool {
		target, _ := sdkClass(root.Get("COMPUTE_TYPE"))
		return target != "" && root.Has("COMPUTE_CONFIG")
	},
	read: func(r *reader) {
		class, arguments := r.root.Get("COMPUTE_TYPE"), r.root.Get("COMPUTE_CONFIG")
		target, serves := sdkClass(class)
		if serves {
			d := r.deployment(arguments.Get("name"), r.root)
			d.Target = Know(target, r.carry(class))
			d.Workload = Know(WebService, because(d.Target.Place, "the class is a web service"))
			r.sdkService(d, arguments)
			r.tags(d, arguments.Get("tags"))
			return
		}
		c := r.compute(arguments.Get("name"), r.root)
		c.Target = Know(target, r.carry(class))
		c.ManagedBy = Know(ByAzureML, because(c.Target.Place, "the SDK creates the compute"))
		r.sdkCompute(c, arguments)
	},
}

// sdkClass returns the target of a class of the SDK, empty for any other text, and
// whether it is a web service rather than a compute.
func sdkClass(class *source.Node) (target Target, serves bool) {
	text, _ := class.Scalar()
	switch strings.TrimSpace(text) {
	case "AciWebservice":
		return ACI, true
	case "AksWebservice":
		return AKS, true
	case "LocalWebservice":
		return Local, true
	case "AksCompute":
		return AKS, false
	case "AmlCompute":
		return AMLCompute, false
	case "ComputeInstance":
		return ComputeInstance, false
	}
	return "", false
}
