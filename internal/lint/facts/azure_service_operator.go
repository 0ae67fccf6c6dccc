package facts

import "github.com/mlpolicy/mlpolicy/internal/lint/source"

// azureServiceOperator are the objects by which Kubernetes creates what a model is
// deployed to. They have the shape of ARM, but for the properties, which stand
// beside the rest. A container group has to do with machine learning only if
// somebody says so.
// https://azure.github.io/azure-service-operator/reference
var azureServiceOperator = format{
	name:      "azure-service-operator",
	title:     "Azure Service Operator: ContainerGroup, WorkspacesCompute, ManagedCluster, ManagedClustersAgentPool",
	signs:     "`apiVersion` of `containerinstance`, `machinelearningservices` or `containerservice` with `.azure.com`, and the `kind`",
	reference: "https://azure.github.io/azure-service-operator/reference/",
	links:     true,
	marks: [][]string{
		{"containerinstance.azure.com/", "machinelearningservices.azure.com/", "containerservice.azure.com/"},
		{"ContainerGroup", "WorkspacesCompute", "ManagedCluster"},
		{"spec"},
	},
	shapes: map[string]*shape{
		"ContainerGroup": under(mappingOf(map[string]*shape{
			"containers": listOf(groupContainerShape), "initContainers": listOf(groupContainerShape),
		}), "spec"),
		"WorkspacesCompute":        under(mappingShape, "spec", "properties"),
		"ManagedCluster":           under(listOf(mappingShape), "spec", "agentPoolProfiles"),
		"ManagedClustersAgentPool": under(mappingShape, "spec"),
	},
	matches: func(root *source.Node) bool {
		switch group, kind := groupKind(root); group {
		case "containerinstance.azure.com":
			return kind == "ContainerGroup" && root.Has("spec")
		case "machinelearningservices.azure.com":
			return kind == "WorkspacesCompute" && root.Has("spec")
		case "containerservice.azure.com":
			return (kind == "ManagedCluster" || kind == "ManagedClustersAgentPool") && root.Has("spec")
		}
		return false
	},
	read: func(r *reader) {
		spec := r.root.Get("spec")
		name := spec.Get("azureName")
		if name.IsNull() {
			name = r.root.At("metadata", "name")
		}
		switch _, kind := groupKind(r.root); kind {
		case "ContainerGroup":
			r.operatorContainers(spec)
		case "WorkspacesCompute":
			r.workspacesCompute(name, spec.Get("properties"))
		case "ManagedCluster":
			cluster := r.aksCluster(name)
			for _, pool := range spec.Get("agentPoolProfiles").Elements() {
				r.aksPool(cluster, name, pool.Get("name"), pool, operatorPool(pool))
			}
			if len(r.computes) == 0 {
				r.computes = []*Compute{&cluster}
			}
		case "ManagedClustersAgentPool":
			owner := spec.Get("owner")
			cluster := owner.Get("name")
			if cluster.IsNull() {
				cluster = owner.Get("armId")
			}
			r.aksPool(r.aksCluster(name), cluster, name, r.root, operatorPool(spec))
		}
	},
}

func operatorPool(pool *source.Node) nodePool {
	return nodePool{
		vmSize:      pool.Get("vmSize"),
		priority:    pool.Get("scaleSetPriority"),
		autoscaling: pool.Get("enableAutoScaling"),
		nodes:       pool.Get("count"),
		least:       pool.Get("minCount"),
		most:        pool.Get("maxCount"),
	}
}

func (r *reader) operatorContainers(spec *source.Node) {
	d := r.object(r.root)
	d.Target = Know(ACI, r.kindPlace("the object is a container group"))
	r.tags(d, spec.Get("tags"))
	var sum demand
	for _, container := range spec.Get("containers").Elements() {
		sum.add(r.groupContainer(d, container))
	}
	for _, container := range spec.Get("initContainers").Elements() {
		sum.raise(demand{}.with(r.groupContainer(d, container)))
	}
	sum.state(d)
}

// workspacesCompute reads a compute of Azure ML by the one kind of it that is there.
func (r *reader) workspacesCompute(name, properties *source.Node) {
	for _, kind := range []string{"amlCompute", "computeInstance", "aks", "kubernetes", "virtualMachine", "synapseSpark"} {
		compute := properties.Get(kind)
		if compute.IsNull() {
			continue
		}
		c := r.compute(name, r.root)
		c.Subject, c.InWorkspace = r.subject(), true
		own := compute.Get("properties")
		place := because(r.carry(compute), "kind of the compute")
		switch kind {
		case "amlCompute":
			c.Target, c.ManagedBy = Know(AMLCompute, place), Know(ByAzureML, place)
			r.vmSize(c, own.Get("vmSize"))
			c.VMPriority = r.priority(own.Get("vmPriority"), "priority", "Dedicated or LowPriority")
			r.scale(c, own.At("scaleSettings", "minNodeCount"), own.At("scaleSettings", "maxNodeCount"))
		case "computeInstance":
			c.Target, c.ManagedBy = Know(ComputeInstance, place), Know(ByAzureML, place)
			r.vmSize(c, own.Get("vmSize"))
		case "aks":
			c.Target, c.ManagedBy = Know(AKS, place), Know(ByAzureML, place)
			if attached := compute.Get("resourceReference"); !attached.IsNull() {
				c.ManagedBy = Know(ByAzure, because(r.carry(attached), "an existing cluster is attached"))
			}
			r.vmSize(c, own.Get("agentVmSize"))
			c.Nodes = r.count(own.Get("agentCount"))
			c.Stage = r.clusterPurpose(own.Get("clusterPurpose"))
		case "kubernetes":
			r.operatorCluster(c, compute.Get("resourceReference"))
		case "virtualMachine":
			c.ManagedBy = Know(ByAzure, place)
			r.vmSize(c, own.Get("virtualMachineSize"))
		default:
			c.ManagedBy = Know(ByAzure, place)
		}
		return
	}
}

// operatorCluster reads from a reference whether the cluster that it leads to is AKS.
func (r *reader) operatorCluster(c *Compute, reference *source.Node) {
	if group := reference.Get("group"); group.Is("containerservice.azure.com") {
		place := because(r.carry(group), "the reference is to an AKS cluster")
		c.Target, c.ManagedBy = Know(AKS, place), Know(ByAzure, place)
		return
	}
	r.attachedCluster(c, reference.Get("armId"))
}
