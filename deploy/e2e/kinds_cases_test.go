package e2e

import "strings"

const (
	// virtualPod is bound to AKS's virtual node, which is Azure Container Instances; VALUE is its memory.
	virtualPod = "{" + virtualNode + "}"
	// virtualJobPod is one that a Job may have.
	virtualJobPod = "{restartPolicy: Never, " + virtualNode + "}"
	virtualNode   = onVirtualNodes + ", containers: [" + asking + "]"
	// onVirtualNodes is of kinds that have the fields of a pod beside their own.
	onVirtualNodes   = "nodeSelector: {kubernetes.io/role: agent, type: virtual-kubelet}"
	asking           = "{name: scorer, image: contoso.azurecr.io/scorer:4, resources: {limits: {memory: VALUE}}}"
	workloadSpec     = "{selector: {matchLabels: {app: scorer}}, template: {metadata: {labels: {app: scorer}}, spec: " + virtualPod + "}}"
	ray              = "{headGroupSpec: {rayStartParams: {}, template: {spec: " + virtualPod + "}}}"
	nimService       = "image: {repository: scorer, tag: '4'}, resources: {limits: {memory: VALUE}}, " + onVirtualNodes
	sparkApplication = "{type: Python, sparkVersion: 3.5.0, mainApplicationFile: 'local:///score.py', driver: {}, executor: {memory: VALUE, " + onVirtualNodes + "}}"
	workflow         = "{entrypoint: score, templates: [{name: score, " + onVirtualNodes + ", container: " + asking + "}]}"
	trainer          = "{runtimeRef: {name: torch}, trainer: {resourcesPerNode: {limits: {memory: VALUE}}}}"
	// virtualMachine is KAITO's for a workload on a virtual node; VALUE is the machine's size.
	virtualMachine = "{instanceType: VALUE, labelSelector: {matchLabels: {type: virtual-kubelet}}}"

	// onACI is the metadata of objects that have no other way to say where they run.
	onACI = "{annotations: {mlpolicy.dev/target: aci}}"

	tooMuch, enough    = "64Gi", "4Gi"
	withGPU, withoutIt = "Standard_NC24ads_A100_v4", "Standard_D4s_v5"

	// ofCluster and ofNamespace end the groups of Crossplane's provider.
	ofCluster   = ".azure.upbound.io"
	ofNamespace = ".azure.m.upbound.io"
)

// machineRules are an organisation's, about computes: of those the table says nothing that denies.
const machineRules = `# METADATA
# title: Machine that we do not want
# description: |
#   Ours have no GPU, are for production and belong to a team.
# custom:
#   severity: error
#   remediation: Take another machine.
package mlpolicy.rules["machine"]

deny contains {"path": ["computes", i, "vm_size"], "message": sprintf("%s has GPUs", [compute.vm_size])} if {
	some i, compute in input.computes
	startswith(compute.vm_size, "Standard_NC")
}

deny contains {"path": ["computes", i, "stage"], "message": sprintf("%s is for %s", [compute.name, compute.stage])} if {
	some i, compute in input.computes
	compute.stage == "development"
}

deny contains {"path": ["computes", i, "name"], "message": sprintf("%s is nobody's", [compute.name])} if {
	some i, compute in input.computes
	startswith(compute.name, "anybody")
}
`

// kindCase is an object of a kind, VALUE being what is judged.
type kindCase struct {
	group    string
	kind     string
	version  string // every version if empty
	metadata string // beside the name
	rest     string // of the object
	// bad is refused for its value of the field, good is not.
	bad, good string
	field     string
	immutable bool // the field cannot be changed
}

