package config

import (
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// pattern is a glob of doublestar: ** matches any folders, * the text between two slashes.
type pattern struct {
	text string
	node *source.Node
}

func (p pattern) match(name string) bool { return doublestar.MatchUnvalidated(p.text, name) }

func matchAny(patterns []pattern, name string) bool {
	for _, pattern := range patterns {
		if pattern.match(name) {
			return true
		}
	}
	return false
}

// matchBelow reports whether the pattern may match a path below a folder.
func (p pattern) matchBelow(folder string) bool {
	parts := strings.Split(p.text, "/")
	above := strings.Count(folder, "/") + 1
	for i, part := range parts {
		// Braces, brackets and escapes may contain a slash.
		if i < above && (strings.Contains(part, "**") || strings.ContainsAny(part, `{[\`)) {
			return doublestar.MatchUnvalidated(strings.Join(append(parts[:i:i], "**"), "/"), folder)
		}
	}
	return len(parts) > above && doublestar.MatchUnvalidated(strings.Join(parts[:above], "/"), folder)
}

// scope selects subjects: those that each of its lists covers, where an empty list
// covers all.
type scope struct {
	paths, namespaces, kinds, names []pattern
}

func (s *scope) empty() bool {
	return s.paths == nil && s.namespaces == nil && s.kinds == nil && s.names == nil
}

// covers reports whether the scope selects a subject whose file has that path from the
// configuration's folder.
func (s *scope) covers(path string, subject facts.Subject) bool {
	return (s.paths == nil || matchAny(s.paths, path)) &&
		(s.namespaces == nil || matchAny(s.namespaces, subject.Namespace)) &&
		(s.kinds == nil || matchAny(s.kinds, subject.Kind)) &&
		(s.names == nil || matchAny(s.names, subject.Name))
}

// what names what the scope selects by.
func (s *scope) what() string {
	switch {
	case s.paths != nil:
		return "its path"
	case s.namespaces != nil:
		return "its namespace"
	case s.kinds != nil:
		return "its kind"
	}
	return "its name"
}

// ofObjects returns the scope without its paths, for objects that are not in files. ok is false for a
// scope of paths only, which would select everything.
func (s scope) ofObjects() (objects scope, ok bool) {
	s.paths = nil
	return s, !s.empty()
}

// Path returns the pattern by which an entry of the root configuration selects only this file; ok is false
// for standard input and for names with special characters of patterns.
func (c *Config) Path(file string) (pattern string, ok bool) {
	return c.dir.relative(c.Folder, file), !strings.ContainsAny(file, "<>*?[]{}\\")
}
