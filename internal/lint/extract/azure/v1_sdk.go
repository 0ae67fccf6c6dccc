package azure

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// sdkService reads the arguments of a web service's deploy_configuration.
// https://learn.microsoft.com/python/api/azureml-core/azureml.core.webservice.aks.akswebservice
func (r *ServiceReader) sdkService(d *read.Draft, arguments *source.Node) {
	d.CPUCores = read.Either(arguments.Get("cpu_cores"), arguments.Get("cpu_cores_limit"), r.Number)
	// Azure writes GB and allocates GiB.
	d.MemoryGiB = read.Either(arguments.Get("memory_gb"), arguments.Get("memory_gb_limit"), r.Number)
	if gpus := arguments.Get("gpu_cores"); !gpus.IsNull() {
		d.GPUs = r.Count(gpus)
	}
	d.Replicas = r.Count(arguments.Get("num_replicas"))
	d.Autoscales = r.Boolean(arguments.Get("autoscale_enabled"))
}

// sdkCompute reads the arguments of a compute's provisioning_configuration. AKS has no arguments
// for scaling, but files copy them from other computes; they show the intention.
// https://learn.microsoft.com/python/api/azureml-core/azureml.core.compute.akscompute
func (r *ServiceReader) sdkCompute(c *facts.Compute, arguments *source.Node) {
	r.VMSize(c, arguments.Get("vm_size"))
	c.VMPriority = r.Priority(arguments.Get("vm_priority"), "priority", "dedicated or lowpriority")
	r.Scale(c, arguments.Get("min_nodes"), arguments.Get("max_nodes"))
	if agents := r.Count(arguments.Get("agent_count")); agents.Known {
		c.Nodes = agents
	}
	if !c.ClusterAutoscaling.Known {
		c.ClusterAutoscaling = r.Boolean(arguments.Get("autoscale_enabled"))
	}
	c.Stage = r.ClusterPurpose(arguments.Get("cluster_purpose"))
}
