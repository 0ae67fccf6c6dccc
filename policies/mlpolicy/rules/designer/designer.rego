# METADATA
# title: Designer model on a target that the designer does not support
# description: |
#   AKS is the only target to which the designer deploys. The statement applies to web services and IoT
#   modules. The rule does not report batch scoring, which runs as a pipeline, or an unknown workload on a
#   target that is also used for batch scoring.
# related_resources:
#   - description: "Tutorial: deploy a model with the designer"
#     ref: https://learn.microsoft.com/azure/machine-learning/v1/tutorial-designer-automobile-price-deploy
# schemas:
#   - input: schema.facts
# custom:
#   severity: error
#   remediation: Deploy the designer model to a target that the designer supports.
#   suggest_targets: a target that the designer supports
package mlpolicy.rules.designer

import data.mlpolicy.table

deny contains {"path": path, "message": message} if {
	some i, deployment in input.deployments
	deployment.designer == true
	table.served(deployment)
	table.unsupported(deployment.target, "designer")

	path := ["deployments", i, "target"]
	message := sprintf("%s is a designer model on %s; in edition %s the designer deploys to %s", [
		deployment.name,
		table.name(deployment.target),
		input.edition,
		table.phrase(table.offering("designer")),
	])
}
