package read

import (
	"fmt"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Part is what a document adds to deployments of others.
type Part struct {
	Kind            PartKind
	Name, Namespace string // by which others refer to it; empty where a folder or a path brings them together
	Version         string // empty where the document leaves it to Azure ML
	Facts           *Draft
	Compute         *facts.Compute // instead of facts
	Under           *source.Node   // the parameters with which a template says so; nil where they do not matter
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
	// InstanceType adds what a pod asks for and where it runs to the Azure ML
	// deployments on Kubernetes that name it.
	InstanceType
	// ServingRuntime adds what its containers ask for to the InferenceServices of its
	// namespace that name it; without a namespace to those of all.
	ServingRuntime
	// ResourceClaimDefinition and resourceClaimTemplate add devices to the pods of their
	// namespace that name them.
	ResourceClaimDefinition
	ResourceClaimTemplate
	// DeviceClassDefinition says what the devices are that a claim requests.
	DeviceClassDefinition
	// ExtendedResource says so of the extended resource that a device class names.
	ExtendedResource
	// ComputeDefinition adds where it runs and the machines of that.
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

// Reference is a deployment's reference of a part.
type Reference struct {
	Kind            PartKind
	Name, Namespace string
	Version         string              // empty for any
	Path            string              // of the file that is the part, instead of a name
	Node            *source.Node        // where it is mentioned
	Model           *facts.Model        // that the part is of, for a modelAsset
	Implied         bool                // nobody says that there is such a part
	Followed        bool                // the part is found and added
	Through         []*source.Node      // the mentions that led to this one, the last first
	Under           *source.Node        // the parameters with which a template mentions it, nil for none
	Devices         facts.Fact[float64] // how many of a device class are requested
}

// Refer notes that a deployment mentions a part.
func (d *Draft) Refer(reference Reference) { d.References = append(d.References, &reference) }

// Locations says how what is mentioned was found.
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

// OfClass reports whether a reference requests devices of a class.
func (r *Reference) OfClass() bool {
	return r.Kind == DeviceClassDefinition || r.Kind == ExtendedResource
}

// OfClaim reports whether a reference is of a claim, whose devices come on top.
func (r *Reference) OfClaim() bool {
	return r.Kind == ResourceClaimDefinition || r.Kind == ResourceClaimTemplate
}
