package facts

import (
	"reflect"
	"testing"
)

// TestSameSeesEachField changes each field of a deployment, its model and its compute.
func TestSameSeesEachField(t *testing.T) {
	full := func() *Facts {
		d := &Deployment{
			Format: "a", MayRunOn: []Fact[Target]{Know(ACI, Location{})}, Images: []Fact[string]{Know("a", Location{})},
			Labels: map[string]Fact[string]{"a": Know("b", Location{})}, Models: []*Model{{}}, Compute: &Compute{Format: "a"},
		}
		return &Facts{Edition: "2020-06", Deployments: []*Deployment{d}, Computes: []*Compute{{Format: "b"}}}
	}
	changes := map[string]func(*Facts){
		"edition":     func(f *Facts) { f.Edition = "2024-01" },
		"deployments": func(f *Facts) { f.Deployments = append(f.Deployments, &Deployment{}) },
		"computes":    func(f *Facts) { f.Computes = nil },
		"format":      func(f *Facts) { f.Deployments[0].Format = "b" },
		"may_run_on":  func(f *Facts) { f.Deployments[0].MayRunOn[0].Value = AKS },
		"images":      func(f *Facts) { f.Deployments[0].Images = nil },
		"labels":      func(f *Facts) { f.Deployments[0].Labels["a"] = Know("c", Location{}) },
		"a label":     func(f *Facts) { f.Deployments[0].Labels["b"] = Know("c", Location{}) },
		"models":      func(f *Facts) { f.Deployments[0].Models = nil },
		"compute":     func(f *Facts) { f.Deployments[0].Compute = nil },
		"format of a compute": func(f *Facts) {
			f.Computes[0].Format = "c"
		},
	}
	addFacts(changes, "deployment", deploymentFields, func(f *Facts) *Deployment { return f.Deployments[0] })
	addFacts(changes, "model", modelFields, func(f *Facts) *Model { return f.Deployments[0].Models[0] })
	addFacts(changes, "its compute", computeFields, func(f *Facts) *Compute { return f.Deployments[0].Compute })
	addFacts(changes, "compute", computeFields, func(f *Facts) *Compute { return f.Computes[0] })
	if len(changes) < 50 {
		t.Fatalf("%d changes", len(changes))
	}
	for name, change := range changes {
		changed := full()
		change(changed)
		if full().Same(changed) || changed.Same(full()) {
			t.Errorf("%s: a change is not seen", name)
		}
		again := full()
		change(again)
		again.Deployments[0].Name.Location.Why = "elsewhere"
		if !changed.Same(again) {
			t.Errorf("%s: the same facts are not", name)
		}
	}
}

// addFacts adds the changes of each fact of a table: it becomes known, and of a number a lower bound.
func addFacts[T any](changes map[string]func(*Facts), of string, fields []Field[T], owner func(*Facts) *T) {
	for _, field := range fields {
		if field.Fact == nil {
			continue
		}
		changes[of+" "+field.Name] = func(f *Facts) {
			reflect.ValueOf(field.Fact(owner(f))).Elem().FieldByName("Known").SetBool(true)
		}
	}
}

// A lower bound is not the exact number.
func TestSameSeesLowerBounds(t *testing.T) {
	of := func(memory Fact[float64]) *Facts { return &Facts{Deployments: []*Deployment{{MemoryGiB: memory}}} }
	exact, bound := Know(4.0, Location{}), Know(4.0, Location{})
	bound.AtLeast = true
	if of(exact).Same(of(bound)) || !of(bound).Same(of(bound)) || of(exact).Same(of(Know(5.0, Location{}))) {
		t.Error("bounds or values are not compared")
	}
}
