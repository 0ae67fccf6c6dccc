// Package kuberun reads Kubernetes objects of others that run pods for any purpose: workflows, jobs, and wrappers of whole
// objects. The kind alone does not imply machine learning.
package kuberun

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// runReader reads an object that runs pods.
type runReader struct {
	*kube.ObjectReader
	patches map[*source.Node]podPatch // of Argo, by their texts
	patched int                       // values in the patches of all pods
}

func newReader(r *read.Reader) *runReader {
	return &runReader{ObjectReader: kube.NewReader(r), patches: map[*source.Node]podPatch{}}
}

// inside reads the whole objects in an object. why is the reason if there is none that describes anything.
func (r *runReader) inside(objects []*source.Node, why string) {
	r.whole(objects)
	if len(r.Inner) == 0 {
		r.Completes = "nothing: " + why
	}
}

// whole reads whole objects in the object. What has no name, or none that is known, has that of the object around it.
func (r *runReader) whole(objects []*source.Node) {
	outer := r.Name(r.Identity().Name)
	for _, object := range objects {
		inner := r.Document(object, r.Lists)
		if inner == nil {
			continue
		}
		for _, d := range inner.Deployments {
			if !read.IsNamed(d.Name) {
				d.Name, d.Subject.Name = outer, outer.Value
			}
		}
		for _, c := range inner.Computes {
			if !read.IsNamed(c.Name) {
				c.Name, c.Subject.Name = outer, outer.Value
			}
		}
		r.Inner = append(r.Inner, inner)
	}
}
