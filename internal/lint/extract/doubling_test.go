package extract

import (
	"context"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// TestTwiceTheItemsTakeTwiceTheWork compares the allocations that reading a list takes
// with those that twice the list takes.
func TestTwiceTheItemsTakeTwiceTheWork(t *testing.T) {
	tests := map[string]struct{ head, item string }{
		"Azure Service Operator pools": {
			"apiVersion: containerservice.azure.com/v1\nkind: ManagedCluster\nmetadata: {name: c}\nspec:\n  agentPoolProfiles:\n",
			"  - {name: p, vmSize: Standard_NC6, count: 1, enableAutoScaling: false, scaleSetPriority: Spot}\n",
		},
		"Azure Service Operator containers": {
			"apiVersion: containerinstance.azure.com/v1\nkind: ContainerGroup\nmetadata: {name: c}\nspec:\n  containers:\n",
			"  - {name: p, image: i, resources: {requests: {cpu: 1, memoryInGB: 1, gpu: {count: 1}}}}\n",
		},
		"Crossplane containers": {
			"apiVersion: containerinstance.azure.upbound.io/v1\nkind: ContainerGroup\nmetadata: {name: c}\nspec:\n forProvider:\n  container:\n",
			"  - {name: p, image: i, cpu: 1, memory: 1, gpu: [{count: 1}]}\n",
		},
		"Knative containers": {
			"apiVersion: serving.knative.dev/v1\nkind: Revision\nmetadata: {name: c}\nspec:\n  containers:\n",
			"  - {name: p, image: i, resources: {limits: {cpu: 1, memory: 1Gi, nvidia.com/gpu: 1}}}\n",
		},
		"containers of another kind": {
			"apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: c}\nspec:\n  workers:\n",
			"  - {nodeSelector: {a: b}, image: i, resources: {limits: {memory: 1Gi, nvidia.com/gpu: 1}}}\n",
		},
		"components of Dynamo": {
			"apiVersion: nvidia.com/v1beta1\nkind: DynamoGraphDeployment\nmetadata: {name: c}\nspec:\n  components:\n",
			"  - {name: p, replicas: 1, podTemplate: {spec: {containers: [{image: i, resources: {limits: {nvidia.com/gpu: 1}}}]}}}\n",
		},
		"roles of AIBrix": {
			"apiVersion: orchestration.aibrix.ai/v1alpha1\nkind: StormService\nmetadata: {name: c}\nspec:\n template:\n  spec:\n   roles:\n",
			"   - {name: p, replicas: 1, template: {spec: {containers: [{image: i, resources: {limits: {nvidia.com/gpu: 1}}}]}}}\n",
		},
		"cliques of Grove": {
			"apiVersion: grove.io/v1alpha1\nkind: PodCliqueSet\nmetadata: {name: c}\nspec:\n replicas: 1\n template:\n  podCliqueScalingGroups: [{name: g, cliqueNames: [p]}]\n  cliques:\n",
			"  - {name: p, spec: {replicas: 1, podSpec: {containers: [{image: i, resources: {limits: {nvidia.com/gpu: 1}}}]}}}\n",
		},
		"templates of Argo": {
			"apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: c}\nspec:\n entrypoint: p\n nodeSelector: {a: b}\n templates:\n",
			" - {name: p, container: {image: i, resources: {limits: {nvidia.com/gpu: 1}}}}\n",
		},
		"patched templates of Argo": {
			"apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: c}\nspec:\n entrypoint: p\n podSpecPatch: '{containers: [{name: main, resources: {limits: {memory: 1Gi}}}]}'\n templates:\n",
			" - name: p\n   container: {image: i}\n   podSpecPatch: |\n    containers:\n    - {name: main, resources: {limits: {nvidia.com/gpu: 1}}}\n",
		},
		"jobs of a JobSet": {
			"apiVersion: jobset.x-k8s.io/v1\nkind: JobSet\nmetadata: {name: c, annotations: {mlpolicy.dev/stage: production}}\nspec:\n  replicatedJobs:\n",
			"  - {name: p, template: {spec: {template: {metadata: {labels: {a: b}}, spec: {containers: [{image: i, resources: {limits: {memory: 1Gi}}}]}}}}}\n",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			allocations := func(items int) float64 {
				file := source.Parse("a.yaml", []byte(test.head+strings.Repeat(test.item, items)))
				if len(file.Problems) > 0 {
					t.Fatal(file.Problems)
				}
				return testing.AllocsPerRun(3, func() {
					extraction, err := Extract(context.Background(), nil, []*source.File{file}, Options{})
					if err != nil || len(extraction.Documents) != 1 || len(extraction.Problems) > 0 {
						t.Fatalf("not read: %v", err)
					}
				})
			}
			once, twice := allocations(500), allocations(1000)
			if twice > 2.2*once {
				t.Errorf("500 items take %v allocations, 1000 take %v", once, twice)
			}
		})
	}
}
