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
// never is. For a command that takes paths, the name of a file that is not a flag is a path: pre-commit
// appends names to flags, whatever they start with.
//
// A command or a flag that does not exist, a flag that is a file's name too, or a flag without a value
// of its type is a usageError.
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

// commandLine is a command line as far as it has been read.
type commandLine struct {
	app       *cli.App
	command   *cli.Command // nil before it has been read
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

// readWord reads what is not a flag: the command or an argument of it.
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

// readPath reads the name of a file that looks like a flag.
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

// readFlag reads a flag, and its value from what follows unless the flag has it or takes none. It
// returns what follows after both.
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

// arranged returns the command, its flags, "--" and its arguments. The command of a flag may stand
// after it, so only now is it known whether the command has the flag.
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
			arguments = nil // urfave/cli treats an argument next to it as a topic
		}
	}
	return append(append(arranged, "--"), arguments...), nil
}

// isFlag reports whether a word is a flag; "-" is standard input.
func isFlag(word string) bool { return strings.HasPrefix(word, "-") && word != "-" }

// splitFlag returns the name of a flag such as --name=value, and its value if it has one.
func splitFlag(flag string) (name, value string, hasValue bool) {
	return strings.Cut(strings.TrimPrefix(flag[1:], "-"), "=")
}

// isSwitch reports whether a flag has no value.
func isSwitch(flag cli.Flag) bool {
	_, is := flag.(*cli.BoolFlag)
	return is
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
	return command != nil && hasFlag(command.Flags, stdinNameFlag)
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

// flagsOf returns the flags that a command accepts.
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
