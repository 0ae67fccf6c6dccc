package extract

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/invopop/jsonschema"
	validator "github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/mlpolicy/mlpolicy/internal/golden"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
)

// draft07 is the dialect that OPA's type checker reads.
const draft07 = "http://json-schema.org/draft-07/schema#"

// TestFactsSchema writes the schema of what policies see, by which they are typed.
func TestFactsSchema(t *testing.T) {
	golden.Check(t, "../../../policies/schemas/facts.json", indented(t, factsSchema(t)))
}

// TestModelDeploymentSchema writes the schema by which editors help with a ModelDeployment.
func TestModelDeploymentSchema(t *testing.T) {
	golden.Check(t, "../../../docs/schemas/model-deployment.json", indented(t, modelDeploymentSchema(t)))
}

// TestModelDeploymentSchemaHasTheKeysOfTheReader compares the schema with the reader
// in both directions: what is read is in the schema, and what is there is read.
func TestModelDeploymentSchemaHasTheKeysOfTheReader(t *testing.T) {
	schema := modelDeploymentSchema(t)
	spec := schema.Definitions["spec"]
	for function, object := range map[string]struct {
		schema *jsonschema.Schema
		words  []string // in the table of fields
	}{
		"DeploymentSpec": {spec, facts.Words(facts.DeploymentFields())},
		"models":         {schema.Definitions["model"], nil},
		"computeSpec":    {property(t, spec, "compute").AnyOf[0], facts.Words(facts.ComputeFields())},
	} {
		var keys []string
		for pair := object.schema.Properties.Oldest(); pair != nil; pair = pair.Next() {
			keys = append(keys, pair.Key)
		}
		read, named := casesOf(t, "read/words.go", function)
		read, named = append(read, object.words...), append(named, object.words...)
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
	spec := modelDeploymentSchema(t).Definitions["spec"]
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
		deployment, err := json.Marshal(only(t, extraction))
		if err != nil {
			t.Fatal(err)
		}
		if bare := `{"name":"d.json","format":"mlpolicy-model-deployment"}`; string(deployment) == bare {
			t.Errorf("%s: the value states no fact", document)
		}
	}
}

// TestModelDeploymentSchemaAndReaderAgree compares what the schema accepts with what the reader
// does not report as an error, document by document. .ci/schema validates the same documents
// with the validator that editors use.
func TestModelDeploymentSchemaAndReaderAgree(t *testing.T) {
	compiled, err := validator.NewCompiler().Compile("../../../docs/schemas/model-deployment.json")
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile("../../../testdata/schema/model-deployments.json")
	if err != nil {
		t.Fatal(err)
	}
	var documents []struct {
		Name          string
		Valid         bool
		Document      json.RawMessage
		Inexpressible string // why the schema accepts what the reader does not
	}
	if err := json.Unmarshal(data, &documents); err != nil {
		t.Fatal(err)
	}
	if len(documents) < 60 {
		t.Fatalf("%d documents", len(documents))
	}
	for _, document := range documents {
		t.Run(document.Name, func(t *testing.T) {
			extraction := extract(t, nil, Options{}, "d.json", string(document.Document))
			var errs []string
			for _, problem := range extraction.Problems {
				if problem.Severity == facts.Error {
					errs = append(errs, problem.Message)
				}
			}
			if valid := len(errs) == 0; valid != document.Valid {
				t.Errorf("valid to the reader: %v %q", valid, errs)
			}
			value, err := validator.UnmarshalJSON(bytes.NewReader(document.Document))
			if err != nil {
				t.Fatal(err)
			}
			if err := compiled.Validate(value); (err == nil) != (document.Valid || document.Inexpressible != "") {
				t.Errorf("schema: %v", err)
			}
		})
	}
}

