package kube

import (
	_ "embed"
	"path"
	"strings"
	"sync"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// DeviceTable holds extended resources and device classes by glob patterns (path.Match).
// The first pattern that matches decides. Accelerators that are neither GPU nor FPGA, such
// as Gaudi (habana.ai/gaudi), TPU (google.com/tpu), Neuron (aws.amazon.com/neuron) and
// Ascend (huawei.com/Ascend910), are left out.
//
// References: docs.nvidia.com/datacenter/cloud-native (device plugin, KubeVirt device plugin,
// DRA driver), instinct.docs.amd.com/projects/k8s-device-plugin, intel.github.io/intel-device-plugins-for-kubernetes,
// project-hami.io, volcano.sh, koordinator.sh, github.com/Xilinx/FPGA_as_a_Service.
//
//go:embed devices.tsv
var DeviceTable string

// devicePattern is a row of DeviceTable.
type devicePattern struct {
	Kind     read.DeviceKind
	Resource string
}

// DevicePatterns are the rows of DeviceTable.
var DevicePatterns = sync.OnceValue(func() []devicePattern {
	var patterns []devicePattern
	for row := range read.Rows(DeviceTable) {
		patterns = append(patterns, devicePattern{deviceKindOf(row[0]), row[1]})
	}
	return patterns
})

// deviceKindOf returns the kind for a word of DeviceTable.
func deviceKindOf(word string) read.DeviceKind {
	switch word {
	case "gpu":
		return read.GPUDevice
	case "gpu-share":
		return read.GPUShare
	case "gpu-part":
		return read.GPUPart
	case "fpga":
		return read.FPGADevice
	}
	return read.NoDevice
}

// DeviceOf returns the kind of an extended resource by its name. The device plugin that provides
// the resource defines the name. The configuration decides on resources that DeviceTable lacks; why
// is then the reason.
func (r *ObjectReader) DeviceOf(resource string) (kind read.DeviceKind, why string) {
	if !strings.Contains(resource, "/") { // cpu, memory
		return read.NoDevice, ""
	}
	for _, pattern := range DevicePatterns() {
		if match, _ := path.Match(pattern.Resource, resource); match {
			return pattern.Kind, ""
		}
	}
	if r.Lists.Device == nil {
		return read.NoDevice, ""
	}
	configured := r.Lists.Device(resource)
	return deviceKindOf(string(configured.Value)), configured.Location.Why
}

// Devices returns the GPUs and FPGAs of a container. The larger of request and limit counts for
// each resource.
func (r *ObjectReader) Devices(resources *source.Node) (gpus, fpgas facts.Fact[float64]) {
	var gpu, fpga read.Sum
	var part facts.Fact[float64] // resources for parts may be of the same GPU
	for _, resource := range resourcesOf(resources) {
		device, why := r.DeviceOf(resource.name)
		if device == read.NoDevice {
			continue
		}
		most := read.Larger(r.Device(resource.limit, device), r.Device(resource.request, device))
		if !most.Known {
			continue
		}
		if why != "" {
			most.Location.Why = why
		}
		switch device {
		case read.FPGADevice:
			fpga.Add(most)
		case read.GPUPart:
			part = read.Larger(part, most)
		default:
			gpu.Add(most)
		}
	}
	return read.Larger(gpu.Fact(), part), fpga.Fact()
}

// resource has the limit and the request of a container for one resource, nil where not set.
type resource struct {
	name           string
	limit, request *source.Node
}

// resourcesOf returns the resources of a container: those with a limit before those with a request only.
func resourcesOf(resources *source.Node) []resource {
	requests := map[string]*source.Node{}
	for name, request := range resources.Get("requests").Pairs() {
		requests[name.Text()] = request
	}
	var all []resource
	for name, limit := range resources.Get("limits").Pairs() {
		all = append(all, resource{name.Text(), limit, requests[name.Text()]})
		delete(requests, name.Text())
	}
	for name, request := range resources.Get("requests").Pairs() {
		if _, unlimited := requests[name.Text()]; unlimited {
			all = append(all, resource{name.Text(), nil, request})
		}
	}
	return all
}

// VisibleDevices is the environment variable with which NVIDIA's runtime selects GPUs.
const VisibleDevices = "NVIDIA_VISIBLE_DEVICES"

// HidesGPUs reports whether a value of NVIDIA_VISIBLE_DEVICES selects no GPU.
// https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/docker-specialized.html
func HidesGPUs(value string) bool {
	switch strings.TrimSpace(value) {
	case "", "none", "void":
		return true
	}
	return false
}
