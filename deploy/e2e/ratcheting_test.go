package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// An update is held against what was there: nobody is stopped by an old fault, and nobody makes a new one.
func TestRatcheting(t *testing.T) {
	const (
		oneGPU, twoGPUs = "cpu-only: scorer requests 1 GPU ", "cpu-only: scorer requests 2 GPUs "
		webService      = "gpu-web-service: scorer requests 1 GPU "
		ofMemory        = "memory: scorer requests %d GiB of memory "
		foreign         = "image-registry: docker.io/%s is not in our registry "
		old             = "Warning: mlpolicy error, not new: " // begins what is told and denies nothing
	)
	gpu := containerOf("scorer", "nvidia.com/gpu: 1")
	ours, theirs := image("scorer", "contoso.azurecr.io/scorer:4"), image("scorer", "docker.io/scorer:4")
	memory := func(gib int) string { return containerOf("scorer", fmt.Sprintf("memory: %dGi", gib)) }
	sidecar := func(gib int) string { return containerOf("proxy", fmt.Sprintf("memory: %dGi", gib)) }
	type state struct{ annotations, pod string }
	tests := []struct {
		name          string
		before, after state
		denials       []string // how each line begins
		warnings      []string // the same
	}{
		{
			name:   "an annotation is added",
			before: state{"", containers(gpu)}, after: state{"team: risk", containers(gpu)},
			warnings: []string{old + oneGPU},
		},
		{
			name:   "an annotation is removed",
			before: state{"team: risk", containers(gpu)}, after: state{"", containers(gpu)},
			warnings: []string{old + oneGPU},
		},
		{
			name:   "another image is taken",
			before: state{"", containers(gpu)}, after: state{"", containers(strings.Replace(gpu, "scorer:4", "scorer:5", 1))},
			warnings: []string{old + oneGPU},
		},
		{
			name:   "containers change places",
			before: state{"", containers(gpu, image("proxy", "proxy:1"))}, after: state{"", containers(image("proxy", "proxy:1"), gpu)},
			warnings: []string{old + oneGPU},
		},
		{
			name:   "a sidecar is inserted before the container at fault",
			before: state{"", containers(gpu)}, after: state{"", containers(sidecar(1), gpu)},
			warnings: []string{old + oneGPU},
		},
		{
			name:   "a sidecar that is at fault with nothing is inserted before an image at fault",
			before: state{"", containers(theirs)}, after: state{"", containers(image("proxy", "contoso.azurecr.io/proxy:1"), theirs)},
			warnings: []string{old + fmt.Sprintf(foreign, "scorer:4")},
		},
		{
			name:   "a sidecar asks for more of what is too much",
			before: state{"", containers(memory(64))}, after: state{"", containers(memory(64), sidecar(1))},
			denials: []string{fmt.Sprintf(ofMemory, 65)},
		},
		{
			name:   "a worse value",
			before: state{"", containers(gpu)}, after: state{"", containers(containerOf("scorer", "nvidia.com/gpu: 2"))},
			denials: []string{twoGPUs},
		},
		{
			name:   "a better but still bad value",
			before: state{"", containers(memory(128))}, after: state{"", containers(memory(64))},
			warnings: []string{old + fmt.Sprintf(ofMemory, 64)},
		},
		{
			name:   "fewer GPUs",
			before: state{"", containers(containerOf("scorer", "nvidia.com/gpu: 2"))}, after: state{"", containers(gpu)},
			warnings: []string{old + oneGPU},
		},
		{
			name:   "a smaller value that is only a lower bound",
			before: state{"", containers(memory(128))}, after: state{"", containers(memory(64), image("proxy", "contoso.azurecr.io/proxy:1"))},
			denials: []string{fmt.Sprintf(ofMemory, 64)},
		},
		{
			name:   "a smaller value in place of a lower bound",
			before: state{"", containers(memory(128), image("proxy", "contoso.azurecr.io/proxy:1"))}, after: state{"", containers(memory(64))},
			warnings: []string{old + fmt.Sprintf(ofMemory, 64)},
		},
		{
			name:   "an undone rollout returns to a larger value",
			before: state{"", containers(memory(64))}, after: state{"", containers(memory(128))},
			denials: []string{fmt.Sprintf(ofMemory, 128)},
		},
		{
			name:   "a good value",
			before: state{"", containers(memory(128))}, after: state{"", containers(memory(16))},
		},
		{
			name:   "one of two violations is fixed",
			before: state{"", containers(containerOf("scorer", "nvidia.com/gpu: 1, memory: 64Gi"))}, after: state{"", containers(gpu)},
			warnings: []string{old + oneGPU},
		},
		{
			name:   "a second fault",
			before: state{"", containers(gpu)}, after: state{"", containers(containerOf("scorer", "nvidia.com/gpu: 1, memory: 64Gi"))},
			denials: []string{fmt.Sprintf(ofMemory, 64)}, warnings: []string{old + oneGPU},
		},
		{
			name:   "a first fault",
			before: state{"", containers(ours)}, after: state{"", containers(gpu)},
			denials: []string{oneGPU},
		},
		{
			name:   "an ordinary pod moves to the virtual node with its GPU",
			before: state{"", "containers: [" + gpu + "]"}, after: state{"", containers(gpu)},
			denials: []string{oneGPU},
		},
		{
			name:   "a pod leaves the virtual node",
			before: state{"", containers(gpu)}, after: state{"", "containers: [" + gpu + "]"},
		},
		{
			name:   "a second container with the same fault, where the fault is a sum",
			before: state{"", containers(gpu)}, after: state{"", containers(gpu, containerOf("second", "nvidia.com/gpu: 1"))},
			denials: []string{twoGPUs},
		},
		{
			name:   "a second container with the same fault, where each has its own",
			before: state{"", containers(theirs)}, after: state{"", containers(theirs, image("second", "docker.io/scorer:4"))},
			denials: []string{fmt.Sprintf(foreign, "scorer:4")}, warnings: []string{old + fmt.Sprintf(foreign, "scorer:4")},
		},
		{
			name:   "the fault moves to another container",
			before: state{"", containers(gpu, image("second", "proxy:1"))}, after: state{"", containers(ours, containerOf("second", "nvidia.com/gpu: 1"))},
			warnings: []string{old + oneGPU},
		},
		{
			name:   "the container is renamed",
			before: state{"", containers(gpu)}, after: state{"", containers(containerOf("renamed", "nvidia.com/gpu: 1"))},
			warnings: []string{old + oneGPU},
		},
		{
			name:   "an image at fault is replaced by another",
			before: state{"", containers(theirs)}, after: state{"", containers(image("scorer", "docker.io/scorer:5"))},
			denials: []string{fmt.Sprintf(foreign, "scorer:5")},
		},
		{
			name:   "a statement that never counted is added",
			before: state{"", containers(gpu)}, after: state{"mlpolicy.dev/workload: training", containers(gpu)},
			warnings: []string{old + oneGPU},
		},
		{
			name:   "a statement that never counted is removed",
			before: state{"mlpolicy.dev/workload: training", containers(gpu)}, after: state{"", containers(gpu)},
			warnings: []string{old + oneGPU},
		},
		{
			name:   "a statement that finds more is added",
			before: state{"", containers(gpu)}, after: state{"mlpolicy.dev/workload: web-service", containers(gpu)},
			denials: []string{webService}, warnings: []string{old + oneGPU},
		},
		{
			name:   "a statement that finds more is removed",
			before: state{"mlpolicy.dev/workload: web-service", containers(gpu)}, after: state{"", containers(gpu)},
			warnings: []string{old + oneGPU},
		},
		{
			name:   "a first fault beside a statement against it",
			before: state{"", containers(ours)}, after: state{"mlpolicy.dev/workload: training", containers(gpu)},
			denials: []string{oneGPU},
		},
	}
	if len(tests) == 0 {
		t.Fatal("no cases")
	}
	ns := namespace(t)
	name := func(i int) string { return fmt.Sprintf("scorer-%d", i) }
	for i, test := range tests {
		applied(t, ns, deploymentOf(name(i), test.before.annotations, test.before.pod))
	}
	install(t, merge(failClosed, imageRules))

	for i, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			manifest := deploymentOf(name(i), test.after.annotations, test.after.pod)
			dry := apply(t, ns, manifest, "--dry-run=server")
			got := apply(t, ns, manifest)
			if dry.code != got.code || dry.stderr != got.stderr {
				t.Errorf("as a dry run: exit code %d\n%s", dry.code, dry.stderr)
			}
			if want := "deployment.apps/" + name(i) + " configured\n"; test.denials == nil && (got.code != 0 || got.stdout != want) {
				t.Errorf("exit code %d: %q, want %q", got.code, got.stdout, want)
			}
			told, refused, isRefused := strings.Cut(strings.ReplaceAll(got.stderr, name(i)+" requests", "scorer requests"), denial)
			if isRefused != (test.denials != nil) {
				t.Errorf("denied: %v", isRefused)
			}
			if isRefused {
				told, _, _ = strings.Cut(told, "Error from server (Forbidden): ")
			}
			eachBegins(t, told, test.warnings...)
			eachBegins(t, refused, test.denials...)
		})
	}
}

