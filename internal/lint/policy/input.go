package policy

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/open-policy-agent/opa/v1/ast"
)

// encoder converts facts to Rego terms, which are equal to those that OPA reads from the facts as JSON.
type encoder struct {
	deployment []field[facts.Deployment]
	model      []field[facts.Model]
	compute    []field[facts.Compute]
	words      map[string]*ast.Term // of the enumerated values of facts, by value
}

// field is a field of the facts with the term of its name.
type field[T any] struct {
	facts.Field[T]
	key *ast.Term
}

func newEncoder() *encoder {
	e := &encoder{words: map[string]*ast.Term{}}
	e.deployment = fieldsOf(e, facts.DeploymentFields())
	e.model = fieldsOf(e, facts.ModelFields())
	e.compute = fieldsOf(e, facts.ComputeFields())
	return e
}

// fieldsOf returns the fields with the terms of their names, and adds their enumerated values to e.words.
func fieldsOf[T any](e *encoder, table []facts.Field[T]) []field[T] {
	fields := make([]field[T], len(table))
	for i, f := range table {
		fields[i] = field[T]{f, ast.StringTerm(f.Name)}
		if f.Fact == nil {
			continue
		}
		value, _ := f.Fact(new(T)).Any()
		if enumeration, ok := value.(interface{ Values() []string }); ok {
			for _, word := range enumeration.Values() {
				e.words[word] = ast.StringTerm(word)
			}
		}
	}
	return fields
}

// encoding is the state of one conversion.
type encoding struct {
	*encoder
	// shared has the terms of long lists and maps by address: a deployment can have hundreds of
	// variants, which share its labels and images.
	shared map[memory]*ast.Term
}

type memory struct {
	at   uintptr
	size int // values
}

// minShared is the smallest length of a list or map for which sharing saves time.
const minShared = 16

// input returns the facts as a term, and the fields of its elements.
func (p *Policies) input(f *facts.Facts) (*ast.Term, declared, error) {
	e := &encoding{encoder: p.encoder, shared: map[memory]*ast.Term{}}
	deployments, ofDeployments, err := elements(f.Deployments, e.deploymentTerm)
	if err != nil {
		return nil, nil, fmt.Errorf("deployments: %w", err)
	}
	computes, ofComputes, err := elements(f.Computes, e.computeTerm)
	if err != nil {
		return nil, nil, fmt.Errorf("computes: %w", err)
	}
	return ast.ObjectTerm(
		ast.Item(ast.InternedTerm("edition"), ast.StringTerm(f.Edition)),
		ast.Item(ast.InternedTerm("deployments"), deployments),
		ast.Item(ast.InternedTerm("computes"), computes),
	), declared{deploymentList: ofDeployments, computeList: ofComputes}, nil
}

// elements returns the terms of values and the fields of each.
func elements[T any](values []*T, encode func(*T) (*ast.Term, fieldSet, error)) (*ast.Term, []fieldSet, error) {
	fields := make([]fieldSet, 0, len(values))
	terms, err := list(values, func(value *T) (*ast.Term, error) {
		term, has, err := encode(value)
		fields = append(fields, has)
		return term, err
	})
	return terms, fields, err
}

func (e *encoding) deploymentTerm(d *facts.Deployment) (*ast.Term, fieldSet, error) {
	names := d.LowerBounds()
	if len(names) == 0 {
		return object(e, e.deployment, d)
	}
	bounds, err := list(names, func(name string) (*ast.Term, error) { return ast.StringTerm(name), nil })
	if err != nil {
		return nil, 0, err
	}
	return object(e, e.deployment, d, ast.Item(ast.InternedTerm("lower_bounds"), bounds))
}

func (e *encoding) modelTerm(m *facts.Model) (*ast.Term, error) {
	term, _, err := object(e, e.model, m)
	return term, err
}

func (e *encoding) computeTerm(c *facts.Compute) (*ast.Term, fieldSet, error) {
	return object(e, e.compute, c)
}

