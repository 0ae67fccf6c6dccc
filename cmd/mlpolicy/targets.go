package main

import (
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
	"github.com/mlpolicy/mlpolicy/internal/lint/report"
)

const diffFlag = "diff"

func (p *program) targetsCommand() *cli.Command {
	return &cli.Command{
		Name:      "targets",
		Usage:     "print the table of compute targets",
		UsageText: "mlpolicy targets [FLAGS]\n  mlpolicy targets --diff EDITION EDITION",
		Description: `Print one dated edition of the table of compute targets, with the use and the limits of each
target. With --diff, print the changes between two editions.`,
		Flags: slices.Concat([]cli.Flag{
			formatFlagOf(report.ForEdition().Names()),
			&cli.StringFlag{Name: editionFlag, Usage: "print `EDITION` instead of the selected one"},
			&cli.BoolFlag{Name: diffFlag, Usage: "print the changes from one edition to another", DisableDefaultText: true},
		}, configFlags()),
		Action: p.targets,
	}
}

func (p *program) targets(c *cli.Context) error {
	names := c.Args().Slice()
	if !c.Bool(diffFlag) {
		if err := noArguments(c); err != nil {
			return err
		}
	} else if len(names) != 2 {
		return usagef("--%s needs two editions", diffFlag).seeHelp(c.Command.Name)
	}
	session, err := p.session(c)
	if err != nil {
		return err
	}
	if !c.Bool(diffFlag) {
		edition, _ := session.policies.Edition(session.configuration.Edition.Value)
		return answer(p, c, report.ForEdition(), edition)
	}
	var editions [2]policy.Edition
	for i, name := range names {
		current, notice := session.policies.Current(name)
		edition, ok := session.policies.Edition(current)
		if !ok {
			return usagef("%s", config.UnknownEdition(name, session.policies.EditionIDs()))
		}
		if notice != "" {
			p.complain(notice)
		}
		editions[i] = edition
	}
	comparison := report.Comparison{From: editions[0], To: editions[1]}
	return answer(p, c, report.ForComparison(), comparison)
}
