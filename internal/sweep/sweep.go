// Package sweep decides how much of a long sweep a run of tests makes.
package sweep

import (
	"os"
	"testing"
)

// Long marks a test as a long sweep, which -short skips: with the race detector it takes minutes, and
// nothing in it is concurrent. .ci/run makes it without -short.
func Long(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("a long sweep: run the test without -short, as .ci/run does")
	}
}

// Step marks a test as Long does and returns how far it is from one case of the sweep to the next that is
// tried: sample, or 1 where MLPOLICY_SWEEP is "all", as in .ci/run.
func Step(t testing.TB, sample int) int {
	t.Helper()
	Long(t)
	if os.Getenv("MLPOLICY_SWEEP") == "all" {
		return 1
	}
	return sample
}
