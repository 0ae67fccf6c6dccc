# METADATA
# title: GPU web service on a target without GPU for web services
# description: |
#   A note below the table states that GPU for inference in a web service is supported only on AKS. The GPU
#   cell of every other target is blank or lists only batch scoring. This includes the local web service, whose
#   row makes acceleration depend on the libraries of the local system. Editions without the word "only" still
#   restrict Azure Container Instances to CPU-based workloads.
# related_resources:
#   - description: Compute targets for inference
#     ref: https://learn.microsoft.com/azure/machine-learning/concept-compute-target#compute-targets-for-inference
# schemas:
#   - input: schema.facts
# custom:
#   severity: error
#   grows_with: larger
#   remediation: Deploy the web service to a target that supports GPU for web services, or remove the GPU request.
#   suggest_targets: a target that supports GPU for web services
package mlpolicy.rules["gpu-web-service"]

import data.mlpolicy.table

deny contains {"path": path, "message": message} if {
	some i, deployment in input.deployments
	deployment.gpus > 0
	table.gpu_rule(deployment) == "gpu-web-service"

	path := ["deployments", i, "gpus"]
	message := sprintf("%s requests %s on %s; edition %s supports GPU for web services on %s", [
		deployment.name,
		table.devices(deployment, "gpus", "GPU"),
		table.quoted(deployment.target),
		input.edition,
		table.phrase(table.offering_gpu("web-service")),
	])
}
