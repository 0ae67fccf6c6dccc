package main

import (
	"fmt"
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
		UsageText: "mlpolicy config [FLAGS]",
		Description: `Print the effective configuration as YAML, with the source of each value: a file, a flag or the
default. The file is the nearest .mlpolicy.yaml in the working directory or above it.`,
		Flags:  append([]cli.Flag{editionFlagOf(), clusterFlagOf(), failOnFlagOf()}, configFlags()...),
		Action: p.config,
	}
}

func (p *program) config(c *cli.Context) error {
	if err := noArguments(c); err != nil {
		return err
	}
	session, err := p.session(c)
	if err != nil {
		return err
	}
	var text strings.Builder
	tabs := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, setting := range settings(session.configuration) {
		fmt.Fprintf(tabs, "%s: %s\t# %s\n", setting.key, setting.value, setting.origin)
	}
	if err := tabs.Flush(); err != nil {
		return err
	}
	return p.print(text.String())
}

// setting is a line of YAML.
type setting struct{ key, value, origin string }

func settings(configuration *config.Config) []setting {
	list := []setting{settingOf("edition", configuration.Edition, func(id string) string { return id })}
	if configuration.Cluster.Known {
		list = append(list, settingOf("kubernetes", configuration.Cluster, func(target facts.Target) string {
			return "{cluster: " + config.ClusterWord(target) + "}"
		}))
	}
	list = append(list, settingOf("fail_on", configuration.FailOn, config.FailOnWord))
	for _, member := range configuration.Other() {
		list = append(list, setting{member.Key.Text, flow(member.Value), originOf(facts.Location{Node: member.Key})})
	}
	for _, dir := range configuration.Policies {
		if dir.Location.Node == nil {
			list = append(list, setting{"# policies", flowText(dir.Value), originOf(dir.Location)})
		}
	}
	return list
}

func settingOf[T any](key string, fact facts.Fact[T], word func(T) string) setting {
	return setting{key, word(fact.Value), originOf(fact.Location)}
}

func originOf(location facts.Location) string {
	if location.Node == nil {
		return location.Why
	}
	return report.Location(location)
}

// flow writes a value in the flow style of YAML on one line.
func flow(node *source.Node) string {
	switch node.Kind {
	case source.Sequence:
		items := make([]string, len(node.Items))
		for i, item := range node.Items {
			items[i] = flow(item)
		}
		return "[" + strings.Join(items, ", ") + "]"
	case source.Mapping:
		members := make([]string, len(node.Members))
		for i, member := range node.Members {
			members[i] = flow(member.Key) + ": " + flow(member.Value)
		}
		return "{" + strings.Join(members, ", ") + "}"
	case source.Null:
		return "null"
	case source.Bool, source.Number:
		return node.Text
	}
	return flowText(node.Text)
}

// flowText quotes a string unless every reader of YAML takes it for that string without quotes.
func flowText(text string) string {
	plain := text != "" && strings.IndexFunc(text, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '_' || r == '.' || r == '/')
	}) < 0 && !strings.HasPrefix(text, "-")
	if plain && isPlainString(text) {
		return text
	}
	return report.Quote(text)
}

// isPlainString reports whether a plain scalar is a string in YAML 1.1 and 1.2: not a number such as
// 1.10 or .inf, a word such as yes, or a date.
func isPlainString(text string) bool {
	switch strings.ToLower(text) {
	case "y", "n", ".nan", ".inf", "+.inf", "-.inf":
		// The parser here takes numbers that JSON lacks for text.
		return false
	}
	if _, err := time.Parse("2006-1-2", text); err == nil {
		return false
	}
	documents := source.Parse("", []byte(text)).Documents
	return len(documents) == 1 && documents[0].Root.Kind == source.String
}
