# METADATA
# title: GPU on a target for CPU-based workloads
# description: |
#   Azure Container Instances is for low-scale CPU-based workloads. This limit of the platform applies to
#   every workload except training. A GPU is reported by one rule only: gpu-web-service reports web services,
#   and gpu-batch-scoring reports batch scoring if the edition supports GPU for it on one target only.
# related_resources:
#   - description: Compute targets for inference
#     ref: https://learn.microsoft.com/azure/machine-learning/concept-compute-target#compute-targets-for-inference
# schemas:
#   - input: schema.facts
# custom:
#   severity: error
#   grows_with: larger
#   remediation: Remove the GPU request, or deploy to a target that supports GPU for the workload.
#   suggest_targets: a target that supports GPU for the workload
package mlpolicy.rules["cpu-only"]

import data.mlpolicy.table

deny contains {"path": path, "message": message} if {
	some i, deployment in input.deployments
	deployment.gpus > 0
	table.gpu_rule(deployment) == "cpu-only"

	path := ["deployments", i, "gpus"]
	message := sprintf("%s requests %s on %s, which is for CPU-based workloads", [
		deployment.name,
		table.devices(deployment, "gpus", "GPU"),
		table.name(deployment.target),
	])
}
