// Package facts is the vocabulary in which documents of all formats describe deployments and
// computes. Package extract reads them, and rules see them as their input.
//
// A fact that no document declares is unknown and never guessed: each fact has the location from which
// it was read. Rules decide what is allowed.
package facts

import "encoding/json"

// Facts is the input document of the policies.
type Facts struct {
	// Edition is the ID of the selected edition of the table, such as 2020-06.
	Edition string `json:"edition"`
	// Deployments are the web services, batch scoring jobs, IoT modules and training jobs.
	Deployments []*Deployment `json:"deployments"`
	// Computes are the machines and clusters that documents define.
	Computes []*Compute `json:"computes"`
}

// Fact is a value with the location that declares it. The zero Fact is unknown.
type Fact[T any] struct {
	Value T
	Known bool
	// AtLeast is set if the value is a lower bound: a part of the sum is unknown.
	AtLeast bool
	// OfMachine is set if the value is the size of a machine, which the deployment may not need.
	OfMachine bool
	Location  Location
}

// Know returns a known fact.
func Know[T any](value T, location Location) Fact[T] {
	return Fact[T]{Value: value, Known: true, Location: location}
}

// Convert returns the fact with its value converted.
func Convert[A, B any](f Fact[A], value func(A) B) Fact[B] {
	return Fact[B]{Value: value(f.Value), Known: f.Known, AtLeast: f.AtLeast, OfMachine: f.OfMachine, Location: f.Location}
}

// IsZero reports whether the fact is unknown. encoding/json leaves such a fact out.
func (f Fact[T]) IsZero() bool { return !f.Known }

// MarshalJSON writes the value alone.
func (f Fact[T]) MarshalJSON() ([]byte, error) { return json.Marshal(f.Value) }

// Any returns the value for callers that do not know its type.
func (f Fact[T]) Any() (value any, known bool) { return f.Value, f.Known }

// Origin returns the location that declares the fact.
func (f Fact[T]) Origin() Location { return f.Location }

// Number is the value of a fact as a number. The zero Number is unknown.
type Number struct {
	Value   float64
	Known   bool
	AtLeast bool // it is a lower bound
}

// NotAbove reports whether a number is known not to be larger than another. A lower bound is
// compared with lower bounds only: its unknown part may be more than the difference.
func (n Number) NotAbove(other Number) bool {
	return n.Known && other.Known && n.Value <= other.Value && (!n.AtLeast || other.AtLeast)
}

// Number returns the value of the fact as a Number. It is unknown for facts that are not numbers.
func (f Fact[T]) Number() Number {
	number := Number{Known: f.Known, AtLeast: f.AtLeast}
	switch value := any(f.Value).(type) {
	case int:
		number.Value = float64(value)
	case int64:
		number.Value = float64(value)
	case float64:
		number.Value = value
	default:
		return Number{}
	}
	return number
}

// Target is where a deployment runs, as the ID of a row of the table.
type Target string

// The targets of all editions.
const (
	Local           Target = "local"
	ComputeInstance Target = "compute-instance"
	AKS             Target = "aks"
	ACI             Target = "aci"
	AMLCompute      Target = "aml-compute"
	Functions       Target = "functions"
	IoTEdge         Target = "iot-edge"
	DataBoxEdge     Target = "data-box-edge"
	ManagedOnline   Target = "managed-online"
	BatchEndpoint   Target = "batch-endpoint"
	Kubernetes      Target = "kubernetes" // a cluster known not to be AKS
)

// Values lists the targets in the order of the table.
func (Target) Values() []string {
	return []string{
		string(Local), string(ComputeInstance), string(AKS), string(ACI), string(AMLCompute), string(Functions),
		string(IoTEdge), string(DataBoxEdge), string(ManagedOnline), string(BatchEndpoint), string(Kubernetes),
	}
}

// Workload is the kind of work that a deployment does.
type Workload string

// The workloads. All but Training are inference.
const (
	WebService   Workload = "web-service"
	BatchScoring Workload = "batch-scoring"
	IoTModule    Workload = "iot-module"
	Training     Workload = "training"
)

// Values lists the workloads.
func (Workload) Values() []string {
	return []string{string(WebService), string(BatchScoring), string(IoTModule), string(Training)}
}

// API is a version of Azure ML's API, SDK and CLI.
type API string

// The versions.
const (
	V1 API = "v1"
	V2 API = "v2"
)

// Values lists the versions.
func (API) Values() []string { return []string{string(V1), string(V2)} }

// Stage is the purpose of a deployment or a compute: production or development.
type Stage string

