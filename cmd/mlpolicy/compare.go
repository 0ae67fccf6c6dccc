package main

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/report"
	"github.com/mlpolicy/mlpolicy/internal/lint/suggest"
)

const toFlag = "to"

// toKeys are the flags that --to can replace.
func toKeys() []string { return []string{editionFlag, configFlag, policyFlag} }

func (p *program) compareCommand() *cli.Command {
	return &cli.Command{
		Name:      "compare",
		Usage:     "show what another edition, configuration or policy would change",
		UsageText: "mlpolicy compare --to edition=EDITION|config=FILE|policy=DIR [FLAGS] [PATH...]",
		Description: `Evaluate the deployments in files twice, as mlpolicy lint would now and with another edition of the
table, another configuration or additional rules, and show which findings would be new, fixed or
changed: in severity, in value or in a number of the message.

--to edition=EDITION, --to config=FILE and --to policy=DIR mean what --edition, --config and --policy
mean to mlpolicy lint, and may be combined. The flags --edition, --config and --policy apply to both
runs unless --to replaces them; --to policy=DIR adds to them. PATHs are those of mlpolicy lint. Waived
findings are left out.

Exit codes: 0 no finding would fail that does not fail now; 1 one would, by fail_on of the other
configuration; 2 the command line, a configuration or a policy is invalid; 3 something could not be
read or evaluated.`,
		Flags: slices.Concat([]cli.Flag{
			toFlagOf(),
			formatFlagOf(report.ForDifferences().Names()),
			failOnFlagOf(),
			editionFlagOf(),
			clusterFlagOf(),
		}, configFlags(), inputFlags(), []cli.Flag{asOfFlagOf()}),
		Action: p.compare,
	}
}

func toFlagOf() cli.Flag {
	return repeatedFlag{&cli.StringSliceFlag{
		Name: toFlag, Usage: "compare with `KEY=VALUE`: edition=EDITION, config=FILE or policy=DIR; repeatable",
		Action: func(_ *cli.Context, values []string) error {
			var seen []string
			for _, text := range values {
				key, value, has := strings.Cut(text, "=")
				switch {
				case !slices.Contains(toKeys(), key):
					return usagef("--%s: unknown key %q: %s", toFlag, key, suggest.Phrase(key, toKeys()))
				case !has || value == "":
					return usagef("--%s %s: the value is empty: use %[3]s=VALUE", toFlag, text, key)
				case key != policyFlag && slices.Contains(seen, key):
					return usagef("--%s: %s is set twice", toFlag, key)
				}
				seen = append(seen, key)
			}
			return nil
		},
	}}
}

func (p *program) compare(c *cli.Context) error {
	if len(c.StringSlice(toFlag)) == 0 {
		return usagef("compare needs --%s edition=EDITION, --%[1]s config=FILE or --%[1]s policy=DIR", toFlag).seeHelp(c.Command.Name)
	}
	files, session, err := p.open(c)
	if err != nil {
		return err
	}
	changed, err := contextTo(c)
	if err != nil {
		return err
	}
	other, err := p.sessionOf(changed, files.named())
	if err != nil {
		return mistakeTo(c, err)
	}
	sameFacts := !slices.ContainsFunc(c.StringSlice(toFlag), func(value string) bool { return !strings.HasPrefix(value, editionFlag+"=") })
	comparison, err := withProgress(p, c, files, func() (*lint.Comparison, error) {
		return session.linter.Compare(c.Context, session.tree(), files.inputs(c.Context), other.linter, sameFacts)
	})
	if err != nil {
		return err
	}
	differences := report.NewDifferences(comparison, c.StringSlice(toFlag))
	unwritten := answer(p, c, report.ForDifferences(), differences)
	p.explainUnread(files)
	p.explainNested(files)
	return p.finish(unwritten, differences.Incomplete, comparison.Fails())
}

// contextTo returns the command line with the flags that --to replaces.
func contextTo(c *cli.Context) (*cli.Context, error) {
	set := flag.NewFlagSet(c.Command.Name, flag.ContinueOnError)
	for _, each := range c.Command.Flags {
		if err := each.Apply(set); err != nil {
			return nil, err
		}
	}
	var err error
	use := func(name, value string) { err = errors.Join(err, set.Set(name, value)) }
	for _, dir := range c.StringSlice(policyFlag) {
		use(policyFlag, dir)
	}
	replaced := map[string]bool{}
	for _, text := range c.StringSlice(toFlag) {
		key, value, _ := strings.Cut(text, "=")
		replaced[key] = true
		use(key, value)
	}
	for _, each := range c.Command.Flags {
		name := each.Names()[0]
		switch value := c.Value(name).(type) {
		case string, bool:
			if c.IsSet(name) && !replaced[name] {
				use(name, fmt.Sprint(value))
			}
		}
	}
	changed := cli.NewContext(c.App, set, c)
	changed.Command = c.Command
	return changed, err
}

// mistakeTo returns an error about a flag that --to replaces with the form of the command line.
func mistakeTo(c *cli.Context, err error) error {
	for _, text := range c.StringSlice(toFlag) {
		key, _, _ := strings.Cut(text, "=")
		if rest, is := strings.CutPrefix(err.Error(), "--"+key+": "); is {
			return usagef("--%s %s: %s", toFlag, text, rest)
		}
	}
	return err
}
