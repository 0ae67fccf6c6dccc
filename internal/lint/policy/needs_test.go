package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/policies"
)

// ruleWith returns a rule with a body and what follows it in the module. The body declares path.
func ruleWith(id, body, rest string) string {
	return fmt.Sprintf(`# METADATA
# title: Test
# description: Test.
# custom:
#   severity: note
#   remediation: None.
package mlpolicy.rules[%q]

deny contains {"path": path, "message": "m"} if {
%s
}
%s
`, id, body, rest)
}

// needsOf returns the needs of a rule, one clause in a line.
func needsOf(t *testing.T, body, rest string) string {
	t.Helper()
	const id = "tested"
	p, err := Load(t.Context(), policies.FS, []Folder{{Name: "acme", FS: fstest.MapFS{"tested.rego": {Data: []byte(ruleWith(id, body, rest))}}}})
	if err != nil {
		t.Fatal(err)
	}
	return p.describeNeeds(id)
}

func (p *Policies) describeNeeds(id string) string {
	var lines []string
	for _, need := range p.needs[slices.Index(p.RuleIDs(), id)] {
		words := []string{"anything"}
		switch need.list {
		case deploymentList:
			words = append([]string{string(need.list)}, names(facts.DeploymentFields(), need.fields)...)
		case computeList:
			words = append([]string{string(need.list)}, names(facts.ComputeFields(), need.fields)...)
		}
		lines = append(lines, strings.Join(words, " "))
	}
	return strings.Join(lines, "\n")
}

func names[T any](table []facts.Field[T], set fieldSet) []string {
	var names []string
	for i, field := range table {
		if set>>i&1 == 1 {
			names = append(names, field.Name)
		}
	}
	return names
}

func TestNeeds(t *testing.T) {
	const path = `path := ["deployments", i]`
	for _, test := range []struct{ name, body, rest, want string }{
		{"comparisons", `some i, d in input.deployments
			d.gpus > 0
			d.target == "aci"
			d.stage in {"production"}
			d.memory_gib != d.cpu_cores
			` + path, "", "deployments target stage gpus cpu_cores memory_gib"},
		{"computes", `some i, c in input.computes
			c.nodes > 3
			path := ["computes", i]`, "", "computes nodes"},
		{"a fact alone", `some i, d in input.deployments
			d.autoscales
			` + path, "", "deployments autoscales"},
		{"a variable", `some i, d in input.deployments
			also := d
			replicas := also.replicas
			replicas > 1
			` + path, "", "deployments replicas"},
		{"inside of a fact", `some i, d in input.deployments
			d.compute.nodes > 1
			some image in d.images
			startswith(image, "x")
			` + path, "", "deployments compute images"},
		{"an element of a list inside", `some i, d in input.deployments
			some j, model in d.models
			model.size_bytes > 1
			path := ["deployments", i, "models", j]`, "", "deployments models"},
		{"labels only", `some i, d in input.deployments
			d.labels.team == "x"
			` + path, "", "deployments labels"},
		{"nothing", `some i, _ in input.deployments
			` + path, "", "deployments"},
		{"absence", `some i, d in input.deployments
			d.workload == "web-service"
			not d.stage
			not d.delivery == "iot-edge"
			not d.models
			` + path, "", "deployments workload"},
		// OPA reads the operands of a comparison that is not an equality before it negates.
		{"a negated comparison", `some i, d in input.deployments
			not d.gpus > 0
			` + path, "", "deployments gpus"},
		{"a default", `some i, d in input.deployments
			object.get(d, "stage", "none") == "none"
			` + path, "", "deployments"},
		{"a name that is computed", `some i, d in input.deployments
			some name in ["gpus", "fpgas"]
			d[name] > 0
			` + path, "", "deployments"},
		{"a comprehension", `some i, d in input.deployments
			[label | some label in d.labels] == []
			d.gpus > 0
			` + path, "", "deployments"},
		{"every", `some i, d in input.deployments
			every model in d.models { model.size_bytes > 0; d.stage }
			d.gpus > 0
			` + path, "", "deployments models"},
		{"with", `some i, d in input.deployments
			d.gpus > 0 with input as {}
			d.fpgas > 0
			` + path, "", "deployments"},
		{"before and after what may fail", `some i, d in input.deployments
			d.gpus > 0
			to_number(d.component) > 1
			d.target == "aci"
			` + path, "", "deployments component gpus"},
		{"a table that may fail", `some i, d in input.deployments
			data.mlpolicy.table.targets[d.target].preview == true
			d.workload == "training"
			` + path, "", "deployments target"},
		{"a constant of a module", `some i, d in input.deployments
			d.workload in data.mlpolicy.table.inference
			d.target
			` + path, "", "deployments target workload"},
		{"a document of the module", `some i, d in input.deployments
			d.gpus in few
			d.target
			` + path, "few contains n if some n in [1, 2]", "deployments target gpus"},
		{"a document that may fail", `some i, d in input.deployments
			d.gpus in few
			d.target
			` + path, `few contains n if n := to_number("1")`, "deployments gpus"},
		{"a document with two values", `some i, d in input.deployments
			d.gpus == limit
			d.target
			` + path, "limit := 1 if input.edition == \"2020-06\"\nlimit := 2 if input.edition == \"2020-12\"", "deployments"},
		{"a document with one value", `some i, d in input.deployments
			d.gpus == limit
			d.target
			` + path, "limit := 1 if input.edition == \"2020-06\"\nlimit := 1 if input.edition == \"2020-12\"", "deployments target gpus"},
		{"a document by the fact", `some i, d in input.deployments
			by[d.target]
			d.gpus
			` + path, `by[target] := 1 if some target in ["aci"]`, "deployments target"},
		{"a list of the module", `some i, d in big
			d.gpus > 0
			` + path, "big[i] := d if {\nsome i, d in input.deployments\nd.replicas > 3\n}", "anything"},
		{"a function", `some i, d in input.deployments
			served(d, d.gpus) == "no"
			d.target
			` + path, `served(d, n) := "yes" if { d.workload == "web-service"; n > 0; d.stage } else := "no" if { n > 1; d.workload; d.fpgas }`,
			"deployments workload gpus"},
		{"a function of two clauses", `some i, d in input.deployments
			served(d)
			d.target
			` + path, "served(d) if { d.workload; d.stage }\nserved(d) if { d.stage; not d.workload }", "deployments target stage"},
		{"a function with a default", `some i, d in input.deployments
			served(d) == 1
			` + path, "default served(_) := 1\nserved(d) := 2 if d.workload", "deployments"},
		{"a function that may fail first", `some i, d in input.deployments
			served(d)
			d.target
			` + path, "served(d) if { to_number(d.component) > 1; d.workload }", "deployments component"},
		{"a function of another argument", `some i, d in input.deployments
			served({"workload": 1})
			` + path, "served(d) if d.workload", "deployments"},
		{"functions deeper than is followed", `some i, d in input.deployments
			a(d)
			` + path, "a(d) if b(d)\nb(d) if c(d)\nc(d) if e(d)\ne(d) if f(d)\nf(d) if d.gpus", "deployments"},
		{"the table", `some i, d in input.deployments
			data.mlpolicy.table.gpu_rule(d) == "cpu-only"
			` + path, "", "deployments target"},
		{"several clauses", `some i, d in input.deployments
			d.gpus
			` + path, `deny contains {"path": ["computes", i], "message": "m"} if { some i, c in input.computes; c.fpgas }`,
			"deployments gpus\ncomputes fpgas"},
		{"no element", `input.edition == "2020-06"
			path := ["deployments", 0]`, "", "anything"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := needsOf(t, test.body, test.rest); got != test.want {
				t.Errorf("needs %q, want %q", got, test.want)
			}
		})
	}
}

