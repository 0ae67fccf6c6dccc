// Package kubeml reads the objects of operators that serve and train models on Kubernetes.
package kubeml

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
)

// operatorReader reads an operator's object.
type operatorReader struct{ *kube.ObjectReader }

func newReader(r *read.Reader) *operatorReader {
	return &operatorReader{ObjectReader: kube.NewReader(r)}
}
