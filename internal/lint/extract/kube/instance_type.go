package kube

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/scheduling"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// instanceTypeGroup is the API group of the instance types of Azure ML.
const instanceTypeGroup = "amlarc.azureml.com"

// AzureMLInstanceType is an instance type for Azure ML deployments on Kubernetes: the resources of
// a pod and the labels of its nodes. The GPUs of a node go only to pods that request them. The VM
// size of the nodes is therefore not evidence for the pod's devices.
var AzureMLInstanceType = read.Format{
	Name:      "azureml-instance-type",
	Title:     "Azure ML's InstanceType and InstanceTypeList in a cluster",
	Signs:     "`apiVersion` of `amlarc.azureml.com`, and the `kind`",
	Reference: "https://learn.microsoft.com/azure/machine-learning/how-to-manage-kubernetes-instance-types",
	Links:     true,
	Marks:     [][]string{{"amlarc.azureml.com/"}, {"InstanceType"}},
	Shapes: map[string]*read.Shape{
		"InstanceType":     instanceTypeShape,
		"InstanceTypeList": read.Under(read.ListOf(instanceTypeShape), "spec", "items"),
	},
	Matches: func(root *source.Node) bool {
		group, kind := GroupKind(root)
		if group != instanceTypeGroup {
			return false
		}
		return kind == "InstanceType" && root.Has("spec") || kind == "InstanceTypeList" && root.At("spec", "items") != nil
	},
	Read: read.Using(NewReader, func(r *ObjectReader) {
		r.Completes = instanceTypeCompletes
		if items := r.Root.At("spec", "items"); items != nil {
			for _, item := range items.Items() {
				r.instanceTypeOf(item)
			}
			return
		}
		r.instanceTypeOf(r.Root)
	}),
}

var instanceTypeShape = read.Under(read.MappingOf(map[string]*read.Shape{
	"resources": read.ResourcesShape, "nodeSelector": read.MapOf(read.ScalarShape),
}), "spec")

const instanceTypeCompletes = "the Azure ML deployments on Kubernetes that name it"

// instanceTypeOf adds one instance type, which is the object or an item of it.
func (r *ObjectReader) instanceTypeOf(object *source.Node) {
	spec := object.Get("spec")
	d := &read.Draft{}
	r.Resources(d, spec.Get("resources"))
	r.Cluster(d, spec, nil)
	name := r.Text(object.At("metadata", "name"))
	if !name.Known {
		return
	}
	if size := spec.At("nodeSelector", "node.kubernetes.io/instance-type"); !size.IsNull() {
		d.Compute = &facts.Compute{Name: name, Format: r.Format, Target: d.Pods.Locate(scheduling.InFile()).Target, Location: facts.Location{Node: object}}
		r.VMSize(d.Compute, size)
	}
	part := r.Part(read.InstanceType, instanceTypeCompletes, d)
	part.Name = name.Value
	d.Location = facts.Location{Node: object}
}
