package iotedge

import (
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Manifest is what an IoT Edge device is told to run: a deployment manifest or
// its template, alone or as the content of an IoT Hub configuration, which is what
// az iot edge deployment and set-modules take. Each module is one deployment; the
// runtime's own, edgeAgent and edgeHub, are none.
var Manifest = read.Format{
	Name:      "iot-edge-manifest",
	RootKeys:  []string{"modulesContent", "moduleContent", "content"},
	Title:     "Azure IoT Edge deployment manifest, its template included, and IoT Hub configuration",
	Signs:     "`modulesContent` with `$edgeAgent`",
	Reference: "https://learn.microsoft.com/azure/iot-edge/module-composition",
	Marks:     [][]string{{"modulesContent", "moduleContent"}, {"$edgeAgent"}, {"properties.desired"}},
	Matches: func(root *source.Node) bool {
		_, agent := edgeAgent(root)
		return agent.Entries() != nil || len(agent.Elements()) > 0
	},
	Read: reading(func(r *moduleReader) {
		key, agent := edgeAgent(r.Root)
		r.CheckShape(agent, edgeAgentShape)
		var device edgeDevice
		for key, value := range agent.Pairs() {
			name, layered := strings.CutPrefix(key.Text, desiredModule)
			switch {
			case key.Text == "properties.desired":
				r.edgeModules(&device, value.Get("modules"))
			case key.Text == "properties.desired.modules":
				r.edgeModules(&device, value)
			case layered && name != "" && !strings.Contains(name, "."): // a dot leads into a module
				rename(r.edgeModule(&device, key, value), name)
			}
		}
		said := r.Statement(r.Root.Get("labels"))
		for _, d := range r.Deployments {
			switch {
			case device.box.Node != nil:
				d.Target = facts.Know(facts.DataBoxEdge, device.box)
			case !device.unread:
				d.Target = facts.Know(facts.IoTEdge, facts.Place{Node: key, Why: "the document is an IoT Edge deployment"})
			}
			// A Data Box Edge is an IoT Edge device, and few manifests tell it from others.
			d.Narrows = read.Narrowing{From: facts.IoTEdge, To: facts.DataBoxEdge}
			d.Delivery = facts.Know(string(facts.IoTEdge), facts.Place{Node: key, Why: "IoT Edge deploys the module to the device"})
			if said != nil {
				d.Declared = append(d.Declared, said)
			}
		}
	}),
}

var (
	edgeModuleShape = read.MappingOf(map[string]*read.Shape{"settings": read.MappingOf(map[string]*read.Shape{"image": read.ScalarShape}), "env": read.MapOf(read.MappingShape)})

	edgeAgentShape = read.MappingOf(map[string]*read.Shape{
		"properties.desired": read.Under(read.MapOf(edgeModuleShape), "modules"), "properties.desired.modules": read.MapOf(edgeModuleShape),
	})
)

// desiredModule begins the keys of the modules in a layered deployment, which adds
// them to those of other deployments.
// https://learn.microsoft.com/azure/iot-edge/module-deployment-monitoring#layered-deployment
const desiredModule = "properties.desired.modules."

// edgeDevice is what the modules of one manifest tell of the device that they share.
type edgeDevice struct {
	// box is the place of what only a Data Box Edge has.
	box facts.Place
	// unread is set where the options of a module cannot be read: it may have that too.
	unread bool
}

// edgeAgent returns what the agent of the device is told, and under which key; nil
// where the document is no manifest. Earlier tools wrote moduleContent.
func edgeAgent(root *source.Node) (key, agent *source.Node) {
	for _, content := range []*source.Node{root, root.Get("content")} {
		for _, modules := range []string{"modulesContent", "moduleContent"} {
			for key, value := range content.Get(modules).Pairs() {
				if key.Text == "$edgeAgent" {
					return key, value
				}
			}
		}
	}
	return nil, nil
}

func (r *moduleReader) edgeModules(device *edgeDevice, modules *source.Node) {
	for key, value := range modules.Pairs() {
		r.edgeModule(device, key, value)
	}
}

// edgeModule adds a module and returns it, nil when value describes none.
func (r *moduleReader) edgeModule(device *edgeDevice, key, value *source.Node) *read.Draft {
	r.CheckShape(value, edgeModuleShape)
	settings := value.Get("settings")
	if settings == nil {
		return nil
	}
	d := r.Deployment(key, value)
	image := settings.Get("image")
	d.Image(image)
	options := r.createOptions(settings)
	d.CPUCores, d.MemoryGiB = options.cores(), options.memory()
	d.GPUs, d.FPGAs = options.gpus(value.Get("env")), options.fpgas()
	options.labels(d)
	if device.box.Node == nil {
		device.box = options.dataBoxEdge()
	}
	device.unread = device.unread || options.unread
	options.close()

	switch {
	case mayTrain(key, image):
	case d.FPGAs.Value > 0:
		d.Workload = facts.Know(facts.IoTModule, facts.Place{Node: d.FPGAs.Place.Node, Why: "the module requests an FPGA"})
	case d.GPUs.Value > 0:
		d.Workload = facts.Know(facts.IoTModule, facts.Place{Node: d.GPUs.Place.Node, Why: "the module requests a GPU"})
	default:
		d.Workload = edgeInference(key, image)
	}
	return d
}

// rename gives a deployment a name that is a part of what stands at its place. A nil
// deployment has none.
func rename(d *read.Draft, name string) {
	if d != nil {
		d.Name.Value, d.Subject.Name = name, name
	}
}
