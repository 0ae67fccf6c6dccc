# METADATA
# title: Workload for which the target is not used
# description: |
#   The used-for column lists the workloads of each target: AKS and Azure Functions are for real-time
#   inference, compute clusters for batch scoring, edge devices for IoT modules, and targets for testing for
#   web services.
# related_resources:
#   - description: Compute targets for inference
#     ref: https://learn.microsoft.com/azure/machine-learning/concept-compute-target#compute-targets-for-inference
# schemas:
#   - input: schema.facts
# custom:
#   severity: warning
#   remediation: Deploy to a target that the table lists for the workload, or correct the declared workload.
#   suggest_targets: a target that the table lists for the workload
package mlpolicy.rules.workload

import data.mlpolicy.table

deny contains {"path": path, "message": message} if {
	some i, deployment in input.deployments
	deployment.workload in table.inference
	row := table.row(deployment)
	used_for := row.used_for
	not deployment.workload in used_for

	path := ["deployments", i, "target"]
	message := sprintf("%s runs the workload %s on %s, which is for %s", [
		deployment.name,
		deployment.workload,
		row.name,
		concat(" and ", used_for),
	])
}
