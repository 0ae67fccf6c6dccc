package config

import (
	"fmt"
	"path"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
	"github.com/mlpolicy/mlpolicy/internal/lint/suggest"
)

// Origin is where a configuration comes from.
type Origin struct {
	Name       string // of the file, as messages call it
	Folder     string // absolute path that the configuration's paths are relative to
	WorkingDir string // absolute path that the names of linted files are relative to
}

// Parse reads a configuration; the error is Errors.
func Parse(data []byte, origin Origin) (*Config, error) {
	r := &reader{config: Default()}
	r.config.Folder, r.config.workingDir = origin.Folder, origin.WorkingDir
	r.config.File = source.Parse(origin.Name, data)
	for _, problem := range r.config.File.Problems {
		start := problem.Span.Start
		r.mistakes = append(r.mistakes, &Error{
			File: origin.Name, Line: start.Line, Column: start.Column, Message: problem.Message,
		})
	}
	for i, document := range r.config.File.Documents {
		if i > 0 {
			r.mistake(document.Root, "a configuration must be a single document")
			break
		}
		r.mapping(document.Root, r.settings())
	}
	if err := r.mistakes.err(); err != nil {
		return nil, err
	}
	return r.config, nil
}

// reader fills a Config and collects mistakes.
type reader struct {
	config   *Config
	mistakes Errors
}

func (r *reader) mistake(node *source.Node, format string, args ...any) {
	r.mistakes.add(node, fmt.Sprintf(format, args...))
}

// field is a key of a mapping and what reads its value.
type field struct {
	key  string
	read func(key, value *source.Node)
}

// settings are the keys of a configuration.
func (r *reader) settings() []field {
	return []field{
		{"edition", r.edition},
		{"kubernetes", func(_, value *source.Node) { r.mapping(value, r.kubernetes()) }},
		{"devices", func(_, value *source.Node) { r.mapping(value, r.devices()) }},
		{"images", r.images},
		{"fail_on", r.failOn},
		{"rules", r.rules},
		{"stages", func(_, value *source.Node) { r.mapping(value, r.stages()) }},
		{"models", r.models},
		{"facts", r.facts},
		{"ignore", func(_, value *source.Node) { r.config.Ignore = r.paths(value, `a list such as ["third_party/**"]`) }},
		{"policies", func(_, value *source.Node) { r.config.Policies = r.paths(value, `a list such as ["policy/"]`) }},
		{"webhook", func(_, value *source.Node) { r.mapping(value, r.webhook()) }},
	}
}

func (r *reader) kubernetes() []field {
	return []field{{"cluster", r.cluster}}
}

func (r *reader) devices() []field {
	var fields []field
	for _, kind := range read.Device("").Values() {
		fields = append(fields, field{kind, func(_, value *source.Node) {
			for _, pattern := range r.patternsLike(value, `a list such as ["gpu.example.com/*"]`) {
				r.config.devices = append(r.config.devices, device{read.Device(kind), pattern})
			}
		}})
	}
	return fields
}

// images reads off, or a list of repositories of model servers.
func (r *reader) images(_, value *source.Node) {
	if value.Is("off") || value.Is("false") { // YAML 1.1 reads off as false
		r.config.noServers = true
		return
	}
	for _, item := range r.list(value, `off or a list such as ["example.com/team/model-server"]`) {
		server := read.ModelServer{Why: "images of the configuration lists this repository as a model server"}
		if item.Kind == source.Mapping {
			if r.mapping(item, r.server(&server)) && !item.Has("repository") {
				r.mistake(item, "an image needs a repository")
			}
		} else {
			server.Repository = r.repository(item)
		}
		r.config.servers = append(r.config.servers, server)
	}
}

