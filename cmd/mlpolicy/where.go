package main

import (
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/report"
)

func (p *program) whereCommand() *cli.Command {
	return &cli.Command{
		Name:      "where",
		Usage:     "show which targets accept deployments",
		UsageText: "mlpolicy where [FLAGS] [PATH...]",
		Description: `Show for each deployment in files which targets of the table allow it, allow it with warnings,
or refuse it, and the findings that decide this.

The same rules evaluate the same facts with each target in turn. Facts that belong to the current
target are dropped: its compute, the delivery, the memory of its machine. PATHs are those of
mlpolicy lint. The effective configuration applies: a rule that is off does not rule out targets.

Exit codes: 0 the deployments were evaluated, whatever the result; 2 the command line, the
configuration or a policy is invalid; 3 a file could not be read or a rule failed.`,
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
	placements, err := withProgress(p, c, files, func() (*lint.Placements, error) {
		return session.linter.Where(c.Context, session.tree(), files.inputs(c.Context))
	})
	if err != nil {
		return err
	}
	unwritten := answer(p, c, report.ForPlacements(), placements)
	p.complainOf(placements.Problems)
	p.explainUnread(files)
	p.explainNested(files)
	return p.finish(unwritten, placements.Errors, false)
}
