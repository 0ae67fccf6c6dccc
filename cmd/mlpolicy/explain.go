package main

import (
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/mlpolicy/mlpolicy/internal/lint/report"
	"github.com/mlpolicy/mlpolicy/testdata/rules"
)

func (p *program) explainCommand() *cli.Command {
	return &cli.Command{
		Name:      "explain",
		Usage:     "tell what a rule is for and what heals it",
		UsageText: "mlpolicy explain [FLAGS] RULE",
		Description: `Tell what a rule is for, in the terms of the table, what heals its findings, and show a file
that it refuses and one that it accepts. mlpolicy rules lists the rules.`,
		Flags: slices.Concat([]cli.Flag{
			formatFlagOf(report.ForExplanation().Names()),
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
			explanation := report.Explanation{Rule: rule, Examples: examplesOf(rule.ID)}
			return answer(p, c, report.ForExplanation(), c.String(formatFlag), explanation)
		}
		names = append(names, rule.ID)
	}
	return unknownName("rule", c.Args().First(), names)
}

// examplesOf returns a rule's examples as pairs: to each file that it refuses the one
// that it accepts whose title is most alike.
func examplesOf(rule string) []report.ExamplePair {
	bad, good := examplesLike(rule, "bad."), examplesLike(rule, "good.")
	if len(good) == 0 {
		return nil
	}
	var pairs []report.ExamplePair
	for _, refused := range bad {
		accepted := good[0]
		for _, candidate := range good[1:] {
			if alike(refused, candidate) > alike(refused, accepted) {
				accepted = candidate
			}
		}
		pairs = append(pairs, report.ExamplePair{Title: titleOf(refused), Bad: refused, Good: accepted})
	}
	return pairs
}

// alike counts the letters with which two titles begin alike; it is most for one title.
func alike(a, b report.Example) int {
	count, one, other := 0, titleOf(a)+"\n", titleOf(b)+"\n"
	for count < min(len(one), len(other)) && one[count] == other[count] {
		count++
	}
	return count
}

func titleOf(e report.Example) string {
	_, rest, _ := strings.Cut(e.Name, ".")
	return strings.TrimSuffix(rest, path.Ext(rest))
}

func examplesLike(rule, prefix string) []report.Example {
	names, err := fs.Glob(rules.Examples, path.Join(rule, prefix+"*"))
	if err != nil {
		return nil
	}
	var examples []report.Example
	for _, name := range names {
		if content, err := rules.Examples.ReadFile(name); err == nil {
			examples = append(examples, report.Example{Name: path.Base(name), Content: string(content)})
		}
	}
	return examples
}
