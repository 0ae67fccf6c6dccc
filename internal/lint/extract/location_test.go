package extract

import (
	"encoding/json"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
)

const located = `apiVersion: mlpolicy.dev/v1
kind: ModelDeployment
metadata: {name: churn}
spec:
  target: aci
  labels: {team: risk}
  images: [acme/score:1]
  model:
    - {name: churn, size: 1GB}
    - {name: fraud}
  compute: {name: pool, nodes: 3}
---
apiVersion: mlpolicy.dev/v1
kind: ModelDeployment
metadata: {name: bare}
spec: {}
`

func TestLocate(t *testing.T) {
	extraction := extract(t, nil, Options{}, "d.yaml", located)
	tests := []struct {
		path facts.Path
		want string
	}{
		{facts.Path{"deployments", 0}, "1:1"},
		{facts.Path{"deployments", 0, "name"}, "3:18"},
		{facts.Path{"deployments", 0, "target"}, "5:11"},
		{facts.Path{"deployments", 0, "labels", "team"}, "6:18"},
		{facts.Path{"deployments", 0, "images", 0}, "7:12"},
		{facts.Path{"deployments", 0, "models", 0, "size_bytes"}, "9:27"},
		{facts.Path{"deployments", 0, "compute", "nodes"}, "11:32"},
		{facts.Path{"deployments", 0, "compute"}, "11:12"},
		// What is not known is at the nearest object around it.
		{facts.Path{"deployments", 0, "stage"}, "1:1"},
		{facts.Path{"deployments", 0, "format"}, "1:1"},
		{facts.Path{"deployments", 0, "models"}, "1:1"},
		{facts.Path{"deployments", 0, "models", 1}, "10:7"},
		{facts.Path{"deployments", 0, "models", 1, "size_bytes"}, "10:7"},
		{facts.Path{"deployments", 0, "labels", "owner"}, "1:1"},
		{facts.Path{"deployments", 0, "compute", "vm_size"}, "11:12"},
		{facts.Path{"deployments", 1, "compute", "vm_size"}, "13:1"},
		{facts.Path{"deployments", 1, "labels", "team"}, "13:1"},
		{facts.Path{"edition"}, "nowhere"},
		{facts.Path{}, "nowhere"},
		// What is no path of the vocabulary.
		{facts.Path{"deployments", 2}, "no path"},
		{facts.Path{"deployments", -1}, "no path"},
		{facts.Path{"deployments", "0"}, "no path"},
		{facts.Path{"deployments", 0, "environment"}, "no path"},
		{facts.Path{"deployments", 0, "Target"}, "no path"},
		{facts.Path{"deployments", 0, "-"}, "no path"},
		{facts.Path{"deployments", 0, ""}, "no path"},
		{facts.Path{"deployments", 0, 0}, "no path"},
		{facts.Path{"deployments", 0, "images", 1}, "no path"},
		{facts.Path{"deployments", 1, "models", 0}, "no path"},
		{facts.Path{"deployments", 0, "labels", 1}, "no path"},
		{facts.Path{"deployments", 0, "compute", "format", "x"}, "no path"},
		{facts.Path{"deployments", 0, "target", "Value"}, "no path"},
		{facts.Path{"deployments", 0, "target", ""}, "no path"},
		{facts.Path{"deployments", 0, true}, "no path"},
		{facts.Path{"rows"}, "no path"},
	}
	for _, test := range tests {
		got := "no path"
		if location, ok := extraction.Locate(test.path); ok {
			got = at(location.Node)
		}
		if got != test.want {
			t.Errorf("%v is at %s, want %s", test.path, got, test.want)
		}
	}
}

// Everything that policies see has a location.
func TestLocateFindsEverythingInTheInput(t *testing.T) {
	extraction := extract(t, nil, Options{}, "d.yaml", located)
	text, err := json.Marshal(extraction.Facts)
	if err != nil {
		t.Fatal(err)
	}
	var input map[string]any
	if err := json.Unmarshal(text, &input); err != nil {
		t.Fatal(err)
	}
	leaves := 0
	var walk func(path facts.Path, value any)
	walk = func(path facts.Path, value any) {
		if location, ok := extraction.Locate(path); !ok || len(path) > 1 && location.Node == nil {
			t.Errorf("%v is not located", path)
		}
		switch value := value.(type) {
		case map[string]any:
			for key, item := range value {
				walk(append(path[:len(path):len(path)], key), item)
			}
		case []any:
			for i, item := range value {
				walk(append(path[:len(path):len(path)], i), item)
			}
		default:
			leaves++
		}
	}
	walk(nil, any(input))
	if want := 15; leaves < want {
		t.Errorf("the input has %d values, want at least %d: %s", leaves, want, text)
	}
}

// An unknown fact is not in the input, a known zero is.
func TestFactsAsJSON(t *testing.T) {
	extraction := extract(t, nil, Options{}, "d.yaml",
		"apiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\nspec: {gpus: 0, designer: false, memory: 1536MiB}\n")
	text, err := json.Marshal(only(t, extraction))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, string(text), `{"name":"d.yaml","format":"mlpolicy-model-deployment","designer":false,"gpus":0,"memory_gib":1.5}`)
}

// A number is found by the path of its fact, and a lower bound is never below what is exact.
func TestNumber(t *testing.T) {
	all := &facts.Facts{Deployments: []*facts.Deployment{{
		MemoryGiB: facts.Fact[float64]{Value: 1.5, Known: true, AtLeast: true}, Target: facts.Know(facts.ACI, facts.Location{}),
		Models: []*facts.Model{{SizeBytes: facts.Know(int64(7), facts.Location{})}},
	}}}
	for _, test := range []struct {
		path facts.Path
		want facts.Number
	}{
		{facts.Path{"deployments", 0, "memory_gib"}, facts.Number{Value: 1.5, Known: true, AtLeast: true}},
		{facts.Path{"deployments", 0, "models", 0, "size_bytes"}, facts.Number{Value: 7, Known: true}},
		{facts.Path{"deployments", 0, "gpus"}, facts.Number{}},
		{facts.Path{"deployments", 0, "target"}, facts.Number{}},
		{facts.Path{"deployments", 0, "models"}, facts.Number{}},
		{facts.Path{"deployments", 1, "gpus"}, facts.Number{}},
		{facts.Path{"deployments", 0, "nothing"}, facts.Number{}},
	} {
		if got := all.Number(test.path); got != test.want {
			t.Errorf("%v: %+v, want %+v", test.path, got, test.want)
		}
	}
	exact, bound := func(value float64) facts.Number { return facts.Number{Value: value, Known: true} }, func(value float64) facts.Number { return facts.Number{Value: value, Known: true, AtLeast: true} }
	for _, test := range []struct {
		now, before facts.Number
		want        bool
	}{
		{exact(1), exact(1), true}, {exact(1), exact(2), true}, {exact(2), exact(1), false},
		{bound(1), exact(2), false}, {exact(1), bound(2), true}, {exact(3), bound(2), false}, {bound(1), bound(2), true}, {bound(2), bound(1), false},
		{facts.Number{}, exact(1), false}, {exact(0), facts.Number{}, false},
	} {
		if got := test.now.NotAbove(test.before); got != test.want {
			t.Errorf("%+v after %+v: %v", test.now, test.before, got)
		}
	}
}
