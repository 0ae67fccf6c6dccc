package extract

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
)

// Requests of a claim, and the devices that a pod has by it.
func TestResourceClaims(t *testing.T) {
	lists := read.Lists{Device: func(resource string) facts.Fact[read.Device] {
		switch resource {
		case "deviceclass.resource.kubernetes.io/a100":
			return facts.Know(read.GPU, facts.Location{Why: "configured"})
		case "deviceclass.resource.kubernetes.io/u55c":
			return facts.Know(read.FPGA, facts.Location{Why: "configured"})
		}
		return facts.Fact[read.Device]{}
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
			d := only(t, extract(t, nil, with(Settings{Lists: lists}), "pod.yaml", fmt.Sprintf(`apiVersion: resource.k8s.io/v1
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

// Device classes of the project's own, by the driver that they select.
func TestDeviceClasses(t *testing.T) {
	const nvidia = `device.driver == "gpu.nvidia.com"`
	claim := func(request string) string { return "{exactly: {deviceClassName: own" + request + "}}" }
	lists := read.Lists{Device: func(resource string) facts.Fact[read.Device] {
		if resource == "deviceclass.resource.kubernetes.io/fpga.example.com" {
			return facts.Know(read.FPGA, facts.Location{Why: "configured"})
		}
		return facts.Fact[read.Device]{}
	}}
	for _, test := range []struct{ name, expression, requests, want string }{
		{"the driver", nvidia, claim(""), "1 0"},
		{"the other way round", `'gpu.amd.com' == device.driver`, claim(""), "1 0"},
		{"a list of one", `device.driver in ["gpu.intel.com"]`, claim(""), "1 0"},
		{"in parentheses, with attributes", `(device.driver=='gpu.nvidia.com') && device.attributes['gpu.nvidia.com'].productName == 'NVIDIA A100'`, claim(", count: 4"), "4 0"},
		{"attributes first", `device.attributes["gpu.nvidia.com"].type == "gpu" && ` + nvidia, claim(", allocationMode: All"), "1+ 0"},
		{"partitions", nvidia + ` && device.attributes["gpu.nvidia.com"].type == "mig"`, claim(", count: 3"), "1 0"},
		{"a count that is filled in later", nvidia, claim(", count: $COUNT"), "1+ 0"},
		{"two requests", nvidia, claim("") + ", " + claim(", count: 2"), "3 0"},
		{"beside a class that is known", nvidia, claim("") + ", {exactly: {deviceClassName: gpu.amd.com}}", "2 0"},
		{"of v1beta1", nvidia, "{deviceClassName: own, count: 2}", "2 0"},
		{"of a configured driver", `device.driver == "fpga.example.com"`, claim(", count: 2"), "0 2"},

		{"models in parentheses", nvidia + ` && (device.attributes["gpu.nvidia.com"].productName == "H100" || device.attributes["gpu.nvidia.com"].productName == "A100")`, claim(", count: 2"), "2 0"},
		{"models before", `(device.attributes["a"].b == "x" || device.attributes["a"].b == "y") && ` + nvidia, claim(""), "1 0"},
		{"models in a pattern", nvidia + ` && device.attributes["gpu.nvidia.com"].productName.matches('H100||A100 ? (')`, claim(""), "1 0"},
		{"a macro", nvidia + ` && ["H100", "A100"].exists(m, device.attributes["gpu.nvidia.com"].productName == m || m == "x")`, claim(""), "1 0"},
		{"a condition in parentheses", nvidia + ` && (has(device.attributes["a"].b) ? device.attributes["a"].b : true)`, claim(""), "1 0"},
		{"an optional field", nvidia + ` && device.attributes["gpu.nvidia.com"].?type.orValue("") == "gpu"`, claim(""), "1 0"},
		{"nested parentheses", `((` + nvidia + `) && (true || false))`, claim(""), "1 0"},
		{"a raw text", nvidia + ` && device.attributes["a"].b == r'\' && (true || false)`, claim(""), "1 0"},
		{"a comment", "// all || none\n" + nvidia + " // of NVIDIA", claim(""), "1 0"},
		{"drivers of GPUs", nvidia + ` || device.driver == "gpu.amd.com"`, claim(", count: 2"), "2 0"},
		{"a list of drivers of GPUs", `device.driver in ["gpu.nvidia.com", "gpu.intel.com"]`, claim(""), "1 0"},
		{"alternatives with models", `(` + nvidia + ` && device.attributes["a"].b == "x") || (` + nvidia + ` && device.attributes["a"].b == "y")`, claim(""), "1 0"},

		{"drivers of a GPU and of an FPGA", nvidia + ` || device.driver == "fpga.example.com"`, claim(""), "0 0"},
		{"a list of two kinds", `device.driver in ["gpu.nvidia.com", "dra.cpu"]`, claim(""), "0 0"},
		{"any model", nvidia + ` && device.attributes["a"].b == "x" || device.attributes["a"].b == "y"`, claim(""), "0 0"},
		{"not one of two drivers", `!(` + nvidia + ` || device.driver == "gpu.amd.com")`, claim(""), "0 0"},
		{"a text", `"device.driver == 'gpu.nvidia.com'" == device.attributes["a"].b`, claim(""), "0 0"},
		{"too deep", strings.Repeat("(", 4_000) + nvidia + strings.Repeat(")", 4_000), claim(""), "0 0"},
		{"parentheses that do not end", `((` + nvidia + ` && true`, claim(""), "0 0"},
		{"another driver", `device.driver == "dra.cpu"`, claim(""), "0 0"},
		{"any other driver", `device.driver != "gpu.nvidia.com"`, claim(""), "0 0"},
		{"not the driver", `!(device.driver == "gpu.nvidia.com")`, claim(""), "0 0"},
		{"one driver of two", nvidia + ` || device.driver == "dra.cpu"`, claim(""), "0 0"},
		{"a condition", nvidia + ` ? true : true`, claim(""), "0 0"},
		{"an attribute of the name", `device.attributes["x"].driver == "gpu.nvidia.com"`, claim(""), "0 0"},
		{"access of an administrator", nvidia, claim(", adminAccess: true"), "0 0"},
		{"another class", nvidia, "{exactly: {deviceClassName: other}}", "0 0"},
		{"nothing", "", claim(""), "0 0"},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := fmt.Sprintf(`apiVersion: resource.k8s.io/v1
kind: DeviceClass
metadata: {name: own}
spec: {selectors: [{cel: {expression: %q}}]}
---
apiVersion: resource.k8s.io/v1
kind: ResourceClaim
metadata: {name: devices, namespace: ml}
spec: {devices: {requests: [%s]}}
---
apiVersion: v1
kind: Pod
metadata: {namespace: ml}
spec: {resourceClaims: [{name: a, resourceClaimName: devices}], containers: [{image: a}]}
`, test.expression, test.requests)
			d := only(t, extract(t, nil, with(Settings{Lists: lists}), "pod.yaml", text))
			got := fmt.Sprint(d.GPUs.Value)
			if d.GPUs.AtLeast {
				got += "+"
			}
			equal(t, got+fmt.Sprintf(" %d", d.FPGAs.Value), test.want)
		})
	}
}

// What states no namespace is in the default one, or where kubectl is told.
func TestNamespacesOfClaims(t *testing.T) {
	for _, test := range []struct {
		claim, pod string
		want       bool
	}{
		{"", "", true},
		{"", ", namespace: default", true},
		{", namespace: default", "", true},
		{", namespace: default", ", namespace: default", true},
		{", namespace: ml", ", namespace: ml", true},
		{"", ", namespace: ml", false},
		{", namespace: ml", "", false},
		{", namespace: ml", ", namespace: default", false},
		{", namespace: default", ", namespace: ml", false},
	} {
		d := only(t, extract(t, nil, Options{}, "pod.yaml", fmt.Sprintf(`apiVersion: resource.k8s.io/v1
kind: ResourceClaim
metadata: {name: gpu%s}
spec: {devices: {requests: [{exactly: {deviceClassName: gpu.nvidia.com}}]}}
---
apiVersion: v1
kind: Pod
metadata: {name: a%s}
spec: {resourceClaims: [{name: a, resourceClaimName: gpu}], containers: [{image: a}]}
`, test.claim, test.pod)))
		if d.GPUs.Known != test.want {
			t.Errorf("claim %q, pod %q: GPUs %+v", test.claim, test.pod, d.GPUs)
		}
	}
}

// A device must meet all selectors of its class.
func TestSelectorsOfDeviceClasses(t *testing.T) {
	selector := func(expression string) string { return fmt.Sprintf("{cel: {expression: %q}}", expression) }
	const nvidia, mig = `device.driver == "gpu.nvidia.com"`, `device.attributes["gpu.nvidia.com"].type == "mig"`
	for _, test := range []struct {
		selectors []string
		want      int64
	}{
		{[]string{selector(nvidia), selector("true || false")}, 3},
		{[]string{selector("true || false"), selector(nvidia)}, 3},
		{[]string{selector(nvidia), selector(mig)}, 1},
		{[]string{selector(mig), selector(nvidia)}, 1},
		{[]string{selector("$EXPRESSION"), selector(nvidia)}, 3},
		{[]string{selector(mig)}, 0},
		{nil, 0},
	} {
		d := only(t, extract(t, nil, Options{}, "pod.yaml", fmt.Sprintf(`apiVersion: resource.k8s.io/v1
kind: DeviceClass
metadata: {name: own}
spec: {selectors: [%s]}
---
apiVersion: resource.k8s.io/v1
kind: ResourceClaim
metadata: {name: devices}
spec: {devices: {requests: [{exactly: {deviceClassName: own, count: 3}}]}}
---
apiVersion: v1
kind: Pod
spec: {resourceClaims: [{name: a, resourceClaimName: devices}], containers: [{image: a}]}
`, strings.Join(test.selectors, ", "))))
		if d.GPUs.Value != test.want {
			t.Errorf("%s: %d GPUs, want %d", test.selectors, d.GPUs.Value, test.want)
		}
	}
}

// Pods that request an own device class by an extended resource.
func TestExtendedResourcesOfDeviceClasses(t *testing.T) {
	container := func(resources string) string { return "containers: [{image: a, resources: {" + resources + "}}]" }
	const mine, named = "deviceclass.resource.kubernetes.io/mine", "example.com/gpu"
	for _, test := range []struct{ name, class, pod, want string }{
		{"by the name of the class", "", container("limits: {" + mine + ": 2}"), "2"},
		{"by the resource that the class names", "extendedResourceName: example.com/gpu, ", container("limits: {" + named + ": 2}"), "2"},
		{"by the name of a class that names a resource", "extendedResourceName: example.com/gpu, ", container("limits: {" + mine + ": 1}"), "1"},
		{"by both", "extendedResourceName: example.com/gpu, ", container("limits: {" + mine + ": 1, " + named + ": 2}"), "3"},
		{"requests alone", "", container("requests: {" + mine + ": 1}"), "1"},
		{"requests and limits", "", container("requests: {" + mine + ": 2}, limits: {" + mine + ": 2}"), "2"},
		{"beside another GPU", "", container("limits: {" + mine + ": 1, nvidia.com/gpu: 2}"), "3"},
		{"two containers", "", "containers: [{image: a, resources: {limits: {" + mine + ": 1}}}, {image: b, resources: {limits: {" + mine + ": 2}}}]", "3"},
		{"an init container", "", "initContainers: [{image: b, resources: {limits: {" + mine + ": 3}}}], " + container("limits: {"+mine+": 2}"), "3"},
		{"a sidecar", "", "initContainers: [{image: b, restartPolicy: Always, resources: {limits: {" + mine + ": 3}}}], " + container("limits: {"+mine+": 2}"), "5"},

		{"another resource", "extendedResourceName: example.com/gpu, ", container("limits: {example.com/other: 1}"), "-"},
		{"another class", "", container("limits: {deviceclass.resource.kubernetes.io/other: 1}"), "-"},
		{"a resource that no class names", "", container("limits: {" + named + ": 1}"), "-"},
		{"none of it", "", container("limits: {" + mine + ": 0}"), "-"},
		{"a number that is filled in later", "", container("limits: {" + mine + ": $GPUS}"), "-"},
	} {
		d := only(t, extract(t, nil, Options{}, "pod.yaml", fmt.Sprintf(`apiVersion: resource.k8s.io/v1
kind: DeviceClass
metadata: {name: mine}
spec: {%sselectors: [{cel: {expression: "device.driver == 'gpu.nvidia.com'"}}]}
---
apiVersion: v1
kind: Pod
metadata: {namespace: ml}
spec: {%s}
`, test.class, test.pod)))
		got := "-"
		if d.GPUs.Known {
			got = fmt.Sprint(d.GPUs.Value)
		}
		if got != test.want {
			t.Errorf("%s: GPUs %s, want %s", test.name, got, test.want)
		}
	}
}
