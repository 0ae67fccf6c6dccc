package facts

import "github.com/mlpolicy/mlpolicy/internal/lint/source"

// azureMLv1InferenceConfig is what az ml model deploy --inference-config-file
// takes: what runs in the container, whatever the target.
// https://learn.microsoft.com/azure/machine-learning/v1/reference-azure-machine-learning-cli#inference-configuration-schema
var azureMLv1InferenceConfig = format{
	name:  "azureml-v1-inference-config",
	links: true,
	marks: [][]string{{"entryScript"}, {"runtime", "condaFile", "sourceDirectory", "environment", "enableGpu", "baseImage"}},
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
		d := &Deployment{}
		image, environment := r.root.Get("baseImage"), r.root.Get("environment")
		docker := environment.At("docker", "baseImage")
		if gpu := r.boolean(r.root.Get("enableGpu")); gpu.Known {
			switch {
			case gpu.Value:
				d.GPUs = Know(int64(1), because(gpu.Place, "enableGpu asks for GPU"))
			case image.IsNull():
				// An image of one's own brings GPU support whatever the flag says.
				d.GPUs = Know(int64(0), because(gpu.Place, "enableGpu declines GPU"))
			}
		}
		d.image(image)
		d.image(docker)
		r.designerImage(d, image)
		r.designerImage(d, docker)
		r.designerName(d, environment.Get("name"))
		r.designerConda(d, environment.At("python", "condaDependencies"))
		r.conda(d, r.root.Get("condaFile"))
		r.part(inferenceConfig, "the deployment configurations in its folder", d)
	},
}
