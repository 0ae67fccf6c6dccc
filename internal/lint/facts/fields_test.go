package facts_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
)

// TestFieldsAreThoseOfTheInput compares the tables of fields with the JSON names of the structs.
func TestFieldsAreThoseOfTheInput(t *testing.T) {
	fieldsAreComplete(t, facts.DeploymentFields())
	fieldsAreComplete(t, facts.ModelFields())
	fieldsAreComplete(t, facts.ComputeFields())
}

func fieldsAreComplete[T any](t *testing.T, fields []facts.Field[T]) {
	t.Helper()
	var of T
	value := reflect.ValueOf(&of).Elem()
	var want, got []string
	for i := range value.NumField() {
		name, _, _ := strings.Cut(value.Type().Field(i).Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		want = append(want, name)
		at := slices.IndexFunc(fields, func(field facts.Field[T]) bool { return field.Name == name })
		if at < 0 {
			continue // reported below
		}
		field := fields[at]
		if field.Word != "" && field.Fact == nil {
			t.Errorf("%T: field %s has a word and is no fact", of, name)
		}
		_, isFact := value.Field(i).Addr().Interface().(facts.AnyFact)
		switch {
		case isFact != (field.Fact != nil) || isFact == (field.Inner != nil):
			t.Errorf("%T: field %s must have Fact if it is one, and Inner otherwise", of, name)
		case isFact && any(field.Fact(&of)) != value.Field(i).Addr().Interface():
			t.Errorf("%T: Fact of field %s returns another fact", of, name)
		case !isFact && reflect.TypeOf(field.Inner(&of)) != value.Field(i).Type():
			t.Errorf("%T: Inner of field %s returns a %T", of, name, field.Inner(&of))
		}
	}
	for _, field := range fields {
		got = append(got, field.Name)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%T: the table has the fields\n%v\nand the struct\n%v", of, got, want)
	}
}

// TestStatementsAreWords checks that each word of an annotation declares a fact.
func TestStatementWordsAreWords(t *testing.T) {
	words := append(facts.Words(facts.DeploymentFields()), facts.ModelSize)
	if len(facts.StatementWords()) == 0 {
		t.Fatal("annotations state nothing")
	}
	for _, word := range facts.StatementWords() {
		if !slices.Contains(words, word) {
			t.Errorf("%s declares no fact", word)
		}
	}
}

// TestRelocateReachesEveryLocation sets every location of a deployment whose lists have one element each.
func TestRelocateReachesEveryLocation(t *testing.T) {
	var d facts.Deployment
	locations := fill(reflect.ValueOf(&d).Elem())
	d.Relocate(func(facts.Location) facts.Location { return facts.Location{Why: "replaced"} })
	if got := replaced(reflect.ValueOf(&d).Elem()); locations == 0 || got != locations {
		t.Errorf("%d of %d locations are replaced", got, locations)
	}
}

// fill makes one element for each list, map and pointer below a value and returns the number of its locations.
func fill(value reflect.Value) (locations int) {
	switch value.Kind() {
	case reflect.Pointer:
		value.Set(reflect.New(value.Type().Elem()))
		return fill(value.Elem())
	case reflect.Slice:
		value.Set(reflect.MakeSlice(value.Type(), 1, 1))
		return fill(value.Index(0))
	case reflect.Map:
		element := reflect.New(value.Type().Elem()).Elem()
		locations = fill(element)
		value.Set(reflect.MakeMap(value.Type()))
		value.SetMapIndex(reflect.ValueOf("key"), element)
	case reflect.Struct:
		if value.Type() == reflect.TypeFor[facts.Location]() {
			return 1
		}
		for i := range value.NumField() {
			locations += fill(value.Field(i))
		}
	}
	return locations
}

// replaced returns the number of locations below a value that TestRelocateReachesEveryLocation has set.
func replaced(value reflect.Value) (locations int) {
	switch value.Kind() {
	case reflect.Pointer:
		return replaced(value.Elem())
	case reflect.Slice:
		return replaced(value.Index(0))
	case reflect.Map:
		return replaced(value.MapIndex(reflect.ValueOf("key")))
	case reflect.Struct:
		if location, ok := value.Interface().(facts.Location); ok {
			if location.Why == "replaced" {
				return 1
			}
			return 0
		}
		for i := range value.NumField() {
			locations += replaced(value.Field(i))
		}
	}
	return locations
}
