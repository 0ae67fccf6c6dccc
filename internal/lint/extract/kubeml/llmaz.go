package kubeml

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/scheduling"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Llmaz are the kinds of llmaz that serve: a Playground, and a Service with pods of its own. The models that they claim declare
// the accelerators, which replace those of the pods.
// https://llmaz.inftyai.com/docs/reference/inference.v1alpha1/
var Llmaz = read.Format{
	Name:      "llmaz",
	Title:     "llmaz's Playground and Service",
	Signs:     "`apiVersion` of `inference.llmaz.io`, and the `kind`",
	Reference: "https://llmaz.inftyai.com/docs/reference/inference.v1alpha1/",
	Links:     true,
	Marks:     [][]string{{"inference.llmaz.io/v"}, {"Playground", "Service"}},
	Shapes: map[string]*read.Shape{
		"Playground": read.Under(read.MappingOf(map[string]*read.Shape{
			"modelClaim": read.MappingShape, "modelClaims": llmazClaimsShape, "elasticConfig": read.MappingShape,
			"backendRuntimeConfig": read.Under(read.ResourcesShape, "resources"),
		}), "spec"),
		"Service": read.Under(read.MappingOf(map[string]*read.Shape{"modelClaims": llmazClaimsShape, "workloadTemplate": leaderWorkerShape}), "spec"),
	},
	Matches: func(root *source.Node) bool {
		group, kind := kube.GroupKind(root)
		return group == "inference.llmaz.io" && (kind == "Playground" || kind == "Service") && root.Has("spec")
	},
	Read: read.Using(newReader, func(r *operatorReader) {
		spec := r.Root.Get("spec")
		if r.Identity().Kind == "Playground" {
			r.llmazPlayground(spec)
			return
		}
		template := spec.Get("workloadTemplate")
		r.leaderAndWorkers("", spec.Get("replicas"), template, func(d *read.Draft, _ *source.Node) {
			d.Workload = r.WorkloadOfKind()
			r.llmazModels(d, spec)
		})
		r.OneCluster()
	}),
}

var llmazClaimsShape = read.MappingOf(map[string]*read.Shape{"models": read.ListOf(read.MappingOf(map[string]*read.Shape{"name": read.ScalarShape}))})

func (r *operatorReader) llmazPlayground(spec *source.Node) {
	d := r.Object(r.Root)
	d.Workload = r.WorkloadOfKind()
	r.Resources(d, spec.At("backendRuntimeConfig", "resources"))
	d.Replicas = r.Count(spec.Get("replicas"))
	if scaler := spec.Get("elasticConfig"); !scaler.IsNull() {
		kube.Autoscale(d, r.MarkUsed(scaler), r.Count(scaler.Get("minReplicas")), r.Count(scaler.Get("maxReplicas")))
	}
	r.llmazModels(d, spec)
	r.RunsIn(d, scheduling.Pods{}, nil)
}

// llmazModels adds the claimed models. Only the first one, which is the main model, has accelerators.
func (r *operatorReader) llmazModels(d *read.Draft, spec *source.Node) {
	r.model(d, spec.Get("modelClaim"), "modelName")
	for _, model := range spec.At("modelClaims", "models").Items() {
		r.model(d, model, "name")
	}
	if len(d.Models) > 0 {
		name := d.Models[0].Name
		d.Refer(read.Reference{Kind: read.LlmazModel, Name: name.Value, Node: name.Location.Node})
	}
}

// LlmazModel is a model of llmaz, whose flavors are alternatives of accelerators. It is not namespaced.
var LlmazModel = read.Format{
	Name:      "llmaz-model",
	Title:     "llmaz's OpenModel, for the Playgrounds and Services that claim it",
	Signs:     "`apiVersion` of `llmaz.io`, and the `kind`",
	Reference: "https://llmaz.inftyai.com/docs/reference/core.v1alpha1/",
	Links:     true,
	Auxiliary: true,
	Marks:     [][]string{{"llmaz.io/v"}, {"OpenModel"}},
	Shapes: map[string]*read.Shape{
		"": read.Under(read.ListOf(read.ResourcesShape.With(read.SchedulingFields)), "spec", "inferenceConfig", "flavors"),
	},
	Matches: func(root *source.Node) bool {
		group, kind := kube.GroupKind(root)
		return group == "llmaz.io" && kind == "OpenModel" && root.Has("spec")
	},
	Read: read.Using(newReader, func(r *operatorReader) {
		d := &read.Draft{}
		flavors := r.Root.At("spec", "inferenceConfig", "flavors").Items()
		if len(flavors) == 1 { // else any of several kinds of nodes will do
			var s scheduling.Pods
			s.Selector(flavors[0].Get("nodeSelector"))
			r.RunsOn(d, s)
		}
		for i, flavor := range flavors {
			gpus, _ := r.Devices(flavor) // has limits
			count := read.RoundUp(gpus)
			switch {
			case i == 0:
				d.GPUs = count
			case !count.Known || !d.GPUs.Known:
				d.GPUs = facts.Fact[int64]{}
			case count.Value < d.GPUs.Value:
				count.AtLeast, count.Location.Why = true, read.AtLeast+"other flavors have more GPUs"
				d.GPUs = count
			case count.Value > d.GPUs.Value:
				d.GPUs.AtLeast, d.GPUs.Location.Why = true, read.AtLeast+"other flavors have more GPUs"
			}
			if !d.GPUs.Known {
				break
			}
		}
		part := r.Part(read.LlmazModel, "the Playgrounds and Services that claim it", d)
		part.Name = r.Text(r.Root.At("metadata", "name")).Value
	}),
}
