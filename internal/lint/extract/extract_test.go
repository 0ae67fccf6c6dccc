package extract

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
	"github.com/mlpolicy/mlpolicy/internal/sweep"
)

// with returns options by which the same settings apply to all files.
func with(settings Settings) Options {
	return Options{Settings: func(string) *Settings { return &settings }}
}

// The order of what is found is that of the files and of the documents in them,
// however many are read at a time.
func TestExtractKeepsOrder(t *testing.T) {
	var files []string
	var want []string
	for i := range 50 {
		name := fmt.Sprintf("%02d", i)
		files = append(files, name+".yaml", strings.ReplaceAll(
			"apiVersion: v1\nkind: Pod\nmetadata: {name: N-a}\nspec: {containers: [{resources: {limits: {memory: lots}}}]}\n---\n"+
				"apiVersion: v1\nkind: Service\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: N-b}\nspec: {containers: []}\n", "N", name))
		want = append(want, name+"-a", name+"-b")
	}
	extraction := extract(t, nil, Options{}, files...)
	var got []string
	for _, d := range extraction.Deployments {
		got = append(got, d.Name.Value)
	}
	equal(t, strings.Join(got, " "), strings.Join(want, " "))
	if len(extraction.Documents) != 100 || len(extraction.Problems) != 50 {
		t.Fatalf("%d documents, %d problems", len(extraction.Documents), len(extraction.Problems))
	}
	for i, problem := range extraction.Problems {
		if name := problem.Location.Node.File().Name; name != files[2*i] {
			t.Errorf("problem %d is in %s", i, name)
		}
	}
}

func TestExtractStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	file := source.Parse("pod.yaml", []byte("apiVersion: v1\nkind: Pod\nspec: {containers: []}\n"))
	if _, err := Extract(ctx, nil, []*source.File{file}, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// What is asked while facts are settled ends with the context too.
func TestExtractStopsWhileItSettles(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	asked := 0
	options := with(Settings{Statements: func(facts.Subject) []*read.Statement {
		asked++
		cancel()
		return nil
	}})
	file := source.Parse("pods.yaml", []byte(strings.Repeat("---\napiVersion: v1\nkind: Pod\nspec: {containers: []}\n", 100)))
	if extraction, err := Extract(ctx, nil, []*source.File{file}, options); extraction != nil || !errors.Is(err, context.Canceled) || asked != 1 {
		t.Errorf("error %v after %d deployments", err, asked)
	}
}

func TestReadingAListStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	file := source.Parse("list.yaml", []byte("apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: Pod, spec: {containers: []}}]\n"))
	if read := readWhole(ctx, file, read.Lists{}); len(read.Readers) != 0 {
		t.Errorf("%d documents were read", len(read.Readers))
	}
}

func TestExtractOfNothing(t *testing.T) {
	extraction := extract(t, nil, Options{})
	equal(t, describe(extraction), "")
	extraction = extract(t, nil, Options{}, "empty.yaml", "", "list.json", "[1, null, {}]", "scalar.yaml", "text", "service.yaml", "apiVersion: v1\nkind: Service\n")
	equal(t, describe(extraction), "")
}

// The inventory is asked for models that nothing else sizes.
func TestInventory(t *testing.T) {
	asked := map[string]int64{"churn 7": 1e9, "fraud ": 2e9, "sized ": 3e9}
	options := with(Settings{ModelSize: func(name, version string) facts.Fact[int64] {
		if size, ok := asked[name+" "+version]; ok {
			return facts.Know(size, facts.Location{Why: "models of .mlpolicy.yaml"})
		}
		return facts.Fact[int64]{}
	}})
	extraction := extract(t, nil, options, "d.yaml", `apiVersion: mlpolicy.dev/v1
kind: ModelDeployment
spec:
  model: [{name: churn, version: 7}, {name: churn, version: 8}, {name: fraud}, {name: sized, size: 5}, {version: 7}]
`)
	var got []string
	for _, model := range only(t, extraction).Models {
		got = append(got, fmt.Sprintf("%s %s: %d from %q", model.Name.Value, model.Version.Value, model.SizeBytes.Value, model.SizeSource.Value))
	}
	equal(t, strings.Join(got, "\n"), `
churn 7: 1000000000 from "configuration"
churn 8: 0 from ""
fraud : 2000000000 from "configuration"
sized : 5 from "statement"
 7: 0 from ""
`)
}

