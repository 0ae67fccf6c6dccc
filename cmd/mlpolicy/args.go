package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/mlpolicy/mlpolicy/internal/lint/suggest"
)

// arrange puts a command line into the order that urfave/cli understands: it looks for
// flags only before the first argument, people write them anywhere. The answer is
// command, flags as --name=value, "--", arguments. After "--" nothing is a flag, and "-"
// never is. For a command that takes paths, the name of a file that is no flag is a path: pre-commit
// appends names to flags, whatever they start with.
//
// A command or a flag that does not exist, a flag that is a file's name too, or a flag without a value
// of its type is a usageError.
func arrange(app *cli.App, args []string) ([]string, error) {
	var command *cli.Command
	var flags []flagUse
	var rest []string
	for i := 1; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			rest = append(rest, args[i+1:]...)
			break
		}
		if !strings.HasPrefix(arg, "-") || arg == "-" {
			switch {
			case command != nil:
				rest = append(rest, arg)
			case arg == "help":
				flags = append(flags, flagUse{name: "help", text: "--help"})
			default:
				if command = findCommand(app, arg); command == nil {
					return nil, unknownCommand(app, arg)
				}
			}
			continue
		}

		name, value, hasValue := strings.Cut(strings.TrimPrefix(arg[1:], "-"), "=")
		use := flagUse{name: name, text: arg}
		definition := findFlag(app, command, name)
		if takesPaths(command) && isFile(arg) {
			if definition != nil {
				return nil, &usageError{
					message: fmt.Sprintf("%q is a flag and the name of a file", arg),
					hint:    fmt.Sprintf("Write ./%s for the file, or rename it.", arg),
				}
			}
			rest = append(rest, arg)
			continue
		}
		if definition == nil {
			return nil, unknownFlag(app, command, use)
		}
		if _, isBool := definition.(*cli.BoolFlag); !isBool && !hasValue {
			if i+1 == len(args) || strings.HasPrefix(args[i+1], "-") && args[i+1] != "-" {
				return nil, usagef("flag %s needs a value", arg).seeHelp(nameOf(command))
			}
			i++
			value, hasValue = args[i], true
		}
		use.text = "--" + name
		if err := checkValue(definition, name, value, hasValue); err != nil {
			return nil, err
		}
		if hasValue {
			use.text += "=" + value
		}
		flags = append(flags, use)
	}

	arranged := args[:1:1]
	if command != nil {
		arranged = append(arranged, command.Name)
	}
	for _, use := range flags {
		if !slices.ContainsFunc(flagsOf(app, command), func(flag cli.Flag) bool { return hasName(flag, use.name) }) {
			if command == nil {
				return nil, usagef("flag --%s needs a command", use.name).seeHelp("")
			}
			return nil, unknownFlag(app, command, use)
		}
		arranged = append(arranged, use.text)
		if hasName(cli.HelpFlag, use.name) {
			rest = nil // urfave/cli takes an argument beside it for a topic
		}
	}
	return append(append(arranged, "--"), rest...), nil
}

// optionalFlag is a flag whose value may be empty. Of all others an empty value is a mistake, such as
// a variable of a script that is not set.
type optionalFlag struct{ *cli.StringFlag }

// checkValue checks that a flag has a value of its type.
func checkValue(flag cli.Flag, name, value string, hasValue bool) error {
	if _, optional := flag.(optionalFlag); hasValue && value == "" && !optional {
		return usagef("--%s: the value is empty", name)
	}
	switch flag.(type) {
	case *cli.BoolFlag:
		if _, err := strconv.ParseBool(value); hasValue && err != nil {
			return usagef("--%s: invalid value %q: use true or false", name, value)
		}
	case *cli.IntFlag:
		if _, err := strconv.ParseInt(value, 0, 0); err != nil {
			return usagef("--%s: invalid number %q", name, value)
		}
	case *cli.DurationFlag:
		if _, err := time.ParseDuration(value); err != nil {
			return usagef("--%s: invalid duration %q: use a number with a unit, such as 5s or 1m30s", name, value)
		}
	}
	return nil
}

// takesPaths reports whether the arguments of a command are files and folders.
func takesPaths(command *cli.Command) bool {
	return command != nil && slices.ContainsFunc(command.Flags, func(flag cli.Flag) bool { return hasName(flag, stdinNameFlag) })
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}

// flagUse is a flag on the command line.
type flagUse struct {
	name string
	text string // with its value
}

func findCommand(app *cli.App, name string) *cli.Command {
	for _, command := range app.Commands {
		if command.Name == name {
			return command
		}
	}
	return nil
}

// findFlag looks up a flag of a command or, as long as the command is not known, of any.
func findFlag(app *cli.App, command *cli.Command, name string) cli.Flag {
	flags := flagsOf(app, command)
	if command == nil {
		for _, each := range app.Commands {
			flags = append(flags, each.Flags...)
		}
	}
	for _, flag := range flags {
		if hasName(flag, name) {
			return flag
		}
	}
	return nil
}

// flagsOf returns the flags that can stand on a command's line.
func flagsOf(app *cli.App, command *cli.Command) []cli.Flag {
	flags := []cli.Flag{cli.HelpFlag}
	if command == nil {
		return append(flags, app.Flags...)
	}
	return append(flags, command.Flags...)
}

func hasName(flag cli.Flag, name string) bool { return slices.Contains(flag.Names(), name) }

func nameOf(command *cli.Command) string {
	if command == nil {
		return ""
	}
	return command.Name
}

func unknownCommand(app *cli.App, name string) error {
	if _, err := os.Stat(name); err == nil || strings.ContainsAny(name, "./") {
		return &usageError{message: "no command given", hint: "Did you mean: mlpolicy lint " + name}
	}
	var names []string
	for _, command := range app.Commands {
		if !command.Hidden {
			names = append(names, command.Name)
		}
	}
	return usagef("unknown command %q: %s", name, suggest.Phrase(name, names)).seeHelp("")
}

func unknownFlag(app *cli.App, command *cli.Command, use flagUse) error {
	var names []string
	for _, flag := range flagsOf(app, command) {
		for _, name := range flag.Names() {
			if len(name) > 1 {
				names = append(names, "--"+name)
			}
		}
	}
	message := "unknown flag " + strings.SplitN(use.text, "=", 2)[0]
	if nearest := suggest.Nearest("--"+use.name, names); nearest != "" {
		message += ": did you mean " + nearest + "?"
	}
	return usagef("%s", message).seeHelp(nameOf(command))
}
