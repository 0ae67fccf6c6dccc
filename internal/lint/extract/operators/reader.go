// Package operators reads the objects of operators that create Azure resources: Azure Service Operator and Crossplane.
package operators

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/azure"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
)

// resourceReader reads an object that stands for an Azure resource.
type resourceReader struct{ *azure.ServiceReader }

// reading makes a format's read function of one that this package's reader offers.
func reading(document func(*resourceReader)) func(*read.Reader) {
	return func(r *read.Reader) { document(&resourceReader{ServiceReader: azure.NewReader(r)}) }
}
