// Package terraform reads plans of Terraform and OpenTofu.
package terraform

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/arm"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
)

// planReader reads the resources of a plan.
type planReader struct{ *arm.ResourceReader }

func newReader(r *read.Reader) *planReader {
	return &planReader{ResourceReader: arm.NewReader(r)}
}
