package config

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Mode is the reaction of the webhook to an error.
type Mode string

// The modes.
const (
	Enforce Mode = "enforce" // the object is denied
	Warn    Mode = "warn"    // it is admitted with a warning
)

// Modes are the words for modes.
func Modes() []string { return []string{string(Enforce), string(Warn)} }

// accountsOfControllers are the service accounts of the controllers of Kubernetes itself.
const accountsOfControllers = "system:serviceaccount:kube-system:*"

// clusterControllers are the controllers of Kubernetes itself: without
// --use-service-account-credentials all of them are one user, and pods would not come back.
// https://kubernetes.io/docs/reference/access-authn-authz/rbac/#controller-roles
var clusterControllers = []pattern{{text: accountsOfControllers}, {text: "system:kube-controller-manager"}}

// Webhook is the part of a configuration that only the webhook reads.
type Webhook struct {
	// Mode applies to namespaces without their own; unknown if it is not declared.
	Mode facts.Fact[Mode]
	// Groups are API groups whose objects are reviewed whatever their kind.
	Groups []string
	// Believed are the words of facts.StatementWords that an object may declare in its own favour.
	Believed []string

	namespaces  []namespaceMode
	controllers []pattern // nil if not declared
}

type namespaceMode struct {
	names []pattern
	mode  Mode
	node  *source.Node
}

// ModeIn returns the mode for the objects of a namespace, which is empty for those that
// are in none. The first entry that covers it wins.
func (w *Webhook) ModeIn(namespace string) Mode {
	if namespace != "" {
		for _, entry := range w.namespaces {
			if matchAny(entry.names, namespace) {
				return entry.mode
			}
		}
	}
	if w.Mode.Known {
		return w.Mode.Value
	}
	return Enforce
}

// Controls reports whether a user is a controller: objects that it creates for an owner are never denied.
func (w *Webhook) Controls(user string) bool {
	if w.controllers == nil {
		return matchAny(clusterControllers, user)
	}
	return matchAny(w.controllers, user)
}

// CoversGroup reports whether all kinds of an API group are reviewed.
func (w *Webhook) CoversGroup(group string) bool { return slices.Contains(w.Groups, group) }

// merge adds the settings of a nearer configuration.
func (w *Webhook) merge(nearer Webhook) {
	w.Mode = facts.Or(nearer.Mode, w.Mode)
	w.Groups = append(w.Groups, nearer.Groups...)
	w.Believed = append(w.Believed, nearer.Believed...)
	w.namespaces = append(nearer.namespaces[:len(nearer.namespaces):len(nearer.namespaces)], w.namespaces...)
	if nearer.controllers != nil {
		w.controllers = append(append([]pattern{}, w.controllers...), nearer.controllers...)
	}
}

// ForObjects returns the configuration for objects that are not in files: it has no paths in its
// scopes. An entry with paths only, which selects no object, is one of the Errors.
func (c *Config) ForObjects() (*Config, error) {
	objects := *c
	objects.layers = nil
	var mistakes Errors
	const alone = "objects have no path: also select by namespaces, kinds or names"
	for _, l := range c.layers {
		own := *l
		own.stages, own.facts = nil, nil
		for _, stage := range l.stages {
			ok := false
			if stage.scope, ok = stage.scope.ofObjects(); !ok {
				mistakes.add(stage.node, alone)
			}
			own.stages = append(own.stages, stage)
		}
		for _, statement := range l.facts {
			ok := false
			if statement.scope, ok = statement.scope.ofObjects(); !ok {
				mistakes.add(statement.node, alone)
			}
			own.facts = append(own.facts, statement)
		}
		for _, entry := range l.waivers {
			if entry.scope.paths != nil { // without them it would cover more
				mistakes.add(entry.node, "objects have no path: remove paths from the waiver, or move it to a configuration of files that extends this one")
			}
		}
		objects.layers = append(objects.layers, &own)
	}
	for _, l := range c.overrides {
		mistakes.add(l.within[0].node, "objects have no path: overrides cannot select them")
	}
	if err := mistakes.err(); err != nil {
		return nil, err
	}
	return &objects, nil
}

func (r *reader) webhook() []field {
	w := &r.layer.webhook
	return []field{
		{"mode", func(_, value *source.Node) {
			if word, ok := r.word(value, Modes()); ok {
				w.Mode = facts.Know(Mode(word), facts.Location{Node: value})
			}
		}},
		{"namespaces", func(_, value *source.Node) {
			for _, item := range r.list(value, `a list such as [{names: ["sandbox-*"], mode: warn}]`) {
				entry := namespaceMode{node: item}
				before := len(r.mistakes)
				if !r.mapping(item, r.namespaceMode(&entry)) || len(r.mistakes) > before {
					continue
				}
				if entry.names == nil || entry.mode == "" {
					r.mistake(item, `each entry needs names and a mode: {names: ["sandbox-*"], mode: warn}`)
				}
				w.namespaces = append(w.namespaces, entry)
			}
		}},
		{"controllers", func(_, value *source.Node) {
			// An empty list trusts no statement.
			w.controllers = []pattern{}
			for _, item := range r.list(value, `a list such as ["`+accountsOfControllers+`"]`) {
				if user, ok := r.pattern(item); ok {
					w.controllers = append(w.controllers, user)
				}
			}
		}},
		{"kinds", func(_, value *source.Node) {
			for _, item := range r.list(value, "a list of API groups: [serving.example.com]") {
				if group, ok := r.group(item); ok {
					w.Groups = append(w.Groups, group)
				}
			}
		}},
		{"believe", func(_, value *source.Node) {
			for _, item := range r.list(value, "a list: [stage]") {
				if word, ok := r.word(item, facts.StatementWords()); ok {
					w.Believed = append(w.Believed, word)
				}
			}
		}},
	}
}

// apiGroup matches the name of an API group that is not part of Kubernetes, whose own groups have no dot or end in .k8s.io.
var apiGroup = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+$`)
})

// group reads the name of an API group of others than Kubernetes.
func (r *reader) group(n *source.Node) (string, bool) {
	name, ok := r.text(n)
	switch {
	case !ok:
		return "", false
	case !apiGroup().MatchString(name):
		r.mistake(n, "invalid API group %q: write its name without a version, such as serving.example.com", name)
		return "", false
	case strings.HasSuffix(name, ".k8s.io"):
		r.mistake(n, "%s is a group of Kubernetes itself, whose kinds with pods are always reviewed", name)
		return "", false
	}
	return name, true
}

func (r *reader) namespaceMode(entry *namespaceMode) []field {
	return []field{
		{"names", func(_, value *source.Node) { entry.names = r.patterns(value) }},
		{"mode", func(_, value *source.Node) {
			if word, ok := r.word(value, Modes()); ok {
				entry.mode = Mode(word)
			}
		}},
	}
}
