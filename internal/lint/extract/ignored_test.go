package extract

import (
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// TestIgnoredValuesAreNotRead adds what is ignored to each example that is one document, and compares what is read with
// and without it.
func TestIgnoredValuesAreNotRead(t *testing.T) {
	pod := map[string]any{"containers": []any{map[string]any{"name": "a", "image": "a", "resources": map[string]any{"limits": map[string]any{"nvidia.com/gpu": 1, "memory": "lots"}}}}}
	object := map[string]any{"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"name": "other"}, "spec": pod}
	owners := []any{map[string]any{"manager": "kubectl", "fieldsV1": object}}
	examples, plans := 0, 0
	compare := func(t *testing.T, document map[string]any, ignored *source.Ignored) {
		t.Helper()
		text, err := json.Marshal(document)
		if err != nil {
			t.Fatal(err)
		}
		describeWith := func(ignored *source.Ignored) string {
			file := source.Options{Ignore: ignored}.Parse("example.json", text)
			extraction, err := Extract(t.Context(), nil, []*source.File{file}, Options{})
			if err != nil || len(file.Problems) > 0 {
				t.Fatal(err, file.Problems)
			}
			return describe(extraction)
		}
		equal(t, describeWith(ignored), describeWith(nil))
	}
	err := filepath.WalkDir("../../../testdata/formats", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var document map[string]any
		if extension := filepath.Ext(path); extension != ".json" && extension != ".yaml" && extension != ".yml" || yaml.Unmarshal(text, &document) != nil || document == nil {
			return nil
		}
		examples++
		t.Run(filepath.Base(path), func(t *testing.T) {
			if metadata, ok := document["metadata"].(map[string]any); ok {
				metadata["managedFields"], metadata["resourceVersion"], metadata["generation"] = owners, "12", 3
				if annotations, ok := metadata["annotations"].(map[string]any); ok {
					annotations["kubectl.kubernetes.io/last-applied-configuration"] = string(text)
				}
			}
			compare(t, document, IgnoredInFiles())
			compare(t, map[string]any{"apiVersion": "v1", "kind": "List", "items": []any{document, document}}, IgnoredInFiles())
			if _, ok := document["apiVersion"]; ok {
				live := maps.Clone(document)
				live["status"] = object
				compare(t, live, IgnoredInObjects())
			}
			if changes, ok := document["resource_changes"].([]any); ok {
				plans++
				resources := []any{map[string]any{"type": "kubernetes_pod", "values": object, "tags": map[string]any{"mlpolicy.dev:workload": "training"}}}
				plan := maps.Clone(document)
				for _, key := range []string{"configuration", "planned_values", "prior_state"} {
					plan[key] = map[string]any{"root_module": map[string]any{"resources": resources}, "tags": map[string]any{"mlpolicy.dev:ignore": "memory"}}
				}
				compare(t, plan, IgnoredInFiles())
				plan["resource_changes"] = changes[:0]
				compare(t, plan, IgnoredInFiles())
				delete(plan, "resource_changes")
				compare(t, plan, IgnoredInFiles())
			}
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if examples < 100 || plans < 10 {
		t.Fatalf("%d examples, %d plans", examples, plans)
	}
}
