package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
	"github.com/mlpolicy/mlpolicy/internal/lint/report"
)

func (p *program) rulesCommand() *cli.Command {
	return &cli.Command{
		Name:      "rules",
		Usage:     "list the rules",
		UsageText: "mlpolicy rules [FLAGS]",
		Description: `List the rules with their severities: the built-in rules, those of --policy and of policies: in
the configuration, and the findings about the input itself. The severity is the effective one;
rules: in the configuration changes it. Rules whose statement the selected edition does not make
are marked: they report nothing.`,
		Flags: slices.Concat([]cli.Flag{
			formatFlagOf(report.ForRules().Names()),
			editionFlagOf(),
		}, configFlags()),
		Action: p.rules,
	}
}

func (p *program) rules(c *cli.Context) error {
	if err := noArguments(c); err != nil {
		return err
	}
	session, err := p.session(c)
	if err != nil {
		return err
	}
	edition := session.configuration.Edition.Value
	off, err := session.policies.OffIn(c.Context, edition)
	if err != nil {
		return err
	}
	rules := report.Rules{Edition: edition, List: session.rules(), Off: off}
	return answer(p, c, report.ForRules(), rules)
}

// rules returns the rules of the policies and those implemented in Go, sorted by ID.
func (s *session) rules() []report.Rule {
	var rules []report.Rule
	for _, rule := range append(s.policies.Rules(), inputRules()...) {
		inForce := rule.Severity
		if severity, set := s.configuration.Severity(rule.ID); set {
			inForce = severity
		}
		rules = append(rules, report.Rule{Rule: rule, InForce: inForce})
	}
	slices.SortFunc(rules, func(a, b report.Rule) int { return strings.Compare(a.ID, b.ID) })
	return rules
}

// inputRules returns the rules implemented in Go, which report on the input itself.
func inputRules() []policy.Rule {
	return []policy.Rule{
		{
			ID:       facts.SyntaxRule,
			Title:    "Deployment file that cannot be read",
			Severity: facts.Error,
			Description: `A value that cannot be read cannot be checked. Errors: a file that looks like a deployment and is not valid
YAML or JSON, a duplicate key that declares a fact, and a document of group mlpolicy.dev with an unknown
version, kind, key or value, or without spec. Warnings: values of the wrong type in other documents,
unknown mlpolicy.dev annotations, labels and tags, and unrendered templates.`,
			Remediation: "Correct the value at the location of the finding. Render templates first: helm template . | mlpolicy lint -",
		},
		{
			ID:       facts.ContradictionRule,
			Title:    "Statement that contradicts the document",
			Severity: facts.Warning,
			Description: `Annotations, tags, and facts: and stages: in the configuration declare facts that are missing in a
document. They never override the document. If the two differ, one of them is out of date.`,
			Remediation: "Correct or remove the statement.",
		},
		{
			ID:       facts.WaiverRule,
			Title:    "Waiver that is invalid, expired or unused",
			Severity: facts.Error,
			Description: `Errors: a waiver with a mistake, an unknown rule, or one that waiving: in the configuration does not accept; it
has no effect. Warnings: a waiver that has expired, and one that covers no finding although everything it may cover
was checked. Notes: a waiver that expires within 14 days. Findings of this rule cannot be waived. Waivers in the
configuration with a mistake make it invalid instead.`,
			Remediation: "Correct, extend or remove the waiver. docs/waivers.md describes the grammar.",
		},
		{
			ID:       facts.BindingRule,
			Title:    "Pod bound manually to a virtual node",
			Severity: facts.Error,
			Description: `Only the webhook reports this, if the chart's value webhook.reviewBindings is set. A Pod is
evaluated for the nodes on which the scheduler may place it. A Binding from another user can place it on any
node, including Azure Container Instances, whatever the Pod requests.`,
			Remediation: "Let the scheduler place the Pod, or list the user under webhook: controllers:.",
		},
	}
}
