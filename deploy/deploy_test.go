// Package deploy holds the files that mlpolicy's webhook is installed with against the
// code. What needs helm is in chart_test.go, which make chart runs.
package deploy

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	yamlv3 "go.yaml.in/yaml/v3"
	"sigs.k8s.io/yaml"

	"github.com/mlpolicy/mlpolicy/internal/webhook"
)

func read(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// privateKeys counts the private keys in a file, written out or in base64.
func privateKeys(data []byte) int {
	count := len(privateKey.FindAll(data, -1))
	for _, word := range encoded.FindAll(data, -1) {
		if text, err := base64.StdEncoding.DecodeString(string(word)); err == nil {
			count += len(privateKey.FindAll(text, -1))
		}
	}
	return count
}

var (
	privateKey = regexp.MustCompile("-----BEGIN [A-Z ]*PRIVATE KEY-----")
	encoded    = regexp.MustCompile("LS0tLS1CRUdJTi[A-Za-z0-9+/]+=*")
)

// TestNoPrivateKeys holds that no file of the project has one.
func TestNoPrivateKeys(t *testing.T) {
	key := "-----BEGIN EC " + "PRIVATE KEY-----\nMAA=\n"
	if privateKeys([]byte(key)) != 1 || privateKeys([]byte("tls.key: "+base64.StdEncoding.EncodeToString([]byte(key)))) != 1 {
		t.Fatal("a private key is not seen")
	}
	files := 0
	err := filepath.WalkDir("..", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains([]string{".git", "bin", "dist"}, entry.Name()):
			return fs.SkipDir
		case !entry.Type().IsRegular():
			return nil
		}
		files++
		if privateKeys(read(t, name)) > 0 {
			t.Errorf("%s has a private key", name)
		}
		return nil
	})
	if err != nil || files < 100 {
		t.Errorf("%d files: %v", files, err)
	}
}

// installed returns the objects of install.yaml, which are those of the chart's defaults.
func installed(t *testing.T) map[string]map[string]any {
	t.Helper()
	objects := map[string]map[string]any{}
	for part := range strings.SplitSeq(string(read(t, "install.yaml")), "\n---\n") {
		var of map[string]any
		if err := yaml.UnmarshalStrict([]byte(part), &of); err != nil {
			t.Fatal(err)
		}
		if of != nil {
			objects[of["kind"].(string)] = of
		}
	}
	if len(objects) < 9 {
		t.Fatalf("install.yaml has %d kinds", len(objects))
	}
	return objects
}

// decode reads value into of and finds fault with fields that of does not have.
func decode(t *testing.T, value, of any) {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(of); err != nil {
		t.Fatal(err)
	}
}

// webhookEntry is one of a ValidatingWebhookConfiguration.
type webhookEntry struct {
	Name                    string              `json:"name"`
	AdmissionReviewVersions []string            `json:"admissionReviewVersions"`
	ClientConfig            map[string]any      `json:"clientConfig"`
	FailurePolicy           string              `json:"failurePolicy"`
	MatchConditions         []map[string]string `json:"matchConditions"`
	MatchPolicy             string              `json:"matchPolicy"`
	SideEffects             string              `json:"sideEffects"`
	TimeoutSeconds          int                 `json:"timeoutSeconds"`
	NamespaceSelector       map[string]any      `json:"namespaceSelector"`
	ObjectSelector          map[string]any      `json:"objectSelector"`
	Rules                   []webhookRule       `json:"rules"`
}

type webhookRule struct {
	APIGroups   []string `json:"apiGroups"`
	APIVersions []string `json:"apiVersions"`
	Operations  []string `json:"operations"`
	Resources   []string `json:"resources"`
	Scope       string   `json:"scope"`
}

// installedWebhooks returns the two entries of install.yaml: of the versions that are known, and of
// every other version.
func installedWebhooks(t *testing.T) (entries []webhookEntry, annotations any) {
	t.Helper()
	configuration := installed(t)["ValidatingWebhookConfiguration"]
	decode(t, configuration["webhooks"], &entries)
	if len(entries) != 2 {
		t.Fatalf("there are %d webhooks", len(entries))
	}
	return entries, configuration["metadata"].(map[string]any)["annotations"]
}

