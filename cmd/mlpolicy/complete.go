package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// completeName is that of the command which shells ask, and whose stderr nobody reads.
const completeName = "__complete"

// completeCommand answers the scripts of completionScripts.
func (p *program) completeCommand() *cli.Command {
	return &cli.Command{Name: completeName, Hidden: true, Action: p.complete}
}

func (p *program) complete(c *cli.Context) error {
	args := c.Args().Slice()
	if len(args) == 0 {
		return nil
	}
	var text strings.Builder
	word := strings.TrimPrefix(args[0], "word=")
	for _, candidate := range p.candidates(c, word, args[1:]) {
		if strings.HasPrefix(candidate.word, word) {
			fmt.Fprintln(&text, strings.TrimSuffix(candidate.word+"\t"+candidate.description, "\t"))
		}
	}
	return p.print(text.String())
}

// candidate is what a word may become.
type candidate struct{ word, description string }

// candidates returns what can stand where word does, after previous; none where it is a file.
func (p *program) candidates(c *cli.Context, word string, previous []string) []candidate {
	if slices.Contains(previous, "--") {
		return nil
	}
	var command *cli.Command
	var arguments int
	var pending cli.Flag // waits for its value
	for _, arg := range previous {
		switch {
		case arg == "=": // bash takes --format=json for three words
		case pending != nil:
			pending = nil
		case strings.HasPrefix(arg, "-") && arg != "-":
			name, _, hasValue := strings.Cut(strings.TrimLeft(arg, "-"), "=")
			pending = findFlag(c.App, command, name)
			if _, isBool := pending.(*cli.BoolFlag); isBool || hasValue {
				pending = nil
			}
		case command != nil:
			arguments++
		default:
			if command = findCommand(c.App, arg); command == nil {
				return nil
			}
		}
	}
	if pending != nil {
		return p.values(c, pending, "")
	}
	if strings.HasPrefix(word, "-") {
		if name, _, hasValue := strings.Cut(word, "="); hasValue {
			return p.values(c, findFlag(c.App, command, strings.TrimLeft(name, "-")), name+"=")
		}
		return flagCandidates(c.App, command)
	}
	switch {
	case command == nil:
		return commandCandidates(c.App)
	case command.Name == "explain" && arguments == 0:
		if session, err := p.session(c); err == nil {
			var list []candidate
			for _, rule := range session.rules() {
				list = append(list, candidate{rule.ID, strings.Join(strings.Fields(rule.Title), " ")})
			}
			return list
		}
	case command.Name == "targets" && slices.Contains(previous, "--"+diffFlag):
		return p.editionCandidates(c, "")
	case command.Name == "completion" && arguments == 0:
		var list []candidate
		for _, shell := range slices.Sorted(maps.Keys(completionScripts())) {
			list = append(list, candidate{word: shell})
		}
		return list
	}
	return nil
}

// values returns the values of a flag, each after prefix; none where they are files.
func (p *program) values(c *cli.Context, flag cli.Flag, prefix string) []candidate {
	if flag == nil {
		return nil
	}
	if choice, ok := flag.(choiceFlag); ok {
		list := make([]candidate, len(choice.values))
		for i, value := range choice.values {
			list[i] = candidate{word: prefix + value}
		}
		return list
	}
	if hasName(flag, editionFlag) {
		return p.editionCandidates(c, prefix)
	}
	return nil
}

func (p *program) editionCandidates(c *cli.Context, prefix string) []candidate {
	session, err := p.session(c)
	if err != nil {
		return nil
	}
	var list []candidate
	for _, edition := range session.policies.Editions() {
		list = append(list, candidate{prefix + edition.ID, edition.Title})
	}
	return list
}

func commandCandidates(app *cli.App) []candidate {
	var list []candidate
	for _, command := range app.Commands {
		if !command.Hidden {
			list = append(list, candidate{command.Name, command.Usage})
		}
	}
	return append(list, candidate{"help", "tell how a command is used"})
}

func flagCandidates(app *cli.App, command *cli.Command) []candidate {
	var list []candidate
	for _, flag := range flagsOf(app, command) {
		usage := ""
		if documented, ok := flag.(cli.DocGenerationFlag); ok {
			usage = strings.ReplaceAll(documented.GetUsage(), "`", "")
		}
		list = append(list, candidate{"--" + flag.Names()[0], usage})
	}
	return list
}
