//go:build chart

package deploy

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "write install.yaml anew")

const (
	helm      = "../bin/helm" // .ci/helm builds it
	namespace = "mlpolicy-system"
)

// caBundle is what mode existing is given: the chart only passes it on.
const caBundle = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"

// render returns what helm writes and says.
func render(args ...string) (stdout, stderr string, err error) {
	command := exec.Command(helm, append([]string{"template", "mlpolicy", "chart", "--namespace", namespace}, args...)...)
	var out, problems bytes.Buffer
	command.Stdout, command.Stderr = &out, &problems
	// Nothing of the machine's own Helm or cluster counts.
	command.Env = []string{"HOME=" + os.TempDir(), "PATH=" + os.Getenv("PATH")}
	err = command.Run()
	return out.String(), problems.String(), err
}

// manifest is what the chart renders: objects by kind and name.
type manifest map[string]object

type object map[string]any

func parse(t *testing.T, text string) manifest {
	t.Helper()
	objects := manifest{}
	for part := range strings.SplitSeq("\n"+text, "\n---\n") {
		var of object
		if err := yaml.UnmarshalStrict([]byte(part), &of); err != nil {
			t.Fatalf("%v in\n%s", err, part)
		}
		if of == nil {
			continue
		}
		key := fmt.Sprintf("%v/%v", of["kind"], of.at("metadata", "name"))
		if objects[key] != nil {
			t.Errorf("%s is rendered twice", key)
		}
		objects[key] = of
	}
	return objects
}

// rendered renders the chart and parses what comes of it.
func rendered(t *testing.T, args ...string) manifest {
	t.Helper()
	text, problems, err := render(args...)
	if err != nil {
		t.Fatalf("helm template %q: %v: %s", args, err, problems)
	}
	return parse(t, text)
}

// at returns the value at the end of a path of keys and of indices of lists; nil where
// there is none.
func (o object) at(path ...any) any {
	var value any = map[string]any(o)
	for _, step := range path {
		switch step := step.(type) {
		case string:
			fields, _ := value.(map[string]any)
			value = fields[step]
		case int:
			items, _ := value.([]any)
			if step >= len(items) {
				return nil
			}
			value = items[step]
		}
	}
	return value
}

// of returns the only object of a kind.
func (m manifest) of(t *testing.T, kind string) object {
	t.Helper()
	var found []object
	for key, of := range m {
		if strings.HasPrefix(key, kind+"/") {
			found = append(found, of)
		}
	}
	if len(found) != 1 {
		t.Fatalf("there are %d objects of kind %s", len(found), kind)
	}
	return found[0]
}

// choice is one of the values that decide which objects there are.
type choice struct {
	args  []string
	kinds []string // that it adds
}

var (
	always       = []string{"ServiceAccount", "ConfigMap", "Service", "Deployment", "ValidatingWebhookConfiguration"}
	certificates = []choice{
		{nil, []string{"Issuer", "Issuer", "Certificate", "Certificate"}},
		{[]string{"--set", "certificate.certManager.issuerRef.name=internal"}, []string{"Certificate"}},
		{[]string{"--set", "certificate.mode=existing,certificate.existing.secretName=given", "--set-literal", "certificate.existing.caBundle=" + caBundle}, nil},
		{[]string{"--set", "certificate.mode=generated"}, []string{"Secret"}},
	}
	switches = []struct{ value, kind string }{
		{"podDisruptionBudget.enabled", "PodDisruptionBudget"},
		{"networkPolicy.enabled", "NetworkPolicy"},
		{"serviceMonitor.enabled", "ServiceMonitor"},
		{"prometheusRule.enabled", "PrometheusRule"},
		{"dashboard.enabled", "ConfigMap"},
		{"namespace.create", "Namespace"},
	}
)

