package facts

import "github.com/mlpolicy/mlpolicy/internal/lint/source"

// modelDeployment is mlpolicy's own document: every fact can be stated in it.
var modelDeployment = format{
	name:      "mlpolicy-model-deployment",
	title:     "mlpolicy's own document, in which every fact can be stated",
	signs:     "`apiVersion: mlpolicy.dev/v1` and `kind: ModelDeployment`",
	reference: "schemas/model-deployment.json",
	links:     true,
	marks:     [][]string{{"mlpolicy.dev/v1"}, {"ModelDeployment"}},
	matches: func(root *source.Node) bool {
		return root.Get("apiVersion").Is("mlpolicy.dev/v1") && root.Get("kind").Is("ModelDeployment")
	},
	read: func(r *reader) {
		metadata, spec := r.root.Get("metadata"), r.root.Get("spec")
		d := r.deployment(metadata.Get("name"), r.root)
		d.Subject.Kind = "ModelDeployment"
		r.words(spec, d)
		if d.Compute != nil {
			if !d.Compute.Name.Known {
				d.Compute.Name = r.name(nil)
			}
			d.Compute.Subject = Subject{File: d.Subject.File, Kind: d.Subject.Kind, Name: d.Compute.Name.Value}
			r.computes = append(r.computes, d.Compute)
		}
		d.Labels = addLabels(d.Labels, metadata.Get("labels"))
	},
}
