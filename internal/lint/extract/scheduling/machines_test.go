package scheduling

import (
	"testing"
)

// Machine types by the values of node.kubernetes.io/instance-type.
func TestMachinesOfOtherClouds(t *testing.T) {
	for _, machine := range []string{
		"e2-micro", "e2-medium", "e2-standard-4", "e2-highcpu-32", "f1-micro", "g1-small", "n1-standard-96", "n2-highmem-128", "n2d-highcpu-224",
		"n4-standard-80", "t2d-standard-60", "t2a-standard-48", "c2-standard-60", "c2d-highmem-112", "c3-standard-192-metal", "c3-standard-8-lssd",
		"c3d-highmem-360-lssd", "c4-standard-288-lssd-metal", "c4a-highmem-72-lssd", "c4d-highcpu-384", "h3-standard-88", "h4d-highmem-192-lssd",
		"m1-megamem-96", "m1-ultramem-160", "m2-ultramem-208", "m2-megamem-416", "m2-hypermem-416", "m3-ultramem-32", "m4-hypermem-64", "x4-megamem-1920-metal",
		"z3-highmem-88", "z3-highmem-88-highlssd", "z3-highmem-22-standardlssd", "z3-highmem-192-highlssd-metal",
		"a2-highgpu-1g", "a2-megagpu-16g", "a2-ultragpu-8g", "a3-edgegpu-8g-nolssd", "a3-megagpu-8g", "a4-highgpu-8g", "a4x-maxgpu-4g-metal",
		"g2-standard-96", "g4-standard-384", "ct4p-hightpu-4t", "ct5l-hightpu-8t", "ct5lp-hightpu-4t", "ct6e-standard-8t", "tpu7x-standard-4t",
		"custom-4-8192", "n1-custom-8-30720", "n2-custom-4-8192", "n2-custom-4-40960-ext", "n2d-custom-8-16384", "n4-custom-4-8192", "e2-custom-2-4096",
		"e2-custom-small-2048", "g2-custom-8-32768", "custom-2-15360-ext",
		"g5.8xlarge", "p5.48xlarge", "u-6tb1.metal", "VM.GPU.A10.1", "BM.GPU.H100.8", "ecs.gn6i-c4g1.xlarge", "gpu-h100x8-640gb",
	} {
		if !otherCloudMachine().MatchString(machine) {
			t.Errorf("%s is not of another cloud", machine)
		}
	}
	for _, machine := range []string{
		"Standard_NC6s_v3", "standard_d4s_v5", "k3s", "gpu-small", "gpu-standard-4", "node-standard-8", "agent-medium", "custom-4", "custom-gpu-8192", "n2-custom-4",
		"my-custom-4-8192", "m1-megamem", "n2-standard", "z3-highmem-88-fastlssd", "rke2", "eklet", "virtual-kubelet", "",
	} {
		if otherCloudMachine().MatchString(machine) {
			t.Errorf("%s is of another cloud", machine)
		}
	}
}
