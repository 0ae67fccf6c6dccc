package lint_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/tools/txtar"

	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy/policytest"
	"github.com/mlpolicy/mlpolicy/internal/lint/report"
)

// smallest is a batch of one file whose objects are evaluated one by one.
const smallest = 1

// batched makes a Linter with batches of a size; 0 is for none.
func batched(t testing.TB, yaml string, options lint.Options, batch int) *lint.Linter {
	t.Helper()
	configuration, err := config.Parse([]byte(yaml), config.Origin{Name: config.FileName})
	if err != nil {
		t.Fatal(err)
	}
	options.Batch = batch
	if batch == 0 {
		options.Without = lint.Without{lint.Batches}
	}
	return linterOf(t, policytest.Builtin(t), configuration, options)
}

// written returns a result in all formats.
func written(t *testing.T, result *lint.Result) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, format := range report.ForFindings().Names() {
		var text bytes.Buffer
		findings := report.Findings{Result: result, Incomplete: result.Errors, ShowWaived: true, ShowBaselined: true}
		if err := report.ForFindings().Write(&text, format, findings, report.Options{}); err != nil {
			t.Fatal(err)
		}
		all[format] = text.String()
	}
	return all
}

// settledTrees are files by tree: the examples of formats and of rules, a project, and those of scripts.
func settledTrees(t *testing.T) map[string]fs.FS {
	t.Helper()
	trees := map[string]fs.FS{
		"formats": os.DirFS("../../testdata/formats"), "project": os.DirFS("../../testdata/project"),
		"rules": examples(t)[0].files,
	}
	if corpus := os.Getenv("MLPOLICY_CORPUS"); corpus != "" {
		trees["corpus"] = os.DirFS(corpus)
	}
	scripts, err := filepath.Glob("../../testdata/script/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, name := range scripts {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		tree := fstest.MapFS{}
		for _, file := range archive.Files {
			if fs.ValidPath(file.Name) {
				tree[file.Name] = &fstest.MapFile{Data: file.Data}
			}
		}
		trees[filepath.Base(name)] = tree
	}
	return trees
}

