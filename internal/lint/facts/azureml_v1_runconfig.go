package facts

import "github.com/mlpolicy/mlpolicy/internal/lint/source"

// azureMLv1RunConfig is a run configuration, which az ml run submit-script takes.
// gpuSupport in it lets a run see the GPUs of its machine and asks for none.
var azureMLv1RunConfig = format{
	name:      "azureml-v1-runconfig",
	title:     "Azure ML v1 run configuration (`.runconfig`), for training",
	signs:     "`script` or `command`, `framework`, and an `environment` with the SDK's keys for Python or Docker",
	reference: "https://learn.microsoft.com/python/api/azureml-core/azureml.core.runconfig.runconfiguration",
	auxiliary: true,
	marks: [][]string{
		{"script", "command"}, {"framework"}, {"environment"},
		{"userManagedDependencies", "condaDependencies", "interpreterPath", "baseImage", "baseDockerfile", "gpuSupport"},
	},
	matches: func(root *source.Node) bool {
		return root.Has("framework") && (root.Has("script") || root.Has("command")) && sdkEnvironment(root.Get("environment"))
	},
	read: func(r *reader) {
		d := r.deployment(r.root.Get("name"), r.root)
		d.Workload = Know(Training, because(r.carry(r.root.Get("framework")), "a run configuration submits a training run"))
		r.azureMLv1Environment(d, r.root.Get("environment"))
		switch target := r.root.Get("target"); lowerScalar(target) {
		case "local":
			d.Target = Know(Local, because(r.carry(target), "the run uses the machine that submits it"))
		case "amlcompute":
			d.Target = Know(AMLCompute, because(r.carry(target), "a cluster is created for the run"))
			d.Compute = r.runCluster(r.root.GetFold("amlcompute"), d.Target.Place)
		}
	},
}

// sdkEnvironment reports whether a value is an environment of the SDK, version 1.
func sdkEnvironment(environment *source.Node) bool {
	for _, path := range [][]string{
		{"python", "userManagedDependencies"}, {"python", "condaDependencies"}, {"python", "condaDependenciesFile"},
		{"python", "interpreterPath"}, {"docker", "baseImage"}, {"docker", "baseDockerfile"}, {"docker", "gpuSupport"},
	} {
		if environment.At(path...) != nil {
			return true
		}
	}
	return false
}

// runCluster reads the cluster that is created for one run, nil where none is
// described.
func (r *reader) runCluster(section *source.Node, place Place) *Compute {
	if section.Entries() == nil {
		return nil
	}
	c := r.compute(section.Get("name"), section)
	c.Target, c.ManagedBy = Know(AMLCompute, place), Know(ByAzureML, place)
	r.vmSize(c, section.Get("vmSize"))
	c.VMPriority = r.priority(section.Get("vmPriority"), "priority", "dedicated or lowpriority")
	c.MaxNodes = r.count(section.Get("clusterMaxNodeCount"))
	return c
}