// combinations are all choices by all switches.
func combinations() []choice {
	var all []choice
	for _, certificate := range certificates {
		for set := range 1 << len(switches) {
			of := choice{slices.Clone(certificate.args), slices.Concat(always, certificate.kinds)}
			for i, by := range switches {
				on := set>>i&1 == 1
				of.args = append(of.args, "--set", by.value+"="+strconv.FormatBool(on))
				if on {
					of.kinds = append(of.kinds, by.kind)
				}
			}
			slices.Sort(of.kinds)
			all = append(all, of)
		}
	}
	return all
}

// TestCombinations renders every combination of values that decides which objects there
// are, twice.
func TestCombinations(t *testing.T) {
	all := combinations()
	if len(all) != 256 {
		t.Fatalf("there are %d combinations", len(all))
	}
	type result struct{ first, second string }
	results := make([]result, len(all))
	next := make(chan int)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := range next {
				for _, text := range []*string{&results[i].first, &results[i].second} {
					var problems string
					var err error
					if *text, problems, err = render(all[i].args...); err != nil {
						t.Errorf("helm template %q: %v: %s", all[i].args, err, problems)
					}
				}
			}
		})
	}
	for i := range all {
		next <- i
	}
	close(next)
	workers.Wait()
	for i, of := range all {
		objects := parse(t, results[i].first)
		var kinds []string
		for key := range objects {
			kind, _, _ := strings.Cut(key, "/")
			kinds = append(kinds, kind)
		}
		if slices.Sort(kinds); !slices.Equal(kinds, of.kinds) {
			t.Errorf("%q: the kinds are %q, want %q", of.args, kinds, of.kinds)
		}
		generated := slices.Contains(kinds, "Secret")
		if results[i].first != results[i].second && !generated {
			t.Errorf("%q: two renderings differ", of.args)
		}
		if keys := privateKeys([]byte(results[i].first)); keys > 0 && !generated {
			t.Errorf("%q: there are %d private keys", of.args, keys)
		}
		checkReferences(t, objects)
	}
}

// checkReferences holds that what one object says of another is so.
func checkReferences(t *testing.T, objects manifest) {
	t.Helper()
	deployment, service := objects.of(t, "Deployment"), objects.of(t, "Service")
	labels := deployment.at("spec", "template", "metadata", "labels")
	for what, selector := range map[string]any{
		"the Service":    service.at("spec", "selector"),
		"the Deployment": deployment.at("spec", "selector", "matchLabels"),
		"spread":         deployment.at("spec", "template", "spec", "topologySpreadConstraints", 0, "labelSelector", "matchLabels"),
		"the budget":     objects["PodDisruptionBudget/mlpolicy"].at("spec", "selector", "matchLabels"),
		"the policy":     objects["NetworkPolicy/mlpolicy"].at("spec", "podSelector", "matchLabels"),
		"the monitor":    objects["ServiceMonitor/mlpolicy"].at("spec", "selector", "matchLabels"),
	} {
		if selector != nil && !reflect.DeepEqual(selector, labels) {
			t.Errorf("%s selects %v, and the pods have %v", what, selector, labels)
		}
	}
	for key, of := range objects {
		kind, _, _ := strings.Cut(key, "/")
		own := kind == "Namespace" || kind == "ValidatingWebhookConfiguration"
		if in := of.at("metadata", "namespace"); own != (in == nil) || in != nil && in != namespace {
			t.Errorf("%s is in namespace %v", key, in)
		}
	}
	ports := map[any]bool{}
	for _, port := range deployment.at("spec", "template", "spec", "containers", 0, "ports").([]any) {
		ports[object(port.(map[string]any))["name"]] = true
	}
	if !ports["https"] || !ports["metrics"] {
		t.Errorf("the container's ports are %v", ports)
	}
	for i, port := range []any{443.0, 8080.0} {
		if service.at("spec", "ports", i, "port") != port || !ports[service.at("spec", "ports", i, "targetPort")] {
			t.Errorf("the Service has %v", service.at("spec", "ports", i))
		}
	}
	if monitor := objects["ServiceMonitor/mlpolicy"]; monitor != nil {
		named := map[any]bool{}
		for i := range service.at("spec", "ports").([]any) {
			named[service.at("spec", "ports", i, "name")] = true
		}
		endpoints, _ := monitor.at("spec", "endpoints").([]any)
		if len(endpoints) == 0 {
			t.Error("the monitor has no endpoints")
		}
		for i := range endpoints {
			if port := monitor.at("spec", "endpoints", i, "port"); !named[port] {
				t.Errorf("the monitor asks at port %v, and the Service has %v", port, named)
			}
		}
	}
	webhook := objects.of(t, "ValidatingWebhookConfiguration")
	want := map[string]any{"name": "mlpolicy", "namespace": namespace, "path": "/validate", "port": 443.0}
	if got := webhook.at("webhooks", 0, "clientConfig", "service"); !reflect.DeepEqual(got, want) {
		t.Errorf("the webhook is asked at %v", got)
	}
	secret := deployment.at("spec", "template", "spec", "volumes", 1, "secret", "secretName")
	annotations, _ := webhook.at("metadata", "annotations").(map[string]any)
	bundle := webhook.at("webhooks", 0, "clientConfig", "caBundle")
	inject := annotations["cert-manager.io/inject-ca-from"]
	switch certificate := objects["Certificate/mlpolicy"]; {
	case certificate != nil:
		if certificate.at("spec", "secretName") != secret || inject != namespace+"/mlpolicy" || bundle != nil {
			t.Errorf("cert-manager writes %v and injects from %v; pods read %v; caBundle is %v", certificate.at("spec", "secretName"), inject, secret, bundle)
		}
		issuer := certificate.at("spec", "issuerRef", "name")
		if objects[fmt.Sprintf("Issuer/%v", issuer)] == nil && issuer != "internal" {
			t.Errorf("the issuer is %v", issuer)
		}
	case secret == "given":
		if inject != nil || bundle != base64.StdEncoding.EncodeToString([]byte(caBundle)) {
			t.Errorf("an existing certificate has caBundle %v and is injected from %v", bundle, inject)
		}
	default:
		if objects[fmt.Sprintf("Secret/%v", secret)] == nil || inject != nil || bundle == nil {
			t.Errorf("pods read %v, which is not rendered; caBundle is %v", secret, bundle)
		}
	}
}

