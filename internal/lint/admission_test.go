package lint_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
	"github.com/mlpolicy/mlpolicy/policies"
)

// linterOf makes a Linter of a configuration.
func linterOf(t testing.TB, text string, extra ...policy.Folder) *lint.Linter {
	t.Helper()
	configuration, err := config.Parse([]byte(text), config.Origin{Name: config.FileName})
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := policy.Load(t.Context(), policies.FS, extra)
	if err != nil {
		t.Fatal(err)
	}
	linter, err := lint.New(loaded, configuration)
	if err != nil {
		t.Fatal(err)
	}
	return linter
}

// lintObject returns the errors and warnings about an object, as rule and message.
func lintObject(t testing.TB, linter *lint.Linter, object string) []string {
	t.Helper()
	input := lint.Input{Name: "object", Read: func() ([]byte, error) { return []byte(object), nil }}
	result, err := linter.Lint(t.Context(), nil, slices.Values([]lint.Input{input}))
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Errors) > 0 {
		t.Fatal(result.Errors)
	}
	var said []string
	for _, finding := range result.Findings {
		said = append(said, finding.Rule+" "+finding.Message)
	}
	return said
}

// TestNoStatementTakesAFindingAway tries all sets of statements on objects of several
// kinds under several configurations: what is found with some of them is found with more.
func TestNoStatementTakesAFindingAway(t *testing.T) {
	values := map[string][]string{
		"workload":   {"training", "web-service", "batch-scoring"},
		"stage":      {"development", "production"},
		"target":     {"aks", "local"},
		"designer":   {"true"},
		"model-size": {"1MB", "2GB"},
	}
	words := facts.Statements()
	if len(words) != len(values) {
		t.Fatalf("statements are %q", words)
	}
	objects := map[string]string{
		"on a virtual node": `nodeSelector: {type: virtual-kubelet}`,
		"on AKS":            `nodeSelector: {agentpool: gpu}`,
		"anywhere":          `hostNetwork: false`,
	}
	lost := 0
	for _, text := range []string{
		"", "kubernetes: {cluster: other}",
		"{edition: 2023-03, kubernetes: {cluster: aks}, stages: {production: [{namespaces: [scoring]}]}}",
	} {
		linter := linterOf(t, text)
		for name, spec := range objects {
			known := map[string][]string{}
			var try func(stated []string, words []string)
			try = func(stated, words []string) {
				if len(words) > 0 {
					try(stated, words[1:])
					for _, value := range values[words[0]] {
						try(append(slices.Clip(stated), "mlpolicy.dev/"+words[0]+": '"+value+"'"), words[1:])
					}
					return
				}
				object := fmt.Sprintf(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: churn, namespace: scoring, annotations: {%s}}
spec: {template: {spec: {%s, containers: [{name: a, image: b, resources: {limits: {nvidia.com/gpu: 1, memory: 64Gi}}}]}}}
`, strings.Join(stated, ", "), strings.ReplaceAll(spec, "\n", ""))
				found := lintObject(t, linter.Admission(), object)
				known[strings.Join(stated, ",")] = found
				for i := range stated {
					less := strings.Join(slices.Delete(slices.Clone(stated), i, i+1), ",")
					for _, finding := range known[less] {
						if !slices.Contains(found, finding) {
							t.Errorf("%s, %q: with %s there is no %s", name, text, stated[i], finding)
						}
					}
				}
				// The statements are such that some do speak for the object where they are believed.
				if believed := lintObject(t, linter.Alone(), object); len(believed) < len(found) {
					lost++
				}
			}
			try(nil, words)
		}
	}
	if lost < 100 {
		t.Errorf("only %d objects gain by what they state", lost)
	}
}

func TestAdmissionBelievesWhatItIsToldTo(t *testing.T) {
	const object = `{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "churn", "annotations": {"mlpolicy.dev/workload": "training"}},
		"spec": {"nodeSelector": {"type": "virtual-kubelet"}, "containers": [{"resources": {"limits": {"nvidia.com/gpu": 1}}}]}}`
	linter := linterOf(t, "")
	if found := lintObject(t, linter.Admission(), object); len(found) != 1 {
		t.Errorf("doubted: %q", found)
	}
	if found := lintObject(t, linter.Admission("workload"), object); len(found) != 0 {
		t.Errorf("believed: %q", found)
	}
	if found := lintObject(t, linter.Admission("stage"), object); len(found) != 1 {
		t.Errorf("another is believed: %q", found)
	}
}

// An object of many parts that states everything of itself is an error, and no work
// without end.
func TestTooManyDoubtsAreAnError(t *testing.T) {
	var groups []string
	for i := range 100 {
		groups = append(groups, fmt.Sprintf(`{"groupName": "g%d", "template": {"spec": {"containers": [{"image": "a"}]}}}`, i))
	}
	object := `{"apiVersion": "ray.io/v1", "kind": "RayCluster", "metadata": {"name": "churn", "annotations": {"mlpolicy.dev/workload": "training",
		"mlpolicy.dev/stage": "development", "mlpolicy.dev/target": "aks", "mlpolicy.dev/designer": "false"}}, "spec": {"workerGroupSpecs": [` + strings.Join(groups, ",") + `]}}`
	found := lintObject(t, linterOf(t, "").Admission(), object)
	if len(found) != 1 || !strings.HasPrefix(found[0], "syntax the object has 100 parts and states 4 facts") {
		t.Errorf("found %q", found)
	}
	if found := lintObject(t, linterOf(t, "").Alone(), object); len(found) != 0 {
		t.Errorf("lint found %q", found)
	}
}

func TestInGivesANamespace(t *testing.T) {
	linter := linterOf(t, `{rules: {production-target: error}, stages: {production: [{namespaces: [prod]}]}}`).Admission()
	object := `{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "churn", "annotations": {"mlpolicy.dev/workload": "web-service"}},
		"spec": {"nodeSelector": {"type": "virtual-kubelet"}, "containers": [{"image": "a"}]}}`
	for namespace, want := range map[string]int{"": 0, "prod": 1, "dev": 0} {
		if found := lintObject(t, linter.In(namespace), object); len(found) != want {
			t.Errorf("in %q: %q", namespace, found)
		}
	}
	if found := lintObject(t, linter.In("prod"), strings.Replace(object, `"name"`, `"namespace": "dev", "name"`, 1)); len(found) != 0 {
		t.Errorf("the object's own namespace: %q", found)
	}
}

// What panics inside is the caller's to catch: a server lives on.
func TestAdmissionPanicsInTheCaller(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("nothing to catch")
		}
	}()
	linter := linterOf(t, "").Admission()
	broken := lint.Input{Name: "object", Read: func() ([]byte, error) { panic("broken") }}
	_, _ = linter.Lint(context.Background(), fstest.MapFS{}, slices.Values([]lint.Input{broken}))
}
