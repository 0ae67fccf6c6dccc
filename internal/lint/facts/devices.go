package facts

import (
	_ "embed"
	"path"
	"strings"
	"sync"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Device is a kind of accelerator that a configuration can name.
type Device string

// The devices.
const (
	GPU  Device = "gpu"
	FPGA Device = "fpga"
)

// Values lists the devices.
func (Device) Values() []string { return []string{string(GPU), string(FPGA)} }

// deviceKind is what an extended resource of Kubernetes offers.
type deviceKind uint8

const (
	noDevice deviceKind = iota
	gpuDevice
	// gpuShare is a slice of a GPU or a GPU that several pods share. Any number of them counts as one GPU.
	gpuShare
	// gpuPart is memory or cores of a GPU. It says that there is a GPU, and is no GPU beside those that are counted.
	gpuPart
	fpgaDevice
)

// deviceTable holds extended resources and device classes by glob patterns (path.Match).
// The first pattern that matches decides. Accelerators that are neither GPU nor FPGA, such
// as Gaudi (habana.ai/gaudi), TPU (google.com/tpu), Neuron (aws.amazon.com/neuron) and
// Ascend (huawei.com/Ascend910), are left out.
//
// References: docs.nvidia.com/datacenter/cloud-native (device plugin, KubeVirt device plugin,
// DRA driver), instinct.docs.amd.com/projects/k8s-device-plugin, intel.github.io/intel-device-plugins-for-kubernetes,
// project-hami.io, volcano.sh, koordinator.sh, github.com/Xilinx/FPGA_as_a_Service.
//
//go:embed devices.tsv
var deviceTable string

// devicePattern is a row of deviceTable.
type devicePattern struct {
	kind     deviceKind
	resource string
}

var devicePatterns = sync.OnceValue(func() []devicePattern {
	var patterns []devicePattern
	for row := range rowsOf(deviceTable) {
		patterns = append(patterns, devicePattern{deviceKindOf(row[0]), row[1]})
	}
	return patterns
})

// deviceKindOf returns the kind that a word of deviceTable means.
func deviceKindOf(word string) deviceKind {
	switch word {
	case "gpu":
		return gpuDevice
	case "gpu-share":
		return gpuShare
	case "gpu-part":
		return gpuPart
	case "fpga":
		return fpgaDevice
	}
	return noDevice
}

// rowsOf yields the rows of an embedded table after its heading, cut into cells.
func rowsOf(table string) func(yield func(row []string) bool) {
	return func(yield func(row []string) bool) {
		_, rows, _ := strings.Cut(table, "\n")
		for row := range strings.Lines(rows) {
			if !yield(strings.Split(strings.TrimSuffix(row, "\n"), "\t")) {
				return
			}
		}
	}
}

// deviceOf returns what an extended resource is by its name, which belongs to the device
// plugin that offers it. Resources that deviceTable lacks are what the configuration says;
// why says so.
func (r *reader) deviceOf(resource string) (kind deviceKind, why string) {
	if !strings.Contains(resource, "/") { // cpu, memory
		return noDevice, ""
	}
	for _, pattern := range devicePatterns() {
		if match, _ := path.Match(pattern.resource, resource); match {
			return pattern.kind, ""
		}
	}
	if r.lists.Device == nil {
		return noDevice, ""
	}
	said := r.lists.Device(resource)
	return deviceKindOf(string(said.Value)), said.Place.Why
}

// devices counts the GPUs and FPGAs of a container: of each resource the larger of
// request and limit.
func (r *reader) devices(resources *source.Node) (gpus, fpgas Fact[float64]) {
	limits, requests := resources.Get("limits"), resources.Get("requests")
	var gpu, part, fpga tally
	count := func(name string, limit, request *source.Node) {
		device, why := r.deviceOf(name)
		if device == noDevice {
			return
		}
		most := r.device(limit, device)
		if requested := r.device(request, device); !most.Known || requested.Value > most.Value {
			most = requested
		}
		if !most.Known {
			return
		}
		if why != "" {
			most.Place.Why = why
		}
		switch device {
		case fpgaDevice:
			fpga.add(most)
		case gpuPart:
			if of := (tally{}).with(most); len(part.parts) == 0 {
				part = of
			} else {
				part.raise(of)
			}
		default:
			gpu.add(most)
		}
	}
	asked := map[string]*source.Node{}
	for name, request := range requests.Pairs() {
		asked[name.Text] = request
	}
	for name, limit := range limits.Pairs() {
		count(name.Text, limit, asked[name.Text])
		delete(asked, name.Text)
	}
	for name, request := range requests.Pairs() {
		if _, unlimited := asked[name.Text]; unlimited {
			count(name.Text, nil, request)
		}
	}
	gpus = gpu.fact()
	if parts := part.fact(); !gpus.Known || parts.Value > gpus.Value {
		gpus = parts
	}
	return gpus, fpga.fact()
}
