package e2e

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	// denied begins what kubectl says of an object that the webhook denies.
	denied = `Error from server (Forbidden): error when creating "STDIN": ` + denial
	denial = `admission webhook "validate.mlpolicy.dev" denied the request: `

	// gpuRefused is what is said of a Deployment with a GPU on the virtual node.
	gpuRefused = `cpu-only: scorer requests 1 GPU on Azure Container Instances, which is for CPU-based workloads ` +
		`(spec.template.spec.containers[0].resources.limits["nvidia.com/gpu"]). ` +
		`Remove the GPU request, or deploy to a target that supports GPU for the workload. See: mlpolicy explain cpu-only`
	memoryRefused = `memory: scorer requests 64 GiB of memory on Azure Container Instances, which allows less than 48 GiB ` +
		`(spec.template.spec.containers[0].resources.limits.memory). ` +
		`Request less memory, or deploy to a target without a memory limit. See: mlpolicy explain memory`
)

// imageRules are an organisation's rules: one finding for each image.
var imageRules = values{"policies": map[string]string{
	"image-registry/image_registry.rego": imageRule("image-registry", "error", `startswith(image, "docker.io/")`, "is not in our registry"),
	"image-version/image_version.rego":   imageRule("image-version", "warning", `endswith(image, ":latest")`, "changes under its name"),
}}

func imageRule(id, severity, condition, words string) string {
	return fmt.Sprintf(`# METADATA
# title: Image that %[4]s
# description: |
#   Images have our registry and a version.
# custom:
#   severity: %[2]s
#   remediation: Take another image.
package mlpolicy.rules["%[1]s"]

deny contains {"path": ["deployments", i, "images", j], "message": message} if {
	some i, deployment in input.deployments
	some j, image in deployment.images
	%[3]s
	message := sprintf("%%s %[4]s", [image])
}
`, id, severity, condition, words)
}

