// Package azure reads the files of Azure's own tools: the schemas of Azure ML's SDK and CLI,
// container groups, AKS and Functions.
package azure

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
)

// ServiceReader reads the description of an Azure service in any format.
type ServiceReader struct{ *kube.ObjectReader }

// NewReader returns a reader that adds to r.
func NewReader(r *read.Reader) *ServiceReader { return &ServiceReader{ObjectReader: kube.NewReader(r)} }