func example(t *testing.T, key string, schema *jsonschema.Schema) any {
	t.Helper()
	switch {
	case len(schema.Examples) > 0:
		return schema.Examples[0]
	case len(schema.Enum) > 0:
		return schema.Enum[0]
	case schema.Ref != "":
		return example(t, key, modelDeploymentSchema(t).Definitions[path.Base(schema.Ref)])
	case len(schema.AnyOf) > 0:
		return example(t, key, schema.AnyOf[0])
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
	schema := reflector(t).Reflect(facts.Facts{})
	schema.Version = draft07
	property(t, schema, "deployments").Items.Properties.Set("lower_bounds", &jsonschema.Schema{
		Type:        "array",
		Description: "LowerBounds are the names of the facts above whose value is a lower bound: some of what adds to it is unknown.",
		Items:       &jsonschema.Schema{Type: "string", Enum: []any{"cpu_cores", "fpgas", "gpus", "memory_gib", "memory_limit_gib"}},
	})
	return schema
}

// reflector makes of a Fact[T] the schema of a T, of an enumeration its words.
func reflector(t *testing.T) *jsonschema.Reflector {
	t.Helper()
	r := &jsonschema.Reflector{Anonymous: true, DoNotReference: true}
	if err := r.AddGoComments(reflect.TypeFor[facts.Facts]().PkgPath(), "../facts", jsonschema.WithFullComment()); err != nil {
		t.Fatal(err)
	}
	for name, comment := range r.CommentMap {
		r.CommentMap[name] = strings.ReplaceAll(comment, "\n", " ")
	}
	r.Mapper = func(of reflect.Type) *jsonschema.Schema {
		if fact, ok := reflect.Zero(of).Interface().(interface{ Any() (any, bool) }); ok {
			value, _ := fact.Any()
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

// modelDeploymentSchema is made of the schema of the facts: a ModelDeployment declares
// them in the same words. It accepts what the reader accepts: a value that is absent, null or a
// placeholder, words in any case, quantities as people write them.
func modelDeploymentSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	deployment := property(t, factsSchema(t), "deployments").Items
	words := descriptions{t, deployment}
	models := descriptions{t, property(t, deployment, "models").Items}
	compute := descriptions{t, property(t, deployment, "compute")}

	model := object(
		"name", models.of("name", anyText()),
		"version", models.of("version", anyText()),
		"path", given("Path of the model's files, relative to the folder of this document.", nil, anyText()),
		"size", given("Size of the model's files, in bytes or with a unit.", []any{"900MB", "1.4GB", "512MiB", 1000000000},
			&jsonschema.Schema{Type: "integer", Minimum: "0", Maximum: "9223372036854775807"}, textLike(whole+`(\.0*)?\s*$|`+number+unit+`\s*$`)),
	)
	spec := object(append(wordSchemas(words, facts.DeploymentFields()),
		"labels", words.of("labels", anyTexts()),
		"images", words.of("images", &jsonschema.Schema{Type: "array", Items: given("", nil, anyText())}),
		"model", words.of("models", refTo("model"),
			&jsonschema.Schema{Type: "array", Items: &jsonschema.Schema{AnyOf: []*jsonschema.Schema{refTo("model"), refTo("placeholder")}}}),
		"compute", words.of("compute", object(wordSchemas(compute, facts.ComputeFields())...)),
	)...)
	metadata := object(
		"name", words.of("name", anyText()),
		"labels", words.of("labels", anyTexts()),
		"annotations", given("Annotations may declare facts, like those of a Kubernetes object.", nil, anyTexts()),
	)
	metadata.AdditionalProperties = nil
	schema := object(
		"apiVersion", &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Const: kube.OwnAPI}, refTo("placeholder")}},
		"kind", &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Const: kube.OwnKind}, refTo("placeholder")}},
		"metadata", given("", nil, metadata),
		"spec", &jsonschema.Schema{AnyOf: []*jsonschema.Schema{refTo("spec"), refTo("placeholder")}},
	)
	schema.Version = draft07
	schema.Title = "ModelDeployment"
	schema.Description = "Facts of a deployment that no other file declares."
	schema.Required = []string{"apiVersion", "kind", "spec"}
	schema.Definitions = jsonschema.Definitions{"spec": spec, "model": model, "placeholder": textLike(placeholderPattern)}
	return schema
}

// wordSchemas returns the words that declare facts of an object, each before the schema of its values.
func wordSchemas[T any](object descriptions, fields []facts.Field[T]) []any {
	var members []any
	for _, field := range fields {
		if field.Word != "" {
			members = append(members, field.Word, wordSchema(object, field))
		}
	}
	return members
}

func wordSchema[T any](object descriptions, field facts.Field[T]) *jsonschema.Schema {
	object.t.Helper()
	switch fact := field.Fact(new(T)).(type) {
	case *facts.Fact[string]:
		return object.of(field.Name, anyText())
	case *facts.Fact[bool]:
		return object.of(field.Name, anyBoolean()...)
	case *facts.Fact[int64]:
		return object.of(field.Name, anyCount()...)
	case *facts.Fact[facts.Target]:
		return object.of(field.Name, oneOf[facts.Target]()...)
	case *facts.Fact[facts.API]:
		return object.of(field.Name, oneOf[facts.API]()...)
	case *facts.Fact[facts.Workload]:
		return object.of(field.Name, oneOf[facts.Workload]()...)
	case *facts.Fact[facts.Stage]:
		return object.of(field.Name, oneOf[facts.Stage]()...)
	case *facts.Fact[facts.Manager]:
		return object.of(field.Name, oneOf[facts.Manager]()...)
	case *facts.Fact[facts.VMPriority]:
		return object.of(field.Name, oneOf[facts.VMPriority]()...)
	case *facts.Fact[float64]:
		switch field.Unit {
		case facts.Cores:
			return given("CPU is the number of cores of the whole group or pod.", []any{2, "500m"},
				&jsonschema.Schema{Type: "number", Minimum: "0", Maximum: "10000000000000000000"}, textLike(`^\s*\+?([0-9]+(\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]{1,2})?\s*$`))
		case facts.GiB:
			return given("Memory of the whole group or pod, with a unit.", []any{"4GiB", "16GB"}, textLike(number+unit+`\s*$`))
		}
		object.t.Fatalf("%s has no unit", field.Name)
	default:
		object.t.Fatalf("%s is a %T, which the schema has no values for", field.Name, fact)
	}
	return nil
}