// The stages.
const (
	Production  Stage = "production"
	Development Stage = "development"
)

// Values lists the stages.
func (Stage) Values() []string { return []string{string(Production), string(Development)} }

// Manager is the service that creates and changes a compute.
type Manager string

// The managers.
const (
	ByAzureML    Manager = "azure-ml"
	ByAzure      Manager = "azure"
	ByKubernetes Manager = "kubernetes"
)

// Values lists the managers.
func (Manager) Values() []string {
	return []string{string(ByAzureML), string(ByAzure), string(ByKubernetes)}
}

// VMPriority is the priority of a compute's VMs. Azure may evict low-priority VMs.
type VMPriority string

// The priorities.
const (
	LowPriority VMPriority = "low"
	Dedicated   VMPriority = "dedicated"
)

// Values lists the priorities.
func (VMPriority) Values() []string { return []string{string(LowPriority), string(Dedicated)} }

// Deployment is one web service, pod template, component of an InferenceService, job or module.
type Deployment struct {
	// Name is the name in the document, or the base name of the file if there is none.
	Name Fact[string] `json:"name"`
	// Format is the name of the format that the document was read as.
	Format string `json:"format"`
	// Component is the part of a larger object, such as predictor.
	Component Fact[string] `json:"component,omitzero"`
	// Target is the target on which it runs.
	Target Fact[Target] `json:"target,omitzero"`
	// MayRunOn are the other targets on which its scheduling terms allow it to run.
	MayRunOn []Fact[Target] `json:"may_run_on,omitempty"`
	// API is the version of Azure ML's API for which the document is written.
	API Fact[API] `json:"api,omitzero"`
	// Workload is the kind of work that it does.
	Workload Fact[Workload] `json:"workload,omitzero"`
	// Stage is its purpose: production or development.
	Stage Fact[Stage] `json:"stage,omitzero"`
	// Designer reports whether it deploys a model of the Azure ML designer.
	Designer Fact[bool] `json:"designer,omitzero"`
	// GPUs is the number of requested devices, or 1 if a GPU is certain and the number is unknown.
	GPUs Fact[int64] `json:"gpus,omitzero"`
	// FPGAs is the number of requested devices, or 1 if an FPGA is certain and the number is unknown.
	FPGAs Fact[int64] `json:"fpgas,omitzero"`
	// CPUCores is the number of cores of the whole group or pod.
	CPUCores Fact[float64] `json:"cpu_cores,omitzero"`
	// MemoryGiB is the memory of the whole group or pod, in units of 2^30 bytes.
	MemoryGiB Fact[float64] `json:"memory_gib,omitzero"`
	// MemoryLimitGiB is the memory that the whole group or pod may use, if it is more than MemoryGiB:
	// the sum of the larger of request and limit of each container.
	MemoryLimitGiB Fact[float64] `json:"memory_limit_gib,omitzero"`
	// Replicas is the number of copies of the service.
	Replicas Fact[int64] `json:"replicas,omitzero"`
	// Autoscales reports whether the service, not its cluster, scales automatically.
	Autoscales Fact[bool] `json:"autoscales,omitzero"`
	// Delivery is the method of delivery to the target, such as iot-edge.
	Delivery Fact[string] `json:"delivery,omitzero"`
	// Models are the models that it serves.
	Models []*Model `json:"models,omitempty"`
	// Compute is the compute on which it runs, if a document defines it.
	Compute *Compute `json:"compute,omitempty"`
	// Images are the container images that it runs.
	Images []Fact[string] `json:"images,omitempty"`
	// Labels are the labels or tags of its document.
	Labels map[string]Fact[string] `json:"labels,omitempty"`
	// Parameters is the parameters file of its template, if other parameters files result in other facts.
	Parameters Fact[string] `json:"parameters,omitzero"`

	// Location is the object in the document that describes the deployment.
	Location Location `json:"-"`
	// Subject contains the properties by which the configuration can select the deployment.
	Subject Subject `json:"-"`

	// Links are the references to other documents and the documents found.
	Links []Link `json:"-"`

	// Hint is the target that a hint of the document names, if the configured cluster, which decides, is
	// another.
	Hint Fact[Target] `json:"-"`
	// InCluster reports whether it runs as pods of a Kubernetes cluster, which may be unknown.
	InCluster bool `json:"-"`
}

// MarshalJSON writes the facts that are known, and lower_bounds where there are any.
func (d *Deployment) MarshalJSON() ([]byte, error) {
	type fields Deployment
	return json.Marshal(struct {
		*fields
		LowerBounds []string `json:"lower_bounds,omitempty"`
	}{(*fields)(d), d.LowerBounds()})
}