// kindCases are one at least of each kind in each version that the webhook is asked about.
func kindCases() []kindCase {
	cases := []kindCase{
		{
			kind: "Pod", rest: "spec: " + virtualPod, bad: tooMuch, good: enough, immutable: true,
			field: "spec.containers[0].resources.requests.memory", // the API server makes the limit a request
		},
		{
			group: "batch", kind: "Job", rest: "spec: {template: {spec: " + virtualJobPod + "}}", bad: tooMuch, good: enough, immutable: true,
			field: "spec.template.spec.containers[0].resources.limits.memory",
		},
		{
			group: "serving.kserve.io", kind: "InferenceService", metadata: onACI, bad: tooMuch, good: enough,
			rest:  "spec: {predictor: {model: {modelFormat: {name: sklearn}, storageUri: 'gs://acme/scorer', resources: {limits: {memory: VALUE}}}}}",
			field: "spec.predictor.model.resources.limits.memory",
		},
		{
			group: "serving.kubeflow.org", kind: "InferenceService", version: "v1alpha2", metadata: onACI, bad: tooMuch, good: enough,
			rest:  "spec: {default: {predictor: {custom: {container: " + asking + "}}}}",
			field: "spec.default.predictor.custom.container.resources.limits.memory",
		},
		{
			group: "mlops.seldon.io", kind: "Model", metadata: onACI, bad: tooMuch, good: enough,
			rest: "spec: {storageUri: 'gs://acme/scorer', memory: VALUE}", field: "spec.memory",
		},
		{
			group: "production-stack.vllm.ai", kind: "VLLMRuntime", bad: tooMuch, good: enough,
			rest: "spec: {model: {modelURL: acme/a}, vllmConfig: {}, deploymentConfig: {resources: {memory: VALUE}, image: {registry: docker.io, name: vllm}, " +
				"nodeSelectorTerms: [{matchExpressions: [{key: type, operator: In, values: [virtual-kubelet]}]}]}}",
			field: "spec.deploymentConfig.resources.memory",
		},
		{
			group: "apps.nvidia.com", kind: "NIMService", bad: tooMuch, good: enough,
			rest: "spec: {" + nimService + "}", field: "spec.resources.limits.memory",
		},
		{
			group: "apps.nvidia.com", kind: "NIMPipeline", bad: tooMuch, good: enough,
			rest: "spec: {services: [{name: scorer, enabled: true, spec: {" + nimService + "}}]}", field: "spec.services[0].spec.resources.limits.memory",
		},
		{
			group: "apps.nvidia.com", kind: "NIMCache", bad: tooMuch, good: enough,
			rest:  "spec: {source: {hf: {modelName: scorer, authSecret: hub, endpoint: 'https://hub.example.com', modelPuller: puller, namespace: acme, pullSecret: hub}}, storage: {}, resources: {memory: VALUE}, " + onVirtualNodes + "}",
			field: "spec.resources.memory",
		},
		{
			group: "nvidia.com", kind: "DynamoGraphDeployment", version: "v1alpha1", bad: tooMuch, good: enough,
			rest: "spec: {services: {scorer: {resources: {limits: {memory: VALUE}}, extraPodSpec: {" + onVirtualNodes + "}}}}", field: "spec.services.scorer.resources.limits.memory",
		},
		{
			group: "nvidia.com", kind: "DynamoGraphDeployment", version: "v1beta1", bad: tooMuch, good: enough,
			rest: "spec: {components: [{name: scorer, podTemplate: {spec: " + virtualPod + "}}]}", field: "spec.components[0].podTemplate.spec.containers[0].resources.limits.memory",
		},
		{
			group: "foundrylocal.azure.com", kind: "ModelDeployment", bad: tooMuch, good: enough,
			rest:  "spec: {model: {ref: scorer}, compute: cpu, workloadType: generative, resources: {requests: {memory: VALUE}}, " + onVirtualNodes + "}",
			field: "spec.resources.requests.memory",
		},
		{
			group: "orchestration.aibrix.ai", kind: "StormService", bad: tooMuch, good: enough,
			rest:  "spec: {selector: {}, template: {spec: {roles: [{name: scorer, template: {spec: " + virtualPod + "}}]}}}",
			field: "spec.template.spec.roles[0].template.spec.containers[0].resources.limits.memory",
		},
		{
			group: "orchestration.aibrix.ai", kind: "RayClusterFleet", bad: tooMuch, good: enough,
			rest: "spec: {selector: {}, template: {spec: " + ray + "}}", field: "spec.template.spec.headGroupSpec.template.spec.containers[0].resources.limits.memory",
		},
		{
			group: "argoproj.io", kind: "Workflow", bad: tooMuch, good: enough,
			rest: "spec: " + workflow, field: "spec.templates[0].container.resources.limits.memory",
		},
		{
			group: "argoproj.io", kind: "CronWorkflow", bad: tooMuch, good: enough,
			rest: "spec: {schedule: '0 3 * * *', workflowSpec: " + workflow + "}", field: "spec.workflowSpec.templates[0].container.resources.limits.memory",
		},
		{
			group: "workload.codeflare.dev", kind: "AppWrapper", bad: tooMuch, good: enough,
			rest:  "spec: {components: [{template: {apiVersion: v1, kind: Pod, metadata: {name: scorer}, spec: " + virtualPod + "}}]}",
			field: "spec.components[0].template.spec.containers[0].resources.limits.memory",
		},
		{
			group: "sparkoperator.k8s.io", kind: "SparkApplication", bad: "64g", good: "4g",
			rest: "spec: " + sparkApplication, field: "spec.executor.memory",
		},
		{
			group: "sparkoperator.k8s.io", kind: "ScheduledSparkApplication", bad: "64g", good: "4g",
			rest: "spec: {schedule: '@daily', template: " + sparkApplication + "}", field: "spec.template.executor.memory",
		},
		{
			group: "serving.kserve.io", kind: "TrainedModel", metadata: onACI, bad: tooMuch, good: enough,
			rest: "spec: {inferenceService: scorer, model: {framework: sklearn, storageUri: 'gs://acme/scorer', memory: VALUE}}", field: "spec.model.memory",
		},
		{
			group: "serving.kserve.io", kind: "InferenceGraph", bad: tooMuch, good: enough,
			rest:  "spec: {nodes: {root: {routerType: Sequence, steps: [{serviceName: scorer}]}}, resources: {limits: {memory: VALUE}}, " + onVirtualNodes + "}",
			field: "spec.resources.limits.memory",
		},
		{
			group: "kubeai.org", kind: "Model", metadata: onACI, bad: "nvidia-gpu-l4:1", good: "cpu:1",
			rest: "spec: {features: [TextGeneration], engine: VLLM, url: 'hf://acme/scorer', resourceProfile: 'VALUE'}", field: "spec.resourceProfile",
		},
		{
			group: "ome.io", kind: "InferenceService", bad: tooMuch, good: enough,
			rest: "spec: {engine: {" + onVirtualNodes + ", runner: " + asking + "}}", field: "spec.engine.runner.resources.limits.memory",
		},
		{
			group: "inference.llmaz.io", kind: "Playground", metadata: onACI, bad: tooMuch, good: enough,
			rest:  "spec: {modelClaim: {modelName: scorer}, backendRuntimeConfig: {resources: {limits: {memory: VALUE}}}}",
			field: "spec.backendRuntimeConfig.resources.limits.memory",
		},
		{
			group: "inference.llmaz.io", kind: "Service", bad: tooMuch, good: enough,
			rest:  "spec: {modelClaims: {models: [{name: scorer}]}, workloadTemplate: {workerTemplate: {spec: " + virtualPod + "}}}",
			field: "spec.workloadTemplate.workerTemplate.spec.containers[0].resources.limits.memory",
		},
		{
			group: "grove.io", kind: "PodCliqueSet", bad: tooMuch, good: enough,
			rest:  "spec: {replicas: 1, template: {cliques: [{name: scorer, spec: {roleName: scorer, replicas: 1, podSpec: " + virtualPod + "}}]}}",
			field: "spec.template.cliques[0].spec.podSpec.containers[0].resources.limits.memory",
		},
		{
			group: "disaggregatedset.x-k8s.io", kind: "DisaggregatedSet", bad: tooMuch, good: enough,
			rest:  "spec: {roles: [{name: scorer, spec: {leaderWorkerTemplate: {workerTemplate: {spec: " + virtualPod + "}}}}]}",
			field: "spec.roles[0].spec.leaderWorkerTemplate.workerTemplate.spec.containers[0].resources.limits.memory",
		},
		{
			group: "kubeflow.org", kind: "TrainJob", metadata: onACI, bad: tooMuch, good: enough,
			rest: "spec: " + trainer, field: "spec.trainer.resourcesPerNode.limits.memory",
		},
		{
			group: "trainer.kubeflow.org", kind: "TrainJob", metadata: onACI, bad: tooMuch, good: enough,
			rest: "spec: " + trainer, field: "spec.trainer.resourcesPerNode.limits.memory",
		},
		{
			group: "containerinstance.azure.com", kind: "ContainerGroup", bad: "64", good: "4",
			rest:  "spec: {containers: [{name: scorer, image: scorer, resources: {requests: {cpu: 1, memoryInGB: VALUE}}}], osType: Linux, owner: {name: ml}}",
			field: "spec.containers[0].resources.requests.memoryInGB",
		},
		{
			group: "containerservice" + ofCluster, kind: "KubernetesCluster", version: "v1beta1", bad: withGPU, good: withoutIt,
			rest: crossplane("defaultNodePool: [{name: pool, vmSize: VALUE}]"), field: "spec.forProvider.defaultNodePool[0].vmSize",
		},
		{
			group: "containerservice" + ofCluster, kind: "KubernetesCluster", version: "v1beta2", bad: withGPU, good: withoutIt,
			rest: crossplane("defaultNodePool: {name: pool, vmSize: VALUE}"), field: "spec.forProvider.defaultNodePool.vmSize",
		},
		{
			group: "containerservice" + ofNamespace, kind: "KubernetesCluster", bad: withGPU, good: withoutIt,
			rest: crossplane("defaultNodePool: {name: pool, vmSize: VALUE}"), field: "spec.forProvider.defaultNodePool.vmSize",
		},
	}
	for _, each := range []struct{ group, kinds, rest, pod string }{
		{"", "PodTemplate", "template: {spec: " + virtualPod + "}", "template.spec"},
		{"", "ReplicationController", "spec: {selector: {app: scorer}, template: {metadata: {labels: {app: scorer}}, spec: " + virtualPod + "}}", "spec.template.spec"},
		{"apps", "Deployment StatefulSet DaemonSet ReplicaSet", "spec: " + workloadSpec, "spec.template.spec"},
		{"batch", "CronJob", "spec: {schedule: '0 3 * * *', jobTemplate: {spec: {template: {spec: " + virtualJobPod + "}}}}", "spec.jobTemplate.spec.template.spec"},
		{"apps.kruise.io", "CloneSet StatefulSet DaemonSet", "spec: " + workloadSpec, "spec.template.spec"},
		{"apps.openshift.io", "DeploymentConfig", "spec: {replicas: 1, template: {metadata: {labels: {app: scorer}}, spec: " + virtualPod + "}}", "spec.template.spec"},
		{"batch.volcano.sh", "Job", "spec: {tasks: [{name: scorer, template: {spec: " + virtualJobPod + "}}]}", "spec.tasks[0].template.spec"},
		{"batch.volcano.sh", "CronJob", "spec: {schedule: '0 3 * * *', jobTemplate: {spec: {tasks: [{name: scorer, template: {spec: " + virtualJobPod + "}}]}}}", "spec.jobTemplate.spec.tasks[0].template.spec"},
		{"argoproj.io", "Rollout", "spec: " + workloadSpec, "spec.template.spec"},
		{"jobset.x-k8s.io", "JobSet", "spec: {replicatedJobs: [{name: main, template: {spec: {template: {spec: " + virtualJobPod + "}}}}]}", "spec.replicatedJobs[0].template.spec.template.spec"},
		{"keda.sh", "ScaledJob", "spec: {jobTargetRef: {template: {spec: " + virtualJobPod + "}}, triggers: [{type: cron, metadata: {}}]}", "spec.jobTargetRef.template.spec"},
		{"kubeflow.org", "Notebook", "spec: {template: {spec: " + virtualPod + "}}", "spec.template.spec"},
		{"kubeflow.org", "JAXJob", "spec: {jaxReplicaSpecs: {Worker: {template: {spec: " + virtualPod + "}}}}", "spec.jaxReplicaSpecs.Worker.template.spec"},
		{"kubeflow.org", "MPIJob", "spec: {mpiReplicaSpecs: {Worker: {template: {spec: " + virtualPod + "}}}}", "spec.mpiReplicaSpecs.Worker.template.spec"},
		{"kubeflow.org", "MXJob", "spec: {jobMode: Train, mxReplicaSpecs: {Worker: {template: {spec: " + virtualPod + "}}}}", "spec.mxReplicaSpecs.Worker.template.spec"},
		{"kubeflow.org", "PaddleJob", "spec: {paddleReplicaSpecs: {Worker: {template: {spec: " + virtualPod + "}}}}", "spec.paddleReplicaSpecs.Worker.template.spec"},
		{"kubeflow.org", "PyTorchJob", "spec: {pytorchReplicaSpecs: {Worker: {template: {spec: " + virtualPod + "}}}}", "spec.pytorchReplicaSpecs.Worker.template.spec"},
		{"kubeflow.org", "TFJob", "spec: {tfReplicaSpecs: {Worker: {template: {spec: " + virtualPod + "}}}}", "spec.tfReplicaSpecs.Worker.template.spec"},
		{"kubeflow.org", "XGBoostJob", "spec: {xgbReplicaSpecs: {Worker: {template: {spec: " + virtualPod + "}}}}", "spec.xgbReplicaSpecs.Worker.template.spec"},
		{"leaderworkerset.x-k8s.io", "LeaderWorkerSet", "spec: {leaderWorkerTemplate: {workerTemplate: {spec: " + virtualPod + "}}}", "spec.leaderWorkerTemplate.workerTemplate.spec"},
		{"machinelearning.seldon.io", "SeldonDeployment", "spec: {predictors: [{name: main, componentSpecs: [{spec: " + virtualPod + "}], graph: {name: scorer}}]}", "spec.predictors[0].componentSpecs[0].spec"},
		{"mlops.seldon.io", "Server", "spec: {serverConfig: mlserver, podSpec: " + virtualPod + "}", "spec.podSpec"},
		{"ray.io", "RayCluster", "spec: " + ray, "spec.headGroupSpec.template.spec"},
		{"ray.io", "RayCronJob", "spec: {schedule: '0 3 * * *', jobTemplate: {entrypoint: score, rayClusterSpec: " + ray + "}}", "spec.jobTemplate.rayClusterSpec.headGroupSpec.template.spec"},
		{"ray.io", "RayJob", "spec: {entrypoint: score, rayClusterSpec: " + ray + "}", "spec.rayClusterSpec.headGroupSpec.template.spec"},
		{"ray.io", "RayService", "spec: {rayClusterConfig: " + ray + "}", "spec.rayClusterConfig.headGroupSpec.template.spec"},
		{
			"virtualdaemonsets.aci.azure.microsoft.com", "VirtualDaemonSet",
			"spec: {selector: {matchLabels: {app: scorer}}, template: {spec: {containers: [" + asking + "]}}}", "spec.template.spec",
		},
		{"serving.knative.dev", "Revision", "spec: " + virtualPod, "spec"},
		{"serving.knative.dev", "Service Configuration", "spec: {template: {spec: " + virtualPod + "}}", "spec.template.spec"},
		{"serving.kserve.io", "InferenceService", "spec: {predictor: " + virtualPod + "}", "spec.predictor"},
		{"serving.kserve.io", "LLMInferenceService", "spec: {model: {uri: 'hf://acme/scorer'}, template: " + virtualPod + "}", "spec.template"},
	} {
		for kind := range strings.FieldsSeq(each.kinds) {
			cases = append(cases, kindCase{
				group: each.group, kind: kind, rest: each.rest, bad: tooMuch, good: enough, field: each.pod + ".containers[0].resources.limits.memory",
			})
		}
	}
	cases = append(cases, kindCase{
		group: "serving.kubeflow.org", kind: "InferenceService", version: "v1beta1", bad: tooMuch, good: enough,
		rest: "spec: {predictor: " + virtualPod + "}", field: "spec.predictor.containers[0].resources.limits.memory",
	})
	for _, each := range []struct{ group, kind, rest, field string }{
		{"kaito.sh", "InferenceSet", "spec: {labelSelector: {matchLabels: {type: virtual-kubelet}}, template: {resource: {instanceType: VALUE}, inference: {preset: {name: phi-4}}}}", "spec.template.resource.instanceType"},
		{"kaito.sh", "MultiRoleInference", "spec: {labelSelector: {matchLabels: {type: virtual-kubelet}}, model: {name: phi-4}, " +
			"roles: [{type: prefill, instanceType: Standard_D4s_v5}, {type: decode, instanceType: VALUE}]}", "spec.roles[1].instanceType"},
		{"kaito.sh", "RAGEngine", "spec: {compute: " + virtualMachine + ", embedding: {local: {modelID: BAAI/bge-small-en-v1.5}}}", "spec.compute.instanceType"},
		{"kaito.sh", "Workspace", "resource: " + virtualMachine + "\ninference: {preset: {name: phi-4}}", "resource.instanceType"},
		{"containerservice.azure.com", "ManagedCluster", "spec: {agentPoolProfiles: [{name: pool, vmSize: VALUE}], location: westeurope, owner: {name: ml}}", "spec.agentPoolProfiles[0].vmSize"},
		{"containerservice.azure.com", "ManagedClustersAgentPool", "spec: {vmSize: VALUE, owner: {name: ml}}", "spec.vmSize"},
		{"machinelearningservices.azure.com", "WorkspacesCompute", "spec: {owner: {name: ml}, properties: {amlCompute: {computeType: AmlCompute, properties: {vmSize: VALUE}}}}", "spec.properties.amlCompute.properties.vmSize"},
	} {
		cases = append(cases, kindCase{group: each.group, kind: each.kind, rest: each.rest, bad: withGPU, good: withoutIt, field: each.field})
	}
	for version, bento := range map[string]string{"v1alpha1": "bento_tag", "v1alpha2": "bento_tag", "v1alpha3": "bento_tag", "v2alpha1": "bento"} {
		cases = append(cases, kindCase{
			group: "serving.yatai.ai", kind: "BentoDeployment", version: version, metadata: onACI, bad: tooMuch, good: enough,
			rest: "spec: {" + bento + ": scorer, resources: {limits: {memory: VALUE}}}", field: "spec.resources.limits.memory",
		})
	}
	for _, scope := range []string{ofCluster, ofNamespace} {
		cases = append(cases,
			kindCase{
				group: "containerinstance" + scope, kind: "ContainerGroup", bad: "64", good: "4",
				rest: crossplane("container: [{name: scorer, image: scorer, cpu: 1, memory: VALUE}]"), field: "spec.forProvider.container[0].memory",
			},
			kindCase{
				group: "containerservice" + scope, kind: "KubernetesClusterNodePool", bad: withGPU, good: withoutIt,
				rest: crossplane("vmSize: VALUE"), field: "spec.forProvider.vmSize",
			},
			kindCase{
				group: "machinelearningservices" + scope, kind: "ComputeCluster", bad: withGPU, good: withoutIt,
				rest: crossplane("vmSize: VALUE"), field: "spec.forProvider.vmSize",
			},
			kindCase{
				group: "machinelearningservices" + scope, kind: "ComputeInstance", bad: withGPU, good: withoutIt,
				rest: crossplane("virtualMachineSize: VALUE"), field: "spec.forProvider.virtualMachineSize",
			},
			kindCase{
				group: "machinelearningservices" + scope, kind: "InferenceCluster", bad: "DevTest", good: "FastProd",
				rest: crossplane("clusterPurpose: VALUE"), field: "spec.forProvider.clusterPurpose",
			},
			kindCase{
				group: "machinelearningservices" + scope, kind: "SynapseSpark", bad: "anybody-spark", good: "team-spark",
				metadata: "{annotations: {crossplane.io/external-name: VALUE}}", rest: crossplane(""), field: `metadata.annotations["crossplane.io/external-name"]`,
			},
		)
		for kind := range strings.FieldsSeq("FunctionApp FunctionAppSlot LinuxFunctionApp LinuxFunctionAppSlot WindowsFunctionApp WindowsFunctionAppSlot FunctionAppFlexConsumption") {
			cases = append(cases, kindCase{
				group: "web" + scope, kind: kind, bad: "'true'", good: "'false'",
				rest: crossplane("tags: {mlpolicy.dev/designer: VALUE}"), field: "kind", // which is the target
			})
		}
	}
	return cases
}

// crossplane is of a resource that Crossplane observes, and which therefore need not be whole.
func crossplane(fields string) string {
	return "spec: {managementPolicies: [Observe], forProvider: {" + fields + "}}"
}
