package policy_test

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
	"github.com/mlpolicy/mlpolicy/policies"
)

// The files of a small valid bundle, which each test breaks in one way.
const (
	tableFile   = "mlpolicy/table/table.rego"
	memoryFile  = "mlpolicy/rules/memory/memory.rego"
	replicaFile = "mlpolicy/rules/few-replicas/few_replicas.rego"
	editionFile = "mlpolicy/editions/2020-06/data.yaml"
	schemaFile  = "schemas/facts.json"
)

const tableRego = `package mlpolicy.table

targets := data.mlpolicy.editions[input.edition].targets
`

const memoryRego = `# METADATA
# title: More memory than the target takes
# description: Some targets have a limit.
# related_resources:
#   - description: Limits
#     ref: https://example.com/limits
# schemas:
#   - input: schema.facts
# custom:
#   severity: error
#   remediation: Ask for less memory.
package mlpolicy.rules.memory

import data.mlpolicy.table

deny contains {"path": path, "message": message} if {
	some i, deployment in input.deployments
	row := table.targets[deployment.target]
	deployment.memory_gib >= row.memory.below_gib

	path := ["deployments", i, "memory_gib"]
	message := sprintf("%s requests %v GB on %s", [deployment.name, deployment.memory_gib, row.name])
}
`

const replicaRego = `# METADATA
# title: One replica in production
# description: One machine fails.
# custom:
#   severity: warning
#   remediation: Ask for two.
package mlpolicy.rules["few-replicas"]

deny contains {"path": ["deployments", i, "replicas"], "message": "one replica"} if {
	some i, deployment in input.deployments
	deployment.replicas < 2
}
`

const editionYAML = `title: Table
date: "2020-06-25"
source: example.com
columns: [used_for, production, gpu, memory, region]
only: [gpu-web-service]
rows_for: {kubernetes: aks, functions: serverless}
notes: [it costs]
targets:
  local: {name: Local, used_for: [web-service], production: false, gpu: [], memory: {}, region: eu}
  aks: {name: AKS, note: large, used_for: [web-service], production: true, gpu: [web-service], memory: {}, region: eu}
  aci: {name: ACI, used_for: [web-service], production: false, gpu: [], memory: {below_gib: 48}, region: us}
  serverless: {name: Any, used_for: [web-service], production: true, gpu: [], memory: {}, region: us}
`

type change func(*testing.T, fstest.MapFS)

