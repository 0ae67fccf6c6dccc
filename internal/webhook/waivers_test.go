package webhook

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy/policytest"
)

// churn is the Deployment gpuOnVirtualNode in the namespace scoring, for files.
var churn = strings.Replace(gpuOnVirtualNode, `"metadata": {"name": "churn"}`, `"metadata": {"name": "churn", "namespace": "scoring"}`, 1)

// lintAt lints the object as a file at a moment and returns the rules of its findings.
func lintAt(t *testing.T, configuration, object string, clock func() time.Time) []string {
	t.Helper()
	parsed, err := config.Parse([]byte(configuration), config.Origin{Name: config.FileName})
	if err != nil {
		t.Fatal(err)
	}
	setting, err := lint.NewSetting(policytest.Builtin(t), parsed)
	if err != nil {
		t.Fatal(err)
	}
	input := lint.Input{Name: "churn.json", Read: func([]byte) ([]byte, error) { return []byte(object), nil }}
	result, err := lint.New(setting, lint.Options{Clock: clock}).Lint(t.Context(), nil, slices.Values([]lint.Input{input}))
	if err != nil {
		t.Fatal(err)
	}
	return rulesOf(result.Findings)
}

func rulesOf(findings []lint.Finding) []string {
	var rules []string
	for _, finding := range findings {
		rules = append(rules, string(finding.Severity)+" "+finding.Rule)
	}
	slices.Sort(rules)
	return rules
}

// A waiver of the configuration has the same effect in a file and in a cluster, at each moment.
func TestWaiversAreTheSameInFilesAndClusters(t *testing.T) {
	entry := func(scope, until string) string {
		return fmt.Sprintf("kubernetes: {cluster: aks}\nwaivers: [{%s, waive: 'cpu-only%s reason=\"moves to AKS in May\"'}]", scope, until)
	}
	const until = " until=2027-01-31"
	for _, test := range []struct {
		name, configuration, now string
		want                     []string // findings
		verdict                  Verdict
		waived                   string
	}{
		{"valid", entry("names: [churn]", until), "2027-01-01T00:00:00Z", nil, Allowed, "cpu-only waivers[0]"},
		{"without an end", entry("names: [churn]", ""), "2099-01-01T00:00:00Z", nil, Allowed, "cpu-only waivers[0]"},
		{"by namespaces", entry("namespaces: [scoring]", until), "2027-01-01T00:00:00Z", nil, Allowed, "cpu-only waivers[0]"},
		{"by kinds", entry("kinds: [Deployment]", until), "2027-01-01T00:00:00Z", nil, Allowed, "cpu-only waivers[0]"},
		{"of other names", entry("names: [fraud]", until), "2027-01-01T00:00:00Z", []string{"error cpu-only"}, Denied, ""},
		{"of other namespaces", entry("namespaces: [prod]", until), "2027-01-01T00:00:00Z", []string{"error cpu-only"}, Denied, ""},
		{"soon", entry("names: [churn]", until), "2027-01-17T00:00:00Z", []string{"note waiver"}, Warned, "cpu-only waivers[0]"},
		{"the last second of the last day", entry("names: [churn]", until), "2027-01-31T23:59:59Z", []string{"note waiver"}, Warned, "cpu-only waivers[0]"},
		{"a second later", entry("names: [churn]", until), "2027-02-01T00:00:00Z", []string{"error cpu-only", "warning waiver"}, Denied, ""},
		{"the last second, elsewhere", entry("names: [churn]", until), "2027-02-01T07:59:59+08:00", []string{"note waiver"}, Warned, "cpu-only waivers[0]"},
		{"longer than the longest", "waiving: {longest: 30d}\n" + entry("names: [churn]", until), "2027-01-01T00:00:00Z", nil, Allowed, "cpu-only waivers[0]"},
		{"longer than the longest, a day before", "waiving: {longest: 30d}\n" + entry("names: [churn]", until), "2026-12-31T23:59:59Z", []string{"error cpu-only", "error waiver"}, Denied, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			now, err := time.Parse(time.RFC3339, test.now)
			if err != nil {
				t.Fatal(err)
			}
			clock := func() time.Time { return now }
			if got := lintAt(t, test.configuration, churn, clock); !slices.Equal(got, test.want) {
				t.Errorf("lint: %s, want %s", got, test.want)
			}
			policy := policyOf(t, test.configuration)
			policy.Admission.Clock = clock
			request, err := decode([]byte(reviewOf(churn)))
			if err != nil {
				t.Fatal(err)
			}
			decision, err := policy.Review(t.Context(), request)
			if err != nil {
				t.Fatal(err)
			}
			if got := rulesOf(decision.Findings); !slices.Equal(got, test.want) || decision.Verdict != test.verdict {
				t.Errorf("webhook: %s %s, want %s %s", decision.Verdict, got, test.verdict, test.want)
			}
			if got := decision.Response.AuditAnnotations["waived"]; got != test.waived {
				t.Errorf("audit annotation %q, want %q", got, test.waived)
			}
		})
	}
}

