package lint_test

import (
	"encoding/binary"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy/policytest"
	"github.com/mlpolicy/mlpolicy/internal/lint/whatif"
)

// editedBy returns the files that the edits of a suggestion change.
func editedBy(t testing.TB, suggestion lint.Suggestion) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	for i, e := range suggestion.Edits {
		if files[e.File.Name] == nil {
			files[e.File.Name] = &fstest.MapFile{Data: e.File.Data()}
		}
		start, end := e.File.DataOffset(e.Start), e.File.DataOffset(e.End)
		for _, before := range suggestion.Edits[:i] {
			if before.File == e.File && before.Start < e.Start {
				start, end = start+len(before.Text)-(before.End-before.Start), end+len(before.Text)-(before.End-before.Start)
			}
		}
		data := string(files[e.File.Name].Data)
		files[e.File.Name].Data = []byte(data[:start] + e.Text + data[end:])
	}
	return files
}

// subjects counts findings by what they are about, whatever their line and their values.
func subjects(result *lint.Result) map[string]int {
	counts := map[string]int{}
	for _, f := range result.Findings {
		counts[subject(f)]++
	}
	return counts
}

func subject(f lint.Finding) string {
	return fmt.Sprintf("%s of %q %q %q", f.Rule, f.Deployment, f.Component, f.Parameters)
}

// checkEdits applies the edits of each suggestion to files, lints them again and checks that the finding is gone and
// nothing else is new. It returns the changes with edits by the rules of their findings.
func checkEdits(t *testing.T, linter *lint.Linter, fsys fs.FS, names ...string) map[string][]whatif.Change {
	t.Helper()
	result := lintFiles(t, linter, fsys, names...)
	result.SuggestEdits(t.Context())
	before := subjects(result)
	changes := map[string][]whatif.Change{}
	for _, finding := range result.Findings {
		for _, suggestion := range finding.Suggestions {
			if len(suggestion.Edits) == 0 {
				if suggestion.Change != whatif.ChangeTarget && suggestion.Change != whatif.ChangeEdition {
					t.Errorf("%s: %+v has no edits", finding.Message, suggestion)
				}
				continue
			}
			changes[finding.Rule] = append(changes[finding.Rule], suggestion.Change)
			over := editedBy(t, suggestion)
			again := linter
			if suggestion.Change == whatif.ChangeEdition {
				again = newLinter(t, string(over[config.FileName].Data))
			}
			after := lintFiles(t, again, overlay{FS: fsys, over: over}, names...)
			now := subjects(after)
			if now[subject(finding)] >= before[subject(finding)] {
				t.Errorf("%v: %s: %s is not fixed by %v:\n%s", names, finding.Rule, finding.Message, suggestion, text(over))
			}
			for about, count := range now {
				if count > before[about] {
					t.Errorf("%v: %s: %s is new with %v:\n%s", names, finding.Rule, about, suggestion, text(over))
				}
			}
			if after.Deployments != result.Deployments || after.Targeted != result.Targeted {
				t.Errorf("%v: %d of %d deployments have a target, not %d of %d:\n%s", names, after.Targeted, after.Deployments, result.Targeted, result.Deployments, text(over))
			}
		}
	}
	return changes
}

func text(files fstest.MapFS) string {
	var all strings.Builder
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(&all, "%s:\n%s\n", name, files[name].Data)
	}
	return all.String()
}

// decisions has the changes that edits make for each rule, or the reason why there are none. A new rule needs a line.
func decisions() map[string]struct {
	changes []whatif.Change
	none    string
} {
	type decision = struct {
		changes []whatif.Change
		none    string
	}
	target := decision{changes: []whatif.Change{whatif.ChangeTarget}}
	targetOrEdition := decision{changes: []whatif.Change{whatif.ChangeEdition, whatif.ChangeTarget}}
	return map[string]decision{
		"cluster-autoscaling": {changes: []whatif.Change{lint.ChangeAutoscaling}},
		"cpu-only":            target,
		"designer":            targetOrEdition,
		"edge-delivery":       {none: "another delivery is another document, a manifest of IoT Edge"},
		"fpga":                targetOrEdition,
		"gpu-batch-scoring":   targetOrEdition,
		"gpu-not-offered":     {none: "whether devices have a GPU is not known"},
		"gpu-web-service":     targetOrEdition,
		"low-priority":        {changes: []whatif.Change{lint.ChangePriority}},
		"memory":              {changes: []whatif.Change{lint.ChangeMemory, whatif.ChangeTarget}},
		"model-memory":        {none: "the recommended memory is where measuring starts, not a limit"},
		"model-size":          target,
		"preview-target":      {none: "whether a preview is acceptable is not known"},
		"production-target":   target,
		"single-node":         {changes: []whatif.Change{lint.ChangeNodes}},
		"unlisted-target":     {changes: []whatif.Change{whatif.ChangeEdition}},
		"workload":            target,

		facts.SyntaxRule: {none: "lint --fix removes the earlier of equal keys; other mistakes have no single correction"},
	}
}

