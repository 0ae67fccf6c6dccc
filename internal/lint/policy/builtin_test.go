package policy

import (
	"io/fs"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/policies"
)

func TestLoadBuiltinIsLoad(t *testing.T) {
	loaded, err := Load(t.Context(), policies.FS, nil)
	if err != nil {
		t.Fatal(err)
	}
	builtin, err := LoadBuiltin(t.Context(), policies.FS)
	if err != nil {
		t.Fatal(err)
	}
	if &builtin.rules[0] != &builtinRules[0] {
		t.Error("the bundle was read again")
	}
	for what, pair := range map[string][2]any{
		"rules":    {builtin.Rules(), loaded.Rules()},
		"denies":   {builtin.denies, loaded.denies},
		"files":    {builtin.ruleOfFile, loaded.ruleOfFile},
		"editions": {builtin.Editions(), loaded.Editions()},
		"digest":   {builtin.Digest(), loaded.Digest()},
		"tables":   {builtin.tables.String(), loaded.tables.String()},
		"query":    {builtin.query.String(), loaded.query.String()},
		"rego":     {rego(builtin), rego(loaded)},
	} {
		if reflect.ValueOf(pair[1]).Len() == 0 {
			t.Errorf("%s: there are none", what)
		}
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Errorf("%s are not those of Load", what)
		}
	}
}

// rego returns the rules as OPA evaluates them, and where they stand.
func rego(p *Policies) []string {
	var texts []string
	for _, name := range slices.Sorted(maps.Keys(p.compiler.Modules)) {
		for _, rule := range p.compiler.Modules[name].Copy().Rules {
			rule.Annotations = nil
			texts = append(texts, rule.Ref().String()+": "+rule.Location.String()+": "+rule.String())
		}
	}
	return texts
}

// What the program holds compiled serves a bundle of the same content and no other.
func TestLoadBuiltinOfAnotherBundle(t *testing.T) {
	const file, title = "mlpolicy/rules/memory/memory.rego", "title: More memory"
	changed := fstest.MapFS{}
	err := fs.WalkDir(policies.FS, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(policies.FS, name)
		changed[name] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(changed[file].Data), title) {
		t.Fatalf("%s has no %q", file, title)
	}
	changed[file].Data = []byte(strings.Replace(string(changed[file].Data), title, "title: Far more memory", 1))
	p, err := LoadBuiltin(t.Context(), changed)
	if err != nil {
		t.Fatal(err)
	}
	if rule, _ := p.Rule("memory"); !strings.HasPrefix(rule.Title, "Far more memory") {
		t.Errorf("the title is %q", rule.Title)
	}
	if _, err := LoadBuiltin(t.Context(), fstest.MapFS{}); err == nil || !strings.Contains(err.Error(), "there is no edition") {
		t.Errorf("an empty bundle: %v", err)
	}
}

// Policies share what the program holds, and none changes it, as the race detector
// would tell.
func TestLoadBuiltinConcurrently(t *testing.T) {
	var workers sync.WaitGroup
	for range 4 {
		workers.Go(func() {
			p, err := LoadBuiltin(t.Context(), policies.FS)
			if err != nil {
				t.Error(err)
				return
			}
			denials, err := p.Evaluate(t.Context(), &facts.Facts{Edition: "2020-06", Deployments: []*facts.Deployment{{
				Name:      facts.Know("churn", facts.Place{}),
				Target:    facts.Know(facts.ACI, facts.Place{}),
				MemoryGiB: facts.Know(64.0, facts.Place{}),
			}}})
			if err != nil || len(denials) != 1 || denials[0].Rule != "memory" {
				t.Errorf("%v, %v", denials, err)
			}
		})
	}
	workers.Wait()
}
