package facts

import (
	"cmp"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Location is where a fact was read, and the evidence for it.
type Location struct {
	// Node is the value that declares the fact, or the object that lacks a value; nil if no file
	// declares the fact, as with a flag.
	Node *source.Node
	// Why is the evidence in words, lower case and without a final stop.
	Why string
	// Related are further locations that the fact depends on.
	Related []Location
}

// UsedHere begins the evidence of a location that uses the value at another one.
const UsedHere = "used here"

// In reports whether the location is in the file of this name.
func (l Location) In(file string) bool { return l.Node != nil && l.Node.File().Name == file }

// At reports whether two locations are the same value.
func (l Location) At(other Location) bool { return l.Node == other.Node }

// Path is the path of a value in the input document: keys are strings, indexes of arrays ints.
type Path []any

// Locate returns the location of the value at path or, if it is unknown, of the nearest object around
// it that has one. ok is false if the vocabulary does not have the path.
func (f *Facts) Locate(path Path) (location Location, ok bool) {
	var value any = f
	for _, step := range path {
		if value, ok = descend(value, step); !ok {
			return Location{}, false
		}
		if here := locationOf(value); here.Node != nil {
			location = here
		}
	}
	return location, true
}

// Number returns the number at a path, unknown if there is none.
func (f *Facts) Number(path Path) Number {
	var value any = f
	for _, step := range path {
		var ok bool
		if value, ok = descend(value, step); !ok {
			return Number{}
		}
	}
	if fact, ok := value.(AnyFact); ok {
		return fact.Number()
	}
	return Number{}
}

// Relocate replaces every location of the deployment, of its models and of its compute, known or not.
func (d *Deployment) Relocate(location func(Location) Location) {
	relocate(deploymentFields, d, location)
	for i := range d.MayRunOn {
		d.MayRunOn[i].Location = location(d.MayRunOn[i].Location)
	}
	for i := range d.Images {
		d.Images[i].Location = location(d.Images[i].Location)
	}
	for key, label := range d.Labels {
		label.Location = location(label.Location)
		d.Labels[key] = label
	}
	for _, model := range d.Models {
		relocate(modelFields, model, location)
		model.Path.Location = location(model.Path.Location)
		model.Location = location(model.Location)
	}
	if d.Compute != nil {
		d.Compute.Relocate(location)
	}
	for i := range d.Links {
		link := &d.Links[i]
		link.Location = location(link.Location)
		for j := range link.Found {
			link.Found[j] = location(link.Found[j])
		}
	}
	d.Hint.Location = location(d.Hint.Location)
	d.Location = location(d.Location)
}

// Relocate replaces every location of the compute, known or not.
func (c *Compute) Relocate(location func(Location) Location) {
	relocate(computeFields, c, location)
	c.Location = location(c.Location)
}

// Locations returns every location of the deployment, of its models and of its compute. It is not safe for concurrent
// use with others of the same deployment.
func (d *Deployment) Locations() []Location { return collected(d.Relocate) }

// Locations returns every location of the compute, as those of a deployment.
func (c *Compute) Locations() []Location { return collected(c.Relocate) }

// collected returns the locations that a Relocate passes on, which stay the same.
func collected(relocate func(func(Location) Location)) []Location {
	var all []Location
	relocate(func(location Location) Location {
		all = append(all, location)
		return location
	})
	return all
}

func relocate[T any](fields []Field[T], of *T, location func(Location) Location) {
	for i := range fields {
		if fields[i].Fact != nil {
			fact := fields[i].Fact(of)
			fact.SetLocation(location(fact.Origin()))
		}
	}
}

// descend follows one step of a path. The fields of an unknown compute are unknown.
func descend(value, step any) (any, bool) {
	switch value := value.(type) {
	case *Facts:
		switch step {
		case "edition":
			return value.Edition, true
		case "deployments":
			return value.Deployments, true
		case "computes":
			return value.Computes, true
		}
	case *Deployment:
		return member(deploymentFields, value, step)
	case *Compute:
		return member(computeFields, cmp.Or(value, &Compute{}), step)
	case *Model:
		return member(modelFields, value, step)
	case []*Deployment:
		return element(value, step)
	case []*Compute:
		return element(value, step)
	case []*Model:
		return element(value, step)
	case []Fact[string]:
		return factAt(value, step)
	case []Fact[Target]:
		return factAt(value, step)
	case map[string]Fact[string]:
		if key, ok := step.(string); ok {
			label := value[key]
			return &label, true
		}
	}
	return nil, false
}

func element[T any](list []T, step any) (any, bool) {
	index, ok := step.(int)
	if !ok || index < 0 || index >= len(list) {
		return nil, false
	}
	return list[index], true
}

func factAt[T any](list []Fact[T], step any) (any, bool) {
	index, ok := step.(int)
	if !ok || index < 0 || index >= len(list) {
		return nil, false
	}
	return &list[index], true
}

func locationOf(value any) Location {
	switch value := value.(type) {
	case AnyFact:
		return value.Origin()
	case *Deployment:
		return value.Location
	case *Compute:
		if value != nil {
			return value.Location
		}
	case *Model:
		return value.Location
	}
	return Location{}
}