func (r *reader) server(s *read.ModelServer) []field {
	texts := func(node *source.Node, shape string) (texts []string) {
		for _, text := range r.paths(node, shape) {
			texts = append(texts, text.Value)
		}
		return texts
	}
	return []field{
		{"repository", func(_, value *source.Node) { s.Repository = r.repository(value) }},
		{"start", func(_, value *source.Node) { s.Start = texts(value, `a list such as ["serve-model"]`) }},
		{"excluded_tags", func(_, value *source.Node) {
			s.ExcludedTags = texts(value, `a list such as ["*-sdk"]`)
			for _, item := range value.Elements() {
				if text, ok := item.Scalar(); ok && !validGlob(text) {
					r.mistake(item, "invalid pattern %q: a bracket is never closed", text)
				}
			}
		}},
	}
}

// validGlob reports whether a pattern is one of path.Match.
func validGlob(pattern string) bool {
	_, err := path.Match(pattern, "")
	return err == nil
}

// repository reads the last path components of an image's repository, each a pattern.
func (r *reader) repository(node *source.Node) string {
	text, ok := r.text(node)
	switch {
	case !ok:
		return ""
	case !validGlob(text):
		r.mistake(node, "invalid pattern %q: a bracket is never closed", text)
	case strings.ContainsAny(text[strings.LastIndexByte(text, '/')+1:], ":@"):
		r.mistake(node, "repository %q must not have a tag or a digest", text)
	case strings.Trim(text, "*/") == "":
		r.mistake(node, "pattern %q matches every image", text)
	}
	return text
}

func (r *reader) stages() []field {
	var fields []field
	for _, name := range facts.Stage("").Values() {
		fields = append(fields, field{name, func(_, value *source.Node) {
			items := r.list(value, `a list such as ["deploy/prod/**"]`)
			if value.Kind == source.Sequence && len(items) == 0 {
				r.mistake(value, "empty list: remove it or add an entry")
			}
			for _, item := range items {
				r.config.stages = append(r.config.stages, stage{name: facts.Stage(name), scope: r.stageScope(item), node: item})
			}
		}})
	}
	return fields
}

// stageScope reads a pattern of paths, or a mapping of what else selects.
func (r *reader) stageScope(item *source.Node) scope {
	var s scope
	if item.Kind != source.Mapping {
		if path, ok := r.pattern(item); ok {
			s.paths = []pattern{path}
		}
		return s
	}
	if r.mapping(item, r.scope(&s)) && len(item.Entries()) == 0 {
		r.mistake(item, "an entry of stages needs paths, namespaces, kinds or names")
	}
	return s
}

// scope are the keys that select subjects.
func (r *reader) scope(s *scope) []field {
	return []field{
		{"paths", func(_, value *source.Node) { s.paths = r.patterns(value) }},
		{"namespaces", func(_, value *source.Node) { s.namespaces = r.patterns(value) }},
		{"kinds", func(_, value *source.Node) { s.kinds = r.patterns(value) }},
		{"names", func(_, value *source.Node) { s.names = r.patterns(value) }},
	}
}

func (r *reader) model(m *model) []field {
	return []field{
		{"name", func(_, value *source.Node) { m.name, _ = r.text(value) }},
		{"version", func(_, value *source.Node) { m.version, _ = r.text(value) }},
		{"size", func(_, value *source.Node) {
			text, ok := r.text(value)
			if !ok {
				return
			}
			bytes, ok := read.ParseSize(text)
			if !ok {
				r.mistake(value, "invalid size %q: write 900MB, 1.4GB, 512MiB or a number of bytes", text)
			}
			m.size = facts.Know(bytes, facts.Location{Node: value, Why: "declared in models of the configuration"})
		}},
	}
}

func (r *reader) statement(s *statement) []field {
	return append(r.scope(&s.scope), []field{
		{"set", func(_, value *source.Node) {
			if !r.is(value, source.Mapping, "a mapping such as {workload: batch-scoring}") {
				return
			}
			statement, problems := read.ReadStatement(value)
			for _, problem := range problems {
				node := problem.Location.Node
				if node == nil {
					node = value
				}
				r.mistake(node, "%s", wrong(problem))
			}
			s.set = statement
		}},
	}...)
}

func (r *reader) edition(_, value *source.Node) {
	if text, ok := r.text(value); ok {
		r.config.Edition = facts.Know(text, facts.Location{Node: value})
	}
}

// Clusters are the words for what Kubernetes clusters are, in a configuration and on
// the command line.
func Clusters() []string { return []string{"aks", "other"} }

