package deploy

import (
	"bytes"
	"encoding/json"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	yamlv3 "go.yaml.in/yaml/v3"
	"sigs.k8s.io/yaml"

	"github.com/mlpolicy/mlpolicy/internal/golden"
)

const (
	schemaFile = "chart/values.schema.json"
	valuesFile = "chart/values.yaml"
)

// TestValuesSchema checks that the schema of the chart's values has that of the configuration in its definitions, with the
// schemas that it refers to.
func TestValuesSchema(t *testing.T) {
	head, _, ok := strings.Cut(string(read(t, schemaFile)), "\n  \"definitions\": ")
	if !ok {
		t.Fatal("the schema has no definitions")
	}
	definitions := map[string]any{}
	for _, name := range []string{"config", "model-deployment"} {
		var schema map[string]any
		if err := json.Unmarshal(read(t, filepath.Join("../docs/schemas", name+".json")), &schema); err != nil {
			t.Fatal(err)
		}
		delete(schema, "$schema")
		delete(schema, "$id")
		definitions[name] = embedded(name, schema)
	}
	text, err := json.MarshalIndent(definitions, "  ", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, schemaFile, head+"\n  \"definitions\": "+string(text)+"\n}\n")
}

// embedded returns a schema as a definition of another one by that name. Helm reads the unquoted off of YAML 1.1 as a
// boolean, which the chart takes for the word.
func embedded(name string, node any) any {
	switch node := node.(type) {
	case map[string]any:
		changed := map[string]any{}
		for key, value := range node {
			if ref, ok := value.(string); ok && key == "$ref" {
				file, pointer, _ := strings.Cut(ref, "#")
				if file = strings.TrimSuffix(file, ".json"); file == "" {
					file = name
				}
				value = "#/definitions/" + file + pointer
			}
			words, _ := value.([]any)
			if key == "enum" && slices.Contains(words, any("off")) && !slices.Contains(words, any(false)) {
				value = append(slices.Clone(words), false)
			}
			changed[key] = embedded(name, value)
		}
		return changed
	case []any:
		changed := make([]any, len(node))
		for i, value := range node {
			changed[i] = embedded(name, value)
		}
		return changed
	}
	return node
}

// TestValuesFollowTheirSchema checks values and configurations, good and bad.
func TestValuesFollowTheirSchema(t *testing.T) {
	compiled, err := jsonschema.NewCompiler().Compile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	problem := func(text string) string {
		var defaults, value map[string]any
		for text, into := range map[string]*map[string]any{string(read(t, valuesFile)): &defaults, text: &value} {
			if err := yaml.Unmarshal([]byte(text), into); err != nil {
				t.Fatal(err)
			}
		}
		if err := compiled.Validate(over(value, defaults)); err != nil {
			return err.Error()
		}
		return ""
	}
	for _, file := range []string{valuesFile, "chart/profiles/fail-closed.yaml"} {
		if got := problem(string(read(t, file))); got != "" {
			t.Errorf("%s: %s", file, got)
		}
	}
	tests := map[string]string{ // a part of the problem, empty if there is none
		"config:":                    "",
		"config: 'edition: 2023-03'": "",
		"config: {}":                 "",
		"config: {edition: 2023-03, kubernetes: {cluster: aks}}":      "",
		"config: {rules: {preview-target: off, memory: warning}}":     "",
		"config: {facts: [{kinds: [Pod], set: {target: aks}}]}":       "",
		"config: {webhook: {namespaces: [{names: [a], mode: warn}]}}": "",
		"config: {editon: 2023-03}":                                   "'editon' not allowed",
		"config: {edition: 1}":                                        "/config/edition",
		"config: {kubernetes: {cluster: gke}}":                        "/config/kubernetes/cluster",
		"config: {rules: {memory: on}}":                               "/config/rules/memory",
		"config: {rules: {memory: fatal}}":                            "/config/rules/memory",
		"config: {facts: [{kinds: [Pod], set: {workload: 1}}]}":       "/config/facts/0/set/workload",
		"config: {facts: [{set: {target: aks}}]}":                     "/config/facts/0",
		"config: {webhook: {mode: deny}}":                             "/config/webhook/mode",
		"config: [edition]":                                           "/config",
		"serviceMonitor: {enabled: auto}":                             "",
		"serviceMonitor: {enabled: maybe}":                            "/serviceMonitor/enabled",
		"monitoring: {apiGroup: example.com}":                         "/monitoring/apiGroup",
		"extraEnv: [{name: GOMEMLIMIT, value: 1GiB}]":                 "/extraEnv/0/name",
		"extraEnv: [{name: GODEBUG, value: fips140=on}]":              "",
		"hooks:":                                  "missing property 'hooks'",
		"clients: null":                           "missing property 'clients'",
		"webhook: {failurePolicy: }":              "missing property 'failurePolicy'",
		"certificate: {existing: null}":           "missing property 'existing'",
		"resources: {requests: null}":             "",
		"webhook: {matchConditions: [{name: a}]}": "/webhook/matchConditions/0",
		"webhook: {matchConditions: [{name: unknown-version, expression: 'true'}]}": "/webhook/matchConditions/0/name",
	}
	if len(tests) == 0 {
		t.Fatal("no cases")
	}
	for text, want := range tests {
		if got := problem(text); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%s: the problem is %q, want %q", text, got, want)
		}
	}
}

