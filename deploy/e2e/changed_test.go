package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// A LimitRange gives the pods of a Deployment without a fault what breaks rules. They are admitted, as all that a controller
// makes, and counted as what was changed after its owner. A pod without an owner is denied.
func TestLimitRangeChangesPodsAfterTheirOwner(t *testing.T) {
	const limits = "apiVersion: v1\nkind: LimitRange\nmetadata: {name: defaults}\nspec: {limits: [{type: Container, default: {%[1]s}, defaultRequest: {%[1]s}}]}"
	node := "virtual-node-limit-range"
	virtualNodes(t, node)
	must(t, "patch", "node", node, "--subresource=status", `--patch={"status": {"allocatable": {"nvidia.com/gpu": "9"}}}`)
	r := install(t, failClosed)
	tests := []struct {
		name     string
		limits   string // of the LimitRange; none if empty
		pod      string
		rules    []string
		reason   string
		orphaned bool // a pod like it without an owner is denied
	}{
		{"a GPU", `nvidia.com/gpu: "1"`, oneContainer(""), []string{"cpu-only"}, "changed-after-owner", true},
		{"too much memory", "memory: 64Gi", oneContainer(""), []string{"memory"}, "changed-after-owner", true},
		{"both", `nvidia.com/gpu: "1", memory: 64Gi`, oneContainer(""), []string{"cpu-only", "memory"}, "changed-after-owner", true},
		{"what breaks no rule", "cpu: 100m", oneContainer(""), nil, "", false},
		{"no LimitRange", "", oneContainer("memory: 1Gi"), nil, "", false},
	}
	if len(tests) == 0 {
		t.Fatal("no cases")
	}
	for i, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			ns := livelyNamespace(t, node)
			orphan := "apiVersion: v1\nkind: Pod\nmetadata: {name: orphan}\nspec: {" + onVirtualNode + test.pod + "}"
			if test.limits != "" {
				applied(t, ns, fmt.Sprintf(limits, test.limits))
				// The API server's plugin reads a copy that lags.
				eventually(t, "a LimitRange that counts", func() bool {
					pod := "apiVersion: v1\nkind: Pod\nmetadata: {name: probe}\nspec: {" + oneContainer("") + "}"
					return strings.Contains(applied(t, ns, pod, "--dry-run=server", "--output=yaml").stdout, "kubernetes.io/limit-ranger")
				})
			}
			name := fmt.Sprintf("scorer-%d", i)
			before := r.metrics(t)
			if got := applied(t, ns, deploymentOf(name, "", onVirtualNode+test.pod)); got.stderr != "" {
				t.Errorf("the Deployment: %s", got.stderr)
			}
			pod := have(t, ns, name, 1)[0]
			if marked := pod.Annotations["kubernetes.io/limit-ranger"] != ""; marked != (test.limits != "") {
				t.Errorf("the pod has the annotations %v", pod.Annotations)
			}
			var said []string
			for _, rule := range test.rules {
				said = append(said, rule+" "+test.reason)
			}
			event := audited(t, ns, func(event auditEvent) bool {
				return event.Verb == "create" && event.ObjectRef.Resource == "pods" && event.ObjectRef.Subresource == "" &&
					event.User.Username == "system:serviceaccount:kube-system:replicaset-controller"
			})
			verdict := "allowed"
			if len(said) > 0 {
				verdict = "warned"
			}
			if event.Annotations["validate.mlpolicy.dev/exempted"] != strings.Join(said, ",") || event.Annotations["validate.mlpolicy.dev/verdict"] != verdict {
				t.Errorf("the pod was reviewed as %v", event.Annotations)
			}
			eventually(t, "a count", func() bool {
				return added(before, r.metrics(t), exemptedTotal, `reason="changed-after-owner"`) == float64(len(test.rules))
			})
			for _, rule := range test.rules {
				if got := added(before, r.metrics(t), exemptedTotal, `reason="changed-after-owner"`, `rule="`+rule+`"`); got != 1 {
					t.Errorf("%v errors of %s are counted", got, rule)
				}
			}
			if got := apply(t, ns, orphan); (got.code != 0) != test.orphaned || test.orphaned && !strings.HasPrefix(got.stderr, denied+test.rules[0]+": ") {
				t.Errorf("a pod without an owner: exit code %d\n%s", got.code, got.stderr)
			}
		})
	}
}
