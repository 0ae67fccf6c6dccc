package lint_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint"
)

const pods = `apiVersion: v1
kind: Pod
metadata: {name: churn, labels: {mlpolicy.dev/workload: web-service}}
spec:
  nodeSelector: {type: virtual-kubelet}
  containers:
  - name: side
    image: a
    resources: {requests: {memory: 1Gi}}
  - name: server
    image: b
    resources: {requests: {memory: 50Gi}}
`

// printsOf returns the fingerprints of the findings of each rule in one file.
func printsOf(t *testing.T, text string, configuration ...string) map[string][]string {
	t.Helper()
	fsys, names := files(map[string]string{"deploy/churn.yaml": text})
	result := lintFiles(t, newLinter(t, configuration...), fsys, names...)
	prints := map[string][]string{}
	for i, print := range result.Fingerprints() {
		rule := result.Findings[i].Rule
		prints[rule] = append(prints[rule], print)
	}
	if len(prints) == 0 {
		t.Fatalf("no findings in\n%s", text)
	}
	return prints
}

// A fingerprint stays the same as long as what is wrong does.
func TestFingerprintsAreStable(t *testing.T) {
	want := printsOf(t, pods)["memory"]
	if len(want) != 1 {
		t.Fatalf("%d fingerprints of memory", len(want))
	}
	side, server := "  - name: side\n    image: a\n    resources: {requests: {memory: 1Gi}}\n", "  - name: server\n    image: b\n    resources: {requests: {memory: 50Gi}}\n"
	for name, test := range map[string]struct{ text, configuration string }{
		"lines above":          {"# why\n---\n\n" + pods, ""},
		"other formatting":     {strings.Replace(pods, "{memory: 50Gi}", `{ "memory" : '50Gi' }`, 1), ""},
		"containers that move": {strings.Replace(pods, side+server, server+side, 1), ""},
		"another edition":      {pods, "edition: 2020-12"},
		"another severity":     {pods, "rules: {memory: warning}"},
	} {
		var configuration []string
		if test.configuration != "" {
			configuration = append(configuration, test.configuration)
		}
		if got := printsOf(t, test.text, configuration...)["memory"]; !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	for name, text := range map[string]string{
		"another value":      strings.Replace(pods, "50Gi", "60Gi", 1),
		"another container":  strings.Replace(pods, "name: server", "name: main", 1),
		"another deployment": strings.Replace(pods, "name: churn", "name: fraud", 1),
	} {
		if got := printsOf(t, text)["memory"]; len(got) != 1 || got[0] == want[0] {
			t.Errorf("%s: %v, before %v", name, got, want)
		}
	}
}

// Findings that nothing tells apart have fingerprints of their own, and one of them alone has the first.
func TestFingerprintsAreUnique(t *testing.T) {
	one := printsOf(t, pods)["memory"]
	two := printsOf(t, pods+"---\n"+pods)["memory"]
	if len(two) != 2 || two[0] != one[0] || two[1] == one[0] {
		t.Errorf("%v, and of one of them alone %v", two, one)
	}
}

// A finding keeps its fingerprint when one with the same Identity is waived, whether or not waived ones are among the
// findings.
func TestFingerprintsWithWaived(t *testing.T) {
	waived := strings.Replace(pods, "memory: 50Gi}}\n", "memory: 50Gi}} # mlpolicy:ignore memory reason=\"old model\"\n", 1)
	before := printsOf(t, pods+"---\n"+pods)["memory"]
	if len(before) != 2 || before[0] == before[1] {
		t.Fatalf("fingerprints %v", before)
	}
	for text, left := range map[string]string{waived + "---\n" + pods: before[1], pods + "---\n" + waived: before[0]} {
		fsys, names := files(map[string]string{"deploy/churn.yaml": text})
		result := lintFiles(t, newLinter(t), fsys, names...)
		if len(result.Waived) != 1 {
			t.Fatalf("%d waived findings", len(result.Waived))
		}
		if got := memoryPrints(result); !slices.Equal(got, []string{left}) {
			t.Errorf("without waived findings %v, want %s", got, left)
		}
		if got := memoryPrints(result.WithWaived()); !slices.Equal(got, before) {
			t.Errorf("with waived findings %v, want %v", got, before)
		}
	}
}

// memoryPrints returns the fingerprints of the findings of the rule memory.
func memoryPrints(result *lint.Result) []string {
	var list []string
	for i, print := range result.Fingerprints() {
		if result.Findings[i].Rule == "memory" {
			list = append(list, print)
		}
	}
	return list
}

func TestIdentity(t *testing.T) {
	long := strings.Repeat("模", 100)
	fsys, names := files(map[string]string{
		"deploy/churn.yaml": pods,
		"m.yaml":            "apiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\nmetadata: {name: m}\nspec: {target: " + long + ", memory: lots}\n",
		"plan.json": `{"format_version": "1.2", "terraform_version": "1.9", "resource_changes": [{"address": "azurerm_container_group.score", "mode": "managed", "type": "azurerm_container_group",
			"name": "score", "change": {"actions": ["create"], "after": {"name": "score", "container": [{"name": "c", "image": "i", "cpu": 1, "memory": 64}, {"name": "d", "image": "i", "cpu": 1, "memory": "secret"}]}}}]}`,
		"broken.yaml": "kind: ModelDeployment\napiVersion: mlpolicy.dev/v1\nspec: {\n",
	})
	result := lintFiles(t, newLinter(t), fsys, names...)
	got := map[string]lint.Identity{}
	for i := range result.Findings {
		f := &result.Findings[i]
		got[f.File.Name+" "+f.Rule+" "+f.Field] = result.Identity(f)
	}
	subject := func(rule string) lint.Subject { return lint.Subject{Rule: rule} }
	want := map[string]lint.Identity{
		"broken.yaml syntax ": {Subject: subject("syntax"), File: "broken.yaml"},
		"deploy/churn.yaml memory spec.containers[1].resources.requests.memory": {
			Subject: subject("memory"), File: "deploy/churn.yaml", Deployment: "churn",
			Field: `spec.containers["server"].resources.requests.memory`, Value: "51",
		},
		"m.yaml syntax spec.target": {Subject: subject("syntax"), File: "m.yaml", Field: "spec.target", Value: strings.Repeat("模", 80)},
		"m.yaml syntax spec.memory": {Subject: subject("syntax"), File: "m.yaml", Field: "spec.memory", Value: "lots"},
		"plan.json memory resource_changes[0].change.after.container[0].memory": {
			Subject: subject("memory"), File: "plan.json", Deployment: "score",
			Field: `resource_changes["score"].change.after.container["c"].memory`, Value: "64",
		},
		"plan.json syntax resource_changes[0].change.after.container[1].memory": {
			Subject: subject("syntax"), File: "plan.json",
			Field: `resource_changes["score"].change.after.container["d"].memory`,
		},
	}
	if !maps.Equal(got, want) {
		text := func(ids map[string]lint.Identity) string {
			indented, err := json.MarshalIndent(ids, "", " ")
			if err != nil {
				t.Fatal(err)
			}
			return string(indented)
		}
		t.Errorf("got  %s\nwant %s", text(got), text(want))
	}
}
