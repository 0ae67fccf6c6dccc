// Package arm reads templates of Azure Resource Manager and the files with their parameters.
package arm

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/azure"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
)

// ResourceReader reads resources as Azure Resource Manager takes them.
type ResourceReader struct{ *azure.ServiceReader }

// NewReader returns a reader that adds to r.
func NewReader(r *read.Reader) *ResourceReader {
	return &ResourceReader{ServiceReader: azure.NewReader(r)}
}

// reading makes a format's read function of one that this package's reader offers.
func reading(document func(*ResourceReader)) func(*read.Reader) {
	return func(r *read.Reader) { document(NewReader(r)) }
}
