package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"
)

const (
	// inNamespace is where the runbook installs the release.
	inNamespace = "mlpolicy-system"
	emergency   = "kubectl delete validatingwebhookconfiguration mlpolicy"
	upgrade     = "helm upgrade mlpolicy deploy/chart --namespace mlpolicy-system --values values.yaml"
	// getAuthority and parity are commands of webhook.md.
	getAuthority = `kubectl get secret mlpolicy-tls --namespace mlpolicy-system --output jsonpath='{.data.ca\.crt}' | base64 --decode >ca.crt`
	parity       = "mlpolicy parity deploy --webhook https://mlpolicy.mlpolicy-system.svc --ca ca.crt --config config.yaml --mode warn"
	// wouldBeDenied counts the users in a log whose objects are denied, or would be but for the mode.
	wouldBeDenied = ` | grep --extended-regexp '"verdict":"denied"| mode( \([0-9]+\))?"' | grep --only-matching '"user":"[^"]*"' | sort | uniq --count`
	closing       = upgrade + " --values deploy/chart/profiles/fail-closed.yaml --wait"

	// These stand in the text, and run where it says.
	certificate = "kubectl get certificate --namespace mlpolicy-system"
	watched     = "--set serviceMonitor.enabled=true,prometheusRule.enabled=true,dashboard.enabled=true"
	tested      = "helm test mlpolicy --namespace mlpolicy-system"
	alerts      = "helm template mlpolicy deploy/chart --namespace mlpolicy-system --set prometheusRule.enabled=true --show-only templates/monitoring.yaml"
	warnAgain   = "--set mode=warn --wait"
)

// inlineCommand is a command in the text of a page, or values for one. Without a flag it is only
// spoken of.
var inlineCommand = regexp.MustCompile("`((?:(?:kubectl|helm|mlpolicy|cmctl|az|make) [^`\n]*)?--[^`\n]+ [^`\n]+|(?:kubectl|helm|mlpolicy|cmctl|az|make) [^`\n]*--[^`\n]+)`")

// blocks are the blocks of a page that stand between fences, by their language.
func blocks(t *testing.T, text string) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	language, indent := "", ""
	var block []string
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		before, after, fence := strings.Cut(line, "```")
		switch {
		case fence && language == "":
			language, indent, block = after, before, nil
		case fence:
			all[language] = append(all[language], strings.Join(block, "\n"))
			language = ""
		case language != "":
			block = append(block, strings.TrimPrefix(line, indent))
		}
	}
	if language != "" {
		t.Fatalf("a block of %s has no end", language)
	}
	return all
}

// commands are those of a page: of its blocks in their order, then those in its text.
func commands(t *testing.T, text string) (all []string) {
	t.Helper()
	of := blocks(t, text)
	for language := range of {
		if language != "console" && language != "yaml" {
			t.Errorf("a block is of language %q, which the test does not know", language)
		}
	}
	for _, block := range of["console"] {
		for line := range strings.SplitSeq(block, "\n") {
			command, ok := strings.CutPrefix(line, "$ ")
			if !ok {
				t.Errorf("%q is no command", line)
			}
			all = append(all, command)
		}
	}
	return append(all, first(inlineCommand.FindAllStringSubmatch(text, -1))...)
}

// operator follows the runbook.
type operator struct {
	*release
	project string // folder that the commands run in
	values  map[string]any
	known   any // template of the Deployment's pods that the processes run by

	attendant *attendant // of the pods of hooks
}

// newOperator prepares the project's folder, and what is there before the runbook is followed.
func newOperator(t *testing.T) *operator {
	t.Helper()
	o := &operator{project: t.TempDir(), values: map[string]any{}}
	o.release = &release{namespace: inNamespace, authority: newAuthority(t), canaries: namespace(t), dir: t.TempDir()}
	o.attendant = newAttendant(t)
	for _, name := range []string{"deploy", "docs"} {
		target, err := filepath.Abs(filepath.Join("../..", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, filepath.Join(o.project, name)); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		o.end(t)
		must(t, "delete", "validatingwebhookconfiguration", releaseName, "--ignore-not-found")
		must(t, "delete", "namespace", inNamespace, "--ignore-not-found")
	})
	return o
}

