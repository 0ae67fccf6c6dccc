package facts

import (
	"reflect"
	"slices"
	"strings"
)

// Withheld is a deployment without one of its facts.
type Withheld struct {
	*Deployment
	// Place is where that fact stands; of the cluster of the command line it has no node.
	Place Place
	// Hinted tells that the fact is the target and that a hint names another; see Deployment.Hint.
	Hinted bool
}

// Withhold returns, for each fact of the deployment that stands in another file than
// the deployment itself, the deployment without it, and so for a target that a hint contradicts.
func (d *Deployment) Withhold() []Withheld {
	if d.Place.Node == nil {
		return nil
	}
	own := d.Place.Node.File().Name
	var all []Withheld
	target, _ := reflect.TypeFor[Deployment]().FieldByName("Target")
	EachFact(reflect.ValueOf(d).Elem(), nil, func(path []int, place Place) {
		hinted := d.Hint.Known && slices.Equal(path, target.Index)
		if hinted || place.Node != nil && !place.In(own) {
			without := d.Copy()
			Reach(reflect.ValueOf(without).Elem(), path).SetZero()
			all = append(all, Withheld{Deployment: without, Place: place, Hinted: hinted})
		}
	})
	return all
}

// Copy copies a deployment with its models and its compute, so that facts can be
// taken out of it.
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

// EachFact calls found for every known fact below a struct of the vocabulary but what it is
// called: its name and its parameters file. path leads there by fields and indexes.
func EachFact(of reflect.Value, path []int, found func(path []int, place Place)) {
	for i := range of.NumField() {
		name, _, _ := strings.Cut(of.Type().Field(i).Tag.Get("json"), ",")
		if name == "" || name == "-" || name == "name" || name == "parameters" {
			continue
		}
		path, field := append(path[:len(path):len(path)], i), of.Field(i)
		if fact, ok := field.Interface().(AnyFact); ok {
			if _, known := fact.Stated(); known {
				found(path, fact.Origin())
			}
			continue
		}
		switch models, ok := field.Interface().([]*Model); {
		case ok:
			for i, model := range models {
				EachFact(reflect.ValueOf(model).Elem(), append(path[:len(path):len(path)], i), found)
			}
		case field.Kind() == reflect.Pointer && !field.IsNil():
			EachFact(field.Elem(), path, found)
		}
	}
}

type AnyFact interface {
	Stated() (any, bool)
	Origin() Place
}

// Reach follows a path of each.
func Reach(value reflect.Value, path []int) reflect.Value {
	for _, step := range path {
		if value.Kind() == reflect.Pointer {
			value = value.Elem()
		}
		if value.Kind() == reflect.Slice {
			value = value.Index(step)
		} else {
			value = value.Field(step)
		}
	}
	return value
}