// Patterns of numbers and units as ParseSize reads them.
const (
	whole  = `^\s*([0-9_]*[0-9][0-9_]*|[0-9]{1,3}(,[0-9]{3})+)`
	number = `^\s*([0-9]{1,3}(,[0-9]{3})+|[0-9_]*[0-9][0-9_]*(\.[0-9_]*)?|\.[0-9_]*[0-9][0-9_]*)\s*`
	unit   = `([bB]([yY][tT][eE][sS]?)?|[kKmMgGtT][iI]?[bB]?|([kK][iI][lL][oO]|[mM][eE][gG][aA]|[gG][iI][gG][aA]|[tT][eE][rR][aA]|[kK][iI][bB][iI]|[mM][eE][bB][iI]|[gG][iI][bB][iI]|[tT][eE][bB][iI])[bB][yY][tT][eE][sS]?)`
)

// descriptions takes descriptions from an object of the schema of the facts.
type descriptions struct {
	t      *testing.T
	object *jsonschema.Schema
}

func (d descriptions) of(key string, alternatives ...*jsonschema.Schema) *jsonschema.Schema {
	d.t.Helper()
	return given(property(d.t, d.object, key).Description, nil, alternatives...)
}

// given makes the schema of a value that may be null or a placeholder.
func given(description string, examples []any, alternatives ...*jsonschema.Schema) *jsonschema.Schema {
	return &jsonschema.Schema{
		Description: description, Examples: examples,
		AnyOf: append(alternatives, refTo("placeholder"), &jsonschema.Schema{Type: "null"}),
	}
}

func textLike(pattern string) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: pattern}
}

func refTo(name string) *jsonschema.Schema {
	return &jsonschema.Schema{Ref: "#/$defs/" + name}
}

// placeholderPattern matches the texts that stand for a value which is filled in later.
const placeholderPattern = `^\s*\$|\$\{|\$\(|#\{|@@|^\s*\[[\s\S]*\]\s*$|<[\s\S]*>|__[\s\S]*__|\{\{[\s\S]*\}\}|\{%[\s\S]*%\}`

// anyText is a text, a number or a boolean, each of which a reader takes for text.
func anyText() *jsonschema.Schema {
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: "string"}, {Type: "number"}, {Type: "boolean"}}}
}

func anyTexts() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "object", AdditionalProperties: given("", nil, anyText())}
}

func anyBoolean() []*jsonschema.Schema {
	return []*jsonschema.Schema{{Type: "boolean"}, textLike(read.Caseless([]string{"true", "false", "yes", "no", "on", "off", "y", "n"}))}
}

func anyCount() []*jsonschema.Schema {
	return []*jsonschema.Schema{{Type: "integer", Minimum: "0", Maximum: "2147483647"}, textLike(`^\s*\+?(_*[0-9][0-9_]*(\.0*)?|\.0+)([eE]\+?[0-9])?\s*$`)}
}

func oneOf[T interface{ Values() []string }]() []*jsonschema.Schema {
	var zero T
	enum := &jsonschema.Schema{}
	for _, value := range zero.Values() {
		enum.Enum = append(enum.Enum, value)
	}
	return []*jsonschema.Schema{enum, textLike(read.Caseless(zero.Values()))}
}

// object makes the schema of an object from its keys and their schemas in turn.
func object(members ...any) *jsonschema.Schema {
	schema := &jsonschema.Schema{
		Type: "object", Properties: jsonschema.NewProperties(), AdditionalProperties: jsonschema.FalseSchema,
		// A key may be a placeholder, such as ${{ if … }}.
		PatternProperties: map[string]*jsonschema.Schema{placeholderPattern: jsonschema.TrueSchema},
	}
	for i := 0; i < len(members); i += 2 {
		schema.Properties.Set(members[i].(string), members[i+1].(*jsonschema.Schema))
	}
	return schema
}

// casesOf returns the texts that the cases of a function compare with, and those that
// its call of UnknownKey names.
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
				if called, ok := n.Fun.(*ast.SelectorExpr); ok && called.Sel.Name == "UnknownKey" {
					named = append(named, texts(n)...)
				}
			}
			return true
		})
	}
	return cases, named
}