// write writes values.yaml, and the configuration in it as a file of its own.
func (o *operator) write(t *testing.T) {
	t.Helper()
	text, err := yaml.Marshal(o.values)
	if err != nil {
		t.Fatal(err)
	}
	config, isText := o.values["config"].(string)
	if !isText && o.values["config"] != nil {
		text, err := yaml.Marshal(o.values["config"])
		if err != nil {
			t.Fatal(err)
		}
		config = string(text)
	}
	for name, content := range map[string]string{"values.yaml": string(text), "config.yaml": config} {
		if err := os.WriteFile(filepath.Join(o.project, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// shell runs a line in the project's folder. Meanwhile the cluster does its part.
func (o *operator) shell(t *testing.T, line string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), commandTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", line)
	var stdout, stderr bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = o.project, &stdout, &stderr
	cmd.Env = environment()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	for {
		select {
		case err := <-done:
			var exit *exec.ExitError
			if err != nil && (!errors.As(err, &exit) || ctx.Err() != nil) {
				t.Fatalf("%s: %v\n%s", line, errors.Join(err, ctx.Err()), &stderr)
			}
			o.tend(t)
			return result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
		case <-time.After(pollInterval):
			o.tend(t)
		}
	}
}

// tend does once what kubelets and cert-manager do in a cluster.
func (o *operator) tend(t *testing.T) {
	t.Helper()
	pods, err := shared.client.CoreV1().Pods(o.namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, pod := range pods.Items {
		if pod.Spec.RestartPolicy == corev1.RestartPolicyNever {
			o.attendant.run(t, pod)
			continue
		}
		if pod.Status.Phase == corev1.PodRunning {
			continue
		}
		pod.Status.Phase = corev1.PodRunning
		pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: metav1.Now()}}
		_, err := shared.client.CoreV1().Pods(o.namespace).UpdateStatus(t.Context(), &pod, metav1.UpdateOptions{})
		if err != nil && !apierrors.IsConflict(err) && !apierrors.IsNotFound(err) {
			t.Fatal(err)
		}
	}
	o.certify(t)
}

// certify issues what Certificates ask for, and injects the authority where an annotation says so.
func (o *operator) certify(t *testing.T) {
	t.Helper()
	body, err := shared.client.RESTClient().Get().AbsPath("/apis/cert-manager.io/v1/namespaces", o.namespace, "certificates").DoRaw(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var certificates struct {
		Items []struct {
			Spec struct {
				SecretName, CommonName string
				DNSNames               []string
			}
		}
	}
	if err := json.Unmarshal(body, &certificates); err != nil {
		t.Fatal(err)
	}
	secrets := shared.client.CoreV1().Secrets(o.namespace)
	for _, of := range certificates.Items {
		if _, err := secrets.Get(t.Context(), of.Spec.SecretName, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
			continue
		}
		names := append(of.Spec.DNSNames, of.Spec.CommonName)
		certificate, key := o.authority.issue(t, names[0])
		_, err := secrets.Create(t.Context(), &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: of.Spec.SecretName}, Type: corev1.SecretTypeTLS,
			StringData: map[string]string{"tls.crt": certificate, "tls.key": key, "ca.crt": o.authority.pem},
		}, metav1.CreateOptions{})
		if err != nil && !apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) {
			t.Fatal(err)
		}
	}
	configurations := shared.client.AdmissionregistrationV1().ValidatingWebhookConfigurations()
	configuration, err := configurations.Get(t.Context(), releaseName, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if configuration.Annotations["cert-manager.io/inject-ca-from"] != o.namespace+"/"+releaseName || string(configuration.Webhooks[0].ClientConfig.CABundle) == o.authority.pem {
		return
	}
	_, err = configurations.Patch(t.Context(), releaseName, types.JSONPatchType, []byte(injection(o.authority.pem)), metav1.PatchOptions{FieldManager: "cert-manager-cainjector"})
	if err != nil && !apierrors.IsNotFound(err) {
		t.Fatal(err)
	}
}

// rollOut replaces the processes if the template of their pods is another.
func (o *operator) rollOut(t *testing.T) {
	t.Helper()
	template := o.deployment(t).Spec.Template
	if reflect.DeepEqual(o.known, template) {
		return
	}
	o.known = template
	old := o.running()
	o.serve(t)
	for _, p := range old {
		if code := p.stop(t); code != 0 {
			t.Errorf("the webhook ended with exit code %d", code)
		}
	}
}

// step is what the test does about a command of the runbook.
type step struct {
	// cannot says why the command does not run here.
	cannot string
	// as is what is run in place of a command with placeholders.
	as string
	// code is the exit code that is right.
	code   int
	before func(*testing.T, *operator)
	after  func(*testing.T, *operator, result)
	// then are commands that run next, since they stand in the text or on another page.
	then []string
}

// steps are what the test does about each command, and what must be so afterwards.
var steps = map[string]step{
	"kubectl get namespaces --selector control-plane":                      {},
	"kubectl get namespaces --selector kubernetes.azure.com/managedby=aks": {},
	"IMAGE=contoso.azurecr.io/mlpolicy TAG=0.1.0":                          {cannot: "it is for the command that pushes the image"},
	"az acr login --name contoso":                                          {cannot: "there is no Azure here"},
	"az aks update --attach-acr":                                           {cannot: "there is no Azure here"},
	"make build":                                                           {cannot: "the binary is built already, and is what runs here"},
	"SOURCE_DATE_EPOCH=0 docker buildx build --file deploy/Dockerfile --output type=image,name=$IMAGE:$TAG,push=true,rewrite-timestamp=true bin": {
		cannot: "there is neither Docker nor a registry; make image builds the image twice with buildah"},
	"kubectl create namespace mlpolicy-system":                                              {},
	"kubectl label namespace mlpolicy-system pod-security.kubernetes.io/enforce=restricted": {},
	"helm install mlpolicy deploy/chart --namespace mlpolicy-system --values values.yaml --wait": {
		after: func(t *testing.T, o *operator, got result) {
			o.rollOut(t)
			if !strings.Contains(got.stdout, emergency) {
				t.Errorf("the notes do not tell how to stop it: %s", got.stdout)
			}
			o.judges(t, false)
			o.isGentle(t)
		},
		then: []string{certificate, getAuthority, parity},
	},
	certificate: {
		after: func(t *testing.T, _ *operator, got result) {
			if !regexp.MustCompile(`(?m)^mlpolicy +.*\bmlpolicy-tls\b`).MatchString(got.stdout) {
				t.Errorf("the certificates are %s%s", got.stdout, got.stderr)
			}
		},
	},
	"mlpolicy explain memory bad.aci-virtual-node.yaml | kubectl apply --namespace default --dry-run=server --filename -": {
		after: func(t *testing.T, _ *operator, got result) {
			if !strings.HasPrefix(got.stderr, "Warning:") {
				t.Errorf("no warning: %s%s", got.stdout, got.stderr)
			}
		},
		then: []string{watched},
	},
	watched: {
		as: upgrade + " " + watched + " --wait",
		after: func(t *testing.T, o *operator, _ result) {
			if got := o.monitoring(t); got != "prometheusrule/mlpolicy servicemonitor/mlpolicy" {
				t.Errorf("the Prometheus operator gets %q", got)
			}
			must(t, "get", "configmap", "mlpolicy-dashboard", "--namespace", o.namespace)
			o.judges(t, false)
		},
	},
	"kubectl --namespace mlpolicy-system logs --selector app.kubernetes.io/name=mlpolicy --tail=-1 --since=24h": {
		// No kubelet has logs here. The pods are those that are meant.
		as: "kubectl --namespace mlpolicy-system get pods --selector app.kubernetes.io/name=mlpolicy --output name",
		after: func(t *testing.T, _ *operator, got result) {
			if pods := strings.Count(got.stdout, "pod/mlpolicy-"); pods != 3 || strings.Count(got.stdout, "\n") != pods {
				t.Errorf("the pods are %s", got.stdout)
			}
		},
	},
	"kubectl --namespace mlpolicy-system logs --selector app.kubernetes.io/name=mlpolicy --tail=-1 --since=168h" + wouldBeDenied: {
		as: "cat webhook.log" + wouldBeDenied, // no kubelet has logs here
		before: func(t *testing.T, o *operator) {
			var written strings.Builder
			for _, p := range o.running() {
				written.WriteString(p.log.String())
			}
			written.WriteString(`{"msg":"review","verdict":"warned","user":"exempted","exempted":["memory controller"]}` + "\n")
			written.WriteString(`{"msg":"review","verdict":"warned","user":"operator","exempted":["memory mode (3)"]}` + "\n")
			if err := os.WriteFile(filepath.Join(o.project, "webhook.log"), []byte(written.String()), 0o600); err != nil {
				t.Fatal(err)
			}
		},
		after: func(t *testing.T, _ *operator, got result) {
			if !strings.Contains(got.stdout, ` "user":"`) || strings.Count(got.stdout, "\n") != 3 || !strings.Contains(got.stdout, `"user":"mlpolicy-parity"`) || !strings.Contains(got.stdout, `"user":"operator"`) || strings.Contains(got.stdout, `"exempted"`) {
				t.Errorf("the users are %s", got.stdout)
			}
		},
	},
	upgrade + " --set mode=enforce --wait": {
		after: func(t *testing.T, o *operator, _ result) {
			o.rollOut(t)
			o.judges(t, true)
			o.values["mode"] = "enforce"
			o.write(t)
		},
	},
	emergency: {
		after: func(t *testing.T, o *operator, _ result) { o.stopped(t) },
	},
	upgrade + " --wait": {
		after: func(t *testing.T, o *operator, _ result) {
			o.rollOut(t)
			o.judges(t, true)
		},
		then: []string{warnAgain},
	},
	warnAgain: {
		as: upgrade + " " + warnAgain,
		after: func(t *testing.T, o *operator, _ result) {
			o.rollOut(t)
			o.judges(t, false)
		},
	},
	"helm rollback mlpolicy --namespace mlpolicy-system --wait": {
		after: func(t *testing.T, o *operator, _ result) {
			o.rollOut(t)
			o.judges(t, true)
		},
	},
	upgrade + " --set certificate.generated.revision=2 --wait": {
		before: func(t *testing.T, o *operator) {
			o.values["certificate"] = map[string]any{"mode": "generated"}
			o.write(t)
			o.succeeds(t, upgrade+" --wait")
		},
		after: func(t *testing.T, o *operator, _ result) {
			state := o.generated(t)
			if len(state.trusted) != 2 {
				t.Errorf("%d authorities are trusted after the renewal", len(state.trusted))
			}
			theirs := o.authority
			o.authority = &authority{pem: string(state.secret["ca.crt"])}
			o.rollOut(t)
			o.judges(t, true)

			o.authority = theirs
			delete(o.values, "certificate")
			o.write(t)
			o.succeeds(t, upgrade+" --wait")
			o.rollOut(t)
			o.judges(t, true)
		},
	},
	closing: {
		after: func(t *testing.T, o *operator, _ result) {
			o.rollOut(t)
			o.judges(t, true)
			o.fails(t)
			// The webhook is brought back, to be uninstalled under Fail.
			o.succeeds(t, closing)
			o.known = nil
			o.rollOut(t)
			o.judges(t, true)
			if got := o.monitoring(t); got != "prometheusrule/mlpolicy servicemonitor/mlpolicy" {
				t.Errorf("the profile has %q watched", got)
			}
		},
	},
	tested: {
		after: func(t *testing.T, o *operator, got result) {
			if !strings.Contains(got.stdout, "Phase:          Succeeded") || !strings.Contains(o.attendant.wrote("mlpolicy-test"), "2 objects compared, 0 differ") {
				t.Errorf("the test ends with %s: %s", got.stdout, o.attendant.wrote("mlpolicy-test"))
			}
		},
	},
	alerts: {
		after: func(t *testing.T, _ *operator, got result) {
			if ofKind(t, objectsOf(t, got.stdout), "PrometheusRule").name() != releaseName {
				t.Errorf("the alerts are %s", got.stdout)
			}
		},
	},
	"helm uninstall mlpolicy --namespace mlpolicy-system --wait": {
		after: func(t *testing.T, o *operator, _ result) {
			if got := o.attendant.wrote("mlpolicy-unregister"); got != "ValidatingWebhookConfiguration mlpolicy deleted\n" {
				t.Errorf("the hook says %q", got)
			}
		},
	},
	"kubectl delete namespace mlpolicy-system": {},

	// Of webhook.md
	"mlpolicy webhook --tls-cert tls.crt --tls-key tls.key": {cannot: "the pods run it, with flags of their own"},
	getAuthority: {
		after: func(t *testing.T, o *operator, _ result) {
			if text, err := os.ReadFile(filepath.Join(o.project, "ca.crt")); err != nil || string(text) != o.authority.pem {
				t.Errorf("ca.crt is %q: %v", text, err)
			}
		},
	},
	parity: {
		after: func(t *testing.T, _ *operator, got result) {
			if objects := compared(t, got); objects == 0 {
				t.Errorf("nothing is compared: %s", got.stdout)
			}
		},
	},

	"mlpolicy lint --no-link --config FILE manifests/":                 {as: "mlpolicy explain memory bad.aci-virtual-node.yaml | mlpolicy lint --no-link --config config.yaml -", code: 1},
	"mlpolicy lint --config FILE":                                      {as: "mlpolicy explain memory bad.aci-virtual-node.yaml | mlpolicy lint --config config.yaml -", code: 1},
	"mlpolicy waivers --config FILE --expiring 30d":                    {as: "mlpolicy waivers --config config.yaml --expiring 30d"},
	"mlpolicy facts --why":                                             {as: "mlpolicy explain memory bad.aci-virtual-node.yaml | mlpolicy facts --why -"},
	"helm template --no-hooks":                                         {as: "helm template mlpolicy deploy/chart --namespace mlpolicy-system --values values.yaml --no-hooks"},
	"kubectl logs --namespace mlpolicy-system job/mlpolicy-check":      {cannot: "no kubelet has logs here; TestHooks reads what the Job writes"},
	"--client-ca FILE":                                                 {cannot: "the API server of the tests shows no certificate"},
	"--client-name NAME":                                               {cannot: "the API server of the tests shows no certificate"},
	"cmctl renew mlpolicy --namespace mlpolicy-system":                 {cannot: "cert-manager does not run here; the chart does not change when it renews"},
	"kubectl apply --filename deploy/install.yaml":                     {cannot: "TestRunbookWithoutHelm runs it"},
	"kubectl delete --ignore-not-found --filename deploy/install.yaml": {cannot: "TestRunbookWithoutHelm runs it"},
}

// succeeds runs a line that is to succeed.
func (o *operator) succeeds(t *testing.T, line string) result {
	t.Helper()
	got := o.shell(t, line)
	if got.code != 0 {
		t.Fatalf("%s: exit code %d\n%s%s", line, got.code, got.stdout, got.stderr)
	}
	return got
}

// monitoring names what of the release is for the Prometheus operator.
func (o *operator) monitoring(t *testing.T) string {
	t.Helper()
	listed := must(t, "get", "prometheusrules.monitoring.coreos.com,servicemonitors.monitoring.coreos.com", "--namespace", o.namespace, "--output", `jsonpath={range .items[*]}{.kind}/{.metadata.name} {end}`)
	return strings.ToLower(strings.TrimSpace(listed))
}

// judges holds that an object is denied, or that it is warned about alone.
func (o *operator) judges(t *testing.T, denied bool) {
	t.Helper()
	eventually(t, "the verdict", func() bool {
		got := apply(t, o.canaries, violating, "--dry-run=server")
		if denied {
			return got.code != 0 && strings.Contains(got.stderr, "denied the request")
		}
		return got.code == 0 && strings.HasPrefix(got.stderr, "Warning:")
	})
}

// stopped holds that nothing is reviewed from now on.
func (o *operator) stopped(t *testing.T) {
	t.Helper()
	eventually(t, "an admission without a review", func() bool {
		got := apply(t, o.canaries, violating, "--dry-run=server")
		return got.code == 0 && got.stderr == ""
	})
}

// isGentle holds that the release asks little of the cluster, and that a drain leaves it alive.
func (o *operator) isGentle(t *testing.T) {
	t.Helper()
	pods, err := shared.client.CoreV1().Pods(o.namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(pods.Items) != 3 {
		t.Fatalf("there are %d pods", len(pods.Items))
	}
	for _, pod := range pods.Items {
		for _, volume := range pod.Spec.Volumes {
			if volume.Projected != nil {
				t.Errorf("volume %s has a token of the service account", volume.Name)
			}
		}
		if pod.Spec.Priority == nil || *pod.Spec.Priority < 2e9 {
			t.Errorf("the pod's priority is %v", pod.Spec.Priority)
		}
		if len(pod.Spec.TopologySpreadConstraints) != 2 {
			t.Errorf("pods are spread by %v", pod.Spec.TopologySpreadConstraints)
		}
	}
	eventually(t, "a budget for the pods", func() bool {
		budget, err := shared.client.PolicyV1().PodDisruptionBudgets(o.namespace).Get(t.Context(), releaseName, metav1.GetOptions{})
		return err == nil && budget.Status.DisruptionsAllowed == 1
	})
	var evicted []error
	for _, pod := range pods.Items[:2] {
		evicted = append(evicted, shared.client.CoreV1().Pods(o.namespace).EvictV1(t.Context(), &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: pod.Name}}))
	}
	if evicted[0] != nil || !apierrors.IsTooManyRequests(evicted[1]) {
		t.Errorf("two pods are evicted at once: %v", evicted)
	}
	limits := o.container(t).Resources.Limits
	limit := limits.Memory().Value()
	for _, p := range o.running() {
		if soft := p.metrics(t)["go_gc_gomemlimit_bytes"]; soft > .9*float64(limit) || soft < .85*float64(limit) {
			t.Errorf("the process collects towards %.0f bytes and is killed at %d", soft, limit)
		}
	}
}

