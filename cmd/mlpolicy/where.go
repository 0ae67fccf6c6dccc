package main

import (
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/mlpolicy/mlpolicy/internal/lint/report"
)

func (p *program) whereCommand() *cli.Command {
	return &cli.Command{
		Name:      "where",
		Usage:     "tell where deployments could be",
		UsageText: "mlpolicy where [FLAGS] [PATH...]",
		Description: `Tell of each deployment in files on which targets of the table it is allowed, allowed with
warnings, or refused, and which rule says so.

The same rules judge the same facts with each target in turn. What belongs to the place where
it is now does not go along: its compute, how it is delivered there, the memory of its machine.
PATHs are those of mlpolicy lint. The configuration in force holds: a rule that it turns off
refuses nothing.

Exit codes: 0 the question is answered, whatever the answer; 2 the command line, the
configuration or a policy is wrong; 3 something could not be read or judged.`,
		Flags: slices.Concat([]cli.Flag{
			formatFlagOf(report.ForPlacements().Names()),
			editionFlagOf(),
			clusterFlagOf(),
		}, configFlags(), inputFlags(), []cli.Flag{
			choice(colorFlag, "use colours `WHEN`: auto, always or never", "auto", []string{"auto", "always", "never"}),
		}),
		Action: p.where,
	}
}

func (p *program) where(c *cli.Context) error {
	files, session, err := p.open(c)
	if err != nil {
		return err
	}
	progress := p.progress(files)
	placements, err := session.linter.Where(c.Context, tree{}, files.inputs(c.Context))
	progress.end()
	if err == nil {
		err = c.Context.Err()
	}
	if err != nil {
		return err
	}
	if err := answer(p, c, report.ForPlacements(), c.String(formatFlag), placements); err != nil {
		return err
	}
	p.complainOf(placements.Problems)
	p.explainUnread(files)
	for _, err := range placements.Errors {
		p.complain(err.Error())
	}
	if len(placements.Errors) > 0 {
		return errIncomplete
	}
	return nil
}
