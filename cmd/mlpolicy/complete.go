package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// completeName is the name of the command that shells call for completion. Its stderr is not shown.
const completeName = "__complete"

// completeCommand returns the command that the scripts of completionScripts call.
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

// candidate is a possible completion of a word.
type candidate struct{ word, description string }

// candidates returns the completions of word after the previous words. It returns none if the word is a
// path, which the shell completes.
func (p *program) candidates(c *cli.Context, word string, previous []string) []candidate {
	at, known := positionAfter(c.App, previous)
	switch {
	case !known:
		return nil
	case at.pending != nil:
		return p.values(c, at.pending, "")
	case strings.HasPrefix(word, "-"):
		return p.flagCandidates(c, at.command, word)
	case at.command == nil:
		return commandCandidates(c.App)
	}
	return p.argumentCandidates(c, at)
}

// position is the context of a word on a command line.
type position struct {
	command   *cli.Command // nil if the word is the command itself
	arguments []string     // of the command, before the word
	previous  []string
	pending   cli.Flag // the flag whose value is expected here, nil for none
}

// positionAfter returns the position after the previous words. It is unknown after "--" and after an
// unknown command.
func positionAfter(app *cli.App, previous []string) (at position, known bool) {
	at.previous = previous
	for _, arg := range previous {
		switch {
		case arg == "--":
			return position{}, false
		case arg == "=": // bash splits --format=json into three words
		case at.pending != nil:
			at.pending = nil
		case isFlag(arg):
			name, _, hasValue := splitFlag(arg)
			if flag := findFlag(app, at.command, name); flag != nil && !isSwitch(flag) && !hasValue {
				at.pending = flag
			}
		case at.command != nil:
			at.arguments = append(at.arguments, arg)
		default:
			if at.command = findCommand(app, arg); at.command == nil {
				return position{}, false
			}
		}
	}
	return at, true
}

// argumentCandidates returns the possible arguments of a command at a position.
func (p *program) argumentCandidates(c *cli.Context, at position) []candidate {
	switch {
	case at.command.Name == "explain" && len(at.arguments) == 0:
		return p.ruleCandidates(c)
	case at.command.Name == "explain" && len(at.arguments) == 1:
		return p.exampleCandidates(c, at.arguments[0])
	case at.command.Name == baselineName && len(at.arguments) == 0:
		return []candidate{{writeBaseline, "list the findings that there are"}, {pruneBaseline, "remove entries that are no longer needed"}}
	case at.command.Name == "new" && len(at.arguments) == 0:
		return []candidate{{word: ruleSkeleton}}
	case at.command.Name == "targets" && slices.Contains(at.previous, "--"+diffFlag):
		return p.editionCandidates(c, "")
	case at.command.Name == "completion" && len(at.arguments) == 0:
		return shellCandidates()
	}
	return nil
}

func (p *program) ruleCandidates(c *cli.Context) []candidate {
	session, err := p.session(c)
	if err != nil {
		return nil
	}
	var list []candidate
	for _, rule := range session.rules() {
		list = append(list, candidate{rule.ID, strings.Join(strings.Fields(rule.Title), " ")})
	}
	return list
}

func (p *program) exampleCandidates(c *cli.Context, id string) []candidate {
	session, err := p.session(c)
	if err != nil {
		return nil
	}
	rule, _ := session.policies.Rule(id)
	var list []candidate
	for _, example := range rule.Examples {
		list = append(list, candidate{word: example.Name})
	}
	return list
}

func shellCandidates() []candidate {
	var list []candidate
	for _, shell := range slices.Sorted(maps.Keys(completionScripts())) {
		list = append(list, candidate{word: shell})
	}
	return list
}

// values returns the values of a flag, each preceded by prefix. It returns none for a flag that takes a
// path.
func (p *program) values(c *cli.Context, flag cli.Flag, prefix string) []candidate {
	if flag == nil {
		return nil
	}
	var words []string
	switch flag := flag.(type) {
	case choiceFlag:
		words = flag.values
	case formatsFlag:
		words = flag.names
	}
	if words != nil {
		list := make([]candidate, len(words))
		for i, word := range words {
			list[i] = candidate{word: prefix + word}
		}
		return list
	}
	switch {
	case hasName(flag, editionFlag):
		return p.editionCandidates(c, prefix)
	case hasName(flag, toFlag):
		list := p.editionCandidates(c, prefix+editionFlag+"=")
		return append(list, candidate{word: prefix + configFlag + "="}, candidate{word: prefix + policyFlag + "="})
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
	return append(list, candidate{"help", "show how to use a command"})
}

// flagCandidates returns the flags of a command, or the values of a flag if word is --flag=.
func (p *program) flagCandidates(c *cli.Context, command *cli.Command, word string) []candidate {
	if name, _, hasValue := splitFlag(word); hasValue {
		before, _, _ := strings.Cut(word, "=")
		return p.values(c, findFlag(c.App, command, name), before+"=")
	}
	var list []candidate
	for _, flag := range flagsOf(c.App, command) {
		usage := ""
		if documented, ok := flag.(cli.DocGenerationFlag); ok {
			usage = strings.ReplaceAll(documented.GetUsage(), "`", "")
		}
		list = append(list, candidate{"--" + flag.Names()[0], usage})
	}
	return list
}
