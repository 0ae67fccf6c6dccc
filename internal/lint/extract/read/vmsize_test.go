package read

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
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
		{"Standard_DS1_v2", machine{vcpus: 1, memoryGiB: 3.5}},
		{"Standard_B1s", machine{vcpus: 1, memoryGiB: 1}},
		{"Standard_A1_v2", machine{vcpus: 1, memoryGiB: 2}},
		{"Standard_D2_v2_Promo", machine{vcpus: 2, memoryGiB: 7}},
		{"Standard_M8-2ms", machine{vcpus: 8, memoryGiB: 218.75}},
		{"Standard_NC6", machine{vcpus: 6, memoryGiB: 56, gpus: 1}}, // retired
		{"standard_nc12_promo", machine{vcpus: 12, memoryGiB: 112, gpus: 2}},
		{"Standard_NC4as_T4_v3", machine{vcpus: 4, memoryGiB: 28, gpus: 1}},
		{"Standard_ND96isr_H100_v5", machine{vcpus: 96, memoryGiB: 1900, gpus: 8}},
		{"Standard_NCC40ads_H100_v5", machine{vcpus: 40, memoryGiB: 320, gpus: 1}},
		{"Standard_NV12ads_A10_v5", machine{vcpus: 12, memoryGiB: 110, gpus: 1}}, // a third of one
		{"Standard_NG32ads_V620_v1", machine{vcpus: 32, memoryGiB: 64, gpus: 1}},
		{"Standard_ND128isr_NDR_GB200_v6", machine{vcpus: 128, memoryGiB: 864, gpus: 4}},
		{"Standard_ND128isr_GB300_v6", machine{vcpus: 128, memoryGiB: 864, gpus: 4}},
		{"Standard_ND96is_MI300X_v5", machine{vcpus: 96, memoryGiB: 1850, gpus: 8}},
		{"standard_nd96is_h100_v5", machine{vcpus: 96, memoryGiB: 1900, gpus: 8}},
		{"Standard_NP10s", machine{vcpus: 10, memoryGiB: 168, fpgas: 1}},
		{"Standard_NP40s", machine{vcpus: 40, memoryGiB: 672, fpgas: 4}},
		{"Standard_PB6s", machine{vcpus: 6, memoryGiB: 112, fpgas: 1}},

		// Not in the table: the family tells.
		{"Standard_NC4_A2", machine{gpus: 1, ofFamily: true}},
		{"nd48s_x1_v9", machine{gpus: 1, ofFamily: true}},
		{"Standard_NP80s_v2", machine{fpgas: 1, ofFamily: true}},
		{"Standard_PB24s", machine{fpgas: 1, ofFamily: true}},
		{"Standard_D4zs_v9", machine{}},
		{"Basic_A1", machine{}},
		{"Standard_H32mr", machine{}},
	}
	for _, test := range tests {
		if got, ok := MachineOf(test.size); !ok || got != test.want {
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
		if got, ok := MachineOf(size); ok {
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
		if looked, ok := MachineOf(bare); !ok || looked != got {
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
		if lacking, ok := MachineOf(name + "x"); !ok || (lacking.gpus > 0) != gpu || (lacking.fpgas > 0) != fpga {
			t.Errorf("%sx, which the table lacks, is %+v, %t", name, lacking, ok)
		}
	}
}

// vmSeries takes the name of a VM size apart: the letters, the number, the number of vCPUs
// that a constrained size keeps, and the rest.
var vmSeries = regexp.MustCompile(`^standard_([a-z]+)(\d+)(-\d+)?(.*)$`)

// A series has the sizes between its smallest and its largest: those that double, and
// those that Azure numbers.
func TestVMSizeTableHasNoHoles(t *testing.T) {
	numbered := map[string][]int{
		"a ": {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, "a _v2": {1, 2, 4, 8}, "a m_v2": {2, 4, 8},
		"d ": {1, 2, 3, 4, 11, 12, 13, 14}, "d _v2": {1, 2, 3, 4, 5, 11, 12, 13, 14, 15},
		"ds ": {1, 2, 3, 4, 11, 12, 13, 14}, "ds _v2": {1, 2, 3, 4, 5, 11, 12, 13, 14, 15},
		"f ": {1, 2, 4, 8, 16}, "f s": {1, 2, 4, 8, 16}, "g ": {1, 2, 3, 4, 5}, "gs ": {1, 2, 3, 4, 5},
		"b ls": {1}, "b s": {1, 2}, "b ms": {1, 2, 4, 8, 12, 16, 20}, "b ts_v2": {2}, "b ats_v2": {2}, "b pts_v2": {2},
		"dc s": {2, 4}, "dc s_v2": {1, 2, 4}, "dc _v2": {8}, "dc s_v3": {1, 2, 4, 8, 16, 24, 32, 48}, "dc ds_v3": {1, 2, 4, 8, 16, 24, 32, 48},
		"h ": {8, 16}, "h m": {8, 16}, "h r": {16}, "h mr": {16}, "hb rs": {60},
		"nv ads_a10_v5": {6, 12, 18, 36, 72}, "nv ads_v710_v5": {4, 8, 12, 24}, "nc lds_xl_rtxpro6000bse_v6": {24, 36, 72, 144, 288},
		"fx mds":      {4, 12, 24, 36, 48},
		"nc as_t4_v3": {4, 8, 16, 64}, "nc ds_xl_rtxpro6000bse_v6": {36, 72, 144, 288}, "ec eds_v5": {2, 4, 8, 16, 32, 48, 64, 128}, "ec es_v5": {2, 4, 8, 16, 32, 48, 64, 128},
	}
	sizes := map[string]map[int]machine{}
	constrained := map[string]machine{}
	for _, row := range vmSizes() {
		name, _, _ := strings.Cut(strings.ToLower(row), "\t")
		parts := vmSeries.FindStringSubmatch(name)
		if parts == nil {
			t.Fatalf("%s has another form", name)
		}
		if parts[3] != "" {
			constrained[strings.Replace(name, parts[3], "", 1)] = parseMachine(row)
			if of, ok := MachineOf(strings.Replace(name, parts[3], "", 1)); !ok || of != parseMachine(row) {
				t.Errorf("%s keeps vCPUs of what is %+v and is %+v itself", name, of, parseMachine(row))
			}
			continue
		}
		number, err := strconv.Atoi(parts[2])
		if err != nil {
			t.Fatal(err)
		}
		series := parts[1] + " " + parts[4]
		if sizes[series] == nil {
			sizes[series] = map[int]machine{}
		}
		sizes[series][number] = parseMachine(row)
	}
	if len(sizes) < 200 || len(constrained) < 50 {
		t.Fatalf("%d series, %d constrained sizes", len(sizes), len(constrained))
	}
	for series, of := range sizes {
		have := slices.Sorted(maps.Keys(of))
		if want, known := numbered[series]; known {
			if !slices.Equal(have, want) {
				t.Errorf("%s: %v, want %v", series, have, want)
			}
			continue
		}
		for size := have[0]; size < min(have[len(have)-1], 64); size *= 2 {
			if _, ok := of[size]; !ok {
				t.Errorf("%s: %v lacks %d", series, have, size)
			}
		}
		for i, size := range have[1:] {
			if of[size].vcpus < of[have[i]].vcpus || of[size].memoryGiB < of[have[i]].memoryGiB {
				t.Errorf("%s: %d has less than %d", series, size, have[i])
			}
		}
	}
	for series := range numbered {
		if sizes[series] == nil {
			t.Errorf("no size of the series %s", series)
		}
	}
}
