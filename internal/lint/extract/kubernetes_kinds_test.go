package extract

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/golden"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// anything is the rest of an object of any kind: the pod, or what stands for it, in each
// place that a kind has it.
const anything = `
metadata: {name: any, namespace: any}
template: &template
  spec: &pod
    containers: &containers [{name: any, image: any, resources: {limits: {memory: 1Gi}}}]
    roles: [{name: any}]
    headGroupSpec: {rayStartParams: {}}
  driver: {memory: 1g}
  cliques: [{name: any, spec: {podSpec: *pod}}]
resource: {instanceType: Standard_NC24ads_A100_v4}
inference: {preset: {name: any}}
spec:
  containers: *containers
  template: *template
  jobTargetRef: {template: *template}
  jobTemplate: {spec: {template: *template, tasks: [{name: any, template: *template}]}, rayClusterSpec: &ray {headGroupSpec: {template: *template}}}
  replicatedJobs: [{name: any, template: {spec: {template: *template}}}]
  leaderWorkerTemplate: {workerTemplate: *template}
  rayClusterConfig: *ray
  rayClusterSpec: *ray
  headGroupSpec: {template: *template}
  predictor: *pod
  predictors: [{name: any, componentSpecs: [{spec: *pod}]}]
  roles: [{type: any, spec: {leaderWorkerTemplate: {workerTemplate: *template}}}]
  workloadTemplate: {workerTemplate: *template}
  templates: &templates [{container: {name: any, image: any}}]
  workflowSpec: {templates: *templates}
  tasks: &tasks [{name: any, template: *template}]
  driver: {memory: 1g}
  engine: *pod
  services: [{name: any, enabled: true, spec: *pod}]
  components: [{name: any, podTemplate: *template}]
  anyReplicaSpecs: {Worker: {template: *template}}
  properties: {amlCompute: {properties: {vmSize: Standard_NC24ads_A100_v4}}}
  agentPoolProfiles: [{name: any, vmSize: Standard_NC24ads_A100_v4}]
  vmSize: Standard_NC24ads_A100_v4
  forProvider: {vmSize: Standard_NC24ads_A100_v4, defaultNodePool: {vmSize: Standard_NC24ads_A100_v4}, container: [{name: any, memory: 1}]}
`

func anyObject(group, version, kind string) []byte {
	text := "apiVersion: " + apiVersion(group, version) + "\nkind: " + kind + "\n" + anything
	if kind == wrapper {
		text = strings.Replace(text, "components: [{", "components: [{template: {apiVersion: v1, kind: Pod, spec: *pod}, ", 1)
	}
	return []byte(text)
}

// wrapper is a kind that has whole objects, which are read in any object.
const wrapper = "AppWrapper"

// apiVersion is as objects write it.
func apiVersion(group, version string) string { return strings.TrimPrefix(group+"/"+version, "/") }

// describes reports whether a file describes a deployment or a compute.
func describes(t *testing.T, data []byte) bool {
	t.Helper()
	for _, r := range readWhole(t.Context(), source.Parse("object.yaml", data), read.Lists{}).Readers {
		if len(r.Deployments)+len(r.Computes) > 0 {
			return true
		}
	}
	return false
}

// TestKubernetesKinds holds that an object of each listed kind and version tells something
// that rules judge.
func TestKubernetesKinds(t *testing.T) {
	listed := map[string]bool{}
	for _, served := range kube.Kinds() {
		if len(served.Versions) == 0 || len(served.Kinds) == 0 {
			t.Errorf("an entry of group %q has no versions or no kinds", served.Group)
		}
		var resources []string
		for _, kind := range served.Kinds {
			resources = append(resources, served.Resource(kind))
			for _, version := range served.Versions {
				name := apiVersion(served.Group, version) + " " + kind
				if listed[name] {
					t.Errorf("%s is listed twice", name)
				}
				listed[name] = true
				object := anyObject(served.Group, version, kind)
				if Recognize(object) == Unrecognized {
					t.Errorf("%s is not recognised by its bytes", name)
				}
				if !describes(t, object) {
					t.Errorf("%s tells nothing that a rule judges", name)
				}
			}
		}
		for _, subresource := range served.Updates {
			if resource, _, ok := strings.Cut(subresource, "/"); !ok || !slices.Contains(resources, resource) {
				t.Errorf("%s is no subresource of a listed resource", subresource)
			}
		}
	}
	if len(listed) < 100 {
		t.Errorf("%d kinds and versions are listed", len(listed))
	}
}

