// Package sweep limits tests that try a large number of cases.
package sweep

import (
	"os"
	"testing"
)

// Long skips a long sweep in runs with -short. With the race detector a sweep takes minutes, and it does
// not test concurrency. .ci/run runs it without -short.
func Long(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("a long sweep: run the test without -short, as .ci/run does")
	}
}

// Step calls Long and returns the distance between the cases to try: 1 if MLPOLICY_SWEEP is "all", as in
// .ci/run, otherwise sample.
func Step(t testing.TB, sample int) int {
	t.Helper()
	Long(t)
	if os.Getenv("MLPOLICY_SWEEP") == "all" {
		return 1
	}
	return sample
}
