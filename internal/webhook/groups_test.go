package webhook

import (
	"slices"
	"strings"
	"testing"
)

// TestConfiguredGroups reviews objects of kinds in the groups that a configuration names by their structure, and others not at all.
func TestConfiguredGroups(t *testing.T) {
	const configuration = "webhook: {kinds: [acme.example.com, policies.acme.example.com, argoproj.io]}"
	const pod = `{"nodeSelector": {"type": "virtual-kubelet"}, "containers": [{"name": "a", "image": "acme/score:1", "resources": {"limits": {"nvidia.com/gpu": "1"}}}]}`
	object := func(version, kind, spec string) string {
		return `{"apiVersion": "` + version + `", "kind": "` + kind + `", "metadata": {"name": "churn", "namespace": "scoring"}, "spec": ` + spec + `}`
	}
	text := strings.NewReplacer(`"`, `\"`).Replace
	tests := map[string]struct {
		object string
		want   []string
	}{
		"a pod":            {object("acme.example.com/v1", "Server", `{"template": {"spec": `+pod+`}}`), []string{"error cpu-only"}},
		"another version":  {object("acme.example.com/v2alpha1", "Server", `{"template": {"spec": `+pod+`}}`), []string{"error cpu-only"}},
		"pods in a list":   {object("acme.example.com/v1", "Server", `{"roles": [{"pod": {"containers": []}}, {"pod": `+pod+`}]}`), []string{"error cpu-only"}},
		"a container":      {object("acme.example.com/v1", "Server", `{"nodeSelector": {"type": "virtual-kubelet"}, "runner": {"image": "acme/score:1", "resources": {"limits": {"nvidia.com/gpu": 2}}}}`), []string{"error cpu-only"}},
		"a share of a GPU": {object("acme.example.com/v1", "Server", `{"template": {"spec": `+strings.Replace(pod, "nvidia.com/gpu", "nvidia.com/mig-1g.5gb", 1)+`}}`), []string{"error cpu-only"}},
		"a whole object":   {object("acme.example.com/v1", "Server", `{"parts": [`+object("apps/v1", "Deployment", `{"template": {"spec": `+pod+`}}`)+`]}`), []string{"error cpu-only"}},
		"a patch":          {object("acme.example.com/v1", "Server", `{"template": {"spec": `+strings.Replace(pod, `"image": "acme/score:1", `, "", 1)+`}}`), nil},
		"a template":       {object("acme.example.com/v1", "ServerTemplate", `{"template": {"spec": `+pod+`}}`), nil},
		"a runtime":        {object("acme.example.com/v1", "ServerRuntime", `{"template": {"spec": `+pod+`}}`), nil},
		"a policy":         {object("policies.acme.example.com/v1", "Check", `{"pattern": {"spec": `+pod+`}}`), nil},
		"a status":         {object("acme.example.com/v1", "Server", `{"status": {"pod": `+pod+`}, "metadata": {"pod": `+pod+`}, "valuesSchema": {"pod": `+pod+`}}`), nil},
		"a patched workflow": {
			object("argoproj.io/v1alpha1", "Workflow", `{"entrypoint": "a", "nodeSelector": {"type": "virtual-kubelet"}, "templates": [{"name": "a", "container": {"image": "acme/score:1"}, "podSpecPatch": "`+
				text(`{"containers": [{"name": "main", "resources": {"limits": {"nvidia.com/gpu": 1, "memory": "{{inputs.parameters.memory}}"}}}]}`)+`"}]}`), []string{"error cpu-only"},
		},
		"a manifest": {
			object("argoproj.io/v1alpha1", "Workflow", `{"entrypoint": "a", "templates": [{"name": "a", "resource": {"action": "create", "manifest": "`+
				text(object("v1", "Pod", pod))+`"}}]}`), []string{"error cpu-only"},
		},
	}
	if len(tests) == 0 {
		t.Fatal("no tests")
	}
	policy := policyOf(t, configuration)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			request, err := decode([]byte(reviewOf(test.object)))
			if err != nil {
				t.Fatal(err)
			}
			decision, err := policy.Review(t.Context(), request)
			if err != nil {
				t.Fatal(err)
			}
			if got := rulesOf(decision.Findings); !slices.Equal(got, test.want) {
				t.Errorf("%s with %s, want %s", decision.Verdict, got, test.want)
			}
		})
	}
}
