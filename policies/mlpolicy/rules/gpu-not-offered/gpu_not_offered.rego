# METADATA
# title: IoT module asks for a GPU that the table does not offer
# description: |
#   The GPU cell of Azure IoT Edge and of Azure Data Box Edge is blank. The table's notes on GPU speak of
#   web services and pipelines only, and devices with a GPU exist, so this is a warning.
# related_resources:
#   - description: Compute targets for inference
#     ref: https://learn.microsoft.com/azure/machine-learning/concept-compute-target#compute-targets-for-inference
# schemas:
#   - input: schema.facts
# custom:
#   severity: warning
#   grows_with: larger
#   remediation: Run the module on the CPU, or turn the rule off for devices that are known to have a GPU.
package mlpolicy.rules["gpu-not-offered"]

import data.mlpolicy.table

deny contains {"path": path, "message": message} if {
	some i, deployment in input.deployments
	deployment.workload == "iot-module"
	deployment.gpus > 0
	row := table.targets[deployment.target]
	row.gpu == []

	path := ["deployments", i, "gpus"]
	message := sprintf("%s asks for %s as an IoT module on %s, which offers none: %s", [
		deployment.name,
		table.counted(deployment.gpus, "GPU"),
		row.name,
		"use the CPU or, for devices with GPU, set rules: {gpu-not-offered: off}",
	])
}
