package iotedge

import (
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Manifest is a deployment manifest of an IoT Edge device or its template. It is a file of its own,
// or the content of an IoT Hub configuration, which az iot edge deployment and set-modules accept.
// Each module is one deployment, except for the runtime's own modules, edgeAgent and edgeHub.
var Manifest = read.Format{
	Name:      "iot-edge-manifest",
	RootKeys:  []string{"modulesContent", "moduleContent", "content"},
	Title:     "Azure IoT Edge deployment manifest, its template included, and IoT Hub configuration",
	Signs:     "`modulesContent` with `$edgeAgent`",
	Reference: "https://learn.microsoft.com/azure/iot-edge/module-composition",
	Marks:     [][]string{{"modulesContent", "moduleContent"}, {"$edgeAgent"}, {"properties.desired"}},
	Matches: func(root *source.Node) bool {
		_, agent := edgeAgent(root)
		return agent.Members() != nil || len(agent.Items()) > 0
	},
	Read: read.Using(newReader, func(r *moduleReader) {
		key, agent := edgeAgent(r.Root)
		r.CheckShape(agent, edgeAgentShape)
		var device edgeDevice
		for key, value := range agent.Pairs() {
			name, layered := strings.CutPrefix(key.Text(), desiredModule)
			switch {
			case key.Text() == "properties.desired":
				r.edgeModules(&device, value.Get("modules"))
			case key.Text() == "properties.desired.modules":
				r.edgeModules(&device, value)
			case layered && name != "" && !strings.Contains(name, "."): // a dot separates the path inside a module
				rename(r.edgeModule(&device, key, value), name)
			}
		}
		declared := r.Declared(r.Root.Get("labels"))
		for _, d := range r.Deployments {
			switch {
			case device.box.Node != nil:
				d.Target = facts.Know(facts.DataBoxEdge, device.box)
			case !device.unread:
				d.Target = facts.Know(facts.IoTEdge, facts.Location{Node: key, Why: "the document is an IoT Edge deployment"})
			}
			// A Data Box Edge is an IoT Edge device. Few manifests distinguish it from others.
			d.Narrows = read.Narrowing{From: facts.IoTEdge, To: facts.DataBoxEdge}
			d.Delivery = facts.Know(string(facts.IoTEdge), facts.Location{Node: key, Why: "IoT Edge deploys the module to the device"})
			if declared != nil {
				d.Declared = append(d.Declared, declared)
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

// desiredModule is the key prefix of modules in a layered deployment. The device merges them with
// the modules of other deployments.
// https://learn.microsoft.com/azure/iot-edge/module-deployment-monitoring#layered-deployment
const desiredModule = "properties.desired.modules."

// edgeDevice has what the modules of one manifest show about their device.
type edgeDevice struct {
	// box is the location of evidence that the device is a Data Box Edge.
	box facts.Location
	// unread is true if a module has options that cannot be read, which may contain such evidence.
	unread bool
}

// edgeAgent returns the agent's configuration and its key, nil where the document is not a
// manifest. Earlier tools wrote moduleContent.
func edgeAgent(root *source.Node) (key, agent *source.Node) {
	for _, content := range []*source.Node{root, root.Get("content")} {
		for _, modules := range []string{"modulesContent", "moduleContent"} {
			for key, value := range content.Get(modules).Pairs() {
				if key.Text() == "$edgeAgent" {
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

// edgeModule adds a module. It returns nil if value does not describe one.
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
		d.Workload = facts.Know(facts.IoTModule, facts.Location{Node: d.FPGAs.Location.Node, Why: "the module requests an FPGA"})
	case d.GPUs.Value > 0:
		d.Workload = facts.Know(facts.IoTModule, facts.Location{Node: d.GPUs.Location.Node, Why: "the module requests a GPU"})
	default:
		d.Workload = edgeInference(key, image)
	}
	return d
}

// rename names a deployment by a part of the text at its location. It skips a nil deployment.
func rename(d *read.Draft, name string) {
	if d != nil {
		d.Name.Value, d.Subject.Name = name, name
	}
}
