# METADATA
# title: Several nodes for development with a large model
# description: |
#   A note below the table recommends single-node AKS clusters for development and testing of larger models,
#   which Azure Container Instances does not accept. The number of nodes is the number that the cluster has or
#   may scale to. A deployment without its own stage has the stage of its cluster.
# related_resources:
#   - description: Compute targets for inference
#     ref: https://learn.microsoft.com/azure/machine-learning/concept-compute-target#compute-targets-for-inference
# schemas:
#   - input: schema.facts
# custom:
#   severity: note
#   remediation: Limit the cluster to one node.
package mlpolicy.rules["single-node"]

import data.mlpolicy.table

deny contains {"path": path, "message": message} if {
	some i, deployment in input.deployments
	[fact, nodes] := table.several_nodes(deployment.compute)
	not deployment.workload == "training"
	row := table.targets[deployment.target]
	table.stage(deployment) == row.single_node_for.stage
	largest := max([model.size_bytes | some model in deployment.models])
	largest >= row.single_node_for.model_from_bytes

	path := ["deployments", i, "compute", fact]
	message := sprintf(
		"%s serves a model of %v GB in %s on %s of %s; edition %s recommends a single node for models of %v GB or more",
		[
			deployment.name,
			table.gb(largest),
			row.single_node_for.stage,
			nodes,
			row.name,
			input.edition,
			table.gb(row.single_node_for.model_from_bytes),
		],
	)
}
