// Package scheduling evaluates where pods run, by what binds them to nodes and by hints at a
// cluster.
package scheduling

import (
	"maps"
	"slices"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/placeholder"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Pods has what a document declares about the nodes of its pods. Evidence binds a pod to nodes: a
// node name, a node selector or a required affinity. Hints do not bind it: labels, annotations,
// tolerations and storage classes.
type Pods struct {
	Virtual facts.Location // evidence for an ACI virtual node, other than a node's label or name
	other   facts.Location // the same for a cluster that is not AKS
	node    *source.Node
	labels  *labels
	groups  [][]term // a node must meet one term of each group

	azure   facts.Location // a hint that the manifest is for AKS
	claimed facts.Location // a hint that it is for another cloud
	onACI   facts.Location // a hint that it is for an ACI virtual node
	Foreign facts.Location // a hint that its virtual node is another provider's
	bursts  bool           // it tolerates the taint of virtual nodes, of Azure or of any provider

	// parts are the scheduling of documents to which the deployment refers. The first with a target
	// counts.
	parts []*Pods
	// via are the references by which such a document was found.
	via []facts.Location
	// Object is what the deployments of one object share, nil for a single deployment.
	Object *SharedCluster
}

// labels is a node selector, which several deployments may share.
type labels struct {
	term   term
	limits constraints // of the term; nil until first used
	known  [8]*allowedNodes
}

// allowedNodes are the nodes that a node selector allows by itself.
type allowedNodes struct{ clouds, nodes nodes }

// in evaluates the selector, once for each interpretation.
func (l *labels) in(as Interpretation) *allowedNodes {
	if l == nil {
		return &allowedNodes{}
	}
	known := &l.known[as.index()]
	if *known == nil {
		clouds := l.term.clouds(as)
		*known = &allowedNodes{clouds: clouds, nodes: clouds.with(l.term.constraints(nil, nodeKey.namesVirtual).virtual(nil, as))}
	}
	return *known
}

// constraints returns the constraints of the selector.
func (l *labels) constraints() constraints {
	if l == nil {
		return nil
	}
	if l.limits == nil {
		l.limits = l.term.constraints(nil, func(nodeKey) bool { return true })
	}
	return l.limits
}

// and returns a selector with more requirements. It does not change l.
func (l *labels) and(more term) *labels {
	switch {
	case len(more) == 0:
		return l
	case l != nil:
		more = slices.Concat(l.term, more)
	}
	return &labels{term: more}
}

// term is a list of requirements, all of which a node must meet.
type term []nodeRequirement

// nodeRequirement is a requirement for a label of a node or, if field is set, for a field.
type nodeRequirement struct {
	key    *source.Node
	field  bool
	op     operator
	values []*source.Node
}

type operator uint8

const (
	// unknownOperator is an invalid operator or a placeholder.
	unknownOperator operator = iota
	in
	notIn
	exists // also Gt and Lt, which a node without the label does not meet
	doesNotExist
)

// Interpretation decides which evidence and hints count. aks enables those of AKS, Other those of
// other clouds. With Foreign, a virtual node belongs to another provider unless its name or label
// is specific to Azure.
type Interpretation struct{ aks, Other, Foreign bool }

// index returns a number below 8.
func (i Interpretation) index() int {
	index := 0
	for bit, on := range [...]bool{i.aks, i.Other, i.Foreign} {
		if on {
			index |= 1 << bit
		}
	}
	return index
}

// InFile returns the interpretation of files.
func InFile() Interpretation { return Interpretation{aks: true, Other: true} }

// Interpretations returns the interpretations of a deployment's pods that have different outcomes,
// one for a file. cluster is the administrator's declaration, if known.
//
// For an object of an API server all of them are evaluated, since no declaration of the object may
// hide a finding. If the administrator names the cluster, evidence of another cluster does not
// count. A virtual node that the object assigns to another provider may be Azure's.
func (s *Pods) Interpretations(cluster facts.Fact[facts.Target], object bool) []Interpretation {
	foreign := s.isForeign() && cluster.Value != facts.AKS
	if !object {
		return []Interpretation{{aks: true, Other: true, Foreign: foreign}}
	}
	var ways []Interpretation
	switch {
	case cluster.Value == facts.AKS:
		ways = []Interpretation{{aks: true}}
	case cluster.Known:
		ways = []Interpretation{{Other: true}}
	case s.Object == nil && !s.mixed():
		ways = []Interpretation{InFile()}
	default:
		ways = []Interpretation{InFile(), {aks: true}, {Other: true}}
	}
	if foreign { // starting with the interpretation of files
		for i := range ways {
			ways[i].Foreign = true
		}
		for _, as := range slices.Clone(ways) {
			as.Foreign = false
			ways = append(ways, as)
		}
	}
	return s.distinct(ways)
}

// mixed reports whether there is evidence or a hint both of Azure and of another cloud.
func (s *Pods) mixed() bool {
	node := nodeNamed(s.node, InFile())
	azure := s.azure.Node != nil || s.onACI.Node != nil || s.Virtual.Node != nil || node.virtual.Node != nil || node.aks.Node != nil
	other := s.claimed.Node != nil || s.other.Node != nil || node.other.Node != nil
	look := func(t term) {
		for _, requirement := range t {
			of := requirement.clouds(InFile())
			azure = azure || of.aks.Node != nil || nodeKey{requirement.key.Text(), requirement.field}.namesVirtual()
			other = other || of.other.Node != nil
		}
	}
	if s.labels != nil {
		look(s.labels.term)
	}
	for _, group := range s.groups {
		for _, term := range group {
			look(term)
		}
	}
	return azure && other
}

// distinct returns the interpretations with different outcomes. An interpretation without any known
// fact is dropped, except for the first.
func (s *Pods) distinct(ways []Interpretation) []Interpretation {
	if len(ways) == 1 {
		return ways
	}
	type outcome struct{ target, may, hint, onACI facts.Target }
	seen := make([]outcome, 1, 1+len(ways))
	return slices.DeleteFunc(ways, func(as Interpretation) bool {
		at := s.Locate(as)
		this := outcome{at.Target.Value, at.May.Value, at.Hint.Value, at.OnACI.Value}
		known := slices.Contains(seen, this) && as != ways[0]
		seen = append(seen, this)
		return known
	})
}

// isForeign reports whether a virtual node of the pods may belong to another provider.
func (s *Pods) isForeign() bool {
	return s.Foreign.Node != nil || slices.ContainsFunc(s.parts, (*Pods).isForeign)
}

// Outcome is where pods run, as far as their document declares it.
type Outcome struct {
	Target   facts.Fact[facts.Target] // of all allowed nodes, except for May
	Conflict bool                     // there is evidence of several clouds
	May      facts.Fact[facts.Target] // ACI if only some terms name virtual nodes
	Hint     facts.Fact[facts.Target] // AKS or Kubernetes
	OnACI    facts.Fact[facts.Target] // ACI, by a hint
}

// Locate evaluates the pods and the documents to which they refer.
func (s *Pods) Locate(as Interpretation) Outcome {
	at := s.Alone(as)
	if s.Object != nil {
		if !at.Target.Known && !at.Conflict {
			at.Target = s.Object.shared(as)
		}
		at.Hint = facts.Or(at.Hint, s.Object.hint(as))
	}
	for _, part := range s.parts {
		if at.Target.Known || at.Conflict {
			break
		}
		of := part.Alone(as)
		at.Target, at.Conflict = part.found(of.Target), of.Conflict
		at.May = facts.Or(at.May, part.found(of.May))
		at.Hint = facts.Or(at.Hint, part.found(of.Hint))
		at.OnACI = facts.Or(at.OnACI, part.found(of.OnACI))
	}
	if at.Target.Value == facts.ACI {
		at.May = facts.Fact[facts.Target]{}
	}
	return at
}

// NamesTarget reports whether evidence or a hint names a target, in the interpretation of files.
func (s *Pods) NamesTarget() bool {
	if s == nil {
		return false
	}
	at := s.Locate(InFile())
	return at.Target.Known || at.May.Known || at.Hint.Known || at.OnACI.Known
}

// Alone evaluates the pods without the documents to which they refer.
func (s *Pods) Alone(as Interpretation) Outcome {
	at := s.bound(as)
	at.Hint = s.hint(as)
	if as.aks && s.onACI.Node != nil && (s.claimed.Node == nil || !as.Other) {
		at.OnACI = facts.Know(facts.ACI, s.onACI)
	}
	return at
}

// With adds the scheduling of a document to which the deployment refers, found by via.
func (s *Pods) With(part *Pods, via []facts.Location) *Pods {
	if s == nil {
		s = &Pods{}
	}
	found := *part
	found.via = via
	s.parts = append(s.parts, &found)
	return s
}

// Recorded returns the outcomes of all interpretations, without locations.
func (s *Pods) Recorded() []any {
	if s == nil {
		return nil
	}
	var all []any
	for _, as := range s.Interpretations(facts.Fact[facts.Target]{}, true) {
		at := s.Locate(as)
		all = append(all, at.Target, at.Conflict, at.May, at.Hint, at.OnACI)
	}
	return all
}

// found adds to a fact of a referenced document how the document was found.
func (s *Pods) found(fact facts.Fact[facts.Target]) facts.Fact[facts.Target] {
	if fact.Known {
		fact.Location.Related = slices.Concat(fact.Location.Related, s.via)
	}
	return fact
}

// bound evaluates the evidence.
func (s *Pods) bound(as Interpretation) Outcome {
	node := nodeNamed(s.node, as)
	if virtual := firstOf(s.Virtual, node.virtual); virtual.Node != nil {
		return Outcome{Target: facts.Know(facts.ACI, virtual)} // a node name bypasses the scheduler
	}
	aks, other := node.aks, firstOf(s.other, node.other)
	if !as.Other {
		other = facts.Location{}
	}
	if s.labels == nil && len(s.groups) == 0 {
		return clouds(aks, other, s.Foreign)
	}
	var must, may facts.Location
	excluded := false
	for _, group := range s.alternatives(as) {
		var virtual facts.Location
		all, possible := true, false
		var others []nodes
		for _, of := range group {
			virtual = firstOf(virtual, of.virtual)
			all, possible = all && of.only, possible || !of.excluded
			if !of.only {
				others = append(others, of)
			}
		}
		excluded = excluded || !possible
		if all {
			must = firstOf(must, virtual)
		} else {
			may = firstOf(may, virtual)
		}
		aks = firstOf(aks, inAll(others, func(of nodes) facts.Location { return of.aks }))
		other = firstOf(other, inAll(others, func(of nodes) facts.Location { return of.other }))
	}
	if must.Node != nil && !excluded {
		return Outcome{Target: facts.Know(facts.ACI, must)}
	}
	at := clouds(aks, other, s.Foreign)
	if may.Node != nil && !excluded {
		may.Why = "the pod may run on a virtual node, which is ACI"
		at.May = facts.Know(facts.ACI, may)
	}
	return at
}

// clouds returns the outcome for evidence of AKS and of other clouds. foreign may be the reason
// for the latter.
func clouds(aks, other, foreign facts.Location) Outcome {
	at := Outcome{Conflict: aks.Node != nil && other.Node != nil}
	switch {
	case at.Conflict:
	case aks.Node != nil:
		at.Target = facts.Know(facts.AKS, aks)
	case other.Node != nil:
		if other.Why == foreignVirtualNode {
			other.Related = []facts.Location{foreign}
		}
		at.Target = facts.Know(facts.Kubernetes, other)
	}
	return at
}

// hint evaluates the hints.
func (s *Pods) hint(as Interpretation) facts.Fact[facts.Target] {
	azure, claimed := as.aks && s.azure.Node != nil, as.Other && s.claimed.Node != nil
	switch {
	case azure && claimed:
	case claimed:
		return facts.Know(facts.Kubernetes, s.claimed)
	case azure && !s.bursts:
		return facts.Know(facts.AKS, s.azure)
	}
	return facts.Fact[facts.Target]{}
}

// SharedCluster evaluates the cluster in which all deployments of one object run.
type SharedCluster struct {
	Members []*Pods
	bound   [8]*facts.Fact[facts.Target]
	hints   [8]*facts.Fact[facts.Target]
}

// shared returns the cluster on which the evidence of all members with evidence agrees.
func (o *SharedCluster) shared(as Interpretation) facts.Fact[facts.Target] {
	return unanimous(&o.bound[as.index()], o.Members, func(s *Pods) facts.Fact[facts.Target] { return s.bound(as).Target })
}

func (o *SharedCluster) hint(as Interpretation) facts.Fact[facts.Target] {
	return unanimous(&o.hints[as.index()], o.Members, func(s *Pods) facts.Fact[facts.Target] { return s.hint(as) })
}

// unanimous returns the cluster on which all members with a cluster agree. It stores the result in
// known.
func unanimous(known **facts.Fact[facts.Target], members []*Pods, of func(*Pods) facts.Fact[facts.Target]) facts.Fact[facts.Target] {
	if *known != nil {
		return **known
	}
	var cluster facts.Fact[facts.Target]
	for _, member := range members {
		declared := of(member)
		switch {
		case declared.Value != facts.AKS && declared.Value != facts.Kubernetes:
		case !cluster.Known:
			cluster = declared
		case cluster.Value != declared.Value:
			*known = &facts.Fact[facts.Target]{}
			return **known
		}
	}
	if cluster.Known {
		cluster.Location.Why += "; all parts of the object run in that cluster"
	}
	*known = &cluster
	return cluster
}

// nodes describes the nodes that a term allows.
type nodes struct {
	virtual    facts.Location // a virtual node is named
	only       bool           // only virtual nodes are named
	excluded   bool           // a required label excludes virtual nodes of Azure
	aks, other facts.Location
}

// with returns the nodes that both terms allow.
func (n nodes) with(other nodes) nodes {
	all := nodes{
		virtual: firstOf(n.virtual, other.virtual), only: n.only || other.only, excluded: n.excluded || other.excluded,
		aks: firstOf(n.aks, other.aks), other: firstOf(n.other, other.other),
	}
	if all.excluded {
		all.virtual, all.only = facts.Location{}, false
	}
	return all
}

// alternatives returns, for each group of terms, the nodes that each term allows together with the
// node selector. Terms that no node meets are dropped. If none is left, only the node selector
// counts.
func (s *Pods) alternatives(as Interpretation) [][]nodes {
	selector := s.labels.in(as)
	var groups [][]nodes
	for _, terms := range s.groups {
		limits := s.labels.constraints()
		var possible []nodes
		for _, alternative := range terms {
			if own := alternative.constraints(limits, func(nodeKey) bool { return true }); !own.contradictory() {
				possible = append(possible, selector.clouds.with(alternative.clouds(as)).with(own.virtual(limits, as)))
			}
		}
		if len(possible) > 0 {
			groups = append(groups, possible)
		}
	}
	if len(groups) == 0 {
		groups = [][]nodes{{selector.nodes}}
	}
	return groups
}

// inAll returns the first location if every alternative has one.
func inAll(alternatives []nodes, of func(nodes) facts.Location) facts.Location {
	if len(alternatives) == 0 {
		return facts.Location{}
	}
	for _, alternative := range alternatives {
		if of(alternative).Node == nil {
			return facts.Location{}
		}
	}
	return of(alternatives[0])
}

// nodeKey is the name of a label or a field of nodes.
type nodeKey struct {
	name  string
	field bool
}

// constraint combines the requirements of a term for one label or field.
type constraint struct {
	there, missing    bool
	limited           bool // only the values in allowed are possible
	allowed, excluded map[string]bool
	values            []*source.Node // of the requirements with operator In
}

type constraints map[nodeKey]*constraint

// constraints returns the constraints of a term on labels and fields that matter, merged with
// others.
func (t term) constraints(others constraints, matters func(nodeKey) bool) constraints {
	var all constraints
	for _, requirement := range t {
		name, ok := requirement.key.Scalar()
		key := nodeKey{name, requirement.field}
		if !ok || !matters(key) || placeholder.InScalar(requirement.key, name) {
			continue
		}
		if all == nil {
			all = constraints{}
		}
		if all[key] == nil {
			all[key] = others[key].clone()
		}
		all[key].add(requirement)
	}
	for _, of := range all {
		maps.DeleteFunc(of.allowed, func(value string, _ bool) bool { return of.excluded[value] })
	}
	return all
}

// clone returns a copy that may be changed, empty for nil.
func (c *constraint) clone() *constraint {
	if c == nil {
		return &constraint{}
	}
	copied := *c
	copied.allowed, copied.excluded = maps.Clone(c.allowed), maps.Clone(c.excluded)
	copied.values = slices.Clip(c.values)
	return &copied
}

// add adds a requirement. Excluded values stay in allowed.
func (c *constraint) add(requirement nodeRequirement) {
	values, known := valuesOf(requirement.values)
	switch requirement.op {
	case in:
		c.there, c.values = true, append(c.values, requirement.values...)
		switch {
		case !known:
		case c.limited:
			maps.DeleteFunc(c.allowed, func(value string, _ bool) bool { return !values[value] })
		default:
			c.allowed, c.limited = values, true
		}
	case exists:
		c.there = true
	case notIn:
		if c.excluded == nil {
			c.excluded = values
		} else {
			maps.Copy(c.excluded, values)
		}
	case doesNotExist:
		c.missing = true
	}
}

// contradictory reports whether no node meets the constraints. A value that is filled in later
// may be any.
func (c constraints) contradictory() bool {
	for _, of := range c {
		if of.there && of.missing || of.limited && len(of.allowed) == 0 {
			return true
		}
	}
	return false
}

// virtual returns the virtual nodes that the constraints name. others apply to labels and fields
// that c lacks.
func (c constraints) virtual(others constraints, as Interpretation) nodes {
	var all nodes
	for _, key := range virtualKeys() {
		of := c[key]
		if of == nil {
			of = others[key]
		}
		if of == nil {
			continue
		}
		named := false
		for _, value := range of.values {
			text, ok := value.Scalar()
			if ok && !of.excluded[text] && (!of.limited || of.allowed[text]) && virtualNode(key, text, as) {
				note(&all.virtual, value, key.why())
				named = true
			}
		}
		only := named && of.limited
		for text := range of.allowed {
			only = only && virtualNode(key, text, as)
		}
		all.only = all.only || only
	}
	return all
}

// valuesOf returns the values of a requirement. known is false if there are none or one is a
// placeholder.
func valuesOf(list []*source.Node) (values map[string]bool, known bool) {
	values, known = make(map[string]bool, len(list)), len(list) > 0
	for _, value := range list {
		text, ok := value.Scalar()
		if !ok || placeholder.InScalar(value, text) {
			known = false
			continue
		}
		values[text] = true
	}
	return values, known
}

// firstOf returns the first location that is set.
func firstOf(a, b facts.Location) facts.Location {
	if a.Node != nil {
		return a
	}
	return b
}
