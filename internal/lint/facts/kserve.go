package facts

import (
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// kserveInferenceService are KServe's services from v1alpha2, when it was
// KFServing, on: each component is one deployment. TrainedModel, InferenceGraph
// and LLMInferenceServiceConfig serve nothing by themselves.
var kserveInferenceService = format{
	name:      "kserve-inference-service",
	title:     "KServe InferenceService, KFServing's included, and LLMInferenceService",
	signs:     "`apiVersion` of `serving.kserve.io` or `serving.kubeflow.org`, and the `kind`",
	reference: "https://kserve.github.io/website/docs/reference/crd-api",
	links:     true,
	marks:     [][]string{{"serving.kserve.io/", "serving.kubeflow.org/"}, {"InferenceService"}, {"spec"}},
	shapes: map[string]*shape{
		"LLMInferenceService": under(llmRoleShape.with(map[string]*shape{"model": mappingShape, "prefill": llmRoleShape}), "spec"),
		"": under(kserveComponentsShape.with(map[string]*shape{
			"default": kserveComponentsShape, "canary": kserveComponentsShape,
		}), "spec"),
	},
	matches: func(root *source.Node) bool {
		switch group, kind := groupKind(root); group {
		case "serving.kserve.io":
			return (kind == "InferenceService" || kind == "LLMInferenceService") && root.Has("spec")
		case "serving.kubeflow.org":
			return kind == "InferenceService" && root.Has("spec")
		}
		return false
	},
	read: func(r *reader) {
		spec := r.root.Get("spec")
		if _, kind := groupKind(r.root); kind == "LLMInferenceService" {
			r.llmService(spec)
		} else {
			r.kserveComponents("", spec)
			r.kserveComponents("", spec.Get("default"))
			r.kserveComponents("canary ", spec.Get("canary"))
		}
		r.oneCluster()
	},
}

var (
	kserveServerShape = containerShape.with(map[string]*shape{
		"modelFormat": mappingOf(map[string]*shape{"name": scalarShape}), "runtime": scalarShape, "storageUri": scalarShape,
	})
	kserveComponentShape = podShape.with(map[string]*shape{"workerSpec": podShape, "custom": under(containerShape, "container")})

	kserveComponentsShape = mappingOf(map[string]*shape{
		"predictor": kserveComponentShape, "transformer": kserveComponentShape, "explainer": kserveComponentShape,
	})
	llmRoleShape = mappingOf(map[string]*shape{"template": podShape, "worker": podShape})
)

// kserveComponents adds the components of an InferenceService; of v1alpha2 there
// are two sets.
func (r *reader) kserveComponents(set string, of *source.Node) {
	for _, name := range []string{"predictor", "transformer", "explainer"} {
		component := of.Get(name)
		if component == nil || component.Kind != source.Mapping {
			continue
		}
		var containers []*source.Node
		for key, value := range component.Pairs() {
			switch {
			case key.Text == "custom" && value.Has("container"):
				containers = append(containers, value.Get("container"))
			case kserveServer(key.Text):
				r.shaped(value, kserveServerShape)
				containers = append(containers, value)
			}
		}
		d := r.kserveDeployment(set+name, component, component, containers...)
		r.kserveReplicas(d, component)
		if worker := component.Get("workerSpec"); !worker.IsNull() {
			r.kserveDeployment(set+name+" worker", worker, component)
		}
	}
}

// kserveServer reports whether key holds a container that KServe makes from the name
// of a model server or of an explainer.
func kserveServer(key string) bool {
	switch key {
	case "model", "sklearn", "xgboost", "tensorflow", "pytorch", "triton", "tensorrt", "onnx", "huggingface",
		"pmml", "lightgbm", "paddle", "alibi", "aix", "art":
		return true
	}
	return false
}

// kserveDeployment adds a component whose pod pod describes; metadata holds its
// own labels and annotations.
func (r *reader) kserveDeployment(name string, pod, metadata *source.Node, containers ...*source.Node) *Draft {
	d := r.object(pod)
	if name != "" {
		d.Component = Know(name, Place{Node: pod})
	}
	d.Workload = r.workloadOfKind()
	r.metadata(d, metadata)
	r.pod(d, pod, containers...)
	if name := r.text(pod.At("model", "runtime")); name.Known {
		d.refer(reference{kind: servingRuntime, name: name.Value, namespace: namespaceOf(r.root), node: name.Place.Node})
	}
	r.cluster(d, pod, metadata)
	return d
}

func (r *reader) kserveReplicas(d *Draft, of *source.Node) {
	r.replicas(d, of.Get("minReplicas"), of.Get("maxReplicas"))
}

// replicas reads the bounds of a service's replicas. A lower bound of 0 needs
// autoscaling, an upper bound of 0 is none.
func (r *reader) replicas(d *Draft, low, high *source.Node) {
	least, most := r.count(low), r.count(high)
	switch {
	case least.Known && least.Value == 0:
		d.Autoscales = Know(true, least.Place)
	case !least.Known || !most.Known:
	case least.Value == most.Value:
		d.Replicas, d.Autoscales = least, Know(false, most.Place)
	default:
		d.Autoscales = Know(true, most.Place)
	}
}

// llmService adds the main pods of an LLMInferenceService, its prefill pods and the
// workers of both.
func (r *reader) llmService(spec *source.Node) {
	r.llmPods("", spec, spec.Get("model"))
	if prefill := spec.Get("prefill"); !prefill.IsNull() {
		r.llmPods("prefill", prefill, spec.Get("model"))
	}
}

// llmPods adds the pods of one role, which name says, and the workers of these.
func (r *reader) llmPods(name string, of, model *source.Node) {
	pod := of.Get("template")
	if pod.IsNull() {
		pod = of // KServe's own configuration brings the template
	}
	add := func(name string, pod *source.Node) {
		d := r.kserveDeployment(name, pod, of)
		d.Replicas = r.count(of.Get("replicas"))
		r.kserveReplicas(d, of.Get("scaling"))
		if name := r.text(model.Get("name")); name.Known {
			d.Models = []*Model{{Name: name, Place: Place{Node: model}}}
		}
	}
	add(name, pod)
	if worker := of.Get("worker"); !worker.IsNull() {
		add(strings.TrimSpace(name+" worker"), worker)
	}
}
