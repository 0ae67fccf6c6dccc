package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/report"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

func (p *program) configCommand() *cli.Command {
	return &cli.Command{
		Name:      "config",
		Usage:     "print the effective configuration",
		UsageText: "mlpolicy config [FLAGS] [FILE]",
		Description: `Print the configuration that applies to FILE as YAML, with the source of each value: a file, a flag
or the default. FILE need not exist. Without it, print what applies in the working directory, without
overrides. Keys of nested configurations that have no effect are on standard error.

Exit codes: 0 printed; 2 the command line or the configuration is invalid; 3 a nested configuration
is invalid.`,
		Flags:  append([]cli.Flag{editionFlagOf(), clusterFlagOf(), failOnFlagOf()}, configFlags()...),
		Action: p.config,
	}
}

func (p *program) config(c *cli.Context) error {
	configuration, err := p.configurationOf(c)
	if err != nil {
		return err
	}
	if configuration.Broken {
		return errIncomplete
	}
	var text strings.Builder
	tabs := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, setting := range settings(configuration) {
		fmt.Fprintf(tabs, "%s\t%s\n", setting.text, setting.origin)
	}
	if err := tabs.Flush(); err != nil {
		return err
	}
	var lines strings.Builder
	for line := range strings.Lines(text.String()) {
		lines.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return p.print(lines.String())
}

// configurationOf returns the configuration that applies to the argument, or to the working directory without
// an argument. It writes the faults of nested configurations to stderr.
func (p *program) configurationOf(c *cli.Context) (*config.Config, error) {
	switch {
	case c.NArg() > 1:
		return nil, usagef("config takes at most one file").seeHelp(c.Command.Name)
	case c.NArg() == 0:
		session, err := p.session(c)
		if err != nil {
			return nil, err
		}
		return session.configuration, nil
	}
	file := filepath.Clean(c.Args().First())
	session, err := p.sessionOf(c, []string{file})
	if err != nil {
		return nil, err
	}
	configuration := session.resolver.Of(file)
	if info, err := os.Stat(file); err == nil && info.IsDir() {
		configuration = session.resolver.OfFolder(file)
	}
	session.complainOfFaults(configuration)
	return configuration, nil
}

// setting is a line of YAML with its comment.
type setting struct{ text, origin string }

func settings(configuration *config.Config) []setting {
	list := []setting{settingOf("edition", configuration.Edition, func(id string) string { return id })}
	if configuration.Cluster.Known {
		list = append(list, settingOf("kubernetes", configuration.Cluster, func(target facts.Target) string {
			return "{cluster: " + config.ClusterWord(target) + "}"
		}))
	}
	list = append(list, settingOf("fail_on", configuration.FailOn, config.FailOnWord))
	var keys []string
	values := map[string][]source.Member{}
	for _, member := range configuration.Members() {
		key := member.Key.Text()
		if values[key] = append(values[key], member); len(values[key]) == 1 && key != "edition" && key != "kubernetes" && key != "fail_on" {
			keys = append(keys, key)
		}
	}
	for _, key := range keys {
		list = append(list, merged("", key, values[key])...)
	}
	for _, dir := range configuration.Policies {
		if dir.Location.Node == nil {
			list = append(list, setting{"# policies: " + flowText(dir.Value), originOf(dir.Location)})
		}
	}
	return list
}

// merged returns the lines of a key that several files may have. It merges mappings by key and concatenates lists;
// of other values the last one applies.
func merged(indent, key string, members []source.Member) []setting {
	last := members[len(members)-1].Value
	from := len(members) - 1
	for from > 0 && members[from-1].Value.Kind == last.Kind && last.Kind >= source.Sequence {
		from--
	}
	if from == len(members)-1 {
		return []setting{{indent + key + ": " + flow(last), originOf(facts.Location{Node: members[from].Key})}}
	}
	list := []setting{{text: indent + key + ":"}}
	indent += "  "
	if last.Kind == source.Sequence {
		for _, member := range members[from:] {
			for _, item := range member.Value.Items() {
				list = append(list, setting{indent + "- " + flow(item), originOf(facts.Location{Node: item})})
			}
		}
		return list
	}
	var keys []string
	values := map[string][]source.Member{}
	for _, member := range members[from:] {
		for _, inner := range member.Value.Members() {
			name := flow(inner.Key)
			if values[name] = append(values[name], inner); len(values[name]) == 1 {
				keys = append(keys, name)
			}
		}
	}
	for _, key := range keys {
		list = append(list, merged(indent, key, values[key])...)
	}
	return list
}

func settingOf[T any](key string, fact facts.Fact[T], word func(T) string) setting {
	return setting{key + ": " + word(fact.Value), originOf(fact.Location)}
}

// originOf returns a YAML comment with the location of a setting.
func originOf(place facts.Location) string {
	if place.Node == nil {
		return "# " + place.Why
	}
	return "# " + report.Location(place)
}

// flow returns a value in YAML flow style on one line.
func flow(node *source.Node) string {
	switch node.Kind {
	case source.Sequence:
		items := make([]string, len(node.Items()))
		for i, item := range node.Items() {
			items[i] = flow(item)
		}
		return "[" + strings.Join(items, ", ") + "]"
	case source.Mapping:
		members := make([]string, len(node.Members()))
		for i, member := range node.Members() {
			members[i] = flow(member.Key) + ": " + flow(member.Value)
		}
		return "{" + strings.Join(members, ", ") + "}"
	case source.Null:
		return "null"
	case source.Bool, source.Number:
		return node.Text()
	}
	return flowText(node.Text())
}

// flowText quotes a string unless every YAML parser reads the plain scalar as this string.
func flowText(text string) string {
	plain := text != "" && strings.IndexFunc(text, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '_' || r == '.' || r == '/')
	}) < 0 && !strings.HasPrefix(text, "-")
	if plain && isPlainString(text) {
		return text
	}
	return report.Quote(text)
}

// isPlainString reports whether a plain scalar is a string in YAML 1.1 and 1.2, and not a number such as
// 1.10 or .inf, a boolean such as yes, or a date.
func isPlainString(text string) bool {
	switch strings.ToLower(text) {
	case "y", "n", ".nan", ".inf", "+.inf", "-.inf":
		// Package source reads numbers that JSON does not have as strings.
		return false
	}
	if _, err := time.Parse("2006-1-2", text); err == nil {
		return false
	}
	documents := source.Parse("", []byte(text)).Documents
	return len(documents) == 1 && documents[0].Root.Kind == source.String
}
