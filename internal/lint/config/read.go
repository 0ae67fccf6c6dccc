package config

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/language"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
	"github.com/mlpolicy/mlpolicy/internal/lint/suggest"
)

// reader fills layers from one file and collects mistakes.
type reader struct {
	layer     *layer
	extends   *source.Node // nil for none
	overrides []*layer
	mistakes  Errors
	skip      map[*source.Node]bool // keys and items that have no effect
}

// readLayers reads the settings of a file into a layer, with the entries of overrides as layers after it. The given
// layer has what they have in common.
func readLayers(file *source.File, common layer, skip map[*source.Node]bool) ([]*layer, *reader) {
	common.file = file
	r := &reader{layer: &common, skip: skip}
	for _, problem := range file.Problems {
		start := problem.Span.Start
		r.mistakes = append(r.mistakes, &Error{
			File: file.Name, Line: start.Line, Column: start.Column, Message: problem.Message, Source: file, Span: problem.Span,
		})
	}
	for i, document := range file.Documents {
		if i > 0 {
			r.mistake(document.Root, "a configuration must be a single document")
			break
		}
		r.mapping(document.Root, r.settings())
		for _, member := range document.Root.Members() {
			if key := member.Key.Text(); key != "extends" && key != "overrides" && !member.Value.IsNull() && !skip[member.Key] {
				common.members = append(common.members, source.Member{Key: member.Key, Value: without(member.Value, skip)})
			}
		}
	}
	return append([]*layer{r.layer}, r.overrides...), r
}

// without returns a value without the keys and items that have no effect, the value itself if all have one.
func without(value *source.Node, skip map[*source.Node]bool) *source.Node {
	if len(skip) == 0 {
		return value
	}
	content, changed := source.Content{Kind: value.Kind, Text: value.Text()}, false
	for _, item := range value.Items() {
		if changed = changed || skip[item]; !skip[item] {
			content.Items = append(content.Items, item)
		}
	}
	for _, member := range value.Members() {
		if changed = changed || skip[member.Key]; !skip[member.Key] {
			content.Members = append(content.Members, member)
		}
	}
	if !changed {
		return value
	}
	return value.With(content)
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
	return append(r.grantable(), []field{
		{"policies", func(_, value *source.Node) { r.layer.policies = r.texts(value, `a list such as ["policy/"]`) }},
		{"webhook", func(_, value *source.Node) { r.mapping(value, r.webhook()) }},
		{"baseline", r.baseline},
		{"waiving", func(_, value *source.Node) { r.mapping(value, r.waivingSettings()) }},
		{"extends", r.extend},
		{"overrides", r.override},
		{"nested", func(_, value *source.Node) { r.mapping(value, r.nested()) }},
		{"locked", func(_, value *source.Node) { r.layer.locked = r.severities(value, "a mapping such as {memory: error}") }},
	}...)
}

// grantable are the settings that a root configuration may grant to nested ones.
func (r *reader) grantable() []field {
	return append(r.byPath(), []field{
		{"ignore", r.ignore},
		{"waivers", r.waivers},
	}...)
}

// byPath are the settings that an entry of overrides may set.
func (r *reader) byPath() []field {
	return []field{
		{"edition", r.edition},
		{"kubernetes", func(_, value *source.Node) { r.mapping(value, r.kubernetes()) }},
		{"devices", func(_, value *source.Node) { r.mapping(value, r.devices()) }},
		{"images", r.images},
		{"fail_on", r.failOn},
		{"rules", func(_, value *source.Node) {
			r.layer.rules = r.severities(value, "a mapping such as {preview-target: off}")
		}},
		{"stages", func(_, value *source.Node) { r.mapping(value, r.stages()) }},
		{"models", r.models},
		{"facts", r.facts},
		{"sources", func(_, value *source.Node) { r.mapping(value, r.sources()) }},
	}
}

func keysOf(fields []field) []string {
	keys := make([]string, len(fields))
	for i, field := range fields {
		keys[i] = field.key
	}
	return keys
}

