package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"
)

// sample is an object in a file.
type sample struct {
	file   string // from the root of its tree, with the object's number
	ours   bool   // it is an example that shows what is read, and nothing beside it
	object *unstructured.Unstructured
}

// samples are the objects of a tree of the kinds that are wanted.
func samples(t *testing.T, root string, ours bool, wanted map[schema.GroupKind]bool) []sample {
	t.Helper()
	var list []sample
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(file)) {
			return err
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		for i, object := range objects(text) {
			if wanted[object.GroupVersionKind().GroupKind()] {
				list = append(list, sample{fmt.Sprintf("%s#%d", name, i+1), ours, object})
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// objects are those of a file that can be read; of a list its items.
func objects(text []byte) []*unstructured.Unstructured {
	var list []*unstructured.Unstructured
	for documents := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text))); ; {
		document, err := documents.Read()
		if err != nil { // the end
			return list
		}
		one := &unstructured.Unstructured{}
		if yaml.Unmarshal(document, &one.Object) != nil || one.Object == nil {
			continue
		}
		items, ok := one.Object["items"].([]any)
		if !ok || !strings.HasSuffix(one.GetKind(), "List") {
			list = append(list, one)
			continue
		}
		for _, item := range items {
			if item, ok := item.(map[string]any); ok {
				if item["kind"] == nil {
					item["apiVersion"], item["kind"] = one.GetAPIVersion(), strings.TrimSuffix(one.GetKind(), "List")
				}
				list = append(list, &unstructured.Unstructured{Object: item})
			}
		}
	}
}

// api is what the API server serves.
type api struct {
	client    dynamic.Interface
	resources map[schema.GroupVersionKind]metav1.APIResource
	schemas   map[schema.GroupVersionKind]map[string]any // of kinds that are defined
}

func served(t *testing.T, definitions []*unstructured.Unstructured) api {
	t.Helper()
	from := api{dynamicClient(t), map[schema.GroupVersionKind]metav1.APIResource{}, map[schema.GroupVersionKind]map[string]any{}}
	_, lists, err := shared.client.Discovery().ServerGroupsAndResources()
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range lists {
		version, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			t.Fatal(err)
		}
		for _, resource := range list.APIResources {
			if !strings.Contains(resource.Name, "/") {
				from.resources[version.WithKind(resource.Kind)] = resource
			}
		}
	}
	for _, definition := range definitions {
		spec := definition.Object["spec"].(map[string]any)
		for _, version := range versionsOf(definition) {
			kind := schema.GroupVersionKind{Group: spec["group"].(string), Version: version["name"].(string), Kind: spec["names"].(map[string]any)["kind"].(string)}
			from.schemas[kind] = version["schema"].(map[string]any)["openAPIV3Schema"].(map[string]any)
		}
	}
	return from
}

// refusal is of samples that the API server refuses.
type refusal struct {
	objects string // pattern of their names
	says    string // within what the API server says
	why     string // an example is there all the same, or a file is not valid
}

