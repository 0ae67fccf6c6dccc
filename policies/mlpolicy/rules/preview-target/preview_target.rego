# METADATA
# title: Target in preview
# description: |
#   The table marks Azure Functions and Azure IoT Edge as (Preview). Previews have no service level
#   agreement, and their features may change.
# related_resources:
#   - description: Supplemental terms of use for Microsoft Azure previews
#     ref: https://azure.microsoft.com/support/legal/preview-supplemental-terms/
# schemas:
#   - input: schema.facts
# custom:
#   severity: note
#   remediation: Make sure that a preview is acceptable, or deploy to a target that is generally available.
#   suggest_targets: a target that is generally available
package mlpolicy.rules["preview-target"]

import data.mlpolicy.table

deny contains {"path": path, "message": message} if {
	some i, deployment in input.deployments
	deployment.workload in table.inference
	row := table.targets[deployment.target]
	row.preview == true

	path := ["deployments", i, "target"]
	message := sprintf(
		"%s runs on %s, which is in preview",
		[deployment.name, row.name],
	)
}
