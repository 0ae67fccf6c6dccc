package facts

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// commandsOf returns the commands of a container's command and arguments, each as its words: that of
// the items together, and those of the items that are scripts.
func commandsOf(items []string) [][]string {
	var own []string
	var all [][]string
	for _, item := range items {
		if strings.ContainsAny(item, " \t\n;&|") {
			all = append(all, commandsOfScript(item)...)
		} else {
			own = append(own, item)
		}
	}
	return append(all, own)
}

// commandsOfScript cuts a shell script into commands. Quotes group nothing, but for a script
// that a shell within the script gets.
func commandsOfScript(script string) [][]string {
	script = strings.ReplaceAll(strings.ReplaceAll(script, "\r\n", "\n"), "\\\n", " ")
	script = innerScript().ReplaceAllString(script, "$1\n")
	var all [][]string
	for _, command := range strings.FieldsFunc(script, func(c rune) bool { return strings.ContainsRune("\n;&|()`", c) }) {
		var words []string
		for _, word := range strings.Fields(command) {
			if word = strings.Trim(word, `"'`); word != "" {
				words = append(words, word)
			}
		}
		all = append(all, words)
	}
	return all
}

// innerScript matches the option before a script in quotes and the quote.
var innerScript = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(\s-[a-z]*c\s+)["']`)
})

// starts reports whether a command runs a program that the words of start name, by its path or
// its name: as the command itself, or as what a launcher such as exec or python3 -m runs. A program's
// name among the arguments of another, such as ls, is none.
func starts(words, start []string) bool {
	for i, word := range words {
		if named(words[i:], start) {
			return true
		}
		after := i > 0 && strings.HasPrefix(words[i-1], "-") && words[i-1] != "--"
		switch {
		case strings.HasPrefix(word, "-"), filler().MatchString(word), launches(word):
		case after && !strings.HasSuffix(words[i-1], "c") && words[i-1] != "-m": // the value of an option
		default:
			return false
		}
	}
	return false
}

// named reports whether words begin with those of start.
func named(words, start []string) bool {
	if len(start) == 0 || len(words) < len(start) {
		return false
	}
	return path.Base(words[0]) == start[0] && !strings.Contains(words[0], "://") && slices.Equal(words[1:len(start)], start[1:])
}

// filler matches what stands between a launcher and the program: an assignment, a number or a
// time, a variable, and the brackets of a shell.
var filler = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_]*=.*|[0-9.,]+[smhd]?|\$.*|[{}!\[\]]+)$`)
})

// launches reports whether a word is a program or a word of the shell that runs the command
// behind it.
func launches(word string) bool {
	switch name := path.Base(word); name {
	case "exec", "command", "eval", "nohup", "time", "timeout", "nice", "ionice", "env", "setsid", "stdbuf", "xargs",
		"sudo", "su", "gosu", "su-exec", "chroot", "tini", "dumb-init", "catatonit", "numactl", "taskset",
		"sh", "bash", "ash", "dash", "zsh", "if", "then", "else", "elif", "do", "while", "until",
		"mpirun", "mpiexec", "orterun", "torchrun", "accelerate", "launch", "nsys", "profile",
		"uv", "uvx", "pipenv", "poetry", "pdm", "hatch", "conda", "mamba", "micromamba", "run", "opentelemetry-instrument", "ddtrace-run":
		return true
	default:
		return strings.HasPrefix(name, "python") || strings.Contains(name, "entrypoint")
	}
}
