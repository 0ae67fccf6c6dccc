package config

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
	"github.com/mlpolicy/mlpolicy/internal/lint/waiver"
)

// Waiver is an entry of waivers.
type Waiver struct {
	*waiver.Waiver
	scope  scope
	folder string // absolute path that its paths are relative to
	dir    workingDir
	node   *source.Node
}

// Selects reports whether the waiver covers a subject, or anything that is found in a file. One by namespaces selects no
// subject without a namespace.
func (w *Waiver) Selects(subject facts.Subject, file string) bool {
	if w.scope.namespaces != nil && subject.Namespace == "" {
		return false
	}
	return slices.ContainsFunc([]string{subject.File, file}, func(file string) bool {
		return w.scope.covers(w.dir.relative(w.folder, file), subject)
	})
}

// Folder returns the absolute path of the folder in which all files are that the waiver can cover. It is empty for one
// that does not select by paths, which also covers what is not in files here.
func (w *Waiver) Folder() string {
	if w.scope.paths == nil {
		return ""
	}
	return w.folder
}

// MayCover reports whether the paths of the waiver may select a file, or files in a folder, whose name ends with a slash.
func (w *Waiver) MayCover(path string) bool {
	folder, isFolder := strings.CutSuffix(path, "/")
	relative := w.dir.relative(w.folder, folder)
	return !strings.HasPrefix(relative, "../") && slices.ContainsFunc(w.scope.paths, func(p pattern) bool {
		return p.match(relative) || isFolder && p.matchBelow(relative)
	})
}

// Waivers are the waivers of the configuration.
func (c *Config) Waivers() []*Waiver {
	var all []*Waiver
	for _, l := range c.layers {
		for _, entry := range l.waivers {
			all = append(all, entry.in(l, c.dir))
		}
	}
	return all
}

func (w Waiver) in(l *layer, dir workingDir) *Waiver {
	w.folder, w.dir = l.folder, dir
	return &w
}

// waiving is what a layer states about waivers.
type waiving struct {
	require []string
	longest facts.Fact[int]
	reason  facts.Fact[int]
	inFiles facts.Fact[string]
	rules   map[string]waiver.Grant
	ids     []*source.Node // the keys of rules
}

// The words for waivers in files.
const (
	allowInFiles = "allow"
	denyInFiles  = "deny"
)

// Waiving says which waivers are accepted. What is locked can be waived in the configuration alone.
func (c *Config) Waiving() waiver.Settings {
	settings := waiver.Settings{Rules: map[string]waiver.Grant{}}
	for _, rule := range append(slices.Collect(maps.Keys(c.locked)), facts.SyntaxRule) {
		if _, locked := c.lockOf(rule); locked {
			settings.Rules[rule] = waiver.Configuration
		}
	}
	for _, l := range c.layers {
		settings.Require = append(settings.Require, l.waiving.require...)
		if l.waiving.longest.Known {
			settings.Longest = l.waiving.longest.Value
		}
		if l.waiving.reason.Known {
			settings.Reason = l.waiving.reason.Value
		}
		if l.waiving.inFiles.Known {
			settings.DenyInFiles = l.waiving.inFiles.Value == denyInFiles
		}
		maps.Copy(settings.Rules, l.waiving.rules)
	}
	return settings
}

// checkWaivers finds the waivers that the configuration does not accept, and unknown rules. The checks that depend on the
// day are not among them.
func (c *Config) checkWaivers(rules []string, mistakes *Errors) {
	settings := c.Waiving()
	for _, l := range slices.Concat(c.layers, c.overrides) {
		for _, entry := range l.waivers {
			again := *entry.Waiver
			again.Rules = slices.Clone(again.Rules)
			addMistakes(mistakes, again.Check(settings, rules, false))
		}
		for _, id := range l.waiving.ids {
			if !contains(rules, id.Text()) {
				mistakes.add(id, unknown("rule", id.Text(), rules))
			}
		}
	}
}