func refusals() []refusal {
	const (
		quoted      = "a quoted number is understood"
		placeholder = "a placeholder is passed over"
		wrongShape  = "a value of the wrong shape is a warning in files"

		noRuntimeClass = "the cluster has no RuntimeClass"
	)
	return []refusal{
		{"formats/*/no-quantities.yaml#*", " is invalid: ", "a word that is no quantity does no harm"},
		{"formats/*/not-known-yet.yaml#*", " is invalid: ", placeholder},
		{"formats/*/wrong-shapes.yaml#*", " is invalid: ", wrongShape},
		{"formats/*/wrong-shapes.yaml#*", " cannot be handled as a", wrongShape},
		{"formats/azure-service-operator/container-group.yaml#[134]", "memoryInGB in body must be of type number", quoted},
		{"formats/azure-service-operator/managed-cluster.yaml#1", `"${POOL}"`, placeholder},
		{"formats/azure-service-operator/workspaces-compute.yaml#2", `Unsupported value: "dedicated"`, "Azure itself takes words in any case"},
		{"formats/crossplane-azure/container-groups.yaml#[14]", "gpu[0].count", "a block is understood as a list of one"},
		{"formats/crossplane-azure/container-groups.yaml#3", "memory in body must be of type number", placeholder},
		{"formats/crossplane-azure/init-provider.yaml#1", "spec.initProvider.scaleSettings[0].maxNodeCount", "a block is understood as a list of one"},
		{"formats/crossplane-azure/kubernetes-clusters.yaml#3", "enableAutoScaling in body must be of type boolean", quoted},
		{"formats/kaito/multi-role.yaml#1", "replicas in body must be of type integer", quoted},
		{"formats/kserve-inference-service/llm.yaml#2", "wva is required when scaling is configured", "the bounds are understood whatever scales"},
		{"formats/kserve-inference-service/v1beta1.yaml#2", `unknown field "spec.predictor.huggingface"`, "KFServing's group is read as KServe's"},
		{"formats/kubeflow-training/silent-about-its-syntax.yaml#1", " is invalid: ", "a training job is no cause for complaint"},
		{"formats/kubeflow-training/train-job.yaml#1", `unknown field "spec.podTemplateOverrides"`, "later releases of Trainer have it"},
		{"formats/kubeflow-training/train-job-patches.yaml#1", `unknown field "spec.runtimePatches"`, "later releases of Trainer have it"},
		{"formats/kuberay/cluster-v1alpha1.yaml#1", `unknown field "spec.headGroupSpec.replicas"`, "earlier releases of KubeRay had it"},
		{"formats/kuberay/gpus-by-start-parameters.yaml#1", "num-gpus in body must be of type string", "a number is understood"},
		{"formats/kubernetes-resource-claim/template.yaml#5", `RuntimeClass "nvidia" not found`, noRuntimeClass},
		{"formats/kubernetes-workload/devices.yaml#[34]", `RuntimeClass "nvidia" not found`, noRuntimeClass},
		{"formats/kubernetes-workload/init-containers.yaml#3", "Limit must be set for non overcommitable resources", "a request is understood"},
		{"formats/kubernetes-workload/init-containers.yaml#5", "Pod Overhead set without corresponding RuntimeClass", noRuntimeClass},
		{"formats/kubernetes-workload/kinds.yaml#7", "no API server has apps/v1beta2", "it was served up to Kubernetes 1.15"},
		{"formats/kubernetes-workload/kinds.yaml#9", "no API server has batch/v1beta1", "it was served up to Kubernetes 1.24"},
		{"formats/kubernetes-workload/kinds.yaml#12", "spec.template.spec.containers: Required value", "there is nothing to understand"},
		{"formats/kubernetes-workload/kinds.yaml#13", "no API server has /, Kind=Pod", "it is no object"},
		{"formats/kubernetes-workload/patch.yaml#*", "$patch", "it is a strategic merge patch"},
		{"formats/kubernetes-workload/sums.yaml#1", "spec.ephemeralContainers: Forbidden: cannot be set on create", "kubectl get writes such"},
		{"formats/kubernetes-workload/sums.yaml#2", "Limit must be set for non overcommitable resources", "a request is understood"},
		{"formats/kubernetes-workload/unknown.yaml#*", "quantities must match the regular expression", placeholder},
		{"formats/kuberay/hosts.yaml#1", "numOfHosts in body must be of type integer", placeholder},
		{"formats/leader-worker-set/leader-and-workers.yaml#2", "spec.replicas in body must be of type integer", placeholder},
		{"formats/leader-worker-set/leader-and-workers.yaml#5", "size in body must be of type integer", placeholder},
		{"formats/vllm-production-stack/runtime-gpu-types.yaml#1", "resources.gpu in body must be of type string", "a number is understood"},

		// Of the real files.
		{"k8s-virtual-node-aci/azure-aci__fixtures__win-pod.yml#1", `"TEST_WINDOWS_NODE_NAME"`, "its test puts the name of a node there"},
		{
			"kserve/azure-intelligent-edge-patterns__04-KFServing__pytorch_cifar10_gpu.yaml#1", `unknown field "spec.default.parallelism"`,
			"it belongs into the predictor",
		},
	}
}

