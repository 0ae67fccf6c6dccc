package facts

import (
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// azureResource is a resource as Azure Resource Manager takes it, whatever describes
// it. What is not described is nil.
type azureResource struct {
	kind   string       // its whole type in lower case, such as microsoft.web/sites
	typed  *source.Node // states the type
	object *source.Node // describes the resource
	name   *source.Node // with the names of the resources around it: workspace/compute
	around *source.Node // the name of the resource around it where name does without

	tags, sku, variant, properties *source.Node // variant is what Azure calls kind
}

// azureResourceKind reports whether resources of a type, in lower case, are read.
func azureResourceKind(kind string) bool {
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

// azureResourceShape is that of the properties of the resources that are read, of which each has
// some. The names of a container group's are read as Azure writes them.
var azureResourceShape = foldedOf(map[string]*shape{
	"containerresourcerequirements": foldedOf(map[string]*shape{
		"containerresourcerequests": mappingShape, "containerresourcelimits": mappingShape,
	}),
	"scalesettings": mappingShape, "deploymentconfiguration": mappingShape, "resources": mappingShape,
	"properties":        foldedOf(map[string]*shape{"scalesettings": mappingShape}),
	"agentpoolprofiles": listOf(mappingShape),
})

// azureResource reads a resource whose type is read, and nothing of any other.
func (r *reader) azureResource(a azureResource) {
	r.shaped(a.properties, azureResourceShape)
	switch a.kind {
	case "microsoft.machinelearningservices/workspaces/onlineendpoints/deployments":
		r.azureOnlineDeployment(a)
	case "microsoft.machinelearningservices/workspaces/batchendpoints/deployments":
		r.azureBatchDeployment(a)
	case "microsoft.machinelearningservices/workspaces/onlineendpoints",
		"microsoft.machinelearningservices/workspaces/batchendpoints":
		r.azureEndpoint(a)
	case "microsoft.machinelearningservices/workspaces/services":
		r.azureMLv1Service(r.azureDeployment(a), a.properties)
	case "microsoft.machinelearningservices/workspaces/computes":
		r.azureMLCompute(a)
	case "microsoft.containerinstance/containergroups", "microsoft.containerinstance/containergroupprofiles":
		d := r.azureDeployment(a)
		d.Target = Know(ACI, because(r.carry(a.typed), "the resource is a container group"))
		r.containerGroup(d, a.properties)
	case "microsoft.containerservice/managedclusters":
		r.managedCluster(a)
	case "microsoft.containerservice/managedclusters/agentpools":
		names := r.lastNames(a.name, 2)
		r.aksPool(r.azureCluster(a, names), r.lastNames(a.around, 1), names, a.object, poolOf(a.properties))
	case "microsoft.web/sites":
		// It may be a web application: without the word nothing is known of it.
		if variant := r.text(a.variant); strings.Contains(strings.ToLower(variant.Value), "functionapp") {
			r.azureDeployment(a).Target = Know(Functions, because(variant.Place, "the site is a function app"))
		}
	}
}

// azureDeployment adds the deployment that a resource is.
func (r *reader) azureDeployment(a azureResource) *Draft {
	d := r.deployment(r.lastNames(a.name, 1), a.object)
	r.tags(d, a.tags)
	return d
}

// lastNames returns the last of the names of a resource and of those around it: so
// many, or fewer where the others are not known. It is nil where none is.
func (r *reader) lastNames(name *source.Node, count int) *source.Node {
	text, from := r.pieces(name)
	names := strings.Split(text, "/")
	first := len(names)
	for first > 0 && first > len(names)-count && names[first-1] != "" && !strings.Contains(names[first-1], hole) {
		first--
	}
	switch last := strings.Join(names[first:], "/"); {
	case last == "":
		return nil
	case last == name.Text:
		return name
	default:
		from.unknown, from.partial = false, ""
		return r.derive(name, source.Node{Kind: source.String, Text: last}, from)
	}
}

// pieces returns what is known of a text, with holes for the rest.
func (r *reader) pieces(n *source.Node) (string, origin) {
	from := r.originOf(n)
	if from.unknown {
		return from.partial, from
	}
	text, ok := n.Scalar()
	if !ok || r.laterFilled(n) {
		return "", from
	}
	return text, from
}

// withHoles returns a value of which the known parts of a text can be read.
func (r *reader) withHoles(n *source.Node) *source.Node {
	from := r.originOf(n)
	if !from.unknown || from.partial == "" {
		return n
	}
	return r.derive(n, source.Node{Kind: source.String, Text: from.partial}, origin{at: from.at, parts: from.parts, used: from.used})
}

// folded follows keys, whose case Azure ignores, from mapping to mapping.
func folded(n *source.Node, keys ...string) *source.Node {
	for _, key := range keys {
		n = n.GetFold(key)
	}
	return n
}

// azureOnlineDeployment reads a deployment of an online endpoint.
// https://learn.microsoft.com/azure/templates/microsoft.machinelearningservices/workspaces/onlineendpoints/deployments
func (r *reader) azureOnlineDeployment(a azureResource) {
	d := r.azureDeployment(a)
	d.Workload = Know(WebService, Place{Node: a.typed, Why: "an online endpoint is a web service"})
	kind := r.text(folded(a.properties, "endpointComputeType"))
	switch strings.ToLower(kind.Value) {
	case "managed":
		d.Target = Know(ManagedOnline, because(kind.Place, "the endpoint is managed"))
		r.instanceType(d, folded(a.properties, "instanceType"))
	case "kubernetes":
		d.pods = &scheduling{}
		requirements := folded(a.properties, "containerResourceRequirements")
		requests, limits := folded(requirements, "containerResourceRequests"), folded(requirements, "containerResourceLimits")
		d.CPUCores = either(folded(requests, "cpu"), folded(limits, "cpu"), r.quantity)
		d.MemoryGiB = either(folded(requests, "memory"), folded(limits, "memory"), r.memory)
		d.GPUs = r.count(folded(requests, "gpu"))
		if limit := r.count(folded(limits, "gpu")); !d.GPUs.Known || limit.Known && limit.Value > d.GPUs.Value {
			d.GPUs = limit
		}
		r.kubernetesInstanceType(d, folded(a.properties, "instanceType"), kind.Place.Node)
	}
	r.azureEndpointReference(d, a)
	d.Replicas = r.count(folded(a.sku, "capacity"))
	if scale := folded(a.properties, "scaleSettings", "scaleType"); lowerScalar(scale) == "targetutilization" {
		d.Autoscales = Know(true, r.carry(scale))
	}
	r.azureModel(d, folded(a.properties, "model"))
	r.azureEnvironment(d, folded(a.properties, "environmentId"))
}

// azureBatchDeployment reads a deployment of a batch endpoint: of a model, which
// scores, or of a pipeline, which may train.
// https://learn.microsoft.com/azure/templates/microsoft.machinelearningservices/workspaces/batchendpoints/deployments
func (r *reader) azureBatchDeployment(a azureResource) {
	d := r.azureDeployment(a)
	configured := folded(a.properties, "deploymentConfiguration", "deploymentConfigurationType")
	if kind := r.text(configured); configured.IsNull() || strings.EqualFold(kind.Value, "Model") {
		d.Workload = Know(BatchScoring, Place{Node: a.typed, Why: "a batch endpoint scores batches"})
	}
	r.machineOrType(d, folded(a.properties, "resources", "instanceType"))
	r.azureEndpointReference(d, a)
	r.azureComputeReference(d, folded(a.properties, "compute"))
	r.azureModel(d, folded(a.properties, "model", "assetId"))
	r.azureEnvironment(d, folded(a.properties, "environmentId"))
}

// azureModel reads the model that an ID names.
func (r *reader) azureModel(d *Draft, id *source.Node) {
	text, _ := r.pieces(id)
	name, version := modelReference(text)
	if name == "" || strings.Contains(name, hole) {
		return
	}
	place := r.carry(id)
	model := &Model{Name: Know(name, place), Place: Place{Node: id}}
	if version != "" && !strings.Contains(version, hole) {
		model.Version = Know(version, place)
	}
	d.Models = append(d.Models, model)
	r.asset(d, modelAsset, id, model)
}

// azureEnvironment reads the environment that an ID names.
func (r *reader) azureEnvironment(d *Draft, id *source.Node) {
	r.designerName(d, r.withHoles(id))
	r.asset(d, environmentAsset, id, nil)
}

// azureComputeReference notes the compute that a deployment runs on: an ID or a name.
func (r *reader) azureComputeReference(d *Draft, id *source.Node) {
	text, _ := r.pieces(id)
	before, _, _ := strings.Cut(strings.ToLower(text), "/computes/")
	if name := r.lastNames(id, 1); name != nil && (before != strings.ToLower(text) || !strings.Contains(text, "/")) {
		d.refer(reference{kind: computeDefinition, name: name.Text, node: id})
	}
}

// azureEndpoint adds what an endpoint says of the deployments behind it.
func (r *reader) azureEndpoint(a azureResource) {
	name := r.lastNames(a.name, 1)
	if name == nil {
		return
	}
	d := &Draft{Deployment: Deployment{Format: r.format, Place: Place{Node: a.object}}}
	r.azureComputeReference(d, folded(a.properties, "compute"))
	r.statements(d, a.tags)
	r.parts = append(r.parts, &part{kind: endpointDefinition, name: name.Text, facts: d})
}

// azureEndpointReference notes the endpoint that a deployment is behind.
func (r *reader) azureEndpointReference(d *Draft, a azureResource) {
	endpoint := r.lastNames(a.around, 1)
	if a.around == nil {
		if names := r.lastNames(a.name, 2); names != nil && strings.Contains(names.Text, "/") {
			text, _, _ := strings.Cut(names.Text, "/")
			endpoint = r.derive(names, source.Node{Kind: source.String, Text: text}, r.originOf(names))
		}
	}
	if endpoint != nil {
		d.refer(reference{kind: endpointDefinition, name: endpoint.Text, node: endpoint})
	}
}

// azureMLCompute reads a compute of a workspace.
// https://learn.microsoft.com/azure/templates/microsoft.machinelearningservices/workspaces/computes
func (r *reader) azureMLCompute(a azureResource) {
	c := r.compute(r.lastNames(a.name, 1), a.object)
	c.InWorkspace = true
	kind := r.text(folded(a.properties, "computeType"))
	place := because(kind.Place, "type of the compute")
	of := folded(a.properties, "properties")
	switch strings.ToLower(kind.Value) {
	case "amlcompute":
		c.Target, c.ManagedBy = Know(AMLCompute, place), Know(ByAzureML, place)
		r.vmSize(c, folded(of, "vmSize"))
		c.VMPriority = r.priority(folded(of, "vmPriority"), "priority", "Dedicated or LowPriority")
		r.scale(c, folded(of, "scaleSettings", "minNodeCount"), folded(of, "scaleSettings", "maxNodeCount"))
	case "computeinstance":
		c.Target, c.ManagedBy = Know(ComputeInstance, place), Know(ByAzureML, place)
		r.vmSize(c, folded(of, "vmSize"))
	case "aks":
		c.Target, c.ManagedBy = Know(AKS, place), Know(ByAzureML, place)
		if attached := folded(a.properties, "resourceId"); !attached.IsNull() {
			c.ManagedBy = Know(ByAzure, because(r.carry(attached), "an existing cluster is attached"))
		}
		r.vmSize(c, folded(of, "agentVmSize"))
		c.Nodes = r.count(folded(of, "agentCount"))
		c.Stage = r.clusterPurpose(folded(of, "clusterPurpose"))
	case "kubernetes":
		r.attachedCluster(c, r.withHoles(folded(a.properties, "resourceId")))
	case "virtualmachine", "synapsespark":
		c.ManagedBy = Know(ByAzure, place)
	}
}

// managedCluster reads an AKS cluster: each pool of nodes is a compute.
// https://learn.microsoft.com/azure/templates/microsoft.containerservice/managedclusters
func (r *reader) managedCluster(a azureResource) {
	name := r.lastNames(a.name, 1)
	cluster := r.azureCluster(a, name)
	pools := folded(a.properties, "agentPoolProfiles").Elements()
	for _, pool := range pools {
		r.aksPool(cluster, name, r.lastNames(folded(pool, "name"), 1), pool, poolOf(pool))
	}
	if len(pools) == 0 {
		r.computes = append(r.computes, &cluster)
	}
}

// azureCluster describes an AKS cluster, or a part of one.
func (r *reader) azureCluster(a azureResource, name *source.Node) Compute {
	place := because(r.carry(a.typed), "the resource is an AKS cluster or a part of one")
	c := Compute{Format: r.format, Name: r.name(name), Place: Place{Node: a.object}, Target: Know(AKS, place), ManagedBy: Know(ByAzure, place)}
	c.Subject = Subject{File: r.root.File().Name, Name: c.Name.Value}
	return c
}

// poolOf finds the facts of a pool of AKS nodes.
func poolOf(pool *source.Node) nodePool {
	return nodePool{
		vmSize: folded(pool, "vmSize"), priority: folded(pool, "scaleSetPriority"),
		autoscaling: folded(pool, "enableAutoScaling"), nodes: folded(pool, "count"),
		least: folded(pool, "minCount"), most: folded(pool, "maxCount"),
	}
}
