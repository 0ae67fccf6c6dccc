package facts

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// TestKubernetesKinds holds the list against the examples: each object that describes a
// deployment or a compute is of a kind that stands there.
func TestKubernetesKinds(t *testing.T) {
	listed := map[[2]string]bool{}
	for _, kind := range KubernetesKinds() {
		key := [2]string{kind.Group, kind.Kind}
		if listed[key] || len(kind.Versions) == 0 || kind.Resource != strings.ToLower(kind.Resource) {
			t.Errorf("%+v", kind)
		}
		listed[key] = true
	}
	seen := map[[2]string]bool{}
	files, err := filepath.Glob("../../../testdata/formats/*/*.y*ml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		file := source.Parse(name, data)
		for _, r := range readFile(t.Context(), file).readers {
			group, kind := groupKind(r.root)
			served := group != "extensions" && group != "mlpolicy.dev" // never, and no more
			if r.root.Has("apiVersion") && kind != "" && served && len(r.deployments)+len(r.computes) > 0 {
				seen[[2]string{group, kind}] = true
				if !listed[[2]string{group, kind}] {
					t.Errorf("%s: %s of %q is not listed", name, kind, group)
				}
			}
		}
	}
	if len(seen) < 50 {
		t.Errorf("the examples have %d kinds", len(seen))
	}
}