func (r *reader) extend(_, value *source.Node) {
	if _, ok := r.text(value); ok {
		r.extends = value
	}
}

func (r *reader) override(_, value *source.Node) {
	for _, item := range r.list(value, `a list such as [{paths: ["legacy/**"], set: {edition: 2020-06}}]`) {
		own := *r.layer
		entry := &layer{file: own.file, folder: own.folder, home: own.home, nested: own.nested, isPart: own.isPart, via: own.via}
		if !r.mapping(item, r.overrideEntry(entry)) {
			continue
		}
		if entry.within == nil || !item.Has("set") {
			r.mistake(item, `an entry of overrides needs paths and set: {paths: ["legacy/**"], set: {edition: 2020-06}}`)
		}
		r.overrides = append(r.overrides, entry)
	}
}

func (r *reader) overrideEntry(entry *layer) []field {
	return []field{
		{"paths", func(_, value *source.Node) { entry.within = r.pathPatterns(value) }},
		{"set", func(_, value *source.Node) {
			set := &reader{layer: entry, skip: r.skip}
			set.mapping(value, set.byPath())
			r.mistakes = append(r.mistakes, set.mistakes...)
			for _, member := range value.Members() {
				if !member.Value.IsNull() && !r.skip[member.Key] {
					entry.members = append(entry.members, source.Member{Key: member.Key, Value: without(member.Value, r.skip)})
				}
			}
		}},
	}
}

func (r *reader) nested() []field {
	return []field{{"may", func(_, value *source.Node) {
		r.layer.mayStated = true
		for _, item := range r.list(value, "a list such as [stages, models]") {
			if word, ok := r.word(item, keysOf(r.grantable())); ok {
				r.layer.may = append(r.layer.may, facts.Know(word, facts.Location{Node: item}))
			}
		}
	}}}
}

func (r *reader) kubernetes() []field {
	return []field{{"cluster", r.cluster}}
}

// sources are the languages beside YAML and JSON, each on or off.
func (r *reader) sources() []field {
	var fields []field
	for _, name := range language.Names() {
		fields = append(fields, field{name, func(key, value *source.Node) {
			word, ok := value.Text(), value.Kind == source.String || value.Kind == source.Bool
			switch {
			case ok && (word == "on" || word == "true"): // YAML 1.1 reads on as true
				r.layer.sources = append(r.layer.sources, sourceSwitch{key, true})
			case ok && (word == "off" || word == "false"):
				r.layer.sources = append(r.layer.sources, sourceSwitch{key, false})
			default:
				r.mistake(value, "%s must be on or off", name)
			}
		}})
	}
	return fields
}

func (r *reader) devices() []field {
	var fields []field
	for _, kind := range read.Device("").Values() {
		fields = append(fields, field{kind, func(_, value *source.Node) {
			for _, pattern := range r.patternsLike(value, `a list such as ["gpu.example.com/*"]`, r.pattern) {
				r.layer.devices = append(r.layer.devices, device{read.Device(kind), pattern})
			}
		}})
	}
	return fields
}

// images reads off, or a list of repositories of model servers.
func (r *reader) images(_, value *source.Node) {
	if value.Is("off") || value.Is("false") { // YAML 1.1 reads off as false
		r.layer.noServers = value
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
		r.layer.servers = append(r.layer.servers, server)
	}
}

func (r *reader) server(s *read.ModelServer) []field {
	texts := func(node *source.Node, shape string) (texts []string) {
		for _, text := range r.texts(node, shape) {
			texts = append(texts, text.Value)
		}
		return texts
	}
	return []field{
		{"repository", func(_, value *source.Node) { s.Repository = r.repository(value) }},
		{"start", func(_, value *source.Node) { s.Start = texts(value, `a list such as ["serve-model"]`) }},
		{"excluded_tags", func(_, value *source.Node) {
			s.ExcludedTags = texts(value, `a list such as ["*-sdk"]`)
			for _, item := range value.Items() {
				if text, ok := item.Scalar(); ok && !validGlob(text) {
					r.mistake(item, "invalid pattern %q: a bracket is never closed", text)
				}
			}
		}},
	}
}

