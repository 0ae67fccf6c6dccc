package extract

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
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
		{"apiVersion: apps.nvidia.com/v1alpha1\nkind: NIMService\nspec: {draResources: {a: b}}", "spec.draResources must be a list, not a mapping"},
		{"apiVersion: apps.nvidia.com/v1alpha1\nkind: NIMService\nspec: {image: acme/chat}", "spec.image must be a mapping, not a single value"},
		{"apiVersion: nvidia.com/v1alpha1\nkind: DynamoGraphDeployment\nspec: {services: [{name: a}]}", "spec.services must be a mapping, not a list"},
		{"apiVersion: nvidia.com/v1alpha1\nkind: DynamoGraphDeployment\nspec: {services: {a: {resources: {limits: [gpu]}}}}", "spec.services.a.resources.limits must be a mapping, not a list"},
		{"apiVersion: nvidia.com/v1beta1\nkind: DynamoGraphDeployment\nspec: {components: {a: {}}}", "spec.components must be a list, not a mapping"},
		{"apiVersion: foundrylocal.azure.com/v1\nkind: ModelDeployment\nspec: {nodeSelector: [a]}", "spec.nodeSelector must be a mapping, not a list"},
		{"apiVersion: orchestration.aibrix.ai/v1alpha1\nkind: StormService\nspec: {template: {spec: {roles: {a: {}}}}}", "spec.template.spec.roles must be a list, not a mapping"},
		{"apiVersion: grove.io/v1alpha1\nkind: PodCliqueSet\nspec: {template: {cliques: {a: {}}}}", "spec.template.cliques must be a list, not a mapping"},
		{"apiVersion: ome.io/v1beta1\nkind: InferenceService\nspec: {engine: [{runner: {}}]}", "spec.engine must be a mapping, not a list"},
		{"apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nspec: {templates: {a: {}}}", "spec.templates must be a list, not a mapping"},
		{"apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nspec: {templates: [{container: [a]}]}", "spec.templates[0].container must be a mapping, not a list"},
		{"apiVersion: batch.volcano.sh/v1alpha1\nkind: Job\nspec: {tasks: {a: {}}}", "spec.tasks must be a list, not a mapping"},
		{"apiVersion: workload.codeflare.dev/v1beta2\nkind: AppWrapper\nspec: {components: [{template: [a]}]}", "spec.components[0].template must be a mapping, not a list"},
		{"apiVersion: template.openshift.io/v1\nkind: Template\nobjects: {a: {}}", "objects must be a list, not a mapping"},
		{"apiVersion: sparkoperator.k8s.io/v1beta2\nkind: SparkApplication\nspec: {executor: {gpu: 1}}", "spec.executor.gpu must be a mapping, not a single value"},
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
		{"name: d\nendpoint_name: e\ntype: kubernetes\nrequest_settings: {}\ninstance_type: gpu\nresources: [a]", "resources must be a mapping, not a list"},
		{"name: d\nendpoint_name: e\ntype: managed\nscale_settings: [a]\ninstance_type: Standard_DS3_v2\nmodel: [azureml:m:1]", "scale_settings must be a mapping, not a list; model must be a single value, not a list"},
		{"name: d\nendpoint_name: e\ntype: managed\nrequest_settings: {}\ninstance_type: Standard_DS3_v2\ntags: [a]", "tags must be a mapping, not a list"},
		{"name: c\ntype: amlcompute\nsize: [Standard_NC6s_v3]", "size must be a single value, not a list"},
		{"computeType: ACI\ncontainerResourceRequirements: [a]", "containerResourceRequirements must be a mapping, not a list"},
		{"computeType: AKS\nautoScaler: [a]\ncontainerResourceRequirements: {cpu: 1}", "autoScaler must be a mapping, not a list"},
		{"entryScript: a.py\nruntime: python\nbaseImage: [a]", "baseImage must be a single value, not a list"},
		{"properties: {computeType: ACI, environmentImageRequest: {models: {name: a}}}", "properties.environmentImageRequest.models must be a list, not a mapping"},
		{"type: Microsoft.ContainerInstance/containerGroups\nproperties: {containers: [{properties: [a]}]}", "properties.containers[0].properties must be a mapping, not a list"},
		{"type: Microsoft.ContainerInstance/containerGroups\nproperties: {containers: [{properties: {resources: {requests: [a]}}}]}", "properties.containers[0].properties.resources.requests must be a mapping, not a list"},
		{`{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "resources": [
  {"type": "Microsoft.ContainerInstance/containerGroups", "name": "a", "properties": [{"containers": []}]}]}`, "resources[0].properties must be a mapping, not a list"},
		{`{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "resources": [
  {"type": "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments", "name": "w/e/d", "properties": {"endpointComputeType": "Kubernetes", "ContainerResourceRequirements": {"containerResourceLimits": ["a"]}}}]}`,
			"resources[0].properties.ContainerResourceRequirements.containerResourceLimits must be a mapping, not a list"},
		{`{"modulesContent": {"$edgeAgent": {"properties.desired": {"modules": [{"settings": {}}]}}}}`, `modulesContent.$edgeAgent["properties.desired"].modules must be a mapping, not a list`},
		{`{"modulesContent": {"$edgeAgent": [{"properties.desired": {"modules": {}}}]}}`, "modulesContent.$edgeAgent must be a mapping, not a list"},
		{`{"modulesContent": {"$edgeAgent": {"properties.desired": {"modules": {"a": {"settings": ["image"]}}}}}}`, `modulesContent.$edgeAgent["properties.desired"].modules.a.settings must be a mapping, not a list`},
		{`{"modulesContent": {"$edgeAgent": {"properties.desired": {"modules": {"a": {"settings": {"image": "b", "createOptions": {"HostConfig": {"Devices": {"PathOnHost": "/dev/dxg"}}}}}}}}}}`,
			`modulesContent.$edgeAgent["properties.desired"].modules.a.settings.createOptions.HostConfig.Devices must be a list, not a mapping`},
		{`{"format_version": "1.2", "resource_changes": {"type": "azurerm_container_group"}}`, "resource_changes must be a list, not a mapping"},
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
		{"apiVersion: ray.io/v1\nkind: RayService\nspec: {rayClusterConfig: null}", ""},
		{"apiVersion: ray.io/v1\nkind: RayService\nspec: {rayClusterConfig: $CONFIG}", ""},
		{"apiVersion: kubeflow.org/v1\nkind: PyTorchJob\nspec: {pytorchReplicaSpecs: {Master: null, Worker: '${WORKER}'}}", ""},
		{"apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nspec: {predictor: {model: {modelFormat: null, runtime: <runtime>, storageUri: $(URI)}}}", ""},
		{fmt.Sprintf(pod, "containers: [], nodeSelector: {type: $TYPE, agentpool: null}, tolerations: [{key: null}]"), ""},
		{fmt.Sprintf(pod, "containers: [{env: [{name: A, value: [b]}, {name: NVIDIA_VISIBLE_DEVICES, value: null}]}]"), ""},
		// High in an object.
		{"apiVersion: ray.io/v1\nkind: RayService\nspec: {rayClusterConfig: [{headGroupSpec: {}}]}", "spec.rayClusterConfig must be a mapping, not a list"},
		{"apiVersion: ray.io/v1\nkind: RayService\nspec: {rayClusterConfig: {headGroupSpec: [{template: {}}]}}", "spec.rayClusterConfig.headGroupSpec must be a mapping, not a list"},
		{"apiVersion: ray.io/v1\nkind: RayService\nspec: {rayClusterConfig: {headGroupSpec: {template: []}}}", "spec.rayClusterConfig.headGroupSpec.template must be a mapping, not a list"},
		{"apiVersion: ray.io/v1\nkind: RayCluster\nspec: [a]", "spec must be a mapping, not a list"},
		{"apiVersion: ray.io/v1\nkind: RayJob\nspec: {rayClusterSpec: a, submitterPodTemplate: [a]}",
			"spec.rayClusterSpec must be a mapping, not a single value; spec.submitterPodTemplate must be a mapping, not a list"},
		{"apiVersion: ray.io/v1\nkind: RayCronJob\nspec: {jobTemplate: [a]}", "spec.jobTemplate must be a mapping, not a list"},
		{"apiVersion: ray.io/v1\nkind: RayCluster\nspec: {headGroupSpec: {rayStartParams: [num-gpus]}}", "spec.headGroupSpec.rayStartParams must be a mapping, not a list"},
		{"apiVersion: leaderworkerset.x-k8s.io/v1\nkind: LeaderWorkerSet\nspec: {leaderWorkerTemplate: [a]}", "spec.leaderWorkerTemplate must be a mapping, not a list"},
		{"apiVersion: leaderworkerset.x-k8s.io/v1\nkind: LeaderWorkerSet\nspec: [a]", "spec must be a mapping, not a list"},
		{"apiVersion: jobset.x-k8s.io/v1alpha2\nkind: JobSet\nspec: [a]", "spec must be a mapping, not a list"},
		{"apiVersion: jobset.x-k8s.io/v1alpha2\nkind: JobSet\nspec: {replicatedJobs: [{template: [a]}]}", "spec.replicatedJobs[0].template must be a mapping, not a list"},
		{"apiVersion: jobset.x-k8s.io/v1alpha2\nkind: JobSet\nspec: {replicatedJobs: [{template: {spec: {template: {spec: [containers]}}}}]}",
			"spec.replicatedJobs[0].template.spec.template.spec must be a mapping, not a list"},
		{"apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nspec: [a]", "spec must be a mapping, not a list"},
		{"apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nspec: {predictor: {workerSpec: [a]}}", "spec.predictor.workerSpec must be a mapping, not a list"},
		{"apiVersion: serving.kubeflow.org/v1alpha2\nkind: InferenceService\nspec: {default: [a], canary: {predictor: [a]}}",
			"spec.default must be a mapping, not a list; spec.canary.predictor must be a mapping, not a list"},
		{"apiVersion: serving.kserve.io/v1alpha1\nkind: LLMInferenceService\nspec: [a]", "spec must be a mapping, not a list"},
		{"apiVersion: serving.kserve.io/v1alpha1\nkind: LLMInferenceService\nspec: {prefill: {worker: [a]}, template: [a]}",
			"spec.prefill.worker must be a mapping, not a list; spec.template must be a mapping, not a list"},
		{"apiVersion: serving.kserve.io/v1alpha1\nkind: ServingRuntime\nspec: {containers: {a: {image: b}}}", "spec.containers must be a list, not a mapping"},
		{"apiVersion: serving.kserve.io/v1alpha1\nkind: ClusterServingRuntime\nspec: [containers]", "spec must be a mapping, not a list"},
		{"apiVersion: machinelearning.seldon.io/v1\nkind: SeldonDeployment\nspec: [a]", "spec must be a mapping, not a list"},
		{"apiVersion: machinelearning.seldon.io/v1\nkind: SeldonDeployment\nspec: {predictors: [{name: a, componentSpecs: [{spec: [a]}], graph: [a]}]}",
			"spec.predictors[0].componentSpecs[0].spec must be a mapping, not a list; spec.predictors[0].graph must be a mapping, not a list"},
		{"apiVersion: mlops.seldon.io/v1alpha1\nkind: Server\nspec: {podSpec: [a]}", "spec.podSpec must be a mapping, not a list"},
		{"apiVersion: mlops.seldon.io/v1alpha1\nkind: Model\nspec: [a]", "spec must be a mapping, not a list"},
		{"apiVersion: kubeflow.org/v1\nkind: PyTorchJob\nspec: {pytorchReplicaSpecs: [a]}", "spec.pytorchReplicaSpecs must be a mapping, not a list"},
		{"apiVersion: kubeflow.org/v1\nkind: TFJob\nspec: {tfReplicaSpecs: {Worker: [a]}}", "spec.tfReplicaSpecs.Worker must be a mapping, not a list"},
		{"apiVersion: kubeflow.org/v1\nkind: PyTorchJob\nspec: {pytorchReplicaSpecs: {Master: {template: {spec: {containers: {a: {image: b}}}}}}}",
			"spec.pytorchReplicaSpecs.Master.template.spec.containers must be a list, not a mapping"},
		{"apiVersion: kubeflow.org/v1\nkind: MPIJob\nspec: [a]", "spec must be a mapping, not a list"},
		{"apiVersion: trainer.kubeflow.org/v1alpha1\nkind: TrainJob\nspec: {trainer: [a]}", "spec.trainer must be a mapping, not a list"},
		{"apiVersion: serving.knative.dev/v1\nkind: Service\nspec: {template: [a]}", "spec.template must be a mapping, not a list"},
		{"apiVersion: serving.knative.dev/v1\nkind: Configuration\nspec: [a]", "spec must be a mapping, not a list"},
		{"apiVersion: serving.knative.dev/v1\nkind: Service\nspec: {template: {spec: [containers]}}", "spec.template.spec must be a mapping, not a list"},
		{"apiVersion: serving.knative.dev/v1\nkind: Revision\nspec: [a]", "spec must be a mapping, not a list"},
		{"apiVersion: kaito.sh/v1beta1\nkind: Workspace\nresource: [a]\ninference: {preset: {name: b}}", "resource must be a mapping, not a list"},
		{"apiVersion: kaito.sh/v1beta1\nkind: Workspace\nresource: {count: 1}\ninference: [a]", "inference must be a mapping, not a list"},
		{"apiVersion: kaito.sh/v1alpha1\nkind: InferenceSet\nspec: {template: [a]}", "spec.template must be a mapping, not a list"},
		{"apiVersion: kaito.sh/v1alpha1\nkind: MultiRoleInference\nspec: {roles: {a: {}}}", "spec.roles must be a list, not a mapping"},
		{"apiVersion: production-stack.vllm.ai/v1alpha1\nkind: VLLMRuntime\nspec: {deploymentConfig: [a]}", "spec.deploymentConfig must be a mapping, not a list"},
		{"apiVersion: amlarc.azureml.com/v1alpha1\nkind: InstanceType\nspec: {resources: [a]}", "spec.resources must be a mapping, not a list"},
		{"apiVersion: containerinstance.azure.com/v1api20211001\nkind: ContainerGroup\nspec: {containers: {a: {image: b}}}", "spec.containers must be a list, not a mapping"},
		{"apiVersion: v1\nkind: List\nitems: {a: {apiVersion: apps/v1, kind: Deployment, spec: {template: {}}}}", "items must be a list, not a mapping"},
		{"apiVersion: apps/v1\nkind: DeploymentList\nitems: {spec: {template: {}}}", "items must be a list, not a mapping"},
		{"apiVersion: v1\nkind: List\nitems: [Deployment, template]", "items[0] must be a mapping, not a single value; items[1] must be a mapping, not a single value"},
		{"apiVersion: v1\nkind: List\nitems: $DEPLOYMENT_template", ""},
		{"apiVersion: example.com/v1\nkind: AllowList\nitems: {Deployment: template}", ""},
		// Single values.
		{fmt.Sprintf(pod, "containers: [], nodeSelector: {type: [virtual-kubelet]}"), "spec.nodeSelector.type must be a single value, not a list"},
		{fmt.Sprintf(pod, "containers: [], nodeSelector: {agentpool: {name: gpu}}"), "spec.nodeSelector.agentpool must be a single value, not a mapping"},
		{fmt.Sprintf(pod, "containers: [], affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: [type], operator: [In], values: [[x]]}]}]}}}"),
			"spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].key must be a single value, not a list; " +
				"spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].operator must be a single value, not a list; " +
				"spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].values[0] must be a single value, not a list"},
		{fmt.Sprintf(pod, "containers: [], tolerations: [{key: [a], value: {b: c}}]"), "spec.tolerations[0].key must be a single value, not a list; spec.tolerations[0].value must be a single value, not a mapping"},
		{fmt.Sprintf(pod, "containers: [], initContainers: [{restartPolicy: [Always]}]"), "spec.initContainers[0].restartPolicy must be a single value, not a list"},
		{fmt.Sprintf(pod, "containers: [], resourceClaims: [{name: a, resourceClaimTemplateName: [x]}]"), "spec.resourceClaims[0].resourceClaimTemplateName must be a single value, not a list"},
		{fmt.Sprintf(pod, "containers: [], resourceClaims: [{name: a, resourceClaimName: {x: y}}]"), "spec.resourceClaims[0].resourceClaimName must be a single value, not a mapping"},
		{fmt.Sprintf(pod, "containers: [{env: [{name: NVIDIA_VISIBLE_DEVICES, value: [all]}]}]"), "spec.containers[0].env[0].value must be a single value, not a list"},
		{fmt.Sprintf(pod, "containers: [], volumes: [{ephemeral: {volumeClaimTemplate: [a]}}]"), "spec.volumes[0].ephemeral.volumeClaimTemplate must be a mapping, not a list"},
		{"apiVersion: v1\nkind: Pod\nmetadata: {labels: {app: [a]}}\nspec: {containers: []}", "metadata.labels.app must be a single value, not a list"},
		{"apiVersion: v1\nkind: Pod\nmetadata: {labels: {mlpolicy.dev/target: [aks]}}\nspec: {containers: []}", `metadata.labels["mlpolicy.dev/target"] must be a single value, not a list`},
		{"apiVersion: apps/v1\nkind: StatefulSet\nspec: {volumeClaimTemplates: {spec: {}}, template: {spec: {containers: []}}}", "spec.volumeClaimTemplates must be a list, not a mapping"},
		{fmt.Sprintf(claim, "", "devices: {requests: [{exactly: {deviceClassName: [gpu.nvidia.com]}}]}"), "spec.devices.requests[0].exactly.deviceClassName must be a single value, not a list"},
		{fmt.Sprintf(claim, "", "devices: {requests: [{deviceClassName: gpu.nvidia.com, count: {a: 2}}]}"), "spec.devices.requests[0].count must be a single value, not a mapping"},
		{"apiVersion: kaito.sh/v1beta1\nkind: Workspace\nresource: {instanceType: [Standard_NC6s_v3]}\ninference: {preset: {name: [b]}}",
			"resource.instanceType must be a single value, not a list; inference.preset.name must be a single value, not a list"},
		{"apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nspec: {predictor: {model: {modelFormat: onnx, runtime: [a], storageUri: [b]}}}",
			"spec.predictor.model.modelFormat must be a mapping, not a single value; spec.predictor.model.runtime must be a single value, not a list; spec.predictor.model.storageUri must be a single value, not a list"},
	} {
		extraction := extract(t, nil, Options{}, "a.yaml", test.text+"\n")
		var got []string
		for _, problem := range extraction.Problems {
			if problem.Rule != facts.SyntaxRule || problem.Severity != facts.Warning || problem.Location.Node == nil {
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

// In an object of a kind that no format knows, faults are reported where it counts as a deployment.
func TestFaultsInOtherKinds(t *testing.T) {
	const object = "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\nspec: {%s}\n"
	const gpu = "resources: {limits: {nvidia.com/gpu: 1}}"
	for _, test := range []struct{ spec, want string }{
		{"template: {spec: {containers: [{image: a, " + gpu + "}], nodeSelector: [type]}}", "spec.template.spec.nodeSelector must be a mapping, not a list"},
		{"containers: [{image: a, " + gpu + "}], tolerations: {key: a}, runtimeClassName: [nvidia]",
			"spec.tolerations must be a list, not a mapping; spec.runtimeClassName must be a single value, not a list"},
		{"containers: [{image: a, " + gpu + "}, {image: b, resources: [a]}]", "spec.containers[1].resources must be a mapping, not a list"},
		{"containers: [{image: a, resources: {limits: {nvidia.com/gpu: 1, memory: lots}}}]", `invalid quantity "lots" of spec.containers[0].resources.limits.memory`},
		{"containers: [{image: a, resources: {limits: {nvidia.com/gpu: 1, memory: [1Gi]}}}]", "spec.containers[0].resources.limits.memory must be a quantity, not a list"},
		{"a: {containers: [{image: a, resources: [b]}]}, b: {containers: [{image: a, " + gpu + "}], nodeSelector: {type: [c]}}", "spec.b.nodeSelector.type must be a single value, not a list"},
		{"a: {containers: [{image: a}], nodeSelector: &labels [c]}, b: {containers: [{image: a, " + gpu + "}], nodeSelector: *labels}", "spec.a.nodeSelector must be a mapping, not a list"},
		// No deployment.
		{"containers: [{image: a, resources: [b]}], nodeSelector: [c]", ""},
		{"containers: [{image: a, resources: {limits: {nvidia.com/gpu: lots}}}]", ""},
		{"containers: [{image: a, resources: {limits: {memory: lots}}}]", ""},
		{"containers: {a: {image: b, " + gpu + "}}, template: [c]", ""},
		// What has another meaning in the kind.
		{"containers: [{image: a, " + gpu + ", env: {A: b}, command: run, args: run}], volumes: {a: b}, template: text", ""},
		{"pods: [{name: x, containers: [{image: a, " + gpu + "}]}], containers: {a: {b: c}}, resources: [d]", ""},
		{"containers: [{image: a, " + gpu + "}], nodeSelector: null, tolerations: $TOLERATIONS", ""},
	} {
		var got []string
		for _, problem := range extract(t, nil, Options{}, "a.yaml", fmt.Sprintf(object, test.spec)).Problems {
			got = append(got, problem.Message)
		}
		if strings.Join(got, "; ") != test.want {
			t.Errorf("%s:\n%q, want %q", test.spec, got, test.want)
		}
	}
}
