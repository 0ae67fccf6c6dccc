package webhook

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	"sigs.k8s.io/yaml"

	"github.com/mlpolicy/mlpolicy/internal/golden"
	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy/policytest"
)

const admission = "../../testdata/admission"

// policyOf makes the policy of a configuration.
func policyOf(t testing.TB, text string, extra ...policy.Folder) *Policy {
	t.Helper()
	made, err := makePolicy(policytest.Load(t, extra...), text)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func makePolicy(loaded *policy.Policies, text string) (*Policy, error) {
	parsed, err := config.Parse([]byte(text), config.Origin{Name: config.FileName})
	if err != nil {
		return nil, err
	}
	configuration, err := parsed.ForObjects()
	if err != nil {
		return nil, err
	}
	admission, err := lint.NewAdmission(loaded, configuration, configuration.Webhook.Believed...)
	if err != nil {
		return nil, err
	}
	return &Policy{
		Admission: admission, Edition: configuration.Edition.Value, Digest: loaded.Digest(),
		Enforces:     func(namespace string) bool { return configuration.Webhook.ModeIn(namespace) == config.Enforce },
		IsController: configuration.Webhook.Controls, Covers: kube.IsKind, Lists: kube.IsVersion,
		CoversGroup: configuration.Webhook.CoversGroup,
	}, nil
}

// configurationOf reads the configuration of a folder of examples.
func configurationOf(t testing.TB, folder string) string {
	t.Helper()
	text, err := os.ReadFile(folder + config.FileName)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return string(text)
}

// reviewIn reads an example.
func reviewIn(t testing.TB, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	review, err := yaml.YAMLToJSONStrict(text)
	if err != nil {
		t.Fatal(err)
	}
	return review
}

// examples are the files of reviews.
func examples(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob(admission + "/*/*.yaml")
	if err != nil || len(files) < 40 {
		t.Fatalf("%d examples: %v", len(files), err)
	}
	return files
}

// TestReview holds the response to each example against the one beside it.
func TestReview(t *testing.T) {
	byFolder := map[string]*Policy{}
	for _, file := range examples(t) {
		folder := filepath.Dir(file)
		if byFolder[folder] == nil {
			byFolder[folder] = policyOf(t, configurationOf(t, folder))
		}
		t.Run(strings.TrimPrefix(file, admission+"/"), func(t *testing.T) {
			request, err := decode(reviewIn(t, file))
			if err != nil {
				t.Fatal(err)
			}
			decision, err := byFolder[folder].Review(t.Context(), request)
			if err != nil {
				t.Fatal(err)
			}
			if decision.Response.UID != request.UID {
				t.Errorf("uid %q, want %q", decision.Response.UID, request.UID)
			}
			golden.Check(t, strings.TrimSuffix(file, ".yaml")+".response", readable(t, decision))
		})
	}
}

// An object that cannot be evaluated as a whole is denied each time that it changes.
func TestUnjudgedObjectsAreNeverUnchanged(t *testing.T) {
	policy := policyOf(t, "kubernetes: {cluster: aks}")
	group := func(gpus int) string {
		return fmt.Sprintf(`{"groupName": "g", "template": {"spec": {"nodeSelector": {"type": "virtual-kubelet"}, "containers": [{"image": "i", "resources": {"limits": {"nvidia.com/gpu": %d}}}]}}}`, gpus)
	}
	parts := func(gpus int) string {
		return `{"apiVersion": "ray.io/v1", "kind": "RayCluster", "metadata": {"name": "r", "annotations": {"mlpolicy.dev/workload": "training", "mlpolicy.dev/target": "aks", "mlpolicy.dev/stage": "development"}},
			"spec": {"workerGroupSpecs": [` + strings.TrimSuffix(strings.Repeat(group(gpus)+",", 150), ",") + `]}}`
	}
	deep := func(memory string) string {
		return `{"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "metadata": {"name": "s"}, "spec": {"predictor": {"nodeSelector": {"type": "virtual-kubelet"},
			"model": {"resources": {"limits": {"memory": "` + memory + `"}}}}, "x": ` + strings.Repeat("[", 300) + strings.Repeat("]", 300) + `}}`
	}
	for name, objects := range map[string][2]string{
		"too many statements": {parts(0), parts(1)},
		"too deep":            {deep("1Gi"), deep("64Gi")},
	} {
		request, err := decode([]byte(reviewOf(objects[1])))
		if err != nil {
			t.Fatal(err)
		}
		request.Operation, request.OldObject.Raw = admissionv1.Update, []byte(objects[0])
		if decision, err := policy.Review(t.Context(), request); err != nil || decision.Verdict != Denied {
			t.Errorf("%s: %v, %+v", name, err, decision)
		}
	}
}

// readable is a response for people: what every one has in common is left out.
func readable(t *testing.T, d *Decision) string {
	t.Helper()
	var text strings.Builder
	text.WriteString(string(d.Verdict) + "\n")
	for _, exempted := range d.Exempted {
		text.WriteString("exempted: " + exempted.Rule + ", " + string(exempted.Reason) + "\n")
	}
	if result := d.Response.Result; result != nil {
		fmt.Fprintf(&text, "status: %d of %s %q in group %q\n", result.Code, result.Details.Kind, result.Details.Name, result.Details.Group)
		for line := range strings.Lines(result.Message) {
			text.WriteString("message: " + strings.TrimSuffix(line, "\n") + "\n")
		}
		for _, cause := range result.Details.Causes {
			text.WriteString("cause: " + string(cause.Type) + " at " + cause.Field + "\n")
		}
	}
	for _, warning := range d.Response.Warnings {
		text.WriteString("warning: " + warning + "\n")
	}
	annotations := d.Response.AuditAnnotations
	delete(annotations, "policy-digest")
	list, err := json.Marshal(annotations)
	if err != nil {
		t.Fatal(err)
	}
	return text.String() + "audit: " + string(list) + "\n"
}
