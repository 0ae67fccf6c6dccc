package facts

import "github.com/mlpolicy/mlpolicy/internal/lint/source"

// The formats azureml-v1-action-… and azureml-v1-toolkit hand what they say to the
// SDK, version 1, under the names of its arguments.

// sdkService reads the arguments of a web service's deploy_configuration.
// https://learn.microsoft.com/python/api/azureml-core/azureml.core.webservice.aks.akswebservice
func (r *reader) sdkService(d *Draft, arguments *source.Node) {
	d.CPUCores = either(arguments.Get("cpu_cores"), arguments.Get("cpu_cores_limit"), r.number)
	// Azure writes GB and allocates GiB.
	d.MemoryGiB = either(arguments.Get("memory_gb"), arguments.Get("memory_gb_limit"), r.number)
	if gpus := arguments.Get("gpu_cores"); !gpus.IsNull() {
		d.GPUs = r.count(gpus)
	}
	d.Replicas = r.count(arguments.Get("num_replicas"))
	d.Autoscales = r.boolean(arguments.Get("autoscale_enabled"))
}

// sdkCompute reads the arguments of a compute's provisioning_configuration. AKS has
// none by which its cluster scales; one that people borrow from elsewhere says what
// they expect.
// https://learn.microsoft.com/python/api/azureml-core/azureml.core.compute.akscompute
func (r *reader) sdkCompute(c *Compute, arguments *source.Node) {
	r.vmSize(c, arguments.Get("vm_size"))
	c.VMPriority = r.priority(arguments.Get("vm_priority"), "priority", "dedicated or lowpriority")
	r.scale(c, arguments.Get("min_nodes"), arguments.Get("max_nodes"))
	if agents := r.count(arguments.Get("agent_count")); agents.Known {
		c.Nodes = agents
	}
	if !c.ClusterAutoscaling.Known {
		c.ClusterAutoscaling = r.boolean(arguments.Get("autoscale_enabled"))
	}
	c.Stage = r.clusterPurpose(arguments.Get("cluster_purpose"))
}