// TestWebhookConfiguration checks that what the API server would fill in is written out. TestWebhookKinds checks what it
// asks about.
func TestWebhookConfiguration(t *testing.T) {
	webhooks, annotations := installedWebhooks(t)
	webhooks[0].Rules, webhooks[1].Rules = nil, nil
	unknown := webhooks[1]
	if got := unknown.MatchConditions; len(got) != 2 || got[1]["name"] != "unknown-version" {
		t.Fatalf("the conditions are %v", got)
	}
	// Beside this the second entry is like the first.
	unknown.MatchConditions = unknown.MatchConditions[:1]
	if unknown.Name != "unknown-versions.validate.mlpolicy.dev" || unknown.MatchPolicy != "Exact" {
		t.Errorf("the second entry is %v", unknown)
	}
	unknown.Name, unknown.MatchPolicy = webhooks[0].Name, webhooks[0].MatchPolicy
	if !reflect.DeepEqual(unknown, webhooks[0]) {
		t.Errorf("the entries are\n%v\n%v", webhooks[0], webhooks[1])
	}

	got, err := yaml.Marshal(webhooks[0])
	if err != nil {
		t.Fatal(err)
	}
	const text = `admissionReviewVersions:
- v1
clientConfig:
  service:
    name: mlpolicy
    namespace: mlpolicy-system
    path: /validate
    port: 443
failurePolicy: Ignore
matchConditions:
- expression: request.operation != "UPDATE" || !has(oldObject.metadata.deletionTimestamp)
  name: not-being-deleted
matchPolicy: Equivalent
name: validate.mlpolicy.dev
namespaceSelector:
  matchExpressions:
  - key: kubernetes.io/metadata.name
    operator: NotIn
    values:
    - kube-system
    - mlpolicy-system
  - key: control-plane
    operator: DoesNotExist
  - key: control-plane
    operator: NotIn
    values:
    - "true"
  - key: kubernetes.azure.com/managedby
    operator: NotIn
    values:
    - aks
objectSelector: {}
rules: null
sideEffects: None
timeoutSeconds: 3
`
	if string(got) != text {
		t.Errorf("the webhook is\n%s\nwant\n%s", got, text)
	}
	if want := map[string]any{"admissions.enforcer/disabled": "true", "cert-manager.io/inject-ca-from": "mlpolicy-system/mlpolicy"}; !reflect.DeepEqual(annotations, want) {
		t.Errorf("the annotations are %v", annotations)
	}
}

// TestPod holds that the pods may run in a namespace of the restricted pod security level,
// and know nothing of the cluster.
func TestPod(t *testing.T) {
	var pod struct {
		ServiceAccountName           string           `json:"serviceAccountName"`
		AutomountServiceAccountToken *bool            `json:"automountServiceAccountToken"`
		SecurityContext              map[string]any   `json:"securityContext"`
		Containers                   []map[string]any `json:"containers"`
		HostNetwork, HostPID         bool
	}
	spec := installed(t)["Deployment"]["spec"].(map[string]any)["template"].(map[string]any)["spec"]
	data, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &pod); err != nil {
		t.Fatal(err)
	}
	if pod.AutomountServiceAccountToken == nil || *pod.AutomountServiceAccountToken || pod.HostNetwork || pod.HostPID {
		t.Error("the pod has a token of the service account, or a namespace of the host")
	}
	context := pod.SecurityContext
	if context["runAsNonRoot"] != true || !reflect.DeepEqual(context["seccompProfile"], map[string]any{"type": "RuntimeDefault"}) {
		t.Errorf("the pod's security context is %v", context)
	}
	if len(pod.Containers) != 1 {
		t.Fatalf("there are %d containers", len(pod.Containers))
	}
	want := map[string]any{"allowPrivilegeEscalation": false, "capabilities": map[string]any{"drop": []any{"ALL"}}, "readOnlyRootFilesystem": true}
	if got := pod.Containers[0]["securityContext"]; !reflect.DeepEqual(got, want) {
		t.Errorf("the container's security context is %v", got)
	}
	user := regexp.MustCompile(`(?m)^USER ([0-9]+):`).FindSubmatch(read(t, "Dockerfile"))
	if user == nil || string(user[1]) != "65532" || context["runAsUser"] != 65532.0 {
		t.Errorf("the image's user is %q, the pod's %v", user, context["runAsUser"])
	}
}

