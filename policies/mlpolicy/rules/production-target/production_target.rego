# METADATA
# title: Production on a target for testing and development
# description: |
#   Local web services and compute instances are for testing and debugging, Azure Container Instances for
#   testing or development. The rule reports only if the stage is known from a label, a path or the
#   configuration.
# related_resources:
#   - description: Compute targets for inference
#     ref: https://learn.microsoft.com/azure/machine-learning/concept-compute-target#compute-targets-for-inference
# schemas:
#   - input: schema.facts
# custom:
#   severity: warning
#   remediation: Deploy to a target that the table lists for production, or declare that the deployment is for development.
#   suggest_targets: a target that the table lists for production
package mlpolicy.rules["production-target"]

import data.mlpolicy.table

deny contains {"path": path, "message": message} if {
	some i, deployment in input.deployments
	deployment.stage == "production"
	deployment.workload in table.inference
	row := table.targets[deployment.target]
	row.production == false

	path := ["deployments", i, "target"]
	message := sprintf("%s is in production on %s, which is for testing and development only", [
		deployment.name,
		row.name,
	])
}
