package facts

import "github.com/mlpolicy/mlpolicy/internal/lint/source"

// Draft is a deployment while its facts are extracted, with what is known of it beyond the vocabulary.
type Draft struct {
	Deployment

	// said is what the document states explicitly by annotations or tags.
	said []*Draft
	// mentions are the parts of other documents that the deployment refers to.
	mentions []*reference
	// uncounted is set where GPUs is evidence of GPUs that no container asks for by number.
	uncounted bool
	// defaultType is set where the deployment has, on a Kubernetes compute, the default instance
	// type of the cluster.
	defaultType bool
	// openClaims is set where the pod names a resource claim that is not known yet.
	openClaims bool

	// narrows is the target that a statement may replace another by, of which it is a kind; the zero value is none.
	narrows narrowing

	// pods is where pods run by what the document declares; nil for what runs in no cluster.
	pods *scheduling
	// interpretation is the index of the way to understand pods.
	interpretation int
	// labelled is the label or the image that Workload was read from, if the kind declares none.
	labelled *source.Node
}

// narrowing replaces a target by a kind of it.
type narrowing struct{ from, to Target }
