# METADATA
# title: More memory than the target allows
# description: |
#   Azure Container Instances is for workloads that require less than 48 GB of RAM in the whole container
#   group; exactly 48 GB is too much. Azure allocates memory in units of 2^30 bytes, so its GB are GiB. This
#   limit of the platform applies to every workload.
# related_resources:
#   - description: Resource availability and quota limits of Azure Container Instances
#     ref: https://learn.microsoft.com/azure/container-instances/container-instances-resource-and-quota-limits
# schemas:
#   - input: schema.facts
# custom:
#   severity: error
#   grows_with: larger
#   remediation: Request less memory, or deploy to a target without a memory limit.
#   suggest_targets: a target without a memory limit
package mlpolicy.rules.memory

import data.mlpolicy.table

deny contains {"path": path, "message": message} if {
	some i, deployment in input.deployments
	memory_gib := deployment.memory_gib
	row := table.targets[deployment.target]
	memory_gib >= row.memory.below_gib
	[requested, limit] := table.gib_apart(memory_gib, row.memory.below_gib)

	path := ["deployments", i, "memory_gib"]
	message := sprintf(
		"%s requests %v GiB of memory on %s, which allows less than %v GiB",
		[deployment.name, requested, row.name, limit],
	)
}
