// Package hosttest models how CI hosts read the log of a job. It is for tests of what is written
// there.
package hosttest

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
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

// Command is what a host reads of a line.
type Command struct {
	Name       string // with the area of Azure Pipelines: task.logissue
	Properties map[string]string
	Data       string
}

// GitHub returns the commands that GitHub Actions reads in a log, with decoded values.
func GitHub(log string) []Command {
	var list []Command
	for _, line := range linesOf(log) {
		rest, ok := strings.CutPrefix(strings.TrimLeftFunc(line, unicode.IsSpace), "::")
		info, data, ended := strings.Cut(rest, "::")
		if !ok || !ended {
			continue
		}
		name, properties, _ := strings.Cut(info, " ")
		escapes := []string{"%0D", "\r", "%0A", "\n"}
		list = append(list, Command{name, propertiesOf(properties, ",", append(escapes[:4:4], "%3A", ":", "%2C", ",", "%25", "%")), unescape(data, append(escapes, "%25", "%"))})
	}
	return list
}

// Azure returns the commands that Azure Pipelines reads in a log, with decoded values.
func Azure(log string) []Command {
	escapes := []string{"%3B", ";", "%0D", "\r", "%0A", "\n", "%5D", "]", "%AZP25", "%"}
	var list []Command
	for _, line := range linesOf(log) {
		_, rest, ok := strings.Cut(line, "##vso[")
		info, data, ended := strings.Cut(rest, "]")
		if !ok || !ended {
			continue
		}
		name, properties, _ := strings.Cut(info, " ")
		list = append(list, Command{name, propertiesOf(properties, ";", escapes), unescape(data, escapes)})
	}
	return list
}

// Foreign returns what a host would do with a log beyond the commands that it reads by read and whose names are meant:
// a description of each other command, of any host, also in the values of those.
func Foreign(log string, read func(string) []Command, names ...string) []string {
	var found []string
	for _, line := range linesOf(log) {
		commands := read(line)
		if len(commands) == 0 {
			found = append(found, Commands(line)...)
			continue
		}
		for _, command := range commands {
			if !slices.Contains(names, command.Name) {
				found = append(found, fmt.Sprintf("command %s in %q", command.Name, line))
			}
			for _, value := range append(slices.Collect(maps.Values(command.Properties)), command.Data) {
				found = append(found, Commands("value "+value)...)
				if strings.ContainsAny(value, "\r\n\x1b") {
					found = append(found, fmt.Sprintf("control characters in %q", value))
				}
			}
		}
		// What is left of the line without the start of the command that is meant.
		found = append(found, Commands("rest "+strings.NewReplacer("##vso["+commands[0].Name, "", "::"+commands[0].Name, "").Replace(line))...)
	}
	return found
}

func propertiesOf(text, separator string, escapes []string) map[string]string {
	properties := map[string]string{}
	for _, pair := range strings.Split(text, separator) {
		if name, value, ok := strings.Cut(pair, "="); ok && name != "" && value != "" {
			properties[name] = unescape(value, escapes)
		}
	}
	return properties
}

// unescape replaces one escape after the other, as both hosts do.
func unescape(text string, escapes []string) string {
	for i := 0; i < len(escapes); i += 2 {
		text = strings.ReplaceAll(text, escapes[i], escapes[i+1])
	}
	return text
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
