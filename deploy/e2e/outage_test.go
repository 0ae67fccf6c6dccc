package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// notAnswered is what the API server says of a webhook that cannot be reached.
const notAnswered = `failed calling webhook "validate.mlpolicy.dev"`

// killAll ends all pods of the release at once.
func (r *release) killAll() {
	for _, p := range r.running() {
		p.kill()
	}
}

// With Ignore, what cannot be reviewed is let through and counted, and what comes after is reviewed again.
func TestIgnoreLetsThrough(t *testing.T) {
	r := install(t, values{"mode": "enforce", "webhook.failurePolicy": "Ignore", "webhook.timeoutSeconds": 1})
	ns := namespace(t)
	if got := apply(t, ns, violating); got.code == 0 {
		t.Fatal("the webhook does not deny")
	}
	tests := []struct {
		name string
		end  func(*pod)
	}{
		{"a webhook that is dead", (*pod).kill},
		{"a webhook that takes connections and does not answer", func(p *pod) {
			p.ended.Store(true)
			if err := p.command.Process.Signal(syscall.SIGSTOP); err != nil {
				t.Error(err)
			}
		}},
	}
	if len(tests) == 0 {
		t.Fatal("no cases")
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			address := r.running()[0].address
			for _, p := range r.running() {
				test.end(p)
			}
			r.steer(func() (net.Conn, error) { return net.Dial("tcp", address) })
			before := serverMetrics(t).sum(failOpen)
			if got := apply(t, ns, violating); got.code != 0 || got.stdout != "deployment.apps/violating created\n" {
				t.Errorf("exit code %d: %s%s", got.code, got.stdout, got.stderr)
			}
			if after := serverMetrics(t).sum(failOpen); after <= before {
				t.Errorf("%v were let through before and %v after", before, after)
			}
			must(t, "delete", "deployment", "violating", "--namespace", ns)

			r.start(t)
			r.steer(r.dial)
			r.reached(t)
			if got := apply(t, ns, violating); got.code == 0 {
				t.Error("the webhook that is back does not deny")
			}
		})
	}
}

// unreviewed are objects that no webhook of ours may hold back, whatever its state. %s is the
// namespace.
var unreviewed = map[string]string{
	"Namespace":                      "apiVersion: v1\nkind: Namespace\nmetadata: {name: %s-other}",
	"Node":                           "apiVersion: v1\nkind: Node\nmetadata: {name: %s-node}",
	"Lease of a node":                "apiVersion: coordination.k8s.io/v1\nkind: Lease\nmetadata: {name: %s-node, namespace: kube-node-lease}\nspec: {holderIdentity: node, leaseDurationSeconds: 40}",
	"Lease of a leader":              "apiVersion: coordination.k8s.io/v1\nkind: Lease\nmetadata: {name: leader, namespace: %s}\nspec: {holderIdentity: me}",
	"ConfigMap":                      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: made, namespace: %s}",
	"Secret":                         "apiVersion: v1\nkind: Secret\nmetadata: {name: made, namespace: %s}",
	"Service":                        "apiVersion: v1\nkind: Service\nmetadata: {name: made, namespace: %s}\nspec: {ports: [{port: 80}]}",
	"ServiceAccount":                 "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: made, namespace: %s}",
	"EndpointSlice":                  "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: made, namespace: %s}\naddressType: IPv4\nendpoints: []",
	"Event":                          "apiVersion: v1\nkind: Event\nmetadata: {name: made, namespace: %[1]s}\ninvolvedObject: {namespace: %[1]s}",
	"PersistentVolumeClaim":          "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: made, namespace: %s}\nspec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}",
	"PersistentVolume":               "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: %s-volume}\nspec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce], hostPath: {path: /tmp}}",
	"StorageClass":                   "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: %s-class}\nprovisioner: example.com/disk",
	"ResourceQuota":                  "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: made, namespace: %s}",
	"LimitRange":                     "apiVersion: v1\nkind: LimitRange\nmetadata: {name: made, namespace: %s}\nspec: {limits: []}",
	"Role":                           "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: made, namespace: %s}",
	"RoleBinding":                    "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: made, namespace: %s}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}",
	"ClusterRole":                    "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: %s-role}",
	"ClusterRoleBinding":             "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: %s-binding}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}",
	"NetworkPolicy":                  "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: made, namespace: %s}\nspec: {podSelector: {}}",
	"Ingress":                        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: made, namespace: %s}\nspec: {defaultBackend: {service: {name: made, port: {number: 80}}}}",
	"PodDisruptionBudget":            "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: made, namespace: %s}\nspec: {maxUnavailable: 1}",
	"HorizontalPodAutoscaler":        "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: made, namespace: %s}\nspec: {maxReplicas: 2, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: before}}",
	"PriorityClass":                  "apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass\nmetadata: {name: %s-priority}\nvalue: 1",
	"RuntimeClass":                   "apiVersion: node.k8s.io/v1\nkind: RuntimeClass\nmetadata: {name: %s-runtime}\nhandler: made",
	"MutatingWebhookConfiguration":   "apiVersion: admissionregistration.k8s.io/v1\nkind: MutatingWebhookConfiguration\nmetadata: {name: %s-mutating}",
	"ValidatingWebhookConfiguration": "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: {name: %s-validating}",
	"CustomResourceDefinition":       "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: things.%[1]s.example.com}\nspec: {group: %[1]s.example.com, scope: Namespaced, names: {kind: Thing, plural: things}, versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]}",
}

