package main

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/mlpolicy/mlpolicy/internal/lint/config"

	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
)

// ruleSkeleton is the only valid argument of new.
const ruleSkeleton = "rule"

// builtinFolder is the folder of the builtin policies in the source tree of mlpolicy.
const builtinFolder = "policies"

// skeleton is a rule with the ID RULE. It loads and its tests pass without changes.
//
//go:embed skeleton
var skeleton embed.FS

func (p *program) newCommand() *cli.Command {
	return &cli.Command{
		Name:      "new",
		Usage:     "write the skeleton of a rule",
		UsageText: "mlpolicy new [FLAGS] rule ID",
		Description: `Write the skeleton of a rule: Rego with METADATA, its tests, and an example that violates it
and one that does not. The folder is that of --policy, or the one under policies: in the
configuration, or ./policies. Files are never overwritten.`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: policyFlag, Usage: "write into the folder `DIR`, which is created if it is missing"},
		},
		Action: p.new,
	}
}

func (p *program) new(c *cli.Context) error {
	if c.NArg() != 2 {
		return usagef("new needs a kind and an ID: mlpolicy new rule node-limit").seeHelp(c.Command.Name)
	}
	kind, id := c.Args().First(), c.Args().Get(1)
	if kind != ruleSkeleton {
		return unknownName("kind", kind, []string{ruleSkeleton})
	}
	if err := policy.CheckID(id); err != nil {
		return usagef("%s", err)
	}
	builtin, err := p.builtin()
	if err != nil {
		return err
	}
	if _, taken := builtin.Rule(id); taken {
		return usagef("rule %s already exists: it is built in", id)
	}
	folder, err := newRuleFolder(c.String(policyFlag))
	if err != nil {
		return err
	}
	files, err := writeSkeleton(folder, id)
	if err != nil {
		return err
	}
	return p.print(strings.Join(files, "\n") + "\n" + nextSteps(folder, id))
}

// newRuleFolder returns the folder of policies for a new rule.
func newRuleFolder(named string) (string, error) {
	if named != "" {
		if info, err := os.Stat(named); err == nil && !info.IsDir() {
			return "", usagef("--%s: %s: not a folder", policyFlag, filepath.ToSlash(named))
		}
		return named, nil
	}
	resolver, err := config.NewResolver(config.Options{Projects: &config.Projects{}})
	if err != nil {
		return "", err
	}
	configuration := resolver.OfFolder(".")
	if err := configuration.Err(); err != nil {
		return "", err
	}
	switch folders := configuration.Policies; {
	case len(folders) == 1:
		return policyPath(folders[0]), nil
	case len(folders) > 1:
		return "", usagef("the configuration lists %d folders of policies: choose one with --%s DIR", len(folders), policyFlag)
	}
	if info, err := os.Stat(builtinFolder); err != nil || !info.IsDir() {
		return "", usagef("no folder of policies found: choose one with --%s DIR", policyFlag)
	}
	return builtinFolder, nil
}

// writeSkeleton writes the skeleton of a rule into a folder of policies and returns the paths of its files.
func writeSkeleton(folder, id string) ([]string, error) {
	rules := filepath.Join(folder, "rules")
	if info, err := os.Stat(filepath.Join(folder, "mlpolicy")); err == nil && info.IsDir() {
		rules = filepath.Join(folder, "mlpolicy", "rules")
	}
	dir := filepath.Join(rules, id)
	if err := os.MkdirAll(rules, 0o755); err != nil {
		return nil, fmt.Errorf("write the rule: %w", unreadable(rules, err))
	}
	if err := os.Mkdir(dir, 0o755); errors.Is(err, fs.ErrExist) {
		return nil, usagef("%s already exists", shortest(dir))
	} else if err != nil {
		return nil, fmt.Errorf("write the rule: %w", unreadable(dir, err))
	}
	entries, err := skeleton.ReadDir("skeleton")
	if err != nil {
		return nil, err
	}
	var written []string
	for _, entry := range entries {
		text, err := skeleton.ReadFile("skeleton/" + entry.Name())
		if err != nil {
			return nil, err
		}
		name := entry.Name()
		if suffix, ok := strings.CutPrefix(name, "rule"); ok {
			name = strings.ReplaceAll(id, "-", "_") + suffix
		}
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(text), "RULE", id)), 0o644); err != nil {
			return nil, fmt.Errorf("write the rule: %w", unreadable(file, err))
		}
		written = append(written, shortest(file))
	}
	return written, nil
}

// nextSteps returns instructions for completing a new rule.
func nextSteps(folder, id string) string {
	if _, err := os.Stat(filepath.Join(folder, "mlpolicy", "query")); err == nil {
		return `
Next: edit these files, then
  make generate   # golden files, docs/rules and the manifest
  make check      # all tests
`
	}
	dir := shortest(folder)
	return fmt.Sprintf(`
Next: edit these files, then
  opa test %[1]s
  mlpolicy explain --policy %[1]s %[2]s
  mlpolicy explain --policy %[1]s %[2]s bad.aks.yaml | mlpolicy lint --policy %[1]s -
`, dir, id)
}
