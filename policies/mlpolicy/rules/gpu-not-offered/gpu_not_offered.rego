# METADATA
# title: IoT module requests a GPU that the table does not offer
# description: |
#   The GPU cells of Azure IoT Edge and of Azure Data Box Edge are blank. The severity is warning, because the
#   table's notes on GPU cover only web services and pipelines, and devices with a GPU exist. The rule cpu-only
#   reports modules on targets for CPU-based workloads.
# related_resources:
#   - description: Compute targets for inference
#     ref: https://learn.microsoft.com/azure/machine-learning/concept-compute-target#compute-targets-for-inference
# schemas:
#   - input: schema.facts
# custom:
#   severity: warning
#   grows_with: larger
#   remediation: Run the module on the CPU, or turn the rule off if the devices have a GPU.
package mlpolicy.rules["gpu-not-offered"]

import data.mlpolicy.table

deny contains {"path": path, "message": message} if {
	some i, deployment in input.deployments
	deployment.gpus > 0
	table.gpu_rule(deployment) == "gpu-not-offered"

	path := ["deployments", i, "gpus"]
	message := sprintf("%s requests %s as an IoT module on %s, which offers no GPU", [
		deployment.name,
		table.devices(deployment, "gpus", "GPU"),
		table.name(deployment.target),
	])
}
