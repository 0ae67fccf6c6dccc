# METADATA
# title: Model too large for the target
# description: |
#   A note below the table states that container instances are suitable only for models smaller than 1 GB. A
#   model of exactly 1 GB (10^9 bytes) is too large. A model of unknown size is not reported.
# related_resources:
#   - description: Compute targets for inference
#     ref: https://learn.microsoft.com/azure/machine-learning/concept-compute-target#compute-targets-for-inference
# schemas:
#   - input: schema.facts
# custom:
#   severity: error
#   grows_with: larger
#   remediation: Deploy the model to a target without a limit on model size, or deploy a smaller one.
#   suggest_targets: a target without a limit on model size
package mlpolicy.rules["model-size"]

import data.mlpolicy.table

deny contains {"path": path, "message": message} if {
	some i, deployment in input.deployments
	some j, model in deployment.models
	row := table.targets[deployment.target]
	limit := row.model.below_bytes
	model.size_bytes >= limit
	not deployment.workload == "training"

	path := ["deployments", i, "models", j, "size_bytes"]
	message := sprintf(
		"%s serves a model of %v GB on %s, which allows less than %v GB",
		[deployment.name, table.gb(model.size_bytes), row.name, table.gb(limit)],
	)
}
