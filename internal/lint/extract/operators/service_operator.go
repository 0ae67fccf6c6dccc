package operators

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/azure"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// ServiceOperator are the objects of Azure Service Operator. They have the structure of ARM
// resources, except that the properties are not nested. A container group serves a model only if a
// tag or the configuration declares it.
// https://azure.github.io/azure-service-operator/reference
var ServiceOperator = read.Format{
	Name:      "azure-service-operator",
	Title:     "Azure Service Operator: ContainerGroup, WorkspacesCompute, ManagedCluster, ManagedClustersAgentPool",
	Signs:     "`apiVersion` of `containerinstance`, `machinelearningservices` or `containerservice` with `.azure.com`, and the `kind`",
	Reference: "https://azure.github.io/azure-service-operator/reference/",
	Links:     true,
	Marks: [][]string{
		{"containerinstance.azure.com/", "machinelearningservices.azure.com/", "containerservice.azure.com/"},
		{"ContainerGroup", "WorkspacesCompute", "ManagedCluster"},
		{"spec"},
	},
	Shapes: map[string]*read.Shape{
		"ContainerGroup": read.Under(read.MappingOf(map[string]*read.Shape{
			"containers": read.ListOf(azure.GroupContainerShape), "initContainers": read.ListOf(azure.GroupContainerShape),
		}), "spec"),
		"WorkspacesCompute":        read.Under(read.MappingShape, "spec", "properties"),
		"ManagedCluster":           read.Under(read.ListOf(read.MappingShape), "spec", "agentPoolProfiles"),
		"ManagedClustersAgentPool": read.Under(read.MappingShape, "spec"),
	},
	Matches: func(root *source.Node) bool {
		switch group, kind := kube.GroupKind(root); group {
		case "containerinstance.azure.com":
			return kind == "ContainerGroup" && root.Has("spec")
		case "machinelearningservices.azure.com":
			return kind == "WorkspacesCompute" && root.Has("spec")
		case "containerservice.azure.com":
			return (kind == "ManagedCluster" || kind == "ManagedClustersAgentPool") && root.Has("spec")
		}
		return false
	},
	Read: read.Using(newReader, func(r *resourceReader) {
		spec := r.Root.Get("spec")
		name := spec.Get("azureName")
		if name.IsNull() {
			name = r.Root.At("metadata", "name")
		}
		switch _, kind := kube.GroupKind(r.Root); kind {
		case "ContainerGroup":
			r.operatorContainers(spec)
		case "WorkspacesCompute":
			r.workspacesCompute(name, spec.Get("properties"))
		case "ManagedCluster":
			cluster := r.AKSCluster(name)
			for _, pool := range spec.Get("agentPoolProfiles").Items() {
				r.AKSPool(cluster, name, pool.Get("name"), pool, operatorPool(pool))
			}
			if len(r.Computes) == 0 {
				r.Computes = []*facts.Compute{&cluster}
			}
		case "ManagedClustersAgentPool":
			owner := spec.Get("owner")
			cluster := owner.Get("name")
			if cluster.IsNull() {
				cluster = owner.Get("armId")
			}
			r.AKSPool(r.AKSCluster(name), cluster, name, r.Root, operatorPool(spec))
		}
	}),
}

func operatorPool(pool *source.Node) azure.NodePool {
	return azure.NodePool{
		VMSize:      pool.Get("vmSize"),
		Priority:    pool.Get("scaleSetPriority"),
		Autoscaling: pool.Get("enableAutoScaling"),
		Nodes:       pool.Get("count"),
		Least:       pool.Get("minCount"),
		Most:        pool.Get("maxCount"),
	}
}

func (r *resourceReader) operatorContainers(spec *source.Node) {
	d := r.Object(r.Root)
	d.Target = facts.Know(facts.ACI, r.KindLocation("the object is a container group"))
	r.Tags(d, spec.Get("tags"))
	var sum kube.RequestSum
	for _, container := range spec.Get("containers").Items() {
		sum.Add(r.GroupContainer(d, container))
	}
	for _, container := range spec.Get("initContainers").Items() {
		sum.Raise(kube.RequestSum{}.With(r.GroupContainer(d, container)))
	}
	sum.State(d)
}

// workspacesCompute reads a compute of Azure ML, which has the properties of one kind.
func (r *resourceReader) workspacesCompute(name, properties *source.Node) {
	for _, kind := range []string{"amlCompute", "computeInstance", "aks", "kubernetes", "virtualMachine", "synapseSpark"} {
		compute := properties.Get(kind)
		if compute.IsNull() {
			continue
		}
		c := r.Compute(name, r.Root)
		c.Subject, c.InWorkspace = r.Subject(), true
		own := compute.Get("properties")
		location := facts.Because(r.MarkUsed(compute), "kind of the compute")
		switch kind {
		case "amlCompute":
			c.Target, c.ManagedBy = facts.Know(facts.AMLCompute, location), facts.Know(facts.ByAzureML, location)
			r.VMSize(c, own.Get("vmSize"))
			c.VMPriority = r.Priority(own.Get("vmPriority"), "priority", "Dedicated or LowPriority")
			r.Scale(c, own.At("scaleSettings", "minNodeCount"), own.At("scaleSettings", "maxNodeCount"))
		case "computeInstance":
			c.Target, c.ManagedBy = facts.Know(facts.ComputeInstance, location), facts.Know(facts.ByAzureML, location)
			r.VMSize(c, own.Get("vmSize"))
		case "aks":
			c.Target, c.ManagedBy = facts.Know(facts.AKS, location), facts.Know(facts.ByAzureML, location)
			if attached := compute.Get("resourceReference"); !attached.IsNull() {
				c.ManagedBy = facts.Know(facts.ByAzure, facts.Because(r.MarkUsed(attached), "an existing cluster is attached"))
			}
			r.VMSize(c, own.Get("agentVmSize"))
			c.Nodes = r.Count(own.Get("agentCount"))
			c.Stage = r.ClusterPurpose(own.Get("clusterPurpose"))
		case "kubernetes":
			r.operatorCluster(c, compute.Get("resourceReference"))
		case "virtualMachine":
			c.ManagedBy = facts.Know(facts.ByAzure, location)
			r.VMSize(c, own.Get("virtualMachineSize"))
		default:
			c.ManagedBy = facts.Know(facts.ByAzure, location)
		}
		return
	}
}

// operatorCluster reads whether a reference to a cluster refers to AKS.
func (r *resourceReader) operatorCluster(c *facts.Compute, reference *source.Node) {
	if group := reference.Get("group"); group.Is("containerservice.azure.com") {
		location := facts.Because(r.MarkUsed(group), "the reference is to an AKS cluster")
		c.Target, c.ManagedBy = facts.Know(facts.AKS, location), facts.Know(facts.ByAzure, location)
		return
	}
	r.AttachedCluster(c, reference.Get("armId"))
}
