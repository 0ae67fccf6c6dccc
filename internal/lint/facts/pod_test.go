package facts

import (
	"fmt"
	"strings"
	"testing"
)

// Devices of one container: what is written under resources and env, and what it counts as.
func TestDevices(t *testing.T) {
	const limits, requests = "resources: {limits: {%s}}", "resources: {requests: {%s}}"
	tests := []struct{ name, container, want string }{
		{"NVIDIA", fmt.Sprintf(limits, "nvidia.com/gpu: 2"), "gpus 2"},
		{"quoted", fmt.Sprintf(limits, `nvidia.com/gpu: "2"`), "gpus 2"},
		{"thousandths", fmt.Sprintf(limits, "nvidia.com/gpu: 1000m"), "gpus 1"},
		{"thousands", fmt.Sprintf(limits, `nvidia.com/gpu: "0.001k", amd.com/gpu: 1k`), "gpus 1001"},
		{"a part of one", fmt.Sprintf(limits, "nvidia.com/gpu: 1500m"), "gpus 2"},
		{"underscores", fmt.Sprintf(limits, "nvidia.com/gpu: 1_0"), "gpus 10"},
		{"exponent", fmt.Sprintf(limits, "nvidia.com/gpu: 1e00, fpga.intel.com/af-0123: 0.2e001"), "gpus 1, fpgas 2"},
		{"share in thousandths", fmt.Sprintf(limits, "aliyun.com/gpu-mem: 16Gi, nvidia.com/gpu.shared: 500m"), "gpus 2"},
		{"more than there are", fmt.Sprintf(limits, "nvidia.com/gpu: 1e10"), ""},
		{"more than an integer has room for", fmt.Sprintf(limits, "nvidia.com/gpu: 9223372036854775808, amd.com/gpu: 1e19"), ""},
		{"a share of more than an integer has room for", fmt.Sprintf(limits, "aliyun.com/gpu-mem: 1e19"), "gpus 1"},
		{"request alone", fmt.Sprintf(requests, "nvidia.com/gpu: 2"), "gpus 2"},
		{"larger request", "resources: {requests: {nvidia.com/gpu: 3}, limits: {nvidia.com/gpu: 1}}", "gpus 3"},
		{"larger limit", "resources: {requests: {nvidia.com/gpu: 1}, limits: {nvidia.com/gpu: 3}}", "gpus 3"},
		{"AMD", fmt.Sprintf(limits, "amd.com/gpu: 1"), "gpus 1"},
		{"Intel", fmt.Sprintf(limits, "gpu.intel.com/i915: 1, gpu.intel.com/xe: 1"), "gpus 2"},
		{"before device plugins", fmt.Sprintf(limits, "alpha.kubernetes.io/nvidia-gpu: 1"), "gpus 1"},
		{"parts of a GPU", fmt.Sprintf(limits, "nvidia.com/mig-1g.5gb: 4"), "gpus 1"},
		{"shared GPU", fmt.Sprintf(limits, "nvidia.com/gpu.shared: 3"), "gpus 1"},
		{"memory of a GPU", fmt.Sprintf(limits, "aliyun.com/gpu-mem: 16"), "gpus 1"},
		{"explicitly none", fmt.Sprintf(limits, "nvidia.com/gpu: 0, nvidia.com/mig-1g.5gb: 0"), "gpus 0"},
		{"Intel FPGA by function", fmt.Sprintf(limits, "fpga.intel.com/af-0123: 1"), "fpgas 1"},
		{"Intel FPGA by region", fmt.Sprintf(limits, "fpga.intel.com/arria10.dcp1.2-nlb3: 2"), "fpgas 2"},
		{"Xilinx FPGA", fmt.Sprintf(limits, "xilinx.com/fpga-u250-0: 1"), "fpgas 1"},
		{"FPGA of a Data Box Edge", fmt.Sprintf(limits, "microsoft.com/fpga_catapult: 2"), "fpgas 2"},
		{"both", fmt.Sprintf(limits, "nvidia.com/gpu: 1, xilinx.com/fpga-u250-0: 1"), "gpus 1, fpgas 1"},
		{"written twice", fmt.Sprintf(limits, "nvidia.com/gpu: 1, nvidia.com/gpu: 4"), "gpus 4"},
		{"limit not known yet", "resources: {requests: {nvidia.com/gpu: 1}, limits: {nvidia.com/gpu: $GPUS}}", "gpus 1"},

		{"all devices", "env: [{name: NVIDIA_VISIBLE_DEVICES, value: all}]", "gpus 1"},
		{"device 0", `env: [{name: NVIDIA_VISIBLE_DEVICES, value: "0"}]`, "gpus 1"},
		{"no devices", "env: [{name: NVIDIA_VISIBLE_DEVICES, value: none}]", ""},
		{"void", "env: [{name: NVIDIA_VISIBLE_DEVICES, value: void}]", ""},
		{"empty", `env: [{name: NVIDIA_VISIBLE_DEVICES, value: ""}]`, ""},
		{"from elsewhere", "env: [{name: NVIDIA_VISIBLE_DEVICES, valueFrom: {configMapKeyRef: {name: a, key: b}}}]", ""},
		{"the last of two counts", "env: [{name: NVIDIA_VISIBLE_DEVICES, value: all}, {name: NVIDIA_VISIBLE_DEVICES, value: none}]", ""},
		{"request and variable", "resources: {limits: {nvidia.com/gpu: 2}}\n    env: [{name: NVIDIA_VISIBLE_DEVICES, value: all}]", "gpus 2"},
		{"none requested, variable", "resources: {limits: {nvidia.com/gpu: 0}}\n    env: [{name: NVIDIA_VISIBLE_DEVICES, value: all}]", "gpus 1"},

		{"not known yet", fmt.Sprintf(limits, "nvidia.com/gpu: $GPUS"), ""},
		{"comments alone", "resources:\n      limits:\n        # nvidia.com/gpu: 1", ""},
		{"names", "name: gpu\n    image: nvidia/cuda\n    args: [--gpus=all, --device=cuda]", ""},
		{"another variable", "env: [{name: CUDA_VISIBLE_DEVICES, value: all}]", ""},
		{"other devices", fmt.Sprintf(limits, "nvidia.com/gpumem: 100, rdma/hca: 1, xilinx.com/nic: 1, gpu.intel.com/i915_monitoring: 1, habana.ai/gaudi: 1"), ""},
		{"VPU", fmt.Sprintf(limits, "intel.com/vpu: 1, squat.ai/movidius: 1"), ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := only(t, extract(t, nil, Options{}, "pod.yaml",
				"apiVersion: v1\nkind: Pod\nspec:\n  tolerations: [{key: nvidia.com/gpu, operator: Exists}]\n"+
					"  nodeSelector: {accelerator: nvidia, gpu: 'true'}\n  runtimeClassName: nvidia\n  containers:\n  - "+test.container+"\n"))
			var got []string
			if d.GPUs.Known {
				got = append(got, fmt.Sprintf("gpus %d", d.GPUs.Value))
			}
			if d.FPGAs.Known {
				got = append(got, fmt.Sprintf("fpgas %d", d.FPGAs.Value))
			}
			equal(t, strings.Join(got, ", "), test.want)
		})
	}
}

