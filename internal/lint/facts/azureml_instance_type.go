package facts

import "github.com/mlpolicy/mlpolicy/internal/lint/source"

// azureMLInstanceType is what Azure ML deployments on Kubernetes take by name: the
// resources of a pod and the labels of the nodes that it runs on. A node that has a
// GPU gives it to the pods that ask for it only, so that the size of the nodes says
// nothing of the pod's devices.
var azureMLInstanceType = format{
	name:      "azureml-instance-type",
	title:     "Azure ML's InstanceType and InstanceTypeList in a cluster",
	signs:     "`apiVersion` of `amlarc.azureml.com`, and the `kind`",
	reference: "https://learn.microsoft.com/azure/machine-learning/how-to-manage-kubernetes-instance-types",
	links:     true,
	marks:     [][]string{{"amlarc.azureml.com/"}, {"InstanceType"}},
	shapes: map[string]*shape{
		"InstanceType":     instanceTypeShape,
		"InstanceTypeList": under(listOf(instanceTypeShape), "spec", "items"),
	},
	matches: func(root *source.Node) bool {
		group, kind := groupKind(root)
		if group != "amlarc.azureml.com" {
			return false
		}
		return kind == "InstanceType" && root.Has("spec") || kind == "InstanceTypeList" && root.At("spec", "items") != nil
	},
	read: func(r *reader) {
		r.completes = instanceTypeCompletes
		if items := r.root.At("spec", "items"); items != nil {
			for _, item := range items.Elements() {
				r.instanceTypeOf(item)
			}
			return
		}
		r.instanceTypeOf(r.root)
	},
}

var instanceTypeShape = under(mappingOf(map[string]*shape{
	"resources": resourcesShape, "nodeSelector": mapOf(scalarShape),
}), "spec")

const instanceTypeCompletes = "the Azure ML deployments on Kubernetes that name it"

// instanceTypeOf adds what one instance type, the object or an item of it, states.
func (r *reader) instanceTypeOf(object *source.Node) {
	spec := object.Get("spec")
	d := &Draft{}
	r.resources(d, spec.Get("resources"))
	r.cluster(d, spec, nil)
	name := r.text(object.At("metadata", "name"))
	if !name.Known {
		return
	}
	if size := spec.At("nodeSelector", "node.kubernetes.io/instance-type"); !size.IsNull() {
		d.Compute = &Compute{Name: name, Format: r.format, Target: d.pods.locate(inFile()).target, Place: Place{Node: object}}
		r.vmSize(d.Compute, size)
	}
	part := r.part(instanceType, instanceTypeCompletes, d)
	part.name = name.Value
	d.Place = Place{Node: object}
}
