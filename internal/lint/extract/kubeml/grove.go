package kubeml

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// PodCliqueSet is a set of pod groups of Grove, which are started together: each clique is one deployment. The kind alone does
// not imply that it serves.
// https://github.com/ai-dynamo/grove/blob/main/docs/api-reference/operator-api.md
var PodCliqueSet = read.Format{
	Name:      "grove",
	Title:     "Grove's PodCliqueSet: each of its cliques",
	Signs:     "`apiVersion` of `grove.io`, and the `kind`",
	Reference: "https://github.com/ai-dynamo/grove/blob/main/docs/api-reference/operator-api.md",
	Marks:     [][]string{{"PodCliqueSet"}, {"cliques", "spec"}},
	Shapes: map[string]*read.Shape{
		"": read.Under(read.MappingOf(map[string]*read.Shape{
			"cliques": read.ListOf(read.MetadataShape.With(map[string]*read.Shape{
				"spec": read.MappingOf(map[string]*read.Shape{"podSpec": read.PodShape, "autoScalingConfig": read.MappingShape}),
			})),
			"podCliqueScalingGroups": read.ListOf(read.MappingOf(map[string]*read.Shape{
				"cliqueNames": read.ListOf(read.ScalarShape), "scaleConfig": read.MappingShape,
			})),
		}), "spec", "template"),
	},
	Matches: func(root *source.Node) bool {
		group, kind := kube.GroupKind(root)
		return group == "grove.io" && kind == "PodCliqueSet" &&
			(!root.At("spec", "template", "cliques").IsNull() || read.BrokenPath(root, "spec", "template"))
	},
	Read: read.Using(newReader, func(r *operatorReader) {
		spec := r.Root.Get("spec")
		template := spec.Get("template")
		groups := scalingGroups(template)
		for _, clique := range template.Get("cliques").Items() {
			d := r.Object(clique)
			d.Component = r.Text(clique.Get("name"))
			pod := clique.At("spec", "podSpec")
			r.Metadata(d, clique) // has labels and annotations
			r.Pod(d, pod)
			r.Cluster(d, pod, clique)
			r.groveReplicas(d, spec, clique.Get("spec"), groups[d.Component.Value])
		}
		r.OneCluster()
	}),
}

// scalingGroups returns the groups that scale cliques with others, by the names of the cliques.
func scalingGroups(template *source.Node) map[string]*source.Node {
	groups := map[string]*source.Node{}
	for _, group := range template.Get("podCliqueScalingGroups").Items() {
		for _, name := range group.Get("cliqueNames").Items() {
			groups[name.Text()] = group
		}
	}
	return groups
}

// groveReplicas sets the number of pods of a clique: those of the set, times those of the clique's scaling group, times its own.
// Without a number, the set has no replica.
func (r *operatorReader) groveReplicas(d *read.Draft, spec, clique, group *source.Node) {
	d.Replicas = r.pods("replicas of the set, of the scaling group and of the clique, multiplied",
		factor{spec.Get("replicas"), 0}, factor{group.Get("replicas"), 1}, factor{clique.Get("replicas"), 1})
	for _, scaler := range []*source.Node{group.Get("scaleConfig"), clique.Get("autoScalingConfig")} {
		if !scaler.IsNull() {
			d.Replicas, d.Autoscales = facts.Fact[int64]{}, facts.Know(true, r.MarkUsed(scaler))
		}
	}
}
