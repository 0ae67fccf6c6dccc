package policy_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
)

const scopeFile = "mlpolicy/rules/some-rule/some_rule.rego"

// scoped returns a rule whose body starts at line 9.
func scoped(scope, rest string) string {
	return `# METADATA
# title: Some rule
# description: It reports something.
# custom:
#   severity: warning
#   remediation: Change something.
#   scope: ` + scope + `
package mlpolicy.rules["some-rule"]
` + rest
}

const (
	someDeny = "deny contains {\"path\": [\"deployments\", i], \"message\": \"x\"} if {\n"
	byName   = "\tsome i, d in input.deployments\n"
)

// A rule that relates several deployments must have scope: project.
func TestLoadChecksTheScope(t *testing.T) {
	const (
		list  = "must be read by some i, x in "
		other = "is about several deployments"
		ok    = ""
	)
	tests := []struct {
		name, rego string
		line       int
		want       string // the start of the message
	}{
		{"one list", someDeny + byName + "\td.gpus > 4\n}\n", 0, ok},
		{"computes", "deny contains {\"path\": [\"computes\", i], \"message\": \"x\"} if {\n\tsome i, _ in input.computes\n}\n", 0, ok},
		{"other input", someDeny + byName + "\td.gpus > 4\n\tinput.edition == \"2020-06\"\n}\n", 0, ok},
		{"a list in each of several bodies", someDeny + byName + "\td.gpus > 4\n}\n" + someDeny + byName + "\td.gpus < 1\n}\n", 0, ok},
		{"a list in an else", "deny contains {\"path\": [\"deployments\", 0], \"message\": m} if m := message\n\nmessage := \"a\" if input.edition == \"x\"\nelse := \"b\"\n", 0, ok},
		{"a closure over what one deployment has", someDeny + byName + "\tcount([m | some m in d.models; m.size_bytes > 1]) > 1\n\tevery m in d.models { m.name }\n}\n", 0, ok},
		{"a helper document by its key", "large contains i if {\n" + byName + "\td.gpus > 4\n}\n" + someDeny + byName + "\td.stage\n\ti in large\n}\n", 0, ok},
		{"and by a step", "gpus[i] := d.gpus if {\n" + byName + "}\n" + someDeny + byName + "\td.stage\n\tgpus[i] > 4\n}\n", 0, ok},
		{"a helper document as the list", "large contains i if {\n" + byName + "\td.gpus > 4\n}\n" + someDeny + "\tsome i in large\n}\n", 0, ok},
		{"a helper document that is absent for a key", "large contains i if {\n" + byName + "\td.gpus > 4\n}\n" + someDeny + byName + "\td.stage\n\tnot i in large\n\tnot large[i]\n}\n", 0, ok},
		{"a function of a deployment", "big(d) if d.gpus > 4\n" + someDeny + byName + "\tbig(d)\n}\n", 0, ok},
		{"a constant of another rule", someDeny + byName + "\td.gpus > data.mlpolicy.rules.memory.limit\n}\n", 0, ok},

		{"a count", someDeny + byName + "\td.gpus > 4\n\tcount(input.deployments) > 3\n}\n", 12, "input.deployments " + list},
		{"an index", someDeny + "\tinput.deployments[i].gpus > 4\n}\n", 10, "input.deployments " + list},
		{"a fixed index", someDeny + byName + "\td.name == input.deployments[0].name\n}\n", 11, "input.deployments " + list},
		{"two lists", someDeny + byName + "\tsome _, other in input.deployments\n\td.name == other.name\n}\n", 11, "input.deployments " + list},
		{"deployments and computes", someDeny + byName + "\tsome _, c in input.computes\n\td.name == c.name\n}\n", 11, "input.computes " + list},
		{"a comprehension", someDeny + byName + "\td.gpus > 4\n\tcount([1 | some _, x in input.deployments; x.gpus > 4]) > 3\n}\n", 12, "input.deployments " + list},
		{"a comprehension alone", someDeny + "\tcount({x.name | some _, x in input.deployments}) > 3\n\ti := 0\n}\n", 10, "input.deployments " + list},
		{"every", someDeny + "\ti := 0\n\tevery x in input.deployments { x.gpus > 4 }\n}\n", 11, "input.deployments " + list},
		{"a bracket", someDeny + byName + "\td.gpus > count(input[\"deployments\"])\n}\n", 11, "input.deployments " + list},
		{"an assignment", someDeny + "\tall := input.deployments\n\tsome i, d in all\n\td.gpus > 1\n}\n", 10, "input.deployments " + list},
		{"membership", someDeny + byName + "\tobject.remove(d, [\"name\"]) in input.deployments\n}\n", 11, "input.deployments " + list},
		{"an import", "import input.deployments\n" + someDeny + "\tsome i, d in deployments\n\td.gpus > 1\n}\n", 9, "input.deployments " + list},
		{"in the head", "deny contains {\"path\": [\"deployments\", i], \"message\": sprintf(\"%d\", [count(input.deployments)])} if {\n" + byName + "\td.gpus > 1\n}\n", 9, "input.deployments " + list},
		{"in an else", someDeny + byName + "\td.gpus > limit\n}\n\nlimit := 1 if {\n\tinput.edition == \"x\"\n} else := count(input.deployments)\n", 11, "limit " + other},
		{"all input", someDeny + byName + "\td.gpus > count(input)\n}\n", 11, "input " + other},
		{"a part of input that a variable names", someDeny + byName + "\tsome key in [\"deployments\"]\n\td.gpus > count(input[key])\n}\n", 12, "input " + other},
		{"a count of a helper document", "large contains i if {\n" + byName + "\td.gpus > 4\n}\n" + someDeny + byName + "\td.gpus > 4\n\tcount(large) > 3\n}\n", 16, "large " + other},
		{"a helper document of a helper document", "large contains i if {\n" + byName + "\td.gpus > 4\n}\n\nmany if count(large) > 3\n\n" + someDeny + byName + "\td.gpus > 4\n\tmany\n}\n", 14, "large " + other},
		{"a helper document by its path", "large contains i if {\n" + byName + "\td.gpus > 4\n}\n" + someDeny + byName + "\td.gpus > count(data.mlpolicy.rules[\"some-rule\"].large)\n}\n", 15, `data.mlpolicy.rules["some-rule"].large ` + other},
		{"a second list", "large contains i if {\n" + byName + "\td.gpus > 4\n}\n" + someDeny + byName + "\tsome j in large\n\td.gpus > j\n}\n", 15, "large " + other},
		{"a helper document by another key", "gpus[d.name] := d.gpus if {\n" + byName + "}\n" + someDeny + byName + "\td.gpus > gpus[\"b\"]\n}\n", 14, "gpus " + other},
		{"a function", "twice(name) if {\n\tsome _, d in input.deployments\n\td.name == name\n}\n" + someDeny + byName + "\ttwice(d.name)\n}\n", 10, "input.deployments " + list},
		{"another rule's answers", someDeny + byName + "\td.gpus > count(data.mlpolicy.rules.memory.deny)\n}\n", 11, "data.mlpolicy.rules.memory.deny " + other},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			limited := replace(memoryFile, "deny contains", "limit := 48\n\ndeny contains")
			_, err := policy.Load(t.Context(), bundle(t, limited, write(scopeFile, scoped("deployment", test.rego))), nil)
			if test.want == ok {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			got := lines(t, err)
			if len(got) == 0 {
				t.Fatal("it loads")
			}
			file, line := position(got[0])
			_, message, _ := strings.Cut(got[0], "rule some-rule: ")
			if file != "builtin:"+scopeFile || line != test.line || !strings.HasPrefix(message, test.want) || !strings.Contains(message, "scope: project") {
				t.Errorf("error is %s\nwant one at line %d that begins with %q and names scope: project", got[0], test.line, test.want)
			}
			if _, err := policy.Load(t.Context(), bundle(t, limited, write(scopeFile, scoped("project", test.rego))), nil); err != nil && strings.Contains(err.Error(), "scope") {
				t.Errorf("with scope: project: %v", err)
			}
		})
	}
}

