# METADATA
# title: GPU web service on a target that offers it no GPU
# description: |
#   The note below the table: using GPU for inference when deployed as a web service is supported only
#   on AKS. Every other target has a blank GPU cell or offers its GPU to batch scoring; that goes for a
#   local web service too, whose row leaves acceleration to the libraries of the local system. Editions
#   that no longer say "only" still keep Azure Container Instances for CPU-based workloads.
# related_resources:
#   - description: Compute targets for inference
#     ref: https://learn.microsoft.com/azure/machine-learning/concept-compute-target#compute-targets-for-inference
# schemas:
#   - input: schema.facts
# custom:
#   severity: error
#   grows_with: larger
#   remediation: Deploy the web service to a target that offers GPU to web services, or ask for no GPU.
#   elsewhere: a target that offers GPU to web services
package mlpolicy.rules["gpu-web-service"]

import data.mlpolicy.table

deny contains {"path": path, "message": message} if {
	some i, deployment in input.deployments
	deployment.gpus > 0
	deployment.workload == "web-service"
	target := deployment.target
	not target in offering
	count(offering) > 0
	refused(target)

	path := ["deployments", i, "gpus"]
	message := sprintf(
		"%s asks for %s on %s; edition %s offers GPU to web services on %s: deploy there or ask for no GPU",
		[
			deployment.name,
			table.counted(deployment.gpus, "GPU"),
			described(target),
			input.edition,
			table.phrase(offering),
		],
	)
}

offering := table.offering_gpu("web-service")

# Where the edition says "only", all other targets are refused, listed or not.
refused(_) if "gpu-web-service" in table.only

# Where it does not, a blank GPU cell refuses nothing; being for CPU-based workloads does.
refused(target) if table.targets[target].cpu_only == true

# What the row's note says of CPUs and of acceleration belongs to the message: a local web service may well
# find a GPU.
described(target) := concat("", array.concat([table.name(target)], [sprintf(" (%s)", [trim_space(clause)]) |
	some clause in regex.find_n(`[^,;]*(CPU|acceleration)[^,;]*`, table.targets[target].note, 1)
]))
