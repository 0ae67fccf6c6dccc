package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
	"github.com/mlpolicy/mlpolicy/internal/lint/suggest"
	"github.com/mlpolicy/mlpolicy/policies"
)

// Names of flags that more than one command or function uses.
const (
	editionFlag = "edition"
	clusterFlag = "cluster"
	configFlag  = "config"
	policyFlag  = "policy"
	formatFlag  = "format"
	noLinkFlag  = "no-link"

	namespaceFlag = "namespace"
)

func (p *program) app() *cli.App {
	app := &cli.App{
		Name:                      "mlpolicy",
		Usage:                     "check where ML models are deployed",
		CustomAppHelpTemplate:     appHelp,
		HideHelpCommand:           true,
		HideVersion:               true,
		DisableSliceFlagSeparator: true,
		Reader:                    p.stdin,
		Writer:                    p.stdout,
		ErrWriter:                 p.stderr,
		// Only run ends the process.
		ExitErrHandler: func(*cli.Context, error) {},
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "version", Usage: "print the version"},
		},
		Action: func(c *cli.Context) error {
			if c.Bool("version") {
				return p.version(c)
			}
			return cli.ShowAppHelp(c)
		},
		Commands: []*cli.Command{
			p.lintCommand(),
			p.targetsCommand(),
			p.rulesCommand(),
			p.explainCommand(),
			p.initCommand(),
			p.newCommand(),
			p.factsCommand(),
			p.whereCommand(),
			p.compareCommand(),
			p.waiversCommand(),
			p.baselineCommand(),
			p.webhookCommand(),
			p.parityCommand(),
			p.configCommand(),
			p.schemaCommand(),
			p.completionCommand(),
			p.versionCommand(),
			p.completeCommand(),
		},
	}
	app.OnUsageError = usageErrorOf
	for _, command := range app.Commands {
		command.HideHelpCommand = true
		command.CustomHelpTemplate = commandHelp
		command.OnUsageError = usageErrorOf
	}
	return app
}

func usageErrorOf(c *cli.Context, err error, _ bool) error {
	return usagef("%s", err.Error()).seeHelp(nameOf(c.Command))
}

// appHelp and commandHelp are templates of urfave/cli.
const appHelp = `mlpolicy checks where ML models are deployed: Azure ML, ACI, KServe and Kubernetes
files against Microsoft's table of Azure Machine Learning compute targets.

Usage:
  mlpolicy COMMAND [FLAGS] [ARGUMENTS]

Commands:{{range .VisibleCommands}}
  {{.Name}}{{"\t"}}{{.Usage}}{{end}}

Examples:
  mlpolicy lint                        lint the deployments in the current folder
  mlpolicy lint deploy.yaml            lint one file
  mlpolicy where deploy.yaml           show which targets accept its deployments
  mlpolicy explain gpu-web-service     explain a rule and how to fix violations
  mlpolicy targets --edition 2023-03   print the table of that edition

Exit codes:
  0  no findings at or above --fail-on
  1  findings
  2  the command line, the configuration or a policy is invalid
  3  something could not be read or evaluated; everything else was
  130  interrupted (143 by SIGTERM)

Run mlpolicy COMMAND --help for details of a command.
`

const commandHelp = `{{.Description}}

Usage:
  {{.UsageText}}

Flags:{{range .VisibleFlags}}
  {{.}}{{end}}
`

// choiceFlag is a flag whose value must be one of values.
type choiceFlag struct {
	*cli.StringFlag
	values []string
}

func choice(name, usage, initial string, values []string) choiceFlag {
	return choiceFlag{values: values, StringFlag: &cli.StringFlag{
		Name: name, Usage: usage, Value: initial, Action: func(_ *cli.Context, value string) error {
			if !slices.Contains(values, value) {
				return usagef("--%s: unknown value %q: %s", name, value, suggest.Phrase(value, values))
			}
			return nil
		},
	}}
}

// unknownName returns the error for a name that is not one of names.
func unknownName(what, name string, names []string) *usageError {
	return usagef("unknown %s %q: %s", what, name, suggest.Phrase(name, names))
}

func editionFlagOf() cli.Flag {
	return &cli.StringFlag{Name: editionFlag, Usage: "use `EDITION` of the table, such as 2023-03"}
}

// inputFlags returns the flags of the commands that read deployment files.
func inputFlags() []cli.Flag {
	return append([]cli.Flag{
		&cli.StringFlag{Name: stdinNameFlag, Usage: "use `NAME` as the path of standard input and link the files next to it"},
	}, fileFlags()...)
}

// fileFlags returns the flags of the commands that read deployment files but not standard input.
func fileFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: namespaceFlag, Usage: "use `NAMESPACE` for Kubernetes objects that do not declare theirs"},
		&cli.BoolFlag{Name: noLinkFlag, Usage: "evaluate each document without the other files of the project", DisableDefaultText: true},
	}
}

func failOnFlagOf() cli.Flag {
	return choice(failOnFlag, "exit with 1 for findings of this `SEVERITY` or above: error, warning, note or never (default: error)", "", config.FailOns())
}

