package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// failClosed is how a webhook can do most harm: it denies, and what it cannot review is refused.
var failClosed = values{"mode": "enforce", "webhook.failurePolicy": "Fail"}

// have waits until so many pods of an app serve, without one that did before, and returns them.
func have(t *testing.T, ns, app string, number int, without ...corev1.Pod) (pods []corev1.Pod) {
	t.Helper()
	eventually(t, fmt.Sprintf("%d pods of %s", number, app), func() bool {
		pods = readyPods(t, ns, app)
		return len(pods) == number && !slices.ContainsFunc(pods, func(pod corev1.Pod) bool {
			return slices.ContainsFunc(without, func(gone corev1.Pod) bool { return gone.UID == pod.UID })
		})
	})
	return pods
}

// livesOn has the only pod of a workload deleted, then the workload scaled and changed, and a pod evicted.
func livesOn(t *testing.T, ns string, w workload) {
	t.Helper()
	pods := have(t, ns, w.resource, 1)
	must(t, "delete", "pod", pods[0].Name, "--namespace", ns, "--wait=false")
	pods = have(t, ns, w.resource, 1, pods...)
	if w.scales {
		must(t, "scale", w.String(), "--replicas=3", "--namespace", ns)
		pods = have(t, ns, w.resource, 3)
	}
	must(t, "set", "env", w.String(), "CHANGED=yes", "--namespace", ns)
	if w.rollsOut {
		must(t, "rollout", "status", w.String(), "--namespace", ns, "--timeout=60s")
		pods = have(t, ns, w.resource, len(pods), pods...)
	}
	started := time.Now()
	evict(t, ns, pods[0].Name)
	have(t, ns, w.resource, len(pods), pods[0])

	event := audited(t, ns, func(event auditEvent) bool {
		return event.Verb == "create" && event.ObjectRef.Resource == "pods" && event.ObjectRef.Subresource == "" &&
			event.User.Username == "system:serviceaccount:kube-system:"+w.controller && event.RequestReceivedTimestamp.After(started)
	})
	if event.ResponseStatus.Code != http.StatusCreated || event.Annotations["validate.mlpolicy.dev/rules"] != "cpu-only,memory" {
		t.Errorf("the pod that came back was reviewed as %v", event)
	}
}

