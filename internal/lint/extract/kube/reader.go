// Package kube reads Kubernetes objects: pods wherever they stand, the devices and nodes that they ask for, and the kinds that
// Kubernetes and Azure define.
package kube

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/scheduling"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// ObjectReader reads a Kubernetes object. What the parts of the object share is read once.
type ObjectReader struct {
	*read.Reader
	identified     *Identity
	stated         map[*source.Node]*stated // by the metadata that states it
	own            *scheduling.Pods
	repeatedLabels int
}

// NewReader returns a reader of objects that adds to r.
func NewReader(r *read.Reader) *ObjectReader { return &ObjectReader{Reader: r} }

// reading makes a format's read function of one that reads an object.
func reading(object func(*ObjectReader)) func(*read.Reader) {
	return func(r *read.Reader) { object(NewReader(r)) }
}
