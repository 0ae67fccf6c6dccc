package facts

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/invopop/jsonschema"
)

// draft07 is the dialect that OPA's type checker reads.
const draft07 = "http://json-schema.org/draft-07/schema#"

// TestFactsSchema writes the schema of what policies see, by which they are typed.
func TestFactsSchema(t *testing.T) {
	golden(t, "../../../policies/schemas/facts.json", indented(t, factsSchema(t)))
}

// TestModelDeploymentSchema writes the schema by which editors help with a ModelDeployment.
func TestModelDeploymentSchema(t *testing.T) {
	golden(t, "../../../docs/schemas/model-deployment.json", indented(t, modelDeploymentSchema(t)))
}

// TestModelDeploymentSchemaHasTheKeysOfTheReader compares the schema with the reader
// in both directions: what is read is in the schema, and what is there is read.
func TestModelDeploymentSchemaHasTheKeysOfTheReader(t *testing.T) {
	schema := modelDeploymentSchema(t)
	spec := property(t, schema, "spec")
	for function, object := range map[string]*jsonschema.Schema{
		"words":        spec,
		"models":       property(t, spec, "model").OneOf[0],
		"computeWords": property(t, spec, "compute"),
	} {
		var keys []string
		for pair := object.Properties.Oldest(); pair != nil; pair = pair.Next() {
			keys = append(keys, pair.Key)
		}
		read, named := casesOf(t, "words.go", function)
		slices.Sort(keys)
		slices.Sort(read)
		slices.Sort(named)
		if len(keys) == 0 || !slices.Equal(keys, read) {
			t.Errorf("%s reads %q, the schema has %q", function, read, keys)
		}
		if !slices.Equal(keys, named) {
			t.Errorf("the Problem of %s names %q, the schema has %q", function, named, keys)
		}
	}
}

// TestModelDeploymentSchemaAndReaderTakeTheSameValues reads an example of each key's type.
func TestModelDeploymentSchemaAndReaderTakeTheSameValues(t *testing.T) {
	spec := property(t, modelDeploymentSchema(t), "spec")
	if spec.Properties.Len() == 0 {
		t.Fatal("the schema's spec has no key")
	}
	for pair := spec.Properties.Oldest(); pair != nil; pair = pair.Next() {
		value, err := json.Marshal(example(t, pair.Key, pair.Value))
		if err != nil {
			t.Fatal(err)
		}
		document := fmt.Sprintf(`{"apiVersion": "mlpolicy.dev/v1", "kind": "ModelDeployment", "spec": {%q: %s}}`, pair.Key, value)
		extraction := extract(t, nil, Options{}, "d.json", document)
		for _, problem := range extraction.Problems {
			t.Errorf("%s: %s", document, problem.Message)
		}
		facts, err := json.Marshal(only(t, extraction))
		if err != nil {
			t.Fatal(err)
		}
		if bare := `{"name":"d.json","format":"mlpolicy-model-deployment"}`; string(facts) == bare {
			t.Errorf("%s: the value states no fact", document)
		}
	}
}

func example(t *testing.T, key string, schema *jsonschema.Schema) any {
	t.Helper()
	switch {
	case len(schema.Examples) > 0:
		return schema.Examples[0]
	case len(schema.Enum) > 0:
		return schema.Enum[0]
	case len(schema.OneOf) > 0:
		return example(t, key, schema.OneOf[0])
	}
	switch schema.Type {
	case "string":
		return "x"
	case "boolean":
		return true
	case "integer", "number":
		return 1
	case "array":
		return []any{example(t, key, schema.Items)}
	case "object":
		object := map[string]any{}
		if schema.Properties != nil {
			for pair := schema.Properties.Oldest(); pair != nil; pair = pair.Next() {
				object[pair.Key] = example(t, pair.Key, pair.Value)
			}
		}
		if len(object) == 0 {
			object["key"] = "value"
		}
		return object
	}
	t.Fatalf("%s: no example of %+v", key, schema)
	return nil
}

func property(t *testing.T, schema *jsonschema.Schema, key string) *jsonschema.Schema {
	t.Helper()
	value, ok := schema.Properties.Get(key)
	if !ok {
		t.Fatalf("the schema has no %s", key)
	}
	return value
}

func indented(t *testing.T, schema *jsonschema.Schema) string {
	t.Helper()
	compact, err := json.Marshal(schema)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := json.Indent(&text, compact, "", "  "); err != nil {
		t.Fatal(err)
	}
	return text.String() + "\n"
}

func factsSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	schema := reflector(t).Reflect(Facts{})
	schema.Version = draft07
	property(t, schema, "deployments").Items.Properties.Set("lower_bounds", &jsonschema.Schema{
		Type:        "array",
		Description: "LowerBounds are the names of the facts above whose value is a lower bound: some of what adds to it is unknown.",
		Items:       &jsonschema.Schema{Type: "string", Enum: []any{"cpu_cores", "fpgas", "gpus", "memory_gib"}},
	})
	return schema
}

