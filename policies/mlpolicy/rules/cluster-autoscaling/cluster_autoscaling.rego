# METADATA
# title: Cluster autoscaling through Azure Machine Learning
# description: |
#   AKS does not support cluster autoscaling through the Azure Machine Learning SDK. The number of its nodes
#   is changed in the Azure portal. The rule does not report autoscaling of the deployed service, which is
#   supported, or the autoscaler of a cluster that Azure itself manages.
# related_resources:
#   - description: Cluster autoscaling in Azure Kubernetes Service
#     ref: https://learn.microsoft.com/azure/aks/cluster-autoscaler-overview
# schemas:
#   - input: schema.facts
# custom:
#   severity: warning
#   remediation: Set a fixed number of nodes, or scale the cluster in Azure itself.
package mlpolicy.rules["cluster-autoscaling"]

import data.mlpolicy.table

deny contains {"path": path, "message": message} if {
	some i, compute in input.computes
	compute.cluster_autoscaling == true
	compute.managed_by == "azure-ml"
	row := table.targets[compute.target]
	row.cluster_autoscaling == false

	path := ["computes", i, "cluster_autoscaling"]
	message := sprintf("%s scales the nodes of %s through Azure Machine Learning, which is not supported", [
		compute.name,
		row.name,
	])
}
