package facts

import (
	"slices"
	"strings"
	"testing"
)

func TestMachineOf(t *testing.T) {
	tests := []struct {
		size string
		want machine
	}{
		{"Standard_DS3_v2", machine{vcpus: 4, memoryGiB: 14}},
		{"STANDARD_ds3_V2", machine{vcpus: 4, memoryGiB: 14}},
		{"ds3_v2", machine{vcpus: 4, memoryGiB: 14}},
		{"Standard_DS11-1_v2", machine{vcpus: 2, memoryGiB: 14}},
		{"Standard_D2_v2_Promo", machine{vcpus: 2, memoryGiB: 7}},
		{"Standard_M8-2ms", machine{vcpus: 8, memoryGiB: 218.75}},
		{"Standard_NC6", machine{vcpus: 6, memoryGiB: 56, gpus: 1}}, // retired
		{"standard_nc12_promo", machine{vcpus: 12, memoryGiB: 112, gpus: 2}},
		{"Standard_NC4as_T4_v3", machine{vcpus: 4, memoryGiB: 28, gpus: 1}},
		{"Standard_ND96isr_H100_v5", machine{vcpus: 96, memoryGiB: 1900, gpus: 8}},
		{"Standard_NCC40ads_H100_v5", machine{vcpus: 40, memoryGiB: 320, gpus: 1}},
		{"Standard_NV12ads_A10_v5", machine{vcpus: 12, memoryGiB: 110, gpus: 1}}, // a third of one
		{"Standard_NG32ads_V620_v1", machine{vcpus: 32, memoryGiB: 64, gpus: 1}},
		{"Standard_ND128isr_NDR_GB200_v6", machine{vcpus: 128, memoryGiB: 864, gpus: 1}},
		{"Standard_NP10s", machine{vcpus: 10, memoryGiB: 168, fpgas: 1}},
		{"Standard_NP40s", machine{vcpus: 40, memoryGiB: 672, fpgas: 4}},
		{"Standard_PB6s", machine{vcpus: 6, memoryGiB: 112, fpgas: 1}},

		// Not in the table: the family tells.
		{"Standard_NC4_A2", machine{gpus: 1}},
		{"nd48s_x1_v9", machine{gpus: 1}},
		{"Standard_NP80s_v2", machine{fpgas: 1}},
		{"Standard_PB24s", machine{fpgas: 1}},
		{"Standard_D4zs_v9", machine{}},
		{"Basic_A1", machine{}},
		{"Standard_H16mr", machine{}},
	}
	for _, test := range tests {
		if got, ok := machineOf(test.size); !ok || got != test.want {
			t.Errorf("machineOf(%q) = %+v, %t, want %+v", test.size, got, ok, test.want)
		}
	}
}

func TestMachineOfNoVMSize(t *testing.T) {
	for _, size := range []string{
		"", "standard_", "Standard_", "Standard_Q4s_v1", "Standard_gpu", "Standard_NC", "Standard_NC6 ", "Standard_NC6.xlarge",
		"g5.8xlarge", "m5", "p3.2xlarge", "n1-standard-4", "a2-highgpu-1g", "e2-standard-2", "nc6-large", "D4zs_v9",
		"defaultinstancetype", "gpu-large", "nvidia-a100", "gpu", "nc", "<your-vm-size>", "${SIZE}", "Standard_NC6\t6", "vm_size",
	} {
		if got, ok := machineOf(size); ok {
			t.Errorf("machineOf(%q) = %+v, want none", size, got)
		}
	}
}

func TestVMSizeTable(t *testing.T) {
	header, _, _ := strings.Cut(vmSizeTable, "\n")
	if want := "vm_size\tvcpus\tmemory_gib\tgpus\tfpgas"; header != want {
		t.Fatalf("header %q, want %q", header, want)
	}
	rows := vmSizes()
	if len(rows) < 1000 {
		t.Fatalf("%d sizes", len(rows))
	}
	if !slices.IsSortedFunc(rows, func(a, b string) int {
		a, _, _ = strings.Cut(a, "\t")
		b, _, _ = strings.Cut(b, "\t")
		return strings.Compare(strings.ToLower(a), strings.ToLower(b))
	}) {
		t.Error("not sorted by name whatever the case: sizes would not be found")
	}
	for _, row := range rows {
		name, _, _ := strings.Cut(row, "\t")
		bare := strings.TrimPrefix(strings.ToLower(name), "standard_")
		got := parseMachine(row)
		if looked, ok := machineOf(bare); !ok || looked != got {
			t.Errorf("%s is found as %+v, %t", name, looked, ok)
		}
		if got.vcpus <= 0 || got.memoryGiB <= 0 {
			t.Errorf("%s has %v vCPUs and %v GiB", name, got.vcpus, got.memoryGiB)
		}
		// The family's rule must agree about which device it is.
		var gpu, fpga bool
		switch vmFamily(bare) {
		case "nc", "ncc", "nd", "ng", "nv":
			gpu = true
		case "np", "pb":
			fpga = true
		case "":
			t.Errorf("%s has not the shape of a VM size", name)
		}
		if gpu != (got.gpus > 0) || fpga != (got.fpgas > 0) {
			t.Errorf("%s has %d GPUs and %d FPGAs", name, got.gpus, got.fpgas)
		}
		if lacking, ok := machineOf(name + "x"); !ok || (lacking.gpus > 0) != gpu || (lacking.fpgas > 0) != fpga {
			t.Errorf("%sx, which the table lacks, is %+v, %t", name, lacking, ok)
		}
	}
}

func TestVMSizeLeavesStatedDevices(t *testing.T) {
	for _, order := range []string{
		"gpus: 4, fpgas: 2, vm_size: Standard_NC6",
		"vm_size: Standard_NC6, gpus: 4, fpgas: 2",
	} {
		d := only(t, extract(t, nil, Options{}, "model.yaml",
			"apiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\nspec: {compute: {"+order+"}}\n"))
		if d.Compute.GPUs.Value != 4 || d.Compute.FPGAs.Value != 2 {
			t.Errorf("%s: %d GPUs, %d FPGAs", order, d.Compute.GPUs.Value, d.Compute.FPGAs.Value)
		}
	}
}
