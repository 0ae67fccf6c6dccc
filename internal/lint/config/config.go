// Package config reads .mlpolicy.yaml: find it with Find, read it with Load, or
// start from Default, and check the names in it with Config.Check once the policies
// are known. Every mistake in a configuration is an Error with its position.
//
// The package says what an organisation wants; it neither judges deployments nor
// loads policies.
package config

import (
	"crypto/sha256"
	"fmt"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// DefaultEdition is the edition of the table in force where nobody chooses another.
const DefaultEdition = "2020-06"

// Config is a configuration. What the command line says replaces the exported
// settings; their locations are the sources of the values.
type Config struct {
	// File is the configuration file, nil if there is none.
	File *source.File
	// Edition is the id of the table in force; always known.
	Edition facts.Fact[string]
	// Cluster is the target of Kubernetes workloads whose documents do not declare it.
	Cluster facts.Fact[facts.Target]
	// FailOn is the lowest severity of findings that make a run fail, Off for none; always known.
	FailOn facts.Fact[facts.Severity]
	// Ignore are gitignore patterns of the files that a walk skips, relative to Folder.
	Ignore []facts.Fact[string]
	// Policies are the folders of an organisation's own rules, relative to Folder.
	Policies []facts.Fact[string]

	// Webhook configures the review of objects that are sent to an API server.
	Webhook Webhook

	// Folder is the absolute path of the folder that the configuration's paths are relative to.
	Folder string

	workingDir string
	devices    []device
	servers    []read.ModelServer
	noServers  bool
	rules      []rule
	stages     []stage
	models     []model
	statements []statement
}

// Digest identifies the text of the configuration file; empty if there is none.
func (c *Config) Digest() string {
	if c.File == nil {
		return ""
	}
	return fmt.Sprintf("sha256:%x", sha256.Sum256(c.File.Text))
}

// Default is the configuration without a file.
func Default() *Config {
	defaults := facts.Location{Why: "default"}
	return &Config{
		Edition: facts.Know(DefaultEdition, defaults),
		FailOn:  facts.Know(facts.Error, defaults),
	}
}

type rule struct {
	id       *source.Node
	severity facts.Severity
}

// Severity returns the severity that the configuration gives a rule, Off to turn it
// off, and false if the rule keeps its own.
func (c *Config) Severity(id string) (severity facts.Severity, ok bool) {
	for _, rule := range c.rules {
		if rule.id.Text == id {
			return rule.severity, true
		}
	}
	return "", false
}

// device is an entry of devices: what extended resources of a pattern are.
type device struct {
	kind    read.Device
	pattern pattern
}

// Device returns the device that the configuration declares for an extended resource: that
// of the first pattern that matches.
func (c *Config) Device(resource string) facts.Fact[read.Device] {
	for _, device := range c.devices {
		if device.pattern.match(resource) {
			return facts.Know(device.kind, facts.Location{
				Node: device.pattern.node,
				Why:  fmt.Sprintf("%s matches devices.%s of the configuration", resource, device.kind),
			})
		}
	}
	return facts.Fact[read.Device]{}
}

// Lists returns what the configuration adds to the lists of package facts.
func (c *Config) Lists() read.Lists {
	return read.Lists{Device: c.Device, ModelServers: c.servers, NoModelServers: c.noServers}
}

type model struct {
	name, version string // any version if empty
	size          facts.Fact[int64]
	node          *source.Node
}

// ModelSize returns the size in bytes that the inventory has for a model: of that
// version, else of any version. Where the version is not known, all versions that the
// inventory has must be of one size; the location of an unknown size says when they are not.
func (c *Config) ModelSize(name, version string) facts.Fact[int64] {
	var found, other facts.Fact[int64]
	differ := false
	for _, model := range c.models {
		switch {
		case model.name != name:
		case model.version == version:
			return model.size
		case model.version == "":
			found = model.size
		case version == "":
			differ = differ || other.Known && other.Value != model.size.Value
			other = model.size
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
// of the file, then its stages. The first statement about a fact wins.
func (c *Config) Statements(subject facts.Subject) []*read.Statement {
	if len(c.statements) == 0 && len(c.stages) == 0 {
		return nil
	}
	var statements []*read.Statement
	path := c.relative(subject.File)
	for _, statement := range c.statements {
		if statement.scope.covers(path, subject) {
			statements = append(statements, statement.set)
		}
	}
	var named facts.Stage
	for _, stage := range c.stages {
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
// of the Errors that it returns.
func (c *Config) Check(rules, editions []string, targets []facts.Target) error {
	var mistakes Errors
	for _, rule := range c.rules {
		if !contains(rules, rule.id.Text) {
			mistakes.add(rule.id, unknown("rule", rule.id.Text, rules))
		}
	}
	if edition := c.Edition; edition.Known && !contains(editions, edition.Value) {
		message := UnknownEdition(edition.Value, editions)
		if edition.Location.Node == nil {
			message = edition.Location.Why + ": " + message
		}
		mistakes.add(edition.Location.Node, message)
	}
	for _, statement := range c.statements {
		for _, problem := range statement.set.CheckTargets(targets) {
			mistakes.add(problem.Location.Node, wrong(problem))
		}
	}
	return mistakes.err()
}

// Other returns the settings of the configuration file except edition, kubernetes and fail_on.
func (c *Config) Other() []source.Member {
	var members []source.Member
	if c.File == nil {
		return nil
	}
	for _, document := range c.File.Documents {
		for _, member := range document.Root.Entries() {
			switch member.Key.Text {
			case "edition", "kubernetes", "fail_on":
			default:
				members = append(members, member)
			}
		}
	}
	return members
}