// What was there before the webhook lives on, although each of its pods would be denied.
func TestWhatWasThereLivesOn(t *testing.T) {
	node := "virtual-node-lives-on"
	virtualNodes(t, node)
	ns := livelyNamespace(t, node)
	apps := []string{"deleted", "evicted"}
	for _, name := range apps {
		applied(t, ns, fmt.Sprintf(job, name, twoFaults))
	}
	applied(t, ns, fmt.Sprintf(cronJob, "cron", twoFaults))
	if len(workloads) == 0 {
		t.Fatal("no cases")
	}
	for _, w := range workloads {
		applied(t, ns, w.manifest())
		apps = append(apps, w.resource)
	}
	for _, app := range apps {
		have(t, ns, app, 1)
	}
	r := install(t, failClosed)
	refused := serverMetrics(t).sum(rejections)

	// A job takes a pod that is lost for a failure, and makes the next after 10 seconds.
	deleted, evicted := readyPods(t, ns, "deleted"), readyPods(t, ns, "evicted")
	must(t, "delete", "pod", deleted[0].Name, "--namespace", ns, "--wait=false")
	evict(t, ns, evicted[0].Name)
	for _, w := range workloads {
		t.Run("pods of a "+w.resource+" come back", func(t *testing.T) { livesOn(t, ns, w) })
	}
	t.Run("pods of a job come back", func(t *testing.T) {
		have(t, ns, "deleted", 1, deleted...)
		have(t, ns, "evicted", 1, evicted...)
	})
	t.Run("a job gets more pods, and goes on after a pause", func(t *testing.T) {
		must(t, "patch", "job/deleted", "--namespace", ns, `--patch={"spec": {"parallelism": 3, "activeDeadlineSeconds": 86400}}`)
		pods := have(t, ns, "deleted", 3)
		must(t, "patch", "job/deleted", "--namespace", ns, `--patch={"spec": {"suspend": true}}`)
		have(t, ns, "deleted", 0)
		must(t, "patch", "job/deleted", "--namespace", ns, `--patch={"spec": {"suspend": false}}`)
		have(t, ns, "deleted", 3, pods...)
	})
	t.Run("a cron job makes a job when its time has come", func(t *testing.T) {
		hourAgo := time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)
		must(t, "patch", "cronjob/cron", "--namespace", ns, "--subresource=status", fmt.Sprintf(`--patch={"status": {"lastScheduleTime": %q}}`, hourAgo))
		must(t, "patch", "cronjob/cron", "--namespace", ns, `--patch={"spec": {"suspend": false}}`)
		have(t, ns, "cron", 1)
	})
	t.Run("a Deployment is rolled back", func(t *testing.T) {
		pods := readyPods(t, ns, "deployment")
		must(t, "rollout", "undo", "deployment/deployment", "--namespace", ns)
		must(t, "rollout", "status", "deployment/deployment", "--namespace", ns, "--timeout=60s")
		have(t, ns, "deployment", 3, pods...)
	})
	t.Run("a StatefulSet lets go of a pod and takes it back", func(t *testing.T) {
		pods := readyPods(t, ns, "statefulset")
		must(t, "label", "pod", pods[0].Name, "app-", "--namespace", ns)
		have(t, ns, "statefulset", 2, pods[0])
		must(t, "label", "pod", pods[0].Name, "app=statefulset", "--namespace", ns)
		have(t, ns, "statefulset", 3)
	})
	t.Run("nothing was refused", func(t *testing.T) {
		if after := serverMetrics(t).sum(rejections); after != refused {
			t.Errorf("%v requests were refused before and %v after", refused, after)
		}
		events, err := shared.client.CoreV1().Events(ns).List(t.Context(), metav1.ListOptions{FieldSelector: "reason=FailedCreate"})
		if err != nil || len(events.Items) > 0 {
			t.Errorf("%v %v", err, events)
		}
		metrics := r.metrics(t)
		for _, reason := range []string{"controller", "unchanged"} {
			if number := metrics.sum(exemptedTotal, `reason="`+reason+`"`); number == 0 {
				t.Errorf("no error was exempted by %s", reason)
			}
		}
	})
	t.Run("people cannot make more of it by hand", func(t *testing.T) {
		for _, args := range [][]string{
			{"create", "job", "by-hand", "--from=cronjob/cron"},
			{"replace", "--force", "--filename", "-"},
		} {
			got := command(t, workloads[0].manifest(), asset("kubectl"), append(args, "--namespace", ns)...)
			if !strings.Contains(got.stderr, denial) || got.code == 0 {
				t.Errorf("kubectl %q: exit code %d: %s%s", args, got.code, got.stdout, got.stderr)
			}
		}
	})
}

