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
		Description: `List the rules with their severities: those that are built in, those of --policy and of
policies: in the configuration, and the findings about the input itself. The severity is the
one in force; rules: in the configuration changes it. A rule whose statement the edition in force
does not make is marked: it reports nothing.`,
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
	return answer(p, c, report.ForRules(), c.String(formatFlag), rules)
}

// rules are those of the policies and those of Go, sorted by ID.
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

// inputRules describes the findings that no rule of the policies makes.
func inputRules() []policy.Rule {
	return []policy.Rule{
		{
			ID:       facts.SyntaxRule,
			Title:    "A deployment file that cannot be understood",
			Severity: facts.Error,
			Description: `A file with the marks of a deployment is not valid YAML or JSON, a key that carries a fact is written
twice, or a document of group mlpolicy.dev has an unknown version, kind, key or value or no spec:
these are errors, since what cannot be read is not checked. Values of another shape or kind in
the documents of others, unknown mlpolicy.dev annotations, labels and tags, and templates that are
not rendered are warnings.`,
			Remediation: "Correct what the finding points at. Lint templates once they are rendered: helm template . | mlpolicy lint -",
		},
		{
			ID:       facts.ContradictionRule,
			Title:    "A statement that contradicts the document",
			Severity: facts.Warning,
			Description: `What an annotation, a tag, or facts: and stages: in the configuration state fills what a document
leaves open and never overrides it. Where the two differ one of them is out of date.`,
			Remediation: "Correct or remove the statement.",
		},
		{
			ID:       facts.BindingRule,
			Title:    "A Pod bound to a virtual node by hand",
			Severity: facts.Error,
			Description: `The webhook alone reports this, where the chart's value webhook.reviewBindings is set. What a Pod states says
where the scheduler may place it, and it is judged by that. A Binding of anyone else puts it on any node,
and so on Azure Container Instances, whatever it asks for.`,
			Remediation: "Let the scheduler place the Pod, or list the user under webhook: controllers:.",
		},
	}
}
