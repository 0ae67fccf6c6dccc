package e2e

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// as is a client of another user, who may do everything.
func as(t *testing.T, user string) *kubernetes.Clientset {
	t.Helper()
	config := rest.CopyConfig(shared.config)
	config.Impersonate = rest.ImpersonationConfig{UserName: user, Groups: []string{"system:masters"}}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// A Pod that states nothing of a virtual node is bound to one by hand. That is denied to all but the scheduler, whose bindings
// are not even sent for review, and the controllers.
func TestBindings(t *testing.T) {
	lost := unanswered(serverMetrics(t))
	const virtual, ordinary, controller = "virtual-node-aci-linux", "aks-nodepool1-vmss000000", "system:serviceaccount:batch:scheduler"
	r := install(t, values{"mode": "enforce", "config": "webhook: {controllers: ['" + controller + "']}\n"})
	ns := namespace(t)
	bind := func(t *testing.T, user, node string, old bool) error {
		t.Helper()
		pod, err := shared.client.CoreV1().Pods(ns).Create(t.Context(), &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{GenerateName: "bound-"},
			Spec:       corev1.PodSpec{SchedulerName: "none", Containers: []corev1.Container{{Name: "scorer", Image: "scorer"}}},
		}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		binding := &corev1.Binding{
			TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Binding"},
			ObjectMeta: metav1.ObjectMeta{Name: pod.Name, Namespace: ns}, Target: corev1.ObjectReference{Kind: "Node", Name: node},
		}
		client := as(t, user).CoreV1()
		if old {
			return client.RESTClient().Post().Namespace(ns).Resource("bindings").Body(binding).Do(t.Context()).Error()
		}
		return client.Pods(ns).Bind(t.Context(), binding, metav1.CreateOptions{})
	}
	if err := bind(t, "tenant", virtual, false); err != nil {
		t.Fatalf("bindings are not reviewed by default: %v", err)
	}
	r.upgrade(t, values{"webhook.reviewBindings": true})
	eventually(t, "a review of bindings", func() bool { return bind(t, "tenant", virtual, false) != nil })
	tests := []struct {
		name, user, node string
		old              bool // by the resource that is there for old clients

		denied   bool
		reviewed bool
	}{
		{name: "a tenant to a virtual node", user: "tenant", node: virtual, denied: true, reviewed: true},
		{name: "a tenant to a virtual node in the old way", user: "tenant", node: virtual, old: true, denied: true, reviewed: true},
		{name: "a tenant to another node", user: "tenant", node: ordinary, reviewed: true},
		{name: "a controller to a virtual node", user: controller, node: virtual, reviewed: true},
		{name: "the scheduler to a virtual node", user: "system:kube-scheduler", node: virtual},
	}
	if len(tests) == 0 {
		t.Fatal("no cases")
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			before := r.reviews(t)
			err := bind(t, test.user, test.node, test.old)
			if (err != nil) != test.denied || err != nil && !strings.Contains(err.Error(), `admission webhook "bindings.validate.mlpolicy.dev" denied the request: `) {
				t.Errorf("got %v", err)
			}
			want := before + 1 // of the pod
			if test.reviewed {
				want++
			}
			if got := r.reviews(t); got != want {
				t.Errorf("there are %v reviews more", got-before)
			}
		})
	}
	if now := unanswered(serverMetrics(t)); now != lost {
		t.Errorf("%v reviews got no answer", now-lost)
	}
}