// What is being deleted ends, whatever it is and whoever changes it on the way.
func TestDeletionIsNotHeldBack(t *testing.T) {
	ns := namespace(t)
	tests := []struct {
		name, resource, manifest string
	}{
		{"a Deployment", "deployment/kept", "{apiVersion: apps/v1, kind: Deployment, metadata: {name: kept, finalizers: [example.com/kept]}, spec: {selector: {matchLabels: {app: kept}}, template: {metadata: {labels: {app: kept}}, spec: {%s}}}}"},
		{"a Job", "job/kept", "{apiVersion: batch/v1, kind: Job, metadata: {name: kept, finalizers: [example.com/kept]}, spec: {template: {spec: {restartPolicy: Never, %s}}}}"},
		{"a Pod", "pod/kept", "{apiVersion: v1, kind: Pod, metadata: {name: kept, finalizers: [example.com/kept]}, spec: {%s}}"},
	}
	if len(tests) == 0 {
		t.Fatal("no cases")
	}
	for _, test := range tests {
		applied(t, ns, fmt.Sprintf(test.manifest, twoFaults))
	}
	applied(t, ns, workloads[0].manifest())
	r := install(t, failClosed)
	for _, test := range tests {
		t.Run(test.name+" loses its finalizers", func(t *testing.T) {
			must(t, "delete", test.resource, "--namespace", ns, "--wait=false")
			must(t, "label", test.resource, "--namespace", ns, "seen=yes")
			must(t, "patch", test.resource, "--namespace", ns, "--type=merge", `--patch={"metadata": {"finalizers": null}}`)
			must(t, "wait", "--for=delete", test.resource, "--namespace", ns, "--timeout=60s")
		})
	}
	t.Run("a Deployment is deleted after its pods", func(t *testing.T) {
		must(t, "delete", "deployment/deployment", "--namespace", ns, "--cascade=foreground", "--timeout=60s")
	})
	if denials := r.metrics(t).sum(denialsTotal); denials != 0 {
		t.Errorf("%v errors denied", denials)
	}
}