// TestRefused holds that mistakes in values are errors that name them.
func TestRefused(t *testing.T) {
	cases := map[string]struct {
		args []string
		want string
	}{
		"namespace default":      {[]string{"--namespace", "default"}, "must not be installed in default"},
		"unknown value":          {[]string{"--set", "failurePolicy=Fail"}, "failurePolicy"},
		"unknown mode":           {[]string{"--set", "mode=audit"}, "mode"},
		"certificate mode":       {[]string{"--set", "certificate.mode=self-signed"}, "mode"},
		"failure policy":         {[]string{"--set", "webhook.failurePolicy=fail"}, "failurePolicy"},
		"timeout":                {[]string{"--set", "webhook.timeoutSeconds=31"}, "timeoutSeconds"},
		"existing alone":         {[]string{"--set", "certificate.mode=existing"}, "secretName"},
		"existing without CA":    {[]string{"--set", "certificate.mode=existing,certificate.existing.secretName=given"}, "caBundle"},
		"a key as CA":            {[]string{"--set-literal", "certificate.existing.caBundle=-----BEGIN CERTIFICATE-----\n-----BEGIN EC " + "PRIVATE KEY-----"}, "caBundle"},
		"no replicas":            {[]string{"--set", "replicas=0"}, "replicas"},
		"memory in G":            {[]string{"--set", "resources.limits.memory=1G"}, "memory"},
		"config as mapping":      {[]string{"--set", "config.edition=2020-06"}, "config"},
		"policy that leads out":  {[]string{"--set", `policies.\.\./x\.rego=package x`}, "policies"},
		"mode in config":         {[]string{"--set", "mode=warn", "--set-literal", "config=webhook: {mode: enforce}"}, "set mode, which the chart passes as --mode, not webhook: mode: in config"},
		"the other mode":         {[]string{"--set", "mode=enforce", "--set-literal", "config=webhook:\n  mode: warn\n"}, "set mode, which the chart passes as --mode"},
		"config in broken YAML":  {[]string{"--set-literal", "config=edition: 2023-03\nrules: {"}, "config is not valid YAML: line 2: did not find expected node content: correct the text"},
		"config with a tab":      {[]string{"--set-literal", "config=rules:\n\tmemory: off"}, "config is not valid YAML: line 2: found character that cannot start any token"},
		"config as a list":       {[]string{"--set-literal", "config=- edition: 2023-03"}, "config must be a mapping"},
		"the name of a file":     {[]string{"--set", "config=.mlpolicy.yaml"}, "as --set-file config=.mlpolicy.yaml does"},
		"label of the selector":  {[]string{"--set", `podLabels.app\.kubernetes\.io/name=guard`}, "podLabels: the chart sets app.kubernetes.io/name itself"},
		"label of the release":   {[]string{"--set", `podLabels.app\.kubernetes\.io/instance=guard`}, "podLabels: the chart sets app.kubernetes.io/instance itself"},
		"a flag of the chart":    {[]string{"--set", "extraArgs={--mode=enforce}"}, "extraArgs: the chart passes --mode itself: remove it; set mode"},
		"a word without a flag":  {[]string{"--set-json", `extraArgs=["--max-in-flight", "64"]`}, `extraArgs: "64" is not a flag: write flag and value as one`},
		"a flag with one dash":   {[]string{"--set", "extraArgs={-max-in-flight=64}"}, `extraArgs: "-max-in-flight=64" is not a flag`},
		"the end of flags":       {[]string{"--set", "extraArgs={--}"}, `extraArgs: "--" is not a flag`},
		"delay below zero":       {[]string{"--set", "shutdownDelaySeconds=-1"}, "shutdownDelaySeconds"},
		"policies of one key":    {[]string{"--set", `policies.a/b\.rego=package b`, "--set", `policies.a__b\.rego=package b`}, "a__b.rego: paths must not contain __"},
		"policy of another kind": {[]string{"--set", `policies.x\.txt=x`}, "policies"},
		"budget of nothing":      {[]string{"--set", "podDisruptionBudget.maxUnavailable=0"}, "maxUnavailable"},
		"digest":                 {[]string{"--set", "image.digest=latest"}, "digest"},
		"issuer without name":    {[]string{"--set", "certificate.certManager.issuerRef.kind=ClusterIssuer"}, "issuerRef"},
	}
	for name, of := range cases {
		if _, problems, err := render(of.args...); err == nil || !strings.Contains(problems, of.want) {
			t.Errorf("%s: %v, %q, want an error about %s", name, err, problems, of.want)
		}
	}
}

