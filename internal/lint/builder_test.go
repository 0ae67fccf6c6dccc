package lint_test

import (
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint"
)

// TestObjectIsNoFile looks at what is said of an object otherwise than of a file.
func TestObjectIsNoFile(t *testing.T) {
	const pod = "apiVersion: v1\nkind: Pod\nspec: {containers: [{resources: {limits: {memory: %}}}]}\n"
	tests := []struct {
		name, text           string
		severityOfFile       lint.Severity
		remedyOfFile, remedy string
	}{
		{"too deep", strings.Replace(pod, "%", strings.Repeat("[", 300)+strings.Repeat("]", 300), 1), lint.Error,
			"Split the file, or add it to ignore: in .mlpolicy.yaml.", "Split the object."},
		{"no quantity", strings.Replace(pod, "%", "lots", 1), lint.Warning,
			"Write a quantity such as 500m, 2 or 4Gi.", "Write a quantity such as 500m, 2 or 4Gi."},
		{"no one quantity", strings.Replace(pod, "%", "[1]", 1), lint.Warning, "Write a single number.", "Write a single number."},
	}
	settings := settingsOf(t, "")
	file, object := settings.file(t), settings.object(t)
	only := func(evaluate evaluator, text string) lint.Finding {
		t.Helper()
		input := lint.Input{Name: "pod.yaml", Read: func([]byte) ([]byte, error) { return []byte(text), nil }}
		result, err := evaluate(t.Context(), input)
		if err != nil || len(result.Findings) != 1 {
			t.Fatalf("%+v, %v", result, err)
		}
		return result.Findings[0]
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if file := only(file, test.text); file.Severity != test.severityOfFile || file.Remedy != test.remedyOfFile {
				t.Errorf("of a file: %s %q", file.Severity, file.Remedy)
			}
			if object := only(object, test.text); object.Severity != lint.Error || object.Remedy != test.remedy {
				t.Errorf("of an object: %s %q", object.Severity, object.Remedy)
			}
		})
	}
}