func namesIn(t *testing.T, tree fs.FS) []string {
	t.Helper()
	var names []string
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// TestBatchesChangeNothing compares results with and without batches, on one core and on all.
func TestBatchesChangeNothing(t *testing.T) {
	for name, tree := range settledTrees(t) {
		names := namesIn(t, tree)
		for _, yaml := range []string{"kubernetes: {cluster: aks}", "edition: 2024-01\nstages: {production: ['**']}\nrules: {memory: off}"} {
			want := lintFilesWithErrors(t, batched(t, yaml, lint.Options{}, 0), tree, names)
			wanted := written(t, want)
			for _, cores := range []int{1, 4} {
				before := runtime.GOMAXPROCS(cores)
				got := lintFilesWithErrors(t, batched(t, yaml, lint.Options{}, smallest), tree, names)
				runtime.GOMAXPROCS(before)
				for format, text := range written(t, got) {
					if text != wanted[format] {
						t.Errorf("%s, %q, %d cores: as %s %s", name, yaml, cores, format, difference(text, wanted[format]))
					}
				}
				for _, counts := range []func(*lint.Result) any{
					func(r *lint.Result) any { return r.Described },
					func(r *lint.Result) any {
						return []int{r.Files, r.Recognized, r.Deployments, r.Targeted, r.Untargeted, r.AwaitCluster, r.Unreported}
					},
					func(r *lint.Result) any { return []any{r.Editions, r.Policies, r.Fingerprints()} },
				} {
					if !reflect.DeepEqual(counts(got), counts(want)) {
						t.Errorf("%s, %q, %d cores: %s", name, yaml, cores, difference(fmt.Sprint(counts(got)), fmt.Sprint(counts(want))))
					}
				}
			}
		}
	}
}

// difference returns where two texts differ first.
func difference(got, without string) string {
	at := 0
	for at < min(len(got), len(without)) && got[at] == without[at] {
		at++
	}
	around := func(text string) string { return text[max(0, at-200):min(len(text), at+200)] }
	return fmt.Sprintf("%q, without batches %q", around(got), around(without))
}

func lintFilesWithErrors(t *testing.T, linter *lint.Linter, tree fs.FS, names []string) *lint.Result {
	t.Helper()
	result, err := linter.Lint(t.Context(), tree, inputsOf(tree, names...))
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// list returns a stream of documents, or a List of the same objects.
func list(items []string, asList bool) string {
	if !asList {
		return "---\n" + strings.Join(items, "---\n")
	}
	var text strings.Builder
	text.WriteString("apiVersion: v1\nkind: List\nitems:\n")
	for _, item := range items {
		text.WriteString("- " + strings.TrimSpace(strings.ReplaceAll(item, "\n", "\n  ")) + "\n")
	}
	return text.String()
}

// TestBatchesOfOneFile checks files of which a part is settled, and objects that depend on what else is in their file.
func TestBatchesOfOneFile(t *testing.T) {
	var items []string
	for i := range 50 {
		text := fmt.Sprintf(deployment, i)
		if i%7 == 3 {
			text = fmt.Sprintf(faulty, i)
		}
		items = append(items, text)
	}
	const owned = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  namespace: scoring\n" +
		"  ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: churn-%d, controller: true}]\n" +
		"spec: {containers: [{name: server, image: a, resources: {limits: {nvidia.com/gpu: 1}, requests: {memory: 64Gi}}}], nodeSelector: {type: virtual-kubelet}}\n"
	for name, addition := range map[string]string{
		"no deployment":         "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n",
		"waived":                "# mlpolicy:ignore memory,gpu-web-service reason=\"for a test\"\n" + fmt.Sprintf(faulty, 99),
		"waived by annotation":  strings.Replace(fmt.Sprintf(faulty, 99), "mlpolicy.dev/workload: web-service", "mlpolicy.dev/workload: web-service\n    mlpolicy.dev/ignore: memory reason=\"for a test\"", 1),
		"waiver without effect": "# mlpolicy:ignore memory reason=\"for a test\"\n" + fmt.Sprintf(deployment, 99),
		"equal keys":            strings.Replace(fmt.Sprintf(deployment, 99), "  replicas: 3\n", "  replicas: 3\n  replicas: 4\n", 1),
		"owned with findings":   fmt.Sprintf(owned, 3),
		"owned without":         strings.NewReplacer("nvidia.com/gpu: 1", "cpu: 2", "memory: 64Gi", "cpu: 500m", "type: virtual-kubelet", "kubernetes.azure.com/agentpool: scoring").Replace(fmt.Sprintf(owned, 4)),
		"invalid waiver":        "# mlpolicy:ignore memory\n" + fmt.Sprintf(deployment, 99),
		"claim":                 "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: scoring}\nspec: {containers: [{name: server, image: a}], resourceClaims: [{name: gpu, resourceClaimName: one}]}\n",
		"syntax":                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: [}\n",
		"contradiction":         strings.Replace(fmt.Sprintf(faulty, 99), "mlpolicy.dev/workload: web-service", "mlpolicy.dev/workload: web-service\n    mlpolicy.dev/target: aks", 1),
		"invalid quantity":      strings.Replace(fmt.Sprintf(deployment, 99), "memory: 4Gi", "memory: much", 1),
	} {
		alone := fstest.MapFS{"a.yaml": {Data: []byte(addition)}}
		agree(t, name+" alone", alone, lint.Options{})
		for _, asList := range []bool{false, true} {
			text := list(slices.Insert(slices.Clone(items), 25, addition), asList)
			among := fstest.MapFS{"a.yaml": {Data: []byte(text)}, "b.yaml": {Data: fmt.Appendf(nil, faulty, 3)}, "c.yaml": {Data: fmt.Appendf(nil, deployment, 3)}}
			agree(t, fmt.Sprintf("%s, as a list %t", name, asList), among, lint.Options{})
		}
	}
}

// TestBatchesOfSeveralFiles checks files that complete or concern each other.
func TestBatchesOfSeveralFiles(t *testing.T) {
	for name, texts := range map[string]map[string]string{
		"claims": {
			"a.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: scoring, annotations: {mlpolicy.dev/workload: web-service}}\n" +
				"spec: {nodeSelector: {type: virtual-kubelet}, containers: [{name: server, image: a}], resourceClaims: [{name: gpu, resourceClaimName: one}]}\n",
			"b.yaml": "apiVersion: resource.k8s.io/v1\nkind: ResourceClaim\nmetadata: {name: one, namespace: scoring}\n" +
				"spec: {devices: {requests: [{name: gpu, exactly: {deviceClassName: gpu.nvidia.com}}]}}\n",
		},
		"functions": {
			"app/host.json":          `{"version": "2.0"}`,
			"app/function_app.py":    "import azure.functions as func\napp = func.FunctionApp()\n@app.route(route='score')\ndef score(req): pass\n",
			"app/requirements.txt":   "azure-functions\nonnxruntime\n",
			"other/host.json":        `{"version": "2.0"}`,
			"third/host.json":        `{"version": "2.0", "functionTimeout": "00:05:00"}`,
			"third/function_app.py":  "import azure.functions as func\napp = func.FunctionApp()\n@app.route(route='score')\ndef score(req): pass\n",
			"third/requirements.txt": "azure-functions\nonnxruntime\n",
		},
		"template": {
			"main.json": `{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "contentVersion": "1.0.0.0",
				"parameters": {"memory": {"type": "int"}}, "resources": [{"type": "Microsoft.ContainerInstance/containerGroups", "apiVersion": "2023-05-01", "name": "scorer",
				"properties": {"osType": "Linux", "containers": [{"name": "c", "properties": {"image": "a", "resources": {"requests": {"cpu": 1, "memoryInGB": "[parameters('memory')]"}}}}]}}]}`,
			"main.parameters.json": `{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#", "contentVersion": "1.0.0.0", "parameters": {"memory": {"value": 64}}}`,
		},
		"broken parameters": {
			"main.json":            `{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "contentVersion": "1.0.0.0", "parameters": {"memory": {"type": "int"}}, "resources": []}`,
			"main.parameters.json": `{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#", "parameters": {"memory": {"value": 64}`,
		},
	} {
		tree, _ := files(texts)
		for _, noLink := range []bool{false, true} {
			agree(t, fmt.Sprintf("%s, not linked %t", name, noLink), tree, lint.Options{NoLink: noLink})
		}
	}
}

// TestBatchesWithSettings checks what applies to files: rules that relate deployments, a broken configuration below
// another one, and rules that fail.
func TestBatchesWithSettings(t *testing.T) {
	texts := map[string]string{}
	for i := range 5 {
		texts[fmt.Sprintf("%d/a.yaml", i)] = fmt.Sprintf(deployment, i)
	}
	tree, names := files(texts)
	const metadata = "# METADATA\n# title: Test\n# description: A test.\n# custom:\n#   severity: note\n#   remediation: None.\n"
	related := settingWith(t, policiesWith(t, metadata+"#   scope: project\npackage mlpolicy.rules.related\n\n"+
		`deny contains {"path": ["deployments", count(input.deployments) - 1], "message": sprintf("%d", [count(input.deployments)])}`+"\n"))
	failing := settingWith(t, policiesWith(t, metadata+"package mlpolicy.rules.failing\n\n"+
		`deny contains {"path": ["deployments", i], "message": sprintf("%d", [1 / 0])} if some i, _ in input.deployments`+"\n"))
	below := config.Default()
	below.Broken, below.Faults = true, []*config.Error{{File: config.FileName, Message: "for a test"}}
	broken := lint.BrokenSetting(below)
	usual := settingWith(t, policytest.Builtin(t))
	for name, setting := range map[string]func(file string) *lint.Setting{
		"related": func(string) *lint.Setting { return related },
		"failing": func(string) *lint.Setting { return failing },
		"one of each": func(file string) *lint.Setting {
			return []*lint.Setting{related, usual, broken, usual, related}[slices.Index(names, file)]
		},
	} {
		if result := agree(t, name, tree, lint.Options{Setting: setting}); len(result.Errors)+len(result.Findings) == 0 {
			t.Errorf("%s: neither findings nor errors", name)
		}
	}
}

func settingWith(t *testing.T, policies *policy.Policies) *lint.Setting {
	t.Helper()
	setting, err := lint.NewSetting(policies, config.Default())
	if err != nil {
		t.Fatal(err)
	}
	return setting
}

// agree compares results with and without batches, and what is fixed in them. It returns the latter.
func agree(t *testing.T, name string, tree fs.FS, options lint.Options) *lint.Result {
	t.Helper()
	names := namesIn(t, tree)
	results := make([]*lint.Result, 2)
	fixes := make([][]lint.FixedFile, 2)
	for i, batch := range []int{smallest, 0} {
		linter := batched(t, "", options, batch)
		results[i] = lintFilesWithErrors(t, linter, tree, names)
		var err error
		if fixes[i], err = results[i].Fix(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	got, want := results[0], results[1]
	if !reflect.DeepEqual(written(t, got), written(t, want)) || !reflect.DeepEqual(got.Described, want.Described) {
		t.Errorf("%s: %v and %v, without batches %v and %v", name, brief(got), got.Described, brief(want), want.Described)
	}
	if !reflect.DeepEqual(fixes[0], fixes[1]) {
		t.Errorf("%s: %d fixed files, without batches %d", name, len(fixes[0]), len(fixes[1]))
	}
	if len(fixes[1]) == 0 {
		return want
	}
	var fixed []map[string]string
	for i, result := range results {
		after, err := result.WithFixes(t.Context(), fixes[i])
		if err != nil {
			t.Fatal(err)
		}
		fixed = append(fixed, written(t, after))
	}
	if !reflect.DeepEqual(fixed[0], fixed[1]) {
		t.Errorf("%s: with fixes the results differ", name)
	}
	return want
}

// TestBatchesThatSettleLittle checks objects of which most are kept, and then none.
func TestBatchesThatSettleLittle(t *testing.T) {
	var items []string
	for i := range 200 {
		text := fmt.Sprintf(deployment, i)
		if i < 100 && i%8 > 0 {
			text = fmt.Sprintf(faulty, i)
		}
		items = append(items, text)
	}
	tree := fstest.MapFS{"a.yaml": {Data: []byte(list(items, false))}}
	want := lintFilesWithErrors(t, batched(t, "", lint.Options{}, 0), tree, []string{"a.yaml"})
	got := lintFilesWithErrors(t, batched(t, "", lint.Options{}, 10), tree, []string{"a.yaml"})
	if want.Deployments != len(items) || !reflect.DeepEqual(written(t, got), written(t, want)) || !reflect.DeepEqual(got.Described, want.Described) {
		t.Errorf("%v, without batches %v", brief(got), brief(want))
	}
}

// TestFilesAreReleased checks that memory does not grow with the number of files without findings: less than a tenth of
// what facts and trees take.
func TestFilesAreReleased(t *testing.T) {
	const files, batch = 4000, 64 << 10
	grown := func(batch int) int64 {
		linter := batched(t, "", lint.Options{}, batch)
		var after []int64
		var inputs []lint.Input
		for i := range files {
			inputs = append(inputs, lint.Input{Name: fmt.Sprintf("%d.yaml", i), Read: func([]byte) ([]byte, error) {
				return fmt.Appendf(nil, deployment, i), nil
			}})
		}
		result, err := linter.Lint(t.Context(), nil, func(yield func(lint.Input) bool) {
			for i, input := range inputs {
				if i == files/2 || i == files-1 {
					runtime.GC()
					var memory runtime.MemStats
					runtime.ReadMemStats(&memory)
					after = append(after, int64(memory.HeapAlloc))
				}
				if !yield(input) {
					return
				}
			}
		})
		if err != nil || result.Deployments != files || len(result.Findings) > 0 {
			t.Fatalf("%d deployments, %v, %v", result.Deployments, brief(result), err)
		}
		return after[1] - after[0]
	}
	// The facts are not read before the end without batches, so that these are trees and texts alone.
	if with, without := grown(batch), grown(0); with > without/5 {
		t.Errorf("the second half of %d files takes %d bytes, without batches %d", files, with, without)
	}
}
