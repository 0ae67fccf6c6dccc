# METADATA
# title: Batch scoring with GPU outside Azure Machine Learning compute
# description: |
#   A note below the table states that GPU for inference in a machine learning pipeline is supported only on
#   Azure Machine Learning compute. The rule workload reports batch scoring on a target
#   that is not used for it, with or without GPU. In editions without the note, this rule reports nothing.
# related_resources:
#   - description: Compute targets for inference
#     ref: https://learn.microsoft.com/azure/machine-learning/concept-compute-target#compute-targets-for-inference
# schemas:
#   - input: schema.facts
# custom:
#   severity: error
#   grows_with: larger
#   remediation: Score on an Azure Machine Learning compute cluster, or remove the GPU request.
#   suggest_targets: an Azure Machine Learning compute cluster
package mlpolicy.rules["gpu-batch-scoring"]

import data.mlpolicy.table

deny contains {"path": path, "message": message} if {
	some i, deployment in input.deployments
	deployment.gpus > 0
	table.gpu_rule(deployment) == "gpu-batch-scoring"

	path := ["deployments", i, "gpus"]
	message := sprintf("%s requests %s for batch scoring on %s; edition %s supports this only on %s", [
		deployment.name,
		table.devices(deployment, "gpus", "GPU"),
		table.name(deployment.target),
		input.edition,
		table.phrase(table.offering_gpu("batch-scoring")),
	])
}
