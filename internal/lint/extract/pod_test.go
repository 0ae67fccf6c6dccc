package extract

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
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
		{"share in thousandths", fmt.Sprintf(limits, "aliyun.com/gpu-mem: 16Gi, nvidia.com/gpu.shared: 500m"), "gpus 1"},
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
		{"other devices", fmt.Sprintf(limits, "rdma/hca: 1, xilinx.com/nic: 1, gpu.intel.com/i915_monitoring: 1, habana.ai/gaudi: 1"), ""},
		{"accelerators that are not GPUs", fmt.Sprintf(limits, "google.com/tpu: 4, aws.amazon.com/neuron: 1, huawei.com/Ascend910: 8, gpu.example.com/x: 1"), ""},
		{"switch of NVIDIA passed through", fmt.Sprintf(limits, "nvidia.com/GH100_H100_NVSWITCH: 4, nvidia.com/hostdev: 1"), ""},
		{"VPU", fmt.Sprintf(limits, "intel.com/vpu: 1, squat.ai/movidius: 1"), ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := only(t, extract(t, nil, Options{}, "pod.yaml",
				"apiVersion: v1\nkind: Pod\nspec:\n  tolerations: [{key: nvidia.com/gpu, operator: Exists}]\n"+
					"  nodeSelector: {accelerator: nvidia, gpu: 'true'}\n  containers:\n  - "+test.container+"\n"))
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

// Each resource that the table of devices is meant for, and its neighbours.
func TestDeviceTable(t *testing.T) {
	kinds := []string{"none", "gpu", "gpu-share", "gpu-part", "fpga"}
	for i, pattern := range kube.DevicePatterns() {
		if _, err := path.Match(pattern.Resource, ""); err != nil || !strings.Contains(pattern.Resource, "/") {
			t.Errorf("row %d: %q is not a pattern of a resource: %v", i+1, pattern.Resource, err)
		}
	}
	for row := range read.Rows(kube.DeviceTable) {
		if len(row) != 2 || !slices.Contains(kinds, row[0]) {
			t.Errorf("row %q", row)
		}
	}
	for _, test := range []struct {
		limits      string
		gpus, fpgas int64
	}{
		{"amd.com/xilinx_u55c_gen3x16_xdma_base_3-0: 1", 0, 1},
		{"amd.com/xilinx_u200_qdma_201920_1-1573695690: 2", 0, 2},
		{"amd.com/cpx_nps4: 8", 1, 0},
		{"amd.com/spx_nps1: 2", 2, 0},
		{"amd.com/gpu_vf: 1", 1, 0},
		{"nvidia.com/pgpu: 2", 2, 0},
		{"nvidia.com/GA102GL_A10: 1", 1, 0},
		{"nvidia.com/TU104GL_TESLA_T4: 1", 1, 0},
		{"nvidia.com/GH100_H100_SXM5_80GB: 1", 1, 0},
		{"nvidia.com/TU104_USB_Controller: 1", 0, 0},
		{"nvidia.com/TU104_USB_31_HOST_CONTROLLER: 1", 0, 0},
		{"nvidia.com/TU104_HD_AUDIO_CONTROLLER: 1", 0, 0},
		{"nvidia.com/TU104_UCSI_Controller: 1", 0, 0},
		{"nvidia.com/BlueField-3_VF: 1", 0, 0},
		{"nvidia.com/MT43244_BLUEFIELD-3: 1", 0, 0},
		{"nvidia.com/CX6_Lx: 1", 0, 0},
		{"nvidia.com/MT2894_FAMILY_CONNECTX-6_LX: 1", 0, 0},
		{"nvidia.com/GA100_NVSwitch: 1", 0, 0},
		{"nvidia.com/TU104GL_Tesla_T4: 2", 2, 0},
		{"nvidia.com/GRID_T4-1Q: 1", 1, 0},
		{"volcano.sh/vgpu-number: 2, volcano.sh/vgpu-memory: 4096, volcano.sh/vgpu-cores: 50", 2, 0},
		{"volcano.sh/vgpu-memory: 4096", 1, 0},
		{"aliyun.com/gpu-count: 2, aliyun.com/gpu-mem: 16", 2, 0},
		{"aliyun.com/gpu-core.percentage: 30", 1, 0},
		{"tencent.com/vcuda-core: 50, tencent.com/vcuda-memory: 32", 1, 0},
		{"tke.cloud.tencent.com/qgpu-core: 20", 1, 0},
		{"nvidia.com/gpu: 2, nvidia.com/gpumem: 3000, nvidia.com/gpucores: 30", 2, 0},
		{"nvidia.com/gpumem-percentage: 50", 1, 0},
		{"koordinator.sh/gpu: 100", 1, 0},
		{"koordinator.sh/gpu-core: 50, koordinator.sh/gpu-memory-ratio: 50", 1, 0},
		{"metax-tech.com/gpu: 2", 2, 0},
		{"metax-tech.com/sgpu: 1", 1, 0},
		{"mthreads.com/vgpu: 1", 1, 0},
		{"mthreads.com/sgpu-core: 8, mthreads.com/sgpu-memory: 64", 1, 0},
		{"mthreads.com/gpu: 2, mthreads.com/sgpu-core: 8", 2, 0},
		{"vke.volcengine.com/mgpu-core: 30, vke.volcengine.com/mgpu-memory: 2048", 1, 0},
		{"vke.volcengine.com/mgpu-core: 0", 0, 0},
		{"deviceclass.resource.kubernetes.io/gpu.nvidia.com: 2", 2, 0},
		{"deviceclass.resource.kubernetes.io/mig.nvidia.com: 2", 1, 0},
		{"deviceclass.resource.kubernetes.io/dra.net: 2", 0, 0},
		{"deviceclass.resource.kubernetes.io/gpu.example.com: 1", 0, 0},
		{"nvidia.com/gpumem: 0", 0, 0},
		{"nvidia.com/gpu: 0, nvidia.com/gpumem: 100", 1, 0},
	} {
		d := only(t, extract(t, nil, Options{}, "pod.yaml",
			"apiVersion: v1\nkind: Pod\nspec: {containers: [{resources: {limits: {"+test.limits+"}}}]}\n"))
		if d.GPUs.Value != test.gpus || d.FPGAs.Value != test.fpgas {
			t.Errorf("%s: %d GPUs and %d FPGAs, want %d and %d", test.limits, d.GPUs.Value, d.FPGAs.Value, test.gpus, test.fpgas)
		}
	}
}

// The configuration adds to the table and takes nothing from it.
func TestDevicesOfConfiguration(t *testing.T) {
	lists := read.Lists{Device: func(resource string) facts.Fact[read.Device] {
		if strings.HasPrefix(resource, "nvidia.com/") || resource == "example.com/card" {
			return facts.Know(read.FPGA, facts.Location{Why: "configured"})
		}
		return facts.Fact[read.Device]{}
	}}
	d := only(t, extract(t, nil, with(Settings{Lists: lists}), "pod.yaml",
		"apiVersion: v1\nkind: Pod\nspec: {containers: [{resources: {limits: {nvidia.com/gpu: 2, example.com/card: 3, example.com/other: 1}}}]}\n"))
	if d.GPUs.Value != 2 || d.FPGAs.Value != 3 || d.FPGAs.Location.Why != "configured" {
		t.Errorf("%d GPUs, %d FPGAs (%s)", d.GPUs.Value, d.FPGAs.Value, d.FPGAs.Location.Why)
	}
}

// GPUs that a pod gets without asking for a number of them.
func TestUncountedGPUs(t *testing.T) {
	for _, test := range []struct {
		name, spec string
		want       string
	}{
		{"runtime class", "runtimeClassName: nvidia, containers: [{image: a}]", "1"},
		{"with CDI", "runtimeClassName: nvidia-cdi, containers: [{image: a}]", "1"},
		{"legacy", "runtimeClassName: nvidia-legacy, containers: [{image: a}]", "1"},
		{"another", "runtimeClassName: kata-qemu, containers: [{image: a}]", ""},
		{"name that begins so", "runtimeClassName: nvidia-experimental, containers: [{image: a}]", ""},
		{"null", "runtimeClassName: null, containers: [{image: a}]", ""},
		{"not known yet", "runtimeClassName: $RUNTIME, containers: [{image: a}]", ""},
		{"hidden", "runtimeClassName: nvidia, containers: [{env: [{name: NVIDIA_VISIBLE_DEVICES, value: void}]}]", ""},
		{"hidden by none", "runtimeClassName: nvidia, containers: [{env: [{name: NVIDIA_VISIBLE_DEVICES, value: none}]}]", ""},
		{"hidden from one of two", "runtimeClassName: nvidia, containers: [{env: [{name: NVIDIA_VISIBLE_DEVICES, value: void}]}, {}]", "1"},
		{"value from elsewhere", "runtimeClassName: nvidia, containers: [{env: [{name: NVIDIA_VISIBLE_DEVICES, valueFrom: {configMapKeyRef: {name: a, key: b}}}]}]", "1"},
		{"count", "runtimeClassName: nvidia, containers: [{resources: {limits: {nvidia.com/gpu: 4}}}]", "4"},
		{"count of none", "runtimeClassName: nvidia, containers: [{resources: {limits: {nvidia.com/gpu: 0}}}]", "0"},
		{"device file", "containers: [{}], volumes: [{name: a, hostPath: {path: /dev/nvidia0}}]", "1"},
		{"control device", "containers: [{}], volumes: [{name: b, emptyDir: {}}, {name: a, hostPath: {path: /dev/nvidiactl}}]", "1"},
		{"device file and count", "containers: [{resources: {limits: {nvidia.com/gpu: 2}}}], volumes: [{hostPath: {path: /dev/nvidia0}}]", "2"},
		{"all devices of the host", "containers: [{}], volumes: [{hostPath: {path: /dev}}]", ""},
		{"driver", "containers: [{}], volumes: [{hostPath: {path: /usr/local/nvidia}}]", ""},
		{"volume of that name", "containers: [{}], volumes: [{name: dev-nvidia0, emptyDir: {}}]", ""},
		{"volume deleted by a patch", "containers: [{}], volumes: [{$patch: delete, name: a, hostPath: {path: /dev/nvidia0}}]", ""},
	} {
		d := only(t, extract(t, nil, Options{}, "pod.yaml", "apiVersion: v1\nkind: Pod\nspec: {"+test.spec+"}\n"))
		got := ""
		if d.GPUs.Known {
			got = fmt.Sprint(d.GPUs.Value)
		}
		if got != test.want {
			t.Errorf("%s: %q GPUs, want %q", test.name, got, test.want)
		}
		if bound := test.want == "1"; d.GPUs.AtLeast != bound {
			t.Errorf("%s: at least is %t", test.name, d.GPUs.AtLeast)
		}
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
		if got := d.MemoryGiB.Value * read.BytesPerGiB; !d.MemoryGiB.Known || got != test.want {
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
