package e2e

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// wrong is a Deployment that is denied by what it is and by what the configuration says of its namespace.
type wrong struct {
	name, rule string
	namespace  string
	pod        string
}

// wrongs makes one Deployment for each fact that can be stated, and the configuration. In each
// namespace is a Deployment with the same name and without a fault.
func wrongs(t *testing.T) (all []wrong, configuration string) {
	t.Helper()
	all = []wrong{
		{"a GPU on the virtual node", "cpu-only", namespace(t), onVirtualNode + oneContainer("nvidia.com/gpu: 1")},
		{"too much memory on the virtual node", "memory", namespace(t), onVirtualNode + oneContainer("memory: 64Gi")},
		{"batch scoring with a GPU on AKS", "gpu-batch-scoring", namespace(t), oneContainer("nvidia.com/gpu: 1")},
		{"a designer's model on the virtual node", "designer", namespace(t), onVirtualNode + oneContainer("")},
		{"a large model on the virtual node", "model-size", namespace(t), onVirtualNode + oneContainer("")},
		{"production on the virtual node", "production-target", namespace(t), onVirtualNode + oneContainer("")},
	}
	for _, each := range all {
		applied(t, each.namespace, deploymentOf("scorer", "", oneContainer("")))
	}
	return all, fmt.Sprintf(`
kubernetes: {cluster: aks}
rules: {production-target: error}
stages: {production: [{namespaces: [%[4]s]}]}
facts:
  - {namespaces: [%[1]s], set: {workload: batch-scoring}}
  - {namespaces: [%[2]s], set: {designer: true}}
  - {namespaces: [%[3]s], set: {model: {size: 2GB}}}
  - {namespaces: [%[4]s], set: {workload: web-service}}
`, all[2].namespace, all[3].namespace, all[4].namespace, all[5].namespace)
}

// with is the Deployment after something is stated of it.
func (w wrong) with(t *testing.T, state func(*appsv1.Deployment)) *appsv1.Deployment {
	t.Helper()
	deployment := asDeployment(t, deploymentOf("scorer", "", w.pod))
	if state != nil {
		state(deployment)
	}
	return deployment
}

// refusals are the lines of the denial of a Deployment that is created and of one that is changed
// into it, both as a dry run. There are none where it is admitted.
func (w wrong) refusals(t *testing.T, deployment *appsv1.Deployment) (created, changed []string) {
	t.Helper()
	deployments := shared.client.AppsV1().Deployments(w.namespace)
	dryRun := []string{metav1.DryRunAll}
	_, err := deployments.Update(t.Context(), deployment, metav1.UpdateOptions{DryRun: dryRun})
	changed = deniedFor(t, err)
	deployment.Name = "scorer-2"
	_, err = deployments.Create(t.Context(), deployment, metav1.CreateOptions{DryRun: dryRun})
	for _, line := range deniedFor(t, err) {
		created = append(created, strings.ReplaceAll(line, "scorer-2 ", "scorer "))
	}
	return created, changed
}

// field matches what a line says of where the fault stands, which may be elsewhere.
var field = regexp.MustCompile(` \((spec|metadata)\.[^ ]+\)\.`)

// deniedFor returns the lines of a denial without their fields. Any other error ends the test.
func deniedFor(t *testing.T, err error) []string {
	t.Helper()
	if err == nil {
		return nil
	}
	_, message, denied := strings.Cut(err.Error(), denial)
	if !denied {
		t.Fatal(err)
	}
	return strings.Split(field.ReplaceAllString(message, "."), "\n")
}

// places are where an object can state something.
var places = map[string]func(*appsv1.Deployment) *map[string]string{
	"annotations of the object":   func(d *appsv1.Deployment) *map[string]string { return &d.Annotations },
	"labels of the object":        func(d *appsv1.Deployment) *map[string]string { return &d.Labels },
	"annotations of the template": func(d *appsv1.Deployment) *map[string]string { return &d.Spec.Template.Annotations },
	"labels of the template":      func(d *appsv1.Deployment) *map[string]string { return &d.Spec.Template.Labels },
}

// write writes what is stated into a place.
func write(place *map[string]string, stated map[string]string) {
	if *place == nil {
		*place = map[string]string{}
	}
	maps.Copy(*place, stated)
}

