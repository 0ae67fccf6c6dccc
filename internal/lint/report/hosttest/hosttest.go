// Package hosttest models how CI hosts read the log of a job. It is for tests of what is written
// there.
package hosttest

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// Commands returns a description of each command that a host would execute in a log, and of each
// sequence that mlpolicy promises not to write, whether a host knows such a command or not.
func Commands(log string) []string {
	var found []string
	for _, line := range linesOf(log) {
		if area, event, ok := azure(line); ok {
			found = append(found, fmt.Sprintf("Azure Pipelines executes %s.%s in %q", area, event, line))
		}
		if name, ok := github(line); ok {
			found = append(found, fmt.Sprintf("GitHub Actions executes %s in %q", name, line))
		}
		if sequence := prefix.FindString(line); sequence != "" {
			found = append(found, fmt.Sprintf("%q in %q", sequence, line))
		}
		if strings.HasPrefix(strings.TrimLeftFunc(line, ignorable), "::") {
			found = append(found, fmt.Sprintf("%q starts with ::", line))
		}
	}
	return found
}

var prefix = regexp.MustCompile(`##\p{L}*\[`)

// linesOf splits a log at each end of a line that some reader knows. Both hosts read with .NET's
// StreamReader.ReadLine, for which LF, CR and CRLF end a line.
func linesOf(log string) []string {
	return strings.FieldsFunc(log, func(r rune) bool { return strings.ContainsRune("\n\v\f\r\u0085\u2028\u2029", r) })
}

// ignorable reports whether a host may skip a character at the start of a line. TrimStart of .NET
// removes white space, and StartsWith compares by a locale that ignores control and format
// characters.
func ignorable(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
}

// azure is Command.TryParse of microsoft/azure-pipelines-agent.
func azure(line string) (area, event string, ok bool) {
	_, rest, ok := strings.Cut(line, "##vso[")
	if !ok {
		return "", "", false
	}
	info, _, ok := strings.Cut(rest, "]")
	if !ok {
		return "", "", false
	}
	name, _, _ := strings.Cut(info, " ")
	parts := strings.FieldsFunc(name, func(r rune) bool { return r == '.' })
	if len(parts) != 2 {
		return "", "", false
	}
	return parts[0], parts[1], true
}

// github is ActionCommand.TryParseV2 and then TryParse of actions/runner. The runner knows some
// names of commands; here each name is one.
func github(line string) (name string, ok bool) {
	if rest, ok := strings.CutPrefix(strings.TrimLeftFunc(line, unicode.IsSpace), "::"); ok {
		if info, _, ok := strings.Cut(rest, "::"); ok {
			name, _, _ = strings.Cut(info, " ")
			return name, true
		}
	}
	if _, rest, ok := strings.Cut(line, "##["); ok {
		if info, _, ok := strings.Cut(rest, "]"); ok {
			name, _, _ = strings.Cut(info, " ")
			return name, true
		}
	}
	return "", false
}
