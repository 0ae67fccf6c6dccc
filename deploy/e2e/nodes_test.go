package e2e

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// virtualNodes makes nodes as AKS's virtual node is one.
func virtualNodes(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{
			Name: name, Labels: map[string]string{"kubernetes.io/role": "agent", "type": "virtual-kubelet"},
		}}
		if _, err := shared.client.CoreV1().Nodes().Create(t.Context(), node, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := shared.client.CoreV1().Nodes().Delete(context.Background(), name, metav1.DeleteOptions{}); err != nil {
				t.Error(err)
			}
		})
		// A new node is tainted until a kubelet says that it is ready.
		must(t, "patch", "node", name, "--type=merge", `--patch={"spec": {"taints": null}}`)
		// As the virtual node says. A resize beyond it is refused.
		must(t, "patch", "node", name, "--subresource=status", `--patch={"status": {"allocatable": {"cpu": "10k", "memory": "4Ti", "pods": "5k"}}}`)
	}
}

// livelyNamespace makes a namespace whose pods live: each is bound to the first of the nodes that
// takes pods, gets ready, and is gone once it is to end.
func livelyNamespace(t *testing.T, nodes ...string) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	var ns string
	t.Cleanup(func() {
		cancel()
		<-done
		// No pod waits for a kubelet to let it go. The namespace is ending and gets no new ones.
		if err := shared.client.CoreV1().Pods(ns).DeleteCollection(context.Background(), *metav1.NewDeleteOptions(0), metav1.ListOptions{}); err != nil {
			t.Error(err)
		}
	})
	ns = namespace(t)
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			if err := enliven(ctx, ns, nodes); err != nil && ctx.Err() == nil {
				t.Error(err)
				return
			}
			time.Sleep(pollInterval)
		}
	}()
	return ns
}

// enliven does for the pods of a namespace once what scheduler and kubelets do.
func enliven(ctx context.Context, ns string, nodes []string) error {
	pods, err := shared.client.CoreV1().Pods(ns).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for _, pod := range pods.Items {
		switch {
		case pod.DeletionTimestamp != nil:
			err = shared.client.CoreV1().Pods(ns).Delete(ctx, pod.Name, *metav1.NewDeleteOptions(0))
		case pod.Spec.NodeName == "":
			err = bind(ctx, pod, nodes)
		case !isReady(pod):
			pod.Status.Phase = corev1.PodRunning
			pod.Status.Conditions = append(pod.Status.Conditions, corev1.PodCondition{Type: corev1.PodReady, Status: corev1.ConditionTrue})
			_, err = shared.client.CoreV1().Pods(ns).UpdateStatus(ctx, &pod, metav1.UpdateOptions{})
		}
		// A controller may have been faster.
		if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
			return fmt.Errorf("pod %s: %w", pod.Name, err)
		}
	}
	return nil
}

// bind binds a pod to the first node that takes pods, if there is one.
func bind(ctx context.Context, pod corev1.Pod, nodes []string) error {
	for _, name := range nodes {
		node, err := shared.client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if !node.Spec.Unschedulable {
			binding := &corev1.Binding{ObjectMeta: metav1.ObjectMeta{Name: pod.Name}, Target: corev1.ObjectReference{Kind: "Node", Name: name}}
			return shared.client.CoreV1().Pods(pod.Namespace).Bind(ctx, binding, metav1.CreateOptions{})
		}
	}
	return nil
}

func isReady(pod corev1.Pod) bool {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}

// readyPods are the pods of an app that serve.
func readyPods(t *testing.T, ns, app string) []corev1.Pod {
	t.Helper()
	pods, err := shared.client.CoreV1().Pods(ns).List(t.Context(), metav1.ListOptions{LabelSelector: "app=" + app})
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(pods.Items, func(pod corev1.Pod) bool { return pod.DeletionTimestamp != nil || !isReady(pod) })
}

func evict(t *testing.T, ns, pod string) {
	t.Helper()
	eviction := &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: pod, Namespace: ns}}
	if err := shared.client.PolicyV1().Evictions(ns).Evict(t.Context(), eviction); err != nil {
		t.Fatal(err)
	}
}
