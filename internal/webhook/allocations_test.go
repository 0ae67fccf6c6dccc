//go:build !race

package webhook

import "testing"

// TestReviewAllocations keeps the benchmarks within their budgets of memory, which unlike
// time is the same on every machine; the race detector takes some of its own.
func TestReviewAllocations(t *testing.T) {
	policy := policyOf(t, "")
	for _, benched := range reviews(t) {
		result := testing.Benchmark(func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := policy.Review(b.Context(), benched.request); err != nil {
					b.Fatal(err)
				}
			}
		})
		if got := result.AllocedBytesPerOp(); got > benched.bytes {
			t.Errorf("%s allocates %d bytes, %d at most", benched.name, got, benched.bytes)
		}
	}
}