// Rules of the scope PerProject are evaluated separately.
func TestEvaluateProject(t *testing.T) {
	twice := "deny contains {\"path\": [\"deployments\", i, \"name\"], \"message\": \"twice\"} if {\n" +
		"\tsome i, a in input.deployments\n\tsome j, b in input.deployments\n\ti < j\n\ta.name == b.name\n}\n"
	loaded := load(t, bundle(t, write(scopeFile, scoped("project", twice))))
	f := large(3)
	f.Deployments[1].Name = known("another")
	denials, err := loaded.EvaluateProject(t.Context(), f)
	if want := []policy.Denial{{Rule: "some-rule", Path: facts.Path{"deployments", 0, "name"}, Message: "twice"}}; err != nil || !reflect.DeepEqual(denials, want) {
		t.Errorf("denials are %v, error is %v, want %v", denials, err, want)
	}
	each, err := loaded.Evaluate(t.Context(), f)
	if err != nil || len(each) != 6 || len(of("some-rule", each)) != 0 {
		t.Errorf("denials by the other rules are %v, error is %v", each, err)
	}
	none, err := loaded.EvaluateProject(t.Context(), f, "some-rule")
	if err != nil || none != nil {
		t.Errorf("without the rule denials are %v, error is %v", none, err)
	}
	if rule, _ := loaded.Rule("some-rule"); rule.Scope != policy.PerProject {
		t.Errorf("the scope is %s", rule.Scope)
	}
}

func TestLoadRefusesOtherScopes(t *testing.T) {
	deny := someDeny + byName + "\td.gpus > 4\n}\n"
	for name, test := range map[string]struct{ rego, want string }{
		"another word":            {scoped("cluster", deny), `custom.scope in METADATA must be deployment or project, not "cluster"`},
		"targets in the remedy":   {strings.Replace(scoped("project", deny), "#   scope", "#   suggest_targets: something\n#   scope", 1), "METADATA has custom.suggest_targets with scope: project, whose remedies name no targets"},
		"scope beside the custom": {strings.Replace(scoped("project", deny), "#   scope", "# scope", 1), "scope: project belongs below custom in METADATA"},
	} {
		_, err := policy.Load(t.Context(), bundle(t, write(scopeFile, test.rego)), nil)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error is %v, want %s", name, err, test.want)
		}
	}
}
