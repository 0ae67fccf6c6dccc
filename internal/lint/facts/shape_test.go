package facts

import (
	"fmt"
	"strings"
	"testing"
)

// Values of the wrong shape on paths that carry facts, and what is reported.
func TestWrongShapes(t *testing.T) {
	const pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {%s}\n"
	const claim = "apiVersion: resource.k8s.io/v1\nkind: ResourceClaim%s\nmetadata: {name: a}\nspec: {%s}\n"
	for _, test := range []struct{ text, want string }{
		{fmt.Sprintf(pod, "containers: {main: {image: a}}"), "spec.containers must be a list, not a mapping"},
		{fmt.Sprintf(pod, "containers: main"), "spec.containers must be a list, not a single value"},
		{fmt.Sprintf(pod, "containers: [main]"), "spec.containers[0] must be a mapping, not a single value"},
		{fmt.Sprintf(pod, "containers: [{resources: [{limits: {memory: 64Gi}}]}]"), "spec.containers[0].resources must be a mapping, not a list"},
		{fmt.Sprintf(pod, "containers: [{resources: {limits: [memory]}}]"), "spec.containers[0].resources.limits must be a mapping, not a list"},
		{fmt.Sprintf(pod, "containers: [{resources: {requests: memory=64Gi}}]"), "spec.containers[0].resources.requests must be a mapping, not a single value"},
		{fmt.Sprintf(pod, "containers: [{env: {NVIDIA_VISIBLE_DEVICES: all}}]"), "spec.containers[0].env must be a list, not a mapping"},
		{fmt.Sprintf(pod, "containers: [{image: [a]}]"), "spec.containers[0].image must be a single value, not a list"},
		{fmt.Sprintf(pod, "containers: [{command: vllm serve}]"), "spec.containers[0].command must be a list, not a single value"},
		{fmt.Sprintf(pod, "containers: [], initContainers: {a: {image: b}}"), "spec.initContainers must be a list, not a mapping"},
		{fmt.Sprintf(pod, "containers: [], nodeSelector: [type=virtual-kubelet]"), "spec.nodeSelector must be a mapping, not a list"},
		{fmt.Sprintf(pod, "containers: [], tolerations: {key: a}"), "spec.tolerations must be a list, not a mapping"},
		{fmt.Sprintf(pod, "containers: [], affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{matchExpressions: []}]}}"),
			"spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution must be a mapping, not a list"},
		{fmt.Sprintf(pod, "containers: [], volumes: {a: {hostPath: {path: /dev/nvidia0}}}"), "spec.volumes must be a list, not a mapping"},
		{fmt.Sprintf(pod, "containers: [], runtimeClassName: [nvidia]"), "spec.runtimeClassName must be a single value, not a list"},
		{fmt.Sprintf(pod, "containers: [], resourceClaims: {gpu: a}"), "spec.resourceClaims must be a list, not a mapping"},
		{"apiVersion: v1\nkind: Pod\nmetadata: {labels: [a]}\nspec: {containers: []}", "metadata.labels must be a mapping, not a list"},
		{"apiVersion: apps/v1\nkind: Deployment\nspec: {template: [{spec: {containers: []}}]}", "spec.template must be a mapping, not a list"},
		{"apiVersion: apps/v1\nkind: Deployment\nspec: [{template: {spec: {containers: []}}}]", "spec must be a mapping, not a list"},
		{"apiVersion: batch/v1\nkind: CronJob\nspec: {jobTemplate: {spec: containers}}", "spec.jobTemplate.spec must be a mapping, not a single value"},
		{"apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nspec: {predictor: [{model: {}}]}", "spec.predictor must be a mapping, not a list"},
		{"apiVersion: ray.io/v1\nkind: RayCluster\nspec: {workerGroupSpecs: {a: {replicas: 1}}}", "spec.workerGroupSpecs must be a list, not a mapping"},
		{"apiVersion: machinelearning.seldon.io/v1\nkind: SeldonDeployment\nspec: {predictors: {name: a}}", "spec.predictors must be a list, not a mapping"},
		{"apiVersion: jobset.x-k8s.io/v1alpha2\nkind: JobSet\nspec: {replicatedJobs: {a: {template: {}}}}", "spec.replicatedJobs must be a list, not a mapping"},
		// Empty values have a shape, too.
		{fmt.Sprintf(pod, "containers: {}"), "spec.containers must be a list, not a mapping"},
		{fmt.Sprintf(pod, "containers: ''"), "spec.containers must be a list, not a single value"},
		{fmt.Sprintf(pod, "containers: [{resources: []}]"), "spec.containers[0].resources must be a mapping, not a list"},
		{fmt.Sprintf(pod, "containers: [{resources: ''}]"), "spec.containers[0].resources must be a mapping, not a single value"},
		{fmt.Sprintf(pod, "containers: [{resources: {limits: []}}]"), "spec.containers[0].resources.limits must be a mapping, not a list"},
		{fmt.Sprintf(pod, "containers: [], nodeSelector: []"), "spec.nodeSelector must be a mapping, not a list"},
		{fmt.Sprintf(pod, "containers: [], tolerations: {}"), "spec.tolerations must be a list, not a mapping"},
		{fmt.Sprintf(pod, "containers: [], affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: []}}"),
			"spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution must be a mapping, not a list"},
		{"apiVersion: apps/v1\nkind: Deployment\nspec: {template: {spec: {containers: {}}}}", "spec.template.spec.containers must be a list, not a mapping"},
		// Above the pod, where the word containers may be nowhere.
		{"apiVersion: apps/v1\nkind: Deployment\nspec: {template: [a]}", "spec.template must be a mapping, not a list"},
		{"apiVersion: apps/v1\nkind: Deployment\nspec: {template: []}", "spec.template must be a mapping, not a list"},
		{"apiVersion: apps/v1\nkind: StatefulSet\nspec: [template]", "spec must be a mapping, not a list"},
		{"apiVersion: v1\nkind: PodTemplate\ntemplate: [a]", "template must be a mapping, not a list"},
		{"apiVersion: batch/v1\nkind: CronJob\nspec: {jobTemplate: [a]}", "spec.jobTemplate must be a mapping, not a list"},
		{"apiVersion: v1\nkind: List\nitems: [{apiVersion: apps/v1, kind: Deployment, spec: {template: [a]}}]", "items[0].spec.template must be a mapping, not a list"},
		{"apiVersion: leaderworkerset.x-k8s.io/v1\nkind: LeaderWorkerSet\nspec: {leaderWorkerTemplate: {workerTemplate: [a]}}",
			"spec.leaderWorkerTemplate.workerTemplate must be a mapping, not a list"},
		// Claims.
		{fmt.Sprintf(pod, "containers: [{resources: {claims: {name: g}}}]"), "spec.containers[0].resources.claims must be a list, not a mapping"},
		{fmt.Sprintf(pod, "containers: [{resources: {claims: [g]}}]"), "spec.containers[0].resources.claims[0] must be a mapping, not a single value"},
		{fmt.Sprintf(claim, "Template", "spec: {devices: {requests: {gpu: {exactly: {deviceClassName: gpu.nvidia.com}}}}}"),
			"spec.spec.devices.requests must be a list, not a mapping"},
		{fmt.Sprintf(claim, "Template", "spec: [a]"), "spec.spec must be a mapping, not a list"},
		{fmt.Sprintf(claim, "", "devices: [{requests: []}]"), "spec.devices must be a mapping, not a list"},
		{fmt.Sprintf(claim, "", "devices: {requests: [gpu]}"), "spec.devices.requests[0] must be a mapping, not a single value"},
		{fmt.Sprintf(claim, "", "devices: {requests: [{exactly: [{deviceClassName: gpu.nvidia.com}]}]}"), "spec.devices.requests[0].exactly must be a mapping, not a list"},
		{fmt.Sprintf(claim, "", "devices: {requests: [{firstAvailable: {deviceClassName: gpu.nvidia.com}}]}"),
			"spec.devices.requests[0].firstAvailable must be a list, not a mapping"},
		// Absent or not known yet.
		{fmt.Sprintf(claim, "", "devices: {requests: null}"), ""},
		{fmt.Sprintf(claim, "", "devices: {requests: $REQUESTS}"), ""},
		{fmt.Sprintf(claim, "", "devices: null"), ""},
		{"apiVersion: apps/v1\nkind: Deployment\nspec: {template: null}", ""},
		{"apiVersion: apps/v1\nkind: Deployment\nspec: {replicas: 2}", ""},
		// Azure's own formats.
		{"name: d\nendpoint_name: e\ntype: managed\nrequest_settings: {}\ninstance_type: [Standard_NC6s_v3]", "instance_type must be a single value, not a list"},
		{"name: d\nendpoint_name: e\ntype: kubernetes\nrequest_settings: {}\ninstance_type: {name: gpu}", "instance_type must be a single value, not a mapping"},
		{"name: d\nendpoint_name: e\nmini_batch_size: 1\nresources: {instance_type: [Standard_NC6s_v3]}", "resources.instance_type must be a single value, not a list"},
		{"name: d\nendpoint_name: e\nmini_batch_size: 1\nresources: [{instance_type: Standard_NC6s_v3}]", "resources must be a mapping, not a list"},
		{"name: e\ntype: online\nauth_mode: key\ndeployments: {blue: {model: azureml:m:1, instance_type: Standard_NC6s_v3}}", "deployments must be a list, not a mapping"},
		{"name: e\ntype: online\nauth_mode: key\ndeployments: [{name: blue, model: azureml:m:1, type: managed, instance_type: [Standard_NC6s_v3]}]",
			"deployments[0].instance_type must be a single value, not a list"},
		{"type: Microsoft.ContainerInstance/containerGroups\nproperties: {containers: {c: {properties: {resources: {requests: {memoryInGB: 64}}}}}}",
			"properties.containers must be a list, not a mapping"},
		{`{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "resources": [
  {"type": "Microsoft.ContainerInstance/containerGroups", "name": "a", "properties": {"containers": {"c": {"properties": {"resources": {"requests": {"memoryInGB": 64}}}}}}}]}`,
			"resources[0].properties.containers must be a list, not a mapping"},
		{"name: d\nendpoint_name: e\ntype: managed\nrequest_settings: {}\ninstance_type: ${SIZE}", ""},
		{"name: e\ntype: online\nauth_mode: key\ndeployments: {blue: 50, green: 50}", ""},
		{`{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "parameters": {"c": {"type": "array"}, "n": {"type": "int"}}, "resources": [
  {"type": "Microsoft.ContainerInstance/containerGroups", "name": "a", "properties": {"containers": "[parameters('c')]", "initContainers": "[variables('c')]"}},
  {"type": "Microsoft.ContainerInstance/containerGroups", "name": "b", "properties": {"copy": [{"name": "containers", "count": "[parameters('n')]", "input": {"name": "a"}}]}}]}`, ""},
		// Absent, empty or not known yet.
		{fmt.Sprintf(pod, "containers: [{resources: null, env: null}], nodeSelector: null, tolerations:"), ""},
		{fmt.Sprintf(pod, "containers: $CONTAINERS, nodeSelector: '${SELECTOR}', tolerations: <tolerations>"), ""},
		{fmt.Sprintf(pod, "containers: [$SIDECAR, {image: a, resources: $RESOURCES}]"), ""},
		{fmt.Sprintf(pod, "containers: [], topologySpreadConstraints: {a: b}, dnsPolicy: [a], hostAliases: a"), ""},
		{"apiVersion: apps/v1\nkind: Deployment\nspec: {template: '${TEMPLATE}'}", ""},
		// Of what only completes others nothing is reported.
		{"apiVersion: serving.kserve.io/v1alpha1\nkind: ServingRuntime\nspec: {containers: {a: {image: b}}}", ""},
	} {
		extraction := extract(t, nil, Options{}, "a.yaml", test.text+"\n")
		var got []string
		for _, problem := range extraction.Problems {
			if problem.Rule != SyntaxRule || problem.Severity != Warning || problem.Place.Node == nil {
				t.Errorf("%s: %+v", test.text, problem)
			}
			got = append(got, problem.Message)
		}
		if strings.Join(got, "; ") != test.want {
			t.Errorf("%s:\n%q, want %q", test.text, got, test.want)
		}
	}
}

// What several aliases stand for is reported once.
func TestWrongShapeBehindAliases(t *testing.T) {
	const text = `apiVersion: ray.io/v1
kind: RayCluster
spec:
  headGroupSpec: {template: {spec: &pod {containers: {main: {image: a}}}}}
  workerGroupSpecs: [{template: {spec: *pod}}, {template: {spec: *pod}}]
`
	if problems := extract(t, nil, Options{}, "a.yaml", text).Problems; len(problems) != 1 {
		t.Errorf("%v", problems)
	}
}
