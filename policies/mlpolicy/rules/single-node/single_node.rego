# METADATA
# title: Several nodes for developing with a large model
# description: |
#   The note below the table: use single-node AKS clusters for dev/test of larger models, which Azure
#   Container Instances does not take. A deployment whose stage nobody states is at the stage of its cluster.
# related_resources:
#   - description: Compute targets for inference
#     ref: https://learn.microsoft.com/azure/machine-learning/concept-compute-target#compute-targets-for-inference
# schemas:
#   - input: schema.facts
# custom:
#   severity: note
#   remediation: Give the cluster one node.
package mlpolicy.rules["single-node"]

import data.mlpolicy.table

deny contains {"path": path, "message": message} if {
	some i, deployment in input.deployments
	compute := deployment.compute
	fact := [known | some known in ["nodes", "min_nodes"]; compute[known]][0]
	nodes := compute[fact]
	nodes > 1
	not deployment.workload == "training"
	row := table.targets[deployment.target]
	stage(deployment) == row.single_node_for.stage
	largest := max([model.size_bytes | some model in deployment.models])
	largest >= row.single_node_for.model_from_bytes

	path := ["deployments", i, "compute", fact]
	message := sprintf(
		"%s serves a model of %v GB in %s on %v nodes of %s; from %v GB on the table advises a single one: use one node",
		[
			deployment.name,
			table.gb(largest),
			row.single_node_for.stage,
			nodes,
			row.name,
			table.gb(row.single_node_for.model_from_bytes),
		],
	)
}

stage(deployment) := deployment.stage

stage(deployment) := deployment.compute.stage if not deployment.stage
