package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/mlpolicy/mlpolicy/internal/lint/config"
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
			choice(formatFlag, "print as `FORMAT`: text or json", "text", []string{"text", "json"}),
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
	rules, configuration := session.rules(), session.configuration
	edition := configuration.Edition.Value
	off, err := session.policies.OffIn(c.Context, edition)
	if err != nil {
		return err
	}
	if c.String(formatFlag) == "json" {
		return p.rulesJSON(rules, configuration, off)
	}
	return p.table(func(w io.Writer) {
		fmt.Fprintln(w, "RULE\tSEVERITY\tTITLE")
		for _, rule := range rules {
			severity := string(severityIn(configuration, rule))
			if slices.Contains(off, rule.ID) {
				severity = "not in " + edition
			}
			fmt.Fprintf(w, "%s\t%s\t%s\n", rule.ID, severity, oneLine(rule.Title))
		}
	})
}

// table writes tab-separated cells as a table.
func (p *program) table(write func(io.Writer)) error {
	var text strings.Builder
	tabs := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	write(tabs)
	tabs.Flush() // a strings.Builder has no errors
	return p.print(text.String())
}

type jsonRule struct {
	ID              string         `json:"id"`
	Severity        facts.Severity `json:"severity"`
	DefaultSeverity facts.Severity `json:"default_severity"`
	// InEdition is false where the edition in force does not make the rule's statement.
	InEdition   bool            `json:"in_edition"`
	Title       string          `json:"title"`
	Description string          `json:"description"`
	Remediation string          `json:"remediation"`
	Related     []jsonReference `json:"related"`
}

type jsonReference struct {
	Description string `json:"description"`
	URL         string `json:"url"`
}

func (p *program) rulesJSON(rules []policy.Rule, configuration *config.Config, off []string) error {
	list := make([]jsonRule, len(rules))
	for i, rule := range rules {
		list[i] = jsonRule{
			ID:              rule.ID,
			Severity:        severityIn(configuration, rule),
			DefaultSeverity: rule.Severity,
			InEdition:       !slices.Contains(off, rule.ID),
			Title:           rule.Title,
			Description:     strings.TrimSpace(rule.Description),
			Remediation:     rule.Remediation,
			Related:         make([]jsonReference, len(rule.Related)),
		}
		for j, reference := range rule.Related {
			list[i].Related[j] = jsonReference(reference)
		}
	}
	return p.json(list)
}

// json writes a document.
func (p *program) json(value any) error { return writing(report.EncodeJSON(p.stdout, value)) }

// rules are those of the policies and those of Go, sorted by ID.
func (s *session) rules() []policy.Rule {
	rules := append(s.policies.Rules(), inputRules()...)
	slices.SortFunc(rules, func(a, b policy.Rule) int { return strings.Compare(a.ID, b.ID) })
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

func severityIn(configuration *config.Config, rule policy.Rule) facts.Severity {
	if severity, set := configuration.Severity(rule.ID); set {
		return severity
	}
	return rule.Severity
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
