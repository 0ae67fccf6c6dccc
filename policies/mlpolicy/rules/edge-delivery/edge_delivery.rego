# METADATA
# title: Delivery method that does not match the table
# description: |
#   Azure Data Box Edge is used via IoT Edge: an IoT Edge deployment manifest describes its modules.
# related_resources:
#   - description: What is Azure Stack Edge, formerly Data Box Edge
#     ref: https://learn.microsoft.com/azure/databox-online/azure-stack-edge-overview
# schemas:
#   - input: schema.facts
# custom:
#   severity: error
#   remediation: Deploy through an IoT Edge deployment manifest.
package mlpolicy.rules["edge-delivery"]

import data.mlpolicy.table

deny contains {"path": path, "message": message} if {
	some i, deployment in input.deployments
	delivery := deployment.delivery
	not deployment.workload == "training"
	row := table.targets[deployment.target]
	row.via != ""
	delivery != row.via

	path := ["deployments", i, "delivery"]
	message := sprintf("%s is delivered to %s by %s; edition %s requires delivery via %s", [
		deployment.name,
		row.name,
		delivery,
		input.edition,
		row.via,
	])
}