func TestEditsOfExamples(t *testing.T) {
	found := map[string]map[whatif.Change]bool{}
	linters := map[string]*lint.Linter{} // by edition
	tried := 0
	for _, e := range examples(t) {
		if !e.bad {
			continue
		}
		if linters[e.edition] == nil {
			linters[e.edition] = newLinter(t, "edition: "+e.edition)
		}
		for rule, changes := range checkEdits(t, linters[e.edition], e.files, e.name) {
			for _, change := range changes {
				if found[rule] == nil {
					found[rule] = map[whatif.Change]bool{}
				}
				found[rule][change] = true
				tried++
			}
		}
	}
	if tried < 40 {
		t.Errorf("%d suggestions were tried", tried)
	}
	decided := decisions()
	for _, rule := range policytest.Builtin(t).Rules() {
		decision, ok := decided[rule.ID] // a new rule without a decision has no edits
		if ok && (decision.none == "") == (len(decision.changes) == 0) {
			t.Errorf("decide which edits %s has, or why it has none", rule.ID)
		}
		got := slices.Sorted(maps.Keys(found[rule.ID]))
		if !slices.Equal(got, decision.changes) {
			t.Errorf("%s has edits of %q, not %q", rule.ID, got, decision.changes)
		}
	}
}

// The first finding of a file with a text has edits that make another text of it, or none.
func TestSuggestedEdits(t *testing.T) {
	const model = "apiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\nmetadata: {name: churn}\nspec: {%s}\n"
	const pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: churn}\nspec:\n  nodeSelector: {type: virtual-kubelet}\n  containers:\n  - name: main\n    image: a/b\n    resources: {%s}\n"
	spec := func(text string) string { return fmt.Sprintf(model, text) }
	resources := func(text string) string { return fmt.Sprintf(pod, text) }
	for _, test := range []struct {
		name, file, text string
		change           whatif.Change
		want             string // empty for no edits of this change
	}{
		{"GiB", "a.yaml", spec("target: aci, memory: 56GiB"), lint.ChangeMemory, spec("target: aci, memory: 47GiB")},
		{"a space before the unit", "a.yaml", spec("target: aci, memory: 56 GiB"), lint.ChangeMemory, spec("target: aci, memory: 47 GiB")},
		{"quotes", "a.yaml", spec("target: aci, memory: \"56Gi\""), lint.ChangeMemory, spec("target: aci, memory: \"47Gi\"")},
		{"a fraction", "a.yaml", spec("target: aci, memory: 48.5GiB"), lint.ChangeMemory, spec("target: aci, memory: 47GiB")},
		{"MiB", "a.yaml", spec("target: aci, memory: 57344MiB"), lint.ChangeMemory, spec("target: aci, memory: 48128MiB")},
		{"decimal GB", "a.yaml", resources("requests: {memory: 56G}"), lint.ChangeMemory, resources("requests: {memory: 50G}")},
		{"bytes", "a.yaml", resources("requests: {memory: 60129542144}"), lint.ChangeMemory, resources("requests: {memory: 50465865728}")},
		{"wide characters before it", "a.yaml", "# 模型 🚀\n" + spec("target: aci, memory: 56GiB"), lint.ChangeMemory, "# 模型 🚀\n" + spec("target: aci, memory: 47GiB")},
		{"CRLF", "a.yaml", strings.ReplaceAll(spec("target: aci, memory: 56GiB"), "\n", "\r\n"), lint.ChangeMemory, strings.ReplaceAll(spec("target: aci, memory: 47GiB"), "\n", "\r\n")},
		{"a byte order mark", "a.yaml", "\uFEFF" + spec("target: aci, memory: 56GiB"), lint.ChangeMemory, "\uFEFF" + spec("target: aci, memory: 47GiB")},
		{"UTF-16", "a.yaml", inUTF16(spec("target: aci, memory: 56GiB"), binary.LittleEndian), lint.ChangeMemory, ""},
		{"a number of GB", "a.json", `{"computeType": "ACI", "containerResourceRequirements": {"cpu": 1, "memoryInGB": 56}}`, lint.ChangeMemory, `{"computeType": "ACI", "containerResourceRequirements": {"cpu": 1, "memoryInGB": 47}}`},
		{"a request and its limit", "a.yaml", resources("requests: {memory: 56Gi}, limits: {memory: 60Gi}"), lint.ChangeMemory, resources("requests: {memory: 47Gi}, limits: {memory: 47Gi}")},
		{"a limit alone", "a.yaml", resources("limits: {cpu: 1, memory: 56Gi}"), lint.ChangeMemory, resources("limits: {cpu: 1, memory: 47Gi}")},
		{"a limit in another unit", "a.yaml", resources("requests: {memory: 56Gi}, limits: {memory: 60000Mi}"), lint.ChangeMemory, ""},
		{"a limit that is filled in later", "a.yaml", resources("requests: {memory: 56Gi}, limits: {memory: \"${LIMIT}\"}"), lint.ChangeMemory, ""},
		{"several containers", "a.yaml", resources("requests: {memory: 30Gi}") + "  - {name: other, image: a/b, resources: {requests: {memory: 30Gi}}}\n", lint.ChangeMemory, ""},
		{"an anchor", "a.yaml", resources("requests: &r {memory: 56Gi}, limits: *r"), lint.ChangeMemory, ""},
		{"an alias", "a.yaml", "x: &m 56Gi\n" + resources("requests: {memory: *m}"), lint.ChangeMemory, ""},
		{"a merge key", "a.yaml", "x: &m {memory: 56Gi}\n" + resources("requests: {<<: *m}"), lint.ChangeMemory, ""},
		{"a block scalar", "a.yaml", "apiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\nmetadata: {name: churn}\nspec:\n  target: aci\n  memory: >-\n    56GiB\n", lint.ChangeMemory, ""},
		{"a template", "a.yaml", spec("target: aci, memory: 56GiB, labels: {a: '{{ b }}'}"), lint.ChangeMemory, ""},
		{"an expression elsewhere", "a.yaml", spec("target: aci, memory: 56GiB, labels: {a: '${{ b }}'}"), lint.ChangeMemory, spec("target: aci, memory: 47GiB, labels: {a: '${{ b }}'}")},
		{"standard input", lint.StandardInput, spec("target: aci, memory: 56GiB"), lint.ChangeMemory, ""},
		{"beside a syntax error", "a.yaml", spec("target: aci, memory: 56GiB") + "---\na: [\napiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\n", lint.ChangeMemory, ""},
		{"a model that needs more", "a.yaml", spec("target: aci, workload: web-service, memory: 56GiB"), lint.ChangeMemory, spec("target: aci, workload: web-service, memory: 47GiB")},

		{"a target", "a.yaml", spec("target: aci, workload: web-service, gpus: 1"), whatif.ChangeTarget, spec("target: aks, workload: web-service, gpus: 1")},
		{"a target in upper case", "a.json", `{"computeType": "ACI", "containerResourceRequirements": {"cpu": 1, "gpu": 1}}`, whatif.ChangeTarget, `{"computeType": "AKS", "containerResourceRequirements": {"cpu": 1, "gpu": 1}}`},
		{"a target that terms select", "a.yaml", resources("limits: {nvidia.com/gpu: 1}"), whatif.ChangeTarget, ""},
		{"a target that depends on a template", "a.yaml", spec("target: aci, workload: web-service, gpus: 1, name: '{% x %}'"), whatif.ChangeTarget, ""},

		{"a target of two deployments", "a.yaml", spec("target: &t aci, workload: web-service, gpus: 1") + "---\n" + strings.Replace(spec("target: aci, workload: web-service"), "churn", "fraud", 1), whatif.ChangeTarget, ""},
		{"the first target is in preview, which is a finding", "a.yaml", spec("target: aci, workload: web-service, memory: 56GiB, stage: development"), whatif.ChangeTarget, spec("target: aks, workload: web-service, memory: 56GiB, stage: development")},

		{"low priority", "a.yaml", spec("target: aks, compute: {target: aks, managed_by: azure-ml, vm_priority: low}"), lint.ChangePriority, spec("target: aks, compute: {target: aks, managed_by: azure-ml, vm_priority: dedicated}")},
		{"nodes", "a.yaml", spec("target: aks, stage: development, model: {size: 2GB}, compute: {target: aks, max_nodes: 3, min_nodes: 1}"), lint.ChangeNodes, spec("target: aks, stage: development, model: {size: 2GB}, compute: {target: aks, max_nodes: 1, min_nodes: 1}")},
		{"nodes with a minimum above one", "a.yaml", spec("target: aks, stage: development, model: {size: 2GB}, compute: {target: aks, max_nodes: 3, min_nodes: 2}"), lint.ChangeNodes, ""},
		{"autoscaling", "a.yaml", spec("target: aks, compute: {target: aks, managed_by: azure-ml, cluster_autoscaling: True}"), lint.ChangeAutoscaling, spec("target: aks, compute: {target: aks, managed_by: azure-ml, cluster_autoscaling: False}")},
	} {
		fsys := fstest.MapFS{test.file: {Data: []byte(test.text)}}
		result, err := newLinter(t).Lint(t.Context(), fsys, inputsOf(fsys, test.file))
		if err != nil || len(result.Findings) == 0 {
			t.Fatalf("%s: %v, no findings", test.name, err)
		}
		result.SuggestEdits(t.Context())
		got := ""
		for _, finding := range result.Findings {
			for _, suggestion := range finding.Suggestions {
				if suggestion.Change == test.change && len(suggestion.Edits) > 0 && got == "" {
					got = string(editedBy(t, suggestion)[test.file].Data)
				}
			}
		}
		if got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
		if test.want != "" {
			checkEdits(t, newLinter(t), fsys, test.file)
		}
	}
}

