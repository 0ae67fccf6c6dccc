# METADATA
# title: Target that the edition does not list
# description: |
#   An edition makes no statement about targets without a row, so almost nothing can be checked there. A
#   later edition may list the target. To apply its statements, select it with edition in the configuration
#   or with --edition.
# related_resources:
#   - description: Compute targets for inference
#     ref: https://learn.microsoft.com/azure/machine-learning/concept-compute-target#compute-targets-for-inference
# schemas:
#   - input: schema.facts
# custom:
#   severity: note
#   remediation: Deploy to a target that the edition lists.
#   suggest_targets: a target that the edition lists
package mlpolicy.rules["unlisted-target"]

import data.mlpolicy.history
import data.mlpolicy.table

deny contains {"path": path, "message": message} if {
	some i, deployment in input.deployments
	deployment.workload in table.inference
	target := deployment.target
	not table.targets[target]

	path := ["deployments", i, "target"]
	message := sprintf("%s runs on %s, which edition %s does not list; %s", [
		deployment.name,
		table.name(target),
		input.edition,
		history.listing(target, deployment.workload),
	])
}