func TestWhatPeopleSee(t *testing.T) {
	ordinary, production, warned := namespace(t), namespace(t), namespace(t)
	r := install(t, merge(imageRules, values{"mode": "enforce", "config": fmt.Sprintf(
		"{stages: {production: [{namespaces: [%s]}]}, webhook: {namespaces: [{names: [%s], mode: warn}]}}", production, warned)}))

	gpu := oneContainer("nvidia.com/gpu: 1, memory: 1Gi")
	var twenty []string
	for i := range 20 {
		twenty = append(twenty, fmt.Sprintf("image-registry: docker.io/scorer:%d is not in our registry (spec.template.spec.containers[%d].image)\n", i, i))
	}
	const advice = ". Take another image. See: mlpolicy explain image-registry\n"
	twenty[0] = strings.TrimSuffix(twenty[0], "\n") + advice
	tests := []struct {
		name      string
		namespace string
		manifest  string
		code      int
		stderr    string // all of it, or with … how it begins and ends
		rules     string // in the audit log
		mode      string // the same, if not enforce
	}{
		{
			name: "a GPU on the virtual node is denied with rule, value, field and remedy", namespace: ordinary,
			manifest: deploymentOf("scorer", "", onVirtualNode+gpu),
			code:     1, stderr: denied + gpuRefused + "\n", rules: "cpu-only",
		},
		{
			name: "the same without the GPU is accepted without a word", namespace: ordinary,
			manifest: deploymentOf("scorer", "", onVirtualNode+oneContainer("memory: 1Gi")),
		},
		{
			name: "the same on a node with a GPU is accepted without a word", namespace: ordinary,
			manifest: deploymentOf("scorer", "", gpu),
		},
		{
			name: "two errors are a line each", namespace: ordinary,
			manifest: deploymentOf("scorer", "", onVirtualNode+oneContainer("nvidia.com/gpu: 1, memory: 64Gi")),
			code:     1, stderr: denied + memoryRefused + "\n" + gpuRefused + "\n", rules: "memory,cpu-only",
		},
		{
			name: "of 25 errors 20 are told and all are counted", namespace: ordinary,
			manifest: deploymentOf("scorer", "", imagesOf(25, "docker.io/scorer:%d")),
			code:     1, stderr: denied + strings.Join(twenty, "") + "and 5 more, 25 errors in all\n", rules: "image-registry",
		},
		{
			name: "an error is denied, and what is no error is a warning beside it", namespace: ordinary,
			manifest: deploymentOf("scorer", "", imagesOf(1, "docker.io/scorer-%d:latest")),
			code:     1, rules: "image-registry,image-version",
			stderr: "Warning: mlpolicy: image-version: docker.io/scorer-0:latest changes under its name (spec.template.spec.containers[0].image). Take another image.\n" +
				denied + "image-registry: docker.io/scorer-0:latest is not in our registry (spec.template.spec.containers[0].image)" + advice,
		},
		{
			name: "a target in preview is a warning", namespace: ordinary,
			manifest: deploymentOf("scorer", "mlpolicy.dev/workload: web-service, mlpolicy.dev/target: functions", oneContainer("")),
			rules:    "preview-target",
			stderr:   "Warning: mlpolicy note: preview-target: scorer runs on Azure Functions, which is in preview….\n",
		},
		{
			name: "a target for development alone is a warning in production", namespace: production,
			manifest: deploymentOf("scorer", "mlpolicy.dev/workload: web-service", onVirtualNode+oneContainer("")),
			rules:    "production-target",
			stderr:   "Warning: mlpolicy: production-target: scorer is in production on Azure Container….\n",
		},
		{
			name: "where the mode is warn, what would be denied is a warning", namespace: warned,
			manifest: deploymentOf("scorer", "", onVirtualNode+gpu),
			rules:    "cpu-only", mode: "warn",
			stderr: "Warning: mlpolicy would deny this: cpu-only: scorer requests 1 GPU on Azure Container Instances…. " +
				"Remove the GPU request, or deploy to a target that supports GPU for the workload.\n",
		},
	}
	if len(tests) == 0 {
		t.Fatal("no cases")
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Cleanup(func() { must(t, "delete", "deployments", "--all", "--namespace", test.namespace) })
			started := time.Now()
			dry := apply(t, test.namespace, test.manifest, "--dry-run=server")
			done := apply(t, test.namespace, test.manifest)
			begin, end, _ := strings.Cut(test.stderr, "…")
			if done.code != test.code || !strings.HasPrefix(done.stderr, begin) || !strings.HasSuffix(done.stderr, end) || end == "" && done.stderr != begin {
				t.Errorf("exit code %d, want %d\n%s\nwant\n%s", done.code, test.code, done.stderr, test.stderr)
			}
			wants := []string{"", ""}
			if test.code == 0 {
				wants = []string{"deployment.apps/scorer created (server dry run)\n", "deployment.apps/scorer created\n"}
			}
			if got := []string{dry.stdout, done.stdout}; !slices.Equal(got, wants) {
				t.Errorf("kubectl says %q, want %q", got, wants)
			}
			if dry.code != done.code || dry.stderr != done.stderr {
				t.Errorf("as a dry run: exit code %d\n%s", dry.code, dry.stderr)
			}
			want := r.annotations(t, test.rules, test.mode)
			switch {
			case test.code != 0:
				want["validate.mlpolicy.dev/verdict"] = "denied"
			case test.stderr != "":
				want["validate.mlpolicy.dev/verdict"] = "warned"
			}
			if test.mode == "warn" {
				want["validate.mlpolicy.dev/exempted"] = test.rules + " mode"
			}
			for _, dryRun := range []bool{true, false} {
				event := audited(t, test.namespace, func(event auditEvent) bool {
					return event.Verb == "create" && event.RequestReceivedTimestamp.After(started) && event.ObjectRef.Resource == "deployments" && strings.Contains(event.RequestURI, "dryRun=All") == dryRun
				})
				maps.DeleteFunc(event.Annotations, func(key, _ string) bool { return !strings.HasPrefix(key, "validate.mlpolicy.dev/") })
				if !maps.Equal(event.Annotations, want) {
					t.Errorf("the audit log has %v, want %v", event.Annotations, want)
				}
			}
		})
	}
}

