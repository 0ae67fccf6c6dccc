package facts

import (
	"fmt"
	"strings"
	"testing"
)

// Requests of a claim, and the devices that a pod has by it.
func TestResourceClaims(t *testing.T) {
	lists := Lists{Device: func(resource string) Fact[Device] {
		switch resource {
		case "deviceclass.resource.kubernetes.io/a100":
			return Know(GPU, Place{Why: "configured"})
		case "deviceclass.resource.kubernetes.io/u55c":
			return Know(FPGA, Place{Why: "configured"})
		}
		return Fact[Device]{}
	}}
	for _, test := range []struct{ requests, want string }{
		{"{exactly: {deviceClassName: gpu.nvidia.com}}", "gpus 1"},
		{"{exactly: {deviceClassName: gpu.nvidia.com, allocationMode: ExactCount, count: 4}}", "gpus 4"},
		{"{exactly: {deviceClassName: gpu.nvidia.com, count: '2'}}, {exactly: {deviceClassName: gpu.intel.com}}", "gpus 3"},
		{"{deviceClassName: gpu.nvidia.com, count: 2}", "gpus 2"},
		{"{exactly: {deviceClassName: gpu.nvidia.com, allocationMode: All}}", "gpus 1, at least"},
		{"{exactly: {deviceClassName: gpu.nvidia.com, count: $COUNT}}", "gpus 1, at least"},
		{"{exactly: {deviceClassName: mig.nvidia.com, count: 3}}, {exactly: {deviceClassName: mig.nvidia.com}}", "gpus 2"},
		{"{exactly: {deviceClassName: vfio.gpu.nvidia.com}}", "gpus 1"},
		{"{exactly: {deviceClassName: a100, count: 2}}, {exactly: {deviceClassName: u55c}}", "gpus 2, fpgas 1"},
		{"{firstAvailable: [{deviceClassName: gpu.nvidia.com, count: 2}, {deviceClassName: a100}]}", "gpus 1"},
		{"{firstAvailable: [{deviceClassName: gpu.nvidia.com}, {deviceClassName: dra.cpu}]}", ""},
		{"{firstAvailable: [{deviceClassName: a100}, {deviceClassName: u55c}]}", ""},
		{"{firstAvailable: [{deviceClassName: u55c, count: 2}, {deviceClassName: u55c, count: 1}]}", "fpgas 1"},
		{"{exactly: {deviceClassName: gpu.nvidia.com, adminAccess: true}}", ""},
		{"{exactly: {deviceClassName: compute-domain-daemon.nvidia.com}}, {exactly: {deviceClassName: npu.rebellions.ai}}", ""},
		{"{exactly: {deviceClassName: $CLASS}}", ""},
		{"", ""},
	} {
		for _, kind := range []string{"ResourceClaim", "ResourceClaimTemplate"} {
			spec, key := "devices: {requests: ["+test.requests+"]}", "resourceClaimName"
			if kind == "ResourceClaimTemplate" {
				spec, key = "spec: {"+spec+"}", "resourceClaimTemplateName"
			}
			d := only(t, extract(t, nil, Options{Lists: lists}, "pod.yaml", fmt.Sprintf(`apiVersion: resource.k8s.io/v1
kind: %s
metadata: {name: gpu}
spec: {%s}
---
apiVersion: v1
kind: Pod
spec: {resourceClaims: [{name: a, %s: gpu}], containers: [{image: a}]}
`, kind, spec, key)))
			var got []string
			if d.GPUs.Known {
				got = append(got, fmt.Sprintf("gpus %d", d.GPUs.Value))
			}
			if d.FPGAs.Known {
				got = append(got, fmt.Sprintf("fpgas %d", d.FPGAs.Value))
			}
			if d.GPUs.AtLeast {
				got = append(got, "at least")
			}
			equal(t, strings.Join(got, ", "), test.want)
		}
	}
}

// A claim that is not found may add devices to those that are counted.
func TestClaimsThatAreOpen(t *testing.T) {
	const pod = "apiVersion: v1\nkind: Pod\nspec: {resourceClaims: [{name: a, %s}], containers: [{resources: {limits: {nvidia.com/gpu: %d}}}]}\n"
	for _, test := range []struct {
		claim string
		alone bool
		gpus  int
		want  string
	}{
		{"resourceClaimName: a", false, 2, "2 at least"},
		{"resourceClaimTemplateName: a", true, 2, "2 at least"},
		{"resourceClaimTemplateName: $TEMPLATE", false, 2, "2 at least"},
		{"resourceClaimTemplateName: null", false, 2, "2"},
		{"resourceClaimName: a", false, 0, "unknown"},
	} {
		d := only(t, extract(t, nil, Options{Alone: test.alone}, "pod.yaml", fmt.Sprintf(pod, test.claim, test.gpus)))
		got := "unknown"
		if d.GPUs.Known {
			got = fmt.Sprint(d.GPUs.Value)
		}
		if d.GPUs.AtLeast {
			got += " at least"
		}
		if got != test.want {
			t.Errorf("%s: %s, want %s", test.claim, got, test.want)
		}
	}
}
