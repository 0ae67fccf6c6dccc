package kubeml

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// OMEInferenceService is a service of OME. Its engine, decoder and router, and the predictor of older services, are one
// deployment each; of several nodes, the leader and the workers are. The runtime declares what a component does not.
// https://docs.sglang.io/ome/docs/reference/ome.v1beta1/
var OMEInferenceService = read.Format{
	Name:      "ome",
	Title:     "OME's InferenceService: each of its components",
	Signs:     "`apiVersion` of `ome.io`, and the `kind`",
	Reference: "https://docs.sglang.io/ome/docs/reference/ome.v1beta1/",
	Links:     true,
	Marks:     [][]string{omeGroup, {"InferenceService"}, {"spec"}},
	Shapes: map[string]*read.Shape{
		"": read.Under(read.MappingOf(map[string]*read.Shape{
			"engine": omeComponentShape, "decoder": omeComponentShape, "router": omeComponentShape, "runtime": read.MappingShape, "model": read.MappingShape,
			"predictor": read.PodShape.With(map[string]*read.Shape{"model": read.ContainerShape}),
		}), "spec"),
	},
	Matches: func(root *source.Node) bool {
		group, kind := kube.GroupKind(root)
		return group == "ome.io" && kind == "InferenceService" && root.Has("spec")
	},
	Read: read.Using(newReader, func(r *operatorReader) {
		spec := r.Root.Get("spec")
		for _, each := range omeComponents() {
			if component := spec.Get(each.name); !component.IsNull() {
				r.omeComponent(each, component, spec.Get("runtime"))
			}
		}
		if predictor := spec.Get("predictor"); !predictor.IsNull() {
			model := predictor.Get("model")
			d := r.omePods("predictor", predictor, predictor, model)
			r.replicas(d, predictor.Get("minReplicas"), predictor.Get("maxReplicas"))
			r.model(d, model, "baseModel")
			r.omeRuntime(d, model.Get("runtime"), nil, read.OMEEngine)
		}
		for _, d := range r.Deployments {
			r.model(d, spec.Get("model"), "name")
		}
		r.OneCluster()
	}),
}

// omeGroup are the ways to write the group, since its name alone is a part of frequent words.
var omeGroup = []string{" ome.io/", `"ome.io/`, "'ome.io/"}

var (
	omeRunnerShape    = read.PodShape.With(map[string]*read.Shape{"runner": read.ContainerShape})
	omeComponentShape = omeRunnerShape.With(map[string]*read.Shape{"leader": omeRunnerShape, "worker": omeRunnerShape})
)

// omeComponent is a component and what a runtime adds to it.
type omeComponent struct {
	name string
	kind read.PartKind
}

func omeComponents() []omeComponent {
	return []omeComponent{{"engine", read.OMEEngine}, {"decoder", read.OMEDecoder}, {"router", read.OMERouter}}
}

// omeComponent adds the pods of a component.
func (r *operatorReader) omeComponent(of omeComponent, component, runtime *source.Node) {
	leader, worker := component.Get("leader"), component.Get("worker")
	pod, role := component, of.name
	if !leader.IsNull() {
		pod, role = leader, of.name+" leader"
	}
	d := r.omePods(role, pod, component, pod.Get("runner"))
	r.replicas(d, component.Get("minReplicas"), component.Get("maxReplicas"))
	r.omeRuntime(d, runtime.Get("name"), runtime.Get("kind"), of.kind)
	if !worker.IsNull() {
		w := r.omePods(of.name+" worker", worker, component, worker.Get("runner"))
		if !d.Autoscales.Value && worker.Has("size") {
			w.Replicas = r.multiplied(d.Replicas, worker.Get("size"), "replicas times the workers of each")
		}
	}
}

// omePods adds pods whose main container is beside the fields of the pod. metadata has the labels and annotations.
func (r *operatorReader) omePods(name string, pod, metadata, runner *source.Node) *read.Draft {
	d := r.Object(pod)
	d.Component = facts.Know(name, facts.Location{Node: pod})
	d.Workload = r.WorkloadOfKind()
	r.Metadata(d, metadata)
	if runner.IsNull() {
		r.Pod(d, pod)
	} else {
		r.Pod(d, pod, runner)
	}
	r.Cluster(d, pod, metadata)
	return d
}

// omeRuntime refers to the runtime of a component, which is not namespaced unless its kind is ServingRuntime.
func (r *operatorReader) omeRuntime(d *read.Draft, runtime, kind *source.Node, part read.PartKind) {
	name := r.Text(runtime)
	if !name.Known {
		return
	}
	reference := read.Reference{Kind: part, Name: name.Value, Node: name.Location.Node}
	if kind.IsNull() || kind.Is("ServingRuntime") {
		reference.Namespace = kube.NamespaceOf(r.Root)
	}
	d.Refer(reference)
}

// OMEServingRuntime is a runtime to which InferenceServices of OME refer.
var OMEServingRuntime = read.Format{
	Name:      "ome-serving-runtime",
	Title:     "OME's ServingRuntime and ClusterServingRuntime, for the InferenceServices that name them",
	Signs:     "`apiVersion` of `ome.io`, and the `kind`",
	Reference: "https://docs.sglang.io/ome/docs/concepts/serving_runtime/",
	Links:     true,
	Auxiliary: true,
	Marks:     [][]string{omeGroup, {"ServingRuntime"}, {"spec"}},
	Shapes: map[string]*read.Shape{
		"": read.Under(read.PodShape.With(map[string]*read.Shape{
			"engineConfig": omeComponentShape, "decoderConfig": omeComponentShape, "routerConfig": omeComponentShape,
		}), "spec"),
	},
	Matches: func(root *source.Node) bool {
		group, kind := kube.GroupKind(root)
		return group == "ome.io" && (kind == "ServingRuntime" || kind == "ClusterServingRuntime") && root.Has("spec")
	},
	Read: read.Using(newReader, func(r *operatorReader) {
		spec := r.Root.Get("spec")
		for _, each := range omeComponents() {
			component := spec.Get(each.name + "Config")
			if component.IsNull() && each.name == "engine" && !spec.Get("containers").IsNull() {
				component = spec // a runtime of a predictor
			}
			if component.IsNull() {
				continue
			}
			pod := component
			if leader := component.Get("leader"); !leader.IsNull() {
				pod = leader
			}
			d := &read.Draft{}
			if runner := pod.Get("runner"); runner.IsNull() {
				r.Pod(d, pod)
			} else {
				r.Pod(d, pod, runner)
			}
			r.Cluster(d, pod, component)
			part := r.Part(each.kind, "the InferenceServices that name it", d)
			part.Name = r.Text(r.Root.At("metadata", "name")).Value
			if _, kind := kube.GroupKind(r.Root); kind == "ServingRuntime" {
				part.Namespace = kube.NamespaceOf(r.Root)
			}
		}
	}),
}