// reviewed are objects of kinds that stand in the rules, valid and without a finding.
var reviewed = map[string]string{
	"Pod":                   "apiVersion: v1\nkind: Pod\nmetadata: {name: made}\nspec: {containers: [{name: made, image: made}]}",
	"PodTemplate":           "apiVersion: v1\nkind: PodTemplate\nmetadata: {name: made}\ntemplate: {spec: {containers: [{name: made, image: made}]}}",
	"ReplicationController": "apiVersion: v1\nkind: ReplicationController\nmetadata: {name: made}\nspec: {selector: {app: made}, template: {metadata: {labels: {app: made}}, spec: {containers: [{name: made, image: made}]}}}",
	"Deployment":            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: made}\nspec: {selector: {matchLabels: {app: made}}, template: {metadata: {labels: {app: made}}, spec: {containers: [{name: made, image: made}]}}}",
	"ReplicaSet":            "apiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {name: made}\nspec: {selector: {matchLabels: {app: made}}, template: {metadata: {labels: {app: made}}, spec: {containers: [{name: made, image: made}]}}}",
	"StatefulSet":           "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: made}\nspec: {serviceName: made, selector: {matchLabels: {app: made}}, template: {metadata: {labels: {app: made}}, spec: {containers: [{name: made, image: made}]}}}",
	"DaemonSet":             "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: made}\nspec: {selector: {matchLabels: {app: made}}, template: {metadata: {labels: {app: made}}, spec: {containers: [{name: made, image: made}]}}}",
	"Job":                   "apiVersion: batch/v1\nkind: Job\nmetadata: {name: made}\nspec: {template: {spec: {restartPolicy: Never, containers: [{name: made, image: made}]}}}",
	"CronJob":               "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: made}\nspec: {schedule: '0 0 1 1 *', jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: made, image: made}]}}}}}",
}

