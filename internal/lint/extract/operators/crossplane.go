package operators

import (
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/azure"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Crossplane are the managed resources of Crossplane's Azure provider. They are Terraform's
// resources in camel case. The resources in a Composition are templates that patches complete; they
// are not read.
// https://marketplace.upbound.io/providers/upbound/provider-family-azure
var Crossplane = read.Format{
	Name:      "crossplane-azure",
	Title:     "Crossplane's Azure resources: container groups, computes, clusters, function apps; not Compositions",
	Signs:     "`apiVersion` of `….azure.upbound.io` or `….azure.m.upbound.io`, and `forProvider` or `initProvider`",
	Reference: "https://marketplace.upbound.io/providers/upbound/provider-family-azure",
	Links:     true,
	Marks: [][]string{
		{".azure.upbound.io/", ".azure.m.upbound.io/"},
		{"ContainerGroup", "ComputeCluster", "ComputeInstance", "InferenceCluster", "SynapseSpark", "KubernetesCluster", "FunctionApp"},
		{"forProvider", "initProvider"},
	},
	Matches: func(root *source.Node) bool {
		service, kind := crossplaneKind(root)
		return readsCrossplane(service, kind) && (root.At("spec", "forProvider") != nil || root.At("spec", "initProvider") != nil)
	},
	Read: read.Using(newReader, func(r *resourceReader) {
		spec := provided{r.Root.At("spec", "forProvider"), r.Root.At("spec", "initProvider")}
		switch _, kind := crossplaneKind(r.Root); kind {
		case "ContainerGroup":
			r.crossplaneContainers(spec)
		case "KubernetesCluster":
			pool := spec.within("defaultNodePool")
			name := r.externalName(spec)
			r.AKSPool(r.AKSCluster(name), name, pool.get("name"), r.Root, crossplanePool(pool))
		case "KubernetesClusterNodePool":
			cluster := spec.get("kubernetesClusterId")
			if cluster.IsNull() {
				cluster = spec.get("kubernetesClusterIdRef", "name")
			}
			name := r.externalName(spec)
			r.AKSPool(r.AKSCluster(name), cluster, name, r.Root, crossplanePool(spec))
		case "ComputeCluster", "ComputeInstance", "InferenceCluster", "SynapseSpark":
			r.crossplaneCompute(kind, spec)
		default:
			d := r.Object(r.Root)
			d.Target = facts.Know(facts.Functions, r.KindLocation("the object is a function app"))
			r.Tags(d, spec.get("tags"))
		}
	}),
}

// crossplaneKind returns the Azure service and the kind of a managed resource. service is empty for
// any other object.
func crossplaneKind(root *source.Node) (service, kind string) {
	group, kind := kube.GroupKind(root)
	for _, scope := range []string{".azure.upbound.io", ".azure.m.upbound.io"} {
		if service, ok := strings.CutSuffix(group, scope); ok {
			return service, kind
		}
	}
	return "", kind
}

func readsCrossplane(service, kind string) bool {
	switch service {
	case "containerinstance":
		return kind == "ContainerGroup"
	case "machinelearningservices":
		return kind == "ComputeCluster" || kind == "ComputeInstance" || kind == "InferenceCluster" || kind == "SynapseSpark"
	case "containerservice":
		return kind == "KubernetesCluster" || kind == "KubernetesClusterNodePool"
	case "web":
		switch strings.TrimSuffix(kind, "Slot") {
		case "FunctionApp", "LinuxFunctionApp", "WindowsFunctionApp", "FunctionAppFlexConsumption":
			return true
		}
	}
	return false
}

// provided has the fields of a managed resource: forProvider, and initProvider, which applies to
// fields that forProvider lacks.
type provided struct{ forGood, atFirst *source.Node }

// within returns the fields of a block, which is a mapping or, in older versions, a list of one.
func (p provided) within(key string) provided {
	return provided{Block(p.forGood.Get(key)), Block(p.atFirst.Get(key))}
}

func (p provided) get(keys ...string) *source.Node {
	if n := p.forGood.At(keys...); !n.IsNull() {
		return n
	}
	return p.atFirst.At(keys...)
}

// Block returns the item of a list of one, and any other node itself.
func Block(n *source.Node) *source.Node {
	if items := n.Items(); len(items) == 1 {
		return items[0]
	}
	return n
}

// externalName returns the resource's name in Azure, to which others refer, else the object's name.
// An external name may be a resource ID.
func (r *resourceReader) externalName(spec provided) *source.Node {
	metadata := r.Root.Get("metadata")
	if name := spec.get("name"); !name.IsNull() {
		return name
	}
	external := metadata.At("annotations", "crossplane.io/external-name")
	if text, ok := external.Scalar(); ok && !strings.Contains(text, "/") {
		return external
	}
	return metadata.Get("name")
}

// crossplanePool reads a node pool. Versions 3 and 4 of Terraform's provider name its fields
// differently.
func crossplanePool(pool provided) azure.NodePool {
	autoscaling := pool.get("autoScalingEnabled")
	if autoscaling.IsNull() {
		autoscaling = pool.get("enableAutoScaling")
	}
	return azure.NodePool{
		VMSize:      pool.get("vmSize"),
		Priority:    pool.get("priority"),
		Autoscaling: autoscaling,
		Nodes:       pool.forGood.Get("nodeCount"), // the initial number may change
		Least:       pool.get("minCount"),
		Most:        pool.get("maxCount"),
	}
}

func (r *resourceReader) crossplaneCompute(kind string, spec provided) {
	c := r.Compute(r.externalName(spec), r.Root)
	c.Subject, c.InWorkspace = r.Subject(), true
	location := r.KindLocation("kind of the object")
	switch kind {
	case "ComputeCluster":
		c.Target, c.ManagedBy = facts.Know(facts.AMLCompute, location), facts.Know(facts.ByAzureML, location)
		r.VMSize(c, spec.get("vmSize"))
		c.VMPriority = r.Priority(spec.get("vmPriority"), "priority", "Dedicated or LowPriority")
		scale := spec.within("scaleSettings")
		r.Scale(c, scale.get("minNodeCount"), scale.get("maxNodeCount"))
	case "ComputeInstance":
		c.Target, c.ManagedBy = facts.Know(facts.ComputeInstance, location), facts.Know(facts.ByAzureML, location)
		r.VMSize(c, spec.get("virtualMachineSize"))
	case "InferenceCluster":
		location.Why = "an inference cluster is an attached AKS cluster"
		c.Target, c.ManagedBy = facts.Know(facts.AKS, location), facts.Know(facts.ByAzure, location)
		c.Stage = r.ClusterPurpose(spec.get("clusterPurpose"))
	default:
		c.ManagedBy = facts.Know(facts.ByAzure, location)
	}
}

func (r *resourceReader) crossplaneContainers(spec provided) {
	d := r.Object(r.Root)
	d.Target = facts.Know(facts.ACI, r.KindLocation("the object is a container group"))
	r.Tags(d, spec.get("tags"))
	var sum kube.RequestSum
	for _, container := range spec.get("container").Items() {
		d.Image(container.Get("image"))
		sum.Add(kube.ResourceRequest{
			CPU: read.Either(container.Get("cpu"), container.Get("cpuLimit"), r.Number),
			// Azure writes GB and allocates GiB.
			Memory: read.Either(container.Get("memory"), container.Get("memoryLimit"), r.Number),
			GPUs:   read.Larger(r.GroupGPUs(Block(container.Get("gpu"))), r.GroupGPUs(Block(container.Get("gpuLimit")))),
		})
	}
	for _, container := range spec.get("initContainer").Items() {
		d.Image(container.Get("image"))
	}
	sum.State(d)
}
