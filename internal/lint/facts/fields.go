package facts

import "slices"

// Field is a field of a deployment, a model or a compute in the input of rules. Each has either Fact or Inner.
type Field[T any] struct {
	// Name is the key in the input of rules.
	Name string
	// Word is the key that declares the fact in a ModelDeployment and in a configuration; empty for none. Only facts have one.
	Word string
	// Unit is that of the number.
	Unit Unit
	// Phrase names the fact in the list of unknown facts that are relevant to a target; empty if it is relevant to none.
	Phrase string
	// Names reports whether the fact only names the object.
	Names bool
	// Fact returns the fact itself, which may be changed.
	Fact func(*T) AnyFact
	// Inner returns anything else: a string, a list, a map or another object.
	Inner func(*T) any
}

// Unit is the unit of a number. The zero Unit is that of numbers of things.
type Unit string

// The units.
const (
	Cores Unit = "cores"
	GiB   Unit = "GiB" // 2^30 bytes
	Bytes Unit = "bytes"
)

// AnyFact is a pointer to a Fact of any type.
type AnyFact interface {
	Any() (value any, known bool)
	// IsZero reports whether the fact is unknown.
	IsZero() bool
	Origin() Location
	Number() Number
	// Is reports whether another fact of the same type has the same value.
	Is(AnyFact) bool
	// Set replaces the fact by another of the same type.
	Set(AnyFact)
	// Clear makes the fact unknown.
	Clear()
	// SetLocation replaces the location.
	SetLocation(Location)
}

// Is implements AnyFact.
func (f *Fact[T]) Is(other AnyFact) bool { return any(f.Value) == any(other.(*Fact[T]).Value) }

// Set implements AnyFact.
func (f *Fact[T]) Set(other AnyFact) { *f = *other.(*Fact[T]) }

// Clear implements AnyFact.
func (f *Fact[T]) Clear() { *f = Fact[T]{} }

// SetLocation implements AnyFact.
func (f *Fact[T]) SetLocation(location Location) { f.Location = location }

// DeploymentFields returns the fields of a deployment in the order of the input. The list is not to be changed.
func DeploymentFields() []Field[Deployment] { return deploymentFields }

// ModelFields returns the fields of a model in the order of the input. The list is not to be changed.
func ModelFields() []Field[Model] { return modelFields }

// ComputeFields returns the fields of a compute in the order of the input. The list is not to be changed.
func ComputeFields() []Field[Compute] { return computeFields }

var deploymentFields = []Field[Deployment]{
	{Name: "name", Names: true, Fact: func(d *Deployment) AnyFact { return &d.Name }},
	{Name: "format", Inner: func(d *Deployment) any { return d.Format }},
	{Name: "component", Word: "component", Fact: func(d *Deployment) AnyFact { return &d.Component }},
	{Name: "target", Word: "target", Fact: func(d *Deployment) AnyFact { return &d.Target }},
	{Name: "may_run_on", Inner: func(d *Deployment) any { return d.MayRunOn }},
	{Name: "api", Word: "api", Fact: func(d *Deployment) AnyFact { return &d.API }},
	{Name: "workload", Word: "workload", Phrase: "workload", Fact: func(d *Deployment) AnyFact { return &d.Workload }},
	{Name: "stage", Word: "stage", Phrase: "stage", Fact: func(d *Deployment) AnyFact { return &d.Stage }},
	{Name: "designer", Word: "designer", Phrase: "whether it is a designer model", Fact: func(d *Deployment) AnyFact { return &d.Designer }},
	{Name: "gpus", Word: "gpus", Phrase: "GPUs", Fact: func(d *Deployment) AnyFact { return &d.GPUs }},
	{Name: "fpgas", Word: "fpgas", Phrase: "FPGAs", Fact: func(d *Deployment) AnyFact { return &d.FPGAs }},
	{Name: "cpu_cores", Word: "cpu", Unit: Cores, Fact: func(d *Deployment) AnyFact { return &d.CPUCores }},
	{Name: "memory_gib", Word: "memory", Unit: GiB, Phrase: "memory", Fact: func(d *Deployment) AnyFact { return &d.MemoryGiB }},
	{Name: "memory_limit_gib", Unit: GiB, Fact: func(d *Deployment) AnyFact { return &d.MemoryLimitGiB }},
	{Name: "replicas", Word: "replicas", Fact: func(d *Deployment) AnyFact { return &d.Replicas }},
	{Name: "autoscales", Word: "autoscales", Fact: func(d *Deployment) AnyFact { return &d.Autoscales }},
	{Name: "delivery", Word: "delivery", Fact: func(d *Deployment) AnyFact { return &d.Delivery }},
	{Name: "models", Inner: func(d *Deployment) any { return d.Models }},
	{Name: "compute", Inner: func(d *Deployment) any { return d.Compute }},
	{Name: "images", Inner: func(d *Deployment) any { return d.Images }},
	{Name: "labels", Inner: func(d *Deployment) any { return d.Labels }},
	{Name: "parameters", Names: true, Fact: func(d *Deployment) AnyFact { return &d.Parameters }},
}

