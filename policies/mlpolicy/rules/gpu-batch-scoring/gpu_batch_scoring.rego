# METADATA
# title: Batch scoring with GPU outside Azure Machine Learning compute
# description: |
#   The note below the table: using GPU for inference when scoring with a machine learning pipeline is
#   supported only on Azure Machine Learning compute. Batch scoring without GPU is the business of the
#   rule workload, and editions without the note refuse nothing here.
# related_resources:
#   - description: Compute targets for inference
#     ref: https://learn.microsoft.com/azure/machine-learning/concept-compute-target#compute-targets-for-inference
# schemas:
#   - input: schema.facts
# custom:
#   severity: error
#   grows_with: larger
#   remediation: Score on an Azure Machine Learning compute cluster, or ask for no GPU.
#   elsewhere: an Azure Machine Learning compute cluster
package mlpolicy.rules["gpu-batch-scoring"]

import data.mlpolicy.table

deny contains {"path": path, "message": message} if {
	some i, deployment in input.deployments
	deployment.workload == "batch-scoring"
	deployment.gpus > 0
	target := deployment.target
	not target in offering
	count(offering) > 0
	"gpu-batch-scoring" in table.only

	path := ["deployments", i, "gpus"]
	message := sprintf(
		"%s asks for %s for batch scoring on %s; edition %s offers that only on %s: deploy there or ask for no GPU",
		[
			deployment.name,
			table.counted(deployment.gpus, "GPU"),
			table.name(target),
			input.edition,
			table.phrase(offering),
		],
	)
}

offering := table.offering_gpu("batch-scoring")
