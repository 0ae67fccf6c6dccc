package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/mlpolicy/mlpolicy/internal/lint/report"
)

const whyFlag = "why"

func (p *program) factsCommand() *cli.Command {
	return &cli.Command{
		Name:      "facts",
		Usage:     "print the facts of files",
		UsageText: "mlpolicy facts [FLAGS] PATH...",
		Description: `Print the facts of the deployments in files as the JSON document that rules get as input:
mlpolicy facts deploy.yaml | opa eval -I ... works. Facts that no file declares are absent.
With --why, print text that shows where each fact was read and why.`,
		Flags: slices.Concat([]cli.Flag{
			&cli.BoolFlag{Name: whyFlag, Usage: "print each fact with its location and the reason, as text", DisableDefaultText: true},
			editionFlagOf(),
			clusterFlagOf(),
		}, configFlags(), inputFlags()),
		Action: p.facts,
	}
}

func (p *program) facts(c *cli.Context) error {
	if !c.Args().Present() {
		return usagef("facts needs a path").seeHelp(c.Command.Name)
	}
	files, session, err := p.open(c)
	if err != nil {
		return err
	}
	extraction, unread, err := session.linter.Facts(c.Context, session.tree(), files.inputs(c.Context))
	if err == nil {
		err = c.Context.Err()
	}
	if err != nil {
		return err
	}
	format := report.JSON
	if !c.Bool(whyFlag) && strings.Contains(extraction.Edition, ", ") {
		return usagef("the files have several editions: %s; name files of one, or use --%s", extraction.Edition, editionFlag)
	}
	if c.Bool(whyFlag) {
		format = report.Text
	}
	if err := writeAs(p, c, report.ForFacts(), format, report.Facts{Extraction: extraction, Incomplete: unread}, report.Options{}); err != nil {
		return err
	}
	p.complainOf(extraction.Problems)
	for _, chart := range files.unrenderedCharts {
		p.complain(chart.path + ": " + chart.reason)
	}
	p.explainUnread(files)
	p.explainNested(files)
	return p.finish(nil, unread, false)
}
