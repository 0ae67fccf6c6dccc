package facts

import (
	"path"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// nodePool is where a document states the facts of a pool of AKS nodes. What the
// document does not state is nil.
type nodePool struct {
	vmSize, priority                *source.Node
	autoscaling, nodes, least, most *source.Node
}

// maxClusterName is in bytes, as long as Kubernetes takes a name: a longer one is not
// repeated for each pool.
const maxClusterName = 253

// aksCluster describes an AKS cluster that Azure manages, or a part of one.
func (r *reader) aksCluster(name *source.Node) Compute {
	kind := r.kindPlace("the object is an AKS cluster or a part of one")
	return Compute{
		Format: r.format, Name: r.name(name), Subject: r.subject(), Place: Place{Node: r.root},
		Target: Know(AKS, kind), ManagedBy: Know(ByAzure, kind),
	}
}

// aksPool adds a pool of nodes, which place describes, to what is known of its
// cluster. Its name is the cluster's, which may be a resource ID, and its own;
// either may be missing.
func (r *reader) aksPool(c Compute, cluster, name, place *source.Node, pool nodePool) {
	r.computes = append(r.computes, &c)
	c.Place = Place{Node: place}
	if text, ok := name.Scalar(); ok && text != "" {
		c.Name = Know(text, Place{Node: name})
		if cluster, ok := cluster.Scalar(); ok && cluster != "" && len(cluster) <= maxClusterName {
			c.Name.Value = path.Base(cluster) + "/" + text
		}
	}
	r.vmSize(&c, pool.vmSize)
	c.VMPriority = r.poolPriority(pool.priority)
	c.ClusterAutoscaling = r.boolean(pool.autoscaling)
	switch {
	case c.ClusterAutoscaling.Value:
		c.MinNodes, c.MaxNodes = r.count(pool.least), r.count(pool.most)
	case c.ClusterAutoscaling.Known, pool.autoscaling.IsNull():
		c.Nodes = r.count(pool.nodes)
	}
}

// poolPriority reads how firmly a pool of nodes holds its machines.
func (r *reader) poolPriority(n *source.Node) Fact[VMPriority] {
	text := r.text(n)
	switch {
	case !text.Known:
	case strings.EqualFold(text.Value, "Regular"):
		return Know(Dedicated, text.Place)
	case strings.EqualFold(text.Value, "Spot"):
		return Know(LowPriority, text.Place)
	default:
		r.problem(Warning, n, "Write Regular or Spot.", "invalid priority %q of %s", text.Value, n.Path())
	}
	return Fact[VMPriority]{}
}

// clusterPurpose reads what Azure ML uses an AKS cluster for.
// https://learn.microsoft.com/python/api/azureml-core/azureml.core.compute.aks.akscompute.clusterpurpose
func (r *reader) clusterPurpose(n *source.Node) Fact[Stage] {
	text := r.text(n)
	switch strings.ReplaceAll(strings.ToLower(text.Value), "_", "") {
	case "":
	case "devtest":
		return Know(Development, because(text.Place, "DevTest clusters are for development and testing"))
	case "fastprod", "denseprod":
		return Know(Production, because(text.Place, text.Value+" clusters are for production"))
	default:
		r.problem(Warning, n, "Write DevTest, FastProd or DenseProd.", "invalid cluster purpose %q of %s", text.Value, n.Path())
	}
	return Fact[Stage]{}
}
