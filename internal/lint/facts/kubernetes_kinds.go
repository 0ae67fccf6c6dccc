package facts

import "strings"

// KubernetesKind is a kind of objects that an API server can be asked to have judged.
type KubernetesKind struct {
	Group    string // empty for the core
	Versions []string
	Kind     string
	Resource string
	// Subresources are those through which containers are changed.
	Subresources []string
}

// KubernetesKinds lists the kinds that the formats read and that describe a deployment or
// a compute by themselves. It is what the webhook is asked about. A version that is not
// served does no harm there, and one that is missing none either as long as another one of
// the kind is served: an API server converts (matchPolicy: Equivalent).
//
// Kinds that only complete others, such as KServe's ServingRuntime and Azure ML's
// InstanceType, are not among them: an object is judged alone.
func KubernetesKinds() []KubernetesKind {
	operatorClusters := []string{
		"v1api20210501", "v1api20230201", "v1api20231001", "v1api20240901", "v1api20250801", "v20240901", "v20250801",
	}
	kinds := []KubernetesKind{
		{"", []string{"v1"}, "Pod", "pods", []string{"resize", "ephemeralcontainers"}},
		{"", []string{"v1"}, "PodTemplate", "podtemplates", nil},
		{"", []string{"v1"}, "ReplicationController", "replicationcontrollers", nil},
		{"apps", []string{"v1"}, "Deployment", "deployments", nil},
		{"apps", []string{"v1"}, "StatefulSet", "statefulsets", nil},
		{"apps", []string{"v1"}, "DaemonSet", "daemonsets", nil},
		{"apps", []string{"v1"}, "ReplicaSet", "replicasets", nil},
		{"batch", []string{"v1"}, "Job", "jobs", nil},
		{"batch", []string{"v1"}, "CronJob", "cronjobs", nil},
		{"argoproj.io", []string{"v1alpha1"}, "Rollout", "rollouts", nil},
		{"apps.kruise.io", []string{"v1alpha1", "v1beta1"}, "CloneSet", "clonesets", nil},
		{"apps.kruise.io", []string{"v1alpha1", "v1beta1"}, "StatefulSet", "statefulsets", nil},
		{"apps.kruise.io", []string{"v1alpha1", "v1beta1"}, "DaemonSet", "daemonsets", nil},
		{"keda.sh", []string{"v1alpha1"}, "ScaledJob", "scaledjobs", nil},
		{"jobset.x-k8s.io", []string{"v1alpha2"}, "JobSet", "jobsets", nil},
		{"leaderworkerset.x-k8s.io", []string{"v1"}, "LeaderWorkerSet", "leaderworkersets", nil},
		{"serving.knative.dev", []string{"v1"}, "Service", "services", nil},
		{"serving.knative.dev", []string{"v1"}, "Configuration", "configurations", nil},
		{"serving.knative.dev", []string{"v1"}, "Revision", "revisions", nil},
		{"serving.kserve.io", []string{"v1beta1"}, "InferenceService", "inferenceservices", nil},
		{"serving.kserve.io", []string{"v1alpha1", "v1alpha2"}, "LLMInferenceService", "llminferenceservices", nil},
		{"serving.kubeflow.org", []string{"v1alpha2", "v1beta1"}, "InferenceService", "inferenceservices", nil},
		{"machinelearning.seldon.io", []string{"v1alpha2", "v1alpha3", "v1"}, "SeldonDeployment", "seldondeployments", nil},
		{"mlops.seldon.io", []string{"v1alpha1"}, "Model", "models", nil},
		{"mlops.seldon.io", []string{"v1alpha1"}, "Server", "servers", nil},
		{"ray.io", []string{"v1alpha1", "v1"}, "RayCluster", "rayclusters", nil},
		{"ray.io", []string{"v1alpha1", "v1"}, "RayJob", "rayjobs", nil},
		{"ray.io", []string{"v1alpha1", "v1"}, "RayService", "rayservices", nil},
		{"ray.io", []string{"v1"}, "RayCronJob", "raycronjobs", nil},
		{"kaito.sh", []string{"v1alpha1", "v1beta1"}, "Workspace", "workspaces", nil},
		{"kaito.sh", []string{"v1alpha1", "v1beta1"}, "RAGEngine", "ragengines", nil},
		{"kaito.sh", []string{"v1alpha1", "v1beta1"}, "InferenceSet", "inferencesets", nil},
		{"kaito.sh", []string{"v1alpha1", "v1beta1"}, "MultiRoleInference", "multiroleinferences", nil},
		{"production-stack.vllm.ai", []string{"v1alpha1"}, "VLLMRuntime", "vllmruntimes", nil},
		{"kubeflow.org", []string{"v1"}, "PyTorchJob", "pytorchjobs", nil},
		{"kubeflow.org", []string{"v1"}, "TFJob", "tfjobs", nil},
		{"kubeflow.org", []string{"v1", "v2beta1"}, "MPIJob", "mpijobs", nil},
		{"kubeflow.org", []string{"v1"}, "XGBoostJob", "xgboostjobs", nil},
		{"kubeflow.org", []string{"v1"}, "PaddleJob", "paddlejobs", nil},
		{"kubeflow.org", []string{"v1"}, "JAXJob", "jaxjobs", nil},
		{"kubeflow.org", []string{"v1"}, "MXJob", "mxjobs", nil},
		{"trainer.kubeflow.org", []string{"v1alpha1"}, "TrainJob", "trainjobs", nil},
		{"containerinstance.azure.com", []string{"v1api20211001", "v20211001"}, "ContainerGroup", "containergroups", nil},
		{"machinelearningservices.azure.com", []string{"v1api20210701", "v1api20240401", "v20240401"}, "WorkspacesCompute", "workspacescomputes", nil},
		{"containerservice.azure.com", operatorClusters, "ManagedCluster", "managedclusters", nil},
		{"containerservice.azure.com", operatorClusters, "ManagedClustersAgentPool", "managedclustersagentpools", nil},
	}
	for _, resource := range []struct{ service, kind string }{
		{"containerinstance", "ContainerGroup"},
		{"machinelearningservices", "ComputeCluster"},
		{"machinelearningservices", "ComputeInstance"},
		{"machinelearningservices", "InferenceCluster"},
		{"machinelearningservices", "SynapseSpark"},
		{"containerservice", "KubernetesCluster"},
		{"containerservice", "KubernetesClusterNodePool"},
		{"web", "FunctionApp"},
		{"web", "FunctionAppFlexConsumption"},
		{"web", "FunctionAppSlot"},
		{"web", "LinuxFunctionApp"},
		{"web", "LinuxFunctionAppSlot"},
		{"web", "WindowsFunctionApp"},
		{"web", "WindowsFunctionAppSlot"},
	} {
		for _, scope := range []string{".azure.upbound.io", ".azure.m.upbound.io"} {
			kinds = append(kinds, KubernetesKind{
				Group: resource.service + scope, Versions: []string{"v1beta1", "v1beta2"},
				Kind: resource.kind, Resource: strings.ToLower(resource.kind) + "s",
			})
		}
	}
	return kinds
}
