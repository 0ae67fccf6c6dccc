package main

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
)

func (p *program) explainCommand() *cli.Command {
	return &cli.Command{
		Name:      "explain",
		Usage:     "tell what a rule is for and what heals it",
		UsageText: "mlpolicy explain [FLAGS] RULE",
		Description: `Tell what a rule is for, in the terms of the table, what heals its findings, and show a file
that it refuses and one that it accepts. mlpolicy rules lists the rules.`,
		Flags: slices.Concat([]cli.Flag{
			choice(formatFlag, "print as `FORMAT`: text or markdown", "text", []string{"text", "markdown"}),
		}, configFlags()),
		Action: p.explain,
	}
}

func (p *program) explain(c *cli.Context) error {
	if c.NArg() != 1 {
		return usagef("explain needs one rule").seeHelp(c.Command.Name)
	}
	session, err := p.session(c)
	if err != nil {
		return err
	}
	var names []string
	for _, rule := range session.rules() {
		if rule.ID == c.Args().First() {
			text := p.page(rule)
			if c.String(formatFlag) == "text" {
				text = p.explanation(rule, session)
			}
			return p.print(text)
		}
		names = append(names, rule.ID)
	}
	return unknownName("rule", c.Args().First(), names)
}

// explanation is for terminals: of the examples it shows one pair.
func (p *program) explanation(rule policy.Rule, session *session) string {
	var text strings.Builder
	severity := severityIn(session.configuration, rule)
	fmt.Fprintf(&text, "%s: %s", rule.ID, severity)
	if severity != rule.Severity {
		fmt.Fprintf(&text, " (%s by default)", rule.Severity)
	}
	fmt.Fprintf(&text, "\n%s\n\n%s\n\nRemedy: %s\n", oneLine(rule.Title), strings.TrimSpace(rule.Description), oneLine(rule.Remediation))
	if pairs := p.examplesOf(rule.ID); len(pairs) > 0 {
		fmt.Fprintf(&text, "\nRefused, such as %s:\n\n%s", pairs[0].bad.name, indent(pairs[0].bad.content))
		fmt.Fprintf(&text, "\nAccepted, such as %s:\n\n%s", pairs[0].good.name, indent(pairs[0].good.content))
	}
	if len(rule.Related) > 0 {
		text.WriteString("\nSee:\n")
	}
	for _, reference := range rule.Related {
		fmt.Fprintf(&text, "  %s\n  %s\n", reference.Description, reference.URL)
	}
	return text.String()
}

// page is for the docs: it shows every example.
func (p *program) page(rule policy.Rule) string {
	var text strings.Builder
	fmt.Fprintf(&text, "# %s\n\n%s. Severity: %s.\n\n%s\n\n**Remedy:** %s\n", rule.ID, oneLine(rule.Title), rule.Severity,
		strings.TrimSpace(rule.Description), oneLine(rule.Remediation))
	for _, reference := range rule.Related {
		fmt.Fprintf(&text, "\nSee [%s](%s).\n", reference.Description, reference.URL)
	}
	for _, pair := range p.examplesOf(rule.ID) {
		fmt.Fprintf(&text, "\n## %s\n", pair.title)
		for _, side := range []struct {
			verdict string
			example example
		}{{"Refused", pair.bad}, {"Accepted", pair.good}} {
			language := strings.TrimPrefix(path.Ext(side.example.name), ".")
			fmt.Fprintf(&text, "\n%s:\n\n```%s\n%s\n```\n", side.verdict, language, strings.TrimRight(side.example.content, "\n"))
		}
	}
	return text.String()
}

// pair is what a rule refuses and accepts of one target.
type pair struct {
	title     string // the target and what is special about the case
	bad, good example
}

type example struct{ name, content string }

// examplesOf returns a rule's examples as pairs: to each file that it refuses the one
// that it accepts whose title is most alike.
func (p *program) examplesOf(rule string) []pair {
	bad, good := p.examplesLike(rule, "bad."), p.examplesLike(rule, "good.")
	if len(good) == 0 {
		return nil
	}
	var pairs []pair
	for _, refused := range bad {
		accepted := good[0]
		for _, candidate := range good[1:] {
			if alike(refused, candidate) > alike(refused, accepted) {
				accepted = candidate
			}
		}
		pairs = append(pairs, pair{titleOf(refused), refused, accepted})
	}
	return pairs
}

// alike counts the letters with which two titles begin alike; it is most for one title.
func alike(a, b example) int {
	count, one, other := 0, titleOf(a)+"\n", titleOf(b)+"\n"
	for count < min(len(one), len(other)) && one[count] == other[count] {
		count++
	}
	return count
}

func titleOf(e example) string {
	_, rest, _ := strings.Cut(e.name, ".")
	return strings.TrimSuffix(rest, path.Ext(rest))
}

func (p *program) examplesLike(rule, prefix string) []example {
	names, err := fs.Glob(p.examples, path.Join(rule, prefix+"*"))
	if err != nil {
		return nil
	}
	var examples []example
	for _, name := range names {
		if content, err := fs.ReadFile(p.examples, name); err == nil {
			examples = append(examples, example{path.Base(name), string(content)})
		}
	}
	return examples
}

func indent(text string) string {
	var indented strings.Builder
	for line := range strings.Lines(strings.TrimRight(text, "\n") + "\n") {
		if line != "\n" {
			indented.WriteString("    ")
		}
		indented.WriteString(line)
	}
	return indented.String()
}