// annotations are what the audit log is to have of a review. The mode is enforce, if empty.
func (r *release) annotations(t *testing.T, rules, mode string) map[string]string {
	t.Helper()
	if mode == "" {
		mode = "enforce"
	}
	metrics := r.metrics(t)
	annotations := map[string]string{
		"validate.mlpolicy.dev/verdict":       "allowed",
		"validate.mlpolicy.dev/mode":          mode,
		"validate.mlpolicy.dev/edition":       metrics.label(t, policyInfo, "edition"),
		"validate.mlpolicy.dev/policy-digest": metrics.label(t, policyInfo, "digest"),
	}
	if rules != "" {
		annotations["validate.mlpolicy.dev/rules"] = rules
	}
	return annotations
}

// 40 warnings are more than the API server lets through: as many arrive as have room, and a
// count of the rest.
func TestManyWarnings(t *testing.T) {
	const (
		number = 40
		room   = 2000 // characters, as documented
	)
	install(t, merge(imageRules, values{"mode": "enforce"}))
	ns := namespace(t)
	manifest := deploymentOf("scorer", "", imagesOf(number, "contoso.azurecr.io/scorer-%d:latest"))
	done := apply(t, ns, manifest, "--dry-run=server")
	if done.code != 0 {
		t.Fatalf("exit code %d\n%s", done.code, done.stderr)
	}
	line := func(i int) string {
		return fmt.Sprintf("mlpolicy: image-version: contoso.azurecr.io/scorer-%d:latest changes under its name (spec.template.spec.containers[%d].image). Take another image.", i, i)
	}
	count := func(told int) string {
		return fmt.Sprintf("mlpolicy: and %d more; mlpolicy lint reports them all", number-told)
	}
	var want []string
	used := 0
	for i := range number {
		if used+utf8.RuneCountInString(line(i)+count(i+1)) > room {
			break
		}
		used += utf8.RuneCountInString(line(i))
		want = append(want, "Warning: "+line(i)+"\n")
	}
	if len(want) == 0 || len(want) == number {
		t.Fatalf("%d warnings have room", len(want))
	}
	want = append(want, "Warning: "+count(len(want))+"\n")
	if done.stderr != strings.Join(want, "") {
		t.Errorf("kubectl says\n%s\nwant\n%s", done.stderr, strings.Join(want, ""))
	}
	if again := applied(t, ns, manifest); again.stderr != done.stderr {
		t.Errorf("as a dry run kubectl says something else than\n%s", again.stderr)
	}
}

// kubectl prints what the webhook says in the log of a CI job, whose host executes none of what an object has in it.
func TestNothingSaidCommandsCIHosts(t *testing.T) {
	r := install(t, merge(imageRules, values{"mode": "enforce"}))
	ns := namespace(t)
	commands := []string{"##vso[task.setvariable variable=PATH]evil", "##[add-matcher]evil.json", "####vso[task.complete]"}
	if len(commands) == 0 {
		t.Fatal("no cases")
	}
	for mode, begins := range map[string]string{"enforce": denied + "image-registry: docker.io/", "warn": "Warning: mlpolicy would deny this: image-registry: docker.io/"} {
		r.configure(t, "webhook: {namespaces: [{names: ["+ns+"], mode: "+mode+"}]}")
		for _, command := range commands {
			manifest := deploymentOf("scorer", fmt.Sprintf("mlpolicy.dev/workload: %q", command), "containers: ["+image("scorer", "docker.io/"+command)+"]")
			got := apply(t, ns, manifest, "--dry-run=server")
			said := got.stderr
			if strings.Contains(said, "##vso[") || strings.Contains(said, "##[") {
				t.Errorf("%s: kubectl writes\n%s", mode, said)
			}
			// Once as the image, and once as the statement, which is a warning.
			if !strings.Contains(said, begins) || strings.Count(said, `\u0023#`) != 2 || !strings.Contains(said, "Warning: mlpolicy: syntax: ") {
				t.Errorf("%s: kubectl does not say what is wrong\n%s", mode, said)
			}
		}
	}
}

