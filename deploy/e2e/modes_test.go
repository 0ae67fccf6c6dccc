package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Where the mode is warn nothing is denied, whatever is done, and everything is told and counted;
// elsewhere the same is denied. A dry run is told and counted like the real thing.
func TestModesOfNamespaces(t *testing.T) {
	warned, enforced, production := namespace(t), namespace(t), namespace(t)
	const ours, theirs = "contoso.azurecr.io/scorer:4", "docker.io/scorer:4"
	for _, ns := range []string{warned, enforced} {
		applied(t, ns, podOnVirtualNode("running", "1Gi", ours))
		applied(t, ns, deploymentOf("scorer", "", containers(containerOf("scorer", "memory: 64Gi"))))
	}
	config := fmt.Sprintf(`
rules: {production-target: error}
stages: {production: [{namespaces: ["%s*"]}]}
facts: [{namespaces: ["*"], kinds: [StatefulSet], set: {workload: web-service}}]
webhook: {namespaces: [{names: ["%s"], mode: warn}, {names: ["*"], mode: enforce}]}
`, production, warned)
	r := install(t, merge(failClosed, imageRules, values{"config": config}))

	owner := "ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: forged, uid: forged, controller: true}]"
	create := []string{"create", "--filename", "-"}
	tests := []struct {
		name     string
		args     []string // of kubectl
		manifest string   // what it reads
		rules    []string // one for each error
	}{
		{"a Deployment", create, workloads[0].manifest(), []string{"memory", "cpu-only"}},
		{"a StatefulSet with a workload by the configuration", create, workloads[1].manifest(), []string{"memory", "gpu-web-service"}},
		{"a DaemonSet", create, workloads[2].manifest(), []string{"memory", "cpu-only"}},
		{"a ReplicaSet", create, workloads[3].manifest(), []string{"memory", "cpu-only"}},
		{"a ReplicationController", create, workloads[4].manifest(), []string{"memory", "cpu-only"}},
		{"a Job", create, fmt.Sprintf(job, "made", twoFaults), []string{"memory", "cpu-only"}},
		{"a CronJob", create, fmt.Sprintf(cronJob, "made", twoFaults), []string{"memory", "cpu-only"}},
		{"a Pod", create, fmt.Sprintf("{apiVersion: v1, kind: Pod, metadata: {name: made}, spec: {%s}}", twoFaults), []string{"cpu-only", "memory"}},
		{"a Pod with a forged owner", create, fmt.Sprintf("{apiVersion: v1, kind: Pod, metadata: {name: forged, %s}, spec: {%s}}", owner, twoFaults), []string{"cpu-only", "memory"}},
		{"two images of a foreign registry", create, deploymentOf("made", "", "containers: ["+image("a", theirs)+", "+image("b", "docker.io/proxy:1")+"]"), []string{"image-registry", "image-registry"}},
		{"a worse value", []string{"set", "resources", "deployment/scorer", "--limits=memory=128Gi"}, "", []string{"memory"}},
		{"a resize", []string{"patch", "pod/running", "--subresource=resize", `--patch={"spec": {"containers": [{"name": "scorer", "resources": {"requests": {"memory": "64Gi"}, "limits": {"memory": "64Gi"}}}]}}`}, "", []string{"memory"}},
	}
	if len(tests) == 0 {
		t.Fatal("no cases")
	}
	run := func(i int, ns string, more ...string) result {
		return command(t, tests[i].manifest, asset("kubectl"), slices.Concat(tests[i].args, []string{"--namespace", ns}, more)...)
	}
	check := func(t *testing.T, i int, inWarned, inEnforced result) {
		t.Helper()
		if inWarned.code != 0 || inEnforced.code == 0 {
			t.Errorf("exit code %d where the mode is warn, %d elsewhere", inWarned.code, inEnforced.code)
		}
		var warnings, denials []string
		for _, rule := range tests[i].rules {
			warnings, denials = append(warnings, "Warning: mlpolicy would deny this: "+rule+": "), append(denials, rule+": ")
		}
		eachBegins(t, inWarned.stderr, warnings...)
		_, refused, _ := strings.Cut(inEnforced.stderr, denial)
		eachBegins(t, refused, denials...)
	}
	// As long as nothing is created no controller has anything to do that would be counted too.
	for i, test := range tests {
		t.Run(test.name+", as a dry run", func(t *testing.T) {
			before := r.metrics(t)
			inWarned := run(i, warned, "--dry-run=server")
			between := r.metrics(t)
			inEnforced := run(i, enforced, "--dry-run=server")
			after := r.metrics(t)
			check(t, i, inWarned, inEnforced)
			for rule, number := range count(test.rules) {
				exempted := added(before, between, exemptedTotal, `reason="mode"`, fmt.Sprintf("rule=%q", rule))
				denials := added(between, after, denialsTotal, fmt.Sprintf("rule=%q", rule))
				if exempted != number || denials != number {
					t.Errorf("%v errors of %s are counted as exempted and %v as denials, want %v", exempted, rule, denials, number)
				}
			}
			if reviews := added(before, between, reviewsTotal, `verdict="warned"`); reviews != 1 {
				t.Errorf("%v reviews are counted as warned", reviews)
			}
			if denials := added(before, between, denialsTotal); denials != 0 {
				t.Errorf("%v errors are counted as denials where the mode is warn", denials)
			}
		})
	}
	for i, test := range tests {
		t.Run(test.name, func(t *testing.T) { check(t, i, run(i, warned), run(i, enforced)) })
	}
	t.Run("the stage is the namespace's", func(t *testing.T) {
		manifest := func(annotations string) string {
			text := strings.Replace(workloads[1].manifest(), twoFaults, onVirtualNode+oneContainer(""), 1)
			return strings.Replace(text, "metadata: {name: statefulset}", "metadata: {name: staged, annotations: {"+annotations+"}}", 1)
		}
		applied(t, enforced, manifest(""))
		for _, annotations := range []string{"", "mlpolicy.dev/stage: development"} {
			got := apply(t, production, manifest(annotations))
			_, refused, _ := strings.Cut(got.stderr, denial)
			eachBegins(t, refused, "production-target: staged is in production on Azure Container Instances, ")
		}
	})
}

// count tells how often each text is there.
func count(texts []string) map[string]float64 {
	number := map[string]float64{}
	for _, text := range texts {
		number[text]++
	}
	return number
}