// A key written twice matters on the way to a fact and nowhere else; the last counts.
func TestDuplicates(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"carries a fact", "spec: {replicas: 1, replicas: 2}", `error 3:21 duplicate key "replicas", first on line 3; the last value is used`},
		{"on the way to a fact", "spec: {replicas: 1}\nspec: {replicas: 2}", `error 4:1 duplicate key "spec", first on line 3; the last value is used`},
		{"the fact is lost", "spec: {replicas: 1}\nspec: {replicas: 1}\nspec: {gpus: }", `error 5:1 duplicate key "spec", first on line 3; the last value is used`},
		{"the first of three alone has it", "spec: {replicas: 1}\nspec: {}\nspec: {gpus: }", `error 5:1 duplicate key "spec", first on line 3; the last value is used`},
		{"name", "metadata: {name: a, name: b}\nspec: {}", `error 3:21 duplicate key "name", first on line 3; the last value is used`},
		{"label", "spec: {labels: {a: 1, a: 2}}", `error 3:23 duplicate key "a", first on line 3; the last value is used`},
		{"behind an alias", "metadata: {x: &x {replicas: 1}, y: &y {}}\nspec: *x\nspec: *y", `error 5:1 duplicate key "spec", first on line 4; the last value is used`},
		{"path of a model", "spec: {model: {path: a, path: b}}", `error 3:25 duplicate key "path", first on line 3; the last value is used`},
		{"keys without a text", "spec: {replicas: 1}\nmetadata: {x: {{a: 1}: 1, {b: 1}: 2}}", ""},
		{"carries none", "metadata: {annotations: {a: 1, a: 2}, annotations: {}}\nspec: {replicas: 1}", ""},
		{"three times", "spec: {replicas: 1, replicas: 2, replicas: 3}", `error 3:34 duplicate key "replicas", first on line 3; the last value is used`},
		{"two facts, one way", "spec: {replicas: 1}\nspec: {replicas: 2, gpus: 1}", `error 4:1 duplicate key "spec", first on line 3; the last value is used`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			extraction := extract(t, nil, Options{}, "d.yaml", "apiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\n"+test.text+"\n")
			only(t, extraction)
			var got []string
			for _, problem := range extraction.Problems {
				got = append(got, fmt.Sprintf("%s %s %s", problem.Severity, at(problem.Location.Node), problem.Message))
			}
			equal(t, strings.Join(got, "\n"), test.want)
		})
	}
}

// A key matters too where only an earlier value would tell something else.
func TestDuplicatesInFormats(t *testing.T) {
	const (
		pod    = "apiVersion: v1\nkind: Pod\n"
		group  = "apiVersion: '2021-10-01'\nproperties: {osType: Linux, containers: [{name: c}]}\n"
		online = "name: blue\nendpoint_name: e\n"
		schema = "$schema: https://azuremlschemas.azureedge.net/latest/"
	)
	tests := []struct{ name, text, want string }{
		{"memory of ACI", "computeType: aci\ncontainerResourceRequirements: {memoryInGB: 64, memoryInGB: }\n", "memoryInGB"},
		{"resources", pod + "spec:\n  containers:\n  - resources: {limits: {memory: 64Gi}}\n    resources:\n", "resources"},
		{"node selector", pod + "spec: {containers: [], nodeSelector: {type: virtual-kubelet, type: other}}\n", "type"},
		{"name", pod + "metadata: {name: a, name: b}\nspec: {containers: []}\n", "name"},
		{"namespace", pod + "metadata: {namespace: a, namespace: b}\nspec: {containers: []}\n", "namespace"},
		{"statement", pod + "metadata: {annotations: {mlpolicy.dev/stage: production, mlpolicy.dev/stage: }}\nspec: {containers: []}\n", "mlpolicy.dev/stage"},
		{"schema", schema + "managedOnlineDeployment.schema.json\n" + schema + "kubernetesOnlineDeployment.schema.json\n" + online, "$schema"},
		{"type of ACI", "type: Microsoft.ContainerInstance/containerGroups\ntype: Other/things\n" + group, "type"},
		{"image", pod + "spec: {containers: [{image: a, image: b}]}\n", "image"},
		{"kind", pod + "kind: Service\nspec: {containers: []}\n", "kind"},
		{"items of a list", "apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: Pod, spec: {containers: []}}, {apiVersion: v1, kind: Pod, spec: {containers: []}}]\nitems: []\n", "items"},

		{"the same value", pod + "metadata: {name: a, name: a}\nspec: {containers: []}\n", ""},
		{"no fact", pod + "spec: {containers: [], dnsPolicy: A, dnsPolicy: B}\n", ""},
		{"no known format", "a: 1\na: 2\n", ""},
		{"never at fault", schema + "model.schema.json\nname: a\nname: b\n", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, problem := range extract(t, nil, Options{}, "d.yaml", test.text).Problems {
				got = append(got, problem.Location.Node.Text())
			}
			equal(t, strings.Join(got, " "), test.want)
		})
	}
}

