package read

import (
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/scheduling"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Draft is a deployment while its facts are extracted, with what is known of it beyond the vocabulary.
type Draft struct {
	facts.Deployment

	// Declared is what the document states explicitly by annotations or tags.
	Declared []*Draft
	// References are the parts of other documents that the deployment refers to.
	References []*Reference
	// Uncounted is set where GPUs is evidence of GPUs that no container asks for by number.
	Uncounted bool
	// DefaultType is set where the deployment has, on a Kubernetes compute, the default instance
	// type of the cluster.
	DefaultType bool
	// OpenClaims is set where the pod names a resource claim that is not known yet.
	OpenClaims bool

	// Narrows is the target that a statement may replace another by, of which it is a kind; the zero value is none.
	Narrows Narrowing

	// Pods is where pods run by what the document declares; nil for what runs in no cluster.
	Pods *scheduling.Pods
	// Interpretation is the index of the way to understand pods.
	Interpretation int
	// Labelled is the label or the image that Workload was read from, if the kind declares none.
	Labelled *source.Node
}

// Narrowing replaces a target by a kind of it.
type Narrowing struct{ From, To facts.Target }
