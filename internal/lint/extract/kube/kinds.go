package kube

import (
	"strings"
	"sync"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// ServedKinds are kinds of an API group that are served in the same versions.
type ServedKinds struct {
	Group    string // empty for the core
	Versions []string
	Kinds    []string
	// Cluster is true for kinds that are not namespaced.
	Cluster bool
	// Updates are subresources through which the containers of an object can be changed.
	Updates []string
}

// Resource returns the name of a kind's API resource.
func (k ServedKinds) Resource(kind string) string { return strings.ToLower(kind) + "s" }

// IsKind reports whether Kinds lists a kind.
func IsKind(group, kind string) bool {
	_, listed := scopes()[[2]string{group, kind}]
	return listed
}

// IsVersion reports whether Kinds lists a version of a kind. Objects of versions that are
// not listed are read all the same, by the reader of the kind.
func IsVersion(group, version, kind string) bool {
	return versions()[[3]string{group, version, kind}]
}

// OfUnknownVersion reports whether Kinds lists an object's kind, but not its version.
func OfUnknownVersion(object *source.Node) bool {
	group, kind := GroupKind(object)
	if !IsKind(group, kind) {
		return false
	}
	version, ok := object.Get("apiVersion").Scalar()
	return ok && !IsVersion(group, strings.TrimPrefix(version, group+"/"), kind)
}

// versions is the set of listed groups, versions and kinds.
var versions = sync.OnceValue(func() map[[3]string]bool {
	all := map[[3]string]bool{}
	for _, served := range Kinds() {
		for _, kind := range served.Kinds {
			for _, version := range served.Versions {
				all[[3]string{served.Group, version, kind}] = true
			}
		}
	}
	return all
})

// IsClusterWide reports whether Kinds lists a kind as not namespaced.
func IsClusterWide(group, kind string) bool { return scopes()[[2]string{group, kind}] }

// scopes maps each listed group and kind to whether it is not namespaced.
var scopes = sync.OnceValue(func() map[[2]string]bool {
	all := map[[2]string]bool{}
	for _, served := range Kinds() {
		for _, kind := range served.Kinds {
			all[[2]string{served.Group, kind}] = served.Cluster
		}
	}
	return all
})

// Kinds returns the kinds that the formats read and that describe a deployment or a compute by
// themselves. The Helm chart's webhook configuration is generated from them. Kinds and versions
// that a cluster does not serve are harmless there.
//
// The API server converts other versions to a listed one (matchPolicy: Equivalent), which needs the
// operator's own webhook. The list therefore has every version that a release of the kind's project
// has served on a supported Kubernetes. It leaves out the storage versions of Azure Service
// Operator, which only the operator writes.
//
// Kinds that only complete others, such as KServe's ServingRuntime and Azure ML's InstanceType, are
// left out, since the webhook evaluates each object alone. ModelDeployment of mlpolicy.dev exists
// in files only.
func Kinds() []ServedKinds {
	return []ServedKinds{
		{
			Versions: []string{"v1"}, Kinds: []string{"Pod", "PodTemplate", "ReplicationController"},
			Updates: []string{"pods/ephemeralcontainers", "pods/resize"},
		},
		{Group: "apps", Versions: []string{"v1"}, Kinds: []string{"DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"}},
		{Group: "batch", Versions: []string{"v1"}, Kinds: []string{"CronJob", "Job"}},

		// Replacements for the workloads above, and kinds that run several of them.
		{Group: "apps.kruise.io", Versions: []string{"v1alpha1", "v1beta1"}, Kinds: []string{"CloneSet", "DaemonSet", "StatefulSet"}},
		{Group: "apps.openshift.io", Versions: []string{"v1"}, Kinds: []string{"DeploymentConfig"}},
		{Group: "argoproj.io", Versions: []string{"v1alpha1"}, Kinds: []string{"CronWorkflow", "Rollout", "Workflow"}},
		{Group: "batch.volcano.sh", Versions: []string{"v1alpha1"}, Kinds: []string{"CronJob", "Job"}},
		{Group: "jobset.x-k8s.io", Versions: []string{"v1alpha2"}, Kinds: []string{"JobSet"}},
		{Group: "keda.sh", Versions: []string{"v1alpha1"}, Kinds: []string{"ScaledJob"}},
		{Group: "leaderworkerset.x-k8s.io", Versions: []string{"v1"}, Kinds: []string{"LeaderWorkerSet"}},
		{Group: "serving.knative.dev", Versions: []string{"v1"}, Kinds: []string{"Configuration", "Revision", "Service"}},
		{Group: "sparkoperator.k8s.io", Versions: []string{"v1beta2"}, Kinds: []string{"ScheduledSparkApplication", "SparkApplication"}},
		{Group: "workload.codeflare.dev", Versions: []string{"v1beta2"}, Kinds: []string{"AppWrapper"}},
		{Group: virtualDaemonSets, Versions: []string{"v1alpha1"}, Kinds: []string{"VirtualDaemonSet"}},

		// Model servers.
		{Group: "apps.nvidia.com", Versions: []string{"v1alpha1"}, Kinds: []string{"NIMCache", "NIMPipeline", "NIMService"}},
		{Group: "foundrylocal.azure.com", Versions: []string{"v1"}, Kinds: []string{"ModelDeployment"}},
		{Group: "disaggregatedset.x-k8s.io", Versions: []string{"v1"}, Kinds: []string{"DisaggregatedSet"}},
		{Group: "grove.io", Versions: []string{"v1alpha1"}, Kinds: []string{"PodCliqueSet"}},
		{Group: "inference.llmaz.io", Versions: []string{"v1alpha1"}, Kinds: []string{"Playground", "Service"}},
		{Group: "kaito.sh", Versions: []string{"v1alpha1", "v1beta1"}, Kinds: []string{"InferenceSet", "RAGEngine", "Workspace"}},
		{Group: "kaito.sh", Versions: []string{"v1alpha1"}, Kinds: []string{"MultiRoleInference"}},
		{Group: "kubeai.org", Versions: []string{"v1"}, Kinds: []string{"Model"}},
		{Group: "machinelearning.seldon.io", Versions: []string{"v1", "v1alpha2", "v1alpha3"}, Kinds: []string{"SeldonDeployment"}},
		{Group: "mlops.seldon.io", Versions: []string{"v1alpha1"}, Kinds: []string{"Model", "Server"}},
		{Group: "nvidia.com", Versions: []string{"v1alpha1", "v1beta1"}, Kinds: []string{"DynamoGraphDeployment"}},
		{Group: "ome.io", Versions: []string{"v1beta1"}, Kinds: []string{"InferenceService"}},
		{Group: "orchestration.aibrix.ai", Versions: []string{"v1alpha1"}, Kinds: []string{"RayClusterFleet", "StormService"}},
		{Group: "production-stack.vllm.ai", Versions: []string{"v1alpha1"}, Kinds: []string{"VLLMRuntime"}},
		{Group: "ray.io", Versions: []string{"v1", "v1alpha1"}, Kinds: []string{"RayCluster", "RayJob", "RayService"}},
		{Group: "ray.io", Versions: []string{"v1"}, Kinds: []string{"RayCronJob"}},
		{Group: "serving.kserve.io", Versions: []string{"v1beta1"}, Kinds: []string{"InferenceService"}},
		{Group: "serving.kserve.io", Versions: []string{"v1alpha1"}, Kinds: []string{"InferenceGraph", "TrainedModel"}},
		{Group: "serving.kserve.io", Versions: []string{"v1alpha1", "v1alpha2"}, Kinds: []string{"LLMInferenceService"}},
		{Group: "serving.kubeflow.org", Versions: []string{"v1alpha2", "v1beta1"}, Kinds: []string{"InferenceService"}},
		{Group: "serving.yatai.ai", Versions: []string{"v1alpha1", "v1alpha2", "v1alpha3", "v2alpha1"}, Kinds: []string{"BentoDeployment"}},

		// Training, for the limits of the platform and for custom rules.
		{
			Group: "kubeflow.org", Versions: []string{"v1"},
			Kinds: []string{"JAXJob", "MPIJob", "MXJob", "PaddleJob", "PyTorchJob", "TFJob", "XGBoostJob"},
		},
		{Group: "kubeflow.org", Versions: []string{"v2beta1"}, Kinds: []string{"MPIJob"}},
		{Group: "kubeflow.org", Versions: []string{"v2alpha1"}, Kinds: []string{"TrainJob"}},
		{Group: "kubeflow.org", Versions: []string{"v1", "v1alpha1", "v1beta1"}, Kinds: []string{"Notebook"}},
		{Group: "trainer.kubeflow.org", Versions: []string{"v1alpha1"}, Kinds: []string{"TrainJob"}},

		// Azure Service Operator.
		{
			Group: "containerinstance.azure.com", Versions: []string{"v1api20211001", "v1beta20211001", "v20211001"},
			Kinds: []string{"ContainerGroup"},
		},
		{
			Group: "containerservice.azure.com", Versions: []string{
				"v1alpha1api20210501",
				"v1api20210501", "v1api20230201", "v1api20230202preview", "v1api20231001", "v1api20231102preview",
				"v1api20240402preview", "v1api20240901", "v1api20250801",
				"v1beta20210501", "v1beta20230201", "v1beta20230202preview",
				"v20240901", "v20250801", "v20251002preview", "v20260301", "v20260501",
			},
			Kinds: []string{"ManagedCluster", "ManagedClustersAgentPool"},
		},
		{
			Group: "machinelearningservices.azure.com", Versions: []string{"v1api20210701", "v1api20240401", "v1beta20210701"},
			Kinds: []string{"WorkspacesCompute"},
		},

		// Crossplane's provider for Azure. Groups with .m. are namespaced, the older groups are
		// not. No known release serves ContainerGroup: its generator skips azurerm_container_group.
		{Group: "containerinstance.azure.upbound.io", Versions: []string{"v1beta1"}, Cluster: true, Kinds: []string{"ContainerGroup"}},
		{Group: "containerinstance.azure.m.upbound.io", Versions: []string{"v1beta1"}, Kinds: []string{"ContainerGroup"}},
		{
			Group: "containerservice.azure.upbound.io", Versions: []string{"v1beta1", "v1beta2"}, Cluster: true,
			Kinds: []string{"KubernetesCluster", "KubernetesClusterNodePool"},
		},
		{
			Group: "containerservice.azure.m.upbound.io", Versions: []string{"v1beta1"},
			Kinds: []string{"KubernetesCluster", "KubernetesClusterNodePool"},
		},
		{
			Group: "machinelearningservices.azure.upbound.io", Versions: []string{"v1beta1", "v1beta2"}, Cluster: true,
			Kinds: []string{"ComputeCluster", "ComputeInstance", "SynapseSpark"},
		},
		{
			Group: "machinelearningservices.azure.upbound.io", Versions: []string{"v1beta1"}, Cluster: true,
			Kinds: []string{"InferenceCluster"},
		},
		{
			Group: "machinelearningservices.azure.m.upbound.io", Versions: []string{"v1beta1"},
			Kinds: []string{"ComputeCluster", "ComputeInstance", "InferenceCluster", "SynapseSpark"},
		},
		{
			Group: "web.azure.upbound.io", Versions: []string{"v1beta1", "v1beta2"}, Cluster: true,
			Kinds: []string{
				"FunctionApp", "FunctionAppSlot", "LinuxFunctionApp", "LinuxFunctionAppSlot", "WindowsFunctionApp", "WindowsFunctionAppSlot",
			},
		},
		{
			Group: "web.azure.upbound.io", Versions: []string{"v1beta1"}, Cluster: true,
			Kinds: []string{"FunctionAppFlexConsumption"},
		},
		{
			Group: "web.azure.m.upbound.io", Versions: []string{"v1beta1"},
			Kinds: []string{
				"FunctionApp", "FunctionAppFlexConsumption", "FunctionAppSlot", "LinuxFunctionApp", "LinuxFunctionAppSlot",
				"WindowsFunctionApp", "WindowsFunctionAppSlot",
			},
		},
	}
}