// Memory of one container in every spelling, in bytes.
func TestContainerMemory(t *testing.T) {
	tests := []struct {
		text string
		want float64
	}{
		{"48Gi", 48 << 30}, {`"48Gi"`, 48 << 30}, {"48G", 48e9}, {"49152Mi", 48 << 30}, {"1500M", 15e8},
		{"51539607552", 48 << 30}, {"0.5Gi", 1 << 29}, {"1e9", 1e9}, {"12E3", 12e3}, {"64Ki", 64 << 10}, {"1Ti", 1 << 40},
		{"128974848000m", 128974848}, {"0", 0},
	}
	for _, test := range tests {
		d := only(t, extract(t, nil, Options{}, "pod.yaml",
			"apiVersion: v1\nkind: Pod\nspec: {containers: [{resources: {limits: {memory: "+test.text+"}}}]}\n"))
		if got := d.MemoryGiB.Value * bytesPerGiB; !d.MemoryGiB.Known || got != test.want {
			t.Errorf("%s is %v bytes, want %v", test.text, got, test.want)
		}
	}
}

// A request that is there but not understood is not its limit, in any format.
func TestRequestNotKnownYet(t *testing.T) {
	for _, text := range []string{
		"apiVersion: v1\nkind: Pod\nspec: {containers: [{resources: {requests: {memory: REQUEST}, limits: {memory: 64}}}]}\n",
		"apiVersion: '2021-10-01'\nproperties: {osType: Linux, containers: [{properties: " +
			"{resources: {requests: {memoryInGB: REQUEST}, limits: {memoryInGB: 64}}}}]}\n",
		"computeType: aci\ncontainerResourceRequirements: {memoryInGB: REQUEST, memoryInGBLimit: 64}\n",
	} {
		for request, want := range map[string]bool{"$MEMORY": false, "lots": false, "": true, "~": true} {
			if d := only(t, extract(t, nil, Options{}, "d.yaml", strings.Replace(text, "REQUEST", request, 1))); d.MemoryGiB.Known != want {
				t.Errorf("request %q in %s: memory known %t, want %t", request, text, d.MemoryGiB.Known, want)
			}
		}
	}
}