// object returns an object of the known fields and of further items, and the set of these fields.
func object[T any](e *encoding, fields []field[T], of *T, further ...[2]*ast.Term) (object *ast.Term, known fieldSet, err error) {
	var room [24][2]*ast.Term // NewObject copies the items, so that they stay on the stack
	items := append(room[:0], further...)
	for i := range fields {
		field := &fields[i]
		var term *ast.Term
		if field.Fact != nil {
			term, err = e.fact(field.Fact(of))
		} else {
			term, err = e.inner(field.Inner(of))
		}
		if err != nil {
			return nil, 0, fmt.Errorf("%s: %w", field.Name, err)
		}
		if term != nil {
			items = append(items, [2]*ast.Term{field.key, term})
			known |= 1 << i
		}
	}
	return ast.NewTerm(ast.NewObject(items...)), known, nil
}

// fact returns the term of a fact, or nil if it is unknown.
func (e *encoder) fact(fact facts.AnyFact) (*ast.Term, error) {
	if fact.IsZero() {
		return nil, nil
	}
	switch fact := fact.(type) { // without a copy of the fact
	case *facts.Fact[string]:
		return ast.StringTerm(fact.Value), nil
	case *facts.Fact[bool]:
		return ast.InternedTerm(fact.Value), nil
	case *facts.Fact[int64]:
		return ast.InternedTerm(fact.Value), nil
	case *facts.Fact[float64]:
		return floatTerm(fact.Value)
	}
	value, _ := fact.Any()
	word := reflect.ValueOf(value).String()
	if term, ok := e.words[word]; ok {
		return term, nil
	}
	return ast.StringTerm(word), nil
}

// inner returns the term of a field that is not a fact, or nil if it is empty.
func (e *encoding) inner(value any) (*ast.Term, error) {
	of := reflect.ValueOf(value)
	if kind := of.Kind(); kind != reflect.Slice && kind != reflect.Map {
		return e.term(value)
	}
	switch size := of.Len(); {
	case size == 0:
		return nil, nil
	case size < minShared:
		return e.term(value)
	default:
		memory := memory{of.Pointer(), size}
		term := e.shared[memory]
		if term != nil {
			return term, nil
		}
		term, err := e.term(value)
		e.shared[memory] = term
		return term, err
	}
}

func (e *encoding) term(value any) (*ast.Term, error) {
	switch value := value.(type) {
	case string:
		return ast.StringTerm(value), nil
	case *facts.Compute:
		if value == nil {
			return nil, nil
		}
		term, _, err := e.computeTerm(value)
		return term, err
	case []*facts.Model:
		return list(value, e.modelTerm)
	case []facts.Fact[facts.Target]:
		return list(value, func(target facts.Fact[facts.Target]) (*ast.Term, error) { return e.fact(&target) })
	case []facts.Fact[string]:
		return list(value, textTerm)
	case map[string]facts.Fact[string]:
		object := ast.NewObjectWithCapacity(len(value))
		for key, text := range value {
			if text.Known {
				object.Insert(ast.StringTerm(key), ast.StringTerm(text.Value))
			}
		}
		return ast.NewTerm(object), nil
	}
	panic(fmt.Sprintf("the facts have a %T, which cannot be converted to Rego", value))
}

func textTerm(text facts.Fact[string]) (*ast.Term, error) {
	if !text.Known {
		return nil, nil
	}
	return ast.StringTerm(text.Value), nil
}

func list[T any](values []T, encode func(T) (*ast.Term, error)) (*ast.Term, error) {
	terms := make([]*ast.Term, len(values))
	for i, value := range values {
		term, err := encode(value)
		if err != nil {
			return nil, err
		}
		if term == nil {
			// Leaving it out would shift the indexes of later values in paths.
			term = ast.InternedNullTerm
		}
		terms[i] = term
	}
	return ast.ArrayTerm(terms...), nil
}

// floatTerm formats a number as encoding/json does, so that messages are the same as those that OPA
// produces from the facts as JSON.
func floatTerm(value float64) (*ast.Term, error) {
	digits, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("%v is not a number", value)
	}
	return ast.NewTerm(ast.Number(digits)), nil
}
