package facts

import (
	"reflect"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Place is where a fact was read and why it was understood so.
type Place struct {
	// Node is the value that decides, or the object that does where a value is
	// missing; nil when no file says it, as with a flag.
	Node *source.Node
	// Why is the evidence in words, lower case and without a final stop.
	Why string
	// Related are further places that the fact rests on.
	Related []Place
}

// In reports whether the place is in the file of this name.
func (p Place) In(file string) bool { return p.Node != nil && p.Node.File().Name == file }

// At reports whether two places are the same value.
func (p Place) At(other Place) bool { return p.Node == other.Node }

// Path leads to a value of the input document: keys are strings, indexes of arrays ints.
type Path []any

// Locate returns the place of the value at path or, where it is not known, of the
// nearest object around it that has one. It is false when path leads out of the vocabulary.
func (f *Facts) Locate(path Path) (place Place, ok bool) {
	value := reflect.ValueOf(f)
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

// Number returns the number at a path, unknown where there is none.
func (f *Facts) Number(path Path) Number {
	value, ok := reflect.ValueOf(f), false
	for _, step := range path {
		if value, ok = descend(value, step); !ok {
			return Number{}
		}
	}
	if fact, ok := value.Interface().(interface{ Number() Number }); ok {
		return fact.Number()
	}
	return Number{}
}

// descend follows one step; it stays on a scalar's zero value where the fact is unknown.
func descend(value reflect.Value, step any) (reflect.Value, bool) {
	for value.Kind() == reflect.Pointer {
		if value.IsNil() {
			value = reflect.Zero(value.Type().Elem())
			continue
		}
		value = value.Elem()
	}
	switch value.Kind() {
	case reflect.Slice:
		index, ok := step.(int)
		if !ok || index < 0 || index >= value.Len() {
			return reflect.Value{}, false
		}
		return value.Index(index), true
	case reflect.Map:
		key, ok := step.(string)
		if !ok {
			return reflect.Value{}, false
		}
		if item := value.MapIndex(reflect.ValueOf(key)); item.IsValid() {
			return item, true
		}
		return reflect.Zero(value.Type().Elem()), true
	case reflect.Struct:
		key, ok := step.(string)
		if !ok {
			return reflect.Value{}, false
		}
		for i := range value.NumField() {
			name, _, _ := strings.Cut(value.Type().Field(i).Tag.Get("json"), ",")
			if name == key && name != "" && name != "-" {
				return value.Field(i), true
			}
		}
	}
	return reflect.Value{}, false
}

func placeOf(value reflect.Value) Place {
	if value.Kind() == reflect.Pointer && value.IsNil() {
		return Place{}
	}
	switch value := value.Interface().(type) {
	case interface{ Origin() Place }:
		return value.Origin()
	case *Deployment:
		return value.Place
	case *Compute:
		return value.Place
	case *Model:
		return value.Place
	}
	return Place{}
}
