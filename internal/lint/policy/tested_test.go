package policy

import (
	"maps"
	"reflect"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/mlpolicy/mlpolicy/policies"
)

// What LoadTested leaves out changes nothing in a bundle that passes Load.
func TestLoadTestedIsLoad(t *testing.T) {
	checked, err := Load(t.Context(), policies.FS, nil)
	if err != nil {
		t.Fatal(err)
	}
	tested := LoadTested(policies.FS)

	for what, pair := range map[string][2]any{
		"rule IDs":    {tested.RuleIDs(), checked.RuleIDs()},
		"rules":       {tested.Rules(), checked.Rules()},
		"edition IDs": {tested.EditionIDs(), checked.EditionIDs()},
		"editions":    {tested.Editions(), checked.Editions()},
		"digest":      {tested.Digest(), checked.Digest()},
		"rego":        {compiled(tested), compiled(checked)},
	} {
		if value := reflect.ValueOf(pair[1]); value.Len() == 0 {
			t.Errorf("%s: there are none", what)
		}
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Errorf("%s are not those of Load", what)
		}
	}
}

// compiled returns the text of the modules as OPA evaluates them.
func compiled(p *Policies) []string {
	modules := p.loaded().compiler.Modules
	var texts []string
	for _, name := range slices.Sorted(maps.Keys(modules)) {
		for _, rule := range modules[name].Copy().Rules {
			rule.Annotations = nil
			texts = append(texts, name+": "+rule.String())
		}
	}
	return texts
}

// A bundle that does not pass Load is a mistake of the program.
func TestLoadTestedPanics(t *testing.T) {
	tested := LoadTested(fstest.MapFS{})
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	tested.Rules()
}