// AwaitsCluster reports whether the deployment runs in a Kubernetes cluster and neither a document
// nor the configuration declares the cluster.
func (d *Deployment) AwaitsCluster() bool { return d.InCluster && !d.Target.Known }

// Copy returns a copy of the deployment, with its own models and compute, whose facts can be changed.
func (d *Deployment) Copy() *Deployment {
	copied := *d
	copied.Models = make([]*Model, len(d.Models))
	for i, model := range d.Models {
		own := *model
		copied.Models[i] = &own
	}
	if d.Compute != nil {
		own := *d.Compute
		copied.Compute = &own
	}
	return &copied
}

// Model is a model that a deployment serves.
type Model struct {
	Name    Fact[string] `json:"name,omitzero"`
	Version Fact[string] `json:"version,omitzero"`
	// SizeBytes is the size of the model's files in bytes.
	SizeBytes Fact[int64] `json:"size_bytes,omitzero"`
	// SizeSource is the source of the size, such as MLmodel.
	SizeSource Fact[string] `json:"size_source,omitzero"`

	// Path is the path of the model's files, relative to the folder of its document.
	Path Fact[string] `json:"-"`
	// Location is the object in the document that describes the model.
	Location Location `json:"-"`
}

// Compute is a machine or a cluster that a document defines.
type Compute struct {
	// Name is the name in the document, or the base name of the file if there is none.
	Name Fact[string] `json:"name"`
	// Format is the name of the format that the document was read as.
	Format string `json:"format"`
	// Target is the row of the table to which the compute belongs.
	Target Fact[Target] `json:"target,omitzero"`
	// ManagedBy is the service that creates and changes it.
	ManagedBy Fact[Manager] `json:"managed_by,omitzero"`
	// Stage is its purpose: production or development.
	Stage Fact[Stage] `json:"stage,omitzero"`
	// VMSize is the VM size, spelt as in the document.
	VMSize Fact[string] `json:"vm_size,omitzero"`
	// GPUs is the number of devices of one machine, or 1 if a GPU is certain and the number is unknown.
	GPUs Fact[int64] `json:"gpus,omitzero"`
	// FPGAs is the number of devices of one machine, or 1 if an FPGA is certain and the number is unknown.
	FPGAs Fact[int64] `json:"fpgas,omitzero"`
	// VMPriority is the priority of its VMs. Azure may evict low-priority VMs.
	VMPriority Fact[VMPriority] `json:"vm_priority,omitzero"`
	// Nodes is the number of its machines, if it is fixed.
	Nodes Fact[int64] `json:"nodes,omitzero"`
	// MinNodes is the smallest number of its machines, if the number varies.
	MinNodes Fact[int64] `json:"min_nodes,omitzero"`
	// MaxNodes is the largest number of its machines, if the number varies.
	MaxNodes Fact[int64] `json:"max_nodes,omitzero"`
	// ClusterAutoscaling reports whether the cluster adds and removes machines automatically.
	ClusterAutoscaling Fact[bool] `json:"cluster_autoscaling,omitzero"`
	// Parameters is the parameters file of its template, if other parameters files result in other facts.
	Parameters Fact[string] `json:"parameters,omitzero"`

	// Location is the object in the document that describes the compute.
	Location Location `json:"-"`
	// Subject contains the properties by which the configuration can select the compute.
	Subject Subject `json:"-"`

	// OnKubernetes reports whether it is a Kubernetes cluster that is attached to a workspace.
	OnKubernetes bool `json:"-"`
	// InWorkspace reports whether the compute is registered in a workspace under its name, managed or not.
	InWorkspace bool `json:"-"`
}

// Subject contains the properties by which the configuration can select an object.
type Subject struct {
	File      string // as source.File.Name
	Namespace string // Kubernetes only
	Kind      string // Kubernetes only
	Name      string
}

// SetDefaultNamespace sets the namespace of a Kubernetes object that does not declare one.
func (s *Subject) SetDefaultNamespace(namespace string) {
	if s.Kind != "" && s.Namespace == "" {
		s.Namespace = namespace
	}
}

// Because returns a location with the evidence in words.
func Because(location Location, why string) Location {
	location.Why = why
	return location
}

// Or returns the first of two facts, or the second if the first is unknown.
func Or[T any](first, second Fact[T]) Fact[T] {
	if first.Known {
		return first
	}
	return second
}
