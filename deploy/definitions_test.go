package deploy

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
)

// definition is what is read of a CustomResourceDefinition.
type definition struct {
	Kind     string
	Metadata struct{ Name string }
	Spec     struct {
		Group      string
		Scope      string
		Names      struct{ Kind, Plural string }
		Conversion struct{ Strategy string }
		Versions   []struct {
			Name            string
			Served, Storage bool
			Schema          struct{ OpenAPIV3Schema map[string]any }
		}
	}
}

// upstream is what the head of a definition names: a path there, and a release or a commit. Where the definition is not public, it
// names the documentation.
var upstream = regexp.MustCompile(`(?s)^# .* as (upstream|its generator).*[a-z0-9]+/[a-z0-9./_]+.* github\.com/[\w./-]+ (at [0-9a-f]{12}|v\d+\.\d+\.\d+)\b` +
	`|^# \w+ of [\w ]+ as documented in \w+ \d{4}: https://[\w./-]+\. Its definition is not public\.`)

// unread are the members of the definitions that may hold anything, since no format reads them.
var unread = []string{"status", "updateStrategy", "metrics", "advanced", "triggers", "emptyDir", "propertyBag"}

// TestDefinitions holds the definitions that the end-to-end tests have of their own against the
// kinds that facts reads: each is there in every version that is asked about, in its scope, and
// keeps nothing that it does not name.
func TestDefinitions(t *testing.T) {
	files, err := filepath.Glob("e2e/testdata/crds/*.yaml")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d definitions: %v", len(files), err)
	}
	for _, file := range files {
		text := read(t, file)
		var of definition
		if err := yaml.Unmarshal(text, &of); err != nil || of.Kind != "CustomResourceDefinition" {
			t.Errorf("%s is no definition: %v", file, err)
			continue
		}
		head, _, _ := strings.Cut(string(text), "\napiVersion:")
		if !upstream.MatchString(strings.ReplaceAll(head, "\n#", "")) {
			t.Errorf("%s names no path and release upstream", file)
		}
		spec := of.Spec
		if name := spec.Names.Plural + "." + spec.Group; of.Metadata.Name != name || filepath.Base(file) != spec.Group+"_"+spec.Names.Plural+".yaml" {
			t.Errorf("%s is named %s, want %s", file, of.Metadata.Name, name)
		}
		if spec.Conversion.Strategy != "None" {
			t.Errorf("%s converts by %q", file, spec.Conversion.Strategy)
		}
		var versions []string
		stored := 0
		for _, version := range spec.Versions {
			if !version.Served {
				t.Errorf("%s does not serve %s", file, version.Name)
			}
			if version.Storage {
				stored++
			}
			if !strings.HasSuffix(version.Name, "storage") { // that the operator alone writes
				versions = append(versions, version.Name)
			}
			kept(t, file, "", version.Schema.OpenAPIV3Schema)
		}
		if stored != 1 {
			t.Errorf("%s stores %d versions", file, stored)
		}
		var want []string
		for _, served := range kube.Kinds() {
			if served.Group != spec.Group || !slices.Contains(served.Kinds, spec.Names.Kind) {
				continue
			}
			want = append(want, served.Versions...)
			if served.Cluster != (spec.Scope == "Cluster") || served.Resource(spec.Names.Kind) != spec.Names.Plural {
				t.Errorf("%s is %s and has the resource %s", file, spec.Scope, spec.Names.Plural)
			}
		}
		slices.Sort(versions)
		slices.Sort(want)
		if !slices.Equal(versions, want) {
			t.Errorf("%s has the versions %v, want %v", file, versions, want)
		}
	}
}

// kept finds members of a schema that keep what it does not name.
func kept(t *testing.T, file, name string, schema map[string]any) {
	t.Helper()
	whole := schema["x-kubernetes-embedded-resource"] != nil // an object, whose kind decides what it has
	if schema["x-kubernetes-preserve-unknown-fields"] != nil && !whole && !slices.Contains(unread, name) {
		t.Errorf("%s keeps unknown members of %s", file, name)
	}
	properties, _ := schema["properties"].(map[string]any)
	for name, property := range properties {
		if property, ok := property.(map[string]any); ok {
			kept(t, file, name, property)
		}
	}
	for _, of := range []string{"items", "additionalProperties"} {
		if nested, ok := schema[of].(map[string]any); ok {
			kept(t, file, name, nested)
		}
	}
}
