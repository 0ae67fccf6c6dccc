package facts

import (
	"maps"
	"slices"
)

// Same reports whether rules see the same in both facts. Locations may differ.
func (f *Facts) Same(other *Facts) bool {
	return f.Edition == other.Edition &&
		slices.EqualFunc(f.Deployments, other.Deployments, sameDeployment) &&
		slices.EqualFunc(f.Computes, other.Computes, sameCompute)
}

func sameDeployment(a, b *Deployment) bool { return sameFields(deploymentFields, a, b) }

func sameModel(a, b *Model) bool { return sameFields(modelFields, a, b) }

func sameCompute(a, b *Compute) bool {
	if a == nil || b == nil {
		return a == b
	}
	return sameFields(computeFields, a, b)
}

func sameFields[T any](fields []Field[T], a, b *T) bool {
	for i := range fields {
		field := &fields[i]
		if field.Fact == nil && !sameInner(field.Inner(a), field.Inner(b)) || field.Fact != nil && !sameFact(field.Fact(a), field.Fact(b)) {
			return false
		}
	}
	return true
}

func sameFact(a, b AnyFact) bool {
	if a.IsZero() || b.IsZero() {
		return a.IsZero() == b.IsZero()
	}
	return a.Is(b) && a.Number().AtLeast == b.Number().AtLeast
}

// sameInner compares what Inner of the same field returns.
func sameInner(a, b any) bool {
	switch a := a.(type) {
	case *Compute:
		return sameCompute(a, b.(*Compute))
	case []*Model:
		return slices.EqualFunc(a, b.([]*Model), sameModel)
	case []Fact[Target]:
		return slices.EqualFunc(a, b.([]Fact[Target]), func(a, b Fact[Target]) bool { return sameFact(&a, &b) })
	case []Fact[string]:
		return slices.EqualFunc(a, b.([]Fact[string]), func(a, b Fact[string]) bool { return sameFact(&a, &b) })
	case map[string]Fact[string]:
		return maps.EqualFunc(a, b.(map[string]Fact[string]), func(a, b Fact[string]) bool { return sameFact(&a, &b) })
	}
	return a == b
}