// With Fail and no webhook that lives, what the rules match is held back, and nothing else: a
// cluster can be started, repaired and drained, and the webhook comes back by itself.
func TestFailHoldsBackOnlyWhatIsReviewed(t *testing.T) {
	ns, excluded := namespace(t), namespace(t)
	node := ns + "-node"
	created(t, fmt.Sprintf(unreviewed["Node"], ns))
	for _, pod := range []string{"deleted", "evicted", "bound", "reported"} {
		created(t, strings.Replace(reviewed["Pod"], "{name: made}", "{name: "+pod+", namespace: "+ns+"}", 1))
	}
	created(t, strings.Replace(reviewed["Pod"], "{name: made}", "{name: kept, namespace: "+ns+", finalizers: [example.com/kept]}", 1))
	created(t, strings.Replace(reviewed["Deployment"], "{name: made}\nspec: {", "{name: before, namespace: "+ns+"}\nspec: {replicas: 0, ", 1))

	r := install(t, values{"mode": "enforce", "webhook.failurePolicy": "Fail", "webhook.excludedNamespaces": []string{excluded}})
	r.killAll()

	t.Run("what the rules match is held back", func(t *testing.T) { reviewedAreHeldBack(t, ns) })
	t.Run("other kinds are created", func(t *testing.T) { unreviewedAreCreated(t, ns) })
	t.Run("a node joins, is tainted and drained", func(t *testing.T) { nodeIsRepaired(t, ns, node) })
	t.Run("pods are bound, reported on, evicted and deleted", func(t *testing.T) { podsComeAndGo(t, ns, node) })
	t.Run("what is being deleted loses its finalizers", func(t *testing.T) {
		must(t, "delete", "pod", "kept", "--namespace", ns, "--wait=false")
		must(t, "patch", "pod", "kept", "--namespace", ns, "--type=merge", "--patch", `{"metadata": {"finalizers": null}}`)
		must(t, "wait", "--for=delete", "pod/kept", "--namespace", ns, "--timeout=60s")
	})
	t.Run("a Deployment is scaled", func(t *testing.T) {
		must(t, "scale", "deployment/before", "--replicas=1", "--namespace", ns)
	})
	exempt := []struct{ name, namespace string }{
		{"kube-system", "kube-system"},
		{"the webhook's namespace", r.namespace},
		{"a namespace that the values name", excluded},
		{"a namespace of a control plane", namespace(t, "control-plane=controller-manager")},
		{"a namespace of AKS's own", namespace(t, "control-plane=true")},
		{"a namespace that AKS manages", namespace(t, "kubernetes.azure.com/managedby=aks")},
	}
	if len(exempt) == 0 {
		t.Fatal("no cases")
	}
	for _, test := range exempt {
		t.Run("nothing is held back in "+test.name, func(t *testing.T) {
			var manifests []string
			for _, manifest := range reviewed {
				manifests = append(manifests, strings.Replace(restricted(manifest), "{name: made}", "{name: "+ns+", namespace: "+test.namespace+"}", 1))
			}
			created(t, manifests...)
		})
	}
	t.Run("the webhook's own Deployment is rolled out and made again", func(t *testing.T) { webhookComesBack(t, r) })
	t.Run("the emergency stop works", func(t *testing.T) {
		must(t, "delete", "validatingwebhookconfiguration", releaseName)
		eventually(t, "a Deployment that is not reviewed", func() bool { return apply(t, ns, violating).code == 0 })
	})
}

// reviewedAreHeldBack checks that objects that the rules match are neither created nor updated.
func reviewedAreHeldBack(t *testing.T, ns string) {
	t.Helper()
	if len(reviewed) == 0 {
		t.Fatal("no cases")
	}
	before := serverMetrics(t).sum(rejections, `error_type="calling_webhook_error"`)
	for kind, manifest := range reviewed {
		if got := command(t, manifest, asset("kubectl"), "create", "--namespace", ns, "--filename", "-"); got.code == 0 || !strings.Contains(got.stderr, notAnswered) {
			t.Errorf("%s: exit code %d: %s", kind, got.code, got.stderr)
		}
	}
	if got := command(t, "", asset("kubectl"), "set", "image", "deployment/before", "made=other", "--namespace", ns); got.code == 0 || !strings.Contains(got.stderr, notAnswered) {
		t.Errorf("update: exit code %d: %s", got.code, got.stderr)
	}
	if after := serverMetrics(t).sum(rejections, `error_type="calling_webhook_error"`); after < before+float64(len(reviewed)) {
		t.Errorf("%v were refused before and %v after", before, after)
	}
}

// unreviewedAreCreated creates objects that no rule matches.
func unreviewedAreCreated(t *testing.T, ns string) {
	t.Helper()
	if len(unreviewed) == 0 {
		t.Fatal("no cases")
	}
	var manifests []string
	for kind, manifest := range unreviewed {
		if kind != "Node" { // which is there
			manifests = append(manifests, fmt.Sprintf(manifest, ns))
		}
	}
	created(t, manifests...)
}

// nodeIsRepaired does what operators do with nodes.
func nodeIsRepaired(t *testing.T, ns, node string) {
	t.Helper()
	created(t, fmt.Sprintf(unreviewed["Node"], ns+"-new"))
	created(t, signingRequest(t, ns+"-request"))
	must(t, "certificate", "approve", ns+"-request")
	must(t, "cordon", node)
	must(t, "annotate", "node", node, "repaired=yes")
	must(t, "patch", "node", node, "--subresource=status", "--patch", `{"status": {"capacity": {"cpu": "4"}}}`)
}

