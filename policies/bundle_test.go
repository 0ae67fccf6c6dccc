package policies_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/loader"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"

	"github.com/mlpolicy/mlpolicy/internal/golden"
	"github.com/mlpolicy/mlpolicy/policies"
)

// The bundle claims no more than the packages and editions that it has: whatever else
// stands below mlpolicy comes from other bundles.
func TestManifest(t *testing.T) {
	var roots []string
	// Not as a bundle: the manifest that is there would refuse what it does not list yet.
	if err := fs.WalkDir(policies.FS, "mlpolicy", func(name string, _ fs.DirEntry, err error) error {
		if err != nil || path.Ext(name) != ".rego" {
			return err
		}
		text, err := policies.FS.ReadFile(name)
		if err != nil {
			return err
		}
		module, err := ast.ParseModule(name, string(text))
		if err != nil {
			return err
		}
		steps := make([]string, len(module.Package.Path)-1)
		for i, step := range module.Package.Path[1:] {
			steps[i] = string(step.Value.(ast.String))
		}
		roots = append(roots, path.Join(steps...))
		return nil
	}); err != nil || len(roots) == 0 {
		t.Fatalf("no packages: %v", err)
	}
	editions, err := policies.FS.ReadDir("mlpolicy/editions")
	if err != nil || len(editions) == 0 {
		t.Fatalf("no editions: %v", err)
	}
	for _, edition := range editions {
		roots = append(roots, "mlpolicy/editions/"+edition.Name())
	}
	slices.Sort(roots)
	roots = slices.Compact(roots)
	want, err := json.MarshalIndent(map[string]any{"rego_version": 1, "roots": roots}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, ".manifest", append(want, '\n'))
}

// organisation is a bundle of rules and an edition beside the project's.
func organisation(roots ...string) fstest.MapFS {
	manifest, _ := json.Marshal(map[string]any{"rego_version": 1, "roots": roots})
	return fstest.MapFS{
		".manifest": {Data: manifest},
		"mlpolicy/rules/image-registry/image_registry.rego": {Data: []byte(`# METADATA
# title: Image of another registry
# description: Images come from our registry.
# custom:
#   severity: error
#   remediation: Push the image to our registry.
package mlpolicy.rules["image-registry"]

deny contains {"path": ["deployments", i, "images"], "message": "another registry"} if {
	some i, deployment in input.deployments
	some image in deployment.images
	not startswith(image, "example.com/")
}
`)},
		"mlpolicy/editions/2030-01/data.yaml": {Data: []byte(`title: Ours
date: "2030-01-01"
source: example.com
columns: [memory]
targets:
  aci: {name: ACI, memory: {below_gib: 4}}
`)},
	}
}

// A bundle of an organisation works beside the project's in OPA as it comes.
func TestTwoBundles(t *testing.T) {
	ours := loadBundle(t)
	answer := func(other *bundle.Bundle, input string) (any, error) {
		var facts any
		if err := json.Unmarshal([]byte(input), &facts); err != nil {
			t.Fatal(err)
		}
		results, err := rego.New(
			rego.ParsedBundle("policies", ours), rego.ParsedBundle("other", other),
			rego.Query(`[{finding.rule | some finding in data.mlpolicy.query.findings}, data.mlpolicy.query.problems]`),
			rego.Input(facts),
		).Eval(t.Context())
		if err != nil || len(results) == 0 {
			return nil, err
		}
		return results[0].Expressions[0].Value, nil
	}
	read := func(files fstest.MapFS) *bundle.Bundle {
		b, err := loader.NewFileLoader().WithFS(files).AsBundle(".")
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	other := read(organisation("mlpolicy/rules/image-registry", "mlpolicy/editions/2030-01"))
	for edition, want := range map[string]string{
		"2020-06": `[["image-registry"],[]]`,
		"2030-01": `[["image-registry","memory"],[]]`,
	} {
		got, err := answer(other, `{"edition": "`+edition+`", "deployments": [{"name": "a", "target": "aci", "memory_gib": 8, "images": ["docker.io/a"]}]}`)
		if text, _ := json.Marshal(got); err != nil || string(text) != want {
			t.Errorf("edition %s: %s, %v, want %s", edition, text, err, want)
		}
	}
	// What both claim is an error of OPA: the test above is not for nothing.
	_, err := answer(read(organisation("mlpolicy")), `{}`)
	if err == nil || !strings.Contains(err.Error(), "overlapping roots") {
		t.Errorf("of overlapping bundles the error is %v", err)
	}
}

// The package main that is shipped for Conftest denies whatever keeps the rules from being
// asked, too: Conftest passes what nothing denies.
func TestConftestPackage(t *testing.T) {
	main, err := os.ReadFile("../deploy/conftest/main.rego")
	if err != nil {
		t.Fatal(err)
	}
	const good = `{"edition": "2020-06", "deployments": [{"name": "a", "target": "aci", "memory_gib": 8}]}`
	modules := modulesOf(loadBundle(t))
	data := loadBundle(t).Data
	for name, test := range map[string]struct {
		rules bool
		data  map[string]any
		input string
		want  string // in the only message, empty for none
	}{
		"a finding":      {true, data, strings.Replace(good, "8}", "64}", 1), "memory: a requests 64 GiB"},
		"no finding":     {true, data, good, ""},
		"no data":        {true, map[string]any{}, good, "data.mlpolicy.editions is missing"},
		"no rules":       {false, data, good, "mlpolicy's rules are not loaded"},
		"an old edition": {true, data, strings.Replace(good, "2020-06", "1999-01", 1), "unknown edition 1999-01"},
		"another file":   {true, data, `{"edition": "2020-06", "computeType": "ACI"}`, "input.deployments is missing"},
	} {
		options := []func(*rego.Rego){rego.Module("main.rego", string(main)), rego.Query("data.main.deny"), rego.Store(inmem.NewFromObject(test.data))}
		for file, module := range modules {
			if test.rules && !strings.HasSuffix(file, "_test.rego") {
				options = append(options, rego.ParsedModule(module))
			}
		}
		var input any
		if err := json.Unmarshal([]byte(test.input), &input); err != nil {
			t.Fatal(err)
		}
		results, err := rego.New(append(options, rego.Input(input))...).Eval(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		denied, _ := results[0].Expressions[0].Value.([]any)
		switch {
		case test.want == "" && len(denied) == 0:
		case test.want != "" && len(denied) == 1 && strings.Contains(denied[0].(map[string]any)["msg"].(string), test.want):
		default:
			t.Errorf("%s: denied is %v, want %q", name, denied, test.want)
		}
	}
}