// What an object states about itself is no waiver in a cluster, nor what its namespace is not.
func TestObjectsCannotWaive(t *testing.T) {
	object := strings.Replace(churn, `"name": "churn"`, `"name": "churn", "annotations": {"mlpolicy.dev/ignore": "cpu-only reason=\"old board\""}`, 1)
	configuration := "kubernetes: {cluster: aks}"
	if got := lintAt(t, configuration, object, nil); len(got) != 0 {
		t.Errorf("lint: %s", got)
	}
	request, err := decode([]byte(reviewOf(object)))
	if err != nil {
		t.Fatal(err)
	}
	decision, err := policyOf(t, configuration).Review(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	if decision.Verdict != Denied || len(decision.Waived) != 0 {
		t.Errorf("webhook: %s, waived %v", decision.Verdict, decision.Waived)
	}
}

func TestWaiversAreLoggedAndCounted(t *testing.T) {
	handler, log := handlerOf(policyOf(t, `waivers: [{names: [churn], waive: 'cpu-only reason="moves to AKS in May"'}]`))
	if recorder := serve(handler, post(strings.NewReader(reviewOf(gpuOnVirtualNode)))); recorder.Code != http.StatusOK {
		t.Fatal(recorder.Body)
	}
	if want := `"waived":["cpu-only waivers[0]"]`; !strings.Contains(log.String(), want) {
		t.Errorf("the log has no %s: %s", want, log)
	}
	if got, want := metricsOf(handler), `mlpolicy_webhook_waived_total{rule="cpu-only",waiver="waivers[0]"} 1`; !strings.Contains(got, want) {
		t.Errorf("no %s in\n%s", want, got)
	}
}

// An error that was waived is not new when its waiver has expired.
func TestExpiredWaiversDoNotDenyUpdates(t *testing.T) {
	policy := policyOf(t, `waivers: [{names: [churn], waive: 'cpu-only until=2027-01-31 reason="moves to AKS in May"'}]`)
	update := strings.Replace(reviewOf(gpuOnVirtualNode), `"operation": "CREATE"`, `"operation": "UPDATE", "oldObject": `+gpuOnVirtualNode, 1)
	request, err := decode([]byte(update))
	if err != nil {
		t.Fatal(err)
	}
	moments := []string{"2027-01-31T23:59:59Z", "2027-02-01T00:00:00Z"}
	at := 0
	policy.Admission.Clock = func() time.Time {
		now, err := time.Parse(time.RFC3339, moments[at])
		if err != nil {
			t.Error(err)
		}
		at = min(at+1, len(moments)-1)
		return now
	}
	// The waiver is valid when the object is read as it was, or when it is read as it is.
	for range 2 {
		decision, err := policy.Review(t.Context(), request)
		if err != nil || decision.Verdict != Warned {
			t.Fatalf("%v, %v", decision, err)
		}
	}
}

func TestWaiversOfBindings(t *testing.T) {
	policy := policyOf(t, `waivers: [{namespaces: [scoring], waive: 'binding until=2027-01-31 reason="moved by hand"'}]`)
	const review = `{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {"uid": "7", "operation": "CREATE",
		"kind": {"group": "", "version": "v1", "kind": "Binding"}, "resource": {"group": "", "version": "v1", "resource": "pods"}, "subResource": "binding",
		"namespace": "scoring", "name": "churn-1", "userInfo": {"username": "alice"},
		"object": {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "churn-1"}, "target": {"kind": "Node", "name": "virtual-node-aci-linux"}}}}`
	for moment, want := range map[string]Verdict{"2027-01-01T00:00:00Z": Allowed, "2027-01-31T23:59:59Z": Warned, "2027-02-01T00:00:00Z": Denied} {
		now, err := time.Parse(time.RFC3339, moment)
		if err != nil {
			t.Fatal(err)
		}
		policy.Admission.Clock = func() time.Time { return now }
		request, err := decode([]byte(review))
		if err != nil {
			t.Fatal(err)
		}
		decision, err := policy.Review(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		if decision.Verdict != want {
			t.Errorf("%s: %s, want %s", moment, decision.Verdict, want)
		}
	}
}
