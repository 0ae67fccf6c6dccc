// Package iotedge reads deployment manifests of IoT Edge.
package iotedge

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
)

// moduleReader reads the modules of a manifest.
type moduleReader struct{ *kube.ObjectReader }

func newReader(r *read.Reader) *moduleReader { return &moduleReader{ObjectReader: kube.NewReader(r)} }

// reading adapts a method of this package's reader to the Read function of a format.
func reading(document func(*moduleReader)) func(*read.Reader) {
	return func(r *read.Reader) { document(newReader(r)) }
}
