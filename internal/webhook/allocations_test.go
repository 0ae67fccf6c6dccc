//go:build !race

package webhook

import (
	"runtime"
	"testing"
)

// TestReviewAllocations keeps the benchmarks within their budgets of memory, which unlike
// time is the same on every machine; the race detector takes some of its own.
func TestReviewAllocations(t *testing.T) {
	policy := policyOf(t, "")
	benched := reviews(t)
	if len(benched) < 4 {
		t.Fatalf("%d reviews", len(benched))
	}
	for _, benched := range benched {
		bytes, allocs := allocated(func() {
			decision, err := policy.Review(t.Context(), benched.request)
			if err != nil || len(decision.Findings) != benched.findings {
				t.Fatal(decision, err)
			}
		})
		t.Logf("%s: %d bytes in %d allocations", benched.name, bytes, allocs)
		if bytes > benched.bytes || allocs > benched.allocs {
			t.Errorf("%s allocates %d bytes in %d allocations, at most %d in %d are due", benched.name, bytes, allocs, benched.bytes, benched.allocs)
		}
	}
}

// allocated is what one call of do allocates on average.
func allocated(do func()) (bytes, allocs uint64) {
	const calls = 100
	do()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range calls {
		do()
	}
	runtime.ReadMemStats(&after)
	return (after.TotalAlloc - before.TotalAlloc) / calls, (after.Mallocs - before.Mallocs) / calls
}
