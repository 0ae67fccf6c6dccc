package facts

import (
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// azureMLv1DeploymentConfig is what az ml model deploy --deploy-config-file takes.
// The CLI leaves the deployment's name, its models and its tags to flags; tags in
// the file are read all the same, since that is where people write them down.
var azureMLv1DeploymentConfig = format{
	name:      "azureml-v1-deployment-config",
	title:     "Azure ML CLI v1 deployment configuration",
	signs:     "`computeType` ACI, AKS or local, without `$schema`, `type`, `resources` or `properties`",
	reference: "https://learn.microsoft.com/azure/machine-learning/v1/reference-azure-machine-learning-cli#deployment-configuration-schema",
	links:     true,
	marks:     [][]string{{"computeType"}},
	matches: func(root *source.Node) bool {
		if root.Has("$schema") || root.Has("resources") || root.Has("type") || root.Has("properties") {
			return false
		}
		computeType := root.Get("computeType")
		if _, ok := v1Target(computeType); ok {
			return true
		}
		return (laterFilled(computeType) || len(computeType.Elements()) > 0) && root.Get("containerResourceRequirements").Entries() != nil
	},
	read: func(r *reader) {
		d := r.deployment(r.root.Get("name"), r.root)
		computeType := r.root.Get("computeType")
		r.shaped(computeType, scalarShape)
		r.text(computeType) // may be a template
		if target, ok := v1Target(computeType); ok {
			d.Target = Know(target, r.carry(computeType))
		}
		d.Workload = Know(WebService, Place{Node: computeType, Why: "a deployment configuration is for a web service"})
		r.azureMLv1Requirements(d, r.root)
	},
}

var serviceShape = mappingOf(map[string]*shape{"containerResourceRequirements": mappingShape, "autoScaler": mappingShape})

// azureMLv1Requirements reads what a web service asks for, and its tags.
func (r *reader) azureMLv1Requirements(d *Draft, service *source.Node) {
	r.shaped(service, serviceShape)
	resources := service.Get("containerResourceRequirements")
	d.CPUCores = either(resources.Get("cpu"), resources.Get("cpuLimit"), r.number)
	// Azure writes GB and allocates GiB.
	d.MemoryGiB = either(resources.GetFold("memoryInGB"), resources.GetFold("memoryInGBLimit"), r.number)
	d.limitMemory(r.again(r.number, resources.GetFold("memoryInGBLimit")))
	d.GPUs = either(service.Get("gpuCores"), resources.Get("gpu"), r.count)
	d.FPGAs = r.count(resources.Get("fpga"))
	d.Replicas = r.count(service.Get("numReplicas"))
	d.Autoscales = r.boolean(service.At("autoScaler", "autoscaleEnabled"))
	for _, key := range []string{"tags", "kvTags"} {
		r.tags(d, service.Get(key))
	}
}

func v1Target(computeType *source.Node) (Target, bool) {
	text, _ := computeType.Scalar()
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "aci":
		return ACI, true
	case "aks", "aksendpoint":
		return AKS, true
	case "local":
		return Local, true
	}
	return "", false
}

// laterFilled reports whether a template or a placeholder stands where a word belongs.
func laterFilled(n *source.Node) bool {
	if n == nil {
		return false
	}
	text, ok := n.Scalar()
	return template(n) || ok && placeholder(text)
}