// fails holds that the emergency stop works where all pods are dead and what is not reviewed is
// refused.
func (o *operator) fails(t *testing.T) {
	t.Helper()
	o.killAll()
	if got := apply(t, o.canaries, reviewed["Deployment"], "--dry-run=server"); got.code == 0 {
		t.Error("what is not reviewed is admitted")
	}
	o.succeeds(t, emergency)
	o.stopped(t)
}

// Every command of the runbook runs, one after another as an operator enters them, and does what
// the runbook says. At the end nothing is left.
func TestRunbook(t *testing.T) {
	defineUpstream(t)
	text := page(t, "runbook.md")
	all := slices.Concat(commands(t, text), commands(t, page(t, "webhook.md")))
	for _, each := range all {
		if _, ok := steps[each]; !ok {
			t.Errorf("the test knows nothing of %q", each)
		}
	}
	for each := range steps {
		if !slices.Contains(all, each) {
			t.Errorf("no page has %q", each)
		}
	}
	if t.Failed() {
		return
	}

	o := newOperator(t)
	written := blocks(t, text)["yaml"]
	if len(written) == 0 {
		t.Fatal("the runbook has no values")
	}
	for _, block := range written {
		o.valuesAreTaken(t, block)
	}
	if err := yaml.Unmarshal([]byte(written[0]), &o.values); err != nil {
		t.Fatal(err)
	}
	o.values["extraArgs"], o.values["shutdownDelaySeconds"] = []string{"--reload-interval=100ms"}, 0 // no test waits
	o.write(t)

	before := inventory(t)
	var later []string
	for _, of := range steps {
		later = append(later, of.then...)
	}
	for _, each := range all {
		if !slices.Contains(later, each) {
			o.run(t, each)
		}
	}
	for _, left := range inventory(t).beyond(before) {
		t.Errorf("left behind: %s", left)
	}
}

