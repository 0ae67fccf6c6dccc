package kubeml

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// KServeTrainedModel is a model that KServe loads into the pods of an InferenceService, beside others.
// https://kserve.github.io/website/docs/reference/crd-api
var KServeTrainedModel = read.Format{
	Name:      "kserve-trained-model",
	Title:     "KServe TrainedModel",
	Signs:     "`apiVersion` of `serving.kserve.io`, and the `kind`",
	Reference: "https://kserve.github.io/website/docs/reference/crd-api",
	Marks:     [][]string{{"serving.kserve.io/"}, {"TrainedModel"}},
	Shapes:    map[string]*read.Shape{"": read.Under(read.MappingShape, "spec", "model")},
	Matches: func(root *source.Node) bool {
		group, kind := kube.GroupKind(root)
		return group == "serving.kserve.io" && kind == "TrainedModel" && root.Has("spec")
	},
	Read: read.Using(newReader, func(r *operatorReader) {
		model := r.Root.At("spec", "model")
		d := r.Object(r.Root)
		d.Workload = r.WorkloadOfKind()
		d.MemoryGiB = r.Memory(model.Get("memory"))
		d.MemoryGiB.Location.Why = "memory that the model needs of its server"
		if name := r.Text(r.Identity().Name); name.Known {
			d.Models = []*facts.Model{{Name: name, Location: facts.Location{Node: r.Root.Get("spec")}}}
		}
		r.Cluster(d, nil, nil)
	}),
}
