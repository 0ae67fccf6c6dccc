package facts

import "github.com/mlpolicy/mlpolicy/internal/lint/source"

// azureMLv1InferenceConfig is what az ml model deploy --inference-config-file
// takes: what runs in the container, whatever the target.
var azureMLv1InferenceConfig = format{
	name:      "azureml-v1-inference-config",
	title:     "Azure ML CLI v1 inference configuration: the contents of the container",
	signs:     "`entryScript` with `runtime`, `condaFile`, `sourceDirectory`, `environment`, `enableGpu` or `baseImage`",
	reference: "https://learn.microsoft.com/azure/machine-learning/v1/reference-azure-machine-learning-cli#inference-configuration-schema",
	links:     true,
	marks:     [][]string{{"entryScript"}, {"runtime", "condaFile", "sourceDirectory", "environment", "enableGpu", "baseImage"}},
	shapes: map[string]*shape{
		"": mappingOf(map[string]*shape{"baseImage": scalarShape, "environment": under(scalarShape, "docker", "baseImage")}),
	},
	matches: func(root *source.Node) bool {
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
	read: func(r *reader) {
		d := &Draft{}
		image := r.root.Get("baseImage")
		if gpu := r.boolean(r.root.Get("enableGpu")); gpu.Known {
			r.enableGPU(d, gpu, image)
		}
		d.image(image)
		r.designerImage(d, image)
		r.azureMLv1Environment(d, r.root.Get("environment"))
		r.conda(d, r.root.Get("condaFile"))
		r.part(inferenceConfig, "the deployment configurations in its folder", d)
	},
}

// enableGPU reads the flag that asks for GPU support in the image. An image of one's
// own brings it along whatever the flag says.
func (r *reader) enableGPU(d *Draft, flag Fact[bool], image *source.Node) {
	path := flag.Place.Node.Path()
	switch {
	case flag.Value:
		d.GPUs = Know(int64(1), because(flag.Place, path+" is true"))
	case image.IsNull():
		d.GPUs = Know(int64(0), because(flag.Place, path+" is false"))
	}
}

// azureMLv1Environment reads an environment of the SDK, version 1.
// https://learn.microsoft.com/python/api/azureml-core/azureml.core.environment.environment
func (r *reader) azureMLv1Environment(d *Draft, environment *source.Node) {
	image := environment.At("docker", "baseImage")
	d.image(image)
	r.designerImage(d, image)
	r.designerName(d, environment.Get("name"))
	r.designerConda(d, environment.At("python", "condaDependencies"))
}
