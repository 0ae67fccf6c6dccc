package kubeml

import (
	"strconv"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/scheduling"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// KubeAI is a model that KubeAI serves. Its resources are those of a profile in KubeAI's configuration, multiplied. Of the
// profiles that KubeAI's chart defines the GPUs are known.
// https://www.kubeai.org/reference/kubernetes-api/
var KubeAI = read.Format{
	Name:      "kubeai",
	Title:     "KubeAI's Model",
	Signs:     "`apiVersion` of `kubeai.org`, and the `kind`",
	Reference: "https://www.kubeai.org/reference/kubernetes-api/",
	Marks:     [][]string{{"kubeai.org/v"}, {"Model"}},
	Shapes:    map[string]*read.Shape{"": read.Under(read.MappingOf(map[string]*read.Shape{"url": read.ScalarShape, "resourceProfile": read.ScalarShape}), "spec")},
	Matches: func(root *source.Node) bool {
		group, kind := kube.GroupKind(root)
		return group == "kubeai.org" && kind == "Model" && root.Has("spec")
	},
	Read: read.Using(newReader, func(r *operatorReader) {
		spec := r.Root.Get("spec")
		d := r.Object(r.Root)
		d.Workload = r.WorkloadOfKind()
		d.Image(spec.Get("image"))
		r.model(d, spec, "url")
		d.GPUs = r.kubeAIProfile(spec.Get("resourceProfile"))
		if off := r.Boolean(spec.Get("autoscalingDisabled")); off.Value {
			d.Replicas, d.Autoscales = r.Count(spec.Get("replicas")), facts.Know(false, off.Location)
		} else {
			r.replicas(d, spec.Get("minReplicas"), spec.Get("maxReplicas"))
		}
		r.RunsIn(d, scheduling.Pods{}, nil)
	}),
}

// kubeAIProfiles are the profiles with one GPU that the chart defines. Users may add others.
// https://github.com/substratusai/kubeai/blob/main/charts/kubeai/values.yaml
func kubeAIProfile(name string) bool {
	switch name {
	case "nvidia-gpu-t4", "nvidia-gpu-l4", "nvidia-gpu-l40s", "nvidia-gpu-h100", "nvidia-gpu-gh200", "nvidia-gpu-a100-80gb", "nvidia-gpu-a100-40gb",
		"nvidia-gpu-a16", "nvidia-gpu-rtx4070-8gb", "amd-gpu-mi300x":
		return true
	}
	return false
}

// kubeAIProfile returns the GPUs of a profile and its multiple: nvidia-gpu-l4:2.
func (r *operatorReader) kubeAIProfile(n *source.Node) facts.Fact[int64] {
	profile := r.Text(n)
	name, multiple, _ := strings.Cut(profile.Value, ":")
	if !kubeAIProfile(name) {
		return facts.Fact[int64]{}
	}
	number := int64(1)
	if multiple != "" {
		var err error
		if number, err = strconv.ParseInt(multiple, 10, 32); err != nil || number < 1 {
			return facts.Fact[int64]{}
		}
	}
	return facts.Know(number, facts.Because(profile.Location, "KubeAI's profile "+name+" requests one GPU"))
}
