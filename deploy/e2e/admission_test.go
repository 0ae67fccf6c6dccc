package e2e

import (
	"strings"
	"testing"
)

// What the people see who apply what is wrong, and what is right.
func TestDenied(t *testing.T) {
	install(t, values{"mode": "enforce"})
	ns := namespace(t)
	got := apply(t, ns, gpuDeployment)
	t.Logf("%d\n%s%s", got.code, got.stdout, got.stderr)
	if got.code == 0 || !strings.Contains(got.stderr, "denied the request") {
		t.Errorf("exit code %d\n%s", got.code, got.stderr)
	}
}

const gpuDeployment = `apiVersion: apps/v1
kind: Deployment
metadata: {name: scorer}
spec:
  selector: {matchLabels: {app: scorer}}
  template:
    metadata: {labels: {app: scorer}}
    spec:
      nodeSelector: {kubernetes.io/role: agent, type: virtual-kubelet}
      tolerations: [{key: virtual-kubelet.io/provider, operator: Exists}]
      containers:
        - name: scorer
          image: contoso.azurecr.io/scorer:4
          resources: {limits: {nvidia.com/gpu: 1, cpu: 1, memory: 1Gi}}
`
