// Package terraform reads plans of Terraform and OpenTofu.
package terraform

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/arm"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
)

// planReader reads the resources of a plan.
type planReader struct{ *arm.ResourceReader }

// reading adapts a method of this package's reader to the Read function of a format.
func reading(document func(*planReader)) func(*read.Reader) {
	return func(r *read.Reader) { document(&planReader{ResourceReader: arm.NewReader(r)}) }
}
