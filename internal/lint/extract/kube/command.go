package kube

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// commandsOf returns the commands of a container's command and arguments, each split into words. An
// item that is a script gives its own commands; the other items together are one command.
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

// commandsOfScript splits a shell script into commands. Quotes are ignored, except around the
// script of an inner shell.
func commandsOfScript(script string) [][]string {
	script = strings.ReplaceAll(strings.ReplaceAll(script, "\r\n", "\n"), "\\\n", " ")
	script = innerScript().ReplaceAllString(script, "$1\n")
	var all [][]string
	for _, command := range strings.FieldsFunc(script, func(c rune) bool { return strings.ContainsRune("\n;&|()`", c) }) {
		var words []string
		for _, word := range strings.Fields(command) {
			if strings.HasPrefix(word, "#") { // a comment, up to the end of the line
				break
			}
			if word = strings.Trim(word, `"'`); word != "" {
				words = append(words, word)
			}
		}
		all = append(all, words)
	}
	return all
}

// innerScript matches the -c option before a quoted script, and the opening quote.
var innerScript = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(\s-[a-z]*c\s+)["']`)
})

// starts reports whether a command starts the program that the words of start name, by path or by
// name. The program is the command itself, or an argument of a wrapper. It does not count as an
// argument of a program that only prints or reads, or as the value of an option, such as a host
// name.
func starts(words, start []string) bool {
	separator := slices.Index(words, "--")
	first := true // every word so far is known to launch other programs
	for i, word := range words {
		value := i > 0 && takesValue(words[i-1])
		switch {
		case named(words[i:], start):
			if asksAbout(words[i+len(start):]) {
				return false
			}
			if first || i > separator && !(value && len(start) == 1) && !namesFolder(word) {
				return true
			}
		case value:
		case path.Base(word) == "command" && i+1 < len(words) && strings.EqualFold(words[i+1], "-v"):
			return false
		case reads(word):
			return false
		}
		first = first && (value || strings.HasPrefix(word, "-") || filler().MatchString(word) || launches(word))
	}
	return false
}

// takesValue reports whether a word is an option whose value may be the next word. The value of -c
// and -m is a program.
func takesValue(word string) bool {
	return strings.HasPrefix(word, "-") && word != "--" && word != "-m" && !strings.Contains(word, "=") &&
		(strings.HasPrefix(word, "--") || !strings.HasSuffix(word, "c"))
}

// asksAbout reports whether options make a program print information about itself and exit.
func asksAbout(options []string) bool {
	return slices.Contains(options, "--help") || slices.Contains(options, "--version")
}

// namesFolder reports whether an argument is a folder of /opt, where each folder belongs to a
// program.
// https://refspecs.linuxfoundation.org/FHS_3.0/fhs/ch03s13.html
func namesFolder(word string) bool { return path.Dir(word) == "/opt" || strings.HasSuffix(word, "/") }

// reads reports whether a word is a program or a shell keyword that does not run its arguments: it
// prints, reads, tests or waits.
func reads(word string) bool {
	switch path.Base(word) {
	case "echo", "printf", "cat", "ls", "test", "[", "[[", "sleep", "true", "false", ":", "which", "whereis", "type", "hash",
		"grep", "egrep", "fgrep", "rg", "sed", "awk", "find", "head", "tail", "less", "more", "wc", "sort", "cut", "tr", "tee", "diff", "strings", "file", "stat", "du", "df", "jq", "man",
		"cd", "pushd", "mkdir", "touch", "cp", "mv", "ln", "rm", "chmod", "chown", "tar", "unzip", "export", "set", "unset", "alias", "trap", "wait", "exit", "return", "source", ".",
		"curl", "wget", "nc", "ncat", "ping", "dig", "nslookup", "getent", "host", "grpcurl", "hey", "ab", "wrk",
		"ps", "top", "kill", "pkill", "killall", "pgrep", "pidof", "ldd",
		"pip", "pip3", "apt", "apt-get", "apk", "yum", "dnf", "dpkg", "git",
		"perf_analyzer", "genai-perf":
		return true
	}
	return false
}

// named reports whether words begin with start.
func named(words, start []string) bool {
	if len(start) == 0 || len(words) < len(start) {
		return false
	}
	return path.Base(words[0]) == start[0] && !strings.Contains(words[0], "://") && slices.Equal(words[1:len(start)], start[1:])
}

// filler matches words between a launcher and the program: assignments, numbers, durations,
// variables and shell brackets.
var filler = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_]*=.*|[0-9.,]+[smhd]?|\$.*|[{}!\[\]]+)$`)
})

// launches reports whether a word is a program or a shell keyword that runs the command after its
// own options. For other programs, the word after an option may be its value.
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
