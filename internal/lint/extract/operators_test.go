package extract

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/scheduling"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// TestInstanceTypes looks at what instance types add to others, which no golden file shows.
func TestInstanceTypes(t *testing.T) {
	tests := []struct{ name, document, want string }{
		{"every fact", `
metadata: {name: gpu-large}
spec:
  nodeSelector: {agentpool: gpu, node.kubernetes.io/instance-type: Standard_NC6s_v3}
  resources:
    limits: {cpu: "1", nvidia.com/gpu: 2, xilinx.com/fpga-u250: 1, memory: 2Gi}
    requests: {cpu: 500m, memory: 1536Mi}
`, `gpu-large @ 1:1
  target: "aks" @ 5:29 spec.nodeSelector.agentpool (only nodes of AKS have the label agentpool)
  gpus: 2 @ 7:40 spec.resources.limits["nvidia.com/gpu"]
  fpgas: 1 @ 7:65 spec.resources.limits["xilinx.com/fpga-u250"]
  cpu_cores: 0.5 @ 8:21 spec.resources.requests.cpu
  memory_gib: 1.5 @ 8:35 spec.resources.requests.memory
  memory_limit_gib: 2 @ 7:76 spec.resources.limits.memory
  compute
    name: "gpu-large" @ 3:18 metadata.name
    target: "aks" @ 5:29 spec.nodeSelector.agentpool (only nodes of AKS have the label agentpool)
    vm_size: "Standard_NC6s_v3" @ 5:68 spec.nodeSelector["node.kubernetes.io/instance-type"]
    gpus: 1 @ 5:68 spec.nodeSelector["node.kubernetes.io/instance-type"] (VM size Standard_NC6s_v3 has 1 GPU)
    fpgas: 0 @ 5:68 spec.nodeSelector["node.kubernetes.io/instance-type"] (VM size Standard_NC6s_v3 has no FPGA)
`},
		{"a node with GPUs gives none to a pod that asks for none", `
metadata: {name: cpu}
spec: {nodeSelector: {kubernetes.azure.com/accelerator: nvidia}, resources: {limits: {cpu: 2}}}
`, `cpu @ 1:1
  target: "aks" @ 4:57 spec.nodeSelector["kubernetes.azure.com/accelerator"] (only nodes of AKS have the label kubernetes.azure.com/accelerator)
  cpu_cores: 2 @ 4:92 spec.resources.limits.cpu
`},
		{"explicitly none", `
metadata: {name: none}
spec: {resources: {limits: {nvidia.com/gpu: 0}}}
`, `none @ 1:1
  gpus: 0 @ 4:45 spec.resources.limits["nvidia.com/gpu"]
`},
		{"another cloud", `
metadata: {name: other}
spec: {nodeSelector: {node.kubernetes.io/instance-type: g5.xlarge}}
`, `other @ 1:1
  target: "kubernetes" @ 4:57 spec.nodeSelector["node.kubernetes.io/instance-type"] (g5.xlarge is a machine of another cloud)
  compute
    name: "other" @ 3:18 metadata.name
    target: "kubernetes" @ 4:57 spec.nodeSelector["node.kubernetes.io/instance-type"] (g5.xlarge is a machine of another cloud)
    vm_size: "g5.xlarge" @ 4:57 spec.nodeSelector["node.kubernetes.io/instance-type"]
`},
		{"no name yet", "\nmetadata: {name: $NAME}\nspec: {resources: {limits: {nvidia.com/gpu: 1}}}\n", ""},
		{"list", `List
items:
  - metadata: {name: a}
    spec: {resources: {limits: {nvidia.com/gpu: 1}}}
  - {apiVersion: amlarc.azureml.com/v1alpha1, kind: InstanceType, metadata: {name: b}, spec: {resources: {requests: {memory: 4Gi}}}}
`, `a @ 4:5
  gpus: 1 @ 5:49 items[0].spec.resources.limits["nvidia.com/gpu"]
b @ 6:5
  memory_gib: 4 @ 6:126 items[1].spec.resources.requests.memory
`},
		{"list in the specification", `List
metadata: {name: not-of-a-type}
spec:
  items:
    - {metadata: {name: a}, spec: {resources: {limits: {nvidia.com/gpu: 1}}}}
    - {metadata: {name: b}, spec: {resources: {requests: {memory: 4Gi}}}}
`, `a @ 6:7
  gpus: 1 @ 6:73 spec.items[0].spec.resources.limits["nvidia.com/gpu"]
b @ 7:7
  memory_gib: 4 @ 7:67 spec.items[1].spec.resources.requests.memory
`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			file := source.Parse("types.yaml", []byte("apiVersion: amlarc.azureml.com/v1alpha1\nkind: InstanceType"+test.document))
			if len(file.Problems) > 0 {
				t.Fatal(file.Problems)
			}
			reading := readWhole(context.Background(), file, read.Lists{})
			var b strings.Builder
			for _, part := range reading.Parts[read.InstanceType] {
				fmt.Fprintf(&b, "%s @ %s\n", part.Name, at(part.Facts.Location.Node))
				part.Facts.Target = part.Facts.Pods.Locate(scheduling.InFile()).Target
				describeFacts(&b, "  ", reflect.ValueOf(&part.Facts.Deployment).Elem())
			}
			equal(t, strings.ReplaceAll(b.String(), `  name: ""`+"\n", ""), test.want)
		})
	}
}

