package webhook

import (
	stdjson "encoding/json"
	"fmt"
	"path/filepath"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"

	"github.com/mlpolicy/mlpolicy/internal/lint"
)

// TestUnchangedChangesNothing reviews updates of the objects of all examples, with and without the shortcuts for what
// does not change.
func TestUnchangedChangesNothing(t *testing.T) {
	verdicts := map[Verdict]int{}
	exempted := 0
	for _, file := range examples(t) {
		configuration := configurationOf(t, filepath.Dir(file))
		shortcut, full := policyOf(t, configuration), policyOf(t, configuration)
		full.Admission.Without = lint.Without{lint.Unchanged}
		request, err := decode(reviewIn(t, file))
		if err != nil || len(request.Object.Raw) == 0 || request.SubResource == "binding" {
			continue
		}
		request.Operation = admissionv1.Update
		for change, old := range formerObjects(t, request.Object.Raw) {
			request.OldObject.Raw = old
			got, gotErr := shortcut.Review(t.Context(), request)
			want, wantErr := full.Review(t.Context(), request)
			if described(got, gotErr) != described(want, wantErr) {
				t.Errorf("%s, %s: the decision is\n%s\nwithout the shortcuts it is\n%s", file, change, described(got, gotErr), described(want, wantErr))
			}
			if gotErr == nil {
				verdicts[got.Verdict]++
				exempted += len(got.Exempted)
			}
		}
	}
	if verdicts[Denied] < 10 || verdicts[Warned] < 10 || verdicts[Allowed] < 10 || exempted < 10 {
		t.Errorf("%v, %d exempted: too few", verdicts, exempted)
	}
}

func described(d *Decision, err error) string {
	if err != nil {
		return err.Error()
	}
	text := fmt.Sprint(d.Verdict, d.Rules, d.Denials, d.Exempted, d.Waived, d.Enforced, d.Failed)
	response, err := stdjson.Marshal(d.Response)
	return text + string(response) + fmt.Sprint(err)
}

// formerObjects returns objects that an update to another may replace, by what changed.
func formerObjects(t *testing.T, object []byte) map[string][]byte {
	t.Helper()
	changed := func(change func(object, metadata map[string]any)) []byte {
		var former map[string]any
		if err := stdjson.Unmarshal(object, &former); err != nil {
			t.Fatal(err)
		}
		metadata, ok := former["metadata"].(map[string]any)
		if !ok {
			metadata = map[string]any{}
			former["metadata"] = metadata
		}
		change(former, metadata)
		text, err := stdjson.Marshal(former)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	return map[string][]byte{
		"nothing":   object,
		"the order": changed(func(_, _ map[string]any) {}),
		"its record": changed(func(_, m map[string]any) {
			m["managedFields"], m["resourceVersion"] = []any{map[string]any{"a": "}"}}, "7"
		}),
		"its status":    changed(func(o, m map[string]any) { o["status"], m["generation"] = map[string]any{"replicas": 3}, 4 }),
		"an annotation": changed(func(_, m map[string]any) { m["annotations"] = map[string]any{"team": "risk"} }),
		"a label":       changed(func(_, m map[string]any) { m["labels"] = map[string]any{"team": "risk"} }),
		"a statement":   changed(func(_, m map[string]any) { m["annotations"] = map[string]any{"mlpolicy.dev/workload": "training"} }),
		"its name":      changed(func(_, m map[string]any) { m["name"] = "other" }),
		"its end":       changed(func(_, m map[string]any) { m["deletionTimestamp"] = "2027-01-31T00:00:00Z" }),
		"all":           changed(func(o, _ map[string]any) { delete(o, "spec") }),
		"the GPUs": changed(func(o, _ map[string]any) {
			resourcesOf(o, func(resources map[string]any) { delete(resources, "nvidia.com/gpu") })
		}),
		"the memory": changed(func(o, _ map[string]any) {
			resourcesOf(o, func(resources map[string]any) { resources["memory"] = "900Gi" })
		}),
		"the target": changed(func(o, _ map[string]any) { inside(o, "nodeSelector", func(m map[string]any) { delete(m, "type") }) }),
	}
}

func resourcesOf(value any, change func(resources map[string]any)) {
	inside(value, "limits", change)
	inside(value, "requests", change)
}

// inside calls change for each mapping at a key in a value.
func inside(value any, key string, change func(map[string]any)) {
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			inside(item, key, change)
		}
	case map[string]any:
		for name, inner := range value {
			if mapping, ok := inner.(map[string]any); ok && name == key {
				change(mapping)
			}
			inside(inner, key, change)
		}
	}
}
