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

// arrange sorts a command line for urfave/cli, which accepts flags only before the first argument. The
// result is the command, flags as --name=value, "--" and the arguments. Words after "--" are not flags,
// and "-" is never one. If the command takes paths, a word that looks like an unknown flag but is the
// name of a file is a path, because pre-commit appends any file name to the flags.
//
// An unknown command or flag, a flag that is also the name of a file, and a flag without a value of its
// type are usageErrors.
func arrange(app *cli.App, args []string) ([]string, error) {
	line := &commandLine{app: app}
	if err := line.read(args[1:]); err != nil {
		return nil, err
	}
	arranged, err := line.arranged()
	if err != nil {
		return nil, err
	}
	return append(args[:1:1], arranged...), nil
}

// commandLine is the part of a command line that has been read.
type commandLine struct {
	app       *cli.App
	command   *cli.Command // nil until it has been read
	flags     []flagUse
	arguments []string
}

// flagUse is a flag on the command line.
type flagUse struct {
	name string
	text string // with its value
}

func (l *commandLine) read(args []string) error {
	for len(args) > 0 {
		arg, following := args[0], args[1:]
		var err error
		switch {
		case arg == "--":
			l.arguments = append(l.arguments, following...)
			return nil
		case !isFlag(arg):
			err = l.readWord(arg)
		case takesPaths(l.command) && isFile(arg):
			err = l.readPath(arg)
		default:
			following, err = l.readFlag(arg, following)
		}
		if err != nil {
			return err
		}
		args = following
	}
	return nil
}

// readWord reads a word that is not a flag: the command or an argument.
func (l *commandLine) readWord(word string) error {
	switch {
	case l.command != nil:
		l.arguments = append(l.arguments, word)
	case word == "help":
		l.flags = append(l.flags, flagUse{name: "help", text: "--help"})
	default:
		if l.command = findCommand(l.app, word); l.command == nil {
			return unknownCommand(l.app, word)
		}
	}
	return nil
}

// readPath reads a path that looks like a flag.
func (l *commandLine) readPath(path string) error {
	if name, _, _ := splitFlag(path); findFlag(l.app, l.command, name) != nil {
		return &usageError{
			message: fmt.Sprintf("%q is both a flag and the name of a file", path),
			hint:    fmt.Sprintf("Write ./%s for the file, or rename it.", path),
		}
	}
	l.arguments = append(l.arguments, path)
	return nil
}

// readFlag reads a flag and its value, which is the next word unless the flag is a switch or has the
// form --name=value. It returns the remaining words.
func (l *commandLine) readFlag(arg string, following []string) ([]string, error) {
	name, value, hasValue := splitFlag(arg)
	definition := findFlag(l.app, l.command, name)
	if definition == nil {
		return nil, unknownFlag(l.app, l.command, flagUse{name: name, text: arg})
	}
	if !isSwitch(definition) && !hasValue {
		if len(following) == 0 || isFlag(following[0]) {
			return nil, usagef("flag %s needs a value", arg).seeHelp(nameOf(l.command))
		}
		value, hasValue, following = following[0], true, following[1:]
	}
	if err := checkValue(definition, name, value, hasValue); err != nil {
		return nil, err
	}
	use := flagUse{name: name, text: "--" + name}
	if hasValue {
		use.text += "=" + value
	}
	l.flags = append(l.flags, use)
	return following, nil
}

// arranged returns the command, its flags, "--" and its arguments. It checks that the command has the
// flags, which may precede the command.
func (l *commandLine) arranged() ([]string, error) {
	var arranged []string
	if l.command != nil {
		arranged = append(arranged, l.command.Name)
	}
	arguments := l.arguments
	for _, use := range l.flags {
		switch has := hasFlag(flagsOf(l.app, l.command), use.name); {
		case !has && l.command == nil:
			return nil, usagef("flag --%s needs a command", use.name).seeHelp("")
		case !has:
			return nil, unknownFlag(l.app, l.command, use)
		}
		arranged = append(arranged, use.text)
		if hasName(cli.HelpFlag, use.name) {
			arguments = nil // urfave/cli treats an argument after it as a topic
		}
	}
	return append(append(arranged, "--"), arguments...), nil
}

// isFlag reports whether a word has the form of a flag. "-" is not a flag but standard input.
func isFlag(word string) bool { return strings.HasPrefix(word, "-") && word != "-" }

// splitFlag splits a flag such as --name=value or -name.
func splitFlag(flag string) (name, value string, hasValue bool) {
	return strings.Cut(strings.TrimPrefix(flag[1:], "-"), "=")
}

// isSwitch reports whether a flag does not take a value.
func isSwitch(flag cli.Flag) bool {
	_, is := flag.(*cli.BoolFlag)
	return is
}

// optionalFlag is a flag whose value may be empty. An empty value of any other flag is an error, for
// example because a variable of a script is not set.
type optionalFlag struct{ *cli.StringFlag }

// checkValue returns an error unless the value fits the type of the flag.
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

// takesPaths reports whether the arguments of a command are paths.
func takesPaths(command *cli.Command) bool {
	return command != nil && (hasFlag(command.Flags, stdinNameFlag) || hasFlag(command.Flags, noLinkFlag))
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}

func findCommand(app *cli.App, name string) *cli.Command {
	for _, command := range app.Commands {
		if command.Name == name {
			return command
		}
	}
	return nil
}

// findFlag returns the flag with a name or alias, nil if there is none. With a nil command it looks it
// up in all commands.
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

// flagsOf returns the flags of a command, or those of the program for a nil command.
func flagsOf(app *cli.App, command *cli.Command) []cli.Flag {
	flags := []cli.Flag{cli.HelpFlag}
	if command == nil {
		return append(flags, app.Flags...)
	}
	return append(flags, command.Flags...)
}

func hasName(flag cli.Flag, name string) bool { return slices.Contains(flag.Names(), name) }

func hasFlag(flags []cli.Flag, name string) bool {
	return slices.ContainsFunc(flags, func(flag cli.Flag) bool { return hasName(flag, name) })
}

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