// bundle returns the small bundle with changes.
func bundle(t *testing.T, changes ...change) fstest.MapFS {
	t.Helper()
	schema, err := fs.ReadFile(policies.FS, schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{}
	for name, content := range map[string]string{
		tableFile: tableRego, memoryFile: memoryRego, replicaFile: replicaRego,
		editionFile: editionYAML, schemaFile: string(schema), ".manifest": "{}",
		"mlpolicy/rules/memory/memory_test.rego": "this is no Rego: tests are not read",
	} {
		files[name] = &fstest.MapFile{Data: []byte(content)}
	}
	for _, change := range changes {
		change(t, files)
	}
	return files
}

func replace(file, old, new string) change {
	return func(t *testing.T, files fstest.MapFS) {
		t.Helper()
		content := string(files[file].Data)
		if strings.Count(content, old) != 1 {
			t.Fatalf("%s has %q %d times, want it once", file, old, strings.Count(content, old))
		}
		files[file] = &fstest.MapFile{Data: []byte(strings.Replace(content, old, new, 1))}
	}
}

func write(file, content string) change {
	return func(_ *testing.T, files fstest.MapFS) { files[file] = &fstest.MapFile{Data: []byte(content)} }
}

func remove(names ...string) change {
	return func(t *testing.T, files fstest.MapFS) {
		t.Helper()
		for _, name := range names {
			if files[name] == nil {
				t.Fatalf("there is no %s to remove", name)
			}
			delete(files, name)
		}
	}
}

func load(t *testing.T, builtin fs.FS, extra ...policy.Folder) *policy.Policies {
	t.Helper()
	loaded, err := policy.Load(t.Context(), builtin, extra)
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

// lines returns the texts of the errors that err joins, each of which must be a *policy.Error.
func lines(t *testing.T, err error) []string {
	t.Helper()
	if err == nil {
		return nil
	}
	errs := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		errs = joined.Unwrap()
	}
	var lines []string
	for _, err := range errs {
		if _, ok := err.(*policy.Error); !ok {
			t.Errorf("%T is no *policy.Error: %v", err, err)
		}
		lines = append(lines, err.Error())
	}
	return lines
}

// Editors on Windows write a byte order mark.
func TestLoadWithByteOrderMarks(t *testing.T) {
	const mark = "\ufeff"
	loaded := load(t, bundle(t, write(memoryFile, mark+memoryRego), write(editionFile, mark+editionYAML)))
	if rule, ok := loaded.Rule("memory"); !ok || rule.Title != "More memory than the target takes" {
		t.Errorf("the rule is %+v", rule)
	}
	if denials := evaluate(t, loaded, large(1)); len(of("memory", denials)) != 1 {
		t.Errorf("denials are %v", denials)
	}
	_, err := policy.Load(t.Context(), bundle(t, write(memoryFile, mark+strings.Replace(memoryRego, "severity: error", "severity: high", 1))), nil)
	if got := lines(t, err); len(got) != 1 || !strings.HasPrefix(got[0], "builtin:"+memoryFile+":1: rule memory: custom.severity in METADATA") {
		t.Errorf("errors are %q", got)
	}
}

func TestLoad(t *testing.T) {
	loaded := load(t, bundle(t))

	wantRules := []policy.Rule{{
		ID: "few-replicas", Title: "One replica in production", Description: "One machine fails.",
		Remediation: "Ask for two.", Severity: facts.Warning, Scope: policy.PerDeployment,
	}, {
		ID: "memory", Title: "More memory than the target takes", Description: "Some targets have a limit.",
		Remediation: "Ask for less memory.", Severity: facts.Error, Scope: policy.PerDeployment,
		Related: []policy.Reference{{Description: "Limits", URL: "https://example.com/limits"}},
	}}
	if got := loaded.Rules(); !reflect.DeepEqual(got, wantRules) {
		t.Errorf("rules are %+v\nwant %+v", got, wantRules)
	}

	elsewhere := bundle(t)
	replace(memoryFile, "Ask for less memory.", "Ask for less memory, or go to AKS.\n#   suggest_targets: AKS")(t, elsewhere)
	if rule, _ := load(t, elsewhere).Rule("memory"); rule.SuggestTargets != "AKS" {
		t.Errorf("elsewhere is %q", rule.SuggestTargets)
	}

	none, eu, us := map[string]any{}, "eu", "us"
	web, no := []any{"web-service"}, []any{}
	wantEdition := policy.Edition{
		ID: "2020-06", Title: "Table", Date: "2020-06-25", Source: "example.com",
		Columns: []string{"used_for", "production", "gpu", "memory", "region"},
		Only:    []string{"gpu-web-service"},
		Notes:   []string{"it costs"},
		RowsFor: map[string]string{"kubernetes": "aks", "functions": "serverless"},
		Rows: []policy.Row{
			{Target: "local", Name: "Local", Cells: map[string]any{"used_for": web, "production": false, "gpu": no, "memory": none, "region": eu}},
			{Target: "aks", Name: "AKS", Note: "large", Cells: map[string]any{"used_for": web, "production": true, "gpu": web, "memory": none, "region": eu}},
			{Target: "aci", Name: "ACI", Cells: map[string]any{"used_for": web, "production": false, "gpu": no, "memory": map[string]any{"below_gib": int64(48)}, "region": us}},
			{Target: "serverless", Name: "Any", Cells: map[string]any{"used_for": web, "production": true, "gpu": no, "memory": none, "region": us}},
		},
	}
	edition, ok := loaded.Edition("2020-06")
	if !ok || !reflect.DeepEqual(edition, wantEdition) {
		t.Errorf("edition is %+v\nwant %+v", edition, wantEdition)
	}
	if got := loaded.Editions(); !reflect.DeepEqual(got, []policy.Edition{wantEdition}) {
		t.Errorf("editions are %+v", got)
	}
	for target, want := range map[string]string{"aci": "ACI", "kubernetes": "AKS", "functions": "Any"} {
		if row, ok := edition.Row(target); !ok || row.Name != want {
			t.Errorf("row of %s is %q, want %q", target, row.Name, want)
		}
	}
	if row, ok := edition.Row("iot-edge"); ok {
		t.Errorf("iot-edge has a row: %+v", row)
	}
	if edition, ok := loaded.Edition("2019-01"); ok {
		t.Errorf("there is an edition 2019-01: %+v", edition)
	}
}

// Each case breaks the contract in one way; the test compares the whole error.
func TestLoadNamesTheCulprit(t *testing.T) {
	const (
		memory  = "builtin:" + memoryFile
		edition = "builtin:" + editionFile
		targets = "local, compute-instance, aks, aci, aml-compute, functions, iot-edge, data-box-edge, managed-online, batch-endpoint, kubernetes"
	)
	tests := []struct {
		name   string
		change change
		want   []string
	}{
		// METADATA
		{"no METADATA", replace(memoryFile, "# METADATA\n", "#\n"),
			[]string{memory + ":12: rule memory: the package has no METADATA above it"}},
		{"METADATA of deny alone", write(memoryFile, strings.Replace(strings.Replace(memoryRego, "# METADATA\n", "#\n", 1), "deny contains", "# METADATA\n# title: deny\ndeny contains", 1)),
			[]string{memory + ":12: rule memory: the package has no METADATA above it"}},
		{"METADATA that is no YAML", replace(memoryFile, "# title: More", "# title: [More"),
			[]string{memory + ":3: yaml: line 1: did not find expected ',' or ']'"}},
		{"no title", replace(memoryFile, "# title: More memory than the target takes\n", ""),
			[]string{memory + ":1: rule memory: METADATA has no title"}},
		{"title of two lines", replace(memoryFile, "# title: More memory than the target takes\n", "# title: |\n#   More memory\n#   than it takes\n"),
			[]string{memory + ":1: rule memory: title in METADATA must be one line"}},
		{"no description", replace(memoryFile, "# description: Some targets have a limit.\n", ""),
			[]string{memory + ":1: rule memory: METADATA has no description"}},
		{"no severity", replace(memoryFile, "#   severity: error\n", ""),
			[]string{memory + ":1: rule memory: METADATA has no custom.severity"}},
		{"blank remediation", replace(memoryFile, "Ask for less memory.", `" "`),
			[]string{memory + ":1: rule memory: METADATA has no custom.remediation"}},
		{"unknown severity", replace(memoryFile, "severity: error", "severity: high"),
			[]string{memory + `:1: rule memory: custom.severity in METADATA must be error, warning or note, not "high"`}},
		{"severity off", replace(memoryFile, "severity: error", `severity: "off"`),
			[]string{memory + `:1: rule memory: custom.severity in METADATA must be error, warning or note, not "off"`}},
		{"severity that is no string", replace(memoryFile, "severity: error", "severity: 1"),
			[]string{memory + ":1: rule memory: METADATA has a custom.severity that is not a string: 1"}},
		{"unknown custom key", replace(memoryFile, "#   severity: error\n", "#   severity: error\n#   severty: note\n"),
			[]string{memory + ":1: rule memory: METADATA has an unknown custom.severty; known keys are grows_with, remediation, scope, severity, suggest_targets"}},
		{"elsewhere that the remedy does not have", replace(memoryFile, "#   severity: error\n", "#   severity: error\n#   suggest_targets: a target without limit\n"),
			[]string{memory + `:1: rule memory: METADATA has custom.suggest_targets "a target without limit", which is not part of custom.remediation`}},
		{"blank elsewhere", replace(memoryFile, "#   severity: error\n", "#   severity: error\n#   suggest_targets: \"\"\n"),
			[]string{memory + ":1: rule memory: METADATA has no custom.suggest_targets"}},
		{"a direction that is none", replace(memoryFile, "#   severity: error\n", "#   severity: error\n#   grows_with: smaller\n"),
			[]string{memory + `:1: rule memory: custom.grows_with in METADATA must be "larger", not "smaller"`}},
		{"blank direction", replace(memoryFile, "#   severity: error\n", "#   severity: error\n#   grows_with: \"\"\n"),
			[]string{memory + ":1: rule memory: METADATA has no custom.grows_with"}},
		{"nothing but METADATA", write(memoryFile, "# METADATA\n# custom: {}\n"+memoryRego[strings.Index(memoryRego, "package"):]),
			[]string{
				memory + ":1: rule memory: METADATA has no custom.remediation",
				memory + ":1: rule memory: METADATA has no custom.severity",
				memory + ":1: rule memory: METADATA has no description",
				memory + ":1: rule memory: METADATA has no title",
			}},

		// packages
		{"package unlike its folder", replace(memoryFile, "package mlpolicy.rules.memory", "package mlpolicy.rules.memori"),
			[]string{memory + ":12: rule memori: package mlpolicy.rules.memori is in folder memory; the folder must have the rule's ID as its name"}},
		{"package too deep", replace(memoryFile, "package mlpolicy.rules.memory", "package mlpolicy.rules.memory.limit"),
			[]string{memory + `:12: package mlpolicy.rules.memory.limit is not a rule: a rule is package mlpolicy.rules["<id>"]`}},
		{"package outside the root", replace(memoryFile, "package mlpolicy.rules.memory", "package rules.memory"),
			[]string{memory + `:12: package rules.memory is not a rule: a rule is package mlpolicy.rules["<id>"]`}},
		{"package of all rules", replace(memoryFile, "package mlpolicy.rules.memory", "package mlpolicy.rules"),
			[]string{memory + `:12: package mlpolicy.rules is not a rule: a rule is package mlpolicy.rules["<id>"]`}},
		{"package twice", write("mlpolicy/rules/memory/more.rego", memoryRego),
			[]string{"builtin:mlpolicy/rules/memory/more.rego:12: rule memory: the rule already exists: " + memory}},
		{"ID of another spelling", write("mlpolicy/rules/few_pods/few_pods.rego", strings.Replace(replicaRego, "few-replicas", "few_pods", 1)),
			[]string{`builtin:mlpolicy/rules/few_pods/few_pods.rego:7: invalid rule ID "few_pods": use lower-case words joined by hyphens`}},
		{"ID of Go's own findings", write("mlpolicy/rules/syntax/syntax.rego", strings.Replace(replicaRego, "few-replicas", "syntax", 1)),
			[]string{`builtin:mlpolicy/rules/syntax/syntax.rego:7: rule ID "syntax" is reserved for findings about the input itself`}},
		{"no rules", remove(memoryFile, replicaFile),
			[]string{"no rules: no package below mlpolicy.rules"}},

		// deny
		{"no deny", replace(memoryFile, "deny contains", "denied contains"),
			[]string{memory + ":12: rule memory: the package has no deny"}},
		{"deny of one value", replace(memoryFile, `deny contains {"path": path, "message": message} if`, `deny := {"path": path, "message": message} if`),
			[]string{memory + `:16: rule memory: deny is not a set: write deny contains {"path": path, "message": message} if { … }`}},
		{"deny with keys", replace(memoryFile, `deny contains {"path": path, "message": message} if`, `deny[path] := message if`),
			[]string{memory + `:16: rule memory: deny is not a set: write deny contains {"path": path, "message": message} if { … }`}},
		{"deny as a function", replace(memoryFile, `deny contains {"path": path, "message": message} if {`, `deny(_) := [path, message] if {`),
			[]string{memory + `:16: rule memory: deny is not a set: write deny contains {"path": path, "message": message} if { … }`}},
		{"deny below deny", replace(memoryFile, `deny contains`, `deny.limits contains`),
			[]string{memory + `:16: rule memory: deny is not a set: write deny contains {"path": path, "message": message} if { … }`}},

		// Rego
		{"no Rego", replace(memoryFile, "row := table", "row := := table"),
			[]string{memory + ":18: unexpected assign token"}},
		{"Rego of another version", replace(memoryFile, "} if {", "} {"),
			[]string{memory + ":16: `if` keyword is required before rule body"}},
		{"unsafe variable", replace(memoryFile, "row := table.targets[", "table.targets["),
			[]string{memory + ":19: rule memory: var row is unsafe"}},
		{"unused variable", replace(memoryFile, "	row :=", "	unused := 1\n	row :="),
			[]string{memory + ":18: rule memory: assigned var unused unused"}},
		{"recursion", replace(memoryFile, "	row :=", "	count(deny) == 0\n	row :="),
			[]string{memory + ":16: rule memory: rule data.mlpolicy.rules.memory.deny is recursive: data.mlpolicy.rules.memory.deny -> data.mlpolicy.rules.memory.deny"}},
		{"unknown function", replace(memoryFile, "	row :=", "	lower_case(deployment.name)\n	row :="),
			[]string{memory + ":18: rule memory: undefined function lower_case"}},
		{"wrong argument", replace(memoryFile, "	row :=", "	lower(1) == \"\"\n	row :="),
			[]string{memory + ":18: rule memory: lower: invalid argument(s); have: (number, ???); want: (x: string, y: string)"}},
		{"data that nothing provides", replace(memoryFile, "import data.mlpolicy.table", "import data.mlpolicy.tabel as table"),
			[]string{memory + ":18: rule memory: data.mlpolicy.tabel.targets does not exist"}},
		{"data below a package that nothing provides", replace(memoryFile, "table.targets[", "table.rows["),
			[]string{memory + ":18: rule memory: data.mlpolicy.table.rows does not exist"}},
		{"errors in several files", func(t *testing.T, files fstest.MapFS) {
			replace(memoryFile, "severity: error", "severity: high")(t, files)
			replace(replicaFile, "deny contains", "denies contains")(t, files)
			replace(editionFile, "production: true, gpu: [web", "gpu: [web")(t, files)
			write("mlpolicy/rules/broken/broken.rego", "package")(t, files)
		}, []string{
			edition + ":10: row aks has no column production",
			"builtin:mlpolicy/rules/broken/broken.rego:1: unexpected eof token",
			"builtin:" + replicaFile + ":7: rule few-replicas: the package has no deny",
			memory + `:1: rule memory: custom.severity in METADATA must be error, warning or note, not "high"`,
		}},

		// editions
		{"no edition", remove(editionFile), []string{"no editions: no editions/<id>/data.yaml"}},
		{"empty edition", write(editionFile, ""), []string{edition + ": the edition is empty"}},
		{"edition that is no YAML", replace(editionFile, "[it costs]", "[it costs"),
			[]string{edition + ":6: did not find expected ',' or ']'"}},
		{"edition that is a list", write(editionFile, "- title: Table"),
			[]string{edition + ":1: an edition must be a mapping with the keys title, date, source, columns and targets"}},
		{"edition of two documents", write(editionFile, editionYAML+"---\ntitle: other\n"),
			[]string{edition + ":13: an edition must be a single document"}},
		{"unknown key", replace(editionFile, "rows_for:", "rows_fro:"),
			[]string{edition + ":6: unknown key rows_fro; known keys are title, date, source, formerly, columns, only, rows_for, notes and targets"}},
		{"key twice", replace(editionFile, "notes: [it costs]", "title: Other"),
			[]string{edition + ":7: duplicate key title"}},
		{"key that is no string", replace(editionFile, "rows_for: {kubernetes: aks", "rows_for: {1: aks"),
			[]string{edition + ":6: the key 1 is not a string"}},
		{"alias", write(editionFile, strings.Replace(strings.Replace(editionYAML, "eu}\n  aks", "&eu eu}\n  aks", 1), "region: us}\n  serverless", "region: *eu}\n  serverless", 1)),
			[]string{edition + ":11: an edition must not have aliases: write the value out"}},
		{"no title of the edition", replace(editionFile, "title: Table\n", ""), []string{edition + ":1: the edition has no title"}},
		{"no date", replace(editionFile, "date: \"2020-06-25\"\n", ""), []string{edition + ":1: the edition has no date"}},
		{"no day", replace(editionFile, "2020-06-25", "June 2020"),
			[]string{edition + `:2: invalid date "June 2020": write a day such as 2020-06-25 or a month such as 2022-06`}},
		{"no source", replace(editionFile, "source: example.com\n", ""), []string{edition + ":1: the edition has no source"}},
		{"no columns", replace(editionFile, "columns: [used_for, production, gpu, memory, region]\n", ""),
			[]string{edition + ":1: the edition has no columns"}},
		{"columns that are no list", replace(editionFile, "columns: [used_for, production, gpu, memory, region]", "columns: used_for"),
			[]string{edition + ":4: columns must be a list of strings"}},
		{"value of a kind that rules do not have", replace(editionFile, "{below_gib: 48}, region: us", "{below_gib: 48}, region: !!binary dXM="),
			[]string{edition + ":11: rules cannot read the value dXM="}},
		{"column twice", replace(editionFile, "memory, region]", "memory, region, gpu]"),
			[]string{edition + `:4: columns contains "gpu" twice`}},
		{"title that is no string", replace(editionFile, "title: Table", "title: 2020"),
			[]string{edition + ":1: title must be a non-empty string"}},
		{"targets that are a list", write(editionFile, editionYAML[:strings.Index(editionYAML, "targets:")]+"targets: [aks]\n"),
			[]string{edition + ":1: the edition has no targets", edition + ":8: targets must be a mapping of targets to rows"}},
		{"no rows", write(editionFile, editionYAML[:strings.Index(editionYAML, "targets:")]+"targets: {}\n"),
			[]string{edition + ":8: the edition has no rows"}},
		{"row that is a string", replace(editionFile, "{name: Local, used_for: [web-service], production: false, gpu: [], memory: {}, region: eu}", "Local"),
			[]string{edition + ":9: row local must be a mapping of columns to cells"}},
		{"row without a name", replace(editionFile, "name: ACI, ", ""), []string{edition + ":11: row aci has no name"}},
		{"row without a column", replace(editionFile, "memory: {below_gib: 48}, ", ""),
			[]string{edition + ":11: row aci has no column memory"}},
		{"row with an undeclared column", replace(editionFile, "memory: {below_gib: 48}, ", "memory: {below_gib: 48}, fpga: true, "),
			[]string{edition + ":11: row aci has a column fpga that the edition does not declare"}},
		{"column undeclared in all rows", replace(editionFile, "memory, region]", "memory]"),
			[]string{
				edition + ":9: row local has a column region that the edition does not declare",
				edition + ":10: row aks has a column region that the edition does not declare",
				edition + ":11: row aci has a column region that the edition does not declare",
				edition + ":12: row serverless has a column region that the edition does not declare",
			}},
		{"column misspelt in the declaration", replace(editionFile, "memory, region]", "memroy, region]"),
			[]string{
				edition + ":9: row local has a column memory that the edition does not declare",
				edition + ":9: row local has no column memroy",
				edition + ":10: row aks has a column memory that the edition does not declare",
				edition + ":10: row aks has no column memroy",
				edition + ":11: row aci has a column memory that the edition does not declare",
				edition + ":11: row aci has no column memroy",
				edition + ":12: row serverless has a column memory that the edition does not declare",
				edition + ":12: row serverless has no column memroy",
			}},
		{"word for a yes", replace(editionFile, "production: true, gpu: [web", "production: yes, gpu: [web"),
			[]string{edition + ":10: row aks: column production must be true or false"}},
		{"workload that is no list", replace(editionFile, "gpu: [web-service]", "gpu: web-service"),
			[]string{edition + ":10: row aks: column gpu must be a list of web-service, batch-scoring, iot-module, training, or {v1: LIST, v2: LIST} by API version"}},
		{"unknown workload for GPU", replace(editionFile, "gpu: [web-service]", "gpu: [webservice]"),
			[]string{edition + ":10: row aks: column gpu must be a list of web-service, batch-scoring, iot-module, training, or {v1: LIST, v2: LIST} by API version"}},
		{"unknown workload", replace(editionFile, "{name: ACI, used_for: [web-service]", "{name: ACI, used_for: [web]"),
			[]string{edition + ":11: row aci: column used_for must be a list of web-service, batch-scoring, iot-module, training, or {v1: LIST, v2: LIST} by API version"}},
		{"limit that is not a number", replace(editionFile, "below_gib: 48", `below_gib: "48"`),
			[]string{edition + ":11: row aci: column memory must be {} or {below_gib: NUMBER}"}},
		{"limit of nothing", replace(editionFile, "below_gib: 48", "below_gib: 0"),
			[]string{edition + ":11: row aci: column memory must be {} or {below_gib: NUMBER}"}},
		{"limit of another name", replace(editionFile, "below_gib: 48", "below_gb: 48"),
			[]string{edition + ":11: row aci: column memory must be {} or {below_gib: NUMBER}"}},
		{"infinite limit", replace(editionFile, "below_gib: 48", "below_gib: .inf"),
			[]string{edition + ":11: rules cannot read the value .inf"}},
		{"own column of two types", replace(editionFile, "{below_gib: 48}, region: us", "{below_gib: 48}, region: [us]"),
			[]string{edition + ":11: row aci: column region has another type than in row local"}},
		{"unknown target", replace(editionFile, "  aci: {", "  asi: {"),
			[]string{edition + ":11: row asi is not a target: it is not one of " + targets + ", and rows_for does not name it"}},
		{"rows_for a missing row", replace(editionFile, "kubernetes: aks", "kubernetes: ask"),
			[]string{edition + ":6: rows_for names the row ask for kubernetes, but there is no such row"}},
		{"rows_for an unknown target", replace(editionFile, "kubernetes: aks", "kubernets: aks"),
			[]string{edition + `:6: rows_for contains an unknown target "kubernets"; known targets are ` + targets}},
		{"rows_for a target with a row", replace(editionFile, "kubernetes: aks", "aci: aks"),
			[]string{edition + ":6: rows_for contains the target aci, which has its own row"}},
		{"rows_for that is a list", replace(editionFile, "rows_for: {kubernetes: aks, functions: serverless}", "rows_for: [aks]"),
			[]string{edition + ":6: rows_for must be a mapping of targets to rows"}},
		{"unknown only", replace(editionFile, "only: [gpu-web-service]", "only: [gpu-web]"),
			[]string{edition + `:5: only contains an unknown statement "gpu-web"; known statements are gpu-web-service, gpu-batch-scoring, fpga and designer`}},
		{"only without its column", replace(editionFile, "only: [gpu-web-service]", "only: [fpga]"),
			[]string{edition + ":5: only contains fpga, but the edition has no column fpga"}},
		{"only without a row that supports GPU for web services", replace(editionFile, "gpu: [web-service]", "gpu: [batch-scoring]"),
			[]string{edition + ":5: only contains gpu-web-service, but no row contains it in the column gpu"}},
		{"only without a row that offers FPGA", write(editionFile, strings.NewReplacer("only: [gpu-web-service]", "only: [fpga]", "region: eu", "fpga: false", "region: us", "fpga: false", "region", "fpga").Replace(editionYAML)),
			[]string{edition + ":5: only contains fpga, but no row contains it in the column fpga"}},
		{"edition that is not a folder", write("mlpolicy/editions/2020-06.yaml", editionYAML),
			[]string{"builtin:mlpolicy/editions/2020-06.yaml: not loaded as data: only editions/<id>/data.yaml is"}},
		{"edition as JSON", write("mlpolicy/editions/2021-01/data.json", "{}"),
			[]string{"builtin:mlpolicy/editions/2021-01/data.json: not loaded as data: only editions/<id>/data.yaml is"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			loaded, err := policy.Load(t.Context(), bundle(t, test.change), nil)
			if got := lines(t, err); !slices.Equal(got, test.want) || loaded != nil {
				t.Errorf("errors are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

// Functions that depend on anything except their arguments do not exist.
func TestLoadIsHermetic(t *testing.T) {
	for _, call := range []string{
		`http.send({"method": "get", "url": "http://example.com"})`, `net.lookup_ip_addr("example.com")`, `net.cidr_contains("10.0.0.0/8", "10.0.0.1")`,
		`opa.runtime()`, `rego.parse_module("x", "package x")`, `rand.intn("x", 10)`, `uuid.rfc4122("x")`, `time.now_ns()`,
		`io.jwt.encode_sign({}, {}, {})`, `io.jwt.decode_verify("x", {})`, `crypto.x509.parse_and_verify_certificates("x")`,
	} {
		name, _, _ := strings.Cut(call, "(")
		t.Run(name, func(t *testing.T) {
			_, err := policy.Load(t.Context(), bundle(t, replace(memoryFile, "	row :=", "	"+call+" != null\n	row :=")), nil)
			want := []string{"builtin:" + memoryFile + ":18: rule memory: undefined function " + name + ": policies cannot use the network, the clock or random values"}
			if got := lines(t, err); !slices.Equal(got, want) {
				t.Errorf("errors are %q, want %q", got, want)
			}
		})
	}
}

func TestLoadFolder(t *testing.T) {
	other := func(content, from, to string) string { return strings.Replace(content, from, to, 1) }
	tests := []struct {
		name         string
		files        map[string]string
		wantRules    []string // in addition to those of the bundle
		wantEditions []string
		wantErrors   []string
	}{
		{"a rule anywhere", map[string]string{"pods.rego": other(replicaRego, "few-replicas", "few-pods")},
			[]string{"few-pods: acme/pods.rego"}, nil, nil},
		{"the layout of the bundle", map[string]string{
			"mlpolicy/rules/few-pods/few_pods.rego":      other(replicaRego, "few-replicas", "few-pods"),
			"mlpolicy/rules/few-pods/few_pods_test.rego": "no Rego",
			"mlpolicy/editions/acme/data.yaml":           editionYAML,
			"README.md":                                  "ours",
			".regal/rules/own.rego":                      "no Rego",
			".regal.yaml":                                "rules: {}",
		}, []string{"few-pods: acme/mlpolicy/rules/few-pods/few_pods.rego"}, []string{"acme"}, nil},
		{"rules and editions at the top", map[string]string{
			"rules/few-pods/rule.rego": other(replicaRego, "few-replicas", "few-pods"),
			"rules/few-gpus.rego":      other(replicaRego, "few-replicas", "few-gpus"),
			"editions/acme/data.yaml":  editionYAML,
		}, []string{"few-gpus: acme/rules/few-gpus.rego", "few-pods: acme/rules/few-pods/rule.rego"}, []string{"acme"}, nil},
		{"a builtin function of the bundle", map[string]string{"pods.rego": other(other(replicaRego, "few-replicas", "few-pods"), "	deployment.replicas < 2", "	deployment.replicas < 2\n	data.mlpolicy.table.targets[deployment.target].production")},
			[]string{"few-pods: acme/pods.rego"}, nil, nil},

		{"nothing", map[string]string{"README.md": "ours"}, nil, nil,
			[]string{"acme: the folder contains neither a rule nor an edition"}},
		{"a rule of the bundle", map[string]string{"memory.rego": memoryRego}, nil, nil,
			[]string{"acme/memory.rego:12: rule memory: the rule already exists: builtin:" + memoryFile}},
		{"an edition of the bundle", map[string]string{"editions/2020-06/data.yaml": editionYAML}, nil, nil,
			[]string{"acme/editions/2020-06/data.yaml: edition 2020-06 already exists: builtin:" + editionFile}},
		{"a package of the bundle", map[string]string{"table.rego": tableRego}, nil, nil,
			[]string{`acme/table.rego:1: package mlpolicy.table is not a rule: a rule is package mlpolicy.rules["<id>"]`}},
		{"a package of its own", map[string]string{"lib.rego": "package acme.lib\n"}, nil, nil,
			[]string{`acme/lib.rego:1: package acme.lib is not a rule: a rule is package mlpolicy.rules["<id>"]`}},
		{"a package too deep", map[string]string{"rules/few-pods/lib.rego": "package mlpolicy.rules.pods.lib\n"}, nil, nil,
			[]string{`acme/rules/few-pods/lib.rego:1: package mlpolicy.rules.pods.lib is not a rule: a rule is package mlpolicy.rules["<id>"]`}},
		{"another folder", map[string]string{"rules/pods/rule.rego": other(replicaRego, "few-replicas", "few-pods")}, nil, nil,
			[]string{`acme/rules/pods/rule.rego:7: rule few-pods: package mlpolicy.rules["few-pods"] is in folder pods; the folder must have the rule's ID as its name`}},
		{"data of another kind", map[string]string{"limits/data.json": "{}", "pods.rego": other(replicaRego, "few-replicas", "few-pods")}, nil, nil,
			[]string{"acme/limits/data.json: not loaded as data: only editions/<id>/data.yaml is"}},
		{"a misspelt field", map[string]string{"pods.rego": other(other(replicaRego, "few-replicas", "few-pods"), "deployment.replicas", "deployment.replica")}, nil, nil,
			[]string{`acme/pods.rego:11: rule few-pods: undefined ref: deployment.replica; have: "replica"; want (one of): ["api" "autoscales" …`}},
		{"examples that are misnamed", map[string]string{
			"rules/few-pods/few_pods.rego":  other(replicaRego, "few-replicas", "few-pods"),
			"rules/few-pods/examples.txtar": "-- bad.aks.yaml --\n-- aks.yaml --\n-- good..yaml --\n",
		}, nil, nil, []string{
			`acme/rules/few-pods/examples.txtar: example "aks.yaml" must be named {bad,good}.CASE.EXTENSION`,
			`acme/rules/few-pods/examples.txtar: example "good..yaml" must be named {bad,good}.CASE.EXTENSION`,
		}},
		{"an archive without examples", map[string]string{
			"pods.rego": other(replicaRego, "few-replicas", "few-pods"), "examples.txtar": "bad.aks.yaml",
		}, nil, nil, []string{"acme/examples.txtar: no examples: each begins with a line -- {bad,good}.CASE.EXTENSION --"}},
		{"examples of several rules", map[string]string{
			"pods.rego": other(replicaRego, "few-replicas", "few-pods"), "gpus.rego": other(replicaRego, "few-replicas", "few-gpus"),
			"examples.txtar": "-- bad.aks.yaml --\n",
		}, nil, nil, []string{"acme/examples.txtar: 2 rules in its folder; put examples into the folder of one rule"}},
		{"data of its own", map[string]string{"pods.rego": other(other(replicaRego, "few-replicas", "few-pods"), "< 2", "< data.acme.replicas")}, nil, nil,
			[]string{"acme/pods.rego:11: rule few-pods: data.acme.replicas does not exist"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			files := fstest.MapFS{}
			for name, content := range test.files {
				files[name] = &fstest.MapFile{Data: []byte(content)}
			}
			loaded, err := policy.Load(t.Context(), bundle(t), []policy.Folder{{Name: "acme", FS: files}})
			if got := lines(t, err); !slices.EqualFunc(got, test.wantErrors, matches) {
				t.Fatalf("errors are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.wantErrors, "\n"))
			}
			if err != nil {
				return
			}
			var rules, editions []string
			for _, rule := range loaded.Rules() {
				if rule.Origin != "" {
					rules = append(rules, rule.ID+": "+rule.Origin)
				}
			}
			for _, edition := range loaded.Editions() {
				if edition.ID != "2020-06" {
					editions = append(editions, edition.ID)
				}
			}
			if !slices.Equal(rules, test.wantRules) || !slices.Equal(editions, test.wantEditions) {
				t.Errorf("rules are %q and editions %q, want %q and %q", rules, editions, test.wantRules, test.wantEditions)
			}
		})
	}
}

func TestLoadExamples(t *testing.T) {
	rule := &fstest.MapFile{Data: []byte(strings.Replace(replicaRego, "few-replicas", "few-pods", 1))}
	archive := &fstest.MapFile{Data: []byte("Written by hand.\n-- bad.aks-pod.yaml --\na: 1\n-- good.aks.json --\n{}\n")}
	for _, folder := range []string{"", "rules/few-pods/"} {
		files := fstest.MapFS{folder + "few_pods.rego": rule, folder + "examples.txtar": archive}
		loaded, _ := load(t, bundle(t), policy.Folder{Name: "acme", FS: files}).Rule("few-pods")
		want := []policy.Example{{Name: "bad.aks-pod.yaml", Content: "a: 1\n"}, {Name: "good.aks.json", Content: "{}\n"}}
		if !slices.Equal(loaded.Examples, want) {
			t.Errorf("examples in %q are %q, want %q", folder, loaded.Examples, want)
		}
	}
	if first := (policy.Example{Name: "bad.aks-pod.yaml"}); !first.Bad() || first.Case() != "aks-pod" {
		t.Errorf("%s: bad is %t, the case %q", first.Name, first.Bad(), first.Case())
	}
}

func TestLoadSeveralFolders(t *testing.T) {
	one := fstest.MapFS{"pods.rego": &fstest.MapFile{Data: []byte(strings.Replace(replicaRego, "few-replicas", "few-pods", 1))}}
	two := fstest.MapFS{"gpus.rego": &fstest.MapFile{Data: []byte(strings.Replace(replicaRego, "few-replicas", "few-gpus", 1))}}
	loaded := load(t, bundle(t), policy.Folder{Name: "one", FS: one}, policy.Folder{Name: "two", FS: two})
	var ids []string
	for _, rule := range loaded.Rules() {
		ids = append(ids, rule.ID)
	}
	if want := []string{"few-gpus", "few-pods", "few-replicas", "memory"}; !slices.Equal(ids, want) {
		t.Errorf("rules are %q, want %q", ids, want)
	}

	_, err := policy.Load(t.Context(), bundle(t), []policy.Folder{{Name: "one", FS: one}, {Name: "two", FS: one}})
	want := []string{"two/pods.rego:7: rule few-pods: the rule already exists: one/pods.rego"}
	if got := lines(t, err); !slices.Equal(got, want) {
		t.Errorf("errors are %q, want %q", got, want)
	}
}

func TestLoadUnreadableFolder(t *testing.T) {
	_, err := policy.Load(t.Context(), bundle(t), []policy.Folder{{Name: "acme", FS: unreadable{}}})
	if !errors.Is(err, fs.ErrPermission) || !slices.Equal(lines(t, err), []string{"acme: read policies: permission denied"}) {
		t.Errorf("error is %v", err)
	}
}

func TestLoadUnreadableFile(t *testing.T) {
	files := bundle(t)
	_, err := policy.Load(t.Context(), lying{files}, nil)
	if got := lines(t, err); len(got) == 0 || !strings.HasPrefix(got[0], "builtin:"+memoryFile+": read policies: ") {
		t.Errorf("errors are %q", got)
	}
}

// lying is a file system that lists a file that cannot be read.
type lying struct{ fstest.MapFS }

func (l lying) ReadFile(name string) ([]byte, error) {
	if name == memoryFile {
		return nil, fs.ErrPermission
	}
	return l.MapFS.ReadFile(name)
}

func TestLoadNeedsTheSchema(t *testing.T) {
	_, err := policy.Load(t.Context(), bundle(t, remove(schemaFile)), nil)
	if got := lines(t, err); !errors.Is(err, fs.ErrNotExist) || len(got) != 1 || !strings.HasPrefix(got[0], "builtin:schemas/facts.json: read the schema of the facts: ") {
		t.Errorf("errors are %q", got)
	}
}

type unreadable struct{}

func (unreadable) Open(string) (fs.File, error) { return nil, fs.ErrPermission }

func TestLoadInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := policy.Load(ctx, bundle(t), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want the context's", err)
	}
}

func TestDigest(t *testing.T) {
	folder := func(name, file string) policy.Folder {
		return policy.Folder{Name: name, FS: fstest.MapFS{file: &fstest.MapFile{Data: []byte(strings.Replace(replicaRego, "few-replicas", "few-pods", 1))}}}
	}
	digests := map[string]string{
		"the bundle":         load(t, bundle(t)).Digest(),
		"a rule's comment":   load(t, bundle(t, replace(memoryFile, "related_resources:", "related_resources: # limits"))).Digest(),
		"an edition's note":  load(t, bundle(t, replace(editionFile, "it costs", "it is dear"))).Digest(),
		"a folder":           load(t, bundle(t), folder("acme", "pods.rego")).Digest(),
		"another file of it": load(t, bundle(t), folder("acme", "pod.rego")).Digest(),
	}
	if distinct := slices.Compact(slices.Sorted(maps.Values(digests))); len(distinct) != len(digests) {
		t.Errorf("digests do not differ: %v", digests)
	}
	for what, same := range map[string]string{
		"another test":     load(t, bundle(t, write("mlpolicy/rules/memory/memory_test.rego", "other"))).Digest(),
		"loading it again": load(t, bundle(t)).Digest(),
	} {
		if same != digests["the bundle"] {
			t.Errorf("%s changes the digest", what)
		}
	}
	if load(t, bundle(t), folder("/elsewhere/acme", "pods.rego")).Digest() != digests["a folder"] {
		t.Error("the folder's name changes the digest")
	}
}

// matches reports whether a line equals want, or begins with the part of want before "…".
func matches(got, want string) bool {
	start, open := strings.CutSuffix(want, "…")
	return got == want || open && strings.HasPrefix(got, start)
}
