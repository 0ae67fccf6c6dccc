package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"
)

// downloadTimeout is for about 100 MB of Go modules, the first time.
const downloadTimeout = 10 * time.Minute

// anything is the schema of what nobody reads.
var anything = map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true}

var definitionsResource = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}

// dynamicClient is of an administrator who asks as often as he likes.
func dynamicClient(t *testing.T) dynamic.Interface {
	t.Helper()
	config := rest.CopyConfig(shared.config)
	config.QPS = -1
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// define installs definitions.
func define(t *testing.T, list []*unstructured.Unstructured) {
	t.Helper()
	client := dynamicClient(t).Resource(definitionsResource)
	for _, definition := range list {
		if _, err := client.Create(t.Context(), definition, metav1.CreateOptions{}); err != nil {
			t.Fatalf("%s: %v", definition.GetName(), err)
		}
	}
	for _, definition := range list {
		eventually(t, "a definition "+definition.GetName()+" in use", func() bool {
			got, err := client.Get(t.Context(), definition.GetName(), metav1.GetOptions{})
			return err == nil && holds(got, "Established")
		})
	}
}

// holds reports whether a condition of an object is true.
func holds(object *unstructured.Unstructured, condition string) bool {
	conditions, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
	return slices.ContainsFunc(conditions, func(each any) bool {
		return each.(map[string]any)["type"] == condition && each.(map[string]any)["status"] == "True"
	})
}

// definitions are CustomResourceDefinitions for every kind of others that the webhook is asked
// about: those that the modules of testdata/crd-modules.yaml carry, and for the rest those of
// testdata/crds. Versions of one name that two projects serve stand side by side.
func definitions(t *testing.T) []*unstructured.Unstructured {
	t.Helper()
	files, err := filepath.Glob("testdata/crds/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d definitions: %v", len(files), err)
	}
	files = append(files, carried(t)...)
	filled := schemas(t)
	var list []*unstructured.Unstructured
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		definition := &unstructured.Unstructured{}
		if err := yaml.Unmarshal(text, &definition.Object); err != nil || definition.GetKind() != "CustomResourceDefinition" {
			t.Fatalf("%s is no definition: %v", file, err)
		}
		delete(definition.Object, "status")
		for _, version := range versionsOf(definition) {
			holder := version["schema"].(map[string]any)
			whole := filled.fill(t, holder["openAPIV3Schema"]).(map[string]any)
			whole["properties"].(map[string]any)["status"] = anything
			holder["openAPIV3Schema"] = whole
		}
		same := slices.IndexFunc(list, func(other *unstructured.Unstructured) bool { return other.GetName() == definition.GetName() })
		if same < 0 {
			list = append(list, definition)
			continue
		}
		beside := list[same].Object["spec"].(map[string]any)
		for _, version := range versionsOf(definition) {
			beside["versions"] = append(beside["versions"].([]any), version)
		}
	}
	for _, definition := range list {
		store(definition)
	}
	return list
}

// store has objects of several versions stored as they are. Upstream a webhook converts them;
// where nothing does, what the version that is stored lacks would be lost.
func store(definition *unstructured.Unstructured) {
	versions := versionsOf(definition)
	if len(versions) == 1 {
		return
	}
	for _, version := range versions {
		version["storage"] = false
	}
	spec := definition.Object["spec"].(map[string]any)
	spec["versions"] = append(spec["versions"].([]any), map[string]any{
		"name": "stored", "served": false, "storage": true, "schema": map[string]any{"openAPIV3Schema": anything},
	})
}

func versionsOf(definition *unstructured.Unstructured) []map[string]any {
	var versions []map[string]any
	for _, version := range definition.Object["spec"].(map[string]any)["versions"].([]any) {
		versions = append(versions, version.(map[string]any))
	}
	return versions
}

