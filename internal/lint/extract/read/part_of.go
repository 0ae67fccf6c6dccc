package read

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
)

// Nameless begins the evidence for a name that a document does not have, and Unnamed that for one that is not known.
const (
	Nameless = "the document has no name"
	Unnamed  = "the name is unknown or secret"
)

// IsPart reports whether an object has no other values than another one. A lower bound is no other value than a larger one, and what
// stands for a name that is not known does not count.
func IsPart[T any](fields []facts.Field[T], part, whole *T) bool {
	return !slices.ContainsFunc(fields, func(field facts.Field[T]) bool {
		if field.Fact == nil {
			return !isWithin(field.Inner(part), field.Inner(whole))
		}
		fact, other := field.Fact(part), field.Fact(whole)
		switch {
		case fact.IsZero():
			return false
		case field.Names && isUnnamed(fact.Origin().Why):
			return false
		case other.IsZero():
			return true
		case fact.Number().AtLeast:
			return fact.Number().Value > other.Number().Value
		}
		return !fact.Is(other)
	})
}

// IsNamed reports whether a name is that of a document, and does not stand for one.
func IsNamed(name facts.Fact[string]) bool { return !isUnnamed(name.Origin().Why) }

func isUnnamed(why string) bool {
	return strings.HasPrefix(why, Nameless) || strings.HasPrefix(why, Unnamed)
}

// isWithin is IsPart for what is not a fact: members of an object are those of the other one, and items of a list are
// parts of items in the same order, or the same scalars.
func isWithin(part, whole any) bool {
	a, err := decoded(part)
	b, otherErr := decoded(whole)
	return err == nil && otherErr == nil && includes(b, a)
}

func decoded(v any) (decoded any, err error) {
	text, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(text, &decoded)
	}
	return decoded, err
}

func includes(whole, part any) bool {
	switch part := part.(type) {
	case nil:
		return true
	case []any:
		items, _ := whole.([]any)
		return includesItems(items, part)
	case map[string]any:
		members, _ := whole.(map[string]any)
		for key, value := range part {
			if other, ok := members[key]; !ok || !includes(other, value) {
				return false
			}
		}
		return true
	case string:
		return part == "" || part == whole
	}
	return part == whole
}

func includesItems(whole, part []any) bool {
	scalars := map[any]bool{}
	for _, item := range whole {
		if isScalar(item) {
			scalars[item] = true
		}
	}
	return InOrder(part, whole, func(item, other any) bool { return includes(other, item) }, func(item any) bool { return isScalar(item) && scalars[item] })
}

func isScalar(v any) bool {
	switch v.(type) {
	case []any, map[string]any:
		return false
	}
	return true
}

// InOrder reports whether each item of a list is part of an item of another one in the same order, or is found by itself. found may be nil.
func InOrder[T any](part, whole []T, isPart func(item, other T) bool, found func(item T) bool) bool {
	at := 0
	for _, item := range part {
		if found != nil && found(item) {
			continue
		}
		for at < len(whole) && !isPart(item, whole[at]) {
			at++
		}
		if at == len(whole) {
			return false
		}
		at++
	}
	return true
}

// IsPartOf reports whether a draft says nothing else than another one.
func (d *Draft) IsPartOf(whole *Draft) bool {
	if !IsPart(facts.DeploymentFields(), &d.Deployment, &whole.Deployment) {
		return false
	}
	if !InOrder(d.Declared, whole.Declared, (*Draft).IsPartOf, nil) || !InOrder(d.References, whole.References, (*Reference).isSame, nil) {
		return false
	}
	outcomes, others := d.Pods.Recorded(), whole.Pods.Recorded()
	for i, outcome := range outcomes {
		if outcome != false && (i >= len(others) || !isWithin(outcome, others[i])) {
			return false
		}
	}
	return d.UnknownClaims == whole.UnknownClaims && d.DefaultType == whole.DefaultType
}

// isSame reports whether two references are to the same part.
func (r *Reference) isSame(other *Reference) bool {
	return r.Kind == other.Kind && r.Name == other.Name && r.Namespace == other.Namespace && r.Version == other.Version && r.Path == other.Path &&
		r.Multiple == other.Multiple
}

// IsPartOf reports whether a part adds nothing else than another one.
func (p *Part) IsPartOf(whole *Part) bool {
	if p.Kind != whole.Kind || p.Name != whole.Name || p.Namespace != whole.Namespace || p.Version != whole.Version || p.Device != whole.Device {
		return false
	}
	switch {
	case p.Compute != nil:
		return whole.Compute != nil && IsPart(facts.ComputeFields(), p.Compute, whole.Compute)
	case p.Facts != nil:
		return whole.Facts != nil && p.Facts.IsPartOf(whole.Facts)
	}
	return true
}
