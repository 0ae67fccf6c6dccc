package policy

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/open-policy-agent/opa/v1/ast"
)

// encoder turns a value of one type into a term of Rego, nil for one that is
// unknown. The term is what the value's JSON would be read as.
type encoder func(reflect.Value, shared) (*ast.Term, error)

// shared holds the terms of long lists and maps by their address: the variants of a
// deployment, of which there can be hundreds, have its labels and images in common.
type shared map[memory]*ast.Term

type memory struct {
	at   uintptr
	size int // values
}

// minShared is the number of values from which on a term is worth looking up.
const minShared = 16

// encode makes the term of a list or a map, once.
func (s shared) encode(value reflect.Value, encode func() (*ast.Term, error)) (*ast.Term, error) {
	if value.Len() < minShared {
		return encode()
	}
	memory := memory{value.Pointer(), value.Len()}
	if term, ok := s[memory]; ok {
		return term, nil
	}
	term, err := encode()
	if err == nil {
		s[memory] = term
	}
	return term, err
}

// encoderOf works out once what encoding/json works out from json tags.
func encoderOf[T any]() encoder { return newEncoder(reflect.TypeFor[T]()) }

func newEncoder(kind reflect.Type) encoder {
	if fact, ok := reflect.Zero(kind).Interface().(knownValue); ok {
		return newFactEncoder(fact)
	}
	switch kind.Kind() {
	case reflect.String:
		return func(value reflect.Value, _ shared) (*ast.Term, error) { return ast.StringTerm(value.String()), nil }
	case reflect.Pointer:
		encode := newEncoder(kind.Elem())
		return func(value reflect.Value, shared shared) (*ast.Term, error) {
			if value.IsNil() {
				return nil, nil
			}
			return encode(value.Elem(), shared)
		}
	case reflect.Struct:
		return newStructEncoder(kind)
	case reflect.Slice:
		return newSliceEncoder(kind)
	case reflect.Map:
		return newMapEncoder(kind)
	}
	panic(fmt.Sprintf("the facts have a %s, which cannot be converted to Rego", kind))
}

func newSliceEncoder(kind reflect.Type) encoder {
	encode := newEncoder(kind.Elem())
	return func(value reflect.Value, shared shared) (*ast.Term, error) {
		return shared.encode(value, func() (*ast.Term, error) {
			terms := make([]*ast.Term, value.Len())
			for i := range terms {
				term, err := encode(value.Index(i), shared)
				if err != nil {
					return nil, err
				}
				if term == nil {
					// Leaving it out would shift the paths of what follows.
					term = ast.InternedNullTerm
				}
				terms[i] = term
			}
			return ast.ArrayTerm(terms...), nil
		})
	}
}

func newMapEncoder(kind reflect.Type) encoder {
	encode := newEncoder(kind.Elem())
	return func(value reflect.Value, shared shared) (*ast.Term, error) {
		return shared.encode(value, func() (*ast.Term, error) {
			object := ast.NewObjectWithCapacity(value.Len())
			for entries := value.MapRange(); entries.Next(); {
				term, err := encode(entries.Value(), shared)
				if err != nil {
					return nil, err
				}
				if term != nil {
					object.Insert(ast.StringTerm(entries.Key().String()), term)
				}
			}
			return ast.NewTerm(object), nil
		})
	}
}

// knownValue is implemented by every facts.Fact.
type knownValue interface {
	Any() (value any, known bool)
}

func newFactEncoder(zero knownValue) encoder {
	value, _ := zero.Any()
	switch value := value.(type) {
	case string:
		return encodeFact(func(value string) (*ast.Term, error) { return ast.StringTerm(value), nil })
	case bool:
		return encodeFact(func(value bool) (*ast.Term, error) { return ast.InternedTerm(value), nil })
	case int64:
		return encodeFact(func(value int64) (*ast.Term, error) { return ast.InternedTerm(value), nil })
	case float64:
		return encodeFact(encodeFloat)
	case interface{ Values() []string }:
		words := make(map[string]*ast.Term)
		for _, word := range value.Values() {
			words[word] = ast.StringTerm(word)
		}
		return func(value reflect.Value, _ shared) (*ast.Term, error) {
			declared, known := inPlace(value).(knownValue).Any()
			if !known {
				return nil, nil
			}
			word := reflect.ValueOf(declared).String()
			if term, ok := words[word]; ok {
				return term, nil
			}
			return ast.StringTerm(word), nil
		}
	}
	panic(fmt.Sprintf("the facts have a %T, which cannot be converted to Rego", zero))
}

func encodeFact[T any](encode func(T) (*ast.Term, error)) encoder {
	return func(value reflect.Value, _ shared) (*ast.Term, error) {
		fact := inPlace(value).(*facts.Fact[T])
		if !fact.Known {
			return nil, nil
		}
		return encode(fact.Value)
	}
}

// inPlace returns a pointer to value, to a copy of it only where it stands in a map:
// copying a fact with its location costs more than making its term.
func inPlace(value reflect.Value) any {
	if value.CanAddr() {
		return value.Addr().Interface()
	}
	copied := reflect.New(value.Type())
	copied.Elem().Set(value)
	return copied.Interface()
}

// bounded is a struct with facts whose value may be a lower bound.
type bounded interface{ LowerBounds() []string }

// fieldEncoder encodes a field of a struct.
type fieldEncoder struct {
	index     int
	key       *ast.Term
	encode    encoder
	omitEmpty bool
}

func newStructEncoder(kind reflect.Type) encoder {
	var fields []fieldEncoder
	for i := range kind.NumField() {
		name, options, _ := strings.Cut(kind.Field(i).Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		fields = append(fields, fieldEncoder{
			index:     i,
			key:       ast.StringTerm(name),
			encode:    newEncoder(kind.Field(i).Type),
			omitEmpty: strings.Contains(options, "omitempty"),
		})
	}
	hasBounds := reflect.PointerTo(kind).Implements(reflect.TypeFor[bounded]())
	lowerBounds := ast.StringTerm("lower_bounds")
	return func(value reflect.Value, shared shared) (*ast.Term, error) {
		var room [24][2]*ast.Term // on the stack; NewObject copies
		items := room[:0]
		for _, field := range fields {
			inner := value.Field(field.index)
			if field.omitEmpty && isEmpty(inner) {
				continue
			}
			term, err := field.encode(inner, shared)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", string(field.key.Value.(ast.String)), err)
			}
			if term != nil {
				items = append(items, [2]*ast.Term{field.key, term})
			}
		}
		if hasBounds {
			if names := inPlace(value).(bounded).LowerBounds(); len(names) > 0 {
				items = append(items, [2]*ast.Term{lowerBounds, stringsTerm(names)})
			}
		}
		return ast.NewTerm(ast.NewObject(items...)), nil
	}
}

func stringsTerm(values []string) *ast.Term {
	terms := make([]*ast.Term, len(values))
	for i, value := range values {
		terms[i] = ast.StringTerm(value)
	}
	return ast.ArrayTerm(terms...)
}

func isEmpty(value reflect.Value) bool {
	if value.Kind() == reflect.Slice || value.Kind() == reflect.Map {
		return value.Len() == 0
	}
	return value.IsZero()
}

// encodeFloat has the digits from encoding/json, so that a message made here and one
// that plain OPA makes of the facts as JSON have the same words.
func encodeFloat(value float64) (*ast.Term, error) {
	digits, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("%v is not a number", value)
	}
	return ast.NewTerm(ast.Number(digits)), nil
}

func (p *Policies) input(f *facts.Facts) (*ast.Term, error) {
	return p.encode(reflect.ValueOf(f).Elem(), shared{})
}
