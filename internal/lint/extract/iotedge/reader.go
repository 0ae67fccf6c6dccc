// Package iotedge reads deployment manifests of IoT Edge.
package iotedge

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
)

// moduleReader reads the modules of a manifest.
type moduleReader struct{ *kube.ObjectReader }

func newReader(r *read.Reader) *moduleReader { return &moduleReader{ObjectReader: kube.NewReader(r)} }
