package facts

import (
	"bytes"
	"cmp"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// createOptions is what Docker is told of a module's container, in the words of the
// Docker Engine API, whose case the agent ignores.
// https://docs.docker.com/reference/api/engine/version/v1.47/#tag/Container/operation/ContainerCreate
type createOptions struct {
	root   *source.Node // nil where there is nothing to read
	inner  *reader      // of root
	outer  *reader      // of the document, which is inner where root stands in the document itself
	chunks []chunk      // the strings whose texts are root's, in order; none where root stands in the document itself
	unread bool         // something is there that cannot be read, or not yet

	// askedGPUs and askedFPGAs are what a device on Kubernetes is asked for.
	askedGPUs, askedFPGAs Fact[float64]
}

// chunk is one of the strings that a long createOptions is cut into.
type chunk struct {
	node   *source.Node
	number int // 0 for createOptions, 1 for createOptions01
	start  int // of its text in root's file, in bytes
}

var createOptionsShape = foldedOf(map[string]*shape{
	"hostconfig": foldedOf(map[string]*shape{
		"devices": listOf(mappingShape), "devicerequests": listOf(mappingShape), "binds": listOf(scalarShape), "mounts": listOf(mappingShape),
		"runtime": scalarShape,
	}),
	"env": listOf(scalarShape), "labels": mappingShape,
	"k8s-experimental": under(resourcesShape, "resources"),
})

// createOptions reads the create options of a module: a mapping, as templates have it,
// or JSON in a string or in several, createOptions01 and so on, as the device gets it.
func (r *reader) createOptions(settings *source.Node) *createOptions {
	o := &createOptions{inner: r, outer: r}
	o.find(settings)
	o.inner.shaped(o.root, createOptionsShape)
	o.askedGPUs, o.askedFPGAs = o.inner.devices(o.resources())
	return o
}

// find looks for the options among the settings of a module.
func (o *createOptions) find(settings *source.Node) {
	for key, value := range settings.Pairs() {
		number, ok := chunkNumber(key.Text)
		if !ok {
			o.unread = o.unread || placeholder(key.Text) // <create options>
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
			o.outer.misshapen(o.chunks[i].node, mappingShape)
		}
		piece, ok := o.chunks[i].node.Scalar()
		o.unread = o.unread || !ok && !o.chunks[i].node.IsNull()
		text.WriteString(piece)
	}
	o.parse(text.Bytes())
}

// chunkNumber reads the number of a chunk off its key, 0 for the first.
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

// parse reads the text of the chunks. The agent takes more than JSON, single quotes
// for instance, and a template holds placeholders; what cannot be read after that
// says nothing, and is a Problem.
func (o *createOptions) parse(text []byte) {
	if text = bytes.TrimRight(text, " \t\r\n"); len(text) == 0 || string(text) == "null" {
		return
	}
	file := source.Parse("createOptions.json", text)
	if len(file.Problems) == 0 && len(file.Documents) == 1 && file.Documents[0].Root.Kind == source.Mapping {
		o.root = file.Documents[0].Root
		o.inner = &reader{format: o.outer.format, root: o.root, lists: o.outer.lists}
		return
	}
	o.unread = true
	list := len(file.Problems) == 0 && len(file.Documents) == 1 && file.Documents[0].Root.Kind == source.Sequence
	if !list && placeholder(string(text)) || containsAny(text, []string{"{{", "{%"}) { // [x] is a placeholder too
		return
	}
	first := o.chunks[0].node
	if len(file.Problems) == 0 {
		o.outer.problem(Warning, first, "Write one JSON object; otherwise IoT Edge cannot create the module.",
			"%s must contain a JSON object", first.Path())
		return
	}
	o.outer.problem(Warning, first, "Write one JSON object; otherwise IoT Edge cannot create the module.",
		"%s is not valid JSON: %s", first.Path(), strings.Replace(file.Problems[0].Message, "the file", "it", 1))
}

// place is where the document has a value of the options. Inside a string that is the
// string, and why begins with the way from there.
func (o *createOptions) place(p Place) Place {
	if o.inner == o.outer || p.Node == nil {
		return p
	}
	offset := p.Node.Span().Start.Offset
	at, exact := slices.BinarySearchFunc(o.chunks, offset, func(c chunk, offset int) int { return cmp.Compare(c.start, offset) })
	if !exact {
		at--
	}
	// Of chunks that start together all but the last are empty.
	for at+1 < len(o.chunks) && o.chunks[at+1].start == o.chunks[at].start {
		at++
	}
	moved := o.outer.carry(o.chunks[at].node)
	moved.Why = p.Node.Path() + " in createOptions"
	if p.Why != "" {
		moved.Why += ": " + p.Why
	}
	for _, related := range p.Related {
		moved.Related = append(moved.Related, o.place(related))
	}
	return moved
}

// moved is a fact of the options at its place in the document.
func moved[T any](o *createOptions, f Fact[T]) Fact[T] {
	if f.Known {
		f.Place = o.place(f.Place)
	}
	return f
}

// close hands the problems of the options to the document's reader.
func (o *createOptions) close() {
	if o.inner == o.outer {
		return
	}
	for _, problem := range o.inner.problems {
		problem.Place = o.place(problem.Place)
		problem.Message = problem.Place.Node.Path() + ": " + problem.Message
		o.outer.problems = append(o.outer.problems, problem)
	}
	o.inner.problems = nil
}

func (o *createOptions) host(key string) *source.Node {
	return o.root.GetFold("HostConfig").GetFold(key)
}

// resources are what a device that runs its modules on Kubernetes is asked for.
// https://github.com/Azure/iotedge/blob/release/1.1-k8s-preview/kubernetes/doc/create-options.md
func (o *createOptions) resources() *source.Node {
	return o.root.GetFold("k8s-experimental").Get("resources")
}

// cores reads billionths of a core; 0 is no limit.
func (o *createOptions) cores() Fact[float64] {
	limit := o.host("NanoCpus")
	if limit.IsNull() || limit.Is("0") {
		return moved(o, requested(o.resources(), "cpu", o.inner.quantity))
	}
	cores := moved(o, o.inner.number(limit))
	cores.Value /= 1e9
	return cores
}

// memory reads bytes; 0 is no limit.
func (o *createOptions) memory() Fact[float64] {
	limit := o.host("Memory")
	if limit.IsNull() || limit.Is("0") {
		return moved(o, requested(o.resources(), "memory", o.inner.memory))
	}
	memory := moved(o, o.inner.number(limit))
	memory.Value /= bytesPerGiB
	return memory
}

// labels reads the labels of the container.
func (o *createOptions) labels(d *Draft) {
	labels := o.root.GetFold("Labels")
	d.Labels = addLabels(nil, labels)
	for key, label := range d.Labels {
		d.Labels[key] = moved(o, label)
	}
	said := o.inner.statement(labels)
	if said == nil {
		return
	}
	said.Place = o.place(said.Place)
	said.Workload, said.Stage, said.Target = moved(o, said.Workload), moved(o, said.Stage), moved(o, said.Target)
	said.Designer = moved(o, said.Designer)
	for _, model := range said.Models {
		model.Place = o.place(model.Place)
		model.SizeBytes, model.SizeSource = moved(o, model.SizeBytes), moved(o, model.SizeSource)
	}
	d.said = append(d.said, said)
}

// deviceFiles yields the device files of the host that the container gets.
func (o *createOptions) deviceFiles(yield func(path string, node *source.Node) bool) {
	for _, device := range o.host("Devices").Elements() {
		node := device.GetFold("PathOnHost")
		if path, ok := node.Scalar(); ok && !yield(path, node) {
			return
		}
	}
}

// catapult begins the paths of the FPGA of a Data Box Edge, and catapultResource is
// what its device plugin calls it.
// https://learn.microsoft.com/azure/databox-online/azure-stack-edge-gpu-modify-fpga-modules-gpu#compute-acceleration-usage
const (
	catapult         = "/dev/catapult"
	catapultResource = "microsoft.com/fpga_catapult"
)

// fpgas counts the FPGA's device files that the container gets.
func (o *createOptions) fpgas() Fact[int64] {
	var files tally
	for path, node := range o.deviceFiles {
		if strings.HasPrefix(path, catapult) {
			files.add(Know(1.0, because(o.inner.carry(node), "it is the FPGA of a Data Box Edge")))
		}
	}
	fpgas := files.whole()
	if asked := o.askedFPGAs; asked.Known && asked.Value > float64(fpgas.Value) {
		fpgas = roundUp(asked)
	}
	return moved(o, fpgas)
}

// dataBoxEdge returns the place of what only a Data Box Edge has: its FPGA, or a local
// share, which is mounted at this path. The zero Place is nowhere.
func (o *createOptions) dataBoxEdge() Place {
	for path, node := range o.deviceFiles {
		if strings.HasPrefix(path, catapult) {
			return o.place(because(o.inner.carry(node), "it is the FPGA of a Data Box Edge"))
		}
	}
	for _, key := range []string{"limits", "requests"} {
		if node := o.resources().At(key, catapultResource); !node.IsNull() {
			return o.place(because(o.inner.carry(node), "it is the FPGA of a Data Box Edge"))
		}
	}
	for path, node := range o.mounted {
		if strings.HasPrefix(path+"/", "/home/hcsshares/") {
			return o.place(because(o.inner.carry(node), "the path is a share of a Data Box Edge"))
		}
	}
	return Place{}
}

// gpus counts the GPUs that the module asks for, whose own environment env is: the largest
// number that some evidence tells.
func (o *createOptions) gpus(env *source.Node) Fact[int64] {
	var all Fact[int64]
	consider := func(gpus Fact[float64]) {
		if gpus.Known && (!all.Known || int64(gpus.Value) > all.Value) {
			all = convert(gpus, func(number float64) int64 { return int64(number) })
		}
	}
	for _, evidence := range []Fact[float64]{o.requestedGPUs(), o.askedGPUs, o.deviceGPUs()} {
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

// runtimeGPU is known where the container runs under NVIDIA's runtime, which gives it
// the GPUs of the device.
func (o *createOptions) runtimeGPU() Fact[float64] {
	runtime := o.inner.text(o.host("Runtime"))
	if !strings.EqualFold(runtime.Value, "nvidia") {
		return Fact[float64]{}
	}
	return Know(1.0, because(runtime.Place, "the runtime nvidia gives the module the GPUs of the device"))
}

// requestedGPUs adds up the device requests for GPUs. A count of -1 is all of them,
// and so is none: the image says which.
func (o *createOptions) requestedGPUs() Fact[float64] {
	var sum tally
	for _, request := range o.host("DeviceRequests").Elements() {
		capability := gpuCapability(request.GetFold("Capabilities"))
		if capability == nil {
			continue
		}
		ids, count := request.GetFold("DeviceIDs").Elements(), request.GetFold("Count")
		switch number, ok := count.Float(); {
		case len(ids) > 0:
			sum.add(Know(float64(len(ids)), because(o.inner.carry(request.GetFold("DeviceIDs")), "each is a GPU")))
		case count.IsNull():
			sum.add(Know(1.0, because(o.inner.carry(capability), "the module requests GPUs without a number")))
		case ok && number < 0:
			sum.add(Know(1.0, because(o.inner.carry(count), "the module requests all GPUs of the device")))
		default:
			whole := o.inner.count(count)
			sum.add(Fact[float64]{Value: float64(whole.Value), Known: whole.Known, Place: whole.Place})
		}
	}
	return sum.fact()
}

// gpuCapability returns the word gpu of a device request: of a list of lists, as the
// API has it, or of a flat list. It is nil where there is none.
func gpuCapability(capabilities *source.Node) *source.Node {
	for _, item := range capabilities.Elements() {
		for _, word := range append(item.Elements(), item) {
			if text, _ := word.Scalar(); strings.EqualFold(text, "gpu") {
				return word
			}
		}
	}
	return nil
}

// deviceGPUs counts the device files of NVIDIA's GPUs. Of a Jetson's only GPU there
// are many.
func (o *createOptions) deviceGPUs() Fact[float64] {
	var numbered tally
	var jetson Fact[float64]
	for path, node := range o.deviceFiles {
		index, nvidia := strings.CutPrefix(path, "/dev/nvidia")
		switch {
		case nvidia && isNumber(index):
			numbered.add(Know(1.0, because(o.inner.carry(node), "it is a GPU")))
		case strings.HasPrefix(path, "/dev/nvhost-") && (!jetson.Known || strings.HasSuffix(path, "gpu") && !strings.HasSuffix(jetson.Place.Node.Text, "gpu")):
			jetson = Know(1.0, because(o.inner.carry(node), "it belongs to the GPU of a Jetson"))
		}
	}
	if gpus := numbered.fact(); gpus.Known {
		return gpus
	}
	return jetson
}

func isNumber(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}

// windowsGPU is known where the container gets the GPU of a Windows host: its device file,
// or the libraries for it, which are mounted.
// https://learn.microsoft.com/azure/iot-edge/gpu-acceleration
func (o *createOptions) windowsGPU() Fact[float64] {
	for path, node := range o.deviceFiles {
		if path == "/dev/dxg" {
			return Know(1.0, because(o.inner.carry(node), "it is the GPU of a Windows host"))
		}
	}
	for path, node := range o.mounted {
		if path == "/dev/dxg" || strings.HasPrefix(path+"/", "/usr/lib/wsl/") {
			return Know(1.0, because(o.inner.carry(node), "it belongs to the GPU of a Windows host"))
		}
	}
	return Fact[float64]{}
}

// mounted yields the paths of the host that the container gets.
func (o *createOptions) mounted(yield func(path string, node *source.Node) bool) {
	for _, node := range o.host("Binds").Elements() {
		text, _ := node.Scalar()
		if path, _, _ := strings.Cut(text, ":"); !yield(path, node) {
			return
		}
	}
	for _, mount := range o.host("Mounts").Elements() {
		node := mount.GetFold("Source")
		if path, ok := node.Scalar(); ok && !yield(path, node) {
			return
		}
	}
}

// displayGPU is known where the container gets the device files of display adapters. Their
// GPU draws and decodes for most: it computes where something selects it for that.
func (o *createOptions) displayGPU(selection Place) Fact[float64] {
	for _, given := range []iter.Seq2[string, *source.Node]{o.deviceFiles, o.mounted} {
		for path, node := range given {
			if strings.HasPrefix(path+"/", "/dev/dri/") {
				at := o.place(because(o.inner.carry(node), "it is the GPU of a display adapter"))
				at.Related = append(at.Related, selection)
				return Know(1.0, at)
			}
		}
	}
	return Fact[float64]{}
}

// visibleGPU reads the variable NVIDIA_VISIBLE_DEVICES, first from the environment of
// the module, which the agent puts over the container's. off tells that it hides all
// GPUs, whatever the runtime.
func (o *createOptions) visibleGPU(env *source.Node) (gpu Fact[float64], off bool) {
	const why = "NVIDIA_VISIBLE_DEVICES gives the module GPUs of the device"
	if value, ok := o.outer.scalar(env.At(visibleDevices, "value")); ok {
		if hidesGPUs(value) {
			return Fact[float64]{}, true
		}
		return Know(1.0, because(o.outer.carry(env.At(visibleDevices, "value")), why)), false
	}
	var value string
	var at *source.Node
	for _, variable := range o.root.GetFold("Env").Elements() {
		text, _ := o.inner.scalar(variable)
		if name, set, ok := strings.Cut(text, "="); ok && name == visibleDevices {
			value, at = set, variable
		}
	}
	switch {
	case at == nil:
		return Fact[float64]{}, false
	case hidesGPUs(value):
		return Fact[float64]{}, true
	}
	return moved(o, Know(1.0, because(o.inner.carry(at), why))), false
}

const visibleDevices = "NVIDIA_VISIBLE_DEVICES"

// hidesGPUs reports whether a value of NVIDIA_VISIBLE_DEVICES takes none.
// https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/docker-specialized.html
func hidesGPUs(value string) bool {
	switch strings.TrimSpace(value) {
	case "", "none", "void":
		return true
	}
	return false
}