// TestExtraArgs holds that only flags can be given that the chart does not pass itself, however they are written.
func TestExtraArgs(t *testing.T) {
	deployment := rendered(t, "--set", "logAllowed=true", "--set", `policies.a\.rego=package a`).of(t, "Deployment")
	passed, _ := deployment.at("spec", "template", "spec", "containers", 0, "args").([]any)
	if len(passed) != 10 {
		t.Fatalf("the chart passes %q", passed)
	}
	instead := map[string]string{
		"--mode": "set mode instead", "--config": "set config instead", "--policy": "set policies instead", "--log-allowed": "set logAllowed instead",
		"--shutdown-delay": "set shutdownDelaySeconds instead", "--tls-cert": "set certificate.mode instead", "--tls-key": "set certificate.mode instead",
		"--listen": "Service and probes need port 8443", "--metrics": "the Service needs port 8080, and networkPolicy.metricsFrom is who may read it",
	}
	for _, arg := range passed[1:] {
		flag, _, _ := strings.Cut(arg.(string), "=")
		want := fmt.Sprintf("extraArgs: the chart passes %s itself: remove it; %s", flag, instead[flag])
		if instead[flag] == "" {
			t.Errorf("nothing is known to set instead of %s", flag)
		}
		for _, args := range [][]string{{flag}, {flag + "=x"}, {flag, "x"}, {flag + " x"}, {flag[1:] + "=x"}, {flag[1:], "x"}, {"--max-in-flight=64", flag + "="}} {
			text, _ := json.Marshal(args)
			if _, problems, err := render("--set-json", "extraArgs="+string(text)); err == nil || !strings.Contains(problems, want) {
				t.Errorf("%s: %v, %q, want %s", text, err, problems, want)
			}
		}
	}
	for _, args := range []string{
		"--edition=2023-03", "--cluster=aks", "--max-in-flight=64", "--reload-interval=100ms",
		"--model=x", // begins like one of the chart's own
	} {
		all := rendered(t, "--set", "extraArgs={"+args+"}").of(t, "Deployment").at("spec", "template", "spec", "containers", 0, "args").([]any)
		if last := all[len(all)-1]; last != args {
			t.Errorf("the last argument is %s, want %s", last, args)
		}
	}
}

