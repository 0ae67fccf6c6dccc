package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// refusal is a key or an item of a nested configuration that has no effect.
type refusal struct {
	node            *source.Node // what is skipped
	at              *source.Node // where the mistake is
	message, remedy string
}

// refusals returns what nested layers may not state under a configuration: keys that it does not grant, and what weakens
// a rule that it locks.
func (c *Config) refusals(layers []*layer) []refusal {
	var refused []refusal
	for _, l := range layers {
		for _, member := range l.members {
			if refusal, ok := c.ungranted(member); !ok {
				refused = append(refused, refusal)
			}
		}
		if len(c.locked) > 0 {
			refused = append(refused, c.weakening(l)...)
		}
	}
	return refused
}

// ungranted reports whether a key is granted. If it is not, the refusal says how to grant it.
func (c *Config) ungranted(member source.Member) (refusal, bool) {
	key := member.Key.Text()
	if slices.Contains(c.may, key) {
		return refusal{}, true
	}
	refused := refusal{node: member.Key, at: member.Key, message: "a nested configuration may not set " + key}
	if slices.Contains(keysOf((&reader{}).grantable()), key) {
		refused.message = fmt.Sprintf("%s does not let nested configurations set %s", c.rootName(), key)
		refused.remedy = fmt.Sprintf("To allow it, write in %s: nested: {may: [%s]}", c.rootName(), strings.Join(append(slices.Clip(c.may), key), ", "))
	} else {
		refused.remedy = fmt.Sprintf("State %s in %s.", key, c.rootName())
	}
	return refused, false
}

// rootName is the name of the root configuration's own file.
func (c *Config) rootName() string {
	for _, l := range slices.Backward(c.layers) {
		if !l.nested && !l.isPart {
			return l.file.Name
		}
	}
	return FileName
}

// weakening returns what weakens a locked rule: a lower severity, and whatever else may keep a rule from reporting:
// another edition or cluster, declared workloads and targets, sizes of models that have one, a higher fail_on, ignored
// files, languages that are off, waivers, and model servers that are not recognised. What the root configuration declares for some paths only
// is not compared: it stays, because compose, ModelSize, Severity and nearestFirst prefer it.
func (c *Config) weakening(l *layer) []refusal {
	var refused []refusal
	lock := c.lockNames()
	stated := compose(c.layers, nil, c.Folder, c.dir) // flags may have replaced what c has
	remedy := "Remove it. What is locked can only be changed in " + c.rootName() + "."
	add := func(node, at *source.Node, format string, args ...any) {
		refused = append(refused, refusal{node: node, at: at, message: fmt.Sprintf(format, args...) + ": " + c.rootName() + " locks " + lock, remedy: remedy})
	}
	for _, rule := range l.rules {
		least, locked := c.lockOf(rule.id.Text())
		if !locked || !weaker(rule.severity, least) {
			continue
		}
		if _, itself := c.locked[rule.id.Text()]; !itself {
			add(rule.id, rule.id, "rule %s may not be %s", rule.id.Text(), rule.severity)
			continue
		}
		refused = append(refused, refusal{
			node: rule.id, at: rule.id,
			message: fmt.Sprintf("rule %s may not be %s: %s locks it as %s", rule.id.Text(), rule.severity, c.rootName(), least),
			remedy:  remedy,
		})
	}
	if edition := l.edition; edition.Known && edition.Value != stated.Edition.Value {
		key := keyOf(edition.Location.Node)
		add(key, key, "the edition may not change from %s to %s", stated.Edition.Value, edition.Value)
	}
	if cluster := l.cluster; cluster.Known && cluster.Value != stated.Cluster.Value {
		key := keyOf(cluster.Location.Node)
		add(key, key, "the cluster may not change to %s", ClusterWord(cluster.Value))
	}
	if failOn := l.failOn; failOn.Known && laxer(failOn.Value, stated.FailOn.Value) {
		key := keyOf(failOn.Location.Node)
		add(key, key, "fail_on may not change from %s to %s", FailOnWord(stated.FailOn.Value), FailOnWord(failOn.Value))
	}
	if len(l.ignore) > 0 {
		key := keyOf(l.ignore[0].Location.Node.Parent())
		add(key, key, "files may not be ignored")
	}
	for _, entry := range l.sources {
		if !entry.on {
			add(entry.key, entry.key, "%s may not be off", entry.key.Text())
		}
	}
	if l.noServers != nil {
		add(keyOf(l.noServers), keyOf(l.noServers), "images may not be off")
	}
	for _, entry := range l.facts {
		declared := entry.set.Facts
		for _, fact := range []facts.AnyFact{&declared.Workload, &declared.Target} {
			if node := fact.Origin().Node; !fact.IsZero() && node != nil {
				add(entry.node, keyOf(node), "facts may not declare a %s", keyOf(node).Text())
			}
		}
	}
	for _, entry := range l.waivers {
		for _, id := range entry.IDs() {
			if _, locked := c.lockOf(id); locked {
				what := "it"
				if _, itself := c.locked[id]; !itself {
					what = lock
				}
				refused = append(refused, refusal{
					node: entry.node, at: entry.node,
					message: fmt.Sprintf("rule %s may not be waived: %s locks %s", id, c.rootName(), what),
					remedy:  fmt.Sprintf("State the waiver in %s.", c.rootName()),
				})
				break
			}
		}
	}
	for _, own := range l.models {
		if own.resizes(c.layers) {
			add(own.node, own.node, "the size of model %s is declared already and may not change", own.name)
		}
	}
	return refused
}

