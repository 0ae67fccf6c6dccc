package policy

import (
	"slices"
	"testing"

	"github.com/mlpolicy/mlpolicy/policies"
)

// Exactly the rules whose statement an edition does not make are off.
func TestOffIn(t *testing.T) {
	loaded, err := Load(t.Context(), policies.FS, nil)
	if err != nil {
		t.Fatal(err)
	}
	for edition, want := range map[string]struct{ off, on []string }{
		"2020-06": {nil, []string{"designer", "fpga", "gpu-web-service", "memory", "preview-target", "single-node", "workload"}},
		"2023-03": {[]string{"designer", "fpga", "gpu-batch-scoring", "preview-target", "single-node"}, []string{"cpu-only", "gpu-web-service", "memory", "unlisted-target", "workload"}},
	} {
		off, err := loaded.OffIn(t.Context(), edition)
		if err != nil {
			t.Fatal(err)
		}
		for _, rule := range want.off {
			if !slices.Contains(off, rule) {
				t.Errorf("%s: %s is not off: %v", edition, rule, off)
			}
		}
		for _, rule := range want.on {
			if slices.Contains(off, rule) {
				t.Errorf("%s: %s is off: %v", edition, rule, off)
			}
		}
	}
}