// TestShutdownDelay holds that a pod is not killed before the delay, the drain and a little more have passed.
func TestShutdownDelay(t *testing.T) {
	for delay, want := range map[int]float64{0: 35, 10: 45, 60: 95} {
		pod := object(rendered(t, "--set", fmt.Sprintf("shutdownDelaySeconds=%d", delay)).of(t, "Deployment").at("spec", "template", "spec").(map[string]any))
		args, arg := fmt.Sprint(pod.at("containers", 0, "args")), fmt.Sprintf("--shutdown-delay=%ds", delay)
		if got := pod.at("terminationGracePeriodSeconds"); got != want || !strings.Contains(args, arg) {
			t.Errorf("with a delay of %d seconds a pod has %v to stop, want %v, and runs %s", delay, got, want, args)
		}
	}
}

// TestValues holds values that stand in the middle of objects.
func TestValues(t *testing.T) {
	t.Run("webhook", func(t *testing.T) {
		of := rendered(t, "--values", "chart/profiles/fail-closed.yaml", "--set", "webhook.excludedNamespaces={flux-system,kube-system}",
			"--set", "webhook.namespaceExpressions[0].key=review,webhook.namespaceExpressions[0].operator=Exists",
			"--set", "webhook.objectSelector.matchLabels.a=b,webhook.admissionsEnforcerDisabled=false")
		webhook := of.of(t, "ValidatingWebhookConfiguration")
		if got := webhook.at("webhooks", 0, "failurePolicy"); got != "Fail" {
			t.Errorf("failurePolicy is %v under the profile", got)
		}
		selector := []any{"kube-system", namespace, "flux-system"}
		if got := webhook.at("webhooks", 0, "namespaceSelector", "matchExpressions", 0, "values"); !reflect.DeepEqual(got, selector) {
			t.Errorf("the namespaces are %v", got)
		}
		if got := webhook.at("webhooks", 0, "namespaceSelector", "matchExpressions", 4, "key"); got != "review" {
			t.Errorf("the last expression is about %v", got)
		}
		if got := webhook.at("webhooks", 0, "objectSelector", "matchLabels", "a"); got != "b" {
			t.Errorf("the object selector is %v", got)
		}
		if got, _ := webhook.at("metadata", "annotations").(map[string]any); got["admissions.enforcer/disabled"] != nil {
			t.Errorf("the annotations are %v", got)
		}
		if args := fmt.Sprint(of.of(t, "Deployment").at("spec", "template", "spec", "containers", 0, "args")); !strings.Contains(args, "--mode=enforce") {
			t.Errorf("the profile runs %s", args)
		}
	})
	t.Run("policies", func(t *testing.T) {
		text := "rules: {preview-target: off} # why\n"
		of := rendered(t, "--set-literal", "config="+text, "--set", `policies.a/a\.rego=package a`, "--set", `policies.editions/2027-02/data\.yaml=title: x`)
		data := of.of(t, "ConfigMap").at("data").(map[string]any)
		if data["mlpolicy.yaml"] != text || len(data) != 3 {
			t.Errorf("the ConfigMap holds %q", data)
		}
		pod := object(of.of(t, "Deployment").at("spec", "template", "spec").(map[string]any))
		paths := map[any]any{}
		for _, item := range pod.at("volumes", 0, "configMap", "items").([]any) {
			item := item.(map[string]any)
			paths[item["path"]] = data[item["key"].(string)]
		}
		want := map[any]any{"mlpolicy.yaml": text, "policies/a/a.rego": "package a", "policies/editions/2027-02/data.yaml": "title: x"}
		if !reflect.DeepEqual(paths, want) {
			t.Errorf("the pods see %q", paths)
		}
		if args := fmt.Sprint(pod.at("containers", 0, "args")); !strings.Contains(args, "--policy=/etc/mlpolicy/config/policies") {
			t.Errorf("the pods run %s", args)
		}
	})
	for name, config := range map[string]string{
		"the same mode":        "webhook: {mode: warn}",
		"modes of namespaces":  "webhook: {namespaces: [{names: [a], mode: enforce}]}",
		"nothing of a webhook": "# nothing yet",
		"nothing at all":       "",
	} {
		of := rendered(t, "--set", "mode=warn", "--set-literal", "config="+config)
		if got := of.of(t, "ConfigMap").at("data", "mlpolicy.yaml"); got != config {
			t.Errorf("%s: the configuration is %q", name, got)
		}
	}
	labels := rendered(t, "--set", `podLabels.app\.kubernetes\.io/part-of=guard`).of(t, "Deployment").at("spec", "template", "metadata", "labels")
	if want := map[string]any{"app.kubernetes.io/name": "mlpolicy", "app.kubernetes.io/instance": "mlpolicy", "app.kubernetes.io/part-of": "guard"}; !reflect.DeepEqual(labels, want) {
		t.Errorf("the pods have the labels %v", labels)
	}
	const reviews = "- ports:\n  - port: https\n    protocol: TCP\n"
	for peers, want := range map[string]string{
		"[]": reviews,
		`[{"podSelector": {"matchLabels": {"app": "prometheus"}}}]`: reviews +
			"- from:\n  - podSelector:\n      matchLabels:\n        app: prometheus\n  ports:\n  - port: metrics\n    protocol: TCP\n",
	} {
		policy := rendered(t, "--set-json", "networkPolicy.metricsFrom="+peers).of(t, "NetworkPolicy")
		if got, err := yaml.Marshal(policy.at("spec", "ingress")); err != nil || string(got) != want {
			t.Errorf("%v: with metrics from %s the rules of ingress are\n%s\nwant\n%s", err, peers, got, want)
		}
	}
	for limit, want := range map[string]string{"512Mi": "460MiB", "1Gi": "921MiB"} {
		of := rendered(t, "--set", "resources.limits.memory="+limit)
		if got := of.of(t, "Deployment").at("spec", "template", "spec", "containers", 0, "env", 0, "value"); got != want {
			t.Errorf("GOMEMLIMIT is %v for %s", got, limit)
		}
	}
	for value, want := range map[string]string{
		"image.tag=x": "ghcr.io/mlpolicy/mlpolicy:x",
		"image.tag=x,image.digest=sha256:" + strings.Repeat("0", 64): "ghcr.io/mlpolicy/mlpolicy@sha256:" + strings.Repeat("0", 64),
	} {
		if got := rendered(t, "--set", value).of(t, "Deployment").at("spec", "template", "spec", "containers", 0, "image"); got != want {
			t.Errorf("the image is %v for %s", got, value)
		}
	}
}

