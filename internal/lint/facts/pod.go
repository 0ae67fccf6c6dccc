package facts

import (
	"iter"
	"math"
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// pod reads what the containers of a pod ask for and the images that they run.
// more are main containers that stand outside the lists of spec.
func (r *reader) pod(d *Draft, spec *source.Node, more ...*source.Node) {
	r.shaped(spec, r.podShape())
	for _, container := range more {
		r.shaped(container, containerShape)
	}
	var sum podSum
	containers := slices.AppendSeq(slices.Clone(more), present(spec.Get("containers")))
	for _, container := range containers {
		sum.container(r.container(d, container))
	}
	for container := range present(spec.Get("initContainers")) {
		sum.initContainer(r.container(d, container), container.Get("restartPolicy").Is("Always"))
	}
	for container := range present(spec.Get("ephemeralContainers")) {
		d.image(container.Get("image"))
	}

	sum.state(d)
	if !d.GPUs.Known {
		d.GPUs = r.uncountedGPU(spec.Get("runtimeClassName"), hostPaths(spec), containers)
		d.uncounted = d.GPUs.Known
	}
	r.claims(d, spec)
	if whole := spec.Get("resources"); whole != nil {
		d.CPUCores = requestedOfPod(whole, "cpu", d.CPUCores, r.quantity)
		d.MemoryGiB = requestedOfPod(whole, "memory", d.MemoryGiB, r.memory)
		d.MemoryLimitGiB = or(r.again(r.memory, whole.At("limits", "memory")), d.MemoryLimitGiB)
	}
	overhead := spec.Get("overhead")
	d.CPUCores = plus(d.CPUCores, overhead.Get("cpu"), r.quantity)
	d.MemoryGiB = plus(d.MemoryGiB, overhead.Get("memory"), r.memory)
	d.limitMemory(plus(d.MemoryLimitGiB, overhead.Get("memory"), func(n *source.Node) Fact[float64] { return r.again(r.memory, n) }))
}

// podShape is the shape of a pod in the document.
func (r *reader) podShape() *shape {
	if r.format == otherKindName {
		return podOfOtherKindShape
	}
	return podShape
}

// plus adds what n states to a fact, if n states anything.
func plus(f Fact[float64], n *source.Node, value func(*source.Node) Fact[float64]) Fact[float64] {
	if n.IsNull() {
		return f
	}
	var sum tally
	sum.add(f)
	sum.add(value(n))
	return sum.fact()
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

// takenAway reports whether an object or an item stands in a strategic merge patch to
// be deleted.
// https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch
func takenAway(n *source.Node) bool { return n.Get("$patch").Is("delete") && !live(n) }

// ask is what one container asks for.
type ask struct {
	gpus, fpgas, cpu, memory, memoryLimit Fact[float64]
	ofClasses                             []classRequest
}

// demand adds up what containers ask for that run at the same time.
type demand struct{ gpus, fpgas, cpu, memory, memoryLimit tally }

func (d *demand) add(a ask) {
	d.cpu.add(a.cpu)
	d.memory.add(a.memory)
	d.memoryLimit.add(a.memoryLimit)
	// A container that names no device asks for none.
	if a.gpus.Known {
		d.gpus.add(a.gpus)
	}
	if a.fpgas.Known {
		d.fpgas.add(a.fpgas)
	}
}

// with returns the demand with what one more container asks for. What that leaves open is
// no part of the sums.
func (d demand) with(a ask) demand {
	return demand{
		cpu: d.cpu.with(a.cpu), memory: d.memory.with(a.memory), memoryLimit: d.memoryLimit.with(a.memoryLimit),
		gpus: d.gpus.with(a.gpus), fpgas: d.fpgas.with(a.fpgas),
	}
}

// raise makes each sum at least the other's.
func (d *demand) raise(to demand) {
	d.cpu.raise(to.cpu)
	d.memory.raise(to.memory)
	d.memoryLimit.raise(to.memoryLimit)
	d.gpus.raise(to.gpus)
	d.fpgas.raise(to.fpgas)
}

// state makes the sums those of a deployment.
func (d *demand) state(of *Draft) {
	of.GPUs, of.FPGAs = d.gpus.whole(), d.fpgas.whole()
	of.CPUCores, of.MemoryGiB = d.cpu.fact(), d.memory.fact()
	of.limitMemory(d.memoryLimit.fact())
}

// podSum adds up what the containers of a pod ask for as the scheduler does: containers and
// sidecars, which are restartable init containers, together, and at least each other init
// container with the sidecars that started before it.
// https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#resource-sharing-within-containers
type podSum struct {
	running, sidecars, starting demand
	ofClasses                   classSums
}

func (p *podSum) container(a ask) {
	p.running.add(a)
	for _, request := range a.ofClasses {
		p.ofClasses.of(request).running.add(request.number)
	}
}

// initContainer takes the init containers in their order.
func (p *podSum) initContainer(a ask, sidecar bool) {
	for _, request := range a.ofClasses {
		switch sum := p.ofClasses.of(request); {
		case sidecar:
			sum.running.add(request.number)
			sum.sidecars.add(request.number)
		default:
			sum.starting.raise(sum.sidecars.with(request.number))
		}
	}
	if sidecar {
		p.running.add(a)
		p.sidecars.add(a)
		return
	}
	p.starting.raise(p.sidecars.with(a))
}

// state makes the sums those of a deployment.
func (p *podSum) state(of *Draft) {
	all := p.running
	all.raise(p.starting)
	all.state(of)
	p.ofClasses.state(of)
}

func (r *reader) container(d *Draft, container *source.Node) ask {
	d.image(container.Get("image"))
	resources := container.Get("resources")
	a := ask{
		cpu:    requested(resources, "cpu", r.quantity),
		memory: requested(resources, "memory", r.memory),
	}
	a.memoryLimit = larger(a.memory, r.again(r.memory, resources.At("limits", "memory")))
	a.gpus, a.fpgas = r.devices(resources)
	a.ofClasses = r.classRequests(resources)
	if !a.gpus.Known || a.gpus.Value == 0 {
		if visible, _ := r.visibleGPU(container); visible.Known {
			a.gpus = visible
		}
	}
	return a
}

// requested reads the request of a resource, where there is none its limit, which
// Kubernetes then requests.
func requested(resources *source.Node, name string, value func(*source.Node) Fact[float64]) Fact[float64] {
	return either(resources.At("requests", name), resources.At("limits", name), value)
}

// requestedOfPod reads the request of a resource for a whole pod, which stands above its
// containers'; where there is none what they request together, and where they request
// none the limit of the whole pod.
// https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/#pod-level-resource-specification
func requestedOfPod(whole *source.Node, name string, containers Fact[float64], value func(*source.Node) Fact[float64]) Fact[float64] {
	if request := value(whole.At("requests", name)); request.Known {
		return request
	}
	return or(containers, value(whole.At("limits", name)))
}

// resources reads what a pod of one container asks for, where no container states it.
func (r *reader) resources(d *Draft, resources *source.Node) {
	gpus, fpgas := r.devices(resources)
	d.GPUs, d.FPGAs = roundUp(gpus), roundUp(fpgas)
	for _, request := range r.classRequests(resources) {
		d.requestOfClass(request)
	}
	d.CPUCores = requested(resources, "cpu", r.quantity)
	d.MemoryGiB = requested(resources, "memory", r.memory)
	d.limitMemory(r.again(r.memory, resources.At("limits", "memory")))
}

// again reads a value that may have been read before: what is wrong with it is reported once.
func (r *reader) again(value func(*source.Node) Fact[float64], n *source.Node) Fact[float64] {
	problems := r.problems
	defer func() { r.problems = problems }()
	return value(n)
}

// limitMemory notes what the memory may grow to, if that is more than what is counted.
func (d *Draft) limitMemory(limit Fact[float64]) {
	d.MemoryLimitGiB = Fact[float64]{}
	if limit.Known && (!d.MemoryGiB.Known || limit.Value > d.MemoryGiB.Value) {
		d.MemoryLimitGiB = limit
	}
}

// device reads the number of devices of a kind, rounded up.
func (r *reader) device(n *source.Node, kind deviceKind) Fact[float64] {
	quantity, ok := r.kubernetesQuantity(n)
	if !ok {
		return Fact[float64]{}
	}
	place := r.carry(n)
	switch {
	case (kind == gpuShare || kind == gpuPart) && !quantity.IsZero():
		place.Why = "a share of a GPU counts as one"
		return Know(1.0, place)
	case quantity.AsApproximateFloat64() > math.MaxInt32: // beyond an int64, Value is anything
		r.problem(quantitySeverity(n), n, "Write a whole number.", "invalid count %s of %s", n.Text, n.Path())
		return Fact[float64]{}
	}
	return Know(float64(quantity.Value()), place)
}

// visibleGPU reads the variable by which a container takes GPUs of its node
// without asking the scheduler: all, indexes or ids. hidden reports whether it takes none.
func (r *reader) visibleGPU(container *source.Node) (gpu Fact[float64], hidden bool) {
	var value *source.Node
	for _, variable := range container.Get("env").Elements() {
		if variable.Get("name").Is(visibleDevices) {
			value = variable.Get("value")
		}
	}
	r.shaped(value, scalarShape)
	switch text, ok := r.scalar(value); {
	case !ok:
		return Fact[float64]{}, false
	case hidesGPUs(text):
		return Fact[float64]{}, true
	}
	place := r.carry(value)
	place.Why = "NVIDIA_VISIBLE_DEVICES exposes GPUs of the node, which other pods may share"
	return Know(1.0, place), false
}

// uncountedGPU is known where a pod gets GPUs of its node without asking for a number: by
// NVIDIA's container runtime, or by device files of the host. It is not known where all
// containers hide them.
// https://docs.nvidia.com/datacenter/cloud-native/gpu-operator/latest/gpu-operator-rdma.html
func (r *reader) uncountedGPU(runtimeClass *source.Node, hostPaths, containers []*source.Node) Fact[int64] {
	if len(containers) > 0 && !slices.ContainsFunc(containers, func(container *source.Node) bool {
		_, hidden := r.visibleGPU(container)
		return !hidden
	}) {
		return Fact[int64]{}
	}
	atLeastOne := func(n *source.Node, why string) Fact[int64] {
		gpu := Know(int64(1), because(r.carry(n), atLeast+why))
		gpu.AtLeast = true
		return gpu
	}
	switch name := r.text(runtimeClass); name.Value {
	case "nvidia", "nvidia-cdi", "nvidia-legacy":
		return atLeastOne(runtimeClass, "the runtime class "+name.Value+" gives the pod GPUs of its node; their number is unknown")
	}
	for _, hostPath := range hostPaths {
		if path := r.text(hostPath); strings.HasPrefix(path.Value, "/dev/nvidia") {
			return atLeastOne(hostPath, "the device file belongs to GPUs of the node; their number is unknown")
		}
	}
	return Fact[int64]{}
}

// hostPaths returns the paths of the host that are volumes of a pod.
func hostPaths(spec *source.Node) []*source.Node {
	var paths []*source.Node
	for volume := range present(spec.Get("volumes")) {
		if path := volume.At("hostPath", "path"); !path.IsNull() {
			paths = append(paths, path)
		}
	}
	return paths
}
