package main

import (
	"errors"
	"regexp"
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
	categoryFlag    = "category"
	noWaiversFlag   = "no-waivers"
	showWaivedFlag  = "show-waived"
	noBaselineFlag  = "no-baseline"

	showBaselineFlag    = "show-baseline"
	showSuggestionsFlag = "show-suggestions"
)

func (p *program) lintCommand() *cli.Command {
	return &cli.Command{
		Name:      "lint",
		Usage:     "lint deployment files",
		UsageText: "mlpolicy lint [FLAGS] [PATH...]",
		Description: `Lint the deployments in files.

A PATH is a file, a folder to search for files of known languages, or - for standard input; the default
is the current folder. In folders, files that .gitignore or ignore: of the configuration matches
are skipped. A file that is itself a PATH is read anyway, unless --force-ignore is given. Templates
of Helm charts are always skipped: lint the output of helm template instead. Files without
deployments are skipped.

--format NAME selects the format of standard output. --format NAME=FILE writes a file and keeps text
on standard output. Write files in CI only: pre-commit may run mlpolicy several times, and each run
replaces the file.

--fix changes files, but no fact and no finding other than those that it fixes: it removes waivers
that are unused or have expired, declarations that evidence contradicts, and the earlier of two
equal keys. --diff prints these changes as a patch and exits with 1 if there are any.

--changed-since REF reports findings in, and findings that depend on, files that differ from the
merge base of REF and HEAD, deleted ones and those that Git does not track included. All PATHs are
evaluated, and the summary counts the other findings. What could not be evaluated is always reported.

Exit codes: 0 no findings at or above --fail-on; 1 findings; 2 the command line, the configuration
or a policy is invalid; 3 a file could not be read or a rule failed, and the rest was evaluated.`,
		Flags: slices.Concat([]cli.Flag{
			formatFlagOf(report.ForFindings().Names()),
			failOnFlagOf(),
			editionFlagOf(),
			clusterFlagOf(),
		}, configFlags(), inputFlags(), []cli.Flag{
			&cli.BoolFlag{Name: forceIgnoreFlag, Usage: "also apply ignore: of the configuration to files that are a PATH, for pre-commit", DisableDefaultText: true},
			&cli.BoolFlag{Name: requireFlag, Usage: "exit with 3 if no deployment with a known target is found", DisableDefaultText: true},
			&cli.BoolFlag{Name: explainSkipFlag, Usage: "print skipped files and the reason to standard error", DisableDefaultText: true},
			changedSinceFlagOf(),
			categoryFlagOf(),
			asOfFlagOf(),
			&cli.BoolFlag{Name: noWaiversFlag, Usage: "report findings as if there were no waivers", DisableDefaultText: true},
			&cli.BoolFlag{Name: showWaivedFlag, Usage: "also write waived findings, marked as such; they do not fail the run", DisableDefaultText: true},
			baselineFlagOf(),
			&cli.BoolFlag{Name: noBaselineFlag, Usage: "report findings as if there were no baseline", DisableDefaultText: true},
			&cli.BoolFlag{Name: showBaselineFlag, Usage: "also write the findings in the baseline, marked as such; they do not fail the run", DisableDefaultText: true},
			&cli.BoolFlag{Name: showSuggestionsFlag, Usage: "also write changes under which a rule does not report, with the edits of files that make them", DisableDefaultText: true},
		}, fixFlags(), []cli.Flag{
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
	if err := checkFixFlags(c, files); err != nil {
		return err
	}
	if c.Bool(explainSkipFlag) {
		files.explain()
	}
	var changes *gitChanges
	if c.IsSet(changedSinceFlag) {
		if changes, err = p.changesSince(c, files); err != nil {
			return err
		}
	}

	result, err := session.lint(files)
	if err == nil {
		err = session.baselines.failed()
	}
	if err != nil {
		return err
	}
	unfixed := false
	if c.Bool(fixFlag) && !c.Bool(diffFlag) {
		if result, unfixed, err = p.fix(c, session, result); err != nil {
			return err
		}
	}
	if changes != nil {
		since, err := changes.changes(c.Context)
		if err != nil {
			return err
		}
		result.Restrict(c.Context, since)
	}
	if c.Bool(showSuggestionsFlag) {
		result.SuggestEdits(c.Context)
	}
	errs := slices.Clip(result.Errors)
	if c.Bool(requireFlag) {
		if err := requireDeployments(result); err != nil {
			errs = append(errs, err)
		}
	}
	findings := report.Findings{
		Result: result, Incomplete: errs, Category: c.String(categoryFlag), Version: ownVersion(),
		ShowWaived: c.Bool(showWaivedFlag), ShowBaselined: c.Bool(showBaselineFlag), ShowSuggestions: c.Bool(showSuggestionsFlag), Rules: session.explanations(),
	}
	var unwritten error
	fails := result.Fails()
	if c.Bool(diffFlag) {
		var patched int
		if patched, err = p.printDiff(c, result); err != nil {
			return err
		}
		fails = patched > 0
	} else {
		unwritten = answer(p, c, report.ForFindings(), findings)
	}
	if err := p.explainSkips(c.Context, session, files, result); err != nil {
		return err
	}
	p.explainUnread(files)
	p.explainNested(files)
	session.explainBaselines(result)
	err = p.finish(unwritten, errs, fails)
	if unfixed && unwritten == nil {
		return errIncomplete
	}
	return err
}

// categoryFlagOf returns the flag for the name of a run. Names are part of URIs and of Markdown comments, so their
// characters are restricted.
func categoryFlagOf() cli.Flag {
	name := regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)
	return &cli.StringFlag{
		Name: categoryFlag, Usage: "use `NAME` to tell several runs of one repository apart in sarif and markdown",
		Action: func(_ *cli.Context, value string) error {
			if !name.MatchString(value) {
				return usagef("--%s: invalid name %q: use at most 100 letters, digits, dots, dashes and underscores, a letter or digit first", categoryFlag, value)
			}
			return nil
		},
	}
}

// requireDeployments returns an error if there is no deployment to which a rule could apply.
func requireDeployments(result *lint.Result) error {
	switch {
	case result.Deployments == 0:
		return errors.New("no deployments found (--" + requireFlag + ")")
	case result.Targeted == 0:
		return errors.New("no deployment with a known target found (--" + requireFlag + ")")
	}
	return nil
}
