# METADATA
# title: More memory than the target takes
# description: |
#   Azure Container Instances is for workloads that require less than 48 GB of RAM, counted over the whole
#   container group; 48 GB itself is too much. Azure allots memory in units of 2^30 bytes, so its GB are GiB.
#   It is a limit of the platform, so it holds for any workload.
# related_resources:
#   - description: Resource availability and quota limits of Azure Container Instances
#     ref: https://learn.microsoft.com/azure/container-instances/container-instances-resource-and-quota-limits
# schemas:
#   - input: schema.facts
# custom:
#   severity: error
#   grows_with: larger
#   remediation: Ask for less memory, or deploy to a target without a memory limit.
#   elsewhere: a target without a memory limit
package mlpolicy.rules.memory

import data.mlpolicy.table

deny contains {"path": path, "message": message} if {
	some i, deployment in input.deployments
	memory_gib := deployment.memory_gib
	row := table.targets[deployment.target]
	memory_gib >= row.memory.below_gib
	[asked, limit] := table.gib_apart(memory_gib, row.memory.below_gib)

	path := ["deployments", i, "memory_gib"]
	message := sprintf(
		"%s asks for %v GiB of memory on %s, which takes less than %v GiB",
		[deployment.name, asked, row.name, limit],
	)
}
