# METADATA
# title: GPU on a target for CPU-based workloads
# description: |
#   Azure Container Instances is for low-scale CPU-based workloads. This rule speaks where nothing says
#   what the deployment does; a known web service is judged by gpu-web-service, so that one GPU is one finding.
# related_resources:
#   - description: Compute targets for inference
#     ref: https://learn.microsoft.com/azure/machine-learning/concept-compute-target#compute-targets-for-inference
# schemas:
#   - input: schema.facts
# custom:
#   severity: error
#   grows_with: larger
#   remediation: Ask for no GPU, or deploy to a target that offers GPU to the workload.
package mlpolicy.rules["cpu-only"]

import data.mlpolicy.table

deny contains {"path": path, "message": message} if {
	some i, deployment in input.deployments
	deployment.gpus > 0
	not deployment.workload
	row := table.targets[deployment.target]
	row.cpu_only == true

	path := ["deployments", i, "gpus"]
	message := sprintf(
		"%s asks for %s on %s, which is for CPU-based workloads: ask for no GPU or deploy to a target that offers it",
		[deployment.name, table.counted(deployment.gpus, "GPU"), row.name],
	)
}