// Whatever an object says of itself, wherever it says so, it is denied for all that it is denied for
// without a word.
func TestNoStatementIsAWayOut(t *testing.T) {
	all, configuration := wrongs(t)
	install(t, merge(failClosed, values{"config": configuration}))

	statements := []map[string]string{}
	everything := map[string]string{}
	for key, values := range map[string][]string{
		"mlpolicy.dev/workload":   {"training", "web-service", "batch-scoring", "iot-module", "nonsense"},
		"mlpolicy.dev/stage":      {"development", "production", "nonsense"},
		"mlpolicy.dev/target":     {"aks", "aml-compute", "local", "functions", "data-box-edge", "nonsense"},
		"mlpolicy.dev/designer":   {"false", "true", "nonsense"},
		"mlpolicy.dev/model-size": {"1MB", "2GB", "nonsense"},
		"mlpolicy.dev/ignore":     {"true", "cpu-only", "memory"},
		"mlpolicy.dev/skip":       {"true"},
		// What is said of another cloud, or by Azure ML.
		"run.googleapis.com/launch-stage":      {"BETA"},
		"serving.kserve.io/gke-accelerator":    {"nvidia-tesla-t4"},
		"eks.amazonaws.com/fargate-profile":    {"default"},
		"isazuremlapp":                         {"true"},
		"ml.azure.com/endpoint-name":           {"scorer"},
		"azure.workload.identity/use":          {"true"},
		"admission.policy.example.com/exempt":  {"true"},
		"control-plane":                        {"true"},
		"kubernetes.azure.com/managedby":       {"aks"},
		"app.kubernetes.io/managed-by":         {"Helm"},
		"admissions.enforcer/disabled":         {"true"},
		"kubernetes.io/bootstrapping":          {"rbac-defaults"},
		"app.kubernetes.io/name":               {"mlpolicy"},
		"cluster-autoscaler.kubernetes.io/any": {"false"},
	} {
		for _, value := range values {
			statements = append(statements, map[string]string{key: value})
		}
		everything[key] = values[0]
	}
	statements = append(statements, everything)

	if len(all) == 0 || len(places) == 0 {
		t.Fatal("no cases")
	}
	for _, each := range all {
		t.Run(each.name, func(t *testing.T) {
			plain, _ := each.refusals(t, each.with(t, nil))
			if !slices.ContainsFunc(plain, func(line string) bool { return strings.HasPrefix(line, each.rule+": ") }) {
				t.Fatalf("denied for %q, want %s", plain, each.rule)
			}
			check := func(what string, state func(*appsv1.Deployment)) {
				t.Helper()
				created, changed := each.refusals(t, each.with(t, state))
				for _, line := range plain {
					same := func(other string) bool { return withoutRemedy(other) == withoutRemedy(line) }
					if !slices.ContainsFunc(created, same) || !slices.ContainsFunc(changed, same) {
						t.Errorf("with %s one that is created is denied for %q and one that is changed for %q, want %q", what, created, changed, line)
					}
				}
			}
			for _, stated := range statements {
				for name, place := range places {
					check(fmt.Sprintf("%v in the %s", stated, name), func(d *appsv1.Deployment) { write(place(d), stated) })
				}
			}
			check("a toleration of another cloud's virtual nodes", func(d *appsv1.Deployment) {
				d.Spec.Template.Spec.Tolerations = append(d.Spec.Template.Spec.Tolerations, corev1.Toleration{Key: "virtual-kubelet.io/provider", Value: "alibabacloud"})
			})
			check("a label of another cloud's nodes beside the name of the node", func(d *appsv1.Deployment) {
				if spec := &d.Spec.Template.Spec; spec.NodeSelector != nil {
					spec.NodeName, spec.NodeSelector["cloud.google.com/gke-nodepool"] = "virtual-node-aci-linux", "a"
				}
			})
		})
	}
}

// withoutRemedy is a denial's rule and message. The targets that its remedy names follow from all
// that is known, statements included, and only the first denial of a rule has one.
func withoutRemedy(line string) string {
	message, _, _ := strings.Cut(line, ". ")
	message, _, _ = strings.Cut(message, " (spec.")
	return message
}

// What the configuration believes an object says as much as in a file: it fills a gap, and neither
// what the object is nor the configuration can be denied.
func TestBelievedStatements(t *testing.T) {
	all, configuration := wrongs(t)
	r := install(t, merge(failClosed, values{"config": configuration}))
	gpu, memory, batch, designer, model, production := all[0], all[1], all[2], all[3], all[4], all[5]
	const everything = "[workload, stage, target, designer, model-size]"
	tests := []struct {
		name     string
		believed string
		wrong    wrong
		key      string
		value    string
		denied   string // rule; empty if it is admitted
	}{
		{"training may have a GPU", "[workload]", gpu, "workload", "training", ""},
		{"the statement of another word is none", "[stage, target, designer, model-size]", gpu, "workload", "training", "cpu-only"},
		{"a web service may not", everything, gpu, "workload", "web-service", "gpu-web-service"},
		{"a limit of the platform is one of training, too", everything, memory, "workload", "training", "memory"},
		{"the configuration's workload stands above", everything, batch, "workload", "training", "gpu-batch-scoring"},
		{"a target is believed where nothing but the cluster's default is known", everything, batch, "target", "aml-compute", ""},
		{"the same where another word is believed", "[workload]", batch, "target", "aml-compute", "gpu-batch-scoring"},
		{"what binds a pod to a target stands above", everything, gpu, "target", "aks", "cpu-only"},
		{"the configuration's designer stands above", everything, designer, "designer", "false", "designer"},
		{"training is not deployed by the designer", everything, designer, "workload", "training", ""},
		{"the configuration's size stands above", everything, model, "model-size", "1MB", "model-size"},
		{"the namespace's stage stands above", everything, production, "stage", "development", "production-target"},
	}
	if len(tests) == 0 {
		t.Fatal("no cases")
	}
	believed := ""
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.believed != believed {
				r.configure(t, configuration+"webhook: {believe: "+test.believed+"}\n")
				believed = test.believed
			}
			state := func(d *appsv1.Deployment) {
				write(&d.Annotations, map[string]string{"mlpolicy.dev/" + test.key: test.value})
			}
			created, changed := test.wrong.refusals(t, test.wrong.with(t, state))
			for _, lines := range [][]string{created, changed} {
				var rules []string
				for _, line := range lines {
					rule, _, _ := strings.Cut(line, ": ")
					rules = append(rules, rule)
				}
				if strings.Join(rules, " ") != test.denied {
					t.Errorf("denied for %q, want %q", lines, test.denied)
				}
			}
		})
	}
}

// configure changes the configuration and waits until all pods go by it.
func (r *release) configure(t *testing.T, configuration string) {
	t.Helper()
	reloads := func() float64 {
		return r.metrics(t).sum(reloadsTotal, `what="policy"`, `result="success"`)
	}
	before := reloads()
	r.upgrade(t, values{"config": configuration})
	eventually(t, "the new configuration in all pods", func() bool { return reloads() == before+float64(len(r.running())) })
}
