package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	"sigs.k8s.io/yaml"

	"github.com/mlpolicy/mlpolicy/internal/golden"
	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
	"github.com/mlpolicy/mlpolicy/policies"
)

const admission = "../../testdata/admission"

// policyOf makes the policy of a configuration.
func policyOf(t testing.TB, text string, extra ...policy.Folder) *Policy {
	t.Helper()
	made, err := makePolicy(t.Context(), text, extra...)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func makePolicy(ctx context.Context, text string, extra ...policy.Folder) (*Policy, error) {
	parsed, err := config.Parse([]byte(text), config.Origin{Name: config.FileName})
	if err != nil {
		return nil, err
	}
	configuration, err := parsed.ForObjects()
	if err != nil {
		return nil, err
	}
	loaded, err := policy.Load(ctx, policies.FS, extra)
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
		IsController: configuration.Webhook.Controls, Covers: facts.IsKubernetesKind, Lists: facts.IsKubernetesVersion,
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

func TestRatchet(t *testing.T) {
	of := func(rule, message string, unjudged bool) lint.Finding {
		return lint.Finding{Rule: rule, Severity: lint.Error, Message: message, Unjudged: unjudged}
	}
	// by is an error of a rule that grows with a number, negative for a lower bound.
	by := func(amount float64, target string) lint.Finding {
		finding := of("memory", fmt.Sprint(amount), false)
		finding.Target, finding.Amount = target, facts.Number{Value: math.Abs(amount), Known: true, AtLeast: amount < 0}
		return finding
	}
	were := func(findings ...lint.Finding) judgement { return judgement{findings: findings} }
	// may is an error on a target on which the object need not run.
	may := func(finding lint.Finding) lint.Finding {
		finding.Possible = "may run on ACI: "
		finding.Message = finding.Possible + finding.Message
		return finding
	}
	for _, test := range []struct {
		name   string
		now    []lint.Finding
		before judgement
		want   []Exemption
	}{
		{"a smaller number", []lint.Finding{by(60, "aci")}, were(by(64, "aci")), []Exemption{Unchanged}},
		{"a larger number", []lint.Finding{by(65, "aci")}, were(by(64, "aci")), []Exemption{""}},
		{"a smaller number on another target", []lint.Finding{by(60, "local")}, were(by(64, "aci")), []Exemption{""}},
		{"a lower bound below an exact number", []lint.Finding{by(-60, "aci")}, were(by(64, "aci")), []Exemption{""}},
		{"an exact number below a lower bound", []lint.Finding{by(60, "aci")}, were(by(-64, "aci")), []Exemption{Unchanged}},
		{"an exact number above a lower bound", []lint.Finding{by(65, "aci")}, were(by(-64, "aci")), []Exemption{""}},
		{"a smaller lower bound", []lint.Finding{by(-60, "aci")}, were(by(-64, "aci")), []Exemption{Unchanged}},
		{"each is covered once", []lint.Finding{by(60, "aci"), by(50, "aci")}, were(by(64, "aci")), []Exemption{Unchanged, ""}},
		{"as many as possible are covered", []lint.Finding{by(50, "aci"), by(60, "aci")}, were(by(64, "aci"), by(51, "aci")), []Exemption{Unchanged, Unchanged}},
		{"the same message before a smaller number", []lint.Finding{by(50, "aci"), by(64, "aci")}, were(by(64, "aci"), by(70, "aci")), []Exemption{Unchanged, Unchanged}},
		{"a target where it may have run", []lint.Finding{by(64, "aci")}, were(may(by(64, "aci"))), []Exemption{""}},
		{"a smaller number on a target where it may have run", []lint.Finding{by(60, "aci")}, were(may(by(64, "aci"))), []Exemption{""}},
		{"a message about a target where it may have run", []lint.Finding{of("designer", "x", false)}, were(may(of("designer", "x", false))), []Exemption{""}},
		{"a target where it still may run", []lint.Finding{may(by(60, "aci"))}, were(may(by(64, "aci"))), []Exemption{Unchanged}},
		{"a larger number where it may run", []lint.Finding{may(by(65, "aci"))}, were(may(by(64, "aci"))), []Exemption{""}},
		{"a target where it need not run any more", []lint.Finding{may(by(64, "aci"))}, were(by(64, "aci")), []Exemption{Unchanged}},
		{"a message about a target where it need not run any more", []lint.Finding{may(of("designer", "x", false))}, were(of("designer", "x", false)), []Exemption{Unchanged}},
		{
			"each for the one of its kind", []lint.Finding{may(of("designer", "x", false)), of("designer", "x", false)},
			were(of("designer", "x", false), may(of("designer", "x", false))), []Exemption{Unchanged, Unchanged},
		},
		{
			"each number for the one of its kind", []lint.Finding{may(by(60, "aci")), by(50, "aci")},
			were(by(55, "aci"), may(by(64, "aci"))), []Exemption{Unchanged, Unchanged},
		},
		{
			"numbers that both kinds cover", []lint.Finding{may(by(50, "aci")), by(50, "aci")},
			were(by(60, "aci"), may(by(64, "aci"))), []Exemption{Unchanged, Unchanged},
		},
		{
			"a number that was said of the other kind", []lint.Finding{may(by(60, "aci")), by(55, "aci")},
			were(by(60, "aci"), may(by(64, "aci"))), []Exemption{Unchanged, Unchanged},
		},
		{"a number of another rule", []lint.Finding{{Rule: "fpga", Severity: lint.Error, Target: "aci", Amount: facts.Number{Value: 1, Known: true}}}, were(by(64, "aci")), []Exemption{""}},
		{"the same", []lint.Finding{of("memory", "64", false)}, judgement{findings: []lint.Finding{of("memory", "64", false)}}, []Exemption{Unchanged}},
		{"another value", []lint.Finding{of("memory", "64", false)}, judgement{findings: []lint.Finding{of("memory", "63", false)}}, []Exemption{""}},
		{
			"one more", []lint.Finding{of("memory", "64", false), of("memory", "64", false)},
			judgement{findings: []lint.Finding{of("memory", "64", false)}},
			[]Exemption{Unchanged, ""},
		},
		{
			"elsewhere",
			[]lint.Finding{{Rule: "syntax", Severity: lint.Error, Message: "spec.containers[1] is x", Field: "spec.containers[1]"}},
			judgement{findings: []lint.Finding{{Rule: "syntax", Severity: lint.Error, Message: "spec.containers[0] is x", Field: "spec.containers[0]"}}},
			[]Exemption{Unchanged},
		},
		{"nothing was judged", []lint.Finding{of("syntax", "too deep", true)}, judgement{findings: []lint.Finding{of("syntax", "too deep", true)}}, []Exemption{""}},
		{"the rule failed before", []lint.Finding{of("memory", "64", false), of("fpga", "1", false)}, judgement{rules: []string{"memory"}}, []Exemption{Unchanged, ""}},
	} {
		outcomes := make([]outcome, len(test.now))
		for i, finding := range test.now {
			outcomes[i].Finding = finding
		}
		if unsure := ratchet(outcomes, test.before); unsure != (len(test.before.rules) > 0) {
			t.Errorf("%s: unsure %v", test.name, unsure)
		}
		for i, outcome := range outcomes {
			if outcome.exemption != test.want[i] {
				t.Errorf("%s: error %d is exempted as %q, want %q", test.name, i, outcome.exemption, test.want[i])
			}
		}
	}
}

// An object that cannot be judged as a whole is denied each time that it changes.
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