// TestGracePeriod holds that a kubelet does not kill a pod that is still answering: it counts from
// before the delay, after which the last reviews may take as long as an API server waits for one.
func TestGracePeriod(t *testing.T) {
	const longest = 30 * time.Second // https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#timeouts
	pod := installed(t)["Deployment"]["spec"].(map[string]any)["template"].(map[string]any)["spec"].(map[string]any)
	if args, delay := pod["containers"].([]any)[0].(map[string]any)["args"].([]any), "--shutdown-delay="+webhook.DefaultShutdownDelay.String(); !slices.Contains(args, any(delay)) {
		t.Errorf("the pods run %v, without %s", args, delay)
	}
	seconds, _ := pod["terminationGracePeriodSeconds"].(float64)
	if grace := time.Duration(seconds) * time.Second; grace < webhook.DefaultShutdownDelay+longest {
		t.Errorf("a pod has %s to end, and may take %s and %s", grace, webhook.DefaultShutdownDelay, longest)
	}
}

// TestNetworkPolicy holds that reviews come from anywhere, as the API server of AKS and that
// of others do, that the metrics are for the pods of the cluster, and that the pods connect to
// nothing.
func TestNetworkPolicy(t *testing.T) {
	got, err := yaml.Marshal(installed(t)["NetworkPolicy"]["spec"])
	if err != nil {
		t.Fatal(err)
	}
	const want = `ingress:
- ports:
  - port: https
    protocol: TCP
- from:
  - namespaceSelector: {}
  ports:
  - port: metrics
    protocol: TCP
podSelector:
  matchLabels:
    app.kubernetes.io/instance: mlpolicy
    app.kubernetes.io/name: mlpolicy
policyTypes:
- Ingress
- Egress
`
	if string(got) != want {
		t.Errorf("the policy is\n%s\nwant\n%s", got, want)
	}
}

// TestMetrics holds that each metric and label that alerts and dashboard ask for stands in
// the list of docs/webhook.md, and that each metric of the list is looked at.
func TestMetrics(t *testing.T) {
	listed := map[string][]string{}
	row := regexp.MustCompile("(?m)^\\| `(mlpolicy_webhook_[a-z_]+)` \\| ([`a-z, ]*) \\|")
	for _, match := range row.FindAllSubmatch(read(t, "../docs/webhook.md"), -1) {
		listed[string(match[1])] = regexp.MustCompile("[a-z_]+").FindAllString(string(match[2]), -1)
	}
	if len(listed) < 11 {
		t.Fatalf("webhook.md lists %d metrics", len(listed))
	}
	for metric, labels := range map[string][]string{ // of the API server
		"apiserver_admission_match_condition_evaluation_errors_total": {"kind", "name", "operation", "type"},
		"apiserver_admission_webhook_fail_open_count":                 {"name", "type"},
		"apiserver_admission_webhook_rejection_count":                 {"error_type", "name", "operation", "rejection_code", "type"},
	} {
		listed[metric] = labels
	}

	metric := regexp.MustCompile(`\b(?:mlpolicy|apiserver)_[a-z_]+`)
	label := regexp.MustCompile(`([a-z_]+)(?:=|!=|=~|!~)"|by \(([a-z_, ]+)\)`)
	used := map[string]bool{}
	for _, expression := range expressions(t) {
		labels := []string{"le", "cluster"}
		for _, name := range metric.FindAllString(expression, -1) {
			name = strings.TrimSuffix(name, "_bucket")
			if _, ok := listed[name]; !ok {
				t.Errorf("%s asks for %s, which webhook.md does not list", expression, name)
			}
			used[name] = true
			labels = append(labels, listed[name]...)
		}
		for _, match := range label.FindAllStringSubmatch(expression, -1) {
			for _, name := range strings.Split(match[1]+match[2], ", ") {
				if !slices.Contains(labels, name) {
					t.Errorf("%s asks for the label %s", expression, name)
				}
			}
		}
	}
	for name := range listed {
		if !used[name] {
			t.Errorf("neither alerts nor dashboard look at %s", name)
		}
	}
}

