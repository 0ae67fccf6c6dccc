package iotedge

import (
	"bytes"
	"cmp"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/placeholder"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// createOptions has Docker's options for a module's container, in the structure of the Docker
// Engine API. Names are matched without case, as in the agent.
// https://docs.docker.com/reference/api/engine/version/v1.47/#tag/Container/operation/ContainerCreate
type createOptions struct {
	root   *source.Node  // nil if there are no options to read
	inner  *moduleReader // of root
	outer  *moduleReader // of the document; the same as inner if root is part of the document
	chunks []chunk       // the strings that make up the text of root, in order; empty if root is part of the document
	unread bool          // there are options that cannot be read or are not rendered yet

	// kubernetesGPUs and kubernetesFPGAs are the resource request on Kubernetes.
	kubernetesGPUs, kubernetesFPGAs facts.Fact[float64]
}

// chunk is one of the strings into which long create options are split.
type chunk struct {
	node   *source.Node
	number int // 0 for createOptions, 1 for createOptions01
	start  int // offset of its text in root's file, in bytes
}

var createOptionsShape = read.FoldedOf(map[string]*read.Shape{
	"hostconfig": read.FoldedOf(map[string]*read.Shape{
		"devices": read.ListOf(read.MappingShape), "devicerequests": read.ListOf(read.MappingShape), "binds": read.ListOf(read.ScalarShape), "mounts": read.ListOf(read.MappingShape),
		"runtime": read.ScalarShape,
	}),
	"env": read.ListOf(read.ScalarShape), "labels": read.MappingShape,
	"k8s-experimental": read.Under(read.ResourcesShape, "resources"),
})

// createOptions reads the create options of a module. In templates they are a mapping. On the
// device they are JSON in a string or in several: createOptions, createOptions01 and so on.
func (r *moduleReader) createOptions(settings *source.Node) *createOptions {
	o := &createOptions{inner: r, outer: r}
	o.find(settings)
	o.inner.CheckShape(o.root, createOptionsShape)
	o.kubernetesGPUs, o.kubernetesFPGAs = o.inner.Devices(o.resources())
	return o
}

// find searches the settings of a module for the options.
func (o *createOptions) find(settings *source.Node) {
	for key, value := range settings.Pairs() {
		number, ok := chunkNumber(key.Text())
		if !ok {
			o.unread = o.unread || placeholder.InText(key.Text()) // such as <create options>
			continue
		}
		if number == 0 && value.Kind == source.Mapping {
			o.root, o.chunks = value, nil
			return
		}
		o.chunks = append(o.chunks, chunk{node: value, number: number})
	}
	slices.SortStableFunc(o.chunks, func(a, b chunk) int { return cmp.Compare(a.number, b.number) })
	var text bytes.Buffer
	for i := range o.chunks {
		o.chunks[i].start = text.Len()
		if o.chunks[i].node.Kind >= source.Sequence {
			o.outer.ReportShape(o.chunks[i].node, read.MappingShape)
		}
		part, ok := o.chunks[i].node.Scalar()
		o.unread = o.unread || !ok && !o.chunks[i].node.IsNull()
		text.WriteString(part)
	}
	o.parse(text.Bytes())
}

// chunkNumber parses the number of a chunk from its key, 0 for the first.
func chunkNumber(key string) (number int, ok bool) {
	const first = "createOptions"
	if len(key) < len(first) || !strings.EqualFold(key[:len(first)], first) {
		return 0, false
	}
	if key = key[len(first):]; key == "" {
		return 0, true
	}
	unsigned, err := strconv.ParseUint(key, 10, 31)
	return int(unsigned), err == nil
}

// parse reads the text of the chunks. The agent accepts more than JSON, such as single quotes, and
// a template has placeholders. Text that still cannot be read is a problem.
func (o *createOptions) parse(text []byte) {
	if text = bytes.TrimRight(text, " \t\r\n"); len(text) == 0 || string(text) == "null" {
		return
	}
	file := source.Parse("createOptions.json", text)
	if len(file.Problems) == 0 && len(file.Documents) == 1 && file.Documents[0].Root.Kind == source.Mapping {
		o.root = file.Documents[0].Root
		o.inner = newReader(&read.Reader{Format: o.outer.Format, Root: o.root, Lists: o.outer.Lists})
		return
	}
	o.unread = true
	list := len(file.Problems) == 0 && len(file.Documents) == 1 && file.Documents[0].Root.Kind == source.Sequence
	if !list && placeholder.InText(string(text)) || read.ContainsAny(text, []string{"{{", "{%"}) { // [x] is a placeholder too
		return
	}
	first := o.chunks[0].node
	if len(file.Problems) == 0 {
		o.outer.Problem(facts.Warning, first, "Write one JSON object; otherwise IoT Edge cannot create the module.",
			"%s must contain a JSON object", first.Path())
		return
	}
	o.outer.Problem(facts.Warning, first, "Write one JSON object; otherwise IoT Edge cannot create the module.",
		"%s is not valid JSON: %s", first.Path(), strings.Replace(file.Problems[0].Message, "the file", "it", 1))
}

// location returns the location of an option in the document. For options in a string, it is the string,
// and why begins with the path inside it.
func (o *createOptions) location(p facts.Location) facts.Location {
	if o.inner == o.outer || p.Node == nil {
		return p
	}
	offset := p.Node.Span().Start.Offset
	at, exact := slices.BinarySearchFunc(o.chunks, offset, func(c chunk, offset int) int { return cmp.Compare(c.start, offset) })
	if !exact {
		at--
	}
	// Chunks with the same start are empty, except for the last.
	for at+1 < len(o.chunks) && o.chunks[at+1].start == o.chunks[at].start {
		at++
	}
	moved := o.outer.MarkUsed(o.chunks[at].node)
	moved.Why = p.Node.Path() + " in createOptions"
	if p.Why != "" {
		moved.Why += ": " + p.Why
	}
	for _, related := range p.Related {
		moved.Related = append(moved.Related, o.location(related))
	}
	return moved
}

// moved returns a fact of the options with its location in the document.
func moved[T any](o *createOptions, f facts.Fact[T]) facts.Fact[T] {
	if f.Known {
		f.Location = o.location(f.Location)
	}
	return f
}

// close adds the problems of the options to the document's reader.
func (o *createOptions) close() {
	if o.inner == o.outer {
		return
	}
	for _, problem := range o.inner.Problems {
		problem.Location = o.location(problem.Location)
		problem.Message = problem.Location.Node.Path() + ": " + problem.Message
		o.outer.Problems = append(o.outer.Problems, problem)
	}
	o.inner.Problems = nil
}

func (o *createOptions) host(key string) *source.Node {
	return o.root.GetFold("HostConfig").GetFold(key)
}

// resources returns the resource requirements of a module on Kubernetes.
// https://github.com/Azure/iotedge/blob/release/1.1-k8s-preview/kubernetes/doc/create-options.md
func (o *createOptions) resources() *source.Node {
	return o.root.GetFold("k8s-experimental").Get("resources")
}

// cores reads a limit in billionths of a core; 0 means unlimited.
func (o *createOptions) cores() facts.Fact[float64] {
	limit := o.host("NanoCpus")
	if limit.IsNull() || limit.Is("0") {
		return moved(o, kube.Requested(o.resources(), "cpu", o.inner.Quantity))
	}
	cores := moved(o, o.inner.Number(limit))
	cores.Value /= 1e9
	return cores
}

// memory reads a limit in bytes; 0 means unlimited.
func (o *createOptions) memory() facts.Fact[float64] {
	limit := o.host("Memory")
	if limit.IsNull() || limit.Is("0") {
		return moved(o, kube.Requested(o.resources(), "memory", o.inner.Memory))
	}
	memory := moved(o, o.inner.Number(limit))
	memory.Value /= read.BytesPerGiB
	return memory
}

// labels reads the labels of the container.
func (o *createOptions) labels(d *read.Draft) {
	labels := o.root.GetFold("Labels")
	d.Labels = read.AddLabels(nil, labels)
	for key, label := range d.Labels {
		d.Labels[key] = moved(o, label)
	}
	declared := o.inner.Declared(labels)
	if declared == nil {
		return
	}
	declared.Location = o.location(declared.Location)
	declared.Workload, declared.Stage, declared.Target = moved(o, declared.Workload), moved(o, declared.Stage), moved(o, declared.Target)
	declared.Designer = moved(o, declared.Designer)
	for _, model := range declared.Models {
		model.Location = o.location(model.Location)
		model.SizeBytes, model.SizeSource = moved(o, model.SizeBytes), moved(o, model.SizeSource)
	}
	d.Declared = append(d.Declared, declared)
}

// deviceFiles yields the host's device files that the container gets.
func (o *createOptions) deviceFiles(yield func(path string, node *source.Node) bool) {
	for _, device := range o.host("Devices").Items() {
		node := device.GetFold("PathOnHost")
		if path, ok := node.Scalar(); ok && !yield(path, node) {
			return
		}
	}
}

// catapult is the path prefix of a Data Box Edge's FPGA. catapultResource is the name in its device
// plugin.
// https://learn.microsoft.com/azure/databox-online/azure-stack-edge-gpu-modify-fpga-modules-gpu#compute-acceleration-usage
const (
	catapult         = "/dev/catapult"
	catapultResource = "microsoft.com/fpga_catapult"
)

// fpgas returns the number of FPGA device files that the container gets.
func (o *createOptions) fpgas() facts.Fact[int64] {
	var files read.Sum
	for path, node := range o.deviceFiles {
		if strings.HasPrefix(path, catapult) {
			files.Add(facts.Know(1.0, facts.Because(o.inner.MarkUsed(node), "it is the FPGA of a Data Box Edge")))
		}
	}
	fpgas := files.Count()
	if requested := o.kubernetesFPGAs; requested.Known && requested.Value > float64(fpgas.Value) {
		fpgas = read.RoundUp(requested)
	}
	return moved(o, fpgas)
}

// dataBoxEdge returns the location of evidence that the device is a Data Box Edge: its FPGA, or a
// local share mounted at its path. It returns the zero Location if there is none.
func (o *createOptions) dataBoxEdge() facts.Location {
	for path, node := range o.deviceFiles {
		if strings.HasPrefix(path, catapult) {
			return o.location(facts.Because(o.inner.MarkUsed(node), "it is the FPGA of a Data Box Edge"))
		}
	}
	for _, key := range []string{"limits", "requests"} {
		if node := o.resources().At(key, catapultResource); !node.IsNull() {
			return o.location(facts.Because(o.inner.MarkUsed(node), "it is the FPGA of a Data Box Edge"))
		}
	}
	for path, node := range o.mounted {
		if strings.HasPrefix(path+"/", "/home/hcsshares/") {
			return o.location(facts.Because(o.inner.MarkUsed(node), "the path is a share of a Data Box Edge"))
		}
	}
	return facts.Location{}
}

// gpus returns the number of GPUs of the module, the largest for which there is evidence. env is
// the module's own environment.
func (o *createOptions) gpus(env *source.Node) facts.Fact[int64] {
	var all facts.Fact[int64]
	consider := func(gpus facts.Fact[float64]) {
		if gpus.Known && (!all.Known || int64(gpus.Value) > all.Value) {
			all = facts.Convert(gpus, func(number float64) int64 { return int64(number) })
		}
	}
	for _, evidence := range []facts.Fact[float64]{o.requestedGPUs(), o.kubernetesGPUs, o.deviceGPUs()} {
		consider(moved(o, evidence))
	}
	visible, off := o.visibleGPU(env)
	consider(visible)
	if !off {
		consider(moved(o, o.runtimeGPU()))
	}
	consider(moved(o, o.windowsGPU()))
	if selection := o.selectsGPU(env); selection.Node != nil {
		consider(o.displayGPU(selection))
	}
	return all
}

// runtimeGPU is known if the container runs under NVIDIA's runtime, which gives it the GPUs of the
// device.
func (o *createOptions) runtimeGPU() facts.Fact[float64] {
	runtime := o.inner.Text(o.host("Runtime"))
	if !strings.EqualFold(runtime.Value, "nvidia") {
		return facts.Fact[float64]{}
	}
	return facts.Know(1.0, facts.Because(runtime.Location, "the runtime nvidia gives the module the GPUs of the device"))
}

// requestedGPUs returns the sum of the device requests for GPUs, a lower bound. A request for all
// (-1) or without a count adds one.
func (o *createOptions) requestedGPUs() facts.Fact[float64] {
	var sum read.Sum
	for _, request := range o.host("DeviceRequests").Items() {
		capability := gpuCapability(request.GetFold("Capabilities"))
		if capability == nil {
			continue
		}
		ids, count := request.GetFold("DeviceIDs").Items(), request.GetFold("Count")
		switch number, ok := count.Float(); {
		case len(ids) > 0:
			sum.Add(facts.Know(float64(len(ids)), facts.Because(o.inner.MarkUsed(request.GetFold("DeviceIDs")), "each is a GPU")))
		case count.IsNull():
			sum.Add(facts.Know(1.0, facts.Because(o.inner.MarkUsed(capability), "the module requests GPUs without a number")))
		case ok && number < 0:
			sum.Add(facts.Know(1.0, facts.Because(o.inner.MarkUsed(count), "the module requests all GPUs of the device")))
		default:
			whole := o.inner.Count(count)
			sum.Add(facts.Fact[float64]{Value: float64(whole.Value), Known: whole.Known, Location: whole.Location})
		}
	}
	return sum.Fact()
}

// gpuCapability returns the word gpu in a device request, nil where there is none. The API has a
// list of lists; a flat list is accepted too.
func gpuCapability(capabilities *source.Node) *source.Node {
	for _, item := range capabilities.Items() {
		for _, word := range append(item.Items(), item) {
			if text, _ := word.Scalar(); strings.EqualFold(text, "gpu") {
				return word
			}
		}
	}
	return nil
}

// deviceGPUs returns the number of NVIDIA's device files for GPUs. A Jetson has many for its only
// GPU.
func (o *createOptions) deviceGPUs() facts.Fact[float64] {
	var numbered read.Sum
	var jetson facts.Fact[float64]
	for path, node := range o.deviceFiles {
		index, nvidia := strings.CutPrefix(path, "/dev/nvidia")
		switch {
		case nvidia && read.IsNumber(index):
			numbered.Add(facts.Know(1.0, facts.Because(o.inner.MarkUsed(node), "it is a GPU")))
		case strings.HasPrefix(path, "/dev/nvhost-") && (!jetson.Known || strings.HasSuffix(path, "gpu") && !strings.HasSuffix(jetson.Location.Node.Text(), "gpu")):
			jetson = facts.Know(1.0, facts.Because(o.inner.MarkUsed(node), "it belongs to the GPU of a Jetson"))
		}
	}
	if gpus := numbered.Fact(); gpus.Known {
		return gpus
	}
	return jetson
}

// windowsGPU is known if the container gets the GPU of a Windows host, by its device file or by a
// mount of its libraries.
// https://learn.microsoft.com/azure/iot-edge/gpu-acceleration
func (o *createOptions) windowsGPU() facts.Fact[float64] {
	for path, node := range o.deviceFiles {
		if path == "/dev/dxg" {
			return facts.Know(1.0, facts.Because(o.inner.MarkUsed(node), "it is the GPU of a Windows host"))
		}
	}
	for path, node := range o.mounted {
		if path == "/dev/dxg" || strings.HasPrefix(path+"/", "/usr/lib/wsl/") {
			return facts.Know(1.0, facts.Because(o.inner.MarkUsed(node), "it belongs to the GPU of a Windows host"))
		}
	}
	return facts.Fact[float64]{}
}

// mounted yields the host paths that the container mounts.
func (o *createOptions) mounted(yield func(path string, node *source.Node) bool) {
	for _, node := range o.host("Binds").Items() {
		text, _ := node.Scalar()
		if path, _, _ := strings.Cut(text, ":"); !yield(path, node) {
			return
		}
	}
	for _, mount := range o.host("Mounts").Items() {
		node := mount.GetFold("Source")
		if path, ok := node.Scalar(); ok && !yield(path, node) {
			return
		}
	}
}

// displayGPU is known if the container gets device files of display adapters. Call it only with a
// selection of the GPU for computing, since such GPUs mostly draw and decode.
func (o *createOptions) displayGPU(selection facts.Location) facts.Fact[float64] {
	for _, given := range []iter.Seq2[string, *source.Node]{o.deviceFiles, o.mounted} {
		for path, node := range given {
			if strings.HasPrefix(path+"/", "/dev/dri/") {
				at := o.location(facts.Because(o.inner.MarkUsed(node), "it is the GPU of a display adapter"))
				at.Related = append(at.Related, selection)
				return facts.Know(1.0, at)
			}
		}
	}
	return facts.Fact[float64]{}
}

// visibleGPU reads NVIDIA_VISIBLE_DEVICES. The environment of the module overrides that of the
// container. off reports whether it hides all GPUs from any runtime.
func (o *createOptions) visibleGPU(env *source.Node) (gpu facts.Fact[float64], off bool) {
	const why = "NVIDIA_VISIBLE_DEVICES gives the module GPUs of the device"
	if value, ok := o.outer.Scalar(env.At(kube.VisibleDevices, "value")); ok {
		if kube.HidesGPUs(value) {
			return facts.Fact[float64]{}, true
		}
		return facts.Know(1.0, facts.Because(o.outer.MarkUsed(env.At(kube.VisibleDevices, "value")), why)), false
	}
	var value string
	var at *source.Node
	for _, variable := range o.root.GetFold("Env").Items() {
		text, _ := o.inner.Scalar(variable)
		if name, set, ok := strings.Cut(text, "="); ok && name == kube.VisibleDevices {
			value, at = set, variable
		}
	}
	switch {
	case at == nil:
		return facts.Fact[float64]{}, false
	case kube.HidesGPUs(value):
		return facts.Fact[float64]{}, true
	}
	return moved(o, facts.Know(1.0, facts.Because(o.inner.MarkUsed(at), why))), false
}
