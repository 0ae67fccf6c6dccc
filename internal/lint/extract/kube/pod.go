package kube

import (
	"iter"
	"math"
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/placeholder"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Pod reads what the containers of a pod ask for and the images that they run.
// more are main containers that stand outside the lists of spec.
func (r *ObjectReader) Pod(d *read.Draft, spec *source.Node, more ...*source.Node) {
	r.CheckShape(spec, r.podShape())
	for _, container := range more {
		r.CheckShape(container, read.ContainerShape)
	}
	var sum PodSum
	containers := slices.AppendSeq(slices.Clone(more), Present(spec.Get("containers")))
	for _, container := range containers {
		sum.Container(r.Container(d, container))
	}
	for container := range Present(spec.Get("initContainers")) {
		sum.InitContainer(r.Container(d, container), container.Get("restartPolicy").Is("Always"))
	}
	for container := range Present(spec.Get("ephemeralContainers")) {
		d.Image(container.Get("image"))
	}

	sum.State(d)
	if !d.GPUs.Known {
		d.GPUs = r.UncountedGPU(spec.Get("runtimeClassName"), hostPaths(spec), containers)
		d.Uncounted = d.GPUs.Known
	}
	r.claims(d, spec)
	if whole := spec.Get("resources"); whole != nil {
		d.CPUCores = requestedOfPod(whole, "cpu", d.CPUCores, r.Quantity)
		d.MemoryGiB = requestedOfPod(whole, "memory", d.MemoryGiB, r.Memory)
		d.MemoryLimitGiB = facts.Or(r.Again(r.Memory, whole.At("limits", "memory")), d.MemoryLimitGiB)
	}
	overhead := spec.Get("overhead")
	d.CPUCores = plus(d.CPUCores, overhead.Get("cpu"), r.Quantity)
	d.MemoryGiB = plus(d.MemoryGiB, overhead.Get("memory"), r.Memory)
	LimitMemory(d, plus(d.MemoryLimitGiB, overhead.Get("memory"), func(n *source.Node) facts.Fact[float64] { return r.Again(r.Memory, n) }))
}

// podShape is the shape of a pod in the document.
func (r *ObjectReader) podShape() *read.Shape {
	if r.Format == OtherKindName {
		return read.PodOfOtherKindShape
	}
	return read.PodShape
}

// plus adds what n states to a fact, if n states anything.
func plus(f facts.Fact[float64], n *source.Node, value func(*source.Node) facts.Fact[float64]) facts.Fact[float64] {
	if n.IsNull() {
		return f
	}
	var sum read.Sum
	sum.Add(f)
	sum.Add(value(n))
	return sum.Fact()
}

// Present yields the items of a list but for those that a patch takes away.
func Present(list *source.Node) iter.Seq[*source.Node] {
	return func(yield func(*source.Node) bool) {
		for _, item := range list.Elements() {
			if !isDeletePatch(item) && !yield(item) {
				return
			}
		}
	}
}

// isDeletePatch reports whether an object or an item stands in a strategic merge patch to
// be deleted.
// https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch
func isDeletePatch(n *source.Node) bool {
	return n.Get("$patch").Is("delete") && !placeholder.IsLive(n)
}

// ResourceRequest is what one container asks for.
type ResourceRequest struct {
	Gpus, Fpgas, Cpu, Memory, MemoryLimit facts.Fact[float64]
	ofClasses                             []classRequest
}

// RequestSum adds up what containers ask for that run at the same time.
type RequestSum struct{ Gpus, fpgas, Cpu, Memory, MemoryLimit read.Sum }

// Add adds what one container requests.
func (d *RequestSum) Add(a ResourceRequest) {
	d.Cpu.Add(a.Cpu)
	d.Memory.Add(a.Memory)
	d.MemoryLimit.Add(a.MemoryLimit)
	// A container that names no device asks for none.
	if a.Gpus.Known {
		d.Gpus.Add(a.Gpus)
	}
	if a.Fpgas.Known {
		d.fpgas.Add(a.Fpgas)
	}
}

// With returns the demand with what one more container asks for. What that leaves open is
// no part of the sums.
func (d RequestSum) With(a ResourceRequest) RequestSum {
	return RequestSum{
		Cpu: d.Cpu.With(a.Cpu), Memory: d.Memory.With(a.Memory), MemoryLimit: d.MemoryLimit.With(a.MemoryLimit),
		Gpus: d.Gpus.With(a.Gpus), fpgas: d.fpgas.With(a.Fpgas),
	}
}

// Raise makes each sum at least the other's.
func (d *RequestSum) Raise(to RequestSum) {
	d.Cpu.Raise(to.Cpu)
	d.Memory.Raise(to.Memory)
	d.MemoryLimit.Raise(to.MemoryLimit)
	d.Gpus.Raise(to.Gpus)
	d.fpgas.Raise(to.fpgas)
}

// State makes the sums those of a deployment.
func (d *RequestSum) State(of *read.Draft) {
	of.GPUs, of.FPGAs = d.Gpus.Count(), d.fpgas.Count()
	of.CPUCores, of.MemoryGiB = d.Cpu.Fact(), d.Memory.Fact()
	LimitMemory(of, d.MemoryLimit.Fact())
}

// PodSum adds up what the containers of a pod ask for as the scheduler does: containers and
// sidecars, which are restartable init containers, together, and at least each other init
// container with the sidecars that started before it.
// https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#resource-sharing-within-containers
type PodSum struct {
	running, sidecars, starting RequestSum
	ofClasses                   classSums
}

// Container adds what a main container requests.
func (p *PodSum) Container(a ResourceRequest) {
	p.running.Add(a)
	for _, request := range a.ofClasses {
		p.ofClasses.of(request).running.Add(request.number)
	}
}

// InitContainer takes the init containers in their order.
func (p *PodSum) InitContainer(a ResourceRequest, sidecar bool) {
	for _, request := range a.ofClasses {
		switch sum := p.ofClasses.of(request); {
		case sidecar:
			sum.running.Add(request.number)
			sum.sidecars.Add(request.number)
		default:
			sum.starting.Raise(sum.sidecars.With(request.number))
		}
	}
	if sidecar {
		p.running.Add(a)
		p.sidecars.Add(a)
		return
	}
	p.starting.Raise(p.sidecars.With(a))
}

// State makes the sums those of a deployment.
func (p *PodSum) State(of *read.Draft) {
	all := p.running
	all.Raise(p.starting)
	all.State(of)
	p.ofClasses.state(of)
}

// Container reads what a container requests, and its image.
func (r *ObjectReader) Container(d *read.Draft, container *source.Node) ResourceRequest {
	d.Image(container.Get("image"))
	resources := container.Get("resources")
	a := ResourceRequest{
		Cpu:    Requested(resources, "cpu", r.Quantity),
		Memory: Requested(resources, "memory", r.Memory),
	}
	a.MemoryLimit = read.Larger(a.Memory, r.Again(r.Memory, resources.At("limits", "memory")))
	a.Gpus, a.Fpgas = r.Devices(resources)
	a.ofClasses = r.classRequests(resources)
	if !a.Gpus.Known || a.Gpus.Value == 0 {
		if visible, _ := r.VisibleGPU(container); visible.Known {
			a.Gpus = visible
		}
	}
	return a
}

// Requested reads the request of a resource, where there is none its limit, which
// Kubernetes then requests.
func Requested(resources *source.Node, name string, value func(*source.Node) facts.Fact[float64]) facts.Fact[float64] {
	return read.Either(resources.At("requests", name), resources.At("limits", name), value)
}

// requestedOfPod reads the request of a resource for a whole pod, which stands above its
// containers'; where there is none what they request together, and where they request
// none the limit of the whole pod.
// https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/#pod-level-resource-specification
func requestedOfPod(whole *source.Node, name string, containers facts.Fact[float64], value func(*source.Node) facts.Fact[float64]) facts.Fact[float64] {
	if request := value(whole.At("requests", name)); request.Known {
		return request
	}
	return facts.Or(containers, value(whole.At("limits", name)))
}

// Resources reads what a pod of one container asks for, where no container states it.
func (r *ObjectReader) Resources(d *read.Draft, resources *source.Node) {
	gpus, fpgas := r.Devices(resources)
	d.GPUs, d.FPGAs = read.RoundUp(gpus), read.RoundUp(fpgas)
	for _, request := range r.classRequests(resources) {
		requestOfClass(d, request)
	}
	d.CPUCores = Requested(resources, "cpu", r.Quantity)
	d.MemoryGiB = Requested(resources, "memory", r.Memory)
	LimitMemory(d, r.Again(r.Memory, resources.At("limits", "memory")))
}

// Again reads a value that may have been read before: what is wrong with it is reported once.
func (r *ObjectReader) Again(value func(*source.Node) facts.Fact[float64], n *source.Node) facts.Fact[float64] {
	problems := r.Problems
	defer func() { r.Problems = problems }()
	return value(n)
}

// LimitMemory notes what the memory may grow to, if that is more than what is counted.
func LimitMemory(d *read.Draft, limit facts.Fact[float64]) {
	d.MemoryLimitGiB = facts.Fact[float64]{}
	if limit.Known && (!d.MemoryGiB.Known || limit.Value > d.MemoryGiB.Value) {
		d.MemoryLimitGiB = limit
	}
}

// Device reads the number of devices of a kind, rounded up.
func (r *ObjectReader) Device(n *source.Node, kind read.DeviceKind) facts.Fact[float64] {
	quantity, ok := r.KubernetesQuantity(n)
	if !ok {
		return facts.Fact[float64]{}
	}
	place := r.MarkUsed(n)
	switch {
	case (kind == read.GPUShare || kind == read.GPUPart) && !quantity.IsZero():
		place.Why = "a share of a GPU counts as one"
		return facts.Know(1.0, place)
	case quantity.AsApproximateFloat64() > math.MaxInt32: // beyond an int64, Value is anything
		r.Problem(read.QuantitySeverity(n), n, "Write a whole number.", "invalid count %s of %s", n.Text, n.Path())
		return facts.Fact[float64]{}
	}
	return facts.Know(float64(quantity.Value()), place)
}

// VisibleGPU reads the variable by which a container takes GPUs of its node
// without asking the scheduler: all, indexes or ids. hidden reports whether it takes none.
func (r *ObjectReader) VisibleGPU(container *source.Node) (gpu facts.Fact[float64], hidden bool) {
	var value *source.Node
	for _, variable := range container.Get("env").Elements() {
		if variable.Get("name").Is(VisibleDevices) {
			value = variable.Get("value")
		}
	}
	r.CheckShape(value, read.ScalarShape)
	switch text, ok := r.Scalar(value); {
	case !ok:
		return facts.Fact[float64]{}, false
	case HidesGPUs(text):
		return facts.Fact[float64]{}, true
	}
	place := r.MarkUsed(value)
	place.Why = "NVIDIA_VISIBLE_DEVICES exposes GPUs of the node, which other pods may share"
	return facts.Know(1.0, place), false
}

// UncountedGPU is known where a pod gets GPUs of its node without asking for a number: by
// NVIDIA's container runtime, or by device files of the host. It is not known where all
// containers hide them.
// https://docs.nvidia.com/datacenter/cloud-native/gpu-operator/latest/gpu-operator-rdma.html
func (r *ObjectReader) UncountedGPU(runtimeClass *source.Node, hostPaths, containers []*source.Node) facts.Fact[int64] {
	if len(containers) > 0 && !slices.ContainsFunc(containers, func(container *source.Node) bool {
		_, hidden := r.VisibleGPU(container)
		return !hidden
	}) {
		return facts.Fact[int64]{}
	}
	atLeastOne := func(n *source.Node, why string) facts.Fact[int64] {
		gpu := facts.Know(int64(1), facts.Because(r.MarkUsed(n), read.AtLeast+why))
		gpu.AtLeast = true
		return gpu
	}
	switch name := r.Text(runtimeClass); name.Value {
	case "nvidia", "nvidia-cdi", "nvidia-legacy":
		return atLeastOne(runtimeClass, "the runtime class "+name.Value+" gives the pod GPUs of its node; their number is unknown")
	}
	for _, hostPath := range hostPaths {
		if path := r.Text(hostPath); strings.HasPrefix(path.Value, "/dev/nvidia") {
			return atLeastOne(hostPath, "the device file belongs to GPUs of the node; their number is unknown")
		}
	}
	return facts.Fact[int64]{}
}

// hostPaths returns the paths of the host that are volumes of a pod.
func hostPaths(spec *source.Node) []*source.Node {
	var paths []*source.Node
	for volume := range Present(spec.Get("volumes")) {
		if path := volume.At("hostPath", "path"); !path.IsNull() {
			paths = append(paths, path)
		}
	}
	return paths
}
