package facts

import (
	"iter"
	"math"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// pod reads what the containers of a pod ask for and the images that they run.
// more are main containers that stand outside the lists of spec.
func (r *reader) pod(d *Deployment, spec *source.Node, more ...*source.Node) {
	var sum demand
	for _, container := range more {
		sum.add(r.container(d, container))
	}
	for container := range present(spec.Get("containers")) {
		sum.add(r.container(d, container))
	}
	// A restartable init container runs beside the main ones, any other before them.
	inits := present(spec.Get("initContainers"))
	for container := range inits {
		if container.Get("restartPolicy").Is("Always") {
			sum.add(r.container(d, container))
		}
	}
	for container := range inits {
		if !container.Get("restartPolicy").Is("Always") {
			sum.atLeast(r.container(d, container))
		}
	}
	for container := range present(spec.Get("ephemeralContainers")) {
		d.image(container.Get("image"))
	}

	sum.state(d)
	if whole := spec.Get("resources"); whole != nil {
		d.CPUCores = requestedOfPod(whole, "cpu", d.CPUCores, r.quantity)
		d.MemoryGiB = requestedOfPod(whole, "memory", d.MemoryGiB, r.memory)
	}
}

// present yields the items of a list but for those that a patch takes away.
func present(list *source.Node) iter.Seq[*source.Node] {
	return func(yield func(*source.Node) bool) {
		for _, item := range list.Elements() {
			if !takenAway(item) && !yield(item) {
				return
			}
		}
	}
}

// takenAway tells whether an object or an item stands in a strategic merge patch to
// be deleted.
// https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch
func takenAway(n *source.Node) bool { return n.Get("$patch").Is("delete") && !live(n) }

// demand adds up what the containers of a pod ask for.
type demand struct{ gpus, fpgas, cpu, memory tally }

// ask is what one container asks for.
type ask struct{ gpus, fpgas, cpu, memory Fact[float64] }

func (d *demand) add(a ask) {
	d.cpu.add(a.cpu)
	d.memory.add(a.memory)
	// A container that names no device asks for none.
	if a.gpus.Known {
		d.gpus.add(a.gpus)
	}
	if a.fpgas.Known {
		d.fpgas.add(a.fpgas)
	}
}

func (d *demand) atLeast(a ask) {
	d.cpu.atLeast(a.cpu)
	d.memory.atLeast(a.memory)
	d.gpus.atLeast(a.gpus)
	d.fpgas.atLeast(a.fpgas)
}

// state makes the sums those of a deployment.
func (d *demand) state(of *Deployment) {
	of.GPUs, of.FPGAs = d.gpus.whole(), d.fpgas.whole()
	of.CPUCores, of.MemoryGiB = d.cpu.fact(), d.memory.fact()
}

func (r *reader) container(d *Deployment, container *source.Node) ask {
	d.image(container.Get("image"))
	resources := container.Get("resources")
	a := ask{
		cpu:    requested(resources, "cpu", r.quantity),
		memory: requested(resources, "memory", r.memory),
	}
	a.gpus, a.fpgas = r.devices(resources)
	if !a.gpus.Known || a.gpus.Value == 0 {
		if visible := r.visibleGPU(container); visible.Known {
			a.gpus = visible
		}
	}
	return a
}

// requested reads the request of a resource, where there is none its limit, which
// Kubernetes then requests.
func requested(resources *source.Node, name string, read func(*source.Node) Fact[float64]) Fact[float64] {
	return either(resources.At("requests", name), resources.At("limits", name), read)
}

// requestedOfPod reads the request of a resource for a whole pod, which stands above its
// containers'; where there is none what they request together, and where they request
// none the limit of the whole pod.
// https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/#pod-level-resource-specification
func requestedOfPod(whole *source.Node, name string, containers Fact[float64], read func(*source.Node) Fact[float64]) Fact[float64] {
	if request := read(whole.At("requests", name)); request.Known {
		return request
	}
	return or(containers, read(whole.At("limits", name)))
}

// resources reads what a pod of one container asks for, where no container states it.
func (r *reader) resources(d *Deployment, resources *source.Node) {
	gpus, fpgas := r.devices(resources)
	d.GPUs, d.FPGAs = roundUp(gpus), roundUp(fpgas)
	d.CPUCores = requested(resources, "cpu", r.quantity)
	d.MemoryGiB = requested(resources, "memory", r.memory)
}

// devices counts the GPUs and FPGAs of a container: of each kind the larger of
// request and limit.
func (r *reader) devices(resources *source.Node) (gpus, fpgas Fact[float64]) {
	limits, requests := resources.Get("limits"), resources.Get("requests")
	var gpu, fpga tally
	count := func(name string, limit, request *source.Node) {
		device := deviceOf(name)
		if device == noDevice {
			return
		}
		most := r.device(limit, device)
		if requested := r.device(request, device); !most.Known || requested.Value > most.Value {
			most = requested
		}
		switch {
		case !most.Known:
		case device == fpgaDevice:
			fpga.add(most)
		default:
			gpu.add(most)
		}
	}
	asked := map[string]*source.Node{}
	for name, request := range entries(requests) {
		asked[name.Text] = request
	}
	for name, limit := range entries(limits) {
		count(name.Text, limit, asked[name.Text])
		delete(asked, name.Text)
	}
	for name, request := range entries(requests) {
		if _, unlimited := asked[name.Text]; unlimited {
			count(name.Text, nil, request)
		}
	}
	return gpu.fact(), fpga.fact()
}

// device reads the number of devices of a kind, rounded up.
func (r *reader) device(n *source.Node, kind deviceKind) Fact[float64] {
	quantity, ok := r.kubernetesQuantity(n)
	if !ok {
		return Fact[float64]{}
	}
	place := r.carry(n)
	switch {
	case kind == gpuShare && !quantity.IsZero():
		place.Why = "a share of a GPU counts as one"
		return Know(1.0, place)
	case quantity.AsApproximateFloat64() > math.MaxInt32: // beyond an int64, Value is anything
		r.problem(quantitySeverity(n), n, "Write a whole number.", "%s is %s, which is no number of things", n.Path(), n.Text)
		return Fact[float64]{}
	}
	return Know(float64(quantity.Value()), place)
}

type deviceKind uint8

const (
	noDevice deviceKind = iota
	gpuDevice
	// gpuShare is a part of a GPU, or some of its memory.
	gpuShare
	fpgaDevice
)

// deviceOf tells what an extended resource is by its name, which belongs to the
// device plugin that offers it.
func deviceOf(resource string) deviceKind {
	switch resource {
	case "nvidia.com/gpu", "amd.com/gpu", "gpu.intel.com/i915", "gpu.intel.com/xe", "alpha.kubernetes.io/nvidia-gpu":
		return gpuDevice
	case "nvidia.com/gpu.shared", "aliyun.com/gpu-mem":
		return gpuShare
	case catapultResource:
		return fpgaDevice
	}
	switch {
	case strings.HasPrefix(resource, "nvidia.com/mig-"):
		return gpuShare
	case strings.HasPrefix(resource, "fpga.intel.com/"), strings.HasPrefix(resource, "xilinx.com/fpga-"):
		return fpgaDevice
	}
	return noDevice
}

// visibleGPU reads the variable by which a container takes GPUs of its node
// without asking the scheduler: all, indexes or ids; none and void take none.
// https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/docker-specialized.html
func (r *reader) visibleGPU(container *source.Node) Fact[float64] {
	var value *source.Node
	for _, variable := range container.Get("env").Elements() {
		if variable.Get("name").Is("NVIDIA_VISIBLE_DEVICES") {
			value = variable.Get("value")
		}
	}
	switch text, ok := r.scalar(value); {
	case !ok, text == "", text == "none", text == "void":
		return Fact[float64]{}
	}
	place := r.carry(value)
	place.Why = "NVIDIA_VISIBLE_DEVICES takes GPUs of the node, shared with others"
	return Know(1.0, place)
}
