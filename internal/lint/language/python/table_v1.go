package python

import "slices"

// v1Table has the calls of SDK v1.
// https://learn.microsoft.com/python/api/azureml-core/azureml.core
func v1Table() []construct { return v1Constructs }

var (
	v1Service = []member{
		{"cpu_cores", "cpu", scalarForm}, {"cpu_cores_limit", "cpuLimit", scalarForm},
		{"memory_gb", "memoryInGB", scalarForm}, {"memory_gb_limit", "memoryInGBLimit", scalarForm},
	}
	v1AKS = []string{
		"autoscale_enabled", "autoscale_min_replicas", "autoscale_max_replicas", "autoscale_refresh_seconds", "autoscale_target_utilization",
		"collect_model_data", "auth_enabled", "cpu_cores", "memory_gb", "enable_app_insights", "scoring_timeout_ms",
		"replica_max_concurrent_requests", "max_request_wait_time", "num_replicas", "primary_key", "secondary_key", "tags", "properties",
		"description", "gpu_cores",
	}
	v1Deploy = []string{"workspace", "name", "models", "inference_config", "deployment_config", "deployment_target"}
	v1Create = []string{"workspace", "name", "provisioning_configuration"}
	v1Named  = []string{"workspace", "name"}
)

var v1Constructs = slices.Concat(
	[]construct{
		{name: "AciWebservice.deploy_configuration", role: configures, target: "ACI", members: v1Service, positional: []string{"cpu_cores", "memory_gb", "tags"}},
		{name: "AksWebservice.deploy_configuration", role: configures, target: "AKS", members: v1Service, positional: v1AKS},
		{name: "AksEndpoint.deploy_configuration", role: configures, target: "AKS", members: v1Service},
		{name: "LocalWebservice.deploy_configuration", role: configures, target: "local", positional: []string{"port"}},

		{name: "AksCompute.provisioning_configuration", role: provisions, positional: []string{"agent_count", "vm_size"},
			members: scalars("agent_count", "vm_size", "cluster_purpose")},
		{name: "AmlCompute.provisioning_configuration", role: provisions, positional: []string{"vm_size", "vm_priority", "min_nodes", "max_nodes"},
			members: scalars("vm_size", "vm_priority", "min_nodes", "max_nodes")},
		{name: "ComputeInstance.provisioning_configuration", role: provisions, positional: []string{"vm_size"}, members: scalars("vm_size")},

		{name: "Model.deploy", role: deploys, positional: v1Deploy},
		{name: "Model", role: looksUp, positional: []string{"workspace", "name", "id", "tags", "properties", "version"}},
		{name: "Model.register", role: registers, positional: []string{"workspace", "model_path", "model_name", "tags"},
			members: []member{{"model_name", "name", scalarForm}, {"model_path", "path", scalarForm}, {"tags", "tags", mappingForm}}},
		{name: "ResourceConfiguration", positional: []string{"cpu", "memory_in_gb", "gpu"},
			members: []member{{"cpu", "cpu", scalarForm}, {"memory_in_gb", "memoryInGB", scalarForm}, {"gpu", "gpu", scalarForm}}},

		{name: "InferenceConfig", role: infers,
			positional: []string{"entry_script", "runtime", "conda_file", "extra_docker_file_steps", "source_directory", "enable_gpu", "description", "base_image"},
			members: []member{
				{"entry_script", "entryScript", scalarForm}, {"conda_file", "condaFile", scalarForm}, {"enable_gpu", "enableGpu", scalarForm},
				{"base_image", "baseImage", scalarForm}, {"environment", "environment", objectForm},
			}},
		{name: "ContainerImage.image_configuration", role: infers,
			positional: []string{"execution_script", "runtime", "conda_file", "docker_file", "schema_file", "dependencies", "enable_gpu", "tags", "properties", "description", "base_image"},
			members: []member{
				{"execution_script", "entryScript", scalarForm}, {"conda_file", "condaFile", scalarForm}, {"enable_gpu", "enableGpu", scalarForm},
				{"base_image", "baseImage", scalarForm},
			}},
		{name: "ContainerImage.create", role: infers, positional: []string{"workspace", "name", "models", "image_config"}},
		{name: "Image.create", role: infers, positional: []string{"workspace", "name", "models", "image_config"}},
		{name: "Environment", role: looksUp, positional: []string{"name"}, members: scalars("name")},
		{name: "Environment.get", role: looksUp, positional: []string{"workspace", "name"}, members: scalars("name")},
		{name: "Environment.from_conda_specification", role: looksUp, positional: []string{"name", "file_path"},
			members: []member{{"name", "name", scalarForm}, {"file_path", "condaFile", scalarForm}}},

		{name: "ParallelRunConfig", role: parallelizes, members: scalars("compute_target")},
	},
	// Each service can be deployed by the methods of the class that all inherit.
	each([]string{"Webservice", "AciWebservice", "AksWebservice", "LocalWebservice"},
		construct{name: "deploy", role: deploys, positional: []string{"workspace", "name", "model_paths", "image_config", "deployment_config", "deployment_target"}},
		construct{name: "deploy_from_model", role: deploys, positional: []string{"workspace", "name", "models", "image_config", "deployment_config", "deployment_target"}},
		construct{name: "deploy_from_image", role: deploys, positional: []string{"workspace", "name", "image", "deployment_config", "deployment_target"}},
	),
	each([]string{"ComputeTarget", "AksCompute", "AmlCompute", "ComputeInstance", "KubernetesCompute"},
		construct{name: "create", role: creates, positional: v1Create},
		construct{name: "attach", role: looksUp, positional: v1Named},
		construct{role: looksUp, positional: v1Named},
	),
)

// each returns methods of some classes; one without a name is the class itself.
func each(classes []string, methods ...construct) []construct {
	var all []construct
	for _, class := range classes {
		for _, method := range methods {
			if method.name == "" {
				method.name = class
			} else {
				method.name = class + "." + method.name
			}
			all = append(all, method)
		}
	}
	return all
}
