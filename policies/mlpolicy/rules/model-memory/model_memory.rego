# METADATA
# title: Less memory than the table recommends for the model
# description: |
#   A note below the table recommends to start with a machine that has 150 % of the RAM that the model
#   requires, to profile it, and to scale up before scaling out. The memory is the larger of request and limit,
#   or that of the VM. If any part of it is unknown, nothing is reported. Known sizes of several models are
#   added up.
# related_resources:
#   - description: Compute targets for inference
#     ref: https://learn.microsoft.com/azure/machine-learning/concept-compute-target#compute-targets-for-inference
# schemas:
#   - input: schema.facts
# custom:
#   severity: note
#   remediation: Start with more memory, and reduce it after you have measured the usage of the model.
package mlpolicy.rules["model-memory"]

import data.mlpolicy.table

deny contains {"path": path, "message": message} if {
	some i, deployment in input.deployments
	models := deployment.models
	size := sum([model.size_bytes | some model in models])
	[fact, memory_gib] := table.largest_memory(deployment)
	not deployment.workload == "training"
	percent := table.targets[deployment.target].ram_percent
	recommended_gib := ((size * percent) / 100) / 1073741824
	memory_gib < recommended_gib
	[has, recommended] := table.gib_apart(memory_gib, recommended_gib)

	path := ["deployments", i, fact]
	message := sprintf("%s has %v GiB of memory for a model of %v GB; edition %s recommends %v %%, which is %v GiB", [
		deployment.name,
		has,
		table.gb(size),
		input.edition,
		percent,
		recommended,
	])
}