// Twice the input allocates twice as much, not four times. A search that grows with the square allocates nothing, and
// shows only in the time of the largest input, which MLPOLICY_SWEEP=all tries.
func TestWorkIsLinear(t *testing.T) {
	n := 50_000 / sweep.Step(t, 10)
	const pod = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - resources:\n"
	numbered := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	devices := func(n int) string { return numbered(n, "        nvidia.com/mig-%d: 1\n") }
	tests := []struct {
		name                  string
		text                  func(n int) string
		deployments, problems func(n int) int
	}{
		{"documents", func(n int) string { return strings.Repeat("---\ncomputeType: aci\n", n/2) }, half, none},
		{"limits", func(n int) string { return pod + "      limits:\n" + devices(n) }, one, none},
		{"limits and requests", func(n int) string { return pod + "      limits:\n" + devices(n) + "      requests:\n" + devices(n) }, one, none},
		{"keys written twice", func(n int) string { return pod + "      limits:\n" + strings.Repeat(devices(n/2), 2) }, one, half},
		{"keys without a fact written twice", func(n int) string {
			return pod + "      other:\n" + strings.Repeat(numbered(n/2, "        key-%d: 1\n"), 2)
		}, one, none},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			allocated := func(n int) (bytes, objects float64) {
				file := source.Parse("d.yaml", []byte(test.text(n)))
				if len(file.Problems) > 0 {
					t.Fatal(file.Problems)
				}
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				extraction, err := Extract(t.Context(), nil, []*source.File{file}, Options{})
				runtime.ReadMemStats(&after)
				if err != nil || len(extraction.Deployments) != test.deployments(n) || len(extraction.Problems) != test.problems(n) {
					t.Fatalf("%d deployments, %d problems, want %d, %d: %v",
						len(extraction.Deployments), len(extraction.Problems), test.deployments(n), test.problems(n), err)
				}
				return float64(after.TotalAlloc - before.TotalAlloc), float64(after.Mallocs - before.Mallocs)
			}
			allocated(2) // what is made once
			bytes, objects := allocated(n)
			twiceBytes, twiceObjects := allocated(2 * n)
			if twiceBytes > 2.5*bytes || twiceObjects > 2.5*objects {
				t.Errorf("%.0f bytes in %.0f objects; twice the input allocates %.1f times the bytes in %.1f times the objects",
					bytes, objects, twiceBytes/bytes, twiceObjects/objects)
			}
		})
	}
}

func none(int) int   { return 0 }
func one(int) int    { return 1 }
func half(n int) int { return n / 2 }

