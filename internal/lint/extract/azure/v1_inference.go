package azure

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// MLv1InferenceConfig is the file for az ml model deploy --inference-config-file. It describes the
// container for any target.
var MLv1InferenceConfig = read.Format{
	Name:      "azureml-v1-inference-config",
	RootKeys:  []string{"entryScript"},
	Title:     "Azure ML CLI v1 inference configuration: the contents of the container",
	Signs:     "`entryScript` with `runtime`, `condaFile`, `sourceDirectory`, `environment`, `enableGpu` or `baseImage`",
	Reference: "https://learn.microsoft.com/azure/machine-learning/v1/reference-azure-machine-learning-cli#inference-configuration-schema",
	Links:     true,
	Marks:     [][]string{{"entryScript"}, {"runtime", "condaFile", "sourceDirectory", "environment", "enableGpu", "baseImage"}},
	Shapes: map[string]*read.Shape{
		"": read.MappingOf(map[string]*read.Shape{"baseImage": read.ScalarShape, "environment": read.Under(read.ScalarShape, "docker", "baseImage")}),
	},
	Matches: func(root *source.Node) bool {
		if !root.Has("entryScript") || root.Has("$schema") {
			return false
		}
		for _, key := range []string{"runtime", "condaFile", "sourceDirectory", "environment", "enableGpu", "baseImage"} {
			if root.Has(key) {
				return true
			}
		}
		return false
	},
	Read: read.Using(NewReader, func(r *ServiceReader) {
		d := &read.Draft{}
		r.inferenceConfig(d, r.Root)
		r.Part(read.InferenceConfig, "the deployment configurations in its folder", d)
	}),
}

// inferenceConfig reads what is in the container.
func (r *ServiceReader) inferenceConfig(d *read.Draft, config *source.Node) {
	image := config.Get("baseImage")
	if gpu := r.Boolean(config.Get("enableGpu")); gpu.Known {
		r.enableGPU(d, gpu, image)
	}
	d.Image(image)
	r.designerImage(d, image)
	r.azureMLv1Environment(d, config.Get("environment"))
	r.conda(d, config.Get("condaFile"))
}

// enableGPU reads the flag for GPU support in the image. A custom image decides itself, whatever
// the flag is.
func (r *ServiceReader) enableGPU(d *read.Draft, flag facts.Fact[bool], image *source.Node) {
	path := flag.Location.Node.Path()
	switch {
	case flag.Value:
		d.GPUs = facts.Know(int64(1), facts.Because(flag.Location, path+" is true"))
	case image.IsNull():
		d.GPUs = facts.Know(int64(0), facts.Because(flag.Location, path+" is false"))
	}
}

// azureMLv1Environment reads an environment of the SDK, version 1.
// https://learn.microsoft.com/python/api/azureml-core/azureml.core.environment.environment
func (r *ServiceReader) azureMLv1Environment(d *read.Draft, environment *source.Node) {
	image := environment.At("docker", "baseImage")
	d.Image(image)
	r.designerImage(d, image)
	r.DesignerName(d, environment.Get("name"))
	r.designerConda(d, environment.At("python", "condaDependencies"))
}