// TestInstallYAML holds install.yaml against the chart.
func TestInstallYAML(t *testing.T) {
	text, problems, err := render("--set", "namespace.create=true")
	if err != nil {
		t.Fatal(err, problems)
	}
	text = "# Rendered from deploy/chart by make chart UPDATE=-update. It needs cert-manager in the cluster.\n" + text
	if *update {
		if err := os.WriteFile("install.yaml", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if string(read(t, "install.yaml")) != text {
		t.Error("install.yaml is stale; run: make chart UPDATE=-update")
	}
}

// cluster stands for an API server that holds objects; lookup of helm asks it.
type cluster struct{ secret map[string]any }

func (c *cluster) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	var answer any = map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}
	status := http.StatusOK
	switch r.URL.Path {
	case "/version":
		answer = map[string]any{"major": "1", "minor": "37", "gitVersion": "v1.37.2"}
	case "/api":
		answer = map[string]any{"kind": "APIVersions", "versions": []string{"v1"}}
	case "/apis":
		answer = map[string]any{"kind": "APIGroupList", "apiVersion": "v1", "groups": []any{}}
	case "/api/v1":
		answer = map[string]any{"kind": "APIResourceList", "groupVersion": "v1", "resources": []any{
			map[string]any{"name": "secrets", "singularName": "secret", "namespaced": true, "kind": "Secret", "verbs": []string{"get", "list"}},
		}}
	case "/api/v1/namespaces/" + namespace + "/secrets/mlpolicy-generated-tls":
		if c.secret != nil {
			answer = c.secret
			break
		}
		fallthrough
	default:
		status = http.StatusNotFound
	}
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(answer)
}

