package main

import (
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/report"
	"github.com/mlpolicy/mlpolicy/internal/lint/waiver"
)

const (
	asOfFlag     = "as-of"
	expiringFlag = "expiring"
)

func (p *program) waiversCommand() *cli.Command {
	return &cli.Command{
		Name:      "waivers",
		Usage:     "list recorded exceptions",
		UsageText: "mlpolicy waivers [FLAGS] [PATH...]",
		Description: `List the waivers in files and in the configurations that apply to them: where each stands, its rules,
its last day, owner, ticket and reason, and how many findings it covers. Expired waivers are listed
with what they would cover. PATHs are those of mlpolicy lint, which reports waivers with mistakes.

Exit codes: 0 the waivers were listed; 2 the command line, the configuration or a policy is invalid;
3 something could not be read or evaluated.`,
		Flags: slices.Concat([]cli.Flag{
			formatFlagOf(report.ForWaivers().Names()),
			&cli.StringFlag{Name: expiringFlag, Usage: "list only those whose last day is at most `DAYS` ahead or over, such as 30d"},
			asOfFlagOf(),
			editionFlagOf(),
			clusterFlagOf(),
		}, configFlags(), inputFlags()),
		Action: p.waivers,
	}
}

func asOfFlagOf() cli.Flag {
	return &cli.StringFlag{Name: asOfFlag, Usage: "decide which waivers have expired as on the day `DATE`, such as 2027-01-31 (default: today)"}
}

// clockOf returns the clock that the command line asks for, nil for that of the system.
func clockOf(c *cli.Context) (func() time.Time, error) {
	text := c.String(asOfFlag)
	if text == "" {
		return nil, nil
	}
	day, err := waiver.ParseDay(text)
	if err != nil {
		return nil, usagef("--%s: %s", asOfFlag, err)
	}
	return day.Midnight, nil
}

func (p *program) waivers(c *cli.Context) error {
	days := -1
	if text := c.String(expiringFlag); text != "" {
		var err error
		if days, err = config.ParseDays(text); err != nil {
			return usagef("--%s: %s", expiringFlag, err)
		}
	}
	files, session, err := p.open(c)
	if err != nil {
		return err
	}
	result, err := session.lint(files)
	if err != nil {
		return err
	}
	list := slices.DeleteFunc(slices.Clone(result.Waivers), func(w *lint.Waiver) bool {
		return days >= 0 && (w.Until.IsZero() || w.Days > days)
	})
	unwritten := answer(p, c, report.ForWaivers(), report.Waivers{List: list, Incomplete: result.Errors})
	for _, finding := range result.Findings {
		if finding.Rule == facts.WaiverRule && finding.Severity == facts.Error {
			p.complain(report.Location(facts.Location{Node: finding.File.Mark(finding.Span)}) + ": " + finding.Message)
		}
	}
	p.explainNested(files)
	return p.finish(unwritten, result.Errors, false)
}

// complete reports whether every file below a folder is read unless it is skipped, with what completes it and as the
// configuration says. What flags replace or leave out may be what a waiver or an entry of a baseline is for; a baseline
// is written and pruned with the flags that its runs have.
func (s *session) complete(folder string) bool {
	for _, flag := range []string{noLinkFlag, editionFlag, clusterFlag, policyFlag, namespaceFlag, changedSinceFlag, toFlag} {
		if s.cli.IsSet(flag) && s.cli.Command.Name != baselineName {
			return false
		}
	}
	if s.files == nil {
		return false
	}
	absolute := s.resolver.Absolute(folder)
	return slices.ContainsFunc(s.projects.Named, func(named string) bool {
		relative, err := filepath.Rel(named, absolute)
		return err == nil && relative != ".." && !strings.HasPrefix(relative, ".."+string(filepath.Separator))
	})
}

// skipped returns the names of the files that are not read, and of folders with a slash at the end.
func (s *session) skipped() []string {
	if s.files == nil {
		return nil
	}
	return s.files.unevaluated
}
