package webhook

import (
	"fmt"
	"math"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
)

func TestExemptExisting(t *testing.T) {
	of := func(rule, message string, unjudged bool) lint.Finding {
		return lint.Finding{Rule: rule, Severity: lint.Error, Message: message, Unevaluated: unjudged}
	}
	// by is an error of a rule that grows with a number, negative for a lower bound.
	by := func(amount float64, target string) lint.Finding {
		finding := of("memory", fmt.Sprint(amount), false)
		finding.Target, finding.Amount = target, facts.Number{Value: math.Abs(amount), Known: true, AtLeast: amount < 0}
		return finding
	}
	were := func(findings ...lint.Finding) evaluation { return evaluation{findings: findings} }
	// may is an error on a target on which the object need not run.
	may := func(finding lint.Finding) lint.Finding {
		finding.Possible = "may run on ACI: "
		finding.Message = finding.Possible + finding.Message
		return finding
	}
	for _, test := range []struct {
		name   string
		now    []lint.Finding
		before evaluation
		want   []Exemption
	}{
		{"a smaller number", []lint.Finding{by(60, "aci")}, were(by(64, "aci")), []Exemption{Unchanged}},
		{"a larger number", []lint.Finding{by(65, "aci")}, were(by(64, "aci")), []Exemption{""}},
		{"a smaller number on another target", []lint.Finding{by(60, "local")}, were(by(64, "aci")), []Exemption{""}},
		{"a lower bound below an exact number", []lint.Finding{by(-60, "aci")}, were(by(64, "aci")), []Exemption{""}},
		{"an exact number below a lower bound", []lint.Finding{by(60, "aci")}, were(by(-64, "aci")), []Exemption{Unchanged}},
		{"an exact number above a lower bound", []lint.Finding{by(65, "aci")}, were(by(-64, "aci")), []Exemption{""}},
		{"a smaller lower bound", []lint.Finding{by(-60, "aci")}, were(by(-64, "aci")), []Exemption{Unchanged}},
		{"each is covered once", []lint.Finding{by(60, "aci"), by(50, "aci")}, were(by(64, "aci")), []Exemption{Unchanged, ""}},
		{"as many as possible are covered", []lint.Finding{by(50, "aci"), by(60, "aci")}, were(by(64, "aci"), by(51, "aci")), []Exemption{Unchanged, Unchanged}},
		{"the same message before a smaller number", []lint.Finding{by(50, "aci"), by(64, "aci")}, were(by(64, "aci"), by(70, "aci")), []Exemption{Unchanged, Unchanged}},
		{"a target where it may have run", []lint.Finding{by(64, "aci")}, were(may(by(64, "aci"))), []Exemption{""}},
		{"a smaller number on a target where it may have run", []lint.Finding{by(60, "aci")}, were(may(by(64, "aci"))), []Exemption{""}},
		{"a message about a target where it may have run", []lint.Finding{of("designer", "x", false)}, were(may(of("designer", "x", false))), []Exemption{""}},
		{"a target where it still may run", []lint.Finding{may(by(60, "aci"))}, were(may(by(64, "aci"))), []Exemption{Unchanged}},
		{"a larger number where it may run", []lint.Finding{may(by(65, "aci"))}, were(may(by(64, "aci"))), []Exemption{""}},
		{"a target where it need not run any more", []lint.Finding{may(by(64, "aci"))}, were(by(64, "aci")), []Exemption{Unchanged}},
		{"a message about a target where it need not run any more", []lint.Finding{may(of("designer", "x", false))}, were(of("designer", "x", false)), []Exemption{Unchanged}},
		{
			"each for the one of its kind", []lint.Finding{may(of("designer", "x", false)), of("designer", "x", false)},
			were(of("designer", "x", false), may(of("designer", "x", false))), []Exemption{Unchanged, Unchanged},
		},
		{
			"each number for the one of its kind", []lint.Finding{may(by(60, "aci")), by(50, "aci")},
			were(by(55, "aci"), may(by(64, "aci"))), []Exemption{Unchanged, Unchanged},
		},
		{
			"numbers that both kinds cover", []lint.Finding{may(by(50, "aci")), by(50, "aci")},
			were(by(60, "aci"), may(by(64, "aci"))), []Exemption{Unchanged, Unchanged},
		},
		{
			"a number that was said of the other kind", []lint.Finding{may(by(60, "aci")), by(55, "aci")},
			were(by(60, "aci"), may(by(64, "aci"))), []Exemption{Unchanged, Unchanged},
		},
		{"a number of another rule", []lint.Finding{{Rule: "fpga", Severity: lint.Error, Target: "aci", Amount: facts.Number{Value: 1, Known: true}}}, were(by(64, "aci")), []Exemption{""}},
		{"the same", []lint.Finding{of("memory", "64", false)}, evaluation{findings: []lint.Finding{of("memory", "64", false)}}, []Exemption{Unchanged}},
		{"another value", []lint.Finding{of("memory", "64", false)}, evaluation{findings: []lint.Finding{of("memory", "63", false)}}, []Exemption{""}},
		{
			"one more", []lint.Finding{of("memory", "64", false), of("memory", "64", false)},
			evaluation{findings: []lint.Finding{of("memory", "64", false)}},
			[]Exemption{Unchanged, ""},
		},
		{
			"elsewhere",
			[]lint.Finding{{Rule: "syntax", Severity: lint.Error, Message: "spec.containers[1] is x", Field: "spec.containers[1]"}},
			evaluation{findings: []lint.Finding{{Rule: "syntax", Severity: lint.Error, Message: "spec.containers[0] is x", Field: "spec.containers[0]"}}},
			[]Exemption{Unchanged},
		},
		{"nothing was judged", []lint.Finding{of("syntax", "too deep", true)}, evaluation{findings: []lint.Finding{of("syntax", "too deep", true)}}, []Exemption{""}},
		{"the rule failed before", []lint.Finding{of("memory", "64", false), of("fpga", "1", false)}, evaluation{failedRules: []string{"memory"}}, []Exemption{Unchanged, ""}},
	} {
		outcomes := make([]outcome, len(test.now))
		for i, finding := range test.now {
			outcomes[i].Finding = finding
		}
		if unsure := exemptExisting(outcomes, &test.before); unsure != (len(test.before.failedRules) > 0) {
			t.Errorf("%s: unsure %v", test.name, unsure)
		}
		for i, outcome := range outcomes {
			if outcome.exemption != test.want[i] {
				t.Errorf("%s: error %d is exempted as %q, want %q", test.name, i, outcome.exemption, test.want[i])
			}
		}
	}
}
