# METADATA
# title: FPGA on a target without FPGA support
# description: |
#   The FPGA column is "yes" for AKS and for Azure Data Box Edge; all other cells are blank. The table
#   applies to inference: training and unknown workloads are not reported.
# related_resources:
#   - description: Deploy models to FPGAs
#     ref: https://learn.microsoft.com/azure/machine-learning/v1/how-to-deploy-fpga-web-service
# schemas:
#   - input: schema.facts
# custom:
#   severity: error
#   grows_with: larger
#   remediation: Deploy to a target with FPGA support, or remove the FPGA request.
#   suggest_targets: a target with FPGA support
package mlpolicy.rules.fpga

import data.mlpolicy.table

deny contains {"path": path, "message": message} if {
	some i, deployment in input.deployments
	deployment.fpgas > 0
	deployment.workload in table.inference
	table.unsupported(deployment.target, "fpga")

	path := ["deployments", i, "fpgas"]
	message := sprintf("%s requests %s on %s; edition %s supports FPGA on %s", [
		deployment.name,
		table.devices(deployment, "fpgas", "FPGA"),
		table.name(deployment.target),
		input.edition,
		table.phrase(table.offering("fpga")),
	])
}
