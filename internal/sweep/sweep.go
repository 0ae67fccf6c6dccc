// Package sweep decides how much of a long sweep a run of tests makes.
package sweep

import (
	"os"
	"testing"
)

// Step returns how far it is from one case of a sweep to the next that is tried: sample, or 1 where
// MLPOLICY_SWEEP is "all", as in .ci/run. With -short it skips the test: with the race detector a sweep takes
// minutes, and nothing in it runs beside anything.
func Step(t testing.TB, sample int) int {
	t.Helper()
	if testing.Short() {
		t.Skip("a long sweep")
	}
	if os.Getenv("MLPOLICY_SWEEP") == "all" {
		return 1
	}
	return sample
}
