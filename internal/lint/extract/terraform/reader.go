// Package terraform reads plans of Terraform and OpenTofu.
package terraform

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/arm"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
)

// planReader reads the resources of a plan.
type planReader struct{ *arm.ResourceReader }

// reading makes a format's read function of one that this package's reader offers.
func reading(document func(*planReader)) func(*read.Reader) {
	return func(r *read.Reader) { document(&planReader{ResourceReader: arm.NewReader(r)}) }
}
