package azure

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// MLv1RunConfig is the run configuration for az ml run submit-script. Its gpuSupport gives a run
// access to the GPUs of its machine, but does not request any.
var MLv1RunConfig = read.Format{
	Name:      "azureml-v1-runconfig",
	Title:     "Azure ML v1 run configuration (`.runconfig`), for training",
	Signs:     "`script` or `command`, `framework`, and an `environment` with the SDK's keys for Python or Docker",
	Reference: "https://learn.microsoft.com/python/api/azureml-core/azureml.core.runconfig.runconfiguration",
	Auxiliary: true,
	Marks: [][]string{
		{"script", "command"}, {"framework"}, {"environment"},
		{"userManagedDependencies", "condaDependencies", "interpreterPath", "baseImage", "baseDockerfile", "gpuSupport"},
	},
	Matches: func(root *source.Node) bool {
		return root.Has("framework") && (root.Has("script") || root.Has("command")) && sdkEnvironment(root.Get("environment"))
	},
	Read: read.Using(NewReader, func(r *ServiceReader) {
		d := r.Deployment(r.Root.Get("name"), r.Root)
		d.Workload = facts.Know(facts.Training, facts.Because(r.MarkUsed(r.Root.Get("framework")), "a run configuration submits a training run"))
		r.azureMLv1Environment(d, r.Root.Get("environment"))
		switch target := r.Root.Get("target"); read.LowerScalar(target) {
		case "local":
			d.Target = facts.Know(facts.Local, facts.Because(r.MarkUsed(target), "the run uses the machine that submits it"))
		case "amlcompute":
			d.Target = facts.Know(facts.AMLCompute, facts.Because(r.MarkUsed(target), "a cluster is created for the run"))
			d.Compute = r.runCluster(r.Root.GetFold("amlcompute"), d.Target.Location)
		}
	}),
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

// runCluster returns the cluster that is created for one run, nil where none is described.
func (r *ServiceReader) runCluster(section *source.Node, location facts.Location) *facts.Compute {
	if section.Members() == nil {
		return nil
	}
	c := r.Compute(section.Get("name"), section)
	c.Target, c.ManagedBy = facts.Know(facts.AMLCompute, location), facts.Know(facts.ByAzureML, location)
	r.VMSize(c, section.Get("vmSize"))
	c.VMPriority = r.Priority(section.Get("vmPriority"), "priority", "dedicated or lowpriority")
	c.MaxNodes = r.Count(section.Get("clusterMaxNodeCount"))
	return c
}
