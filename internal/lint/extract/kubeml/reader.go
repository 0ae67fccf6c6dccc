// Package kubeml reads the objects of operators that serve and train models on Kubernetes.
package kubeml

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
)

// operatorReader reads an operator's object.
type operatorReader struct{ *kube.ObjectReader }

// reading adapts a method of this package's reader to the Read function of a format.
func reading(document func(*operatorReader)) func(*read.Reader) {
	return func(r *read.Reader) { document(&operatorReader{ObjectReader: kube.NewReader(r)}) }
}
