package config

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"sigs.k8s.io/yaml"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
)

const schemaFolder = "../../../docs/schemas"

type schema struct {
	Properties  map[string]schema `json:"properties"`
	Items       *schema           `json:"items"`
	Definitions map[string]schema `json:"definitions"`
}

// TestSchemaHasTheKeysOfTheReader compares both ways: what is read is in the schema, and
// what is there is read.
func TestSchemaHasTheKeysOfTheReader(t *testing.T) {
	var published schema
	data, err := os.ReadFile(filepath.Join(schemaFolder, "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &published); err != nil {
		t.Fatal(err)
	}
	r := &reader{layer: &layer{}}
	for name, each := range map[string]struct {
		fields []field
		object schema
	}{
		"configuration": {r.settings(), published},
		"kubernetes":    {r.kubernetes(), published.Properties["kubernetes"]},
		"devices":       {r.devices(), published.Properties["devices"]},
		"an image":      {r.server(&read.ModelServer{}), published.Definitions["image"]},
		"stages":        {r.stages(), published.Properties["stages"]},
		"models":        {r.model(&model{}), *published.Properties["models"].Items},
		"a stage":       {r.scope(&scope{}), published.Definitions["scope"]},
		"webhook":       {r.webhook(), published.Properties["webhook"]},
		"a namespace":   {r.namespaceMode(&namespaceMode{}), *published.Properties["webhook"].Properties["namespaces"].Items},
		"facts":         {r.statement(&statement{}), *published.Properties["facts"].Items},
		"overrides":     {r.overrideEntry(&layer{}), *published.Properties["overrides"].Items},
		"their set":     {r.byPath(), published.Properties["overrides"].Items.Properties["set"]},
		"sources":       {r.sources(), published.Properties["sources"]},
		"nested":        {r.nested(), published.Properties["nested"]},
		"waivers":       {r.waiver(&Waiver{}), *published.Properties["waivers"].Items},
		"waiving":       {r.waivingSettings(), published.Properties["waiving"]},
	} {
		var read, described []string
		for _, field := range each.fields {
			read = append(read, field.key)
		}
		for key := range each.object.Properties {
			described = append(described, key)
		}
		slices.Sort(read)
		slices.Sort(described)
		if len(read) == 0 || !slices.Equal(read, described) {
			t.Errorf("%s: the reader has %q, the schema %q", name, read, described)
		}
	}
}

// TestSchemaAndReaderAgree shows that an editor accepts and refuses what Parse does. What
// a schema cannot say, such as names of rules and paths, is not here.
func TestSchemaAndReaderAgree(t *testing.T) {
	compiler := jsonschema.NewCompiler()
	compiled, err := compiler.Compile(filepath.Join(schemaFolder, "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		text string
		ok   bool
	}{
		{everything, true},
		{"", true},
		{"edition: x", true},
		{"edition: [x]", false},
		{"editoin: x", false},
		{"kubernetes: {cluster: other}", true},
		{"kubernetes: {cluster: gke}", false},
		{"devices: {gpu: [example.com/a100], fpga: ['example.com/fpga-*']}", true},
		{"devices: {tpu: [google.com/tpu]}", false},
		{"devices: {gpu: example.com/a100}", false},
		{"devices: {gpu: []}", false},
		{"devices: {gpu: ['']}", false},
		{"devices: [example.com/a100]", false},
		{"images: off", true},
		{"images: on", false},
		{"images: [acme/model-server, {repository: acme/llm, start: [serve], excluded_tags: ['*-sdk']}]", true},
		{"images: [{start: [serve]}]", false},
		{"images: [{repository: acme/llm, tags: [a]}]", false},
		{"images: ['acme/llm:1']", false},
		{"images: ['*']", false},
		{"images: {repository: acme/llm}", false},
		{"fail_on: never", true},
		{"fail_on: 'off'", false},
		{"rules: {memory: warn}", false},
		{"stages: {prod: [a]}", false},
		{"stages: {production: a}", false},
		{"stages: {production: []}", false},
		{"stages: {production: [{namespaces: [prod-*]}, a]}", true},
		{"stages: {production: [{}]}", false},
		{"stages: {production: [{namespace: [prod-*]}]}", false},
		{"webhook: {mode: warn, controllers: []}", true},
		{"webhook: {mode: deny}", false},
		{"webhook: {believe: [stage, model-size]}", true},
		{"webhook: {believe: [gpus]}", false},
		{"webhook: {kinds: [serving.example.com, agents.x-k8s.io]}", true},
		{"webhook: {kinds: serving.example.com}", false},
		{"webhook: {kinds: ['*']}", false},
		{"webhook: {kinds: ['*.example.com']}", false},
		{"webhook: {kinds: [apps]}", false},
		{"webhook: {kinds: [serving.example.com/v1]}", false},
		{"webhook: {kinds: [coordination.k8s.io]}", false},
		{"webhook: {namespaces: [{names: [a], mode: warn}]}", true},
		{"webhook: {namespaces: [{names: [a]}]}", false},
		{"webhook: {namespaces: [{mode: warn}]}", false},
		{"models: [{name: a, size: 7}]", true},
		{"models: [{name: a}]", false},
		{"models: [{size: 1GB}]", false},
		{"facts: [{names: [a], set: {gpus: 1}}]", true},
		{"facts: [{names: [a], set: {gpu: 1}}]", false},
		{"facts: [{names: [a], set: {stage: prod}}]", false},
		{"facts: [{names: [a]}]", false},
		{"facts: [{set: {gpus: 1}}]", false},
		{"ignore: [a]", true},
		{"ignore: a", false},
		{"policies: ['']", false},
		{"waivers: []", true},
		{"waivers: [{paths: [a], waive: 'memory,fpga until=2027-01-31 reason=\"old model\"'}]", true},
		{"waivers: [{waive: 'memory reason=old'}]", false},
		{"waivers: [{paths: [a]}]", false},
		{"waivers: [{paths: [], waive: 'memory reason=old'}]", false},
		{"waivers: [{names: [a], waive: memory}]", false},
		{"waivers: [{names: [a], waive: 'reason=old'}]", false},
		{"waivers: [{names: [a], waive: '* reason=old'}]", false},
		{"waivers: [{names: [a], waive: [memory]}]", false},
		{"waivers: [{names: [a], waive: 'memory reason=old', until: 2027-01-31}]", false},
		{"waiving: {require: [until, owner, ticket], longest: 180d, reason: 10, in_files: deny, rules: {fpga: never, memory: configuration}}", true},
		{"waiving: {require: [reason]}", false},
		{"waiving: {longest: 180}", false},
		{"waiving: {longest: 0d}", false},
		{"waiving: {reason: 0}", false},
		{"waiving: {reason: ten}", false},
		{"waiving: {in_files: never}", false},
		{"waiving: {rules: {fpga: always}}", false},
		{"waiving: {rule: {fpga: never}}", false},
		{"extends: [base.yaml]", false},
		{"baseline: ci/old.json", true},
		{"baseline: [ci/old.json]", false},
		{"baseline: ''", false},
		{"baseline: /old.json", false},
		{"baseline: ../old.json", false},
		{"overrides: [{paths: [a], set: {baseline: old.json}}]", false},
		{"nested: {may: [baseline]}", false},
		{"overrides: [{paths: [a], set: {edition: 2020-06, rules: {memory: off}}}]", true},
		{"overrides: [{paths: [a], set: {}}]", true},
		{"overrides: [{paths: [a]}]", false},
		{"overrides: [{set: {edition: 2020-06}}]", false},
		{"overrides: [{paths: [], set: {}}]", false},
		{"overrides: [{paths: [a], set: {ignore: [b]}}]", false},
		{"overrides: [{paths: [a], set: {policies: [b]}}]", false},
		{"overrides: {paths: [a], set: {}}", false},
		{"nested: {may: []}", true},
		{"nested: {may: [edition, kubernetes, devices, images, fail_on, rules, stages, models, facts, ignore, waivers]}", true},
		{"nested: {may: [policies]}", false},
		{"nested: {may: stages}", false},
		{"nested: {allow: [stages]}", false},
		{"locked: {memory: error}", true},
		{"locked: {memory: fatal}", false},
		{"locked: [memory]", false},
	} {
		_, err := Parse([]byte(test.text), Origin{Name: FileName})
		if ok := err == nil; ok != test.ok {
			t.Errorf("%s\nParse: %v", test.text, err)
		}
		document, err := yaml.YAMLToJSON(bytes.ReplaceAll([]byte(test.text), []byte(" off"), []byte(" 'off'")))
		if err != nil {
			t.Fatal(err)
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
		if err != nil {
			t.Fatal(err)
		}
		if err := compiled.Validate(value); (err == nil) != test.ok {
			t.Errorf("%s\nschema: %v", test.text, err)
		}
	}
}