// over puts values above defaults as Helm does: mappings are merged, and null takes a default away.
func over(values, defaults map[string]any) map[string]any {
	merged := map[string]any{}
	maps.Copy(merged, defaults)
	for key, value := range values {
		fields, isMapping := value.(map[string]any)
		below, _ := defaults[key].(map[string]any)
		switch {
		case value == nil:
			delete(merged, key)
		case isMapping:
			merged[key] = over(fields, below)
		default:
			merged[key] = value
		}
	}
	return merged
}

// value is one value of the chart: a property of the schema that has no properties of its own.
type value struct {
	path        []string
	description string
}

// chartValues are the values in the order of the schema.
func chartValues(t *testing.T) (all []value) {
	t.Helper()
	var root yamlv3.Node // JSON is YAML, whose reader keeps the order
	if err := yamlv3.Unmarshal(read(t, schemaFile), &root); err != nil {
		t.Fatal(err)
	}
	var collect func(schema *yamlv3.Node, path []string)
	collect = func(schema *yamlv3.Node, path []string) {
		if properties := member(schema, "properties"); properties != nil {
			for i := 0; i < len(properties.Content); i += 2 {
				collect(properties.Content[i+1], append(slices.Clone(path), properties.Content[i].Value))
			}
			return
		}
		of := value{path: path}
		if description := member(schema, "description"); description != nil {
			of.description = description.Value
		}
		all = append(all, of)
	}
	collect(root.Content[0], nil)
	if len(all) < 60 {
		t.Fatalf("there are %d values", len(all))
	}
	return all
}

func member(node *yamlv3.Node, key string) *yamlv3.Node {
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == key {
			return node.Content[i+1]
		}
	}
	return nil
}

// TestChartReadme checks that the chart's README lists each value with its default, and has commands of the runbook alone.
func TestChartReadme(t *testing.T) {
	var defaults map[string]any
	if err := yaml.Unmarshal(read(t, valuesFile), &defaults); err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	table.WriteString("| value | default | purpose |\n|---|---|---|\n")
	for _, of := range chartValues(t) {
		name := strings.Join(of.path, ".")
		if of.description == "" {
			t.Errorf("%s has no description", name)
		}
		if name == "global" {
			continue
		}
		var standard any = defaults
		for _, key := range of.path {
			fields, _ := standard.(map[string]any)
			standard = fields[key]
		}
		text := ""
		if standard != nil {
			var written bytes.Buffer
			encoder := json.NewEncoder(&written)
			encoder.SetEscapeHTML(false)
			if err := encoder.Encode(standard); err != nil {
				t.Fatal(err)
			}
			text = "`" + strings.TrimSpace(written.String()) + "`"
		}
		table.WriteString("| `" + name + "` | " + text + " | " + of.description + " |\n")
	}
	const file = "chart/README.md"
	text := string(read(t, file))
	head, rest, begins := strings.Cut(text, "<!-- values -->\n")
	_, tail, ends := strings.Cut(rest, "<!-- end -->")
	if !begins || !ends {
		t.Fatal("the README has no place for the values")
	}
	golden.Check(t, file, head+"<!-- values -->\n"+table.String()+"<!-- end -->"+tail)

	commands := regexp.MustCompile(`(?m)^ *\$ (.+)$`).FindAllStringSubmatch(text, -1)
	if len(commands) == 0 {
		t.Fatal("the README has no commands")
	}
	runbook := string(read(t, "../docs/runbook.md"))
	for _, command := range commands {
		if !strings.Contains(runbook, "$ "+command[1]+"\n") {
			t.Errorf("the runbook does not have %q", command[1])
		}
	}
}
