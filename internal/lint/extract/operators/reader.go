// Package operators reads the objects of operators that create Azure resources: Azure Service Operator and Crossplane.
package operators

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/azure"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
)

// resourceReader reads an object that represents an Azure resource.
type resourceReader struct{ *azure.ServiceReader }

func newReader(r *read.Reader) *resourceReader {
	return &resourceReader{ServiceReader: azure.NewReader(r)}
}