// readAsSent holds that every example, and every real file where they are at hand, is what the
// upstream projects' definitions allow, and that mlpolicy understands of what the API server makes
// of it whatever it understands of what was sent.
func readAsSent(t *testing.T, definitions []*unstructured.Unstructured) {
	wanted := map[schema.GroupKind]bool{}
	for _, test := range kindCases() {
		wanted[schema.GroupKind{Group: test.group, Kind: test.kind}] = true
	}
	list := samples(t, "../../testdata", true, wanted)
	if corpus := os.Getenv("MLPOLICY_CORPUS"); corpus != "" {
		list = append(list, samples(t, corpus, false, wanted)...)
	}
	if len(list) < 150 {
		t.Fatalf("%d objects", len(list))
	}
	from, ns, sent := served(t, definitions), namespace(t), t.TempDir()
	known := refusals()
	refused := make([]int, len(known)) // samples, by refusal
	var taken []sample
	for i, each := range list {
		each.object.SetName(fmt.Sprintf("object-%03d", i))
		each.object.SetGenerateName("")
		each.object.SetNamespace("")
		if err := from.try(t, ns, each); err != nil {
			which := slices.IndexFunc(known, func(r refusal) bool {
				matched, _ := path.Match(r.objects, each.file) // the patterns are ours
				return matched && strings.Contains(err.Error(), r.says)
			})
			if which < 0 {
				t.Errorf("%s, %s: %v", each.file, each.object.GetKind(), err)
			} else {
				refused[which]++
			}
			continue
		}
		taken = append(taken, each)
		text, err := json.Marshal(each.object)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(sent, each.object.GetName()+".json"), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for i, each := range known {
		if refused[i] == 0 && (strings.HasPrefix(each.objects, "formats/") || os.Getenv("MLPOLICY_CORPUS") != "") {
			t.Errorf("the API server refuses none of %s (%s)", each.objects, each.why)
		}
	}
	t.Logf("%d objects, %d of them as they may be", len(list), len(taken))
	stdout, stderr, code := kubectl(t, "apply", "--validate=strict", "--dry-run=server", "--output", "json", "--filename", sent)
	var answer struct{ Items []json.RawMessage }
	if err := json.Unmarshal([]byte(stdout), &answer); err != nil || code != 0 || len(answer.Items) != len(taken) {
		t.Fatalf("%d of %d objects applied: %v\n%s", len(answer.Items), len(taken), err, stderr)
	}
	back := t.TempDir()
	for i, each := range taken {
		if err := os.WriteFile(filepath.Join(back, each.object.GetName()+".json"), answer.Items[i], 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if within(factsOf(t, sent), factsOf(t, back), "") == "" {
		return
	}
	for _, each := range taken {
		file := each.object.GetName() + ".json"
		if lost := within(factsOf(t, filepath.Join(sent, file)), factsOf(t, filepath.Join(back, file)), ""); lost != "" {
			t.Errorf("%s, %s: %s", each.file, each.object.GetKind(), lost)
		}
	}
}

// try creates a sample as a dry run, an example of ours with what its kind requires beside it.
func (a api) try(t *testing.T, namespace string, s sample) error {
	t.Helper()
	kind := s.object.GroupVersionKind()
	resource, ok := a.resources[kind]
	if !ok {
		return fmt.Errorf("no API server has %s", kind)
	}
	if s.ours {
		complete(s.object, a.schemas[kind])
	}
	resources := a.client.Resource(kind.GroupVersion().WithResource(resource.Name))
	var in dynamic.ResourceInterface = resources
	if resource.Namespaced {
		s.object.SetNamespace(namespace)
		in = resources.Namespace(namespace)
	}
	_, err := in.Create(t.Context(), s.object, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}, FieldValidation: metav1.FieldValidationStrict})
	return err
}

// factsOf are the facts of a file.
func factsOf(t *testing.T, file string) any {
	t.Helper()
	done := command(t, "", mlpolicy(), "facts", "--no-link", file)
	var facts any
	if err := yaml.Unmarshal([]byte(done.stdout), &facts); err != nil || done.code != 0 {
		t.Fatalf("%s: exit code %d, %v\n%s", file, done.code, err, done.stderr)
	}
	return facts
}

// within returns the facts that changed; additional facts are allowed.
func within(before, after any, path string) string {
	switch before := before.(type) {
	case map[string]any:
		after, _ := after.(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(before)) {
			if lost := within(before[key], after[key], path+"."+key); lost != "" {
				return lost
			}
		}
	case []any:
		after, _ := after.([]any)
		if len(after) != len(before) {
			return fmt.Sprintf("%s has %d items, had %d", path, len(after), len(before))
		}
		for i := range before {
			if lost := within(before[i], after[i], fmt.Sprintf("%s[%d]", path, i)); lost != "" {
				return lost
			}
		}
	default:
		if !reflect.DeepEqual(before, after) {
			return fmt.Sprintf("%s is %v, was %v", path, after, before)
		}
	}
	return ""
}

// complete adds what a kind requires beside what an example of ours shows.
func complete(object *unstructured.Unstructured, schema map[string]any) {
	kind := object.GroupVersionKind()
	if strings.HasSuffix(kind.Group, ".upbound.io") {
		if spec, ok := object.Object["spec"].(map[string]any); ok {
			spec["managementPolicies"] = []any{"Observe"} // asks for no fields
		}
	}
	if schema != nil {
		require(object.Object, schema)
	} else {
		completeWorkload(object)
	}
}

// completeWorkload adds what Kubernetes' own kinds require.
func completeWorkload(object *unstructured.Unstructured) {
	spec, _ := object.Object["spec"].(map[string]any)
	template := object.Object
	switch kind := object.GetKind(); kind {
	case "Pod":
	case "PodTemplate":
		template, _ = object.Object["template"].(map[string]any)
	case "CronJob":
		job, _ := spec["jobTemplate"].(map[string]any)
		jobSpec, _ := job["spec"].(map[string]any)
		template, _ = jobSpec["template"].(map[string]any)
	default:
		template, _ = spec["template"].(map[string]any)
		if labels, _, _ := unstructured.NestedMap(template, "metadata", "labels"); kind != "Job" && template != nil {
			if labels == nil {
				labels = map[string]any{}
			}
			labels["app"] = "example"
			spec["selector"] = map[string]any{"matchLabels": labels}
			if kind == "ReplicationController" {
				spec["selector"] = labels
			}
			metadata, ok := template["metadata"].(map[string]any)
			if !ok {
				metadata = map[string]any{}
				template["metadata"] = metadata
			}
			metadata["labels"] = labels
		}
	}
	pod, _ := template["spec"].(map[string]any)
	for _, list := range []string{"containers", "initContainers"} {
		containers, _ := pod[list].([]any)
		for _, container := range containers {
			if container, ok := container.(map[string]any); ok && container["image"] == nil {
				container["image"] = "example"
			}
		}
	}
	if strings.HasSuffix(object.GetKind(), "Job") && pod != nil && pod["restartPolicy"] == nil {
		pod["restartPolicy"] = "Never"
	}
}

// require adds the members that a schema requires of an object, at all depths. The API server adds those with a default.
func require(value any, schema map[string]any) {
	switch value := value.(type) {
	case map[string]any:
		properties, _ := schema["properties"].(map[string]any)
		required, _ := schema["required"].([]any)
		for _, name := range required {
			if property, ok := properties[name.(string)].(map[string]any); ok && value[name.(string)] == nil && property["default"] == nil {
				value[name.(string)] = least(property)
			}
		}
		for name, member := range value {
			if property, ok := properties[name].(map[string]any); ok {
				require(member, property)
			} else if property, ok := schema["additionalProperties"].(map[string]any); ok {
				require(member, property)
			}
		}
	case []any:
		if items, ok := schema["items"].(map[string]any); ok {
			for _, item := range value {
				require(item, items)
			}
		}
	}
}

// least is a value that a schema allows.
func least(schema map[string]any) any {
	if words, ok := schema["enum"].([]any); ok {
		return words[0]
	}
	switch schema["type"] {
	case "object":
		return map[string]any{}
	case "array":
		return []any{}
	case "integer", "number":
		return int64(0)
	case "boolean":
		return false
	}
	return "x"
}