func TestLinking(t *testing.T) {
	const (
		deployment = "computeType: ACI\n"
		gpu        = "entryScript: score.py\nruntime: python\nenableGpu: true\n"
		cpu        = "entryScript: score.py\nruntime: python\nenableGpu: false\n"
	)
	big := "entryScript: score.py\nenableGpu: true\n" + strings.Repeat("# filler\n", read.MaxLinkedFile/9+1)
	tests := []struct {
		name  string
		run   []string // files of the run after the deployment's own, name and content
		files fstest.MapFS
		want  string
	}{
		{"none", nil, nil, "unknown"},
		{"in the run", []string{"a/inference.yml", gpu}, nil, "1"},
		{"in the run, another name", []string{"a/x.json", `{"entryScript": "s.py", "enableGpu": true}`}, nil, "1"},
		{"in another folder", []string{"b/inference.yml", gpu, "inference.yml", gpu, "a/b/inference.yml", gpu}, nil, "unknown"},
		{"two in the run", []string{"a/cpu.yml", cpu, "a/gpu.yml", gpu}, nil, "unknown"},
		{"beside it", nil, fstest.MapFS{"a/inference.yml": {Data: []byte(gpu)}}, "1"},
		{"two beside it", nil, fstest.MapFS{"a/cpu.yml": {Data: []byte(cpu)}, "a/gpu.yml": {Data: []byte(gpu)}}, "unknown"},
		{"one in the run, one beside it", []string{"a/gpu.yml", gpu}, fstest.MapFS{"a/cpu.yml": {Data: []byte(cpu)}}, "unknown"},
		{"the same in the run and beside it", []string{"a/gpu.yml", gpu}, fstest.MapFS{"a/gpu.yml": {Data: []byte(cpu)}}, "1"},
		{"beside it, another extension", nil, fstest.MapFS{"a/inference.txt": {Data: []byte(gpu)}}, "unknown"},
		{"beside it, broken", nil, fstest.MapFS{"a/inference.yml": {Data: []byte("entryScript: [\n")}}, "unknown"},
		{"beside it, too big", nil, fstest.MapFS{"a/inference.yml": {Data: []byte(big)}}, "unknown"},
		{"beside it, unrelated", nil, fstest.MapFS{"a/other.yml": {Data: []byte("a: b\n")}, "a/folder.yml/x": {Data: []byte(gpu)}}, "unknown"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			files := append([]string{"a/deployment.yml", deployment, "a/second.yml", deployment}, test.run...)
			var extraction *Extraction
			if test.files == nil {
				extraction = extract(t, nil, Options{}, files...)
			} else {
				extraction = extract(t, test.files, Options{}, files...)
			}
			if len(extraction.Deployments) != 2 || len(extraction.Problems) != 0 {
				t.Fatal(describe(extraction))
			}
			for _, document := range extraction.Documents {
				if name := document.Root.File().Name; len(test.files) > 0 && test.files[name] != nil && len(test.run) == 0 {
					t.Errorf("%s was read for linking and is reported", name)
				}
			}
			for _, d := range extraction.Deployments {
				got := "unknown"
				if d.GPUs.Known {
					got = fmt.Sprint(d.GPUs.Value)
				}
				if got != test.want {
					t.Errorf("GPUs %s, want %s", got, test.want)
				}
			}
		})
	}
}

// Standard input is in no folder: what it holds is linked with itself alone.
func TestStandardInputIsInNoFolder(t *testing.T) {
	const deployment, gpu = "computeType: ACI\n", "entryScript: s.py\nenableGpu: true\n"
	beside := fstest.MapFS{"inference.yml": {Data: []byte(gpu)}, "m/MLmodel": {Data: []byte("flavors: {a: {}}\nmodel_size_bytes: 5\n")}}
	if d := only(t, extract(t, beside, Options{}, "<stdin>", deployment)); d.GPUs.Known {
		t.Error("standard input was linked with the file system")
	}
	if d := only(t, extract(t, nil, Options{}, "d.yml", deployment, "<stdin>", gpu)); d.GPUs.Known {
		t.Error("a file was linked with standard input")
	}
	if d := only(t, extract(t, beside, Options{}, "<stdin>", deployment+"---\n"+gpu)); !d.GPUs.Known {
		t.Error("standard input was not linked with itself")
	}
	const model = "apiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\nspec: {model: {path: PATH}}\n"
	for _, test := range []struct {
		file, path string
		want       bool
	}{{"d.yaml", "m", true}, {"d.yaml", "/m", false}, {"<stdin>", "m", false}} {
		d := only(t, extract(t, beside, Options{}, test.file, strings.Replace(model, "PATH", test.path, 1)))
		if got := d.Models[0].SizeBytes.Known; got != test.want {
			t.Errorf("model at %s of %s: size known %t", test.path, test.file, got)
		}
	}
}
