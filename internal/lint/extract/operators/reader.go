// Package operators reads the objects of operators that create Azure resources: Azure Service Operator and Crossplane.
package operators

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/azure"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
)

// resourceReader reads an object that represents an Azure resource.
type resourceReader struct{ *azure.ServiceReader }

// reading adapts a method of this package's reader to the Read function of a format.
func reading(document func(*resourceReader)) func(*read.Reader) {
	return func(r *read.Reader) { document(&resourceReader{ServiceReader: azure.NewReader(r)}) }
}
