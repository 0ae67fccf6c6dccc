# METADATA
# title: GPU on a target for CPU-based workloads
# description: |
#   Azure Container Instances is for low-scale CPU-based workloads. It is a limit of the platform, so it
#   concerns anything but training. One GPU is one finding: a web service is reported by gpu-web-service, and
#   batch scoring by gpu-batch-scoring where the edition offers it GPU on one target only.
# related_resources:
#   - description: Compute targets for inference
#     ref: https://learn.microsoft.com/azure/machine-learning/concept-compute-target#compute-targets-for-inference
# schemas:
#   - input: schema.facts
# custom:
#   severity: error
#   grows_with: larger
#   remediation: Ask for no GPU, or deploy to a target that offers GPU to the workload.
#   elsewhere: a target that offers GPU to the workload
package mlpolicy.rules["cpu-only"]

import data.mlpolicy.table

deny contains {"path": path, "message": message} if {
	some i, deployment in input.deployments
	deployment.gpus > 0
	table.gpu_rule(deployment) == "cpu-only"

	path := ["deployments", i, "gpus"]
	message := sprintf("%s asks for %s on %s, which is for CPU-based workloads", [
		deployment.name,
		table.devices(deployment, "gpus", "GPU"),
		table.name(deployment.target),
	])
}
