package extract

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/golden"
)

// TestFormatExamples compares everything that is understood of an example with the
// golden file beside it: facts, their locations and reasons, and problems.
func TestFormatExamples(t *testing.T) {
	files, err := filepath.Glob("../../../testdata/formats/*/*")
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	inputs := map[string]bool{}
	for _, file := range files {
		if input, ok := strings.CutSuffix(file, ".facts"); ok {
			if _, err := os.Stat(input); err != nil {
				t.Errorf("%s is of no example", file)
			}
			continue
		}
		format := filepath.Base(filepath.Dir(file))
		if !slices.Contains(Formats(), format) {
			t.Errorf("%s is in the folder of no format", file)
		}
		inputs[format] = true
		t.Run(format+"/"+filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			extraction := extract(t, os.DirFS(filepath.Dir(file)), Options{}, filepath.Base(file), string(data))
			golden.Check(t, file+".facts", describe(extraction))
		})
	}
	for _, format := range Formats() {
		if !inputs[format] {
			t.Errorf("%s has no example", format)
		}
	}
}

// TestRecognizes holds each format's marks against its examples and against files
// that only look like it.
func TestRecognize(t *testing.T) {
	yes := map[string]string{
		"block":          "apiVersion: v1\nkind: Pod\nspec:\n  containers: []\n",
		"compact JSON":   `{"apiVersion":"batch/v1","kind":"CronJob","spec":{"jobTemplate":{"spec":{"template":{"spec":{"containers":[]}}}}}}`,
		"quotes, spaces": "'apiVersion':   \"apps/v1\"\n'kind'   :   'Deployment'\nspec: {template: {spec: {containers: []}}}\n",
		"list":           "kind: List\napiVersion: v1\nitems: [{kind: Pod, apiVersion: v1, spec: {containers: []}}]\n",
		"KServe":         "apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nspec: {}\n",
		"KFServing":      "apiVersion: serving.kubeflow.org/v1alpha2\nkind: InferenceService\nspec: {}\n",
		"KubeRay":        "apiVersion: ray.io/v1alpha1\nkind: RayService\nspec: {}\n",
		"KAITO":          `{"kind":"Workspace","apiVersion":"kaito.sh/v1beta1","inference":{}}`,
		"Seldon":         "apiVersion: machinelearning.seldon.io/v1\nkind: SeldonDeployment\nspec: {}\n",
		"Seldon Core 2":  "apiVersion: mlops.seldon.io/v1alpha1\nkind: Model\nspec: {}\n",
		"vLLM":           "apiVersion: production-stack.vllm.ai/v1alpha1\nkind: VLLMRuntime\nspec: {}\n",
		"vLLM's values":  `{"servingEngineSpec": {"modelSpec": [{"modelURL": "acme/a"}]}}`,
		"Kubeflow":       "apiVersion: kubeflow.org/v1\nkind: PyTorchJob\nspec: {}\n",
		"instance type":  "apiVersion: amlarc.azureml.com/v1alpha1\nkind: InstanceType\nspec: {}\n",
		"ours":           "apiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\n",
		"UTF-16":         "\xff\xfe" + strings.Join(strings.Split("apiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\n", ""), "\x00") + "\x00",
	}
	for name, text := range yes {
		if Recognize([]byte(text)) == Unrecognized {
			t.Errorf("%s: not recognised", name)
		}
	}
	no := map[string]string{
		"empty":              "",
		"Service":            "apiVersion: v1\nkind: Service\nspec: {selector: {app: a}}\n",
		"autoscaler":         "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nspec: {scaleTargetRef: {kind: Deployment}}\n",
		"GitHub workflow":    "on: push\njobs:\n  build:\n    steps: [{run: kubectl rollout status Deployment/x}]\n",
		"kustomization":      "resources: [deployment.yaml]\n",
		"Helm values":        "image: {repository: acme/score}\nresources: {limits: {nvidia.com/gpu: 1}}\n",
		"docker compose":     "services: {web: {image: a, deploy: {resources: {}}}}\n",
		"broken, unrelated":  "a: [\n",
		"vLLM's chart":       "{{- range $modelSpec := .Values.servingEngineSpec.modelSpec }}\n{{ $modelSpec.modelURL }}\n{{- end }}\n",
		"a Ray label":        "metadata: {labels: {ray.io/cluster: a}}\nkind: RayCluster\n",
		"a KAITO label":      "metadata: {labels: {kaito.sh/workspace: a}}\nkind: Workspace\n",
		"KServe in a README": "kubectl get inferenceservice\n",
	}
	for name, text := range no {
		if Recognize([]byte(text)) != Unrecognized {
			t.Errorf("%s: recognised", name)
		}
	}
}

// TestMarksAreOfWhatMatches holds the marks of each format against the examples that
// it matches: the quick look must pass over none.
func TestMarksAreOfWhatMatches(t *testing.T) {
	for _, f := range formats() {
		files, err := filepath.Glob("../../../testdata/formats/" + f.Name + "/*")
		if err != nil {
			t.Fatal(err)
		}
		matched := 0
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, document := range parseAs(file, data).Documents {
				if !f.Matches(document.Root) {
					continue
				}
				matched++
				if !f.Marked(data) {
					t.Errorf("%s matches %s, but its marks do not", f.Name, file)
				}
			}
		}
		if matched == 0 {
			t.Errorf("%s matches no document of its examples", f.Name)
		}
	}
}
