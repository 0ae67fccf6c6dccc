package azure

import (
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/placeholder"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// MLv1DeploymentConfig is the file for az ml model deploy --deploy-config-file. The CLI takes the
// deployment's name, models and tags from flags. Tags in the file are read nevertheless, since
// users write them there.
var MLv1DeploymentConfig = read.Format{
	Name:      "azureml-v1-deployment-config",
	RootKeys:  []string{"computeType"},
	Title:     "Azure ML CLI v1 deployment configuration",
	Signs:     "`computeType` ACI, AKS or local, without `$schema`, `type`, `resources` or `properties`",
	Reference: "https://learn.microsoft.com/azure/machine-learning/v1/reference-azure-machine-learning-cli#deployment-configuration-schema",
	Links:     true,
	Marks:     [][]string{{"computeType"}},
	Matches: func(root *source.Node) bool {
		if root.Has("$schema") || root.Has("resources") || root.Has("type") || root.Has("properties") {
			return false
		}
		computeType := root.Get("computeType")
		if _, ok := v1Target(computeType); ok {
			return true
		}
		return (unrendered(computeType) || len(computeType.Items()) > 0) && root.Get("containerResourceRequirements").Members() != nil
	},
	Read: read.Using(NewReader, func(r *ServiceReader) {
		d := r.Deployment(r.Root.Get("name"), r.Root)
		computeType := r.Root.Get("computeType")
		r.CheckShape(computeType, read.ScalarShape)
		r.Text(computeType) // reports a template
		if target, ok := v1Target(computeType); ok {
			d.Target = facts.Know(target, r.MarkUsed(computeType))
		}
		d.Workload = facts.Know(facts.WebService, facts.Location{Node: computeType, Why: "a deployment configuration is for a web service"})
		r.azureMLv1Requirements(d, r.Root)
	}),
}

var serviceShape = read.MappingOf(map[string]*read.Shape{"containerResourceRequirements": read.MappingShape, "autoScaler": read.MappingShape})

// azureMLv1Requirements reads the resource request of a web service and its tags.
func (r *ServiceReader) azureMLv1Requirements(d *read.Draft, service *source.Node) {
	r.CheckShape(service, serviceShape)
	resources := service.Get("containerResourceRequirements")
	d.CPUCores = read.Either(resources.Get("cpu"), resources.Get("cpuLimit"), r.Number)
	// Azure writes GB and allocates GiB.
	d.MemoryGiB = read.Either(resources.GetFold("memoryInGB"), resources.GetFold("memoryInGBLimit"), r.Number)
	kube.LimitMemory(d, r.Again(r.Number, resources.GetFold("memoryInGBLimit")))
	d.GPUs = read.Either(service.Get("gpuCores"), resources.Get("gpu"), r.Count)
	d.FPGAs = r.Count(resources.Get("fpga"))
	d.Replicas = r.Count(service.Get("numReplicas"))
	d.Autoscales = r.Boolean(service.At("autoScaler", "autoscaleEnabled"))
	for _, key := range []string{"tags", "kvTags"} {
		r.Tags(d, service.Get(key))
	}
}

func v1Target(computeType *source.Node) (facts.Target, bool) {
	text, _ := computeType.Scalar()
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "aci":
		return facts.ACI, true
	case "aks", "aksendpoint":
		return facts.AKS, true
	case "local":
		return facts.Local, true
	}
	return "", false
}

// unrendered reports whether a value is a template or contains a placeholder.
func unrendered(n *source.Node) bool {
	if n == nil {
		return false
	}
	text, ok := n.Scalar()
	return placeholder.IsTemplate(n) || ok && placeholder.InText(text)
}