var modelFields = []Field[Model]{
	{Name: "name", Word: "name", Names: true, Fact: func(m *Model) AnyFact { return &m.Name }},
	{Name: "version", Word: "version", Fact: func(m *Model) AnyFact { return &m.Version }},
	{Name: "size_bytes", Word: "size", Unit: Bytes, Phrase: "model size", Fact: func(m *Model) AnyFact { return &m.SizeBytes }},
	{Name: "size_source", Fact: func(m *Model) AnyFact { return &m.SizeSource }},
}

var computeFields = []Field[Compute]{
	{Name: "name", Word: "name", Names: true, Fact: func(c *Compute) AnyFact { return &c.Name }},
	{Name: "format", Inner: func(c *Compute) any { return c.Format }},
	{Name: "target", Word: "target", Fact: func(c *Compute) AnyFact { return &c.Target }},
	{Name: "managed_by", Word: "managed_by", Fact: func(c *Compute) AnyFact { return &c.ManagedBy }},
	{Name: "stage", Word: "stage", Fact: func(c *Compute) AnyFact { return &c.Stage }},
	{Name: "vm_size", Word: "vm_size", Fact: func(c *Compute) AnyFact { return &c.VMSize }},
	{Name: "gpus", Word: "gpus", Fact: func(c *Compute) AnyFact { return &c.GPUs }},
	{Name: "fpgas", Word: "fpgas", Fact: func(c *Compute) AnyFact { return &c.FPGAs }},
	{Name: "vm_priority", Word: "vm_priority", Fact: func(c *Compute) AnyFact { return &c.VMPriority }},
	{Name: "nodes", Word: "nodes", Fact: func(c *Compute) AnyFact { return &c.Nodes }},
	{Name: "min_nodes", Word: "min_nodes", Fact: func(c *Compute) AnyFact { return &c.MinNodes }},
	{Name: "max_nodes", Word: "max_nodes", Fact: func(c *Compute) AnyFact { return &c.MaxNodes }},
	{Name: "cluster_autoscaling", Word: "cluster_autoscaling", Fact: func(c *Compute) AnyFact { return &c.ClusterAutoscaling }},
	{Name: "parameters", Names: true, Fact: func(c *Compute) AnyFact { return &c.Parameters }},
}

// Words returns the words that declare facts of these fields.
func Words[T any](fields []Field[T]) []string {
	var words []string
	for _, field := range fields {
		if field.Word != "" {
			words = append(words, field.Word)
		}
	}
	return words
}

// FieldOf returns the field that a word declares, nil for none.
func FieldOf[T any](fields []Field[T], word string) *Field[T] {
	for i := range fields {
		if word != "" && fields[i].Word == word {
			return &fields[i]
		}
	}
	return nil
}

// LowerBounds returns the names of the facts whose value is a lower bound, sorted.
func (d *Deployment) LowerBounds() []string {
	var names []string
	for i := range deploymentFields {
		if field := &deploymentFields[i]; field.Fact != nil && field.Fact(d).Number().AtLeast {
			names = append(names, field.Name)
		}
	}
	slices.Sort(names)
	return names
}

// member returns what an object has at a name: a pointer to a fact, or what Inner returns.
func member[T any](fields []Field[T], of *T, name any) (value any, ok bool) {
	at := slices.IndexFunc(fields, func(field Field[T]) bool { return field.Name == name })
	switch {
	case at < 0:
		return nil, false
	case fields[at].Fact != nil:
		return fields[at].Fact(of), true
	}
	return fields[at].Inner(of), true
}
