package kuberun

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// AppWrapper is a group of whole objects that CodeFlare creates when there is room for all of them.
// https://project-codeflare.github.io/appwrapper/
var AppWrapper = read.Format{
	Name:      "app-wrapper",
	Title:     "CodeFlare's AppWrapper: the objects in it",
	Signs:     "`apiVersion` of `workload.codeflare.dev`, and the `kind`",
	Reference: "https://project-codeflare.github.io/appwrapper/",
	Marks:     [][]string{{"AppWrapper"}, {"spec"}},
	Shapes: map[string]*read.Shape{
		"": read.Under(read.ListOf(read.MappingOf(map[string]*read.Shape{"template": read.MappingShape})), "spec", "components"),
	},
	Matches: func(root *source.Node) bool {
		group, kind := kube.GroupKind(root)
		return group == "workload.codeflare.dev" && kind == "AppWrapper" &&
			(!root.At("spec", "components").IsNull() || read.BrokenPath(root, "spec"))
	},
	Read: read.Using(newReader, func(r *runReader) {
		var objects []*source.Node
		for _, component := range r.Root.At("spec", "components").Items() {
			objects = append(objects, component.Get("template"))
		}
		r.inside(objects, "no object in it is of a known kind or has a pod with a GPU")
	}),
}
