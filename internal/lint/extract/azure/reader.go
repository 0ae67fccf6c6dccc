// Package azure reads what Azure's own tools take: the schemas of Azure ML's SDK and CLI, container groups, AKS and Functions.
package azure

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
)

// ServiceReader reads the description of an Azure service, whatever tool it is written for.
type ServiceReader struct{ *kube.ObjectReader }

// NewReader returns a reader that adds to r.
func NewReader(r *read.Reader) *ServiceReader { return &ServiceReader{ObjectReader: kube.NewReader(r)} }

// reading makes a format's read function of one that this package's reader offers.
func reading(document func(*ServiceReader)) func(*read.Reader) {
	return func(r *read.Reader) { document(NewReader(r)) }
}
