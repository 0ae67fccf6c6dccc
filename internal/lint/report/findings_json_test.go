package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/mlpolicy/mlpolicy/docs/schemas"
	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/report/hosttest"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// strictSchema compiles a schema in which objects have no other properties than those that it lists.
func strictSchema(t *testing.T, schema []byte) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		t.Fatal(err)
	}
	var shut func(any)
	shut = func(value any) {
		switch value := value.(type) {
		case []any:
			for _, item := range value {
				shut(item)
			}
		case map[string]any:
			if _, open := value["additionalProperties"]; !open && value["properties"] != nil {
				value["additionalProperties"] = false
			}
			for key, item := range value {
				if key != "then" && key != "else" { // they add to the schema around them
					shut(item)
				}
			}
		}
	}
	shut(document)
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("schema.json", document); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

// validate checks a document against a schema.
func validate(t *testing.T, schema *jsonschema.Schema, name string, document []byte) {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if err := schema.Validate(value); err != nil {
		t.Errorf("%s: %v", name, err)
	}
}

// noCommands checks that a CI host would execute nothing.
func noCommands(t *testing.T, name string, text []byte) {
	t.Helper()
	for _, found := range hosttest.Commands(string(text)) {
		t.Errorf("%s: %s", name, found)
	}
}

// The published schema has every field that is written, and requires it.
func TestFindingsJSONSchema(t *testing.T) {
	schema := strictSchema(t, schemas.Lint)
	checkCases(t, ".json", findingsJSON, func(name string, text []byte) {
		validate(t, schema, name, text)
		noCommands(t, name, text)
	})
	document := map[string]any{}
	full := lint.Finding{Rule: "r", Severity: lint.Note, Object: &lint.Object{}, Suggestions: []lint.Suggestion{{Edits: []lint.SuggestedEdit{{File: &source.File{Name: "a.yaml"}}}}}, Related: sample(t).Findings[2].Related}
	complete := findings(&lint.Result{Findings: []lint.Finding{full}, Errors: sample(t).Errors})
	if err := json.Unmarshal(written(t, findingsJSON, complete, Options{}), &document); err != nil {
		t.Fatal(err)
	}
	if removed := requiresAll(t, schema, document); removed < 40 {
		t.Fatalf("%d fields", removed)
	}
}

// requiresAll checks that a schema rejects a document without any of its fields, and returns their number.
func requiresAll(t *testing.T, schema *jsonschema.Schema, document map[string]any) int {
	t.Helper()
	removed := 0
	var each func(path string, value any)
	each = func(path string, value any) {
		switch value := value.(type) {
		case []any:
			for i, item := range value {
				each(fmt.Sprintf("%s[%d]", path, i), item)
			}
		case map[string]any:
			for key, member := range value {
				delete(value, key)
				if schema.Validate(document) == nil {
					t.Errorf("the schema does not require %s.%s", path, key)
				}
				removed++
				value[key] = member
				each(path+"."+key, member)
			}
		}
	}
	each("", document)
	return removed
}