// What a controller may make of an owner that was there, people may not, whatever owner they name.
func TestOwnerForged(t *testing.T) {
	const people, foreign = "alice", "system:serviceaccount:kube-system-2:replicaset-controller"
	node := "virtual-node-forged"
	virtualNodes(t, node)
	ns := livelyNamespace(t, node)
	account := "system:serviceaccount:" + ns + ":default"
	applied(t, ns, workloads[0].manifest())
	owner := have(t, ns, "deployment", 1)[0].OwnerReferences[0]
	must(t, "create", "rolebinding", "editors", "--clusterrole=edit", "--user="+people, "--user="+foreign, "--user="+account, "--user=system:kube-controller-manager", "--namespace", ns)
	install(t, failClosed)

	forged := fmt.Sprintf("ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: %s, uid: %s, controller: true, blockOwnerDeletion: false}]", owner.Name, owner.UID)
	tests := []struct {
		name   string
		user   string
		owner  string
		denied bool
	}{
		{"an administrator without an owner", "", "", true},
		{"an administrator with a forged owner", "", forged, true},
		{"an ordinary user without an owner", people, "", true},
		{"an ordinary user with a forged owner", people, forged, true},
		{"a service account of the namespace with a forged owner", account, forged, true},
		{"a service account of a namespace with a similar name with a forged owner", foreign, forged, true},
		{"the controller without an owner", "system:serviceaccount:kube-system:replicaset-controller", "", true},
		{"the controller with an owner that does not control", "system:serviceaccount:kube-system:replicaset-controller", strings.Replace(forged, "controller: true", "controller: false", 1), true},
		{"the controller with an owner that no rule covers", "system:serviceaccount:kube-system:replicaset-controller", strings.Replace(forged, "kind: ReplicaSet", "kind: Other", 1), true},
		{"the controller", "system:serviceaccount:kube-system:replicaset-controller", forged, false},
		{"all controllers in one, where they have no accounts of their own", "system:kube-controller-manager", forged, false},
	}
	if len(tests) == 0 {
		t.Fatal("no cases")
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			manifest := fmt.Sprintf("{apiVersion: v1, kind: Pod, metadata: {name: made, %s}, spec: {%s}}", test.owner, twoFaults)
			args := []string{"create", "--namespace", ns, "--filename", "-", "--dry-run=server"}
			if test.user != "" {
				args = append(args, "--as="+test.user)
			}
			got := command(t, manifest, asset("kubectl"), args...)
			if test.denied != (got.code != 0) {
				t.Fatalf("exit code %d\n%s", got.code, got.stderr)
			}
			starts := []string{denied + "cpu-only: made requests 1 GPU ", "memory: made requests 64 GiB "}
			if !test.denied {
				starts = []string{"Warning: mlpolicy error in an object of a controller: cpu-only: made requests 1 GPU ", "Warning: mlpolicy error in an object of a controller: memory: made requests 64 GiB "}
			}
			eachBegins(t, got.stderr, starts...)
		})
	}
}

// eachBegins holds the lines of a text against how each is to begin.
func eachBegins(t *testing.T, text string, starts ...string) {
	t.Helper()
	lines := slices.Collect(strings.Lines(text))
	if !slices.EqualFunc(lines, starts, strings.HasPrefix) {
		t.Errorf("there is\n%s\nwant lines that begin\n%s", text, strings.Join(starts, "\n"))
	}
}

// Nodes are drained one after the other, as for an upgrade. What runs on them breaks rules and
// moves, and never less of it serves than its budget allows.
func TestNodesAreDrained(t *testing.T) {
	nodes := []string{"virtual-node-drained-1", "virtual-node-drained-2"}
	virtualNodes(t, nodes...)
	ns := livelyNamespace(t, nodes...)
	const replicas, needed = 4, 2
	apps := []string{"deployment", "statefulset"}
	for _, w := range workloads {
		if slices.Contains(apps, w.resource) {
			w.spec += fmt.Sprintf(", replicas: %d", replicas)
			applied(t, ns, w.manifest())
			applied(t, ns, fmt.Sprintf("{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: %[1]s}, spec: {minAvailable: %[2]d, selector: {matchLabels: {app: %[1]s}}}}", w.resource, needed))
		}
	}
	for _, app := range apps {
		have(t, ns, app, replicas)
	}
	install(t, failClosed)

	stop := make(chan struct{})
	least := make(chan map[string]int)
	go func() {
		seen := map[string]int{}
		for {
			for _, app := range apps {
				serving := len(readyPods(t, ns, app))
				if before, ok := seen[app]; !ok || serving < before {
					seen[app] = serving
				}
			}
			select {
			case <-stop:
				least <- seen
				return
			case <-time.After(pollInterval):
			}
		}
	}()
	for _, node := range nodes {
		done := command(t, "", asset("kubectl"), "drain", node, "--timeout=100s", "--ignore-daemonsets")
		if done.code != 0 {
			t.Errorf("kubectl drain: exit code %d\n%s\n%s", done.code, done.stdout, done.stderr)
		}
		for _, app := range apps {
			for _, pod := range have(t, ns, app, replicas) {
				if pod.Spec.NodeName == node {
					t.Errorf("pod %s is still on %s", pod.Name, node)
				}
			}
		}
		must(t, "uncordon", node)
	}
	close(stop)
	for app, serving := range <-least {
		if serving < needed {
			t.Errorf("%d pods of %s served, want %d at least", serving, app, needed)
		}
	}
}
