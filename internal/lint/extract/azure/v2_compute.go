package azure

import (
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// MLv2Compute is a compute that Azure ML creates, or an existing one that is attached to a
// workspace. Its type overrides its $schema.
var MLv2Compute = read.Format{
	Name:      "azureml-v2-compute",
	RootKeys:  []string{"$schema", "name", "type"},
	Title:     "Azure ML CLI v2 compute: cluster, instance or attached compute",
	Signs:     "`$schema`; or `type` with `name` or with the `resource_id` of a compute",
	Reference: "https://learn.microsoft.com/azure/machine-learning/reference-yaml-compute-aml",
	Links:     true,
	Marks: [][]string{
		{"ompute", "resource_id"},
		append([]string{"$schema"}, computeTypeMarks...),
		append([]string{
			"Compute.schema", "compute.schema", "omputeInstance.schema", "omputeinstance.schema", "Compute.json", "ComputeInstance.json",
		}, computeTypeMarks...),
	},
	Matches: func(root *source.Node) bool {
		if root.Has("$schema") {
			return computeKind(azureMLSchema(root)) != ""
		}
		switch resource := read.LowerScalar(root.Get("resource_id")); computeKind(read.LowerScalar(root.Get("type"))) {
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
	Read: read.Using(NewReader, func(r *ServiceReader) {
		c := r.Compute(r.Root.Get("name"), r.Root)
		c.InWorkspace = true
		size := r.Root.Get("size")
		kind := computeKind(azureMLSchema(r.Root))
		if typed := r.Root.Get("type"); !typed.IsNull() {
			r.Text(typed) // reports a template
			kind = computeKind(read.LowerScalar(typed))
		}
		location := facts.Because(r.MarkUsed(discriminator(r.Root)), "type of the document")
		switch kind {
		case "amlcompute":
			c.Target = facts.Know(facts.AMLCompute, location)
			c.ManagedBy = facts.Know(facts.ByAzureML, location)
			r.Scale(c, r.Root.Get("min_instances"), r.Root.Get("max_instances"))
		case "computeinstance":
			c.Target = facts.Know(facts.ComputeInstance, location)
			c.ManagedBy = facts.Know(facts.ByAzureML, location)
		case "kubernetes":
			r.AttachedCluster(c, r.Root.Get("resource_id"))
			return
		case "virtualmachine", "synapsespark":
			c.ManagedBy = facts.Know(facts.ByAzure, location)
			return
		default:
			return
		}
		r.VMSize(c, size)
		c.VMPriority = r.tier(r.Root.Get("tier"))
	}),
}

// computeTypeMarks are texts of which a compute without a $schema has one.
var computeTypeMarks = []string{
	"type: amlcompute", "type: computeinstance", `"type": "amlcompute"`, `"type": "computeinstance"`,
	"type: kubernetes", "type: virtualmachine", "type: synapsespark",
}

// computeKind maps the words of type and of $schema to one kind of compute; empty for any other
// word.
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

// Resource providers of clusters, in lower case.
const (
	aksProvider = "/microsoft.containerservice/managedclusters/"
	arcProvider = "/microsoft.kubernetes/connectedclusters/"
)

// AttachedCluster reads whether the resource ID of a Kubernetes cluster is that of an AKS cluster.
func (r *ServiceReader) AttachedCluster(c *facts.Compute, id *source.Node) {
	c.OnKubernetes = true
	text := r.Text(id)
	switch provider := strings.ToLower(text.Value); {
	case strings.Contains(provider, aksProvider):
		c.Target = facts.Know(facts.AKS, facts.Because(text.Location, "the resource is an AKS cluster"))
		c.ManagedBy = facts.Know(facts.ByAzure, text.Location)
	case strings.Contains(provider, arcProvider):
		c.Target = facts.Know(facts.Kubernetes, facts.Because(text.Location, "the resource is a cluster connected by Azure Arc"))
	}
}

// Scale reads the bounds of a cluster's size.
func (r *ServiceReader) Scale(c *facts.Compute, low, high *source.Node) {
	c.MinNodes, c.MaxNodes = r.Count(low), r.Count(high)
	if !c.MinNodes.Known || !c.MaxNodes.Known {
		return
	}
	varies := c.MinNodes.Value != c.MaxNodes.Value
	c.ClusterAutoscaling = facts.Know(varies, c.MaxNodes.Location)
	if !varies {
		c.Nodes = c.MaxNodes
	}
}

// tier reads the priority of a compute's machines. Azure ML accepts low_priority and LowPriority.
func (r *ServiceReader) tier(n *source.Node) facts.Fact[facts.VMPriority] {
	return r.Priority(n, "tier", "dedicated or low_priority")
}

// Priority reads the priority of a compute's machines. Messages use what, the name of the key, and
// words, the valid values.
func (r *ServiceReader) Priority(n *source.Node, what, words string) facts.Fact[facts.VMPriority] {
	text := r.Text(n)
	if !text.Known {
		return facts.Fact[facts.VMPriority]{}
	}
	switch strings.ReplaceAll(strings.ToLower(text.Value), "_", "") {
	case "lowpriority":
		return facts.Know(facts.LowPriority, text.Location)
	case "dedicated":
		return facts.Know(facts.Dedicated, text.Location)
	}
	r.Problem(facts.Warning, n, "Write "+words+".", "invalid %s %q of %s", what, text.Value, n.Path())
	return facts.Fact[facts.VMPriority]{}
}
