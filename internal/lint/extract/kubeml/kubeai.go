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

// KubeAI is a model that KubeAI serves. Its resources are those of a profile, multiplied, which the values of KubeAI's chart
// define. Of the profiles in the chart itself the GPUs are known.
// https://www.kubeai.org/reference/kubernetes-api/
var KubeAI = read.Format{
	Name:      "kubeai",
	Title:     "KubeAI's Model",
	Signs:     "`apiVersion` of `kubeai.org`, and the `kind`",
	Reference: "https://www.kubeai.org/reference/kubernetes-api/",
	Links:     true,
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
		r.kubeAIProfile(d, spec.Get("resourceProfile"))
		if off := r.Boolean(spec.Get("autoscalingDisabled")); off.Value {
			d.Replicas, d.Autoscales = r.Count(spec.Get("replicas")), facts.Know(false, off.Location)
		} else {
			r.replicas(d, spec.Get("minReplicas"), spec.Get("maxReplicas"))
		}
		r.RunsIn(d, scheduling.Pods{}, nil)
	}),
}

// kubeAIProfile reports whether the chart defines a profile with one GPU. Users may add others.
// https://github.com/substratusai/kubeai/blob/main/charts/kubeai/values.yaml
func kubeAIProfile(name string) bool {
	switch name {
	case "nvidia-gpu-t4", "nvidia-gpu-l4", "nvidia-gpu-l40s", "nvidia-gpu-h100", "nvidia-gpu-gh200", "nvidia-gpu-a100-80gb", "nvidia-gpu-a100-40gb",
		"nvidia-gpu-a16", "nvidia-gpu-rtx4070-8gb", "amd-gpu-mi300x":
		return true
	}
	return false
}

// maxMultiple is more than any pod has of a profile.
const maxMultiple = 1 << 20

// kubeAIProfile reads a profile and its multiple, such as nvidia-gpu-l4:2.
func (r *operatorReader) kubeAIProfile(d *read.Draft, n *source.Node) {
	profile := r.Text(n)
	name, text, multiplied := strings.Cut(profile.Value, ":")
	multiple := int64(1)
	if multiplied {
		var err error
		if multiple, err = strconv.ParseInt(text, 10, 64); err != nil || multiple < 1 || multiple > maxMultiple {
			return
		}
	}
	if name == "" {
		return
	}
	d.Refer(read.Reference{Kind: read.KubeAIProfile, Name: name, Node: profile.Location.Node, Multiple: multiple})
	if kubeAIProfile(name) {
		d.GPUs = facts.Know(multiple, facts.Because(profile.Location, "KubeAI's profile "+name+" requests one GPU"))
	}
}

// KubeAIProfiles are the resource profiles in the values of KubeAI's chart.
// https://www.kubeai.org/how-to/configure-resource-profiles/
var KubeAIProfiles = read.Format{
	Name:      "kubeai-profiles",
	Title:     "resource profiles in the values of KubeAI's chart, for the Models that name them",
	Signs:     "`resourceProfiles`, a mapping of profiles with `limits` or `requests`",
	Reference: "https://www.kubeai.org/how-to/configure-resource-profiles/",
	Links:     true,
	Auxiliary: true,
	Marks:     [][]string{{"Profiles"}, {"limits", "requests"}}, // resource is the start of a frequent word
	Shapes:    map[string]*read.Shape{"": read.MappingOf(map[string]*read.Shape{"resourceProfiles": read.MapOf(read.ResourcesShape.With(read.SchedulingFields))})},
	Matches: func(root *source.Node) bool {
		if root.Has("apiVersion") || root.Has("kind") {
			return false
		}
		for _, profile := range root.Get("resourceProfiles").Pairs() {
			if profile.Has("limits") || profile.Has("requests") {
				return true
			}
		}
		return false
	},
	Read: read.Using(newReader, func(r *operatorReader) {
		for name, profile := range r.Root.Get("resourceProfiles").Pairs() {
			d := &read.Draft{}
			r.Resources(d, profile)
			var s scheduling.Pods
			s.Pod(profile)
			r.RunsOn(d, s)
			r.Part(read.KubeAIProfile, "KubeAI's Models that name it", d).Name = name.Text()
		}
	}),
}
