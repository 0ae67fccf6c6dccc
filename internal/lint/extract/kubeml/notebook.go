package kubeml

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Notebook is a pod of Kubeflow in which a person works. It may run anything.
// https://www.kubeflow.org/docs/components/notebooks/
var Notebook = read.Format{
	Name:      "kubeflow-notebook",
	Title:     "Kubeflow's Notebook",
	Signs:     "`apiVersion` of `kubeflow.org`, and the `kind`",
	Reference: "https://www.kubeflow.org/docs/components/notebooks/",
	Auxiliary: true,
	Marks:     [][]string{{"kubeflow.org/v"}, {"Notebook"}, {"containers", "spec"}},
	Shapes:    map[string]*read.Shape{"": read.Under(read.PodTemplateShape, "spec", "template")},
	Matches: func(root *source.Node) bool {
		group, kind := kube.GroupKind(root)
		return group == "kubeflow.org" && kind == "Notebook" &&
			(root.At("spec", "template", "spec", "containers") != nil || read.BrokenPath(root, "spec", "template", "spec"))
	},
	Read: read.Using(newReader, func(r *operatorReader) {
		r.PodTemplate(r.Object(r.Root), r.Root.At("spec", "template"))
	}),
}
