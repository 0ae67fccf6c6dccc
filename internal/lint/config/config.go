// Package config reads .mlpolicy.yaml. A Resolver finds the configuration of each file: the root
// configuration of its project and the nested ones on the way, what they extend, and their overrides
// for the file's path. Without files, start from Default. Every mistake in a configuration is an
// Error with its position; Config.Check finds those that only the policies know.
//
// The package says what an organisation wants; it neither evaluates deployments nor loads policies.
package config

import (
	"crypto/sha256"
	"fmt"
	"iter"
	"path"
	"path/filepath"
	"slices"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// DefaultEdition is the edition of the table that applies unless another is selected.
const DefaultEdition = "2020-06"

// Config has the settings of some files. Flags of the command line replace the exported settings; their
// locations are the sources of the values.
type Config struct {
	// Edition is the id of the selected edition; always known.
	Edition facts.Fact[string]
	// Cluster is the target of Kubernetes workloads whose documents do not declare it.
	Cluster facts.Fact[facts.Target]
	// FailOn is the lowest severity of findings that make a run fail, Off for none; always known.
	FailOn facts.Fact[facts.Severity]
	// Policies are the folders of an organisation's own rules.
	Policies []Path
	// Ignore are gitignore patterns of the files that a walk skips, weakest first.
	Ignore []Path
	// Baseline is the file that lists the findings which the project already has; unknown if none is stated.
	Baseline Path
	// SourcesOff are the names of the languages whose files are not read.
	SourcesOff []string
	// Webhook configures the review of objects that are sent to an API server.
	Webhook Webhook

	// Folder is the absolute path of the folder in which a root configuration is or would be.
	Folder string
	// Broken reports whether a configuration cannot be used, so that nothing is evaluated that it applies to.
	Broken bool
	// Faults are the mistakes in nested configurations: of those that apply, what has no effect; if Broken, the
	// reasons.
	Faults Errors

	inProject bool
	cause     error // of a broken one, if Prepare returned it
	layers    []*layer
	overrides []*layer // those of all paths, which layers has only where they apply
	locked    map[string]facts.Severity
	may       []string

	severityKey string
	dir         workingDir
}

// Path is a path or a pattern of paths that a configuration states.
type Path struct {
	facts.Fact[string]
	// Folder is the absolute path of the folder that it is relative to.
	Folder string
}

// layer is what one mapping states: a configuration file, or an entry of overrides.
type layer struct {
	file    *source.File
	folder  string // absolute path that patterns are relative to
	home    string // absolute path of the file's folder
	nested  bool   // not of the root configuration
	within  []pattern
	isPart  bool         // of a file that another one extends
	via     *source.Node // the value of extends in that one
	members []source.Member

	edition   facts.Fact[string]
	cluster   facts.Fact[facts.Target]
	failOn    facts.Fact[facts.Severity]
	rules     []rule
	locked    []rule
	may       []facts.Fact[string]
	mayStated bool
	devices   []device
	servers   []read.ModelServer
	noServers *source.Node // the word off
	stages    []stage
	models    []model
	facts     []statement
	waivers   []Waiver
	waiving   waiving
	ignore    []facts.Fact[string]
	policies  []facts.Fact[string]
	baseline  facts.Fact[string]
	webhook   Webhook
	sources   []sourceSwitch
}

// sourceSwitch is an entry of sources: a language whose files are read or not.
type sourceSwitch struct {
	key *source.Node // the name
	on  bool
}

// ByDefault is the evidence for a setting that nothing states.
const ByDefault = "default"

// Default is the configuration without a file.
func Default() *Config { return compose(nil, nil, "", workingDir{}) }

// compose merges layers, weakest first: scalars replace each other, rules by key, lists append. The overrides are
// those that are not among the layers, for Check.
func compose(layers, overrides []*layer, folder string, dir workingDir) *Config {
	defaults := facts.Location{Why: ByDefault}
	c := &Config{
		Edition: facts.Know(DefaultEdition, defaults), FailOn: facts.Know(facts.Error, defaults),
		Folder: folder, layers: layers, overrides: overrides, dir: dir,
	}
	for _, l := range layers {
		// Under a lock, a nested configuration can only repeat the edition and the cluster. It undoes no override of the
		// root configuration.
		locked := l.nested && len(c.locked) > 0
		if !locked {
			c.Edition, c.Cluster = facts.Or(l.edition, c.Edition), facts.Or(l.cluster, c.Cluster)
		}
		if !locked || !laxer(l.failOn.Value, c.FailOn.Value) {
			c.FailOn = facts.Or(l.failOn, c.FailOn)
		}
		for _, folder := range l.policies {
			c.Policies = append(c.Policies, Path{folder, l.home})
		}
		for _, pattern := range l.ignore {
			c.Ignore = append(c.Ignore, Path{pattern, l.folder})
		}
		for _, entry := range l.sources {
			if name := entry.key.Text(); entry.on {
				c.SourcesOff = slices.DeleteFunc(c.SourcesOff, func(off string) bool { return off == name })
			} else if !slices.Contains(c.SourcesOff, name) {
				c.SourcesOff = append(c.SourcesOff, name)
			}
		}
		if l.baseline.Known {
			c.Baseline = Path{l.baseline, l.folder}
		}
		c.Webhook.merge(l.webhook)
		for _, rule := range slices.Concat(l.rules, l.locked) {
			c.severityKey += rule.id.Text() + "=" + string(rule.severity) + ","
		}
		for _, lock := range l.locked {
			if c.locked == nil {
				c.locked = map[string]facts.Severity{}
			}
			c.locked[lock.id.Text()] = lock.severity
		}
		if l.mayStated && c.may == nil {
			c.may = []string{}
		}
		for _, key := range l.may {
			c.may = append(c.may, key.Value)
		}
	}
	if c.may == nil {
		c.may = []string{"stages", "models"}
	}
	return c
}

// nearestFirst yields the layers by precedence of their lists: the nearest first. Where something is locked, what the
// root configuration states comes before what nested ones do.
func (c *Config) nearestFirst() iter.Seq[*layer] {
	return func(yield func(*layer) bool) {
		for _, nested := range []bool{false, true} {
			for _, l := range slices.Backward(c.layers) {
				if (len(c.locked) == 0 || l.nested == nested) && !yield(l) {
					return
				}
			}
			if len(c.locked) == 0 {
				return
			}
		}
	}
}

// Digest identifies the text of the configuration files; empty if there are none.
func (c *Config) Digest() string {
	digest := sha256.New()
	var seen []*source.File
	for _, l := range slices.Concat(c.layers, c.overrides) {
		if !slices.Contains(seen, l.file) {
			seen = append(seen, l.file)
			digest.Write(l.file.Text)
		}
	}
	if len(seen) == 0 {
		return ""
	}
	return fmt.Sprintf("sha256:%x", digest.Sum(nil))
}

// Nested are the names of the nested configuration files that apply.
func (c *Config) Nested() []string {
	var names []string
	for _, l := range slices.Concat(c.layers, c.overrides) {
		if l.nested && !l.isPart && !slices.Contains(names, l.file.Name) {
			names = append(names, l.file.Name)
		}
	}
	return names
}

// Files are the absolute paths of the files that state the configuration.
func (c *Config) Files() []string {
	var files []string
	for _, l := range slices.Concat(c.layers, c.overrides) {
		if file := filepath.Join(l.home, path.Base(l.file.Name)); !slices.Contains(files, file) {
			files = append(files, file)
		}
	}
	return files
}

// IsPart reports whether a file is one of those that the configuration consists of.
func (c *Config) IsPart(file *source.File) bool {
	return slices.ContainsFunc(slices.Concat(c.layers, c.overrides), func(l *layer) bool { return l.file == file })
}

// Members are the keys and values that apply, weakest first. Entries of overrides that do not apply are left out.
func (c *Config) Members() []source.Member {
	var members []source.Member
	for _, l := range c.layers {
		members = append(members, l.members...)
	}
	return members
}

type rule struct {
	id       *source.Node
	severity facts.Severity
}

// Severity returns the severity that the configuration gives a rule, Off to turn it
// off, and false if the rule keeps its own.
func (c *Config) Severity(id string) (severity facts.Severity, ok bool) {
	severity, ok = c.severityIn(c.layers, id)
	if least, locked := c.lockOf(id); ok && locked && weaker(severity, least) {
		return least, true // an override of the root configuration has it
	}
	return severity, ok
}

// SeverityOfFaults is Severity by the root configuration alone, which applies to the Faults of nested ones.
func (c *Config) SeverityOfFaults(id string) (severity facts.Severity, ok bool) {
	return c.severityIn(c.rootLayers(), id)
}

// severityIn returns the severity that the nearest of some layers gives a rule, else that of its lock.
func (c *Config) severityIn(layers []*layer, id string) (facts.Severity, bool) {
	for _, l := range slices.Backward(layers) {
		for _, rule := range l.rules {
			if rule.id.Text() == id {
				return rule.severity, true
			}
		}
	}
	severity, ok := c.locked[id]
	return severity, ok
}

// SeverityKey is the same for configurations that give all rules the same severities.
func (c *Config) SeverityKey() string { return c.severityKey }

// device is an entry of devices: what extended resources of a pattern are.
type device struct {
	kind    read.Device
	pattern pattern
}

// Device returns the device that the configuration declares for an extended resource: that
// of the first pattern that matches.
func (c *Config) Device(resource string) facts.Fact[read.Device] {
	for l := range c.nearestFirst() {
		for _, device := range l.devices {
			if device.pattern.match(resource) {
				return facts.Know(device.kind, facts.Location{
					Node: device.pattern.node,
					Why:  fmt.Sprintf("%s matches devices.%s of the configuration", resource, device.kind),
				})
			}
		}
	}
	return facts.Fact[read.Device]{}
}

// Lists returns what the configuration adds to the lists of package facts.
func (c *Config) Lists() read.Lists {
	lists := read.Lists{Device: c.Device}
	for l := range c.nearestFirst() {
		lists.ModelServers = append(lists.ModelServers, l.servers...)
		if l.noServers != nil {
			lists.NoModelServers = len(lists.ModelServers) == 0
			break
		}
	}
	return lists
}

type model struct {
	name, version string // any version if empty
	size          facts.Fact[int64]
	node          *source.Node
}

// ModelSize returns the size in bytes that the inventory has for a model: of that
// version, else of any version. If the version is unknown, all versions in the inventory must have the
// same size; otherwise the size is unknown, with the reason in its location.
func (c *Config) ModelSize(name, version string) facts.Fact[int64] {
	var found, other facts.Fact[int64]
	var versions []string
	differ := false
	for l := range c.nearestFirst() {
		for _, model := range l.models {
			switch {
			case model.name != name:
			case l.nested && len(c.locked) > 0 && model.resizes(c.rootLayers()): // an override of the root configuration has the size
			case model.version == version:
				return model.size
			case model.version == "":
				found = facts.Or(found, model.size)
			case version == "" && !slices.Contains(versions, model.version):
				differ = differ || other.Known && other.Value != model.size.Value
				other, versions = model.size, append(versions, model.version)
			}
		}
	}
	switch {
	case found.Known:
		return found
	case differ:
		return facts.Fact[int64]{Location: facts.Location{
			Node: other.Location.Node, Why: "models of the configuration have versions of different sizes, and the deployed version is unknown",
		}}
	}
	return other
}

// stage is an entry of stages: a stage and its scope.
type stage struct {
	name  facts.Stage
	scope scope
	node  *source.Node
}

type statement struct {
	scope scope
	set   *read.Statement
	node  *source.Node
}

// Statements returns the statements of the configuration about a subject: its facts in the order
// of the file, then its stages. The first statement about a fact wins. What a nearer configuration states replaces
// what others do.
func (c *Config) Statements(subject facts.Subject) []*read.Statement {
	var statements []*read.Statement
	for l := range c.nearestFirst() {
		if len(l.facts) == 0 && len(l.stages) == 0 {
			continue
		}
		nearer := statements
		if len(c.locked) > 0 && l.nested {
			nearer = nil // what contradicts the root configuration is reported
		}
		for _, own := range l.statements(subject, c.dir) {
			statements = append(statements, own.Without(nearer))
		}
	}
	return statements
}

func (l *layer) statements(subject facts.Subject, dir workingDir) []*read.Statement {
	var statements []*read.Statement
	path := dir.relative(l.folder, subject.File)
	for _, statement := range l.facts {
		if statement.scope.covers(path, subject) {
			statements = append(statements, statement.set)
		}
	}
	var named facts.Stage
	for _, stage := range l.stages {
		if stage.name == named || !stage.scope.covers(path, subject) {
			continue
		}
		named = stage.name
		statements = append(statements, read.StageStatement(named, facts.Location{
			Node: stage.node, Why: stage.scope.what() + " matches stages." + string(named) + " of the configuration",
		}))
	}
	return statements
}

// Check finds the names that only the policies know: an unknown rule or edition is one
// of the Errors that it returns. former are ids that editions had before.
func (c *Config) Check(rules, editions, former []string, targets []facts.Target) error {
	var mistakes Errors
	edition := func(edition facts.Fact[string]) {
		if !edition.Known || contains(editions, edition.Value) || contains(former, edition.Value) {
			return
		}
		message := UnknownEdition(edition.Value, editions)
		if edition.Location.Node == nil {
			message = edition.Location.Why + ": " + message
		}
		mistakes.add(edition.Location.Node, message)
	}
	edition(c.Edition)
	for _, l := range slices.Concat(c.layers, c.overrides) {
		for _, rule := range slices.Concat(l.rules, l.locked) {
			if !contains(rules, rule.id.Text()) {
				mistakes.add(rule.id, unknown("rule", rule.id.Text(), rules))
			}
		}
		if l.edition.Location.Node != c.Edition.Location.Node {
			edition(l.edition)
		}
		for _, statement := range l.facts {
			for _, problem := range statement.set.CheckTargets(targets) {
				mistakes.add(problem.Location.Node, wrong(problem))
			}
		}
	}
	c.checkWaivers(rules, &mistakes)
	return mistakes.err()
}
