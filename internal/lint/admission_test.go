package lint_test

import (
	"context"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"k8s.io/apimachinery/pkg/util/validation"

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

// TestOperatorLabelsTakeNoFindingAway tries the labels of operators on an object that has
// errors without them. They make a web service of one that has none.
func TestOperatorLabelsTakeNoFindingAway(t *testing.T) {
	const object = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: churn, namespace: scoring, labels: {%s}}
spec: {template: {spec: {%s, containers: [{name: a, image: b, resources: {limits: {nvidia.com/gpu: 1}}}]}}}
`
	ruleOf := func(finding string) string { rule, _, _ := strings.Cut(finding, " "); return rule }
	for _, label := range []string{
		"ml.azure.com/endpoint-name: churn", "isazuremlapp: 'true'", "serving.kserve.io/inferenceservice: churn",
		"seldon-deployment-id: churn", "ray.io/originated-from-crd: RayService", "kaito.sh/workspace: churn",
	} {
		adds := lintObject(t, linterOf(t, "kubernetes: {cluster: other}").Admission(), fmt.Sprintf(object, label, "hostNetwork: false"))
		if !slices.ContainsFunc(adds, func(finding string) bool { return ruleOf(finding) == "gpu-web-service" }) {
			t.Errorf("%s adds %q", label, adds)
		}
		for _, test := range []struct{ configuration, spec, rule string }{
			{"", "nodeSelector: {type: virtual-kubelet}", "cpu-only"},
			{"{kubernetes: {cluster: aks}, facts: [{namespaces: [scoring], set: {workload: batch-scoring}}]}", "hostNetwork: false", "gpu-batch-scoring"},
		} {
			linter := linterOf(t, test.configuration).Admission()
			if test.configuration == "" {
				// A second container with the image of a model server hides nothing, either.
				server := strings.Replace(fmt.Sprintf(object, "", test.spec), "containers: [", "containers: [{name: s, image: vllm/vllm-openai}, ", 1)
				if found := lintObject(t, linter, server); !slices.ContainsFunc(found, func(finding string) bool { return ruleOf(finding) == test.rule }) {
					t.Errorf("an image takes away %s: %q", test.rule, found)
				}
			}
			without := lintObject(t, linter, fmt.Sprintf(object, "", test.spec))
			found := lintObject(t, linter, fmt.Sprintf(object, label, test.spec))
			if !slices.ContainsFunc(without, func(finding string) bool { return ruleOf(finding) == test.rule }) {
				t.Fatalf("%s: no %s in %q", test.spec, test.rule, without)
			}
			for _, finding := range without {
				if !slices.Contains(found, finding) {
					t.Errorf("%s takes away %s", label, finding)
				}
			}
		}
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

// TestNothingForeignTakesAFindingAway tries every word that the readers of formats know, where
// anybody may write anything without a consequence: the more there is, the more is found.
func TestNothingForeignTakesAFindingAway(t *testing.T) {
	const object = `{"apiVersion": "apps/v1", "kind": "Deployment",
		"metadata": {"name": "churn", "namespace": "%s", "annotations": {%s}, "labels": {%s}},
		"spec": {"template": {"metadata": {"annotations": {%[2]s}, "labels": {%[3]s}}, "spec": {%[4]s "tolerations": [%[5]s],
			"containers": [{"name": "a", "image": "b", "resources": {"limits": {"nvidia.com/gpu": 1, "memory": "64Gi"}}}]}}}}`
	linter := linterOf(t, `
kubernetes: {cluster: aks}
facts: [{namespaces: [batch], set: {workload: batch-scoring}}]
`).Admission()
	victims := []struct {
		namespace, spec string
		rules           int
	}{
		{"any", `"nodeSelector": {"type": "virtual-kubelet"},`, 2},
		{"any", `"nodeName": "virtual-node-aci-linux", "nodeSelector": {"cloud.google.com/gke-nodepool": "a"},`, 2},
		{"batch", "", 2},
	}
	words := wordsOfReaders(t)
	if len(words) < 500 {
		t.Fatalf("the readers know %d words", len(words))
	}
	if testing.Short() {
		words = slices.DeleteFunc(words, func(word string) bool { return !strings.Contains(word, ".") })
	}
	for _, victim := range victims {
		known := lintObject(t, linter, fmt.Sprintf(object, victim.namespace, "", "", victim.spec, ""))
		if len(known) != victim.rules {
			t.Fatalf("%s: found %q", victim.namespace, known)
		}
		holds := func(what, object string) {
			t.Helper()
			found := lintObject(t, linter, object)
			for _, finding := range known {
				if !slices.Contains(found, finding) {
					t.Errorf("%s: with %s there is no %s", victim.namespace, what, finding)
				}
			}
		}
		for _, word := range words {
			text, err := json.Marshal(word)
			if err != nil {
				t.Fatal(err)
			}
			annotation := string(text) + `: "x"`
			holds("annotation "+word, fmt.Sprintf(object, victim.namespace, annotation, "", victim.spec, ""))
			holds("label "+word, fmt.Sprintf(object, victim.namespace, "", annotation, victim.spec, ""))
			holds("toleration of "+word, fmt.Sprintf(object, victim.namespace, "", "", victim.spec, `{"key": `+string(text)+`, "value": "x"}`))
		}
	}
}

// wordsOfReaders are the texts in the source of package facts, and keys that begin with them.
func wordsOfReaders(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("facts/*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				text, err := strconv.Unquote(literal.Value)
				if err != nil {
					t.Fatal(err)
				}
				keys := []string{text}
				switch {
				case strings.HasSuffix(text, "/"), strings.HasSuffix(text, "-"):
					keys = []string{text + "x"}
				case strings.Contains(text, "."):
					keys = append(keys, text+"/x")
				}
				for _, key := range keys {
					if len(validation.IsQualifiedName(key)) == 0 {
						found[key] = true
					}
				}
			}
			return true
		})
	}
	return slices.Sorted(maps.Keys(found))
}

// All parts of an object run in one cluster: one part that speaks for another cloud does not
// speak for the others.
func TestOnePartDoesNotSpeakForAnotherCloud(t *testing.T) {
	const object = `{"apiVersion": "ray.io/v1", "kind": "RayCluster", "metadata": {"name": "churn", "annotations": {"mlpolicy.dev/workload": "batch-scoring"}}, "spec": {
		"headGroupSpec": {"template": {"metadata": {"annotations": {%s}}, "spec": {"containers": [{"name": "a", "image": "b"}]}}},
		"workerGroupSpecs": [{"groupName": "gpu", "template": {"spec": {"containers": [{"name": "a", "image": "b", "resources": {"limits": {"nvidia.com/gpu": 1}}}]}}}]}}`
	linter := linterOf(t, "kubernetes: {cluster: aks}")
	known := lintObject(t, linter.Admission(), fmt.Sprintf(object, ""))
	if !slices.ContainsFunc(known, func(finding string) bool { return strings.HasPrefix(finding, "gpu-batch-scoring ") }) {
		t.Fatalf("found %q", known)
	}
	elsewhere := fmt.Sprintf(object, `"run.googleapis.com/x": "y"`)
	if found := lintObject(t, linter.Alone(), elsewhere); len(found) >= len(known) {
		t.Errorf("lint believes nothing: %q", found)
	}
	found := lintObject(t, linter.Admission(), elsewhere)
	for _, finding := range known {
		if !slices.Contains(found, finding) {
			t.Errorf("there is no %s", finding)
		}
	}
}

// Where the configuration says that the cluster is not AKS, an object may say so too.
func TestAnotherCloudIsBelievedElsewhere(t *testing.T) {
	const object = `{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "churn"}, "spec": {"nodeSelector": {"type": "virtual-kubelet"},
		"tolerations": [{"key": "virtual-kubelet.io/provider", "value": "alibabacloud"}], "containers": [{"resources": {"limits": {"nvidia.com/gpu": 1}}}]}}`
	for text, want := range map[string]int{"": 1, "kubernetes: {cluster: aks}": 1, "kubernetes: {cluster: other}": 0} {
		if found := lintObject(t, linterOf(t, text).Admission(), object); len(found) != want {
			t.Errorf("%q: found %q", text, found)
		}
	}
}

// What looks like a template, a placeholder or a patch is what it is in an object of a cluster.
func TestObjectIsNoTemplate(t *testing.T) {
	linter := linterOf(t, "", imagePolicy)
	const deployment = `{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "churn"}, "spec": {"template": {"spec": {
		"nodeSelector": {"type": "virtual-kubelet"}, "containers": [%s]}}}}`
	const workspace = `{"apiVersion": "kaito.sh/v1beta1", "kind": "Workspace", "metadata": {"name": "churn"}, "inference": {"template": {"spec": {
		"nodeSelector": {"type": "virtual-kubelet"}, "containers": [%s]}}}}`
	tests := []struct {
		name, object, container string
		want                    string // rule
	}{
		{"a tag with underscores", deployment, `{"name": "a", "image": "docker.io/churn:1__2__3"}`, "image"},
		{"a tag that is a placeholder", deployment, `{"name": "a", "image": "docker.io/churn:__tag__"}`, "image"},
		{"an image in braces", deployment, `{"name": "a", "image": "docker.io/{{ churn }}"}`, "image"},
		{"an image from a variable", deployment, `{"name": "a", "image": "docker.io/$(churn)"}`, "image"},
		{"a container that a patch would take away", deployment, `{"name": "a", "$patch": "delete", "resources": {"limits": {"nvidia.com/gpu": 1}}}`, "cpu-only"},
		{"the same where a CRD keeps unknown fields", workspace, `{"name": "a", "$patch": "delete", "resources": {"limits": {"nvidia.com/gpu": 1}}}`, "gpu-web-service"},
	}
	if len(tests) == 0 {
		t.Fatal("no cases")
	}
	for _, test := range tests {
		object := fmt.Sprintf(test.object, test.container)
		if found := lintObject(t, linter.Admission(), object); len(found) != 1 || !strings.HasPrefix(found[0], test.want+" ") {
			t.Errorf("%s: found %q, want %s", test.name, found, test.want)
		}
		if found := lintObject(t, linter.Alone(), object); len(found) != 0 {
			t.Errorf("%s: lint found %q in a file", test.name, found)
		}
	}
}

// imagePolicy is an organisation's rule on images.
var imagePolicy = policy.Folder{Name: "own", FS: fstest.MapFS{"image/image.rego": {Data: []byte(`# METADATA
# title: Image of another registry
# description: Images come from our registry.
# custom:
#   severity: error
#   remediation: Take an image of our registry.
package mlpolicy.rules.image

deny contains {"path": ["deployments", i, "images", j], "message": image} if {
	some i, deployment in input.deployments
	some j, image in deployment.images
	startswith(image, "docker.io/")
}
`)}}}

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
