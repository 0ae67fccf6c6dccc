package main

import (
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/report"
)

const (
	failOnFlag      = "fail-on"
	stdinNameFlag   = "stdin-name"
	explainSkipFlag = "explain-skip"
	forceIgnoreFlag = "force-ignore"
	requireFlag     = "require-deployments"
	colorFlag       = "color"
)

func (p *program) lintCommand() *cli.Command {
	return &cli.Command{
		Name:      "lint",
		Usage:     "judge deployment files",
		UsageText: "mlpolicy lint [FLAGS] [PATH...]",
		Description: `Judge the deployments in files.

A PATH is a file, a folder that is searched for YAML and JSON files, or - for standard input;
without any it is the current folder. In folders, what .gitignore or ignore: of the
configuration names is left out; a file that is named itself is read all the same, unless
--force-ignore is given. The templates of Helm charts are left out always: lint what helm
template makes of them. Files that describe no deployment are passed over in silence.

Exit codes: 0 nothing at or above --fail-on, 1 findings, 2 the command line, the configuration
or a policy is wrong, 3 something could not be read or judged; all else is judged even so.`,
		Flags: slices.Concat([]cli.Flag{
			choice(formatFlag, "print as `FORMAT`: text or json", "text", []string{"text", "json"}),
			failOnFlagOf(),
			editionFlagOf(),
			clusterFlagOf(),
		}, configFlags(), inputFlags(), []cli.Flag{
			&cli.BoolFlag{Name: forceIgnoreFlag, Usage: "leave out what ignore: of the configuration names even where it is a PATH, for pre-commit", DisableDefaultText: true},
			&cli.BoolFlag{Name: requireFlag, Usage: "exit with 3 if no deployment with a known target was found", DisableDefaultText: true},
			&cli.BoolFlag{Name: explainSkipFlag, Usage: "say on standard error why a file was not judged", DisableDefaultText: true},
			choice(colorFlag, "use colours `WHEN`: auto, always or never", "auto", []string{"auto", "always", "never"}),
		}),
		Action: p.lint,
	}
}

func (p *program) lint(c *cli.Context) error {
	files, session, err := p.open(c)
	if err != nil {
		return err
	}
	if c.Bool(explainSkipFlag) {
		files.explain()
	}

	progress := p.progress(files)
	result, err := session.linter.Lint(c.Context, tree{}, files.inputs(c.Context))
	progress.end()
	if err == nil {
		err = c.Context.Err()
	}
	if err != nil {
		return err
	}
	if err := p.report(c, result); err != nil {
		return err
	}
	if err := p.explainSkips(c.Context, session.linter, files, result); err != nil {
		return err
	}
	p.explainUnread(files)
	for _, err := range result.Errors {
		p.complain(err.Error())
	}
	unjudged := c.Bool(requireFlag) && p.judgedNothing(result)
	switch {
	case len(result.Errors) > 0, unjudged:
		return errIncomplete
	case fails(result, session.configuration.FailOn.Value):
		return errFindings
	}
	return nil
}

// judgedNothing reports whether no rule can have concerned anything, and says so.
func (p *program) judgedNothing(result *lint.Result) bool {
	switch {
	case result.Deployments == 0:
		p.complain("no deployments found (--" + requireFlag + ")")
	case result.Deployments == result.Untargeted:
		p.complain("no deployment with a known target found (--" + requireFlag + ")")
	default:
		return false
	}
	return true
}

func (p *program) report(c *cli.Context, result *lint.Result) error {
	if c.String(formatFlag) == "json" {
		return writing(report.JSON(p.stdout, result))
	}
	options := report.TextOptions{Color: colors(c.String(colorFlag), p.stdout), Width: width(p.stdout)}
	return writing(report.Text(p.stdout, result, options))
}

// fails reports whether a finding is as severe as failOn or more.
func fails(result *lint.Result, failOn lint.Severity) bool {
	severities := []lint.Severity{lint.Error, lint.Warning, lint.Note}
	for _, severity := range severities[:slices.Index(severities, failOn)+1] {
		if result.Count(severity) > 0 {
			return true
		}
	}
	return false
}
