package facts

import (
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// crossplaneAzure are the managed resources of Crossplane's Azure provider, which
// are Terraform's in camel case. What stands in a Composition is a template that
// patches complete: no format reads it.
// https://marketplace.upbound.io/providers/upbound/provider-family-azure
var crossplaneAzure = format{
	name:      "crossplane-azure",
	title:     "Crossplane's Azure resources: container groups, computes, clusters, function apps; not Compositions",
	signs:     "`apiVersion` of `….azure.upbound.io` or `….azure.m.upbound.io`, and `forProvider` or `initProvider`",
	reference: "https://marketplace.upbound.io/providers/upbound/provider-family-azure",
	links:     true,
	marks: [][]string{
		{".azure.upbound.io/", ".azure.m.upbound.io/"},
		{"ContainerGroup", "ComputeCluster", "ComputeInstance", "InferenceCluster", "SynapseSpark", "KubernetesCluster", "FunctionApp"},
		{"forProvider", "initProvider"},
	},
	matches: func(root *source.Node) bool {
		service, kind := crossplaneKind(root)
		return readsCrossplane(service, kind) && (root.At("spec", "forProvider") != nil || root.At("spec", "initProvider") != nil)
	},
	read: func(r *reader) {
		spec := provided{r.root.At("spec", "forProvider"), r.root.At("spec", "initProvider")}
		switch _, kind := crossplaneKind(r.root); kind {
		case "ContainerGroup":
			r.crossplaneContainers(spec)
		case "KubernetesCluster":
			pool := spec.within("defaultNodePool")
			name := r.externalName(spec)
			r.aksPool(r.aksCluster(name), name, pool.get("name"), r.root, crossplanePool(pool))
		case "KubernetesClusterNodePool":
			cluster := spec.get("kubernetesClusterId")
			if cluster.IsNull() {
				cluster = spec.get("kubernetesClusterIdRef", "name")
			}
			name := r.externalName(spec)
			r.aksPool(r.aksCluster(name), cluster, name, r.root, crossplanePool(spec))
		case "ComputeCluster", "ComputeInstance", "InferenceCluster", "SynapseSpark":
			r.crossplaneCompute(kind, spec)
		default:
			d := r.object(r.root)
			d.Target = Know(Functions, r.kindPlace("the object is a function app"))
			r.tags(d, spec.get("tags"))
		}
	},
}

// crossplaneKind returns the service of Azure and the kind of a managed resource;
// no service for any other object.
func crossplaneKind(root *source.Node) (service, kind string) {
	group, kind := groupKind(root)
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

// provided are the fields of a managed resource: those that hold for good and those
// that hold when it is created, which count where there are no others.
type provided struct{ forGood, atFirst *source.Node }

// within returns the fields of a block: a mapping or, in older versions, a list of one.
func (p provided) within(key string) provided {
	return provided{block(p.forGood.Get(key)), block(p.atFirst.Get(key))}
}

func (p provided) get(keys ...string) *source.Node {
	if n := p.forGood.At(keys...); !n.IsNull() {
		return n
	}
	return p.atFirst.At(keys...)
}

// block returns the item of a list of one; anything else as it is.
func block(n *source.Node) *source.Node {
	if items := n.Elements(); len(items) == 1 {
		return items[0]
	}
	return n
}

// externalName is the name in Azure, by which others refer to it, where it is told,
// else the object's. An external name may also be a resource ID.
func (r *reader) externalName(spec provided) *source.Node {
	metadata := r.root.Get("metadata")
	if name := spec.get("name"); !name.IsNull() {
		return name
	}
	external := metadata.At("annotations", "crossplane.io/external-name")
	if text, ok := external.Scalar(); ok && !strings.Contains(text, "/") {
		return external
	}
	return metadata.Get("name")
}

// crossplanePool reads a pool by its field names in the versions 3 and 4 of
// Terraform's provider.
func crossplanePool(pool provided) nodePool {
	autoscaling := pool.get("autoScalingEnabled")
	if autoscaling.IsNull() {
		autoscaling = pool.get("enableAutoScaling")
	}
	return nodePool{
		vmSize:      pool.get("vmSize"),
		priority:    pool.get("priority"),
		autoscaling: autoscaling,
		nodes:       pool.forGood.Get("nodeCount"), // the number at first is not fixed
		least:       pool.get("minCount"),
		most:        pool.get("maxCount"),
	}
}

func (r *reader) crossplaneCompute(kind string, spec provided) {
	c := r.compute(r.externalName(spec), r.root)
	c.Subject, c.InWorkspace = r.subject(), true
	place := r.kindPlace("kind of the object")
	switch kind {
	case "ComputeCluster":
		c.Target, c.ManagedBy = Know(AMLCompute, place), Know(ByAzureML, place)
		r.vmSize(c, spec.get("vmSize"))
		c.VMPriority = r.priority(spec.get("vmPriority"), "priority", "Dedicated or LowPriority")
		scale := spec.within("scaleSettings")
		r.scale(c, scale.get("minNodeCount"), scale.get("maxNodeCount"))
	case "ComputeInstance":
		c.Target, c.ManagedBy = Know(ComputeInstance, place), Know(ByAzureML, place)
		r.vmSize(c, spec.get("virtualMachineSize"))
	case "InferenceCluster":
		place.Why = "an inference cluster is an attached AKS cluster"
		c.Target, c.ManagedBy = Know(AKS, place), Know(ByAzure, place)
		c.Stage = r.clusterPurpose(spec.get("clusterPurpose"))
	default:
		c.ManagedBy = Know(ByAzure, place)
	}
}

func (r *reader) crossplaneContainers(spec provided) {
	d := r.object(r.root)
	d.Target = Know(ACI, r.kindPlace("the object is a container group"))
	r.tags(d, spec.get("tags"))
	var sum demand
	for _, container := range spec.get("container").Elements() {
		d.image(container.Get("image"))
		sum.add(ask{
			cpu: either(container.Get("cpu"), container.Get("cpuLimit"), r.number),
			// Azure writes GB and allocates GiB.
			memory: either(container.Get("memory"), container.Get("memoryLimit"), r.number),
			gpus:   larger(r.groupGPUs(block(container.Get("gpu"))), r.groupGPUs(block(container.Get("gpuLimit")))),
		})
	}
	for _, container := range spec.get("initContainer").Elements() {
		d.image(container.Get("image"))
	}
	sum.state(d)
}