func clusterFlagOf() cli.Flag {
	return choice(clusterFlag, "use `CLUSTER` for manifests that do not identify theirs: aks or other", "", config.Clusters())
}

func configFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: configFlag, Usage: "read the configuration `FILE` instead of each .mlpolicy.yaml"},
		repeatedFlag{&cli.StringSliceFlag{Name: policyFlag, Usage: "add the rules in the folder `DIR`; repeatable"}},
	}
}

// repeatedFlag is a flag that can be repeated, with the help text of one that cannot.
type repeatedFlag struct{ *cli.StringSliceFlag }

func (f repeatedFlag) String() string {
	return (&cli.StringFlag{Name: f.Name, Usage: f.Usage}).String()
}

// flagged applies the flags to a configuration.
func flagged(c *cli.Context, configuration *config.Config) *config.Config {
	if edition := c.String(editionFlag); edition != "" {
		configuration.Edition = facts.Know(edition, facts.Location{Why: "--" + editionFlag})
	}
	if cluster := c.String(clusterFlag); cluster != "" {
		configuration.Cluster = facts.Know(config.Cluster(cluster), facts.Location{Why: "--" + clusterFlag + " is " + cluster})
	}
	if failOn := c.String(failOnFlag); failOn != "" {
		configuration.FailOn = facts.Know(config.FailOn(failOn), facts.Location{Why: "--" + failOnFlag})
	}
	for _, dir := range c.StringSlice(policyFlag) {
		configuration.Policies = append(configuration.Policies, config.Path{Fact: facts.Know(dir, facts.Location{Why: "--" + policyFlag})})
	}
	return configuration
}

// policies loads the builtin policies and those of the configuration. A fault in them is a usageError.
func (p *program) policies(ctx context.Context, configuration *config.Config) (*policy.Policies, error) {
	var named []policyFolder
	for _, dir := range configuration.Policies {
		path := policyPath(dir)
		info, err := os.Stat(path)
		switch {
		case err != nil:
			return nil, policyFolderError(dir, unreadable(path, err).Error())
		case strings.HasSuffix(path, ".tar.gz"), strings.HasSuffix(path, ".tgz"):
			return nil, policyFolderError(dir, path+": not a folder; use the folder from which the bundle was built")
		case !info.IsDir():
			return nil, policyFolderError(dir, path+": not a folder")
		}
		resolved, err := filepath.EvalSymlinks(path)
		if err == nil {
			resolved, err = filepath.Abs(resolved)
		}
		if err != nil {
			return nil, policyFolderError(dir, unreadable(path, err).Error())
		}
		named = append(named, policyFolder{path, resolved, info})
	}
	var extra []policy.Folder
	for i, folder := range named {
		// The same folder, possibly by a link or another spelling, or a subfolder of another one.
		again := slices.ContainsFunc(named[:i], func(other policyFolder) bool { return os.SameFile(folder.info, other.info) })
		if !again && !slices.ContainsFunc(named, folder.isPartOf) {
			extra = append(extra, policy.Folder{Name: shortest(folder.path), FS: os.DirFS(folder.path)})
		}
	}
	if len(extra) == 0 {
		return p.builtin()
	}
	loaded, err := policy.Load(ctx, policies.FS, extra)
	if err != nil && ctx.Err() == nil {
		return nil, usagef("%s", err)
	}
	return loaded, err
}

type policyFolder struct {
	path     string // in error messages
	resolved string // absolute and without symbolic links
	info     os.FileInfo
}

// isPartOf reports whether loading the other folder also loads this one: it is below the other folder,
// and no folder between them has a name that begins with a dot, which the loader skips.
func (f policyFolder) isPartOf(other policyFolder) bool {
	relative, err := filepath.Rel(other.resolved, f.resolved)
	return err == nil && !slices.ContainsFunc(strings.Split(filepath.ToSlash(relative), "/"), func(step string) bool {
		return strings.HasPrefix(step, ".")
	})
}

// policyPath returns the path of a folder of policies. A path in a configuration is relative to the
// folder of the configuration.
func policyPath(dir config.Path) string {
	if dir.Folder != "" && !filepath.IsAbs(dir.Value) {
		return filepath.Join(dir.Folder, dir.Value)
	}
	return dir.Value
}

func policyFolderError(dir config.Path, message string) error {
	if dir.Location.Node == nil {
		return usagef("%s: %s", dir.Location.Why, message)
	}
	return config.At(dir.Location.Node, message)
}

// shortest returns a path with slashes, relative to the working directory if that is shorter.
func shortest(path string) string {
	if filepath.IsAbs(path) {
		if dir, err := os.Getwd(); err == nil {
			if relative, err := filepath.Rel(dir, path); err == nil && len(relative) < len(path) {
				path = relative
			}
		}
	}
	return filepath.ToSlash(filepath.Clean(path))
}

// noArguments returns a usageError if a command without arguments has one.
func noArguments(c *cli.Context) error {
	if c.Args().Present() {
		return usagef("unexpected argument %q: %s takes no arguments", c.Args().First(), c.Command.Name).seeHelp(c.Command.Name)
	}
	return nil
}
