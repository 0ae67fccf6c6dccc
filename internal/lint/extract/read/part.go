package read

import (
	"fmt"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Part has facts that a document adds to the deployments of other documents.
type Part struct {
	Kind            PartKind
	Name, Namespace string // by which others refer to it; empty if a folder or a path relates them
	Version         string // empty if Azure ML assigns it
	Facts           *Draft
	Compute         *facts.Compute // instead of facts
	Under           *source.Node   // the parameters with which a template defines it; nil if it is the same with all
	Within          bool           // only what has the same parameters refers to it: another part has its name without parameters
	Device          DeviceKind     // of a device class
}

// Location is where the part is described.
func (p *Part) Location() facts.Location {
	if p.Compute != nil {
		return p.Compute.Location
	}
	return p.Facts.Location
}

// PartKind is what a part adds.
type PartKind uint8

const (
	// InferenceConfig adds to the v1 deployment configurations of its folder.
	InferenceConfig PartKind = iota
	// MLModelPart adds the size to the models whose path leads to its folder.
	MLModelPart
	// ARMParameters adds values to the ARM templates of its folder.
	ARMParameters
	// InstanceType adds resource requests and scheduling to the Azure ML deployments on Kubernetes that
	// name it.
	InstanceType
	// ServingRuntime adds the resource requests of its containers to the InferenceServices of its
	// namespace that name it, or to those of all namespaces if it has none.
	ServingRuntime
	// OMEEngine, OMEDecoder and OMERouter add what a runtime of OME declares for a component to the
	// components of the InferenceServices that name it.
	OMEEngine
	OMEDecoder
	OMERouter
	// LlmazModel adds the accelerators that a model of llmaz requires to what serves it.
	LlmazModel
	// KubeAIProfile adds the resources of a profile of KubeAI, multiplied, to the models that name it.
	KubeAIProfile
	// TrainingRuntime adds the pods of a training runtime to the TrainJobs that name it.
	TrainingRuntime
	// WorkflowTemplate adds the steps of a template to the workflows that name it.
	WorkflowTemplate
	// ResourceClaimDefinition and ResourceClaimTemplate add devices to the pods of their
	// namespace that name them.
	ResourceClaimDefinition
	ResourceClaimTemplate
	// DeviceClassDefinition adds the kind of the devices that a claim requests.
	DeviceClassDefinition
	// ExtendedResource adds the kind of the extended resource that a device class names.
	ExtendedResource
	// ComputeDefinition adds the target and its machines.
	ComputeDefinition
	// EndpointDefinition adds to the deployments behind the endpoint.
	EndpointDefinition
	// ModelAsset adds to the models that name it.
	ModelAsset
	// EnvironmentAsset adds to the deployments that name it.
	EnvironmentAsset
	// CondaFile adds to the environments whose path leads to it.
	CondaFile
)

// String returns the kind in words.
func (k PartKind) String() string {
	switch k {
	case InferenceConfig:
		return "inference configuration"
	case MLModelPart:
		return "MLmodel"
	case ARMParameters:
		return "parameters file"
	case InstanceType:
		return "instance type"
	case ServingRuntime:
		return "serving runtime"
	case OMEEngine, OMEDecoder, OMERouter:
		return "serving runtime"
	case LlmazModel:
		return "model"
	case KubeAIProfile:
		return "resource profile"
	case TrainingRuntime:
		return "training runtime"
	case WorkflowTemplate:
		return "workflow template"
	case ResourceClaimDefinition:
		return "resource claim"
	case ResourceClaimTemplate:
		return "resource claim template"
	case DeviceClassDefinition:
		return "device class"
	case ExtendedResource:
		return "device class of the extended resource"
	case ComputeDefinition:
		return "compute"
	case EndpointDefinition:
		return "endpoint"
	case ModelAsset:
		return "model"
	case EnvironmentAsset:
		return "environment"
	case CondaFile:
		return "conda file"
	}
	return fmt.Sprintf("part %d", k)
}

// Reference is a deployment's reference to a part.
type Reference struct {
	Kind            PartKind
	Name, Namespace string
	Version         string              // empty for any
	Path            string              // of the part's file, instead of a name
	Node            *source.Node        // the value with the reference
	Model           *facts.Model        // to which the part belongs, for a ModelAsset
	Implied         bool                // no document declares the reference
	Followed        bool                // the part is found and added
	Through         []*source.Node      // the references that led to this one, the last first
	Under           *source.Node        // the parameters with which a template has the reference, nil for none
	Devices         facts.Fact[float64] // how many of a device class are requested
	Multiple        int64               // of the resources of a profile
}

// Refer adds a reference to a part.
func (d *Draft) Refer(reference Reference) { d.References = append(d.References, &reference) }

// Described names the part in the words of the document.
func (r *Reference) Described() string {
	if source.IsSymbol(r.Name) {
		span := r.Node.Span()
		return r.Node.File().Content(span.Start.Offset, span.End.Offset)
	}
	return r.Name + r.Path
}

// Locations returns the references by which the part was found.
func (r *Reference) Locations() []facts.Location {
	why := "referenced here"
	switch {
	case r.Kind == ExtendedResource:
		why = "requested here"
	case r.Implied:
		why = "default " + r.Kind.String() + " of its cluster"
	case r.Name == "" && r.Path == "":
		why = "deployed with it"
	}
	locations := []facts.Location{{Node: r.Node, Why: why}}
	for _, node := range r.Through {
		locations = append(locations, facts.Location{Node: node, Why: "through this reference"})
	}
	return locations
}

// OfClass reports whether the reference requests devices of a class.
func (r *Reference) OfClass() bool {
	return r.Kind == DeviceClassDefinition || r.Kind == ExtendedResource
}

// OfClaim reports whether the reference is to a claim, whose devices add to those of the containers.
func (r *Reference) OfClaim() bool {
	return r.Kind == ResourceClaimDefinition || r.Kind == ResourceClaimTemplate
}

// MarkParameters records the parameters with which a template was read in its parts and references, so that references find the parts
// that were read with the same parameters.
func (r *Reader) MarkParameters() {
	mark := func(d *Draft) {
		for _, reference := range d.References {
			reference.Under = r.Parameters
		}
	}
	for _, d := range r.Deployments {
		mark(d)
	}
	for _, part := range r.Parts {
		part.Under = r.Parameters
		if part.Facts != nil {
			mark(part.Facts)
		}
	}
}
