package facts

import (
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// azureMLv2BatchDeployment is a deployment of a batch endpoint. Its compute is a
// name, which tells nothing of the target. A model that is deployed so scores; a
// pipeline may as well train.
var azureMLv2BatchDeployment = format{
	name:      "azureml-v2-batch-deployment",
	title:     "Azure ML CLI v2 deployment of a batch endpoint",
	signs:     "`$schema`; or `name`, `endpoint_name` and `mini_batch_size`",
	reference: "https://learn.microsoft.com/azure/machine-learning/reference-yaml-deployment-batch",
	links:     true,
	marks: [][]string{
		{"$schema", "endpoint_name"},
		append([]string{"endpoint_name"}, batchSchemaMarks...),
		append([]string{"mini_batch_size"}, batchSchemaMarks...),
	},
	matches: func(root *source.Node) bool {
		if root.Has("$schema") {
			return strings.HasSuffix(azureMLSchema(root), "batchdeployment")
		}
		return root.Has("name") && root.Has("endpoint_name") &&
			(root.Has("mini_batch_size") || root.Get("settings").Has("mini_batch_size"))
	},
	read: func(r *reader) {
		r.text(r.root.Get("type")) // may be a template
		compute := r.root.Get("compute")
		if compute.IsNull() {
			compute = r.root.At("settings", "default_compute") // a pipeline's
		}
		r.batchDeployment(r.root, compute, deploysModel(r.root), discriminator(r.root))
	},
}

// batchDeployment reads a deployment behind a batch endpoint, which stated says. The preview of
// 2021 wrote the compute with its machines: {target: azureml:gpu, instance_type: name}.
func (r *reader) batchDeployment(n, compute *source.Node, scores bool, stated *source.Node) *Draft {
	d := r.deployment(n.Get("name"), n)
	if scores {
		d.Workload = Know(BatchScoring, Place{Node: stated, Why: "a batch endpoint scores batches"})
	}
	machine := r.at(n, "resources", "instance_type")
	if compute != nil && compute.Kind == source.Mapping {
		if machine.IsNull() {
			machine = compute.Get("instance_type")
		}
		compute = compute.Get("target")
	}
	r.machineOrType(d, machine)
	r.computeReference(d, compute)
	r.endpointReference(d, n)
	r.azureMLModel(d, n.Get("model"))
	r.azureMLEnvironment(d, n.Get("environment"))
	r.tags(d, n.Get("tags"))
	return d
}

// machineOrType reads the instance type of a batch deployment: a VM size, or on Kubernetes
// the name of an instance type of the cluster, by default defaultinstancetype.
func (r *reader) machineOrType(d *Draft, n *source.Node) {
	d.defaultType = n.IsNull()
	if _, size := machineOf(r.text(n).Value); size {
		r.instanceType(d, n)
		return
	}
	r.instanceTypeReference(d, n)
}

// batchSchemaMarks stand in the bytes of a deployment that has a $schema.
var batchSchemaMarks = []string{
	"atchDeployment.schema", "atchDeployment.Schema", "atchdeployment.schema", "atchDeployment.json",
}

// deploysModel reports whether a batch deployment is a model's, which is the CLI's default.
func deploysModel(root *source.Node) bool {
	if kind := root.Get("type"); !kind.IsNull() {
		return lowerScalar(kind) == "model"
	}
	return azureMLSchema(root) != "pipelinecomponentbatchdeployment"
}
