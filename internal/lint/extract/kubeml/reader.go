// Package kubeml reads the objects of operators that serve and train models on Kubernetes.
package kubeml

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
)

// operatorReader reads an object of such an operator.
type operatorReader struct{ *kube.ObjectReader }

// reading makes a format's read function of one that this package's reader offers.
func reading(document func(*operatorReader)) func(*read.Reader) {
	return func(r *read.Reader) { document(&operatorReader{ObjectReader: kube.NewReader(r)}) }
}
