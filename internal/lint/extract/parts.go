package extract

import (
	"context"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/arm"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/azure"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Parts are what the documents of a file add to deployments in other files.
type Parts struct {
	file  *source.File
	kinds map[read.PartKind]bool
	names map[string]bool
}

// PartsOf returns the parts in a file.
func PartsOf(ctx context.Context, file *source.File) Parts {
	parts := Parts{file, map[read.PartKind]bool{}, map[string]bool{}}
	for kind, list := range readWhole(ctx, file, read.Lists{}).Parts {
		parts.kinds[kind] = true
		for _, part := range list {
			parts.names[part.Name] = true
		}
	}
	return parts
}

// MayComplete reports whether the file may complete a deployment: one that refers to a name in it, or one to which
// nothing in the documents has to refer. beside reports whether the file is in the folder of the deployment's document or
// below it. A file that cannot be parsed may have any part.
func (p Parts) MayComplete(d *facts.Deployment, beside bool) bool {
	unparsed := len(p.file.Problems) > 0
	has := func(kind read.PartKind) bool { return p.kinds[kind] || unparsed }
	switch {
	case beside && d.Format == azure.MLv1DeploymentConfig.Name && has(read.InferenceConfig),
		beside && d.Format == arm.Template.Name && has(read.ARMParameters):
		return true
	case d.InCluster || d.Compute != nil && d.Compute.OnKubernetes:
		if p.kinds[read.InstanceType] || p.kinds[read.DeviceClassDefinition] || p.kinds[read.ExtendedResource] {
			return true // of defaults and of extended resources
		}
	}
	for _, link := range d.Links {
		words := strings.Fields(link.What)
		if name := words[len(words)-1]; p.names[name] || unparsed && strings.Contains(string(p.file.Text), name) || isPathTo(name, p.file.Name) {
			return true
		}
	}
	return false
}

// isPathTo reports whether a path may lead to a file, by the last part of both.
func isPathTo(name, file string) bool {
	return name[strings.LastIndex(name, "/")+1:] == file[strings.LastIndex(file, "/")+1:]
}

// OfFolder reports whether files in any format complete a deployment in their folder.
func OfFolder(d *facts.Deployment) bool { return d.Format == azure.FunctionsProject.Name }