// validGlob reports whether path.Match accepts a pattern.
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
				r.layer.stages = append(r.layer.stages, stage{name: facts.Stage(name), scope: r.stageScope(item), node: item})
			}
		}})
	}
	return fields
}

// stageScope reads a pattern of paths, or a mapping of what else selects.
func (r *reader) stageScope(item *source.Node) scope {
	var s scope
	if item.Kind != source.Mapping {
		if path, ok := r.pathPattern(item); ok {
			s.paths = []pattern{path}
		}
		return s
	}
	if r.mapping(item, r.scope(&s)) && len(item.Members()) == 0 {
		r.mistake(item, "an entry of stages needs paths, namespaces, kinds or names")
	}
	return s
}

// scope are the keys that select subjects.
func (r *reader) scope(s *scope) []field {
	return []field{
		{"paths", func(_, value *source.Node) { s.paths = r.pathPatterns(value) }},
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
		r.layer.edition = facts.Know(text, facts.Location{Node: value})
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
		r.layer.cluster = facts.Know(Cluster(word), facts.Location{Node: value, Why: "kubernetes.cluster is " + word})
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
		r.layer.failOn = facts.Know(FailOn(word), facts.Location{Node: value})
	}
}

// baseline reads a path below the folder that paths count from.
func (r *reader) baseline(_, value *source.Node) {
	text, ok := r.text(value)
	switch {
	case !ok:
	case !fs.ValidPath(text) || text == ".":
		r.mistake(value, "baseline must be a path in the project, such as .mlpolicy-baseline.json, not %q", text)
	default:
		r.layer.baseline = facts.Know(text, facts.Location{Node: value})
	}
}

// severities reads severities by rule.
func (r *reader) severities(value *source.Node, shape string) []rule {
	if !r.is(value, source.Mapping, shape) {
		return nil
	}
	var rules []rule
	for _, member := range r.members(value) {
		if member.Value.IsNull() {
			r.mistake(member.Key, "%s has no severity: %s", member.Key.Text(), suggest.Phrase("", facts.Severity("").Values()))
			continue
		}
		if word, ok := r.word(member.Value, facts.Severity("").Values()); ok {
			rules = append(rules, rule{id: member.Key, severity: facts.Severity(word)})
		}
	}
	return rules
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
		for _, other := range r.layer.models {
			if m.name == other.name && m.version == other.version && m.name != "" {
				r.mistake(item, "duplicate model %s, first on line %d", m.name, other.node.Span().Start.Line)
			}
		}
		r.layer.models = append(r.layer.models, m)
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
		r.layer.facts = append(r.layer.facts, s)
	}
}

// mapping reads each member of a mapping by the field of its key. A key without value
// counts as absent. mapping returns false if the node is not a mapping.
func (r *reader) mapping(node *source.Node, fields []field) bool {
	keys := keysOf(fields)
	if !r.is(node, source.Mapping, "a mapping with keys such as "+keys[0]) {
		return false
	}
	for _, member := range r.members(node) {
		known := false
		for _, field := range fields {
			if field.key != member.Key.Text() {
				continue
			}
			if known = true; !member.Value.IsNull() {
				field.read(member.Key, member.Value)
			}
		}
		if !known {
			r.mistake(member.Key, "%s", unknown("key", member.Key.Text(), keys))
		}
	}
	return true
}

// members returns the members of a mapping that have an effect, without duplicate keys, which are mistakes.
func (r *reader) members(node *source.Node) []source.Member {
	first := make(map[string]*source.Node, len(node.Members()))
	var members []source.Member
	for _, member := range node.Members() {
		key := member.Key
		switch earlier, twice := first[key.Text()]; {
		case key.Kind >= source.Sequence:
			r.mistake(key, "a key must be a string")
			continue
		case twice:
			r.mistake(key, "duplicate key %s, first on line %d", key.Text(), earlier.Span().Start.Line)
			continue
		}
		first[key.Text()] = key
		if !r.skip[key] {
			members = append(members, member)
		}
	}
	return members
}