// A pod that is denied to a controller is an event of its owner, where people look for the reason.
func TestFailedCreate(t *testing.T) {
	ns := namespace(t)
	applied(t, ns, deploymentOf("scorer", "", onVirtualNode+oneContainer("nvidia.com/gpu: 1, memory: 64Gi")))
	must(t, "wait", "--for=create", "pods", "--selector=app=scorer", "--namespace", ns, "--timeout=60s")
	// No controller is one of those that may bring back what was there.
	install(t, values{"mode": "enforce", "config": "webhook: {controllers: []}"})
	must(t, "scale", "deployment/scorer", "--replicas=2", "--namespace", ns)

	lines := regexp.MustCompile(`^Error creating: ` + regexp.QuoteMeta(denial) +
		`cpu-only: scorer-\w+-\w+ requests 1 GPU on Azure Container Instances, which is for CPU-based workloads ` +
		`\(spec\.containers\[0\]\.resources\.limits\["nvidia\.com/gpu"\]\)\. ` +
		`Remove the GPU request, or deploy to a target that supports GPU for the workload\. See: mlpolicy explain cpu-only` + "\n" +
		`memory: scorer-\w+-\w+ requests 64 GiB of memory on Azure Container Instances, which allows less than 48 GiB ` +
		`\(spec\.containers\[0\]\.resources\.requests\.memory\)\. ` +
		`Request less memory, or deploy to a target without a memory limit\. See: mlpolicy explain memory$`)
	var message string
	eventually(t, "an event FailedCreate", func() bool {
		events, err := shared.client.CoreV1().Events(ns).List(t.Context(), metav1.ListOptions{FieldSelector: "reason=FailedCreate,involvedObject.kind=ReplicaSet"})
		if err != nil {
			t.Fatal(err)
		}
		for _, event := range events.Items {
			message = event.Message
		}
		return message != ""
	})
	if !lines.MatchString(message) {
		t.Errorf("the event says %s", message)
	}
	// kubectl get events shows the first line alone.
	first, _, _ := strings.Cut(message, "\n")
	if shown := must(t, "get", "events", "--namespace", ns, "--field-selector=reason=FailedCreate"); !strings.Contains(shown, first) {
		t.Errorf("nothing says %s in\n%s", first, shown)
	}
}

// Warn first, then enforce: a namespace goes ahead by a change of the configuration, without a
// restart.
func TestNamespaceGoesAhead(t *testing.T) {
	r := install(t, values{"mode": "warn"})
	ahead, behind := namespace(t), namespace(t)
	manifest := deploymentOf("scorer", "", onVirtualNode+oneContainer("nvidia.com/gpu: 1"))
	for _, ns := range []string{ahead, behind} {
		if got := apply(t, ns, manifest, "--dry-run=server"); got.code != 0 || !strings.HasPrefix(got.stderr, "Warning: mlpolicy would deny this: cpu-only: ") {
			t.Errorf("exit code %d: %s", got.code, got.stderr)
		}
	}
	r.upgrade(t, values{"config": fmt.Sprintf("webhook: {namespaces: [{names: [%s], mode: enforce}]}", ahead)})
	eventually(t, "a denial", func() bool { return apply(t, ahead, manifest, "--dry-run=server").stderr == denied+gpuRefused+"\n" })
	if got := apply(t, behind, manifest, "--dry-run=server"); got.code != 0 {
		t.Errorf("exit code %d: %s", got.code, got.stderr)
	}
}