// manyParts are documents of n parts, with as many labels and annotations of the
// object and as many other keys.
var manyParts = map[string]struct {
	before, part, between, after string
}{
	"RayService": {
		`{"apiVersion": "ray.io/v1", "kind": "RayService", "metadata": {"name": "a", "labels": {%[1]s}, "annotations": {%[1]s}}, %[1]s,
		  "spec": {"rayClusterConfig": {%[1]s, "workerGroupSpecs": [`,
		`{"groupName": "g", "rayStartParams": {"num-gpus": 1}, "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"image": "a"}]}}}`, ",", `]}}}`},
	"MultiRoleInference": {
		`{"apiVersion": "kaito.sh/v1alpha1", "kind": "MultiRoleInference", "metadata": {"name": "a", "labels": {%[1]s}}, %[1]s,
		  "spec": {"labelSelector": {"matchLabels": {%[1]s}}, "model": {"name": "a"}, "roles": [`,
		`{"type": "prefill", "instanceType": "Standard_NC6s_v3"}`, ",", `]}}`},
	"predictors": {
		`{"apiVersion": "machinelearning.seldon.io/v1", "kind": "SeldonDeployment", "metadata": {"name": "a", "labels": {%[1]s}}, %[1]s,
		  "spec": {"annotations": {%[1]s}, "predictors": [`,
		`{"name": "p", "componentSpecs": [{"spec": {"containers": [{"name": "c"}]}}], "graph": {"name": "c", "modelUri": "s3://a"}}`, ",", `]}}`},
	"pods of a predictor": {
		`{"apiVersion": "machinelearning.seldon.io/v1", "kind": "SeldonDeployment", "metadata": {"name": "a"},
		  "spec": {"predictors": [{"name": "p", "labels": {%[1]s}, "annotations": {%[1]s}, %[1]s, "graph": {"name": "c", "modelUri": "s3://a"}, "componentSpecs": [`,
		`{"spec": {"containers": [{"name": "c"}]}}`, ",", `]}]}}`},
	"models of an inference graph": {
		`{"apiVersion": "machinelearning.seldon.io/v1", "kind": "SeldonDeployment", "metadata": {"name": "a"},
		  "spec": {"predictors": [{"name": "p", "graph": {"name": "c", "children": [`,
		`{"name": "m", "implementation": "SKLEARN_SERVER", "modelUri": "s3://a"}`, ",", `]}}]}}`},
	"models of the vLLM chart": {
		`{"servingEngineSpec": {%[1]s, "labels": {%[1]s}, "tolerations": [{"key": "a"}], "modelSpec": [`,
		`{"name": "m", "modelURL": "a", "requestGPU": 1}`, ",", `]}}`},
	"replicas of a training job": {
		`{"apiVersion": "kubeflow.org/v1", "kind": "PyTorchJob", "metadata": {"name": "a", "labels": {%[1]s}}, %[1]s, "spec": {"pytorchReplicaSpecs": {`,
		`"r%[2]d": {"replicas": 1, "template": {"spec": {"containers": [{"image": "a"}]}}}`, ",", `}}}`},
	"instance types": {
		`{"apiVersion": "amlarc.azureml.com/v1alpha1", "kind": "InstanceTypeList", "metadata": {"annotations": {%[1]s}}, "spec": {"items": [`,
		`{"metadata": {"name": "a"}, "spec": {"nodeSelector": {"agentpool": "a"}, "resources": {"limits": {"nvidia.com/gpu": 1}}}}`, ",", `]}}`},
}

