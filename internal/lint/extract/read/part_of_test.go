package read

import (
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
)

func TestIsPart(t *testing.T) {
	know := func(gib float64, atLeast bool) facts.Fact[float64] {
		return facts.Fact[float64]{Value: gib, Known: true, AtLeast: atLeast}
	}
	named := func(name, why string) facts.Fact[string] { return facts.Know(name, facts.Location{Why: why}) }
	images := func(names ...string) (all []facts.Fact[string]) {
		for _, name := range names {
			all = append(all, named(name, ""))
		}
		return all
	}
	labels := map[string]facts.Fact[string]{"a": named("1", ""), "b": named("2", "")}
	tests := map[string]struct {
		part, whole facts.Deployment
		want        bool
	}{
		"nothing":           {facts.Deployment{}, facts.Deployment{MemoryGiB: know(4, false)}, true},
		"a value":           {facts.Deployment{MemoryGiB: know(4, false)}, facts.Deployment{MemoryGiB: know(4, false), CPUCores: know(1, false)}, true},
		"another value":     {facts.Deployment{MemoryGiB: know(4, false)}, facts.Deployment{MemoryGiB: know(8, false)}, false},
		"an unknown value":  {facts.Deployment{MemoryGiB: know(4, false)}, facts.Deployment{}, false},
		"a lower bound":     {facts.Deployment{MemoryGiB: know(4, true)}, facts.Deployment{MemoryGiB: know(8, false)}, true},
		"below the bound":   {facts.Deployment{MemoryGiB: know(4, true)}, facts.Deployment{MemoryGiB: know(2, false)}, false},
		"another name":      {facts.Deployment{Name: named("a", "")}, facts.Deployment{Name: named("b", "")}, false},
		"no name":           {facts.Deployment{Name: named("a", Unnamed+"; an address")}, facts.Deployment{Name: named("b", "")}, true},
		"some images":       {facts.Deployment{Images: images("c", "a")}, facts.Deployment{Images: images("a", "b", "c")}, true},
		"another image":     {facts.Deployment{Images: images("a", "d")}, facts.Deployment{Images: images("a", "b")}, false},
		"some labels":       {facts.Deployment{Labels: map[string]facts.Fact[string]{"b": labels["b"]}}, facts.Deployment{Labels: labels}, true},
		"another label":     {facts.Deployment{Labels: labels}, facts.Deployment{Labels: map[string]facts.Fact[string]{"a": labels["a"]}}, false},
		"some models":       {facts.Deployment{Models: []*facts.Model{{Name: named("m", "")}}}, facts.Deployment{Models: []*facts.Model{{}, {Name: named("m", ""), Version: named("1", "")}}}, true},
		"another model":     {facts.Deployment{Models: []*facts.Model{{Name: named("m", "")}}}, facts.Deployment{Models: []*facts.Model{{Name: named("n", "")}}}, false},
		"a model too many":  {facts.Deployment{Models: []*facts.Model{{Name: named("m", "")}, {Name: named("m", "")}}}, facts.Deployment{Models: []*facts.Model{{Name: named("m", "")}}}, false},
		"a known false one": {facts.Deployment{Designer: facts.Know(false, facts.Location{})}, facts.Deployment{Designer: facts.Know(true, facts.Location{})}, false},
	}
	if len(tests) == 0 {
		t.Fatal("no cases")
	}
	for name, test := range tests {
		if got := IsPart(facts.DeploymentFields(), &test.part, &test.whole); got != test.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
