package arm

import (
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/azure"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/scheduling"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Resource is an Azure resource, in the structure of Azure Resource Manager, whatever the format
// that describes it. Absent parts are nil.
type Resource struct {
	Kind   string       // the full type in lower case, such as microsoft.web/sites
	Typed  *source.Node // declares the type
	Object *source.Node // the whole description
	Name   *source.Node // includes the names of the parent resources: workspace/compute
	Around *source.Node // the name of the parent resource, where Name lacks it

	Tags, Sku, Variant, Properties *source.Node // Variant is the property that Azure calls kind
}

// IsReadKind reports whether resources of a type, in lower case, are read.
func IsReadKind(kind string) bool {
	switch kind {
	case "microsoft.machinelearningservices/workspaces/onlineendpoints",
		"microsoft.machinelearningservices/workspaces/batchendpoints",
		"microsoft.machinelearningservices/workspaces/onlineendpoints/deployments",
		"microsoft.machinelearningservices/workspaces/batchendpoints/deployments",
		"microsoft.machinelearningservices/workspaces/services",
		"microsoft.machinelearningservices/workspaces/computes",
		"microsoft.containerinstance/containergroups", "microsoft.containerinstance/containergroupprofiles",
		"microsoft.containerservice/managedclusters", "microsoft.containerservice/managedclusters/agentpools",
		"microsoft.web/sites":
		return true
	}
	return false
}

// azureResourceShape is the combined shape of the properties of all resource types that are read.
// Names in a container group are read as Azure writes them.
var azureResourceShape = read.FoldedOf(map[string]*read.Shape{
	"containerresourcerequirements": read.FoldedOf(map[string]*read.Shape{
		"containerresourcerequests": read.MappingShape, "containerresourcelimits": read.MappingShape,
	}),
	"scalesettings": read.MappingShape, "deploymentconfiguration": read.MappingShape, "resources": read.MappingShape,
	"properties":        read.FoldedOf(map[string]*read.Shape{"scalesettings": read.MappingShape}),
	"agentpoolprofiles": read.ListOf(read.MappingShape),
})

// Resource reads a resource. Resources of other types than IsReadKind reports are skipped.
func (r *ResourceReader) Resource(a Resource) {
	r.CheckShape(a.Properties, azureResourceShape)
	switch a.Kind {
	case "microsoft.machinelearningservices/workspaces/onlineendpoints/deployments":
		r.azureOnlineDeployment(a)
	case "microsoft.machinelearningservices/workspaces/batchendpoints/deployments":
		r.azureBatchDeployment(a)
	case "microsoft.machinelearningservices/workspaces/onlineendpoints",
		"microsoft.machinelearningservices/workspaces/batchendpoints":
		r.azureEndpoint(a)
	case "microsoft.machinelearningservices/workspaces/services":
		r.MLv1Service(r.azureDeployment(a), a.Properties)
	case "microsoft.machinelearningservices/workspaces/computes":
		r.azureMLCompute(a)
	case "microsoft.containerinstance/containergroups", "microsoft.containerinstance/containergroupprofiles":
		d := r.azureDeployment(a)
		d.Target = facts.Know(facts.ACI, facts.Because(r.MarkUsed(a.Typed), "the resource is a container group"))
		r.ContainerGroup(d, a.Properties)
	case "microsoft.containerservice/managedclusters":
		r.managedCluster(a)
	case "microsoft.containerservice/managedclusters/agentpools":
		names := r.LastNames(a.Name, 2)
		r.AKSPool(r.azureCluster(a, names), r.LastNames(a.Around, 1), names, a.Object, poolOf(a.Properties))
	case "microsoft.web/sites":
		// A site without functionapp may be a web application, of which nothing is known.
		if variant := r.Text(a.Variant); strings.Contains(strings.ToLower(variant.Value), "functionapp") {
			r.azureDeployment(a).Target = facts.Know(facts.Functions, facts.Because(variant.Location, "the site is a function app"))
		}
	}
}

// azureDeployment adds the deployment that a resource describes.
func (r *ResourceReader) azureDeployment(a Resource) *read.Draft {
	d := r.Deployment(r.LastNames(a.Name, 1), a.Object)
	r.Tags(d, a.Tags)
	return d
}

// azureOnlineDeployment reads a deployment of an online endpoint.
// https://learn.microsoft.com/azure/templates/microsoft.machinelearningservices/workspaces/onlineendpoints/deployments
func (r *ResourceReader) azureOnlineDeployment(a Resource) {
	d := r.azureDeployment(a)
	d.Workload = facts.Know(facts.WebService, facts.Location{Node: a.Typed, Why: "an online endpoint is a web service"})
	kind := r.Text(azure.Folded(a.Properties, "endpointComputeType"))
	switch strings.ToLower(kind.Value) {
	case "managed":
		d.Target = facts.Know(facts.ManagedOnline, facts.Because(kind.Location, "the endpoint is managed"))
		r.InstanceType(d, azure.Folded(a.Properties, "instanceType"))
	case "kubernetes":
		d.Pods = &scheduling.Pods{}
		requirements := azure.Folded(a.Properties, "containerResourceRequirements")
		requests, limits := azure.Folded(requirements, "containerResourceRequests"), azure.Folded(requirements, "containerResourceLimits")
		d.CPUCores = read.Either(azure.Folded(requests, "cpu"), azure.Folded(limits, "cpu"), r.Quantity)
		d.MemoryGiB = read.Either(azure.Folded(requests, "memory"), azure.Folded(limits, "memory"), r.Memory)
		d.GPUs = r.Count(azure.Folded(requests, "gpu"))
		if limit := r.Count(azure.Folded(limits, "gpu")); !d.GPUs.Known || limit.Known && limit.Value > d.GPUs.Value {
			d.GPUs = limit
		}
		r.KubernetesInstanceType(d, azure.Folded(a.Properties, "instanceType"), kind.Location.Node)
	}
	r.azureEndpointReference(d, a)
	d.Replicas = r.Count(azure.Folded(a.Sku, "capacity"))
	if scale := azure.Folded(a.Properties, "scaleSettings", "scaleType"); read.LowerScalar(scale) == "targetutilization" {
		d.Autoscales = facts.Know(true, r.MarkUsed(scale))
	}
	r.azureModel(d, azure.Folded(a.Properties, "model"))
	r.azureEnvironment(d, azure.Folded(a.Properties, "environmentId"))
}

// azureBatchDeployment reads a deployment of a batch endpoint. A deployed model scores; a deployed
// pipeline may train.
// https://learn.microsoft.com/azure/templates/microsoft.machinelearningservices/workspaces/batchendpoints/deployments
func (r *ResourceReader) azureBatchDeployment(a Resource) {
	d := r.azureDeployment(a)
	configured := azure.Folded(a.Properties, "deploymentConfiguration", "deploymentConfigurationType")
	if kind := r.Text(configured); configured.IsNull() || strings.EqualFold(kind.Value, "Model") {
		d.Workload = facts.Know(facts.BatchScoring, facts.Location{Node: a.Typed, Why: "a batch endpoint scores batches"})
	}
	r.MachineOrType(d, azure.Folded(a.Properties, "resources", "instanceType"))
	r.azureEndpointReference(d, a)
	r.ComputeIDReference(d, azure.Folded(a.Properties, "compute"))
	r.azureModel(d, azure.Folded(a.Properties, "model", "assetId"))
	r.azureEnvironment(d, azure.Folded(a.Properties, "environmentId"))
}

// azureModel reads the model that an ID refers to.
func (r *ResourceReader) azureModel(d *read.Draft, id *source.Node) {
	text, _ := r.PartialText(id)
	name, version := azure.ModelReference(text)
	if name == "" || strings.Contains(name, read.UnknownPart) {
		return
	}
	location := r.MarkUsed(id)
	model := &facts.Model{Name: facts.Know(name, location), Location: facts.Location{Node: id}}
	if version != "" && !strings.Contains(version, read.UnknownPart) {
		model.Version = facts.Know(version, location)
	}
	d.Models = append(d.Models, model)
	r.Asset(d, read.ModelAsset, id, model)
}

// azureEnvironment reads the environment that an ID refers to.
func (r *ResourceReader) azureEnvironment(d *read.Draft, id *source.Node) {
	r.DesignerName(d, r.WithPartialText(id))
	r.Asset(d, read.EnvironmentAsset, id, nil)
}

// azureEndpoint adds what an endpoint declares for its deployments.
func (r *ResourceReader) azureEndpoint(a Resource) {
	name := r.LastNames(a.Name, 1)
	if name == nil {
		return
	}
	d := &read.Draft{Deployment: facts.Deployment{Format: r.Format, Location: facts.Location{Node: a.Object}}}
	r.ComputeIDReference(d, azure.Folded(a.Properties, "compute"))
	r.AddDeclared(d, a.Tags)
	r.Parts = append(r.Parts, &read.Part{Kind: read.EndpointDefinition, Name: name.Text(), Facts: d})
}

// azureEndpointReference records the endpoint of a deployment.
func (r *ResourceReader) azureEndpointReference(d *read.Draft, a Resource) {
	endpoint := r.LastNames(a.Around, 1)
	if a.Around == nil {
		if names := r.LastNames(a.Name, 2); names != nil && strings.Contains(names.Text(), "/") {
			text, _, _ := strings.Cut(names.Text(), "/")
			endpoint = r.Derive(names, source.Content{Kind: source.String, Text: text}, r.DerivationOf(names))
		}
	}
	if endpoint != nil {
		d.Refer(read.Reference{Kind: read.EndpointDefinition, Name: endpoint.Text(), Node: endpoint})
	}
}

// azureMLCompute reads a compute of a workspace.
// https://learn.microsoft.com/azure/templates/microsoft.machinelearningservices/workspaces/computes
func (r *ResourceReader) azureMLCompute(a Resource) {
	c := r.Compute(r.LastNames(a.Name, 1), a.Object)
	c.InWorkspace = true
	kind := r.Text(azure.Folded(a.Properties, "computeType"))
	location := facts.Because(kind.Location, "type of the compute")
	of := azure.Folded(a.Properties, "properties")
	switch strings.ToLower(kind.Value) {
	case "amlcompute":
		c.Target, c.ManagedBy = facts.Know(facts.AMLCompute, location), facts.Know(facts.ByAzureML, location)
		r.VMSize(c, azure.Folded(of, "vmSize"))
		c.VMPriority = r.Priority(azure.Folded(of, "vmPriority"), "priority", "Dedicated or LowPriority")
		r.Scale(c, azure.Folded(of, "scaleSettings", "minNodeCount"), azure.Folded(of, "scaleSettings", "maxNodeCount"))
	case "computeinstance":
		c.Target, c.ManagedBy = facts.Know(facts.ComputeInstance, location), facts.Know(facts.ByAzureML, location)
		r.VMSize(c, azure.Folded(of, "vmSize"))
	case "aks":
		c.Target, c.ManagedBy = facts.Know(facts.AKS, location), facts.Know(facts.ByAzureML, location)
		if attached := azure.Folded(a.Properties, "resourceId"); !attached.IsNull() {
			c.ManagedBy = facts.Know(facts.ByAzure, facts.Because(r.MarkUsed(attached), "an existing cluster is attached"))
		}
		r.VMSize(c, azure.Folded(of, "agentVmSize"))
		c.Nodes = r.Count(azure.Folded(of, "agentCount"))
		c.Stage = r.ClusterPurpose(azure.Folded(of, "clusterPurpose"))
	case "kubernetes":
		r.AttachedCluster(c, r.WithPartialText(azure.Folded(a.Properties, "resourceId")))
	case "virtualmachine", "synapsespark":
		c.ManagedBy = facts.Know(facts.ByAzure, location)
	}
}

// managedCluster reads an AKS cluster: each node pool is a compute.
// https://learn.microsoft.com/azure/templates/microsoft.containerservice/managedclusters
func (r *ResourceReader) managedCluster(a Resource) {
	name := r.LastNames(a.Name, 1)
	cluster := r.azureCluster(a, name)
	pools := azure.Folded(a.Properties, "agentPoolProfiles").Items()
	for _, pool := range pools {
		r.AKSPool(cluster, name, r.LastNames(azure.Folded(pool, "name"), 1), pool, poolOf(pool))
	}
	if len(pools) == 0 {
		r.Computes = append(r.Computes, &cluster)
	}
}

// azureCluster returns the compute of an AKS cluster or of one of its node pools.
func (r *ResourceReader) azureCluster(a Resource, name *source.Node) facts.Compute {
	location := facts.Because(r.MarkUsed(a.Typed), "the resource is an AKS cluster or a part of one")
	c := facts.Compute{Format: r.Format, Name: r.Name(name), Location: facts.Location{Node: a.Object}, Target: facts.Know(facts.AKS, location), ManagedBy: facts.Know(facts.ByAzure, location)}
	c.Subject = facts.Subject{File: r.Root.File().Name, Name: c.Name.Value}
	return c
}

// poolOf returns the properties of an AKS node pool.
func poolOf(pool *source.Node) azure.NodePool {
	return azure.NodePool{
		VMSize: azure.Folded(pool, "vmSize"), Priority: azure.Folded(pool, "scaleSetPriority"),
		Autoscaling: azure.Folded(pool, "enableAutoScaling"), Nodes: azure.Folded(pool, "count"),
		Least: azure.Folded(pool, "minCount"), Most: azure.Folded(pool, "maxCount"),
	}
}