// run runs a command of the runbook, and those that come next.
func (o *operator) run(t *testing.T, command string) {
	t.Helper()
	of := steps[command]
	if of.cannot != "" {
		return
	}
	if of.before != nil {
		of.before(t, o)
	}
	line := command
	if of.as != "" {
		line = of.as
	}
	got := o.shell(t, line)
	if got.code != of.code {
		t.Fatalf("%s: exit code %d\n%s%s", line, got.code, got.stdout, got.stderr)
	}
	if of.after != nil {
		of.after(t, o, got)
	}
	for _, next := range of.then {
		o.run(t, next)
	}
}

// valuesAreTaken holds that the chart takes values, and mlpolicy the configuration in them.
func (o *operator) valuesAreTaken(t *testing.T, block string) {
	t.Helper()
	o.values = map[string]any{}
	if err := yaml.Unmarshal([]byte(block), &o.values); err != nil {
		t.Fatal(err)
	}
	o.write(t)
	for _, line := range []string{
		"helm template mlpolicy deploy/chart --namespace mlpolicy-system --values values.yaml",
		"mlpolicy config --config config.yaml",
	} {
		if got := o.shell(t, line); got.code != 0 {
			t.Errorf("%s: exit code %d\n%s", line, got.code, got.stderr)
		}
	}
}

// What is applied without Helm is taken away as the runbook says, and nothing is left.
func TestRunbookWithoutHelm(t *testing.T) {
	defineUpstream(t)
	o := newOperator(t)
	before := inventory(t)
	o.succeeds(t, "kubectl apply --filename deploy/install.yaml")
	o.rollOut(t)
	o.judges(t, false)
	o.succeeds(t, "kubectl apply --filename deploy/install.yaml")
	o.judges(t, false)
	o.killAll()
	o.succeeds(t, emergency)
	o.stopped(t)
	o.succeeds(t, "kubectl delete --ignore-not-found --filename deploy/install.yaml")
	for _, left := range inventory(t).beyond(before) {
		t.Errorf("left behind: %s", left)
	}
}