func addMistakes(mistakes *Errors, of []waiver.Mistake) {
	for _, mistake := range of {
		*mistakes = append(*mistakes, &Error{
			File: mistake.File.Name, Line: mistake.Span.Start.Line, Column: mistake.Span.Start.Column,
			Message: mistake.Message, Source: mistake.File, Span: mistake.Span, Remedy: mistake.Remedy,
		})
	}
}

func (r *reader) waivers(_, value *source.Node) {
	const example = `{paths: ["legacy/**"], waive: 'memory until=2027-01-31 reason="…"'}`
	for _, item := range r.list(value, "a list such as ["+example+"]") {
		entry := Waiver{node: item}
		before := len(r.mistakes)
		if !r.mapping(item, r.waiver(&entry)) || len(r.mistakes) > before {
			continue
		}
		switch {
		case entry.scope.empty():
			r.mistake(item, "an entry of waivers needs paths, namespaces, kinds or names: %s", example)
		case entry.Waiver == nil:
			r.mistake(item, "an entry of waivers needs waive: %s", example)
		default:
			entry.Name = item.Path()
			if r.layer.isPart {
				entry.Name = path.Base(item.File().Name) + ": " + entry.Name
			}
			r.layer.waivers = append(r.layer.waivers, entry)
		}
	}
}

func (r *reader) waiver(entry *Waiver) []field {
	return append(r.scope(&entry.scope), field{"waive", func(_, value *source.Node) {
		if _, ok := r.text(value); !ok {
			return
		}
		read, mistakes := waiver.Parse(waiver.TextOf(value))
		addMistakes(&r.mistakes, mistakes)
		entry.Waiver = read
	}})
}

func (r *reader) waivingSettings() []field {
	w := &r.layer.waiving
	return []field{
		{"require", func(_, value *source.Node) {
			for _, item := range r.list(value, "a list such as [until, owner]") {
				if word, ok := r.word(item, waiver.Requirable()); ok {
					w.require = append(w.require, word)
				}
			}
		}},
		{"longest", func(_, value *source.Node) {
			if days, ok := r.days(value); ok {
				w.longest = facts.Know(days, facts.Location{Node: value})
			}
		}},
		{"reason", func(_, value *source.Node) {
			text, ok := r.text(value)
			length, err := strconv.Atoi(text)
			switch {
			case !ok:
			case err != nil || length < 1:
				r.mistake(value, "invalid length %q: write the least number of characters of a reason, such as 10", text)
			default:
				w.reason = facts.Know(length, facts.Location{Node: value})
			}
		}},
		{"in_files", func(_, value *source.Node) {
			if word, ok := r.word(value, []string{allowInFiles, denyInFiles}); ok {
				w.inFiles = facts.Know(word, facts.Location{Node: value})
			}
		}},
		{"rules", func(_, value *source.Node) {
			if !r.is(value, source.Mapping, "a mapping such as {fpga: never, memory: configuration}") {
				return
			}
			for _, member := range r.members(value) {
				if word, ok := r.word(member.Value, waiver.Grants()); ok {
					if w.rules == nil {
						w.rules = map[string]waiver.Grant{}
					}
					w.rules[member.Key.Text()] = waiver.Grant(word)
					w.ids = append(w.ids, member.Key)
				}
			}
		}},
	}
}

// days reads a number of days such as 180d.
func (r *reader) days(value *source.Node) (int, bool) {
	text, ok := r.text(value)
	if !ok {
		return 0, false
	}
	days, err := ParseDays(text)
	if err != nil {
		r.mistake(value, "%s", err)
	}
	return days, err == nil
}

// ParseDays reads a positive number of days such as 180d.
func ParseDays(text string) (int, error) {
	number, isDays := strings.CutSuffix(text, "d")
	days, err := strconv.Atoi(number)
	if !isDays || err != nil || days < 1 || number[0] == '+' {
		return 0, fmt.Errorf("invalid number of days %q: write it as 180d", text)
	}
	return days, nil
}
