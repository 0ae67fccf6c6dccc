package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// attendant runs the pods of hooks, each once, as a kubelet does.
type attendant struct {
	dir string
	ran map[types.UID]bool
	log map[string]string // what the pods of a hook wrote, by the label app.kubernetes.io/name
}

func newAttendant(t *testing.T) *attendant {
	t.Helper()
	return &attendant{dir: t.TempDir(), ran: map[types.UID]bool{}, log: map[string]string{}}
}

// wrote is what the last pod of a hook wrote.
func (a *attendant) wrote(hook string) string { return a.log[hook] }

// run runs a pod to its end, unless it has run.
func (a *attendant) run(t *testing.T, pod corev1.Pod) {
	t.Helper()
	if a.ran[pod.UID] || pod.DeletionTimestamp != nil {
		return
	}
	a.ran[pod.UID] = true
	dir := filepath.Join(a.dir, string(pod.UID))
	mount(t, pod.Namespace, dir, pod.Spec)
	container := pod.Spec.Containers[0]
	ctx, cancel := context.WithTimeout(t.Context(), commandTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, mlpolicy(), arguments(container, dir)...)
	server, err := url.Parse(shared.config.Host)
	if err != nil {
		t.Fatal(err)
	}
	cmd.Env = []string{"KUBERNETES_SERVICE_HOST=" + server.Hostname(), "KUBERNETES_SERVICE_PORT=" + server.Port(), "HTTPS_PROXY=" + shared.konnectivity.proxy}
	for _, variable := range container.Env {
		cmd.Env = append(cmd.Env, variable.Name+"="+variable.Value)
	}
	cmd.Dir, cmd.SysProcAttr = dir, &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	a.log[pod.Labels["app.kubernetes.io/name"]] = string(out)
	code := int32(cmd.ProcessState.ExitCode())
	pod.Status.Phase = corev1.PodSucceeded
	if code != 0 {
		pod.Status.Phase = corev1.PodFailed
	}
	now := metav1.Now()
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{
		Name: container.Name, Image: container.Image,
		State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: code, StartedAt: now, FinishedAt: now}},
	}}
	// The job's controller may have been faster; helm may have deleted a pod that it gave up.
	for {
		_, err := shared.client.CoreV1().Pods(pod.Namespace).UpdateStatus(t.Context(), &pod, metav1.UpdateOptions{})
		if !apierrors.IsConflict(err) {
			if err != nil && !apierrors.IsNotFound(err) {
				t.Fatal(err)
			}
			return
		}
		fresh, err := shared.client.CoreV1().Pods(pod.Namespace).Get(t.Context(), pod.Name, metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		fresh.Status = pod.Status
		pod = *fresh
	}
}

// hooked runs helm with its hooks.
func (r *release) hooked(t *testing.T, a *attendant, args ...string) result {
	t.Helper()
	done := make(chan result, 1)
	stdin := r.values.yaml(t)
	go func() {
		done <- command(t, stdin, helm(), append(args, "--namespace", r.namespace, "--timeout", "60s")...)
	}()
	for {
		select {
		case got := <-done:
			return got
		case <-time.After(pollInterval):
		}
		pods, err := shared.client.CoreV1().Pods(r.namespace).List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, pod := range pods.Items {
			if pod.Spec.RestartPolicy == corev1.RestartPolicyNever {
				a.run(t, pod)
			}
		}
	}
}

