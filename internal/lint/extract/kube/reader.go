// Package kube reads Kubernetes objects: pods wherever they are, the devices and nodes that they
// request, and the kinds that Kubernetes and Azure define.
package kube

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/scheduling"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// ObjectReader reads a Kubernetes object. Metadata that its parts share is read once.
type ObjectReader struct {
	*read.Reader
	identified     *Identity
	stated         map[*source.Node]*stated // by metadata node
	own            *scheduling.Pods
	repeatedLabels int
}

// NewReader returns a reader of objects that adds to r.
func NewReader(r *read.Reader) *ObjectReader { return &ObjectReader{Reader: r} }
