package azure

import (
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// MLv2BatchDeployment is a deployment of a batch endpoint. The name of its compute does not
// identify the target. A deployed model scores; a deployed pipeline may train.
var MLv2BatchDeployment = read.Format{
	Name:      "azureml-v2-batch-deployment",
	RootKeys:  []string{"$schema", "name", "endpoint_name"},
	Title:     "Azure ML CLI v2 deployment of a batch endpoint",
	Signs:     "`$schema`; or `name`, `endpoint_name` and `mini_batch_size`",
	Reference: "https://learn.microsoft.com/azure/machine-learning/reference-yaml-deployment-batch",
	Links:     true,
	Marks: [][]string{
		{"$schema", "endpoint_name"},
		append([]string{"endpoint_name"}, batchSchemaMarks...),
		append([]string{"mini_batch_size"}, batchSchemaMarks...),
	},
	Matches: func(root *source.Node) bool {
		if root.Has("$schema") {
			return strings.HasSuffix(azureMLSchema(root), "batchdeployment")
		}
		return root.Has("name") && root.Has("endpoint_name") &&
			(root.Has("mini_batch_size") || root.Get("settings").Has("mini_batch_size"))
	},
	Read: read.Using(NewReader, func(r *ServiceReader) {
		r.Text(r.Root.Get("type")) // reports a template
		compute := r.Root.Get("compute")
		if compute.IsNull() {
			compute = r.Root.At("settings", "default_compute") // of a pipeline
		}
		r.batchDeployment(r.Root, compute, deploysModel(r.Root), discriminator(r.Root))
	}),
}

// batchDeployment reads a deployment of a batch endpoint; stated declares that it is one. The
// preview of 2021 wrote the machines in compute: {target: azureml:gpu, instance_type: name}.
func (r *ServiceReader) batchDeployment(n, compute *source.Node, scores bool, stated *source.Node) *read.Draft {
	d := r.Deployment(n.Get("name"), n)
	if scores {
		d.Workload = facts.Know(facts.BatchScoring, facts.Location{Node: stated, Why: "a batch endpoint scores batches"})
	}
	machine := r.At(n, "resources", "instance_type")
	if compute != nil && compute.Kind == source.Mapping {
		if machine.IsNull() {
			machine = compute.Get("instance_type")
		}
		compute = compute.Get("target")
	}
	r.MachineOrType(d, machine)
	r.computeReference(d, compute)
	r.endpointReference(d, n)
	r.azureMLModel(d, n.Get("model"))
	r.azureMLEnvironment(d, n.Get("environment"))
	r.Tags(d, n.Get("tags"))
	return d
}

// MachineOrType reads the instance type of a batch deployment: a VM size or, on Kubernetes, an
// instance type of the cluster. The default there is defaultinstancetype.
func (r *ServiceReader) MachineOrType(d *read.Draft, n *source.Node) {
	d.DefaultType = n.IsNull()
	if _, size := read.MachineOf(r.Text(n).Value); size {
		r.InstanceType(d, n)
		return
	}
	r.instanceTypeReference(d, n)
}

// batchSchemaMarks are texts of which a deployment with a $schema has one.
var batchSchemaMarks = []string{
	"atchDeployment.schema", "atchDeployment.Schema", "atchdeployment.schema", "atchDeployment.json",
}

// deploysModel reports whether a batch deployment deploys a model, which is the CLI's default.
func deploysModel(root *source.Node) bool {
	if kind := root.Get("type"); !kind.IsNull() {
		return read.LowerScalar(kind) == "model"
	}
	return azureMLSchema(root) != "pipelinecomponentbatchdeployment"
}