// list returns the elements of a list that have an effect.
func (r *reader) list(node *source.Node, shape string) []*source.Node {
	if !r.is(node, source.Sequence, shape) {
		return nil
	}
	if len(r.skip) == 0 {
		return node.Items()
	}
	return slices.DeleteFunc(slices.Clone(node.Items()), func(item *source.Node) bool { return r.skip[item] })
}

// texts reads a list of strings that are not empty.
func (r *reader) texts(node *source.Node, shape string) []facts.Fact[string] {
	var texts []facts.Fact[string]
	for _, item := range r.list(node, shape) {
		if text, ok := r.text(item); ok {
			texts = append(texts, facts.Know(text, facts.Location{Node: item}))
		}
	}
	return texts
}

// ignore reads patterns of gitignore. One that begins with a slash counts from the same folder as the others.
func (r *reader) ignore(_, value *source.Node) {
	r.layer.ignore = r.texts(value, `a list such as ["third_party/**"]`)
	for _, pattern := range r.layer.ignore {
		if !strings.HasPrefix(pattern.Value, "#") {
			glob := strings.TrimPrefix(strings.TrimPrefix(pattern.Value, "!"), "/")
			r.matchable(pattern.Location.Node, strings.TrimSuffix(glob, "/"))
		}
	}
}

// patterns reads a list of globs. A list without any covers nothing and is a mistake.
func (r *reader) patterns(node *source.Node) []pattern {
	return r.patternsLike(node, `a list such as ["prod-*"]`, r.pattern)
}

// pathPatterns reads a list of globs of paths.
func (r *reader) pathPatterns(node *source.Node) []pattern {
	return r.patternsLike(node, `a list such as ["deploy/prod/**"]`, r.pathPattern)
}

// patternsLike is patterns with the shape that a message shows, and what reads an element.
func (r *reader) patternsLike(node *source.Node, shape string, read func(*source.Node) (pattern, bool)) []pattern {
	patterns := []pattern{}
	items := r.list(node, shape)
	if node.Kind == source.Sequence && len(items) == 0 {
		r.mistake(node, "empty list: remove it or add an entry")
	}
	for _, item := range items {
		if pattern, ok := read(item); ok {
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
	switch {
	case !doublestar.ValidatePattern(text):
		r.mistake(node, "invalid pattern %q: a bracket or a brace is never closed", text)
	case strings.HasSuffix(text, "/"):
		text += "**"
	}
	return pattern{text: text, node: node}, true
}

// pathPattern reads a glob of paths.
func (r *reader) pathPattern(node *source.Node) (pattern, bool) {
	p, ok := r.pattern(node)
	p.text = strings.TrimPrefix(p.text, "./")
	if ok {
		r.matchable(node, p.text)
	}
	return p, ok
}

// matchable adds a mistake for a glob of paths that matches no file which the configuration applies to: all are below
// the layer's folder, and are named by their shortest paths from there.
func (r *reader) matchable(node *source.Node, glob string) {
	folder, above := "the folder of this file", ", or state it in a configuration of that folder"
	if r.layer.isPart || r.layer.folder != r.layer.home {
		folder, above = "the project", ""
	}
	steps := strings.Split(glob, "/")
	switch {
	case glob == "" || glob == ".":
		r.mistake(node, `pattern %q matches no file: write "**" for all files`, node.Text())
	case steps[0] == "":
		r.mistake(node, "pattern %q matches no file: write %q, which counts from %s", node.Text(), strings.TrimLeft(glob, "/"), folder)
	case steps[0] == "..":
		r.mistake(node, "pattern %q leads out of %s and matches no file: remove it%s", node.Text(), folder, above)
	case slices.Contains(steps, "") || slices.Contains(steps, ".") || slices.Contains(steps, ".."):
		r.mistake(node, "pattern %q matches no file: write the path in its shortest form", node.Text())
	}
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
	case node.Text() == "":
		return "empty"
	}
	return fmt.Sprintf("%q", node.Text())
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
