//go:build !race

package policy_test

import (
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/policy/policytest"
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