// Cluster returns the target that a word of Clusters means.
func Cluster(word string) facts.Target {
	if word == "aks" {
		return facts.AKS
	}
	return facts.Kubernetes
}

// ClusterWord returns the word that means a target.
func ClusterWord(target facts.Target) string {
	if target == facts.AKS {
		return "aks"
	}
	return "other"
}

func (r *reader) cluster(_, value *source.Node) {
	if word, ok := r.word(value, Clusters()); ok {
		r.config.Cluster = facts.Know(Cluster(word), facts.Location{Node: value, Why: "kubernetes.cluster is " + word})
	}
}

// FailOns are the words for the least severity that makes a run fail.
func FailOns() []string {
	return []string{string(facts.Error), string(facts.Warning), string(facts.Note), "never"}
}

// FailOn returns the severity that a word of FailOns means.
func FailOn(word string) facts.Severity {
	if word == "never" {
		return facts.Off
	}
	return facts.Severity(word)
}

// FailOnWord returns the word that means a severity.
func FailOnWord(severity facts.Severity) string {
	if severity == facts.Off {
		return "never"
	}
	return string(severity)
}

func (r *reader) failOn(_, value *source.Node) {
	if word, ok := r.word(value, FailOns()); ok {
		r.config.FailOn = facts.Know(FailOn(word), facts.Location{Node: value})
	}
}

func (r *reader) rules(_, value *source.Node) {
	if !r.is(value, source.Mapping, "a mapping such as {preview-target: off}") {
		return
	}
	for _, member := range r.members(value) {
		if member.Value.IsNull() {
			r.mistake(member.Key, "%s has no severity: %s", member.Key.Text, suggest.Phrase("", facts.Severity("").Values()))
			continue
		}
		if word, ok := r.word(member.Value, facts.Severity("").Values()); ok {
			r.config.rules = append(r.config.rules, rule{id: member.Key, severity: facts.Severity(word)})
		}
	}
}

func (r *reader) models(_, value *source.Node) {
	for _, item := range r.list(value, `a list such as [{name: churn, size: 1.4GB}]`) {
		m := model{node: item}
		if !r.mapping(item, r.model(&m)) {
			continue
		}
		switch {
		case m.name == "":
			r.mistake(item, "a model needs a name")
		case !item.Has("size"):
			r.mistake(item, "model %s needs a size", m.name)
		}
		for _, other := range r.config.models {
			if m.name == other.name && m.version == other.version && m.name != "" {
				r.mistake(item, "duplicate model %s, first on line %d", m.name, other.node.Span().Start.Line)
			}
		}
		r.config.models = append(r.config.models, m)
	}
}

func (r *reader) facts(_, value *source.Node) {
	for _, item := range r.list(value, `a list such as [{paths: ["legacy/**"], set: {workload: batch-scoring}}]`) {
		s := statement{node: item}
		before := len(r.mistakes)
		if !r.mapping(item, r.statement(&s)) || len(r.mistakes) > before {
			continue
		}
		switch {
		case s.scope.empty():
			r.mistake(item, `an entry of facts needs paths, namespaces, kinds or names; paths: ["**"] selects everything`)
		case s.set == nil:
			r.mistake(item, "an entry of facts needs set, such as set: {workload: batch-scoring}")
		}
		r.config.statements = append(r.config.statements, s)
	}
}

// mapping reads each member of a mapping by the field of its key. A key without value
// counts as absent. mapping returns false if the node is not a mapping.
func (r *reader) mapping(node *source.Node, fields []field) bool {
	keys := make([]string, len(fields))
	for i, field := range fields {
		keys[i] = field.key
	}
	if !r.is(node, source.Mapping, "a mapping with keys such as "+keys[0]) {
		return false
	}
	for _, member := range r.members(node) {
		known := false
		for _, field := range fields {
			if field.key != member.Key.Text {
				continue
			}
			if known = true; !member.Value.IsNull() {
				field.read(member.Key, member.Value)
			}
		}
		if !known {
			r.mistake(member.Key, "%s", unknown("key", member.Key.Text, keys))
		}
	}
	return true
}

