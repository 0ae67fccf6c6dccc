//go:build !race

package policy_test

import (
	"reflect"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy/policytest"
	"github.com/mlpolicy/mlpolicy/policies"
)

// TestAllocations limits the allocations of an evaluation, which unlike time are the same on every
// machine. The race detector adds its own.
func TestAllocations(t *testing.T) {
	loaded := policytest.Builtin(t)
	for deployments, most := range map[int]float64{1: 900, 100: 210} {
		f := serving(deployments)
		per := testing.AllocsPerRun(20, func() {
			if _, err := loaded.Evaluate(t.Context(), f); err != nil {
				t.Fatal(err)
			}
		}) / float64(deployments)
		t.Logf("%d deployments: %.0f allocations each", deployments, per)
		if per > most {
			t.Errorf("%d deployments: %.0f allocations each, at most %.0f are due", deployments, per, most)
		}
	}
}

// TestLoadSound checks that a bundle without the checks is the same and costs less.
func TestLoadSound(t *testing.T) {
	load := func(loader func() (*policy.Policies, error)) (*policy.Policies, float64) {
		var loaded *policy.Policies
		allocations := testing.AllocsPerRun(2, func() {
			var err error
			if loaded, err = loader(); err != nil {
				t.Fatal(err)
			}
		})
		return loaded, allocations
	}
	checked, all := load(func() (*policy.Policies, error) { return policy.Load(t.Context(), policies.FS, nil) })
	sound, some := load(func() (*policy.Policies, error) { return policy.LoadSound(t.Context(), policies.FS) })
	if some > 0.65*all {
		t.Errorf("%.0f allocations without checks, %.0f with them", some, all)
	}
	if sound.Digest() != checked.Digest() || !reflect.DeepEqual(sound.Rules(), checked.Rules()) || !reflect.DeepEqual(sound.Editions(), checked.Editions()) {
		t.Error("rules or editions differ")
	}
	f := serving(100)
	f.Edition = checked.EditionIDs()[0]
	want, err := checked.Evaluate(t.Context(), f)
	if err != nil || len(want) == 0 {
		t.Fatalf("%d denials, %v", len(want), err)
	}
	if got, err := sound.Evaluate(t.Context(), f); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("denials %v, %v; want %v", got, err, want)
	}
}
