package kuberun

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// OpenShiftTemplate is a template from whose objects OpenShift creates others. Its parameters are in texts such as ${NAME} and
// unknown. Before OpenShift 3.6 it had no group.
// https://docs.redhat.com/en/documentation/openshift_container_platform/4.18/html/images/using-templates
var OpenShiftTemplate = read.Format{
	Name:      "openshift-template",
	Title:     "OpenShift's Template: the objects in it",
	Signs:     "`apiVersion` of `template.openshift.io` or `v1`, the `kind`, and `objects`",
	Reference: "https://docs.redhat.com/en/documentation/openshift_container_platform/4.18/html/images/using-templates",
	Marks:     [][]string{{"apiVersion"}, {"objects"}, {"Template"}},
	Shapes:    map[string]*read.Shape{"": read.MappingOf(map[string]*read.Shape{"objects": read.ListOf(read.MappingShape)})},
	Matches: func(root *source.Node) bool {
		group, kind := kube.GroupKind(root)
		return (group == "template.openshift.io" || group == "") && kind == "Template" && !root.Get("objects").IsNull()
	},
	Read: read.Using(newReader, func(r *runReader) {
		r.inside(r.Root.Get("objects").Items(), "no object in it is of a known kind or has a pod with a GPU")
	}),
}