// Edits are tried for all deployments at once, and for the findings of one deployment one after the other.
func TestEditsOfManyDeployments(t *testing.T) {
	const doc = "apiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\nmetadata: {name: %s}\nspec: {target: %s}\n"
	var many strings.Builder
	for i := range 50 {
		fmt.Fprintf(&many, "---\n"+doc, fmt.Sprint("d", i), "aci, workload: web-service, gpus: 1, memory: 56GiB")
	}
	fsys := fstest.MapFS{"a.yaml": {Data: []byte(many.String())}}
	result := lintFiles(t, newLinter(t), fsys, "a.yaml")
	result.SuggestEdits(t.Context())
	edits := 0
	for _, finding := range result.Findings {
		for _, suggestion := range finding.Suggestions {
			if len(suggestion.Edits) > 0 {
				edits++
			}
		}
	}
	if len(result.Findings) != 100 || edits < 150 {
		t.Errorf("%d findings have %d suggestions with edits", len(result.Findings), edits)
	}
}

func TestEditsOfEdition(t *testing.T) {
	const blue = "$schema: https://azuremlschemas.azureedge.net/latest/managedOnlineDeployment.schema.json\nname: blue\nendpoint_name: churn\ninstance_type: Standard_NC6s_v3\ninstance_count: 1\n"
	for _, test := range []struct {
		name, configuration, want string
		more                      map[string]string
	}{
		{"stated", "edition: 2020-06 # now\n", "edition: 2023-03 # now\n", nil},
		{"quoted", "edition: '2020-06'\n", "edition: '2023-03'\n", nil},
		{"not stated", "# ours\nfail_on: warning\n", "# ours\nedition: 2023-03\nfail_on: warning\n", nil},
		{"not stated, CRLF", "fail_on: warning\r\nignore: [a]\r\n", "edition: 2023-03\r\nfail_on: warning\r\nignore: [a]\r\n", nil},
		{"not stated, in braces", "{fail_on: warning}\n", "", nil},
		{"no configuration", "", "", nil},
		{"an alias", "facts: [{names: [x], set: {labels: {a: &e 2020-06}}}]\nedition: *e\n", "", nil},
		{"another finding would be new", "edition: 2020-06\n", "", map[string]string{
			"functions.yaml": "apiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\nmetadata: {name: f}\nspec: {target: functions, workload: web-service, stage: development}\n",
		}},
	} {
		parsed, err := config.Parse([]byte(test.configuration), config.Origin{Name: config.FileName, Folder: "/project", WorkingDir: "/project"})
		if err != nil {
			t.Fatal(err)
		}
		fsys := fstest.MapFS{"blue.yaml": {Data: []byte(blue)}}
		names := []string{"blue.yaml"}
		for name, text := range test.more {
			fsys[name] = &fstest.MapFile{Data: []byte(text)}
			names = append(names, name)
		}
		result := lintFiles(t, linterOf(t, policytest.Builtin(t), parsed, lint.Options{}), fsys, names...)
		result.SuggestEdits(t.Context())
		suggested := 0
		for _, finding := range result.Findings {
			for _, suggestion := range finding.Suggestions {
				if suggestion.Change != whatif.ChangeEdition {
					continue
				}
				suggested++
				got := ""
				if len(suggestion.Edits) > 0 {
					got = string(editedBy(t, suggestion)[config.FileName].Data)
				}
				if got != test.want {
					t.Errorf("%s: %q, want %q", test.name, got, test.want)
				}
			}
		}
		if suggested == 0 {
			t.Errorf("%s: no suggestion of an edition", test.name)
		}
	}
}