// lockOf returns the least severity that a lock leaves a rule; locked is false for a rule without a lock. A lock of any
// rule is also one of syntax, as severe as in the root configuration: what is not parsed may violate the locked rule.
func (c *Config) lockOf(rule string) (least facts.Severity, locked bool) {
	least, locked = c.locked[rule]
	if locked || rule != facts.SyntaxRule || len(c.locked) == 0 {
		return least, locked
	}
	if least, stated := c.severityIn(c.rootLayers(), rule); stated {
		return least, true
	}
	return facts.Error, true
}

// rootLayers are those of the root configuration, which all others follow.
func (c *Config) rootLayers() []*layer {
	if nested := slices.IndexFunc(c.layers, func(l *layer) bool { return l.nested }); nested >= 0 {
		return c.layers[:nested]
	}
	return c.layers
}

// resizes reports whether layers have another size for the model, in any version.
func (m model) resizes(layers []*layer) bool {
	return slices.ContainsFunc(layers, func(l *layer) bool {
		return slices.ContainsFunc(l.models, func(other model) bool { return other.name == m.name && other.size.Value != m.size.Value })
	})
}

func (c *Config) lockNames() string {
	var names []string
	for rule := range c.locked {
		names = append(names, rule)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// weaker reports whether a severity is below another one.
func weaker(severity, than facts.Severity) bool {
	order := []facts.Severity{facts.Error, facts.Warning, facts.Note, facts.Off}
	return slices.Index(order, severity) > slices.Index(order, than)
}

// laxer reports whether a run fails on fewer findings with fail_on than with another one.
func laxer(failOn, than facts.Severity) bool {
	order := []facts.Severity{facts.Note, facts.Warning, facts.Error, facts.Off}
	return slices.Index(order, failOn) > slices.Index(order, than)
}

// keyOf returns the key under which a node stands in its mapping, the node itself if it stands in none.
func keyOf(node *source.Node) *source.Node {
	for _, member := range node.Parent().Members() {
		if member.Value == node {
			return member.Key
		}
	}
	return node
}

// brokenLocks returns what weakens the locks of a root configuration the root configuration itself.
func brokenLocks(c *Config) Errors {
	var mistakes Errors
	for _, l := range slices.Concat(c.layers, c.overrides) {
		for _, rule := range l.rules {
			if least, locked := c.locked[rule.id.Text()]; locked && weaker(rule.severity, least) {
				mistakes.add(rule.id, fmt.Sprintf("rule %s is locked as %s and may not be %s", rule.id.Text(), least, rule.severity))
			}
		}
	}
	return mistakes
}
