package read

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/scheduling"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Draft is a deployment whose facts are being extracted, with details that are not facts.
type Draft struct {
	facts.Deployment

	// Declared are the facts that annotations, labels or tags declare.
	Declared []*Draft
	// References are the parts of other documents that the deployment refers to.
	References []*Reference
	// Uncounted is set if GPUs is evidence of GPUs, and no container requests a number of them.
	Uncounted bool
	// DefaultType is set if the deployment has the cluster's default instance type on a Kubernetes
	// compute.
	DefaultType bool
	// UnknownClaims is set if the pod refers to a resource claim with an unknown name.
	UnknownClaims bool

	// Narrows is the target that a statement may replace by a more specific one; the zero value is none.
	Narrows Narrowing

	// Pods is the declared scheduling of the pods; nil if the deployment has no pods.
	Pods *scheduling.Pods
	// Interpretation is the index of the interpretation of Pods.
	Interpretation int
	// Labelled is the label or the image that Workload was read from, if the kind declares none.
	Labelled *source.Node
}

// Finish forgets what only completes the deployment, which has more memory than the facts and would live as long.
func (d *Draft) Finish() { d.Declared, d.References, d.Pods = nil, nil, nil }

// Narrowing replaces a target by a more specific one.
type Narrowing struct{ From, To facts.Target }