// TestVersionsThatAreNotListedAreRead holds that a kind is read whatever its version: nobody gets around a
// rule by a version that an operator serves since yesterday.
func TestVersionsThatAreNotListedAreRead(t *testing.T) {
	kinds := 0
	for _, served := range kube.Kinds() {
		for _, kind := range served.Kinds {
			kinds++
			for _, version := range []string{"v987", "v2beta3", "v1api20991231preview", "v20991231"} {
				object := anyObject(served.Group, version, kind)
				if Recognize(object) == Unrecognized || !describes(t, object) {
					t.Errorf("%s %s is not read", apiVersion(served.Group, version), kind)
				}
				if kube.IsVersion(served.Group, version, kind) || !kube.IsVersion(served.Group, served.Versions[0], kind) || !kube.IsKind(served.Group, kind) {
					t.Errorf("%s %s is listed, or what is listed is not", apiVersion(served.Group, version), kind)
				}
			}
		}
	}
	if kinds == 0 {
		t.Fatal("no kinds")
	}
}

// TestKubernetesKindsAreAll holds that no other kind of the listed groups, or of those that
// are served no more, tells anything.
func TestKubernetesKindsAreAll(t *testing.T) {
	listed := map[[2]string]bool{}
	var groups, kinds []string
	for _, served := range kube.Kinds() {
		groups = append(groups, served.Group)
		for _, kind := range served.Kinds {
			listed[[2]string{served.Group, kind}] = true
			kinds = append(kinds, kind)
		}
	}
	slices.Sort(groups)
	slices.Sort(kinds)
	for _, group := range slices.Compact(groups) {
		for _, kind := range slices.Compact(kinds) {
			if !listed[[2]string{group, kind}] && kind != wrapper && describes(t, anyObject(group, "v1", kind)) {
				t.Errorf("%s of %q is read and not listed", kind, group)
			}
		}
	}
	if describes(t, anyObject("example.com", "v1", "Example")) {
		t.Error("any object is read, so the test shows nothing")
	}
}

// unserved are API versions that the examples have and that no API server serves any more,
// or ever did.
var unserved = []string{"apps/v1beta2", "batch/v1beta1", "extensions/v1beta1", "mlpolicy.dev/v1"}

// TestKubernetesKindsOfExamples holds that each object of the examples that tells something
// is of a listed kind and version.
func TestKubernetesKindsOfExamples(t *testing.T) {
	listed := map[string]bool{}
	for _, served := range kube.Kinds() {
		for _, version := range served.Versions {
			for _, kind := range served.Kinds {
				listed[apiVersion(served.Group, version)+" "+kind] = true
			}
		}
	}
	files, err := filepath.Glob("../../../testdata/formats/*/*")
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	found := map[string]bool{}
	for _, file := range files {
		if !slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(file)) {
			continue
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range readWhole(t.Context(), source.Parse(file, data), read.Lists{}).Readers {
			_, kind := kube.GroupKind(r.Root)
			if len(r.Deployments)+len(r.Computes) == 0 || kind == "" || r.Format == kube.OtherKindName {
				continue
			}
			object := r.Root
			if !object.Has("apiVersion") { // an item of a typed list
				object = object.Parent().Parent()
			}
			version, _ := object.Get("apiVersion").Scalar()
			if slices.Contains(unserved, version) {
				continue
			}
			found[version+" "+kind] = true
			if !listed[version+" "+kind] {
				t.Errorf("%s: %s of %s is not listed", file, kind, version)
			}
		}
	}
	if len(found) < 60 {
		t.Errorf("the examples have %d kinds and versions", len(found))
	}
}

// TestKubernetesKindsOfChart holds the chart's file against the list; -update writes it anew.
func TestKubernetesKindsOfChart(t *testing.T) {
	var text strings.Builder
	text.WriteString(`# What the API server sends for review. Generated from internal/lint/extract/kube/kinds.go by make generate.
# kinds maps each kind to its resource; updates are subresources, of which only updates are reviewed.
`)
	for _, served := range kube.Kinds() {
		scope := "Namespaced"
		if served.Cluster {
			scope = "Cluster"
		}
		fmt.Fprintf(&text, "- group: %q\n  versions: [%s]\n  scope: %s\n  kinds:\n", served.Group, strings.Join(served.Versions, ", "), scope)
		for _, kind := range served.Kinds {
			fmt.Fprintf(&text, "    %s: %s\n", kind, served.Resource(kind))
		}
		if served.Updates != nil {
			fmt.Fprintf(&text, "  updates: [%s]\n", strings.Join(served.Updates, ", "))
		}
	}
	golden.Check(t, "../../../deploy/chart/files/kinds.yaml", text.String())
}