// A document of twice the size takes about twice the work, however the size is made up.
func TestPartsAreReadInLinearTime(t *testing.T) {
	if len(manyParts) == 0 {
		t.Fatal("no documents")
	}
	const parts = 1000
	for name, document := range manyParts {
		t.Run(name, func(t *testing.T) {
			work := func(n int) float64 {
				var keys, list []string
				for i := range n {
					keys = append(keys, fmt.Sprintf(`"k%d": "v"`, i))
					list = append(list, strings.ReplaceAll(document.part, "%[2]d", fmt.Sprint(i)))
				}
				text := strings.ReplaceAll(document.before, "%[1]s", strings.Join(keys, ", ")) +
					strings.Join(list, document.between) + document.after
				file := source.Parse("a.json", []byte(text))
				if len(file.Problems) > 0 {
					t.Fatal(file.Problems)
				}
				reading := readWhole(context.Background(), file, read.Lists{})
				if len(reading.Readers) != 1 || len(reading.Readers[0].Deployments)+len(reading.Readers[0].Parts) == 0 {
					t.Fatalf("%d documents", len(reading.Readers))
				}
				return testing.AllocsPerRun(1, func() { readWhole(context.Background(), file, read.Lists{}) })
			}
			once, twice := work(parts), work(2*parts)
			if ratio := twice / once; ratio > 2.3 {
				t.Errorf("%.0f allocations for %d parts, %.0f for %d: %.1f times as many", once, parts, twice, 2*parts, ratio)
			}
		})
	}
}

// Labels that too many parts have in common are left out with a word; what the
// object states holds for each part all the same.
func TestPartsRepeatLabelsWithinBounds(t *testing.T) {
	const parts, labels = 300, 1000
	var b strings.Builder
	b.WriteString("apiVersion: ray.io/v1\nkind: RayCluster\nmetadata:\n  name: a\n  annotations: {mlpolicy.dev/stage: production, mlpolicy.dev/wrong: a}\n  labels:\n")
	for i := range labels {
		fmt.Fprintf(&b, "    label-%d: a\n", i)
	}
	b.WriteString("spec:\n  workerGroupSpecs:\n")
	for range parts {
		b.WriteString("    - template: {metadata: {labels: {own: a}}}\n")
	}
	extraction := extract(t, nil, Options{}, "ray.yaml", b.String())
	var problems []string
	for _, problem := range extraction.Problems {
		problems = append(problems, problem.Message+" @ "+at(problem.Location.Node))
	}
	equal(t, strings.Join(problems, "\n"), `unknown key "mlpolicy.dev/wrong" @ 5:49
the object has too many parts; from here on metadata.labels is ignored @ 7:5`)
	first, last := extraction.Deployments[0], extraction.Deployments[parts-1]
	if len(first.Labels) != labels+1 || len(last.Labels) != 1 || last.Stage.Value != facts.Production {
		t.Errorf("%d labels, then %d, and stage %q", len(first.Labels), len(last.Labels), last.Stage.Value)
	}
}