// podsComeAndGo does what scheduler, kubelets and operators do with Pods.
func podsComeAndGo(t *testing.T, ns, node string) {
	t.Helper()
	raw := func(pod, subresource, body string) {
		t.Helper()
		if got := command(t, body, asset("kubectl"), "create", "--raw", "/api/v1/namespaces/"+ns+"/pods/"+pod+"/"+subresource, "--filename", "-"); got.code != 0 {
			t.Errorf("%s: exit code %d: %s", subresource, got.code, got.stderr)
		}
	}
	raw("bound", "binding", `{"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "bound"}, "target": {"apiVersion": "v1", "kind": "Node", "name": "`+node+`"}}`)
	raw("evicted", "eviction", `{"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "evicted"}}`)
	must(t, "patch", "pod", "reported", "--subresource=status", "--patch", `{"status": {"phase": "Failed"}}`, "--namespace", ns)
	must(t, "delete", "pod", "deleted", "--namespace", ns)
	must(t, "delete", "pod", "bound", "--namespace", ns, "--force")
	must(t, "wait", "--for=delete", "pod/evicted", "pod/deleted", "pod/bound", "--namespace", ns, "--timeout=60s")
}

// webhookComesBack replaces the Pods of the webhook, its Deployment, and its Pods again.
func webhookComesBack(t *testing.T, r *release) {
	t.Helper()
	pods := func(was ...string) (names []string) {
		t.Helper()
		eventually(t, "pods of the webhook", func() bool {
			list, err := shared.client.CoreV1().Pods(r.namespace).List(t.Context(), metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=mlpolicy"})
			if err != nil {
				t.Fatal(err)
			}
			names = nil
			for _, pod := range list.Items {
				names = append(names, pod.Name)
			}
			return len(names) > 0 && (len(was) == 0 || names[0] != was[0])
		})
		return names
	}
	first := pods()
	must(t, "delete", "pods", "--selector=app.kubernetes.io/name=mlpolicy", "--namespace", r.namespace)
	second := pods(first...)
	must(t, "delete", "deployment", releaseName, "--namespace", r.namespace)
	r.helm(t, "upgrade")
	third := pods(second...)
	must(t, "rollout", "restart", "deployment/"+releaseName, "--namespace", r.namespace)
	eventually(t, "a pod of the new rollout", func() bool { return len(pods()) > len(third) })
}

// created creates objects, and deletes them at the end of the test.
func created(t *testing.T, manifests ...string) {
	t.Helper()
	all := strings.Join(manifests, "\n---\n")
	got := command(t, all, asset("kubectl"), "create", "--filename", "-")
	if lines := strings.Count(got.stdout, " created\n"); got.code != 0 || lines != len(manifests) {
		t.Errorf("%d of %d objects are created: %s", lines, len(manifests), got.stderr)
	}
	t.Cleanup(func() {
		if gone := command(t, all, asset("kubectl"), "delete", "--ignore-not-found", "--wait=false", "--filename", "-"); gone.code != 0 {
			t.Errorf("kubectl delete: %s", gone.stderr)
		}
	})
}

// restricted has the pods of a manifest keep to the restricted pod security level.
func restricted(manifest string) string {
	return strings.Replace(manifest, "containers: [{name: made, image: made}]",
		"securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}, "+
			"containers: [{name: made, image: made, securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}]", 1)
}

// signingRequest is what a kubelet asks for when its node joins.
func signingRequest(t *testing.T, name string) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject: pkix.Name{CommonName: "system:node:" + name, Organization: []string{"system:nodes"}},
	}, key)
	if err != nil {
		t.Fatal(err)
	}
	request := base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
	return fmt.Sprintf("apiVersion: certificates.k8s.io/v1\nkind: CertificateSigningRequest\nmetadata: {name: %s}\n"+
		"spec: {signerName: kubernetes.io/kube-apiserver-client-kubelet, usages: [digital signature, client auth], request: %s}", name, request)
}