// reflector makes of a Fact[T] the schema of a T, of an enumeration its words.
func reflector(t *testing.T) *jsonschema.Reflector {
	t.Helper()
	r := &jsonschema.Reflector{Anonymous: true, DoNotReference: true}
	if err := r.AddGoComments(reflect.TypeFor[Facts]().PkgPath(), ".", jsonschema.WithFullComment()); err != nil {
		t.Fatal(err)
	}
	for name, comment := range r.CommentMap {
		r.CommentMap[name] = strings.ReplaceAll(comment, "\n", " ")
	}
	r.Mapper = func(of reflect.Type) *jsonschema.Schema {
		if fact, ok := reflect.Zero(of).Interface().(interface{ Stated() (any, bool) }); ok {
			value, _ := fact.Stated()
			schema := r.Reflect(value)
			schema.Version, schema.Description = "", ""
			return schema
		}
		if enum, ok := reflect.Zero(of).Interface().(interface{ Values() []string }); ok {
			schema := &jsonschema.Schema{Type: "string"}
			for _, value := range enum.Values() {
				schema.Enum = append(schema.Enum, value)
			}
			return schema
		}
		return nil
	}
	return r
}

// modelDeploymentSchema is made of the schema of the facts: a ModelDeployment says
// them in the same words, sizes as people write them.
func modelDeploymentSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	deployment := property(t, factsSchema(t), "deployments").Items
	compute := property(t, deployment, "compute")
	compute.Properties.Delete("format")
	compute.Properties.Delete("parameters") // of templates only
	compute.Required = nil

	size := &jsonschema.Schema{
		Description: "Size is of the model's files: bytes, or with a unit.",
		OneOf:       []*jsonschema.Schema{{Type: "string"}, {Type: "integer"}},
		Examples:    []any{"900MB", "1.4GB", "512MiB", 1000000000},
	}
	model := object(
		"name", property(t, property(t, deployment, "models").Items, "name"),
		"version", &jsonschema.Schema{OneOf: []*jsonschema.Schema{{Type: "string"}, {Type: "integer"}}},
		"path", &jsonschema.Schema{Type: "string", Description: "Path leads to the model's files from the folder of this document."},
		"size", size,
	)
	spec := object(
		"component", property(t, deployment, "component"),
		"target", property(t, deployment, "target"),
		"workload", property(t, deployment, "workload"),
		"stage", property(t, deployment, "stage"),
		"designer", property(t, deployment, "designer"),
		"gpus", property(t, deployment, "gpus"),
		"fpgas", property(t, deployment, "fpgas"),
		"cpu", &jsonschema.Schema{
			Description: "CPU counts the cores of the whole group or pod.",
			OneOf:       []*jsonschema.Schema{{Type: "number"}, {Type: "string"}},
			Examples:    []any{2, "500m"},
		},
		"memory", &jsonschema.Schema{
			Type:        "string",
			Description: "Memory is of the whole group or pod, with a unit.",
			Examples:    []any{"4GiB", "16GB"},
		},
		"replicas", property(t, deployment, "replicas"),
		"autoscales", property(t, deployment, "autoscales"),
		"delivery", property(t, deployment, "delivery"),
		"labels", property(t, deployment, "labels"),
		"images", property(t, deployment, "images"),
		"model", &jsonschema.Schema{
			Description: property(t, deployment, "models").Description,
			OneOf:       []*jsonschema.Schema{model, {Type: "array", Items: model}},
		},
		"compute", compute,
	)
	metadata := object(
		"name", property(t, deployment, "name"),
		"labels", property(t, deployment, "labels"),
	)
	metadata.AdditionalProperties = nil
	schema := object(
		"apiVersion", &jsonschema.Schema{Const: "mlpolicy.dev/v1"},
		"kind", &jsonschema.Schema{Const: "ModelDeployment"},
		"metadata", metadata,
		"spec", spec,
	)
	schema.Version = draft07
	schema.Title = "ModelDeployment"
	schema.Description = "What mlpolicy is to know of a deployment that no other file describes."
	schema.Required = []string{"apiVersion", "kind", "spec"}
	return schema
}

// object makes the schema of an object from its keys and their schemas in turn.
func object(members ...any) *jsonschema.Schema {
	schema := &jsonschema.Schema{
		Type: "object", Properties: jsonschema.NewProperties(), AdditionalProperties: jsonschema.FalseSchema,
	}
	for i := 0; i < len(members); i += 2 {
		schema.Properties.Set(members[i].(string), members[i+1].(*jsonschema.Schema))
	}
	return schema
}

// casesOf returns the texts that the cases of a function compare with, and those that
// its call of unknownKey names.
func casesOf(t *testing.T, file, function string) (cases, named []string) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	texts := func(n ast.Node) []string {
		found := map[string]bool{}
		ast.Inspect(n, func(n ast.Node) bool {
			if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				text, _ := strconv.Unquote(literal.Value)
				for _, word := range strings.FieldsFunc(text, func(c rune) bool { return c == ',' || c == ' ' }) {
					found[word] = true
				}
			}
			return true
		})
		return slices.Collect(maps.Keys(found))
	}
	for _, declaration := range parsed.Decls {
		body, ok := declaration.(*ast.FuncDecl)
		if !ok || body.Name.Name != function {
			continue
		}
		ast.Inspect(body, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CaseClause:
				for _, value := range n.List {
					cases = append(cases, texts(value)...)
				}
			case *ast.CallExpr:
				if called, ok := n.Fun.(*ast.SelectorExpr); ok && called.Sel.Name == "unknownKey" {
					named = append(named, texts(n)...)
				}
			}
			return true
		})
	}
	return cases, named
}
