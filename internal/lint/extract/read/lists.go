package read

import (
	_ "embed"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
)

// Device is a kind of accelerator that a configuration can declare.
type Device string

// The devices.
const (
	GPU  Device = "gpu"
	FPGA Device = "fpga"
)

// Values lists the devices.
func (Device) Values() []string { return []string{string(GPU), string(FPGA)} }

// DeviceKind is what an extended resource of Kubernetes offers.
type DeviceKind uint8

const (
	NoDevice DeviceKind = iota
	GPUDevice
	// GPUShare is a slice of a GPU or a GPU that several pods share. Any number of them counts as one GPU.
	GPUShare
	// GPUPart is memory or cores of a GPU. It is evidence of a GPU, and does not add to the number of GPUs.
	GPUPart
	FPGADevice
)

// Lists are additions to the lists that are kept as data. Each function may be nil.
type Lists struct {
	// Device returns what an extended resource of Kubernetes, or a device class as
	// deviceclass.resource.kubernetes.io/CLASS, is, with the evidence in its location.
	Device func(resource string) facts.Fact[Device]
	// ModelServers are further images of model servers.
	ModelServers []ModelServer
	// NoModelServers is set if images are not evidence of a workload.
	NoModelServers bool
	// Targets are the ids of rows of loaded editions that are not among the values of Target.
	Targets []facts.Target
}

// ModelServer is an image that serves models. Its repository ends in the path components of
// Repository, so that mirrors count; each is a pattern (path.Match).
type ModelServer struct {
	Repository string
	// Start are the words of a command that starts the server.
	Start []string
	// ExcludedTags are patterns (path.Match) of tags of other images.
	ExcludedTags []string
	// Why is the evidence for an image that is not in the list of mlpolicy.
	Why string
}