func TestNeedsOfProjectRules(t *testing.T) {
	text := strings.Replace(ruleWith("tested", `count(input.deployments) == 0
		path := ["deployments", 0]`, ""), "severity: note", "severity: note\n#   scope: project", 1)
	p, err := Load(t.Context(), policies.FS, []Folder{{Name: "acme", FS: fstest.MapFS{"tested.rego": {Data: []byte(text)}}}})
	if err != nil {
		t.Fatal(err)
	}
	if got := p.describeNeeds("tested"); got != "anything" {
		t.Errorf("needs %q", got)
	}
}

// Most rules of the builtin bundle are about facts that few documents declare. One that needs nothing is evaluated for
// each document.
func TestBuiltinRulesHaveNeeds(t *testing.T) {
	p, err := Load(t.Context(), policies.FS, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range p.RuleIDs() {
		needs := p.describeNeeds(id)
		t.Logf("%s: %s", id, needs)
		if !strings.Contains(needs, " ") {
			t.Errorf("%s needs no fact: read its facts before anything that can fail", id)
		}
	}
}

func TestMeets(t *testing.T) {
	has := declared{deploymentList: {0b011, 0b100}, computeList: nil}
	for _, test := range []struct {
		clauses []need
		want    bool
	}{
		{nil, false},
		{[]need{{}}, true},
		{[]need{{deploymentList, 0}}, true},
		{[]need{{computeList, 0}}, false},
		{[]need{{deploymentList, 0b011}}, true},
		{[]need{{deploymentList, 0b110}}, false}, // of two deployments
		{[]need{{deploymentList, 0b110}, {deploymentList, 0b100}}, true},
	} {
		if got := has.meets(test.clauses); got != test.want {
			t.Errorf("%v: %t", test.clauses, got)
		}
	}
}
