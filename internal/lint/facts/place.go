package facts

import (
	"cmp"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Place is where a fact was read and why it was understood so.
type Place struct {
	// Node is the value that states the fact, or the object that lacks a value; nil if no file
	// states the fact, as with a flag.
	Node *source.Node
	// Why is the evidence in words, lower case and without a final stop.
	Why string
	// Related are further places that the fact depends on.
	Related []Place
}

// In reports whether the place is in the file of this name.
func (p Place) In(file string) bool { return p.Node != nil && p.Node.File().Name == file }

// At reports whether two places are the same value.
func (p Place) At(other Place) bool { return p.Node == other.Node }

// Path is the path of a value in the input document: keys are strings, indexes of arrays ints.
type Path []any

// Locate returns the place of the value at path or, if it is unknown, of the nearest object around
// it that has one. ok is false if the vocabulary does not have the path.
func (f *Facts) Locate(path Path) (place Place, ok bool) {
	var value any = f
	for _, step := range path {
		if value, ok = descend(value, step); !ok {
			return Place{}, false
		}
		if here := placeOf(value); here.Node != nil {
			place = here
		}
	}
	return place, true
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

// Relocate replaces every place of the deployment, of its models and of its compute, known or not.
func (d *Deployment) Relocate(place func(Place) Place) {
	relocate(deploymentFields, d, place)
	for i := range d.MayRunOn {
		d.MayRunOn[i].Place = place(d.MayRunOn[i].Place)
	}
	for i := range d.Images {
		d.Images[i].Place = place(d.Images[i].Place)
	}
	for key, label := range d.Labels {
		label.Place = place(label.Place)
		d.Labels[key] = label
	}
	for _, model := range d.Models {
		relocate(modelFields, model, place)
		model.Path.Place = place(model.Path.Place)
		model.Place = place(model.Place)
	}
	if d.Compute != nil {
		d.Compute.Relocate(place)
	}
	for i := range d.Links {
		link := &d.Links[i]
		link.Place = place(link.Place)
		for j := range link.Found {
			link.Found[j] = place(link.Found[j])
		}
	}
	d.Hint.Place = place(d.Hint.Place)
	d.Place = place(d.Place)
}

// Relocate replaces every place of the compute, known or not.
func (c *Compute) Relocate(place func(Place) Place) {
	relocate(computeFields, c, place)
	c.Place = place(c.Place)
}

func relocate[T any](fields []Field[T], of *T, place func(Place) Place) {
	for i := range fields {
		if fields[i].Fact != nil {
			fact := fields[i].Fact(of)
			fact.SetPlace(place(fact.Origin()))
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

func placeOf(value any) Place {
	switch value := value.(type) {
	case AnyFact:
		return value.Origin()
	case *Deployment:
		return value.Place
	case *Compute:
		if value != nil {
			return value.Place
		}
	case *Model:
		return value.Place
	}
	return Place{}
}
