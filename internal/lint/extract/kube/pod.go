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

// Pod reads the resource requests and the images of a pod's containers. more are main containers
// outside the lists of spec.
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
	if whole := spec.Get("resources"); whole != nil && !isContainer(spec) {
		d.CPUCores = requestedOfPod(whole, "cpu", d.CPUCores, r.Quantity)
		d.MemoryGiB = requestedOfPod(whole, "memory", d.MemoryGiB, r.Memory)
		d.MemoryLimitGiB = facts.Or(r.Again(r.Memory, whole.At("limits", "memory")), d.MemoryLimitGiB)
	}
	overhead := spec.Get("overhead")
	d.CPUCores = plus(d.CPUCores, overhead.Get("cpu"), r.Quantity)
	d.MemoryGiB = plus(d.MemoryGiB, overhead.Get("memory"), r.Memory)
	LimitMemory(d, plus(d.MemoryLimitGiB, overhead.Get("memory"), func(n *source.Node) facts.Fact[float64] { return r.Again(r.Memory, n) }))
}

// podShape returns the shape of pods for the format.
func (r *ObjectReader) podShape() *read.Shape {
	if r.Format == OtherKindName {
		return read.PodOfOtherKindShape
	}
	return read.PodShape
}

// plus adds the value of n to a fact. It returns the fact unchanged where n is null.
func plus(f facts.Fact[float64], n *source.Node, value func(*source.Node) facts.Fact[float64]) facts.Fact[float64] {
	if n.IsNull() {
		return f
	}
	var sum read.Sum
	sum.Add(f)
	sum.Add(value(n))
	return sum.Fact()
}

// Present yields the items of a list that are not deleted by a patch.
func Present(list *source.Node) iter.Seq[*source.Node] {
	return func(yield func(*source.Node) bool) {
		for _, item := range list.Items() {
			if !isDeletePatch(item) && !yield(item) {
				return
			}
		}
	}
}

// isDeletePatch reports whether an object or an item of a strategic merge patch is deleted by it.
// https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch
func isDeletePatch(n *source.Node) bool {
	return n.Get("$patch").Is("delete") && !placeholder.IsLive(n)
}

// ResourceRequest is the resource request of one container.
type ResourceRequest struct {
	GPUs, FPGAs, CPU, Memory, MemoryLimit facts.Fact[float64]
	ofClasses                             []classRequest
}

// RequestSum is the resource sum of containers that run at the same time.
type RequestSum struct{ gpus, fpgas, cpu, memory, memoryLimit read.Sum }

// Add adds the request of one container.
func (s *RequestSum) Add(a ResourceRequest) {
	s.cpu.Add(a.CPU)
	s.memory.Add(a.Memory)
	s.memoryLimit.Add(a.MemoryLimit)
	// Without a device request, a container gets no device.
	if a.GPUs.Known {
		s.gpus.Add(a.GPUs)
	}
	if a.FPGAs.Known {
		s.fpgas.Add(a.FPGAs)
	}
}

// AddUnknown adds containers of which nothing is known, not even their number.
func (s *RequestSum) AddUnknown() {
	for _, sum := range []*read.Sum{&s.cpu, &s.memory, &s.memoryLimit, &s.gpus, &s.fpgas} {
		sum.Add(facts.Fact[float64]{})
	}
}

// With returns the sum with the request of one more container. Resources that the container does
// not request are left out.
func (s RequestSum) With(a ResourceRequest) RequestSum {
	return RequestSum{
		cpu: s.cpu.With(a.CPU), memory: s.memory.With(a.Memory), memoryLimit: s.memoryLimit.With(a.MemoryLimit),
		gpus: s.gpus.With(a.GPUs), fpgas: s.fpgas.With(a.FPGAs),
	}
}

// Raise makes each sum at least as large as the other's.
func (s *RequestSum) Raise(to RequestSum) {
	s.cpu.Raise(to.cpu)
	s.memory.Raise(to.memory)
	s.memoryLimit.Raise(to.memoryLimit)
	s.gpus.Raise(to.gpus)
	s.fpgas.Raise(to.fpgas)
}

// State sets the sums as facts of a deployment.
func (s *RequestSum) State(of *read.Draft) {
	of.GPUs, of.FPGAs = s.gpus.Count(), s.fpgas.Count()
	of.CPUCores, of.MemoryGiB = s.cpu.Fact(), s.memory.Fact()
	LimitMemory(of, s.memoryLimit.Fact())
}

