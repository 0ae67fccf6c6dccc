package lint_test

import (
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy/policytest"
)

// brief lists findings as file:line:column severity rule.
func brief(result *lint.Result) []string {
	var list []string
	for _, f := range result.Findings {
		list = append(list, fmt.Sprintf("%s:%d:%d %s %s", f.File.Name, f.Span.Start.Line, f.Span.Start.Column, f.Severity, f.Rule))
	}
	return list
}

func files(contents map[string]string) (fstest.MapFS, []string) {
	fsys := fstest.MapFS{}
	var names []string
	for name, text := range contents {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
		names = append(names, name)
	}
	slices.Sort(names)
	return fsys, names
}

const model = "apiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\nmetadata: {name: m}\nspec: {workload: web-service, %s}\n"

// TestFindings states what files bring about under a configuration.
func TestFindings(t *testing.T) {
	const (
		onACI = "computeType: ACI\ncontainerResourceRequirements: {memoryInGB: %s}\n"
		pod   = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, annotations: {mlpolicy.dev/workload: web-service}}\n" +
			"spec:\n  containers: [{name: c, resources: {limits: {nvidia.com/gpu: 1}}}]\n"
	)
	cases := []struct {
		name   string
		config string
		files  map[string]string
		want   []string
	}{
		{"GPU web inference on ACI is refused", "", map[string]string{"m.yaml": fmt.Sprintf(model, "target: aci, gpus: 1")}, []string{"m.yaml:4:50 error gpu-web-service"}},
		{"and on a compute instance", "", map[string]string{"m.yaml": fmt.Sprintf(model, "target: compute-instance, gpus: 1")}, []string{"m.yaml:4:63 error gpu-web-service"}},
		{"and on Functions, which are in preview", "", map[string]string{"m.yaml": fmt.Sprintf(model, "target: functions, gpus: 1")}, []string{"m.yaml:4:39 note preview-target", "m.yaml:4:56 error gpu-web-service"}},
		{"and on AKS accepted", "", map[string]string{"m.yaml": fmt.Sprintf(model, "target: aks, gpus: 1")}, nil},
		{"a model of 1 GB on ACI is refused", "", map[string]string{"m.yaml": fmt.Sprintf(model, "target: aci, model: {size: 1GB}")}, []string{"m.yaml:4:58 error model-size"}},
		{"one byte less is accepted", "", map[string]string{"m.yaml": fmt.Sprintf(model, "target: aci, model: {size: 999999999}")}, nil},
		{"a designer model on ACI is refused", "", map[string]string{"m.yaml": fmt.Sprintf(model, "target: aci, designer: true")}, []string{"m.yaml:4:39 error designer"}},
		{"and on AKS accepted", "", map[string]string{"m.yaml": fmt.Sprintf(model, "target: aks, designer: true")}, nil},

		{"a broken file hides no other", "", map[string]string{"a.yaml": "computeType: [ACI\n", "b.yaml": fmt.Sprintf(onACI, "48")}, []string{"a.yaml:1:14 error syntax", "b.yaml:2:45 error memory"}},
		{"a broken document hides none before or behind it", "", map[string]string{"a.yaml": fmt.Sprintf(onACI, "48") + "---\na: [\n---\n" + fmt.Sprintf(onACI, "64")}, []string{"a.yaml:2:45 error memory", "a.yaml:4:5 error syntax", "a.yaml:7:45 error memory"}},
		{"a broken file without marks is passed over", "", map[string]string{"a.yaml": "a: [1\nb: }\n"}, nil},
		{"a template that breaks YAML is a warning", "", map[string]string{"a.yaml": "computeType: ACI\ntags: {{ toYaml .Values.tags }}x\n"}, []string{"a.yaml:2:7 warning syntax"}},
		{"and one that stands for a fact", "", map[string]string{"a.yaml": fmt.Sprintf(onACI, `"{{ memory }}"`)}, []string{"a.yaml:2:45 warning syntax"}},
		{"a placeholder leaves the fact absent", "", map[string]string{"a.yaml": "computeType: ACI\ncontainerResourceRequirements:\n  memoryInGB: ${MEMORY}\n"}, nil},
		{"a quantity that is none is a warning", "", map[string]string{"a.yaml": fmt.Sprintf(onACI, "lots")}, []string{"a.yaml:2:45 warning syntax"}},
		{"a key written twice is an error where it carries a fact", "", map[string]string{"a.yaml": "computeType: AKS\ntags: {a: 1, a: 2}\n" + fmt.Sprintf(onACI, "64")}, []string{"a.yaml:2:14 error syntax", "a.yaml:3:1 error syntax", "a.yaml:4:45 error memory"}},
		{"and nothing elsewhere", "", map[string]string{"a.yaml": fmt.Sprintf(onACI, "4") + "junk: 1\njunk: 2\n"}, nil},
		{"a job that cannot be read is no deployment", "", map[string]string{"a.yaml": "$schema: https://azuremlschemas.azureedge.net/latest/commandJob.schema.json\ncommand: [\n"}, nil},

		{"what cluster a manifest is for is unknown", "", map[string]string{"p.yaml": pod}, nil},
		{"unless the configuration says", "kubernetes: {cluster: other}", map[string]string{"p.yaml": pod}, []string{"p.yaml:1:1 note unlisted-target", "p.yaml:5:63 error gpu-web-service"}},
		{"a severity can be raised", "rules: {preview-target: error}", map[string]string{"m.yaml": fmt.Sprintf(model, "target: functions")}, []string{"m.yaml:4:39 error preview-target"}},
		{"or a rule be silenced", "rules: {memory: off, syntax: off}", map[string]string{"a.yaml": "computeType: [ACI\n", "b.yaml": fmt.Sprintf(onACI, "48")}, nil},
		{"an edition decides what counts", "edition: 2023-03", map[string]string{"m.yaml": fmt.Sprintf(model, "target: functions, gpus: 1, designer: true")}, []string{"m.yaml:4:39 note unlisted-target"}},
		{"stages come from paths", "stages: {production: [\"prod/**\"]}", map[string]string{"prod/a.yaml": fmt.Sprintf(onACI, "4"), "dev/a.yaml": fmt.Sprintf(onACI, "4")}, []string{"prod/a.yaml:1:14 warning production-target"}},
		{"facts come from paths", "facts: [{paths: [\"legacy/**\"], set: {gpus: 2}}]", map[string]string{"legacy/a.yaml": fmt.Sprintf(onACI, "4")}, []string{"legacy/a.yaml:1:14 error gpu-web-service"}},
		{"a statement never overrides evidence", "facts: [{paths: [\"**\"], set: {memory: 4GiB}}]", map[string]string{"a.yaml": fmt.Sprintf(onACI, "64")}, []string{"a.yaml:2:45 warning contradiction", "a.yaml:2:45 error memory"}},
		{"sizes come from the inventory", "models: [{name: m, size: 1.4GB}]", map[string]string{"m.yaml": fmt.Sprintf(model, "target: aci, model: {name: m}")}, []string{"m.yaml:4:39 error model-size"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			fsys, names := files(c.files)
			if got := brief(lintFiles(t, newLinter(t, c.config), fsys, names...)); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestUnreadableInputs keeps the findings of the inputs that can be read.
func TestUnreadableInputs(t *testing.T) {
	fsys, _ := files(map[string]string{"a.yaml": "computeType: ACI\ncontainerResourceRequirements: {memoryInGB: 48}\n"})
	result, err := newLinter(t).Lint(t.Context(), fsys, inputsOf(fsys, "0.yaml", "a.yaml", "z.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Findings) != 1 || result.Files != 1 || len(result.Errors) != 2 || !errors.Is(result.Errors[0], fs.ErrNotExist) {
		t.Errorf("%d findings, %d files, errors %v", len(result.Findings), result.Files, result.Errors)
	}
}

// TestChunks has more deployments than one evaluation takes, and compares the
// findings' locations at two degrees of parallelism.
func TestChunks(t *testing.T) {
	const count = 250
	contents := map[string]string{}
	for i := range count {
		contents[fmt.Sprintf("%03d.yaml", i)] = fmt.Sprintf("computeType: ACI\ncontainerResourceRequirements: {memoryInGB: %d}\n", 40+i%10)
	}
	fsys, names := files(contents)
	linter := newLinter(t)
	parallel := brief(lintFiles(t, linter, fsys, names...))
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	serial := brief(lintFiles(t, linter, fsys, names...))
	if !slices.Equal(parallel, serial) {
		t.Errorf("in parallel %q, else %q", parallel, serial)
	}
	var want []string
	for i := range count {
		if i%10 >= 8 {
			want = append(want, fmt.Sprintf("%03d.yaml:2:45 error memory", i))
		}
	}
	if !slices.Equal(parallel, want) {
		t.Errorf("got %q, want %q", parallel, want)
	}
}

// TestFailingPolicy has a rule of an organisation that fails on one deployment: the
// error names it, and all other findings are there, those of other rules about it too.
func TestFailingPolicy(t *testing.T) {
	const rego = `# METADATA
# title: Numbered names
# description: Names end with a number.
# schemas:
#   - input: schema.facts
# custom:
#   severity: note
#   remediation: Number it.
package mlpolicy.rules["numbered-names"]

deny contains {"path": ["deployments", i, "name"], "message": "low"} if {
	some i, deployment in input.deployments
	to_number(deployment.component) < 10
}
`
	linter := withRule(t, rego)
	fsys, names := files(map[string]string{
		"a.yaml": fmt.Sprintf(model, `component: "3"`),
		"b.yaml": fmt.Sprintf(model, "component: three, target: aci, memory: 64GiB"),
		"c.yaml": fmt.Sprintf(model, "target: aci, memory: 64GiB"),
	})
	result, err := linter.Lint(t.Context(), fsys, inputsOf(fsys, names...))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := brief(result), []string{"a.yaml:3:18 note numbered-names", "b.yaml:4:70 error memory", "c.yaml:4:52 error memory"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if len(result.Errors) != 1 || !strings.Contains(result.Errors[0].Error(), "b.yaml") || !strings.Contains(result.Errors[0].Error(), "acme/rule.rego:13") {
		t.Errorf("errors %v, want one that names b.yaml and the rule's line", result.Errors)
	}
}

// withRule is a linter with a rule of an organisation beside the builtin ones.
func withRule(t *testing.T, rego string) *lint.Linter {
	t.Helper()
	linter := linterOf(t, policiesWith(t, rego), config.Default(), lint.Options{})
	return linter
}

func policiesWith(t *testing.T, rego string) *policy.Policies {
	t.Helper()
	loaded := policytest.Load(t, policy.Folder{Name: "acme", FS: fstest.MapFS{"rule.rego": {Data: []byte(rego)}}})
	return loaded
}

// TestProjectScope counts more deployments than one evaluation takes.
func TestProjectScope(t *testing.T) {
	const (
		count = 250
		rego  = `# METADATA
# title: Too many deployments
# description: There is a limit.
# custom:
#   severity: note
#   remediation: Remove some.
#   scope: project
package mlpolicy.rules["too-many"]

deny contains {"path": ["deployments", i, "name"], "message": sprintf("%d deployments", [number])} if {
	number := count(input.deployments)
	i := number - 1
}
`
	)
	contents := map[string]string{}
	for i := range count {
		contents[fmt.Sprintf("%03d.yaml", i)] = fmt.Sprintf(model, "target: aks")
	}
	fsys, names := files(contents)
	policies := policiesWith(t, rego)
	for _, options := range []lint.Options{{}, {NoLink: true}} {
		linter := linterOf(t, policies, config.Default(), options)
		result := lintFiles(t, linter, fsys, names...)
		if got, want := brief(result), []string{"249.yaml:3:18 note too-many"}; !slices.Equal(got, want) || result.Findings[0].Message != "250 deployments" {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := lintObject(t, settings{policies, config.Default()}.object(t), contents["000.yaml"]); len(got) > 0 {
		t.Errorf("a review gets %q", got)
	}
}

// TestEndlessRule has a rule that ends for no deployment of several chunks: it costs the
// run what one rule may cost, and the findings of all others are there.
func TestEndlessRule(t *testing.T) {
	const (
		count = 250
		limit = 5 * time.Second
		rego  = `# METADATA
# title: Endless
# description: Counts for hours.
# custom:
#   severity: error
#   remediation: Count less.
package mlpolicy.rules.endless

deny contains {"path": ["deployments", i], "message": "counted"} if {
	some i, _ in input.deployments
	count([1 | some a in numbers.range(1, 30000); some b in numbers.range(1, 30000); a == -b]) > 0
}
`
	)
	contents := map[string]string{}
	for i := range count {
		contents[fmt.Sprintf("%03d.yaml", i)] = fmt.Sprintf(model, "target: aci, memory: 64GiB")
	}
	fsys, names := files(contents)
	start := time.Now()
	result, err := withRule(t, rego).Lint(t.Context(), fsys, inputsOf(fsys, names...))
	if err != nil {
		t.Fatal(err)
	}
	// As much again for all else, on a machine that has other things to do.
	if took := time.Since(start); took > 2*limit {
		t.Errorf("it took %v", took)
	}
	if len(result.Findings) != count || len(result.Errors) != count {
		t.Errorf("there are %d findings and %d errors, want %d of each", len(result.Findings), len(result.Errors), count)
	}
	for _, err := range result.Errors {
		if !strings.Contains(err.Error(), "rule endless: ") {
			t.Fatalf("error %v does not name the rule", err)
		}
	}
}

// TestRelatedLocations names the linked file that decides beside a finding in the file
// that was linted.
func TestRelatedLocations(t *testing.T) {
	fsys, _ := files(map[string]string{
		"d.json":               `{"computeType": "ACI"}`,
		"inferenceconfig.json": `{"entryScript": "score.py", "runtime": "python", "enableGpu": true}`,
	})
	finding := lintFiles(t, newLinter(t), fsys, "d.json").Findings[0]
	got := fmt.Sprintf("%s %s, %s", finding.File.Name, finding.Field, finding.Related[0].File.Name)
	if want := "d.json computeType, inferenceconfig.json"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestFactsIsWhatLintJudges compares what the two say of a file.
func TestFactsIsWhatLintJudges(t *testing.T) {
	fsys, _ := files(map[string]string{"m.yaml": fmt.Sprintf(model, "target: aci")})
	extraction := factsOf(t, newLinter(t, "edition: 2020-12"), fsys, "m.yaml")
	got := []any{extraction.Edition, extraction.Deployments[0].Target.Value, len(extraction.Computes)}
	if want := []any{"2020-12", facts.ACI, 0}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestFactsNamesWhatItCannotParse keeps a broken file from passing for one without deployments.
func TestFactsNamesWhatItCannotParse(t *testing.T) {
	fsys, names := files(map[string]string{"a.yaml": "computeType: [ACI\n"})
	_, errs, err := newLinter(t).Facts(t.Context(), fsys, inputsOf(fsys, names...))
	if err != nil || len(errs) != 1 || !strings.HasPrefix(errs[0].Error(), "a.yaml:1:14: ") {
		t.Errorf("errors %v, %v", errs, err)
	}
}

// A broken file is silent where only a block of its text bears the marks of a deployment.
func TestSilenceOnBrokenFilesOfOtherKinds(t *testing.T) {
	manifest := "    apiVersion: v1\n    kind: Pod\n    spec: {containers: []}\n"
	for name, text := range map[string]string{
		"a ConfigMap":                "apiVersion: v1\nkind: ConfigMap\ndata:\n  pod.yaml: |\n" + manifest + "  x: \"\n",
		"a ConfigMap with tabs":      "apiVersion: v1\nkind: ConfigMap\ndata:\n\tpod.yaml: |\n" + manifest,
		"a pipeline":                 "stages: [a]\ndeploy:\n  script: |\n" + manifest + "  x: [\n",
		"a ConfigMap behind another": "apiVersion: v1\nkind: Secret\n---\napiVersion: v1\nkind: ConfigMap\ndata:\n  pod.yaml: |\n" + manifest + "  x: \"\n",
	} {
		fsys := fstest.MapFS{"a.yaml": {Data: []byte(text)}}
		if result := lintFiles(t, newLinter(t), fsys, "a.yaml"); len(result.Findings) > 0 {
			t.Errorf("%s: %s", name, result.Findings[0].Message)
		}
	}
}