// alert is an entry of chart/files/alerts.yaml.
type alert struct {
	Alert       string            `json:"alert"`
	Expr        string            `json:"expr"`
	For         string            `json:"for"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

func duration(t *testing.T, text string) time.Duration {
	t.Helper()
	of, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return of
}

// TestUnknownClientsAlert checks that no code is left out: reviews of the API server on a new connection end with any of them.
func TestUnknownClientsAlert(t *testing.T) {
	const want = `sum by (cluster, code) (increase(mlpolicy_webhook_unknown_clients_total{cluster=~".*"}[10m])) > 0`
	if !slices.ContainsFunc(expressions(t), func(expression string) bool { return strings.TrimSpace(expression) == want }) {
		t.Errorf("no alert is on %s", want)
	}
}

// TestAlertsAreBlocks checks that no expression ends at a #, or is a mapping, for the name of a cluster in it.
func TestAlertsAreBlocks(t *testing.T) {
	var document yamlv3.Node
	if err := yamlv3.Unmarshal(read(t, "chart/files/alerts.yaml"), &document); err != nil {
		t.Fatal(err)
	}
	alerts := document.Content[0].Content
	if len(alerts) < 8 {
		t.Fatalf("there are %d alerts", len(alerts))
	}
	for _, of := range alerts {
		if expression := member(of, "expr"); expression == nil || expression.Style != yamlv3.LiteralStyle {
			t.Errorf("%s: the expression is not a block scalar", member(of, "alert").Value)
		}
	}
}

// expressions are those of the alerts and of the dashboard.
func expressions(t *testing.T) []string {
	t.Helper()
	var alerts []alert
	if err := yaml.UnmarshalStrict(read(t, "chart/files/alerts.yaml"), &alerts); err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct {
			Title   string `json:"title"`
			Targets []struct {
				Expr string `json:"expr"`
			} `json:"targets"`
		} `json:"panels"`
	}
	if err := json.Unmarshal(read(t, "chart/files/dashboard.json"), &dashboard); err != nil {
		t.Fatal(err)
	}
	if len(alerts) < 8 || len(dashboard.Panels) < 9 {
		t.Fatalf("there are %d alerts and %d panels", len(alerts), len(dashboard.Panels))
	}
	var all []string
	runbook := string(read(t, "../docs/runbook.md"))
	for _, of := range alerts {
		// Behind the window, increase() has forgotten one burst.
		for _, window := range regexp.MustCompile(`increase\([^\[]*\[([^\]]+)\]`).FindAllStringSubmatch(of.Expr, -1) {
			if of.For != "" && duration(t, window[1]) <= duration(t, of.For) {
				t.Errorf("%s: nothing that happens once is there for %s in a window of %s", of.Alert, of.For, window[1])
			}
		}
		if of.Annotations["summary"] == "" || of.Annotations["description"] == "" || of.Labels["severity"] == "" {
			t.Errorf("%s lacks a severity, a summary or a description", of.Alert)
		}
		all = append(all, of.Expr)
	}
	for _, name := range regexp.MustCompile(`Mlpolicy[A-Z][A-Za-z]+`).FindAllString(runbook, -1) {
		if !slices.ContainsFunc(alerts, func(of alert) bool { return of.Alert == name }) {
			t.Errorf("the runbook names the unknown alert %s", name)
		}
	}
	for _, panel := range dashboard.Panels {
		for _, target := range panel.Targets {
			all = append(all, target.Expr)
		}
	}
	return all
}

// TestHooks checks that the hooks of pre-commit differ only in how the program gets onto the machine, and that the one with
// Python installs the release that the chart installs.
func TestHooks(t *testing.T) {
	var hooks []map[string]any
	if err := yaml.Unmarshal(read(t, "../.pre-commit-hooks.yaml"), &hooks); err != nil {
		t.Fatal(err)
	}
	languages := map[any]any{}
	for _, hook := range hooks {
		languages[hook["id"]] = hook["language"]
		delete(hook, "id")
		delete(hook, "language")
		if !reflect.DeepEqual(hook, hooks[0]) {
			t.Errorf("a hook is %v, the first %v", hook, hooks[0])
		}
	}
	if want := map[any]any{"mlpolicy": "golang", "mlpolicy-python": "python", "mlpolicy-system": "system"}; !reflect.DeepEqual(languages, want) {
		t.Errorf("the languages of the hooks are %v, want %v", languages, want)
	}
	var chart struct{ Version, AppVersion string }
	if err := yaml.Unmarshal(read(t, "chart/Chart.yaml"), &chart); err != nil {
		t.Fatal(err)
	}
	python := string(read(t, "../pyproject.toml"))
	version := regexp.MustCompile(`(?m)^version = "(.*)"$`).FindStringSubmatch(python)
	if version == nil || chart.Version == "" || chart.AppVersion != chart.Version || strings.Replace(chart.Version, "-rc.", "rc", 1) != version[1] ||
		!strings.Contains(python, `"mlpolicy==`+version[1]+`"`) {
		t.Errorf("the versions are %v and %+v", version, chart)
	}
}