// generated is what a helm upgrade makes of a certificate.
type generated struct {
	secret   object
	leaf, ca *x509.Certificate
	bundle   []*x509.Certificate // what the API server trusts
}

// upgrade renders mode generated in a cluster, which holds the Secret that comes of it from then on.
func (c *cluster) upgrade(t *testing.T, kubeconfig string, args ...string) generated {
	t.Helper()
	objects := rendered(t, append([]string{"--dry-run=server", "--kubeconfig", kubeconfig, "--set", "certificate.mode=generated"}, args...)...)
	of := generated{secret: objects.of(t, "Secret")}
	decode := func(value any) []byte {
		data, err := base64.StdEncoding.DecodeString(value.(string))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	key, leaf := decode(of.secret.at("data", "tls.key")), decode(of.secret.at("data", "tls.crt"))
	pair, err := tls.X509KeyPair(leaf, key)
	if err != nil {
		t.Fatal(err)
	}
	of.leaf = pair.Leaf
	of.ca = parseCertificates(t, decode(of.secret.at("data", "ca.crt")))[0]
	of.bundle = parseCertificates(t, decode(objects.of(t, "ValidatingWebhookConfiguration").at("webhooks", 0, "clientConfig", "caBundle")))
	roots := x509.NewCertPool()
	for _, certificate := range of.bundle {
		roots.AddCert(certificate)
	}
	if _, err := of.leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: "mlpolicy." + namespace + ".svc"}); err != nil {
		t.Errorf("the API server would not trust the certificate: %v", err)
	}
	c.secret = of.secret
	return of
}

func parseCertificates(t *testing.T, data []byte) []*x509.Certificate {
	t.Helper()
	var all []*x509.Certificate
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			break
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, certificate)
	}
	if len(all) == 0 || len(bytes.TrimSpace(data)) > 0 {
		t.Fatalf("there are %d certificates and %q behind them", len(all), data)
	}
	return all
}

