# METADATA
# title: Designer model on a target that the designer does not deploy to
# description: |
#   AKS is the only option available for the designer. What it makes for batch scoring runs as a pipeline and
#   is not at fault.
# related_resources:
#   - description: "Tutorial: deploy a model with the designer"
#     ref: https://learn.microsoft.com/azure/machine-learning/v1/tutorial-designer-automobile-price-deploy
# schemas:
#   - input: schema.facts
# custom:
#   severity: error
#   remediation: Deploy what the designer made to a target that the designer supports.
#   elsewhere: a target that the designer supports
package mlpolicy.rules.designer

import data.mlpolicy.table

deny contains {"path": path, "message": message} if {
	some i, deployment in input.deployments
	deployment.designer == true
	not deployment.workload == "batch-scoring"
	not deployment.workload == "training"
	table.refused(deployment.target, "designer")

	path := ["deployments", i, "target"]
	message := sprintf(
		"%s is a designer model on %s; edition %s has the designer deploy to %s: deploy there",
		[
			deployment.name,
			table.name(deployment.target),
			input.edition,
			table.phrase(table.offering("designer")),
		],
	)
}
