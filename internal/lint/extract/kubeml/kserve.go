package kubeml

import (
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// KServeInferenceService are KServe's services since v1alpha2, when the project was KFServing. Each
// component is one deployment. LLMInferenceServiceConfig is left out, since it does not serve a model
// by itself.
var KServeInferenceService = read.Format{
	Name:      "kserve-inference-service",
	Title:     "KServe InferenceService, KFServing's included, and LLMInferenceService",
	Signs:     "`apiVersion` of `serving.kserve.io` or `serving.kubeflow.org`, and the `kind`",
	Reference: "https://kserve.github.io/website/docs/reference/crd-api",
	Links:     true,
	Marks:     [][]string{{"serving.kserve.io/", "serving.kubeflow.org/"}, {"InferenceService"}, {"spec"}},
	Shapes: map[string]*read.Shape{
		"LLMInferenceService": read.Under(llmRoleShape.With(map[string]*read.Shape{"model": read.MappingShape, "prefill": llmRoleShape}), "spec"),
		"": read.Under(kserveComponentsShape.With(map[string]*read.Shape{
			"default": kserveComponentsShape, "canary": kserveComponentsShape,
		}), "spec"),
	},
	Matches: func(root *source.Node) bool {
		switch group, kind := kube.GroupKind(root); group {
		case "serving.kserve.io":
			return (kind == "InferenceService" || kind == "LLMInferenceService") && root.Has("spec")
		case "serving.kubeflow.org":
			return kind == "InferenceService" && root.Has("spec")
		}
		return false
	},
	Read: read.Using(newReader, func(r *operatorReader) {
		spec := r.Root.Get("spec")
		if _, kind := kube.GroupKind(r.Root); kind == "LLMInferenceService" {
			r.llmService(spec)
		} else {
			r.kserveComponents("", spec)
			r.kserveComponents("", spec.Get("default"))
			r.kserveComponents("canary ", spec.Get("canary"))
		}
		r.OneCluster()
	}),
}

var (
	kserveServerShape = read.ContainerShape.With(map[string]*read.Shape{
		"modelFormat": read.MappingOf(map[string]*read.Shape{"name": read.ScalarShape}), "runtime": read.ScalarShape, "storageUri": read.ScalarShape,
	})
	kserveComponentShape = read.PodShape.With(map[string]*read.Shape{"workerSpec": read.PodShape, "custom": read.Under(read.ContainerShape, "container")})

	kserveComponentsShape = read.MappingOf(map[string]*read.Shape{
		"predictor": kserveComponentShape, "transformer": kserveComponentShape, "explainer": kserveComponentShape,
	})
	llmRoleShape = read.MappingOf(map[string]*read.Shape{"template": read.PodShape, "worker": read.PodShape})
)

// kserveComponents adds the components of an InferenceService. In v1alpha2 there are two sets of
// them.
func (r *operatorReader) kserveComponents(set string, of *source.Node) {
	for _, name := range []string{"predictor", "transformer", "explainer"} {
		component := of.Get(name)
		if component == nil || component.Kind != source.Mapping {
			continue
		}
		var containers []*source.Node
		for key, value := range component.Pairs() {
			switch {
			case key.Text() == "custom" && value.Has("container"):
				containers = append(containers, value.Get("container"))
			case kserveServer(key.Text()):
				r.CheckShape(value, kserveServerShape)
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

// kserveServer reports whether key has a container that KServe builds for a named model server or
// explainer.
func kserveServer(key string) bool {
	switch key {
	case "model", "sklearn", "xgboost", "tensorflow", "pytorch", "triton", "tensorrt", "onnx", "huggingface",
		"pmml", "lightgbm", "paddle", "alibi", "aix", "art":
		return true
	}
	return false
}

// kserveDeployment adds a component. pod describes its pod; metadata has its labels and
// annotations.
func (r *operatorReader) kserveDeployment(name string, pod, metadata *source.Node, containers ...*source.Node) *read.Draft {
	d := r.Object(pod)
	if name != "" {
		d.Component = facts.Know(name, facts.Location{Node: pod})
	}
	d.Workload = r.WorkloadOfKind()
	r.Metadata(d, metadata)
	r.Pod(d, pod, containers...)
	if name := r.Text(pod.At("model", "runtime")); name.Known {
		d.Refer(read.Reference{Kind: read.ServingRuntime, Name: name.Value, Namespace: kube.NamespaceOf(r.Root), Node: name.Location.Node})
	}
	r.Cluster(d, pod, metadata)
	return d
}

func (r *operatorReader) kserveReplicas(d *read.Draft, of *source.Node) {
	r.replicas(d, of.Get("minReplicas"), of.Get("maxReplicas"))
}

// replicas reads the bounds of a service's replicas. A lower bound of 0 implies autoscaling; an
// upper bound of 0 means no bound.
func (r *operatorReader) replicas(d *read.Draft, low, high *source.Node) {
	least, most := r.Count(low), r.Count(high)
	switch {
	case least.Known && least.Value == 0:
		d.Autoscales = facts.Know(true, least.Location)
	case !least.Known || !most.Known:
	case least.Value == most.Value:
		d.Replicas, d.Autoscales = least, facts.Know(false, most.Location)
	default:
		d.Autoscales = facts.Know(true, most.Location)
	}
}

// llmService adds the main pods of an LLMInferenceService, its prefill pods and the workers of
// both.
func (r *operatorReader) llmService(spec *source.Node) {
	r.llmPods("", spec, spec.Get("model"))
	if prefill := spec.Get("prefill"); !prefill.IsNull() {
		r.llmPods("prefill", prefill, spec.Get("model"))
	}
}

// llmPods adds the pods of the named role and their workers.
func (r *operatorReader) llmPods(name string, of, model *source.Node) {
	pod := of.Get("template")
	if pod.IsNull() {
		pod = of // KServe's configuration provides the template
	}
	add := func(name string, pod *source.Node) {
		d := r.kserveDeployment(name, pod, of)
		d.Replicas = r.Count(of.Get("replicas"))
		r.kserveReplicas(d, of.Get("scaling"))
		if name := r.Text(model.Get("name")); name.Known {
			d.Models = []*facts.Model{{Name: name, Location: facts.Location{Node: model}}}
		}
	}
	add(name, pod)
	if worker := of.Get("worker"); !worker.IsNull() {
		add(strings.TrimSpace(name+" worker"), worker)
	}
}