// What no pod would start with is refused by helm, and nothing has changed. Then the release is tested and uninstalled, with
// pods that answer nothing and a webhook that refuses what is not reviewed.
func TestHooks(t *testing.T) {
	r := prepare(t, values{})
	r.values = merge(base(r.authority), values{"webhook.failurePolicy": "Fail", "config": "edition: 2023-03\n"})
	certificate, key := r.authority.issue(t, r.host())
	r.storeCertificate(t, certificate, key)
	before := inventory(t)
	a := newAttendant(t)
	deployed := func(verb string) result {
		return r.hooked(t, a, verb, releaseName, chart, "--values", "-")
	}
	bad := []struct {
		name string
		set  values
		said string // by the pod, or by helm
	}{
		{"an unknown key", values{"config": "editon: 2023-03\n"}, `mlpolicy.yaml:1:1: unknown key "editon"`},
		{"an unknown key in YAML", values{"config": map[string]any{"editon": "2023-03"}}, "'editon' not allowed"},
		{"an unknown edition", values{"config": "edition: 1999-01\n"}, "mlpolicy.yaml:1:10: "},
		{"an unknown cluster", values{"config": map[string]any{"kubernetes": map[string]any{"cluster": "gke"}}}, "'/config/kubernetes/cluster'"},
		{"an unknown flag", values{"extraArgs": []any{"--max-inflight=64"}}, "max-inflight"},
		{"a policy that does not compile", values{"policies": map[string]any{"a/a.rego": "package mlpolicy.rules.a\ndeny contains"}}, "a.rego:"},
		{"paths alone", values{"config": "facts: [{paths: [a], set: {workload: web-service}}]\n"}, "mlpolicy.yaml:1:9: "},
	}
	refused := func(t *testing.T, verb string) {
		t.Helper()
		if len(bad) == 0 {
			t.Fatal("no cases")
		}
		good := r.values
		defer func() { r.values = good }()
		for _, test := range bad {
			r.values = merge(good, test.set)
			clear(a.log)
			got := deployed(verb)
			if got.code == 0 || !strings.Contains(a.wrote("mlpolicy-check")+got.stderr, test.said) {
				t.Errorf("%s: exit code %d: %s%s", test.name, got.code, got.stderr, a.wrote("mlpolicy-check"))
			}
			if verb == "install" {
				if got := command(t, "", helm(), "uninstall", releaseName, "--namespace", r.namespace, "--ignore-not-found", "--no-hooks"); got.code != 0 {
					t.Fatal(got.stderr)
				}
			}
		}
	}
	t.Run("a bad configuration is not installed", func(t *testing.T) {
		refused(t, "install")
		left := slices.DeleteFunc(inventory(t).beyond(before), func(object string) bool {
			return strings.HasPrefix(object, "events") || strings.HasPrefix(object, "pods ") || strings.HasPrefix(object, "jobs.batch ")
		})
		if len(left) > 0 {
			t.Errorf("left behind: %q", left)
		}
	})
	if got := deployed("install"); got.code != 0 {
		t.Fatalf("helm install: exit code %d\n%s", got.code, got.stderr)
	}
	if got := a.wrote("mlpolicy-check"); got != "configuration and policies are valid: edition 2023-03\n" {
		t.Errorf("the hook says %q", got)
	}
	r.serve(t)
	t.Run("a bad configuration is not deployed", func(t *testing.T) {
		deployment, live := r.deployment(t), r.manifest(t)
		refused(t, "upgrade")
		if got := r.deployment(t); got.Generation != deployment.Generation {
			t.Errorf("the Deployment has the generation %d, and had %d", got.Generation, deployment.Generation)
		}
		asRendered(t, r.namespace, live)
	})
	t.Run("a configuration is not dropped by mistake", func(t *testing.T) {
		good := r.values
		defer func() { r.values = good }()
		r.values = base(r.authority)
		if got := deployed("upgrade"); got.code == 0 || !strings.Contains(got.stderr, "config is empty, and the release has one") {
			t.Errorf("exit code %d: %s", got.code, got.stderr)
		}
		if text, err := render(t, r.namespace, r.values); err != nil || strings.Contains(text, "unregister") {
			t.Errorf("helm template sees the release: %v", err)
		}
	})
	t.Run("a new configuration replaces the pods", func(t *testing.T) {
		deployment := r.deployment(t)
		r.values["config"] = map[string]any{"edition": "2020-12"}
		if got := deployed("upgrade"); got.code != 0 {
			t.Fatalf("exit code %d: %s", got.code, got.stderr)
		}
		if got := r.deployment(t); got.Generation == deployment.Generation {
			t.Error("the Deployment is the same")
		}
		for _, p := range r.running() {
			p.stop(t)
		}
		r.start(t)
		r.reached(t)
	})
	t.Run("helm test", func(t *testing.T) {
		got := r.hooked(t, a, "test", releaseName)
		if got.code != 0 || !strings.Contains(a.wrote("mlpolicy-test"), "2 objects compared, 0 differ") {
			t.Errorf("exit code %d: %s%s", got.code, got.stderr, a.wrote("mlpolicy-test"))
		}
	})
	t.Run("nothing blocks an uninstall", func(t *testing.T) {
		for _, p := range r.running() {
			p.kill()
		}
		if r.canary() == nil {
			t.Error("what is not reviewed is admitted")
		}
		started := time.Now()
		got := r.hooked(t, a, "uninstall", releaseName)
		if got.code != 0 || a.wrote("mlpolicy-unregister") != "ValidatingWebhookConfiguration mlpolicy deleted\n" {
			t.Fatalf("exit code %d: %s%s", got.code, got.stderr, a.wrote("mlpolicy-unregister"))
		}
		deleted := func(namespace, resource string) auditEvent {
			return audited(t, namespace, func(event auditEvent) bool {
				return event.Verb == "delete" && event.ObjectRef.Resource == resource && event.ObjectRef.Name == releaseName &&
					event.ResponseStatus.Code == 200 && event.RequestReceivedTimestamp.After(started)
			})
		}
		configuration, deployment := deleted("", "validatingwebhookconfigurations"), deleted(r.namespace, "deployments")
		if user := fmt.Sprintf("system:serviceaccount:%s:mlpolicy-unregister", r.namespace); configuration.User.Username != user || configuration.RequestReceivedTimestamp.After(deployment.RequestReceivedTimestamp) {
			t.Errorf("the configuration is deleted at %v by %s, the Deployment at %v", configuration.RequestReceivedTimestamp, configuration.User.Username, deployment.RequestReceivedTimestamp)
		}
		eventually(t, "an admission without a review", func() bool { return r.canary() == nil })
	})
}
