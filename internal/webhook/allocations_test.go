//go:build !race

package webhook

import (
	"fmt"
	"runtime"
	"strings"
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

// TestVariantsShareLabelsAndImages: an object with all declarations has about a hundred variants, and its labels and
// images are encoded once.
func TestVariantsShareLabelsAndImages(t *testing.T) {
	policy := policyOf(t, "")
	object := func(annotations string) string {
		var labels, containers []string
		for i := range 3000 {
			labels = append(labels, fmt.Sprintf(`"label-%d": ""`, i))
			containers = append(containers, fmt.Sprintf(`{"image": "image-%d"}`, i))
		}
		return fmt.Sprintf(`{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "churn", "annotations": {%s}, "labels": {"isazuremlapp": "true", %s}},
			"spec": {"nodeSelector": {"type": "virtual-kubelet"}, "containers": [%s]}}`, annotations, strings.Join(labels, ", "), strings.Join(containers, ", "))
	}
	allocations := func(annotations string) uint64 {
		request, err := decode([]byte(reviewOf(object(annotations))))
		if err != nil {
			t.Fatal(err)
		}
		bytes, _ := allocated(func() {
			if _, err := policy.Review(t.Context(), request); err != nil {
				t.Fatal(err)
			}
		})
		return bytes
	}
	one := allocations(`"a": "b"`)
	all := allocations(`"mlpolicy.dev/workload": "web-service", "mlpolicy.dev/stage": "development", "mlpolicy.dev/target": "aks",
		"mlpolicy.dev/designer": "false", "mlpolicy.dev/model-size": "1MB", "run.googleapis.com/x": "y"`)
	if all > 3*one {
		t.Errorf("%d bytes are allocated without statements, %d with all", one, all)
	}
}

// allocated is what one call of do allocates on average.
func allocated(do func()) (bytes, allocs uint64) {
	const calls = 20
	do()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range calls {
		do()
	}
	runtime.ReadMemStats(&after)
	return (after.TotalAlloc - before.TotalAlloc) / calls, (after.Mallocs - before.Mallocs) / calls
}
