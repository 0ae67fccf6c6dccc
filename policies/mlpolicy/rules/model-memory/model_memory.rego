# METADATA
# title: Less memory than the table advises for the model
# description: |
#   The note below the table: start with a machine that has 150 % of the RAM that the model requires, profile
#   it, and scale up before out. The memory is the larger of request and limit, or that of the VM; where some of
#   it is not known, nothing is reported. What is known of the models' sizes counts together.
# related_resources:
#   - description: Compute targets for inference
#     ref: https://learn.microsoft.com/azure/machine-learning/concept-compute-target#compute-targets-for-inference
# schemas:
#   - input: schema.facts
# custom:
#   severity: note
#   remediation: Start with more memory, and reduce it once the model's use of memory has been measured.
package mlpolicy.rules["model-memory"]

import data.mlpolicy.table

deny contains {"path": path, "message": message} if {
	some i, deployment in input.deployments
	models := sum([model.size_bytes | some model in deployment.models])
	[fact, memory_gib] := table.largest_memory(deployment)
	not deployment.workload == "training"
	percent := table.targets[deployment.target].ram_percent
	advised_gib := ((models * percent) / 100) / 1073741824
	memory_gib < advised_gib
	[has, advised] := table.gib_apart(memory_gib, advised_gib)

	path := ["deployments", i, fact]
	message := sprintf("%s has %v GiB of memory for a model of %v GB; edition %s advises %v %%, which is %v GiB", [
		deployment.name,
		has,
		table.gb(models),
		input.edition,
		percent,
		advised,
	])
}
