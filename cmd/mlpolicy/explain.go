package main

import (
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
	"github.com/mlpolicy/mlpolicy/internal/lint/report"
)

func (p *program) explainCommand() *cli.Command {
	return &cli.Command{
		Name:      "explain",
		Usage:     "explain a rule and how to fix violations",
		UsageText: "mlpolicy explain [FLAGS] RULE\n  mlpolicy explain [FLAGS] RULE EXAMPLE",
		Description: `Explain a rule in the terms of the table and how to fix violations, with an example that
violates it and one that does not. mlpolicy rules lists the rules.

With EXAMPLE, print only that file: mlpolicy explain memory bad.aci.json | mlpolicy lint -`,
		Flags: slices.Concat([]cli.Flag{
			formatFlagOf(report.ForExplanation().Names()),
		}, configFlags()),
		Action: p.explain,
	}
}

func (p *program) explain(c *cli.Context) error {
	if c.NArg() < 1 || c.NArg() > 2 {
		return usagef("explain takes one rule and at most one example").seeHelp(c.Command.Name)
	}
	session, err := p.session(c)
	if err != nil {
		return err
	}
	var names []string
	for _, rule := range session.rules() {
		switch {
		case rule.ID != c.Args().First():
			names = append(names, rule.ID)
		case c.NArg() == 2:
			return p.example(rule, c.Args().Get(1))
		default:
			return answer(p, c, report.ForExplanation(), explanationOf(rule))
		}
	}
	return unknownName("rule", c.Args().First(), names)
}

// explanations returns the explanations of all rules, sorted by ID.
func (s *session) explanations() []report.Explanation {
	var list []report.Explanation
	for _, rule := range s.rules() {
		list = append(list, explanationOf(rule))
	}
	return list
}

func explanationOf(rule report.Rule) report.Explanation {
	return report.Explanation{Rule: rule, Examples: examplePairs(rule.Examples)}
}

// example prints an example of a rule.
func (p *program) example(rule report.Rule, name string) error {
	var names []string
	for _, example := range rule.Examples {
		if example.Name == name {
			return p.print(example.Content)
		}
		names = append(names, example.Name)
	}
	if len(names) == 0 {
		return usagef("rule %s has no examples", rule.ID)
	}
	return unknownName("example of "+rule.ID, name, names)
}

// examplePairs pairs each failing example of a rule with the passing example whose case has the longest
// common prefix.
func examplePairs(examples []policy.Example) []report.ExamplePair {
	var bad, good []policy.Example
	for _, example := range examples {
		if example.Bad() {
			bad = append(bad, example)
		} else {
			good = append(good, example)
		}
	}
	if len(good) == 0 {
		return nil
	}
	var pairs []report.ExamplePair
	for _, violating := range bad {
		passing := good[0]
		for _, candidate := range good[1:] {
			if alike(violating, candidate) > alike(violating, passing) {
				passing = candidate
			}
		}
		pairs = append(pairs, report.ExamplePair{Bad: violating, Good: passing})
	}
	return pairs
}

// alike returns the length of the common prefix of two cases. It is largest for equal cases.
func alike(a, b policy.Example) int {
	count, one, other := 0, a.Case()+"\n", b.Case()+"\n"
	for count < min(len(one), len(other)) && one[count] == other[count] {
		count++
	}
	return count
}
