package facts

import (
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// azureMLv2Compute is a compute that Azure ML creates, or one that exists and is
// attached to a workspace. Its type wins over its $schema.
var azureMLv2Compute = format{
	name:      "azureml-v2-compute",
	title:     "Azure ML CLI v2 compute: cluster, instance or attached compute",
	signs:     "`$schema`; or `type` with `name` or with the `resource_id` of a compute",
	reference: "https://learn.microsoft.com/azure/machine-learning/reference-yaml-compute-aml",
	links:     true,
	marks: [][]string{
		{"ompute", "resource_id"},
		append([]string{"$schema"}, computeTypeMarks...),
		append([]string{
			"Compute.schema", "compute.schema", "omputeInstance.schema", "omputeinstance.schema", "Compute.json", "ComputeInstance.json",
		}, computeTypeMarks...),
	},
	matches: func(root *source.Node) bool {
		if root.Has("$schema") {
			return computeKind(azureMLSchema(root)) != ""
		}
		switch resource := lowerScalar(root.Get("resource_id")); computeKind(lowerScalar(root.Get("type"))) {
		case "amlcompute", "computeinstance":
			return root.Has("name")
		case "kubernetes":
			return strings.Contains(resource, aksProvider) || strings.Contains(resource, arcProvider)
		case "virtualmachine":
			return strings.Contains(resource, "/microsoft.compute/virtualmachines/")
		case "synapsespark":
			return strings.Contains(resource, "/microsoft.synapse/workspaces/")
		}
		return false
	},
	read: func(r *reader) {
		c := r.compute(r.root.Get("name"), r.root)
		c.InWorkspace = true
		size := r.root.Get("size")
		kind := computeKind(azureMLSchema(r.root))
		if typed := r.root.Get("type"); !typed.IsNull() {
			r.text(typed) // may be a template
			kind = computeKind(lowerScalar(typed))
		}
		place := because(r.carry(discriminator(r.root)), "type of the document")
		switch kind {
		case "amlcompute":
			c.Target = Know(AMLCompute, place)
			c.ManagedBy = Know(ByAzureML, place)
			r.scale(c, r.root.Get("min_instances"), r.root.Get("max_instances"))
		case "computeinstance":
			c.Target = Know(ComputeInstance, place)
			c.ManagedBy = Know(ByAzureML, place)
		case "kubernetes":
			r.attachedCluster(c, r.root.Get("resource_id"))
			return
		case "virtualmachine", "synapsespark":
			c.ManagedBy = Know(ByAzure, place)
			return
		default:
			return
		}
		r.vmSize(c, size)
		c.VMPriority = r.tier(r.root.Get("tier"))
	},
}

// computeTypeMarks stand in the bytes of a compute that has no $schema.
var computeTypeMarks = []string{
	"type: amlcompute", "type: computeinstance", `"type": "amlcompute"`, `"type": "computeinstance"`,
	"type: kubernetes", "type: virtualmachine", "type: synapsespark",
}

// computeKind brings together what type and $schema call a kind of compute; empty
// for any other word.
func computeKind(word string) string {
	switch word {
	case "amlcompute", "aml_compute":
		return "amlcompute"
	case "computeinstance", "compute_instance":
		return "computeinstance"
	case "kubernetes", "kubernetescompute":
		return "kubernetes"
	case "virtualmachine", "virtual_machine", "vmcompute", "virtualmachinecompute":
		return "virtualmachine"
	case "synapsespark", "synapse_spark", "synapsesparkcompute":
		return "synapsespark"
	}
	return ""
}

// The resource providers of clusters, in lower case.
const (
	aksProvider = "/microsoft.containerservice/managedclusters/"
	arcProvider = "/microsoft.kubernetes/connectedclusters/"
)

// attachedCluster reads from the resource ID of a Kubernetes cluster whether it is AKS.
func (r *reader) attachedCluster(c *Compute, id *source.Node) {
	c.OnKubernetes = true
	text := r.text(id)
	switch provider := strings.ToLower(text.Value); {
	case strings.Contains(provider, aksProvider):
		c.Target = Know(AKS, because(text.Place, "the resource is an AKS cluster"))
		c.ManagedBy = Know(ByAzure, text.Place)
	case strings.Contains(provider, arcProvider):
		c.Target = Know(Kubernetes, because(text.Place, "the resource is a cluster connected by Azure Arc"))
	}
}

// scale reads the bounds of a cluster's size.
func (r *reader) scale(c *Compute, low, high *source.Node) {
	c.MinNodes, c.MaxNodes = r.count(low), r.count(high)
	if !c.MinNodes.Known || !c.MaxNodes.Known {
		return
	}
	varies := c.MinNodes.Value != c.MaxNodes.Value
	c.ClusterAutoscaling = Know(varies, c.MaxNodes.Place)
	if !varies {
		c.Nodes = c.MaxNodes
	}
}

// tier reads the priority of a compute's machines. Azure ML takes low_priority and LowPriority.
func (r *reader) tier(n *source.Node) Fact[VMPriority] {
	return r.priority(n, "tier", "dedicated or low_priority")
}

// priority reads the priority of a compute's machines. what it is called and which
// words to write is for people.
func (r *reader) priority(n *source.Node, what, words string) Fact[VMPriority] {
	text := r.text(n)
	if !text.Known {
		return Fact[VMPriority]{}
	}
	switch strings.ReplaceAll(strings.ToLower(text.Value), "_", "") {
	case "lowpriority":
		return Know(LowPriority, text.Place)
	case "dedicated":
		return Know(Dedicated, text.Place)
	}
	r.problem(Warning, n, "Write "+words+".", "invalid %s %q of %s", what, text.Value, n.Path())
	return Fact[VMPriority]{}
}
