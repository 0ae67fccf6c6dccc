package azure

import (
	"path"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// NodePool has the properties of an AKS node pool. Absent properties are nil.
type NodePool struct {
	VMSize, Priority                *source.Node
	Autoscaling, Nodes, Least, Most *source.Node
}

// maxClusterName is the limit of Kubernetes for a name in bytes. Longer names of clusters are not
// repeated for each pool.
const maxClusterName = 253

// AKSCluster returns the compute of an AKS cluster that Azure manages, or of a part of one.
func (r *ServiceReader) AKSCluster(name *source.Node) facts.Compute {
	kind := r.KindLocation("the object is an AKS cluster or a part of one")
	return facts.Compute{
		Format: r.Format, Name: r.Name(name), Subject: r.Subject(), Location: facts.Location{Node: r.Root},
		Target: facts.Know(facts.AKS, kind), ManagedBy: facts.Know(facts.ByAzure, kind),
	}
}

// AKSPool adds a node pool, which node describes, to the known facts of its cluster. Its name is
// the cluster's, which may be a resource ID, and its own. Both may be missing.
func (r *ServiceReader) AKSPool(c facts.Compute, cluster, name, node *source.Node, pool NodePool) {
	r.Computes = append(r.Computes, &c)
	c.Location = facts.Location{Node: node}
	if text, ok := name.Scalar(); ok && text != "" {
		c.Name = facts.Know(text, facts.Location{Node: name})
		if cluster, ok := cluster.Scalar(); ok && cluster != "" && len(cluster) <= maxClusterName {
			c.Name.Value = path.Base(cluster) + "/" + text
		}
	}
	r.VMSize(&c, pool.VMSize)
	c.VMPriority = r.poolPriority(pool.Priority)
	c.ClusterAutoscaling = r.Boolean(pool.Autoscaling)
	switch {
	case c.ClusterAutoscaling.Value:
		c.MinNodes, c.MaxNodes = r.Count(pool.Least), r.Count(pool.Most)
	case c.ClusterAutoscaling.Known, pool.Autoscaling.IsNull():
		c.Nodes = r.Count(pool.Nodes)
	}
}

// poolPriority reads whether the machines of a node pool can be evicted.
func (r *ServiceReader) poolPriority(n *source.Node) facts.Fact[facts.VMPriority] {
	text := r.Text(n)
	switch {
	case !text.Known:
	case strings.EqualFold(text.Value, "Regular"):
		return facts.Know(facts.Dedicated, text.Location)
	case strings.EqualFold(text.Value, "Spot"):
		return facts.Know(facts.LowPriority, text.Location)
	default:
		r.Problem(facts.Warning, n, "Write Regular or Spot.", "invalid priority %q of %s", text.Value, n.Path())
	}
	return facts.Fact[facts.VMPriority]{}
}

// ClusterPurpose reads the stage for which Azure ML uses an AKS cluster.
// https://learn.microsoft.com/python/api/azureml-core/azureml.core.compute.aks.akscompute.clusterpurpose
func (r *ServiceReader) ClusterPurpose(n *source.Node) facts.Fact[facts.Stage] {
	text := r.Text(n)
	switch strings.ReplaceAll(strings.ToLower(text.Value), "_", "") {
	case "":
	case "devtest":
		return facts.Know(facts.Development, facts.Because(text.Location, "DevTest clusters are for development and testing"))
	case "fastprod", "denseprod":
		return facts.Know(facts.Production, facts.Because(text.Location, text.Value+" clusters are for production"))
	default:
		r.Problem(facts.Warning, n, "Write DevTest, FastProd or DenseProd.", "invalid cluster purpose %q of %s", text.Value, n.Path())
	}
	return facts.Fact[facts.Stage]{}
}
