// Package arm reads templates of Azure Resource Manager and the files with their parameters.
package arm

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/azure"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
)

// ResourceReader reads the resources of Azure Resource Manager.
type ResourceReader struct{ *azure.ServiceReader }

// NewReader returns a reader that adds to r.
func NewReader(r *read.Reader) *ResourceReader {
	return &ResourceReader{ServiceReader: azure.NewReader(r)}
}
