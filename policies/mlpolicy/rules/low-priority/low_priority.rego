# METADATA
# title: Low-priority VMs on a compute that does not support them
# description: |
#   In the table, only compute clusters support low-priority VMs. The rule applies to computes that Azure
#   Machine Learning manages, not to the spot nodes of your own clusters.
# related_resources:
#   - description: Low-priority VMs of compute clusters
#     ref: https://learn.microsoft.com/azure/machine-learning/how-to-manage-optimize-cost
# schemas:
#   - input: schema.facts
# custom:
#   severity: warning
#   remediation: Use dedicated VMs, or a compute cluster.
package mlpolicy.rules["low-priority"]

import data.mlpolicy.table

deny contains {"path": path, "message": message} if {
	some i, compute in input.computes
	compute.vm_priority == "low"
	compute.managed_by == "azure-ml"
	row := table.targets[compute.target]
	row.low_priority == false

	path := ["computes", i, "vm_priority"]
	message := sprintf("%s requests low-priority VMs on %s; edition %s supports them only on %s", [
		compute.name,
		row.name,
		input.edition,
		table.phrase(table.offering("low_priority")),
	])
}
