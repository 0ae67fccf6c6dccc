package facts

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

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
		if name := problem.Place.Node.File().Name; name != files[2*i] {
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

func TestExtractOfNothing(t *testing.T) {
	extraction := extract(t, nil, Options{})
	equal(t, describe(extraction), "")
	extraction = extract(t, nil, Options{}, "empty.yaml", "", "list.json", "[1, null, {}]", "scalar.yaml", "text", "service.yaml", "apiVersion: v1\nkind: Service\n")
	equal(t, describe(extraction), "")
}

// The inventory is asked for models that nothing else sizes.
func TestInventory(t *testing.T) {
	asked := map[string]int64{"churn 7": 1e9, "fraud ": 2e9, "sized ": 3e9}
	options := Options{ModelSize: func(name, version string) Fact[int64] {
		if size, ok := asked[name+" "+version]; ok {
			return Know(size, Place{Why: "models of .mlpolicy.yaml"})
		}
		return Fact[int64]{}
	}}
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
		{"carries a fact", "spec: {replicas: 1, replicas: 2}", `error 3:21 key "replicas" is written twice, first on line 3; the last value counts`},
		{"on the way to a fact", "spec: {replicas: 1}\nspec: {replicas: 2}", `error 4:1 key "spec" is written twice, first on line 3; the last value counts`},
		{"without the fact", "spec: {replicas: 1}\nspec: {replicas: 1}\nspec: {gpus: }", ""},
		{"carries none", "metadata: {annotations: {a: 1, a: 2}, annotations: {}}\nspec: {replicas: 1}", ""},
		{"three times", "spec: {replicas: 1, replicas: 2, replicas: 3}", `error 3:34 key "replicas" is written twice, first on line 3; the last value counts`},
		{"two facts, one way", "spec: {replicas: 1}\nspec: {replicas: 2, gpus: 1}", `error 4:1 key "spec" is written twice, first on line 3; the last value counts`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			extraction := extract(t, nil, Options{}, "d.yaml", "apiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\n"+test.text+"\n")
			only(t, extraction)
			var got []string
			for _, problem := range extraction.Problems {
				got = append(got, fmt.Sprintf("%s %s %s", problem.Severity, at(problem.Place.Node), problem.Message))
			}
			equal(t, strings.Join(got, "\n"), test.want)
		})
	}
}

func TestLinking(t *testing.T) {
	const (
		deployment = "computeType: ACI\n"
		gpu        = "entryScript: score.py\nruntime: python\nenableGpu: true\n"
		cpu        = "entryScript: score.py\nruntime: python\nenableGpu: false\n"
	)
	big := "entryScript: score.py\nenableGpu: true\n" + strings.Repeat("# filler\n", maxLinkedFile/9+1)
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
