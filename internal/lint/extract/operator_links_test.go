package extract

import (
	"testing"
	"testing/fstest"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
)

// TestLinkComputesOfKubernetes links a deployment to computes that Kubernetes creates, by
// the name that Azure ML knows; an AKS pool of the name is none of them.
func TestLinkComputesOfKubernetes(t *testing.T) {
	const workspaces = "apiVersion: machinelearningservices.azure.com/v1api20240401\nkind: WorkspacesCompute\n"
	tests := []struct {
		name, compute string
		target        facts.Target // empty where nothing is linked
	}{
		{"managed", workspaces + "metadata: {name: a}\nspec: {azureName: gpu-cluster, properties: {amlCompute: {properties: {vmSize: Standard_NC6}}}}\n", facts.AMLCompute},
		{"attached", workspaces + "metadata: {name: gpu-cluster}\nspec: {properties: {kubernetes: {resourceReference: {group: containerservice.azure.com, name: c}}}}\n", facts.AKS},
		{"another name in Azure", workspaces + "metadata: {name: gpu-cluster}\nspec: {azureName: a, properties: {amlCompute: {properties: {vmSize: Standard_NC6}}}}\n", ""},
		{"Crossplane", "apiVersion: machinelearningservices.azure.upbound.io/v1beta2\nkind: ComputeCluster\nmetadata: {name: a}\nspec: {forProvider: {name: gpu-cluster}}\n", facts.AMLCompute},
		{"Crossplane, attached", "apiVersion: machinelearningservices.azure.upbound.io/v1beta1\nkind: InferenceCluster\nmetadata: {name: gpu-cluster}\nspec: {forProvider: {clusterPurpose: DevTest}}\n", facts.AKS},
		{"a pool of nodes", "apiVersion: containerservice.azure.com/v1api20240901\nkind: ManagedClustersAgentPool\nmetadata: {name: gpu-cluster}\nspec: {owner: {name: c}, vmSize: Standard_NC6}\n", ""},
	}
	for _, test := range tests {
		d := only(t, linkFiles(t, fstest.MapFS{"batch.yml": data(batch), "compute.yaml": data(test.compute)}, "batch.yml"))
		if d.Target.Value != test.target {
			t.Errorf("%s: target %q, want %q", test.name, d.Target.Value, test.target)
		}
	}
}
