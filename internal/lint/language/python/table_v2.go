package python

import "slices"

// v2Table has the entities of SDK v2. They take keyword arguments only, with the keys of the YAML schemas.
// https://learn.microsoft.com/python/api/azure-ai-ml/azure.ai.ml.entities
func v2Table() []construct { return v2Constructs }

var (
	v2Tags  = member{"tags", "tags", mappingForm}
	v2Model = member{"model", "model", assetForm}
	v2Image = member{"environment", "environment", assetForm}
	v2Scale = member{"scale_settings", "scale_settings", objectForm}

	v2Online = append(scalars("name", "endpoint_name", "instance_type", "instance_count"), v2Scale, v2Model, v2Image, v2Tags)
	v2Batch  = append(scalars("name", "endpoint_name", "compute"), member{"resources", "resources", objectForm}, v2Model, v2Image, v2Tags)
)

// lookUp is the get method of a collection of a client, such as client.online_endpoints.get(name), or an item of one of a
// workspace of v1.
var lookUp = construct{name: "get", role: looksUp, positional: []string{"name"}}

// isCollection reports whether an attribute of a client has what names refer to.
func isCollection(attribute string) bool {
	return attribute == "online_endpoints" || attribute == "batch_endpoints" || attribute == "compute"
}

var v2Constructs = []construct{
	{name: "ManagedOnlineDeployment", role: resource, schema: "managedOnlineDeployment", members: v2Online},
	{name: "KubernetesOnlineDeployment", role: resource, schema: "kubernetesOnlineDeployment",
		members: append(slices.Clone(v2Online), member{"resources", "resources", objectForm})},
	{name: "BatchDeployment", role: resource, schema: "batchDeployment", members: v2Batch},
	{name: "ModelBatchDeployment", role: resource, schema: "modelBatchDeployment", members: v2Batch},
	{name: "PipelineComponentBatchDeployment", role: resource, schema: "pipelineComponentBatchDeployment",
		members: append(scalars("name", "endpoint_name"), member{"settings", "settings", mappingForm}, v2Tags)},

	{name: "ManagedOnlineEndpoint", role: resource, schema: "managedOnlineEndpoint", members: append(scalars("name"), v2Tags)},
	{name: "KubernetesOnlineEndpoint", role: resource, schema: "kubernetesOnlineEndpoint", members: append(scalars("name", "compute"), v2Tags)},
	{name: "BatchEndpoint", role: resource, schema: "batchEndpoint", members: append(scalars("name"), v2Tags)},

	{name: "AmlCompute", role: resource, schema: "amlCompute", members: scalars("name", "size", "tier", "min_instances", "max_instances")},
	{name: "ComputeInstance", role: resource, schema: "computeInstance", members: scalars("name", "size")},
	{name: "KubernetesCompute", role: resource, schema: "kubernetesCompute", members: scalars("name", "resource_id")},

	{name: "Model", role: asset, schema: "model", members: append(scalars("name", "version", "path"), v2Tags)},
	{name: "Environment", role: asset, schema: "environment",
		members: append(scalars("name", "version", "image"), member{"conda_file", "conda_file", anyForm})},

	{name: "ResourceRequirementsSettings", positional: []string{"requests", "limits"},
		members: []member{{"requests", "requests", objectForm}, {"limits", "limits", objectForm}}},
	{name: "ResourceSettings", positional: []string{"cpu", "memory", "gpu"},
		members: append(scalars("cpu", "memory"), member{"gpu", "nvidia.com/gpu", scalarForm})},
	{name: "ResourceConfiguration", members: scalars("instance_type", "instance_count")},
	{name: "JobResourceConfiguration", members: scalars("instance_type", "instance_count")},
	{name: "TargetUtilizationScaleSettings", schema: "target_utilization"},
	{name: "DefaultScaleSettings", schema: "default"},
}
