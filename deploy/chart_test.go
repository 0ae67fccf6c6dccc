//go:build chart

package deploy

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/mlpolicy/mlpolicy/internal/golden"
)

const (
	helm      = "../bin/helm" // .ci/helm builds it
	namespace = "mlpolicy-system"
)

// caBundle is what mode existing is given: the chart only passes it on.
const caBundle = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"

// render returns what helm writes and says, without hooks.
func render(args ...string) (stdout, stderr string, err error) {
	return renderAll(append([]string{"--no-hooks"}, args...)...)
}

// renderAll returns what helm writes and says.
func renderAll(args ...string) (stdout, stderr string, err error) {
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

// combinations are all choices by all switches, those of hooks together.
func combinations() []choice {
	var all []choice
	withHooks := choice{[]string{"--api-versions", "v1/Pod"}, []string{"ConfigMap", "Job", "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Job", "ConfigMap", "Pod"}}
	withoutHooks := choice{[]string{"--api-versions", "v1/Pod", "--set", "hooks.check=false,hooks.unregister=false,hooks.test=false"}, nil}
	var bases []choice
	for _, certificate := range certificates {
		for _, hooks := range []choice{withHooks, withoutHooks} {
			bases = append(bases, choice{slices.Concat(certificate.args, hooks.args), slices.Concat(certificate.kinds, hooks.kinds)})
		}
	}
	for _, certificate := range bases {
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
// are, and every second one twice.
func TestCombinations(t *testing.T) {
	all := combinations()
	if len(all) != 512 {
		t.Fatalf("there are %d combinations", len(all))
	}
	type result struct{ first, second string }
	results := make([]result, len(all))
	next := make(chan int)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := range next {
				for _, text := range []*string{&results[i].first, &results[i].second}[:1+i%2] {
					var problems string
					var err error
					if *text, problems, err = renderAll(all[i].args...); err != nil {
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
		if i%2 == 1 && results[i].first != results[i].second && !generated {
			t.Errorf("%q: two renderings differ", of.args)
		}
		if keys := privateKeys([]byte(results[i].first)); keys > 0 && !generated {
			t.Errorf("%q: there are %d private keys", of.args, keys)
		}
		checkReferences(t, objects)
	}
}

// checkReferences checks that what one object says of another is so.
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
	checkHooks(t, objects, labels.(map[string]any))
	for key, of := range objects {
		kind, _, _ := strings.Cut(key, "/")
		own := slices.Contains([]string{"Namespace", "ValidatingWebhookConfiguration", "ClusterRole", "ClusterRoleBinding"}, kind)
		if in := of.at("metadata", "namespace"); own != (in == nil) || in != nil && in != namespace {
			t.Errorf("%s is in namespace %v", key, in)
		}
	}
	checkPorts(t, objects, deployment, service)
	checkWebhookService(t, objects)
	checkCertificate(t, objects, deployment)
}

// checkPorts checks that the Service has ports of the Pods, and the monitor those of the Service.
func checkPorts(t *testing.T, objects manifest, deployment, service object) {
	t.Helper()
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
}

// checkWebhookService checks that all entries of the webhook name the Service and trust one certificate.
func checkWebhookService(t *testing.T, objects manifest) {
	t.Helper()
	webhook := objects.of(t, "ValidatingWebhookConfiguration")
	want := map[string]any{"name": "mlpolicy", "namespace": namespace, "path": "/validate", "port": 443.0}
	entries := webhook.at("webhooks").([]any)
	if len(entries) != 2 {
		t.Errorf("there are %d entries", len(entries))
	}
	for i := range entries {
		if got := webhook.at("webhooks", i, "clientConfig", "service"); !reflect.DeepEqual(got, want) {
			t.Errorf("the webhook is asked at %v", got)
		}
		if !reflect.DeepEqual(webhook.at("webhooks", i, "clientConfig"), webhook.at("webhooks", 0, "clientConfig")) {
			t.Errorf("entry %d trusts another certificate", i)
		}
	}
}

// checkCertificate checks that the webhook trusts the certificate that the Pods read.
func checkCertificate(t *testing.T, objects manifest, deployment object) {
	t.Helper()
	webhook := objects.of(t, "ValidatingWebhookConfiguration")
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

// checkHooks checks that hooks try what the pods will run, and that nothing that selects the pods selects theirs.
func checkHooks(t *testing.T, objects manifest, labels map[string]any) {
	t.Helper()
	deployment := objects.of(t, "Deployment")
	container := func(spec any) object {
		return object(object(spec.(map[string]any)).at("containers", 0).(map[string]any))
	}
	pods := map[string]any{}
	for key, of := range objects {
		switch kind, _, _ := strings.Cut(key, "/"); kind {
		case "Job":
			pods[key] = of.at("spec", "template")
		case "Pod":
			pods[key] = map[string]any(of)
		}
	}
	for key, pod := range pods {
		pod := object(pod.(map[string]any))
		name := pod.at("metadata", "labels", "app.kubernetes.io/name")
		if name == nil || name == labels["app.kubernetes.io/name"] {
			t.Errorf("the pods of %s have the name %v", key, name)
		}
		image, want := container(pod["spec"])["image"], deployment.at("spec", "template", "spec", "containers", 0, "image")
		if image != want || pod.at("spec", "automountServiceAccountToken") != false || pod.at("spec", "restartPolicy") != "Never" {
			t.Errorf("%s runs %v: %v", key, image, pod["spec"])
		}
	}
	check := objects["Job/mlpolicy-check"]
	if check == nil {
		return
	}
	tried := container(check.at("spec", "template", "spec"))["args"].([]any)
	run := deployment.at("spec", "template", "spec", "containers", 0, "args").([]any)
	if !slices.Equal(tried, append(slices.Clone(run), "--check")) {
		t.Errorf("the hook tries %q, and the pods run %q", tried, run)
	}
	if got, want := objects["ConfigMap/mlpolicy-check"]["data"], objects["ConfigMap/mlpolicy"]["data"]; !reflect.DeepEqual(got, want) {
		t.Errorf("the hook tries %v, and the pods have %v", got, want)
	}
	if got, want := check.at("spec", "template", "spec", "volumes", 0, "configMap", "items"), deployment.at("spec", "template", "spec", "volumes", 0, "configMap", "items"); !reflect.DeepEqual(got, want) {
		t.Errorf("the hook has the files %v, and the pods %v", got, want)
	}
	role := objects["ClusterRole/mlpolicy-unregister"]
	want := []any{map[string]any{
		"apiGroups": []any{"admissionregistration.k8s.io"}, "resources": []any{"validatingwebhookconfigurations"},
		"resourceNames": []any{objects.of(t, "ValidatingWebhookConfiguration").at("metadata", "name")}, "verbs": []any{"delete"},
	}}
	if got := role["rules"]; !reflect.DeepEqual(got, want) {
		t.Errorf("the hook may do %v", got)
	}
	for key, of := range objects {
		hook, hooked := of.at("metadata", "annotations", "helm.sh/hook").(string)
		if named := strings.Contains(key, "/mlpolicy-check") || strings.Contains(key, "/mlpolicy-unregister") || strings.Contains(key, "/mlpolicy-test"); named != hooked {
			t.Errorf("%s is a hook: %q", key, hook)
		}
		if hooked && of.at("metadata", "annotations", "helm.sh/hook-delete-policy") != "before-hook-creation,hook-succeeded" {
			t.Errorf("%s is deleted by the policy %v", key, of.at("metadata", "annotations"))
		}
	}
}

// TestUnregisterIsOfHelmAlone checks that what is applied without Helm does not delete the webhook's configuration.
func TestUnregisterIsOfHelmAlone(t *testing.T) {
	for _, args := range [][]string{nil, {"--validate=false"}, {"--api-versions", "monitoring.coreos.com/v1"}} {
		text, problems, err := renderAll(args...)
		if err != nil || strings.Contains(text, "unregister") {
			t.Errorf("%q renders the hook: %v %s", args, err, problems)
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
		"unknown key in config":  {[]string{"--set", "config.editon=2020-06"}, "editon"},
		"cluster in config":      {[]string{"--set", "config.kubernetes.cluster=gke"}, "cluster"},
		"mode in YAML":           {[]string{"--set", "config.webhook.mode=enforce"}, "set mode, which the chart passes as --mode, not webhook: mode: in config"},
		"a number as config":     {[]string{"--set", "config=1"}, "config"},
		"renewed too early":      {[]string{"--set", "certificate.certManager.duration=24h,certificate.certManager.renewBefore=1440m"}, "renewBefore 1440m is not less than duration 24h"},
		"renewed before issued":  {[]string{"--set", "certificate.certManager.renewBefore=2160h1s"}, "renewBefore 2160h1s is not less than duration 2160h"},
		"a common label":         {[]string{"--set", `commonLabels.app\.kubernetes\.io/version=two`}, "commonLabels: the chart sets app.kubernetes.io/version itself"},
		"rules on Azure":         {[]string{"--set", "monitoring.apiGroup=azmonitoring.coreos.com,prometheusRule.enabled=true"}, "takes no rules from a cluster"},
		"autoscaling backwards":  {[]string{"--set", "autoscaling.enabled=true,autoscaling.minReplicas=7"}, "minReplicas 7 is more than maxReplicas 6"},
		"autoscaling by nothing": {[]string{"--set", "autoscaling.enabled=true,resources.requests.cpu=null"}, "autoscaling needs resources.requests.cpu"},
		"names without a CA":     {[]string{"--set", "clients.names={apiserver}"}, "set caBundle too"},
		"help":                   {[]string{"--set", "extraArgs={--help}"}, "extraArgs: with --help the pods would print text and exit: remove it"},
		"help as a value":        {[]string{"--set", "extraArgs={--help=true}"}, "extraArgs: with --help the pods would"},
		"version behind others":  {[]string{"--set", `extraArgs={--max-in-flight=64,--version}`}, "extraArgs: with --version the pods would"},
		"help by a dash":         {[]string{"--set", "extraArgs={-help}"}, "extraArgs: with --help the pods would"},
		"short help":             {[]string{"--set", "extraArgs={-h}"}, `extraArgs: "-h" is not a flag`},
		"short version":          {[]string{"--set", "extraArgs={-v}"}, `extraArgs: "-v" is not a flag`},
		"the other hook's flag":  {[]string{"--set", "extraArgs={--unregister=mlpolicy}"}, "hooks.unregister does it"},
		"an account for it":      {[]string{"--set", "extraArgs={--service-account=/x}"}, "hooks.unregister does it"},
		"a flag of a hook":       {[]string{"--set", "extraArgs={--check}"}, "hooks.check does it"},
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
	deployment := rendered(t, "--set", "logAllowed=true,clients.names={apiserver}", "--set-literal", "clients.caBundle="+caBundle, "--set", `policies.a\.rego=package a`).of(t, "Deployment")
	passed, _ := deployment.at("spec", "template", "spec", "containers", 0, "args").([]any)
	if len(passed) != 12 {
		t.Fatalf("the chart passes %q", passed)
	}
	instead := map[string]string{
		"--mode": "set mode instead", "--config": "set config instead", "--policy": "set policies instead", "--log-allowed": "set logAllowed instead",
		"--shutdown-delay": "set shutdownDelaySeconds instead", "--tls-cert": "set certificate.mode instead", "--tls-key": "set certificate.mode instead",
		"--client-ca": "set clients.caBundle instead", "--client-name": "set clients.names instead",
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
		data := of["ConfigMap/mlpolicy"].at("data").(map[string]any)
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
		if got := of["ConfigMap/mlpolicy"].at("data", "mlpolicy.yaml"); got != config {
			t.Errorf("%s: the configuration is %q", name, got)
		}
	}
	labels := rendered(t, "--set", `podLabels.app\.kubernetes\.io/part-of=guard`).of(t, "Deployment").at("spec", "template", "metadata", "labels")
	if want := map[string]any{"app.kubernetes.io/name": "mlpolicy", "app.kubernetes.io/instance": "mlpolicy", "app.kubernetes.io/part-of": "guard"}; !reflect.DeepEqual(labels, want) {
		t.Errorf("the pods have the labels %v", labels)
	}
	of := rendered(t, "--set", "config.edition=2023-03,config.rules.preview-target=off", "--set-json", `config.facts=[{"kinds": ["Pod"], "set": {"target": "aks"}}]`)
	if got, want := of["ConfigMap/mlpolicy"].at("data", "mlpolicy.yaml"), "edition: 2023-03\nfacts:\n- kinds:\n  - Pod\n  set:\n    target: aks\nrules:\n  preview-target: \"off\""; got != want {
		t.Errorf("the configuration is %q, want %q", got, want)
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

// TestNull checks that a list or mapping of nothing is an empty one: null in a file of values, or VALUE=null, takes the default away.
func TestNull(t *testing.T) {
	var defaults map[string]any
	if err := yaml.Unmarshal(read(t, valuesFile), &defaults); err != nil {
		t.Fatal(err)
	}
	leaves := map[string]bool{}
	for _, of := range chartValues(t) {
		leaves[strings.Join(of.path, ".")] = true
	}
	empty := map[string]string{} // by path
	var collect func(fields map[string]any, path string)
	collect = func(fields map[string]any, path string) {
		for key, value := range fields {
			switch value := value.(type) {
			case []any:
				empty[path+key] = "[]"
			case map[string]any:
				if len(value) > 0 && !leaves[path+key] {
					collect(value, path+key+".")
					continue
				}
				empty[path+key] = "{}"
			}
		}
	}
	collect(defaults, "")
	if len(empty) < 20 || empty["webhook.annotations"] == "" || empty["commonLabels"] == "" {
		t.Fatalf("the values are %v", empty)
	}
	render := func(args ...string) string {
		text, problems, err := renderAll(append([]string{"--api-versions", "v1/Pod", "--set", "serviceMonitor.enabled=true,prometheusRule.enabled=true,dashboard.enabled=true"}, args...)...)
		if err != nil {
			t.Errorf("%q: %v: %s", args, err, problems)
		}
		return text
	}
	for path, nothing := range empty {
		args := []string{"--set-json", path + "=" + nothing}
		if nothing == "{}" && leaves[path] {
			// An empty mapping given is merged with the default: each of its keys is taken away.
			args = nil
			var value any = defaults
			for key := range strings.SplitSeq(path, ".") {
				value = value.(map[string]any)[key]
			}
			for key := range value.(map[string]any) {
				args = append(args, "--set", path+"."+strings.ReplaceAll(key, ".", `\.`)+"=null")
			}
		}
		if got, want := render("--set", path+"=null"), render(args...); got != want {
			t.Errorf("%s=null renders something else than %s", path, nothing)
		}
	}
}

// TestNullTakesNoNeededDefaultAway sets each section and each single value to null: where nothing may stand in its place, the
// schema names it; otherwise it is empty. No template fails.
func TestNullTakesNoNeededDefaultAway(t *testing.T) {
	var defaults map[string]any
	if err := yaml.Unmarshal(read(t, valuesFile), &defaults); err != nil {
		t.Fatal(err)
	}
	sections, single := map[string]bool{}, map[string]any{}
	for _, of := range chartValues(t) {
		var value any = defaults
		for i, key := range of.path {
			fields, _ := value.(map[string]any)
			if i > 0 {
				sections[strings.Join(of.path[:i], ".")] = len(fields) == 0
			}
			value = fields[key]
		}
		switch value.(type) {
		case map[string]any, []any:
		default:
			single[strings.Join(of.path, ".")] = value
		}
	}
	if len(sections) < 18 || len(single) < 40 {
		t.Fatalf("there are %d sections and %d single values", len(sections), len(single))
	}
	optional := []string{"resources.requests", "resources.requests.cpu", "resources.requests.memory", "priorityClassName"} // Kubernetes has defaults for them
	bases := []string{
		"{webhook: {failurePolicy: Fail}, autoscaling: {enabled: true}, certificate: {mode: generated}, serviceMonitor: {enabled: auto}, prometheusRule: {enabled: auto}}",
		fmt.Sprintf("{certificate: {mode: existing, existing: {secretName: given, caBundle: %[1]q}}, clients: {names: [apiserver], caBundle: %[1]q}}", caBundle),
		"{webhook: {reviewBindings: true}, dashboard: {enabled: true}, prometheusRule: {enabled: true}}",
	}
	files := make([]string, len(bases))
	for i, base := range bases {
		files[i] = filepath.Join(t.TempDir(), "values.yaml")
		if err := os.WriteFile(files[i], []byte(base), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	try := func(path string, needed bool) {
		name := path[strings.LastIndex(path, ".")+1:]
		for _, file := range files {
			_, problems, err := renderAll("--api-versions", "v1/Pod", "--values", file, "--set", path+"=null")
			bySchema := strings.Contains(problems, "specifications of the schema") && strings.Contains(problems, name)
			byChart := strings.Contains(problems, "execution error at") && strings.Contains(problems, name) && !strings.Contains(problems, "nil pointer")
			if err == nil && needed || err != nil && !bySchema && (needed || !byChart) {
				t.Errorf("%s=null: %v: %s", path, err, problems)
			}
		}
	}
	needed := map[string]bool{}
	for path, isEmpty := range sections {
		needed[path] = !isEmpty && !slices.Contains(optional, path)
	}
	for path, value := range single {
		isEmpty := value == nil || reflect.ValueOf(value).IsZero()
		needed[path] = !isEmpty && !slices.Contains(optional, path)
	}
	next := make(chan string)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for path := range next {
				try(path, needed[path])
			}
		})
	}
	for path := range needed {
		next <- path
	}
	close(next)
	workers.Wait()
}

// TestConfigRollsOut checks that pods are replaced when what they read has changed, and only then.
func TestConfigRollsOut(t *testing.T) {
	digest := func(args ...string) any {
		return rendered(t, args...).of(t, "Deployment").at("spec", "template", "metadata", "annotations", "mlpolicy.dev/files")
	}
	seen := map[any]string{}
	for _, args := range [][]string{
		nil,
		{"--set-literal", "config=edition: 2023-03"},
		{"--set-literal", "config=edition: 2020-12"},
		{"--set", `policies.a\.rego=package a`},
		{"--set", `policies.b\.rego=package a`},
	} {
		got := digest(args...)
		if before, ok := seen[got]; ok || got == nil {
			t.Errorf("%q has the digest %v of %s", args, got, before)
		}
		seen[got] = fmt.Sprint(args)
	}
	if digest() != digest("--set", "replicas=5,mode=enforce,commonLabels.team=a") {
		t.Error("the digest is of something else, too")
	}
}

// TestLabels checks which objects and Pods get the labels of the values.
func TestLabels(t *testing.T) {
	text, problems, err := renderAll("--api-versions", "v1/Pod", "--set", "commonLabels.team=platform,podLabels.team=guard,podLabels.a=b,serviceMonitor.enabled=true,autoscaling.enabled=true")
	if err != nil {
		t.Fatal(err, problems)
	}
	for key, of := range parse(t, text) {
		if of.at("metadata", "labels", "team") != "platform" {
			t.Errorf("%s has the labels %v", key, of.at("metadata", "labels"))
		}
		if strings.HasPrefix(key, "Job/") && of.at("spec", "template", "metadata", "labels", "team") != "platform" {
			t.Errorf("the pods of %s have the labels %v", key, of.at("spec", "template", "metadata", "labels"))
		}
	}
	deployment := parse(t, text).of(t, "Deployment")
	pods := deployment.at("spec", "template", "metadata", "labels").(map[string]any)
	if pods["team"] != "guard" || pods["a"] != "b" || len(pods) != 4 || deployment.at("spec", "selector", "matchLabels", "team") != nil {
		t.Errorf("the pods have the labels %v", pods)
	}
}

// TestServiceAccount checks which account is made, and which is used.
func TestServiceAccount(t *testing.T) {
	for args, want := range map[string][2]any{
		"serviceAccount.create=true":                            {"mlpolicy", "mlpolicy"},
		"serviceAccount.name=guard":                             {"guard", "guard"},
		"serviceAccount.create=false":                           {nil, "default"},
		"serviceAccount.create=false,serviceAccount.name=guard": {nil, "guard"},
	} {
		of := rendered(t, "--set", args)
		var made any
		for key, each := range of {
			if strings.HasPrefix(key, "ServiceAccount/") {
				made = each.at("metadata", "name")
			}
		}
		if used := of.of(t, "Deployment").at("spec", "template", "spec", "serviceAccountName"); made != want[0] || used != want[1] {
			t.Errorf("%s: %v is made, %v is used", args, made, used)
		}
	}
	annotations := rendered(t, "--set", `serviceAccount.annotations.azure\.workload\.identity/client-id=x`)["ServiceAccount/mlpolicy"].at("metadata", "annotations")
	if want := map[string]any{"azure.workload.identity/client-id": "x"}; !reflect.DeepEqual(annotations, want) {
		t.Errorf("the annotations are %v", annotations)
	}
}

// TestAutoscaling checks that a Deployment that is scaled has no number of replicas.
func TestAutoscaling(t *testing.T) {
	of := rendered(t, "--set", "autoscaling.enabled=true,autoscaling.maxReplicas=9")
	scaler := of.of(t, "HorizontalPodAutoscaler")
	if of.of(t, "Deployment").at("spec", "replicas") != nil || scaler.at("spec", "maxReplicas") != 9.0 || scaler.at("spec", "scaleTargetRef", "name") != "mlpolicy" {
		t.Errorf("the scaler is %v", scaler["spec"])
	}
}

// TestTopologySpread checks the default, none and one of the user.
func TestTopologySpread(t *testing.T) {
	for json, want := range map[string]int{"null": 2, "[]": 0, `[{"topologyKey": "a", "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule"}]`: 1} {
		spread, _ := rendered(t, "--set-json", "topologySpreadConstraints="+json).of(t, "Deployment").at("spec", "template", "spec", "topologySpreadConstraints").([]any)
		if len(spread) != want {
			t.Errorf("%s: pods are spread by %v", json, spread)
		}
	}
}

// TestExtraEnvironment checks that variables come after the chart's own.
func TestExtraEnvironment(t *testing.T) {
	env := rendered(t, "--set-json", `extraEnv=[{"name": "GODEBUG", "value": "fips140=on"}]`).of(t, "Deployment").at("spec", "template", "spec", "containers", 0, "env").([]any)
	if want := map[string]any{"name": "GODEBUG", "value": "fips140=on"}; len(env) != 2 || !reflect.DeepEqual(env[1], want) {
		t.Errorf("the environment is %v", env)
	}
}

// TestMatchConditions checks the conditions and rules of each entry of the webhook.
func TestMatchConditions(t *testing.T) {
	webhook := rendered(t, "--set-json", `webhook.matchConditions=[{"name": "not-flux", "expression": "true"}]`, "--set", "webhook.reviewBindings=true,webhook.objectSelector.matchLabels.a=b").of(t, "ValidatingWebhookConfiguration")
	want := map[string][]any{
		"validate.mlpolicy.dev":                  {"not-being-deleted", "not-flux"},
		"unknown-versions.validate.mlpolicy.dev": {"not-being-deleted", "unknown-version", "not-flux"},
		"bindings.validate.mlpolicy.dev":         {"not-the-scheduler"},
	}
	entries := webhook.at("webhooks").([]any)
	for i := range entries {
		var names []any
		for j := range webhook.at("webhooks", i, "matchConditions").([]any) {
			names = append(names, webhook.at("webhooks", i, "matchConditions", j, "name"))
		}
		if name := webhook.at("webhooks", i, "name").(string); !slices.Equal(names, want[name]) {
			t.Errorf("%s has the conditions %v", name, names)
		}
	}
	if len(entries) != len(want) || webhook.at("webhooks", 2, "objectSelector", "matchLabels") != nil {
		t.Errorf("the entries are %v", entries)
	}
	rules := []any{map[string]any{"apiGroups": []any{""}, "apiVersions": []any{"v1"}, "operations": []any{"CREATE"}, "resources": []any{"bindings", "pods/binding"}, "scope": "Namespaced"}}
	if got := webhook.at("webhooks", 2, "rules"); !reflect.DeepEqual(got, rules) {
		t.Errorf("bindings are asked about by %v", got)
	}
}

// TestClients checks that Pods and hooks know the clients of the webhook.
func TestClients(t *testing.T) {
	text, problems, err := renderAll("--api-versions", "v1/Pod", "--set", "clients.names={apiserver,kube-apiserver}", "--set-literal", "clients.caBundle="+caBundle)
	if err != nil {
		t.Fatal(err, problems)
	}
	of := parse(t, text)
	checkHooks(t, of, of.of(t, "Deployment").at("spec", "template", "metadata", "labels").(map[string]any))
	args := fmt.Sprint(of.of(t, "Deployment").at("spec", "template", "spec", "containers", 0, "args"))
	if !strings.Contains(args, "--client-ca=/etc/mlpolicy/config/client-ca.crt --client-name=apiserver --client-name=kube-apiserver") {
		t.Errorf("the pods run %s", args)
	}
	check := fmt.Sprint(of["Job/mlpolicy-check"].at("spec", "template", "spec", "containers", 0, "args"))
	if !strings.Contains(check, "--client-ca=/etc/mlpolicy/config/client-ca.crt") || of["ConfigMap/mlpolicy-check"].at("data", "client-ca.crt") != caBundle {
		t.Errorf("the hook runs %s on %v", check, of["ConfigMap/mlpolicy-check"]["data"])
	}
	if got := of["ConfigMap/mlpolicy"].at("data", "client-ca.crt"); got != caBundle {
		t.Errorf("the pods trust %v", got)
	}
	if items := fmt.Sprint(of.of(t, "Deployment").at("spec", "template", "spec", "volumes", 0, "configMap", "items")); !strings.Contains(items, "key:client-ca.crt path:client-ca.crt") {
		t.Errorf("the pods have the files %s", items)
	}
	if of["Pod/mlpolicy-test"] != nil {
		t.Error("there is a test, which gets no answer")
	}
}

// TestReviewsFrom checks who may send reviews where a policy restricts that.
func TestReviewsFrom(t *testing.T) {
	konnectivity := map[string]any{
		"namespaceSelector": map[string]any{"matchLabels": map[string]any{"kubernetes.io/metadata.name": "kube-system"}},
		"podSelector":       map[string]any{"matchLabels": map[string]any{"app": "konnectivity-agent"}},
	}
	peers, _ := json.Marshal([]any{konnectivity})
	text, problems, err := renderAll("--set-json", "networkPolicy.reviewsFrom="+string(peers))
	if err != nil {
		t.Fatal(err, problems)
	}
	of := parse(t, text)
	from := of.of(t, "NetworkPolicy").at("spec", "ingress", 0, "from").([]any)
	if len(from) != 2 || !reflect.DeepEqual(from[0], konnectivity) {
		t.Errorf("reviews come from %v", from)
	}
	tester := object(from[1].(map[string]any)).at("podSelector", "matchLabels").(map[string]any)
	for key, label := range tester {
		if of.of(t, "Pod").at("metadata", "labels", key) != label {
			t.Errorf("the pod of helm test is not %s=%v", key, label)
		}
	}
	if len(tester) != 2 || object(from[1].(map[string]any))["namespaceSelector"] != nil {
		t.Errorf("reviews come from %v", from[1])
	}
}

// TestMonitoringKinds checks that objects are made for the kinds that are served.
func TestMonitoringKinds(t *testing.T) {
	const monitoring, azmonitoring = "monitoring.coreos.com/v1/", "azmonitoring.coreos.com/v1/"
	for _, test := range []struct {
		served  []string
		group   string
		objects []string
	}{
		{nil, "monitoring.coreos.com", nil},
		{[]string{monitoring + "ServiceMonitor", monitoring + "PrometheusRule"}, "monitoring.coreos.com", []string{"PrometheusRule", "ServiceMonitor"}},
		{[]string{monitoring + "ServiceMonitor"}, "monitoring.coreos.com", []string{"ServiceMonitor"}},
		{[]string{monitoring + "ServiceMonitor", monitoring + "PrometheusRule"}, "azmonitoring.coreos.com", nil},
		{[]string{azmonitoring + "ServiceMonitor", monitoring + "PrometheusRule"}, "azmonitoring.coreos.com", []string{"ServiceMonitor"}},
	} {
		args := []string{"--values", "chart/profiles/fail-closed.yaml", "--set", "monitoring.apiGroup=" + test.group}
		for _, kind := range test.served {
			args = append(args, "--api-versions", kind)
		}
		var found []string
		for key, of := range rendered(t, args...) {
			if kind, _, _ := strings.Cut(key, "/"); kind == "ServiceMonitor" || kind == "PrometheusRule" {
				found = append(found, kind)
				if of["apiVersion"] != test.group+"/v1" {
					t.Errorf("%s is of %v", key, of["apiVersion"])
				}
			}
		}
		if slices.Sort(found); !slices.Equal(found, test.objects) {
			t.Errorf("where %q is served, %s makes %q", test.served, test.group, found)
		}
	}
}

// TestAzureMonitoring checks the limits that Azure's kinds require.
func TestAzureMonitoring(t *testing.T) {
	monitor := rendered(t, "--set", "monitoring.apiGroup=azmonitoring.coreos.com,serviceMonitor.enabled=true").of(t, "ServiceMonitor")
	for key, want := range map[string]any{"labelLimit": 63.0, "labelNameLengthLimit": 511.0, "labelValueLengthLimit": 1023.0} {
		if got := monitor.at("spec", key); got != want {
			t.Errorf("%s is %v", key, got)
		}
	}
}

// TestClusterNames checks that the name of a cluster is quoted in alerts, whatever is in it.
func TestClusterNames(t *testing.T) {
	const matcher = `cluster=~".*"`
	var alerts []alert
	if err := yaml.UnmarshalStrict(read(t, "chart/files/alerts.yaml"), &alerts); err != nil {
		t.Fatal(err)
	}
	if len(alerts) == 0 {
		t.Fatal("there are no alerts")
	}
	for _, name := range []string{
		"aks-1", "prod #1", "prod: x", "o'brien", `"quoted"`, `a\b`, `a\nb`, "a\nb", "- a", "{{ a }}", "%s", "$1", "ä", "by (cluster", matcher,
	} {
		for _, label := range []string{"cluster", "k8s_name"} {
			text, _ := json.Marshal(name)
			rules := rendered(t, "--set", "prometheusRule.enabled=true,monitoring.clusterLabel="+label, "--set-json", "monitoring.cluster="+string(text)).
				of(t, "PrometheusRule").at("spec", "groups", 0, "rules").([]any)
			if len(rules) != len(alerts) {
				t.Fatalf("%s: there are %d alerts", name, len(rules))
			}
			for i, rule := range rules {
				rule := object(rule.(map[string]any))
				// PromQL's strings are Go's.
				want := strings.ReplaceAll(strings.ReplaceAll(alerts[i].Expr, "by (cluster", "by ("+label), matcher, label+"="+strconv.Quote(name))
				if rule["expr"] != want || !strings.Contains(want, strconv.Quote(name)) {
					t.Errorf("%s: %v is on\n%v\nwant\n%s", name, rule["alert"], rule["expr"], want)
				}
			}
		}
	}
}

// TestClusterLabel checks that alerts and dashboard select by the label that names clusters.
func TestClusterLabel(t *testing.T) {
	of := rendered(t, "--set", "prometheusRule.enabled=true,dashboard.enabled=true,monitoring.clusterLabel=k8s_name,monitoring.cluster=aks-1")
	rules := of.of(t, "PrometheusRule").at("spec", "groups", 0, "rules").([]any)
	if len(rules) == 0 {
		t.Fatal("there are no alerts")
	}
	selector := regexp.MustCompile(`\b(?:mlpolicy|apiserver)_[a-z_]+\{k8s_name="aks-1"`)
	metric := regexp.MustCompile(`\b(?:mlpolicy|apiserver)_[a-z_]+`)
	for _, rule := range rules {
		rule := object(rule.(map[string]any))
		expression := rule["expr"].(string)
		if strings.Contains(expression, "cluster=") || strings.Contains(expression, "(cluster") || len(selector.FindAllString(expression, -1)) != len(metric.FindAllString(expression, -1)) {
			t.Errorf("%v is about other clusters: %s", rule["alert"], expression)
		}
	}
	dashboard := of["ConfigMap/mlpolicy-dashboard"].at("data", "mlpolicy.json").(string)
	if !json.Valid([]byte(dashboard)) || strings.Contains(dashboard, `cluster=~`) || strings.Contains(dashboard, "(cluster") || strings.Contains(dashboard, "{{cluster") || !strings.Contains(dashboard, `k8s_name=~\"$cluster\"`) || !strings.Contains(dashboard, "label_values(mlpolicy_webhook_policy_info, k8s_name)") {
		t.Errorf("the dashboard is about other clusters: %s", dashboard)
	}
}

// TestInstallYAML holds install.yaml against the chart.
func TestInstallYAML(t *testing.T) {
	text, problems, err := render("--set", "namespace.create=true")
	if err != nil {
		t.Fatal(err, problems)
	}
	golden.Check(t, "install.yaml", "# Rendered from deploy/chart by make chart UPDATE=-update. It needs cert-manager in the cluster.\n"+text)
}

// cluster stands for an API server that holds objects; lookup of helm asks it.
type cluster struct{ secret, configMap map[string]any }

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
			map[string]any{"name": "configmaps", "singularName": "configmap", "namespaced": true, "kind": "ConfigMap", "verbs": []string{"get", "list"}},
		}}
	case "/api/v1/namespaces/" + namespace + "/configmaps/mlpolicy":
		if c.configMap != nil {
			answer = c.configMap
			break
		}
		status = http.StatusNotFound
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

// serve serves the cluster until the test ends, and returns a file by which helm finds it.
func (c *cluster) serve(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	err := os.WriteFile(kubeconfig, []byte("apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{name: c, context: {cluster: c, user: u}}]\nclusters: [{name: c, cluster: {server: "+strconv.Quote(server.URL)+"}}]\nusers: [{name: u}]\n"), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	return kubeconfig
}

// TestDroppedConfig checks when an upgrade that takes configuration or policies away is refused.
func TestDroppedConfig(t *testing.T) {
	in := &cluster{}
	kubeconfig := in.serve(t)
	const config, policy = "edition: 2023-03", `policies.a\.rego=package a`
	tests := []struct {
		name string
		live map[string]any // data of the ConfigMap; nil if there is none
		args []string
		want string // what the refusal says; empty if there is none
	}{
		{"nothing before", nil, nil, ""},
		{"an empty one before", map[string]any{"mlpolicy.yaml": "\n"}, nil, ""},
		{"kept", map[string]any{"mlpolicy.yaml": config}, []string{"--set-literal", "config=" + config}, ""},
		{"changed", map[string]any{"mlpolicy.yaml": config}, []string{"--set", "config.edition=2020-12"}, ""},
		{"dropped", map[string]any{"mlpolicy.yaml": config}, nil, "config is empty, and the release has one: upgrade with --values or --reset-then-reuse-values, or set dropConfig=true"},
		{"a text without anything", map[string]any{"mlpolicy.yaml": config}, []string{"--set-literal", "config= \n"}, "config is empty"},
		{"an empty mapping", map[string]any{"mlpolicy.yaml": config}, []string{"--set-json", "config={}"}, "config is empty"},
		{"an empty mapping as text", map[string]any{"mlpolicy.yaml": config}, []string{"--set-literal", "config={}"}, "config is empty"},
		{"comments", map[string]any{"mlpolicy.yaml": config}, []string{"--set-literal", "config=# edition: 2023-03\n"}, "config is empty"},
		{"a document of nothing", map[string]any{"mlpolicy.yaml": config}, []string{"--set-literal", "config=---\n"}, "config is empty"},
		{"sections of nothing", map[string]any{"mlpolicy.yaml": config}, []string{"--set-literal", "config=kubernetes:\nrules: {}\n"}, "config is empty"},
		{"an empty mapping before", map[string]any{"mlpolicy.yaml": "{}"}, nil, ""},
		{"comments before", map[string]any{"mlpolicy.yaml": "# nothing yet\n"}, nil, ""},
		{"sections of nothing before", map[string]any{"mlpolicy.yaml": "kubernetes:\n"}, []string{"--set-json", "config={}"}, ""},
		{"an empty mapping before and behind", map[string]any{"mlpolicy.yaml": "{}"}, []string{"--set-json", "config={}"}, ""},
		{"broken by hand", map[string]any{"mlpolicy.yaml": "rules: {"}, nil, "config is empty"},
		{"mapping to text", map[string]any{"mlpolicy.yaml": "edition: 2023-03"}, []string{"--set-literal", "config=rules: {memory: off}"}, ""},
		{"an empty mapping on purpose", map[string]any{"mlpolicy.yaml": config}, []string{"--set", "dropConfig=true", "--set-json", "config={}"}, ""},
		{"dropped on purpose", map[string]any{"mlpolicy.yaml": config}, []string{"--set", "dropConfig=true"}, ""},
		{"policies kept", map[string]any{"mlpolicy.yaml": "", "policies__a.rego": "package a"}, []string{"--set", policy}, ""},
		{"policies dropped", map[string]any{"mlpolicy.yaml": config, "policies__a.rego": "package a"}, []string{"--set-literal", "config=" + config}, "policies is empty, and the release has some"},
		{"all dropped on purpose", map[string]any{"mlpolicy.yaml": config, "policies__a.rego": "package a"}, []string{"--set", "dropConfig=true"}, ""},
	}
	for _, test := range tests {
		in.configMap = nil
		if test.live != nil {
			in.configMap = map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "mlpolicy", "namespace": namespace}, "data": test.live}
		}
		_, problems, err := render(append([]string{"--dry-run=server", "--kubeconfig", kubeconfig}, test.args...)...)
		if (err == nil) != (test.want == "") || !strings.Contains(problems, test.want) {
			t.Errorf("%s: %v %s, want %q", test.name, err, problems, test.want)
		}
	}
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
	kubeconfig := in.serve(t)
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
		cluster   = "Only objects that identify their cluster are evaluated"
		except    = "under webhook: namespaces: in config"
		generated = "certificate.mode=generated is not for failurePolicy Fail"
		alone     = "set replicas to 3"
		scaled    = "set autoscaling.minReplicas to 3"
		unwatched = "The chart has created no alerts"
		anybody   = "set networkPolicy.reviewsFrom"
		tenants   = "With webhook.objectSelector, tenants can avoid the review"
	)
	all := []string{cluster, except, generated, alone, scaled, unwatched, anybody, tenants}
	cases := map[string]struct {
		args, want []string
	}{
		"the defaults":               {nil, []string{cluster, except, anybody}},
		"a cluster":                  {[]string{"--set-literal", "config=kubernetes: {cluster: aks}"}, []string{except, anybody}},
		"a cluster in YAML":          {[]string{"--set", "config.kubernetes.cluster=aks"}, []string{except, anybody}},
		"a cluster by a flag":        {[]string{"--set", "extraArgs={--cluster=aks}"}, []string{except, anybody}},
		"a section with nothing":     {[]string{"--set", "mode=enforce", "--set-literal", "config=kubernetes:"}, []string{cluster, anybody}},
		"generated under Fail":       {[]string{"--set", "mode=enforce,certificate.mode=generated,webhook.failurePolicy=Fail"}, []string{cluster, generated, unwatched, anybody}},
		"generated under Ignore":     {[]string{"--set", "mode=enforce,certificate.mode=generated"}, []string{cluster, anybody}},
		"one replica under Fail":     {[]string{"--set", "mode=enforce,replicas=1,webhook.failurePolicy=Fail"}, []string{cluster, alone, unwatched, anybody}},
		"one replica under Ignore":   {[]string{"--set", "mode=enforce,replicas=1"}, []string{cluster, anybody}},
		"one by the autoscaler":      {[]string{"--set", "mode=enforce,autoscaling.enabled=true,autoscaling.minReplicas=1,webhook.failurePolicy=Fail"}, []string{cluster, scaled, unwatched, anybody}},
		"the profile of fail closed": {[]string{"--values", "chart/profiles/fail-closed.yaml"}, []string{cluster, unwatched, anybody}},
		"with the operator":          {[]string{"--values", "chart/profiles/fail-closed.yaml", "--api-versions", "monitoring.coreos.com/v1/PrometheusRule"}, []string{cluster, anybody}},
		"the API server alone":       {[]string{"--set", "networkPolicy.reviewsFrom[0].podSelector.matchLabels.a=b"}, []string{cluster, except}},
		"clients by certificate":     {[]string{"--set-literal", "clients.caBundle=" + caBundle}, []string{cluster, except}},
		"without a NetworkPolicy":    {[]string{"--set", "networkPolicy.enabled=false"}, []string{cluster, except}},
		"a selector of objects":      {[]string{"--set", "webhook.objectSelector.matchLabels.a=b"}, []string{cluster, except, anybody, tenants}},
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