// PodSum is the resource sum of a pod, computed as the scheduler does. Containers and sidecars,
// which are restartable init containers, are added. The sum is at least that of each other init
// container and the sidecars that started before it.
// https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#resource-sharing-within-containers
type PodSum struct {
	running, sidecars, starting RequestSum
	ofClasses                   classSums
}

// Container adds the request of a main container.
func (p *PodSum) Container(a ResourceRequest) {
	p.running.Add(a)
	for _, request := range a.ofClasses {
		p.ofClasses.of(request).running.Add(request.number)
	}
}

// AddUnknown adds containers of which nothing is known, not even their number.
func (p *PodSum) AddUnknown() { p.running.AddUnknown() }

// InitContainer adds the request of an init container. Call it in the order of the list.
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

// State sets the sums as facts of a deployment.
func (p *PodSum) State(of *read.Draft) {
	all := p.running
	all.Raise(p.starting)
	all.State(of)
	p.ofClasses.state(of)
}

// Container reads a container's resource request and its image.
func (r *ObjectReader) Container(d *read.Draft, container *source.Node) ResourceRequest {
	d.Image(container.Get("image"))
	resources := container.Get("resources")
	a := ResourceRequest{
		CPU:    Requested(resources, "cpu", r.Quantity),
		Memory: Requested(resources, "memory", r.Memory),
	}
	a.MemoryLimit = read.Larger(a.Memory, r.Again(r.Memory, resources.At("limits", "memory")))
	a.GPUs, a.FPGAs = r.Devices(resources)
	a.ofClasses = r.classRequests(resources)
	if !a.GPUs.Known || a.GPUs.Value == 0 {
		if visible, _ := r.VisibleGPU(container); visible.Known {
			a.GPUs = visible
		}
	}
	return a
}

// Requested reads the request for a resource. Without a request Kubernetes uses the limit.
func Requested(resources *source.Node, name string, value func(*source.Node) facts.Fact[float64]) facts.Fact[float64] {
	return read.Either(resources.At("requests", name), resources.At("limits", name), value)
}

// requestedOfPod reads the request of a whole pod for a resource, which overrides its containers'
// requests. Without it, the sum of the containers' requests applies, else the limit of the whole
// pod.
// https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/#pod-level-resource-specification
func requestedOfPod(whole *source.Node, name string, containers facts.Fact[float64], value func(*source.Node) facts.Fact[float64]) facts.Fact[float64] {
	if request := value(whole.At("requests", name)); request.Known {
		return request
	}
	return facts.Or(containers, value(whole.At("limits", name)))
}

// Resources reads the request of a pod with one container, for formats that declare it outside the
// container.
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

// Again reads a value that may have been read before. Problems with it are reported once.
func (r *ObjectReader) Again(value func(*source.Node) facts.Fact[float64], n *source.Node) facts.Fact[float64] {
	problems := r.Problems
	defer func() { r.Problems = problems }()
	return value(n)
}

// LimitMemory records the memory limit if it exceeds the request.
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
	location := r.MarkUsed(n)
	switch {
	case (kind == read.GPUShare || kind == read.GPUPart) && !quantity.IsZero():
		location.Why = "a share of a GPU counts as one"
		return facts.Know(1.0, location)
	case quantity.AsApproximateFloat64() > math.MaxInt32: // beyond int64, Value is undefined
		r.Problem(read.QuantitySeverity(n), n, "Write a whole number.", "invalid count %s of %s", n.Text(), n.Path())
		return facts.Fact[float64]{}
	}
	return facts.Know(float64(quantity.Value()), location)
}

// VisibleGPU reads the variable with which a container gets GPUs of its node without a request:
// all, indexes or IDs. hidden reports whether the container gets none.
func (r *ObjectReader) VisibleGPU(container *source.Node) (gpu facts.Fact[float64], hidden bool) {
	var value *source.Node
	for _, variable := range container.Get("env").Items() {
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
	location := r.MarkUsed(value)
	location.Why = "NVIDIA_VISIBLE_DEVICES exposes GPUs of the node, which other pods may share"
	return facts.Know(1.0, location), false
}

// UncountedGPU is known for a pod that gets GPUs of its node without requesting a number. It gets
// them from NVIDIA's container runtime or by device files of the host. The fact is not known if all
// containers hide the GPUs.
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

// hostPaths returns the host paths of a pod's volumes.
func hostPaths(spec *source.Node) []*source.Node {
	var paths []*source.Node
	for volume := range Present(spec.Get("volumes")) {
		if path := volume.At("hostPath", "path"); !path.IsNull() {
			paths = append(paths, path)
		}
	}
	return paths
}
