package extract

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

func TestPlausible(t *testing.T) {
	tests := []struct {
		name, text string
		want       bool
	}{
		{"a Deployment", "apiVersion: apps/v1\nkind: Deployment\nspec: {containers: [\n", true},
		{"a list", "apiVersion: v1\nkind: List\nitems: [\n", true},
		{"a kind of others", "apiVersion: ray.io/v1\nkind: RayService\nspec: [\n", true},
		{"quoted", "'apiVersion': v1\n\"kind\": \"Pod\"\nspec: [\n", true},
		{"half a head", "kind: Pod\nspec: [\n", true},
		{"no head", "  - containers: [\n", true},
		{"JSON", "{\"computeType\": \"ACI\",\n", true},
		{"a deployment configuration", "computeType: ACI\nx: [\n", true},
		{"a template of a manifest", "{{- if .Values.on }}\napiVersion: v1\nkind: Pod\n{{- end }}\n", true},
		{"a ConfigMap", "apiVersion: v1\nkind: ConfigMap\ndata:\n  pod.yaml: |\n    apiVersion: v1\n    kind: Pod\n  x: \"\n", false},
		{"a definition", "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec: [\n", false},
		{"a pipeline", "stages: [a]\ndeploy:\n  script: |\n    kind: Deployment\n  x: [\n", false},
		{"OpenAPI", "openapi: 3.0.0\ninfo: {title: a}\ncomponents: {schemas: {A: {computeType: [\n", false},
	}
	for _, test := range tests {
		if got := Plausible(test.text); got != test.want {
			t.Errorf("%s: %t", test.name, got)
		}
	}
}

// No document that is read is implausible, whatever of it could be parsed.
func TestWhatIsReadIsPlausible(t *testing.T) {
	files, err := filepath.Glob("../../../testdata/formats/*/*.y*ml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, document := range source.Parse(file, data).Documents {
			r := readDocument(document.Root, read.Lists{})
			span := document.Root.Span()
			if r == nil || r.Auxiliary {
				continue
			}
			if text := string(data); !Plausible(text[min(span.Start.Offset, len(text)):min(span.End.Offset, len(text))]) && !strings.Contains(text, "\r") {
				t.Errorf("%s: the %s at line %d is not plausible", file, r.Format, span.Start.Line)
			}
		}
	}
}