// carried are the files of testdata/crd-modules.yaml in the module cache.
func carried(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("testdata/crd-modules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var modules []struct {
		Module, Version, Sum string
		Files                []string
	}
	if err := yaml.UnmarshalStrict(text, &modules); err != nil || len(modules) == 0 {
		t.Fatalf("%d modules: %v", len(modules), err)
	}
	args := []string{"mod", "download", "-json"}
	for _, module := range modules {
		args = append(args, module.Module+"@"+module.Version)
	}
	ctx, cancel := context.WithTimeout(t.Context(), downloadTimeout)
	defer cancel()
	download := exec.CommandContext(ctx, "go", args...)
	download.Dir = t.TempDir() // in no module
	download.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	var problems bytes.Buffer
	download.Stderr = &problems
	out, failed := download.Output()
	type downloaded struct{ Path, Version, Dir, Sum, Error string }
	found := map[string]downloaded{}
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var one downloaded
		if err := decoder.Decode(&one); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if one.Error != "" {
			t.Error(one.Error)
		}
		found[one.Path+"@"+one.Version] = one
	}
	if failed != nil {
		t.Fatalf("go mod download: %v\n%s", failed, &problems)
	}
	var files []string
	for _, module := range modules {
		one := found[module.Module+"@"+module.Version]
		if one.Sum != module.Sum {
			t.Fatalf("%s@%s has the sum %s, want %s", module.Module, module.Version, one.Sum, module.Sum)
		}
		for _, file := range module.Files {
			files = append(files, filepath.Join(one.Dir, file))
		}
	}
	return files
}

// openAPI is the schemas of the API server's core group, by their names.
type openAPI map[string]any

func schemas(t *testing.T) openAPI {
	t.Helper()
	body, err := shared.client.RESTClient().Get().AbsPath("/openapi/v3/api/v1").DoRaw(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Components struct{ Schemas map[string]any }
	}
	if err := json.Unmarshal(body, &document); err != nil || len(document.Components.Schemas) == 0 {
		t.Fatalf("%d schemas: %v", len(document.Components.Schemas), err)
	}
	named := openAPI{}
	for name, schema := range document.Components.Schemas {
		named[name[strings.LastIndex(name, ".")+1:]] = schema
	}
	return named
}

// fill returns a schema of a definition without descriptions, which the API server would only
// carry along, and with the API server's own schema for each $ref, whose other members stand above it.
func (o openAPI) fill(t *testing.T, node any) any {
	t.Helper()
	from := node.(map[string]any)
	schema := map[string]any{}
	if name, ok := from["$ref"].(string); ok {
		if o[name] == nil {
			t.Fatalf("there is no schema %s", name)
		}
		schema = o.structural(o[name].(map[string]any))
	}
	for key, value := range from {
		switch key {
		case "$ref", "description":
		case "properties":
			properties, _ := schema[key].(map[string]any)
			if properties == nil {
				properties = map[string]any{}
			}
			for name, property := range value.(map[string]any) {
				properties[name] = o.fill(t, property)
			}
			schema[key] = properties
		case "items":
			schema[key] = o.fill(t, value)
		case "additionalProperties":
			if nested, ok := value.(map[string]any); ok {
				value = o.fill(t, nested)
			}
			schema[key] = value
		default:
			schema[key] = value
		}
	}
	return schema
}

// structural returns a schema of the API server's own kinds as a definition may have it.
func (o openAPI) structural(from map[string]any) map[string]any {
	if ref, ok := from["$ref"].(string); ok {
		return o.structural(o[ref[strings.LastIndex(ref, ".")+1:]].(map[string]any))
	}
	if all, ok := from["allOf"].([]any); ok {
		return o.structural(all[0].(map[string]any)) // a $ref that is described
	}
	if from["oneOf"] != nil { // a quantity or a port
		return map[string]any{"x-kubernetes-int-or-string": true}
	}
	schema := map[string]any{}
	for key, value := range from {
		switch key {
		case "type", "format", "required":
			schema[key] = value
		case "properties":
			properties := map[string]any{}
			for name, property := range value.(map[string]any) {
				properties[name] = o.structural(property.(map[string]any))
			}
			schema[key] = properties
		case "items", "additionalProperties":
			schema[key] = o.structural(value.(map[string]any))
		}
	}
	return maps.Clone(schema)
}