// TestGenerated holds when a generated certificate stays and when it is renewed.
func TestGenerated(t *testing.T) {
	in := &cluster{}
	server := httptest.NewServer(in)
	defer server.Close()
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	err := os.WriteFile(kubeconfig, []byte("apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{name: c, context: {cluster: c, user: u}}]\nclusters: [{name: c, cluster: {server: "+strconv.Quote(server.URL)+"}}]\nusers: [{name: u}]\n"), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	first := in.upgrade(t, kubeconfig)
	if left := time.Until(first.leaf.NotAfter); left < 364*24*time.Hour || left > 366*24*time.Hour {
		t.Errorf("the first certificate holds for %v", left)
	}
	if len(first.bundle) != 1 || first.leaf.IsCA || !first.ca.IsCA {
		t.Errorf("%d CAs are trusted at first", len(first.bundle))
	}
	if slices.Contains(slices.Collect(maps.Keys(first.secret["data"].(map[string]any))), "ca.key") {
		t.Error("the CA's key is kept")
	}

	second := in.upgrade(t, kubeconfig)
	if !second.leaf.Equal(first.leaf) || len(second.bundle) != 1 || !second.bundle[0].Equal(first.ca) {
		t.Error("an upgrade makes another certificate")
	}

	asked := in.upgrade(t, kubeconfig, "--set", "certificate.generated.revision=2")
	if asked.leaf.Equal(first.leaf) || len(asked.bundle) != 2 || !asked.bundle[0].Equal(asked.ca) || !asked.bundle[1].Equal(first.ca) {
		t.Errorf("after the renewal that was asked for %d CAs are trusted", len(asked.bundle))
	}
	if after := in.upgrade(t, kubeconfig, "--set", "certificate.generated.revision=2"); !after.leaf.Equal(asked.leaf) || len(after.bundle) != 1 {
		t.Errorf("the upgrade after the renewal trusts %d CAs", len(after.bundle))
	}

	for days, renewed := range map[int]bool{61: false, 59: true} {
		made := in.upgrade(t, kubeconfig)
		annotations := in.secret["metadata"].(map[string]any)["annotations"].(map[string]any)
		annotations["mlpolicy.dev/not-after"] = strconv.FormatInt(time.Now().Add(time.Duration(days)*24*time.Hour).Unix(), 10)
		if after := in.upgrade(t, kubeconfig); after.leaf.Equal(made.leaf) == renewed {
			t.Errorf("with %d days left renewed is %v", days, !renewed)
		}
	}
}

// TestNotes holds what helm install says about values that surprise.
func TestNotes(t *testing.T) {
	chart := filepath.Join(t.TempDir(), "chart")
	if err := os.CopyFS(chart, os.DirFS("chart")); err != nil {
		t.Fatal(err)
	}
	// helm template does not render notes, so that they are made an object.
	notes := filepath.Join(chart, "templates", "NOTES.txt")
	text := `{{ define "notes" }}` + string(read(t, notes)) + "{{ end }}kind: Notes\nmetadata: {name: notes}\ntext: {{ include \"notes\" . | quote }}\n"
	if err := os.WriteFile(filepath.Join(chart, "templates", "notes.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	const (
		cluster   = "Only objects that state their cluster are judged"
		except    = "webhook: namespaces: in config says enforce"
		generated = "certificate.mode=generated is not for failurePolicy Fail"
		alone     = "set replicas to 3"
	)
	all := []string{cluster, except, generated, alone}
	cases := map[string]struct {
		args, want []string
	}{
		"the defaults":               {nil, []string{cluster, except}},
		"a cluster":                  {[]string{"--set-literal", "config=kubernetes: {cluster: aks}"}, []string{except}},
		"a cluster by a flag":        {[]string{"--set", "extraArgs={--cluster=aks}"}, []string{except}},
		"a section with nothing":     {[]string{"--set", "mode=enforce", "--set-literal", "config=kubernetes:"}, []string{cluster}},
		"generated under Fail":       {[]string{"--set", "mode=enforce,certificate.mode=generated,webhook.failurePolicy=Fail"}, []string{cluster, generated}},
		"generated under Ignore":     {[]string{"--set", "mode=enforce,certificate.mode=generated"}, []string{cluster}},
		"one replica under Fail":     {[]string{"--set", "mode=enforce,replicas=1,webhook.failurePolicy=Fail"}, []string{cluster, alone}},
		"one replica under Ignore":   {[]string{"--set", "mode=enforce,replicas=1"}, []string{cluster}},
		"the profile of fail closed": {[]string{"--values", "chart/profiles/fail-closed.yaml"}, []string{cluster}},
	}
	for name, of := range cases {
		out, err := exec.Command(helm, append([]string{"template", "mlpolicy", chart, "--namespace", namespace, "--show-only", "templates/notes.yaml"}, of.args...)...).CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v: %s", name, err, out)
			continue
		}
		said, _ := parse(t, string(out))["Notes/notes"].at("text").(string)
		for _, words := range all {
			if strings.Contains(said, words) != slices.Contains(of.want, words) {
				t.Errorf("%s: %q is said or not:\n%s", name, words, said)
			}
		}
	}
}
