package kube

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
			if strings.HasPrefix(word, "#") { // a comment up to the end of the line
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

// innerScript matches the option before a script in quotes and the quote.
var innerScript = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(\s-[a-z]*c\s+)["']`)
})

// starts reports whether a command runs a program that the words of start name, by its path or
// its name: as the command itself, or as what a wrapper runs, which is any program that gets those
// words. A program that only prints or reads what it gets is not one, and neither is one that
// gets a name, such as a host's, as the value of an option.
func starts(words, start []string) bool {
	separator := slices.Index(words, "--")
	first := true // no word so far is a program that is not known to launch others
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

// takesValue reports whether a word is an option whose value may be the next word. What follows -c
// and -m is a program.
func takesValue(word string) bool {
	return strings.HasPrefix(word, "-") && word != "--" && word != "-m" && !strings.Contains(word, "=") &&
		(strings.HasPrefix(word, "--") || !strings.HasSuffix(word, "c"))
}

// asksAbout reports whether the options of a program make it print about itself and end.
func asksAbout(options []string) bool {
	return slices.Contains(options, "--help") || slices.Contains(options, "--version")
}

// namesFolder reports whether an argument is a folder of /opt, of which each belongs to a program.
// https://refspecs.linuxfoundation.org/FHS_3.0/fhs/ch03s13.html
func namesFolder(word string) bool { return path.Dir(word) == "/opt" || strings.HasSuffix(word, "/") }

// reads reports whether a word is a program or a word of the shell that runs nothing of what it
// gets: it prints, reads, asks or waits.
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
// behind it and its own options. Of other programs, what follows an option may be its value.
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
