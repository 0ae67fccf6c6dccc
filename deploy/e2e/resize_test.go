package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// A running pod is no way around a rule: what can be changed of its containers is judged.
func TestRunningPodsAreJudged(t *testing.T) {
	node := "virtual-node-resized"
	virtualNodes(t, node)
	ns := livelyNamespace(t, node)
	const ours, theirs = "contoso.azurecr.io/scorer:4", "docker.io/scorer:4"
	applied(t, ns, podOnVirtualNode("good", "1Gi", ours)+"---\n"+podOnVirtualNode("large", "128Gi", ours)+"---\n"+podOnVirtualNode("foreign", "1Gi", theirs))
	applied(t, ns, workloads[0].manifest())
	controlled := have(t, ns, "deployment", 1)[0].Name
	install(t, merge(failClosed, imageRules))

	resources := func(resources string) []string {
		return []string{"patch", "--subresource=resize", `--patch={"spec": {"containers": [{"name": "scorer", "resources": ` + resources + `}]}}`}
	}
	memory := func(size string) []string {
		return resources(fmt.Sprintf(`{"requests": {"memory": %q}, "limits": {"memory": %[1]q}}`, size))
	}
	debug := func(image string) []string {
		return []string{"debug", "--profile=general", "--image=" + image, "--container=debugger-" + fmt.Sprint(len(image))}
	}
	const old = "Warning: mlpolicy error, not new: "
	tests := []struct {
		name, pod string
		args      []string // of kubectl, without the pod
		denials   []string // how each line begins
		warnings  []string // the same
	}{
		{"memory up to a small value", "good", memory("2Gi"), nil, nil},
		{"memory up to just under the limit", "good", memory("49151Mi"), nil, nil},
		{"memory up to the limit", "good", memory("48Gi"), []string{"memory: good requests 48 GiB "}, nil},
		{"memory up to 64Gi", "good", memory("64Gi"), []string{"memory: good requests 64 GiB "}, nil},
		{"the CPU of a pod with too much memory", "large", resources(`{"requests": {"cpu": "1500m"}}`), nil, []string{old + "memory: large requests 128 GiB "}},
		{"too much memory down to what is still too much", "large", memory("64Gi"), nil, []string{old + "memory: large requests 64 GiB "}},
		{"too much memory down to a small value", "large", memory("2Gi"), nil, nil},
		{
			"a pod that a controller made, by hand", controlled, memory("128Gi"),
			[]string{"memory: " + controlled + " requests 128 GiB "}, []string{old + "cpu-only: " + controlled + " requests 1 GPU "},
		},
		{"a container to debug with of our registry", "good", debug("contoso.azurecr.io/debug:1"), nil, nil},
		{"a container to debug with of a foreign registry", "good", debug("docker.io/debug:1"), []string{"image-registry: docker.io/debug:1 is not in our registry (spec.ephemeralContainers[1].image)"}, nil},
		{"a container to debug with of our registry and no version", "good", debug("contoso.azurecr.io/debug:latest"), nil, []string{"Warning: mlpolicy: image-version: contoso.azurecr.io/debug:latest changes "}},
		{"a container to debug with, in a pod of a foreign registry", "foreign", debug("contoso.azurecr.io/debug:1"), nil, []string{old + "image-registry: docker.io/scorer:4 is not in our registry "}},
		{
			"a container to debug with of the image that is foreign already", "foreign", debug(theirs),
			[]string{"image-registry: docker.io/scorer:4 is not in our registry "}, []string{old + "image-registry: docker.io/scorer:4 is not in our registry "},
		},
		{
			"a container to debug with, in a pod that breaks rules", controlled, debug("contoso.azurecr.io/debug:1"), nil,
			[]string{old + "cpu-only: " + controlled + " requests 1 GPU ", old + "memory: " + controlled + " requests 64 GiB "},
		},
	}
	if len(tests) == 0 {
		t.Fatal("no cases")
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			args := append([]string{test.args[0], "pod/" + test.pod, "--namespace", ns}, test.args[1:]...)
			_, stderr, code := kubectl(t, args...)
			if (code != 0) != (test.denials != nil) {
				t.Errorf("exit code %d", code)
			}
			told, refused, isRefused := strings.Cut(stderr, denial)
			if isRefused {
				told = told[:strings.LastIndex(told, "\n")+1]
			}
			eachBegins(t, told, test.warnings...)
			eachBegins(t, refused, test.denials...)
		})
	}
}