// members returns the members of a mapping without duplicate keys, which are mistakes.
func (r *reader) members(node *source.Node) []source.Member {
	first := make(map[string]*source.Node, len(node.Entries()))
	var members []source.Member
	for _, member := range node.Entries() {
		key := member.Key
		switch earlier, twice := first[key.Text]; {
		case key.Kind >= source.Sequence:
			r.mistake(key, "a key must be a string")
			continue
		case twice:
			r.mistake(key, "duplicate key %s, first on line %d", key.Text, earlier.Span().Start.Line)
			continue
		}
		first[key.Text] = key
		members = append(members, member)
	}
	return members
}

// list returns the elements of a list.
func (r *reader) list(node *source.Node, shape string) []*source.Node {
	if !r.is(node, source.Sequence, shape) {
		return nil
	}
	return node.Elements()
}

// paths reads a list of strings that are not empty.
func (r *reader) paths(node *source.Node, shape string) []facts.Fact[string] {
	var paths []facts.Fact[string]
	for _, item := range r.list(node, shape) {
		if text, ok := r.text(item); ok {
			paths = append(paths, facts.Know(text, facts.Location{Node: item}))
		}
	}
	return paths
}

// patterns reads a list of globs. A list without any covers nothing and is a mistake.
func (r *reader) patterns(node *source.Node) []pattern {
	return r.patternsLike(node, `a list such as ["deploy/prod/**"]`)
}

// patternsLike is patterns with the shape that a message shows.
func (r *reader) patternsLike(node *source.Node, shape string) []pattern {
	patterns := []pattern{}
	items := r.list(node, shape)
	if node.Kind == source.Sequence && len(items) == 0 {
		r.mistake(node, "empty list: remove it or add an entry")
	}
	for _, item := range items {
		if pattern, ok := r.pattern(item); ok {
			patterns = append(patterns, pattern)
		}
	}
	return patterns
}

func (r *reader) pattern(node *source.Node) (pattern, bool) {
	text, ok := r.text(node)
	if !ok {
		return pattern{}, false
	}
	text = strings.TrimPrefix(text, "./")
	switch {
	case !doublestar.ValidatePattern(text):
		r.mistake(node, "invalid pattern %q: a bracket or a brace is never closed", text)
	case strings.HasSuffix(text, "/"):
		text += "**"
	}
	return pattern{text: text, node: node}, true
}

// word reads one of words.
func (r *reader) word(node *source.Node, words []string) (string, bool) {
	text, ok := r.text(node)
	if !ok {
		return "", false
	}
	if !contains(words, text) {
		r.mistake(node, "unknown value %q: %s", text, suggest.Phrase(text, words))
		return "", false
	}
	return text, true
}

// text reads a scalar that is neither null nor empty, as it is written.
func (r *reader) text(node *source.Node) (string, bool) {
	text, ok := node.Scalar()
	if !ok || text == "" {
		r.mistake(node, "must be a string, not %s", kindName(node))
		return "", false
	}
	return text, true
}

// is reports whether a node has a kind; any other kind is a mistake.
func (r *reader) is(node *source.Node, kind source.Kind, shape string) bool {
	if node.Kind != kind {
		r.mistake(node, "must be %s, not %s", shape, kindName(node))
		return false
	}
	return true
}

func kindName(node *source.Node) string {
	switch {
	case node.IsNull():
		return "empty"
	case node.Kind == source.Sequence:
		return "a list"
	case node.Kind == source.Mapping:
		return "a mapping"
	case node.Text == "":
		return "empty"
	}
	return fmt.Sprintf("%q", node.Text)
}

// wrong returns a problem with what a configuration states as one message: with the
// remedy, unless the message itself names the word that was meant.
func wrong(problem facts.Problem) string {
	remedy := strings.TrimSuffix(problem.Remedy, ".")
	if remedy == "" || strings.HasSuffix(problem.Message, "?)") {
		return problem.Message
	}
	return problem.Message + ": " + strings.ToLower(remedy[:1]) + remedy[1:]
}
