// Package armexpr evaluates the expressions of Azure Resource Manager templates: parameters, variables, copies and functions. Values
// that cannot be known stay unknown, with what is known of a text.
package armexpr

import (
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// The work that the expressions of one file make is bounded: the values that they
// come to, and the calls that this takes. A copy repeats its input 800 times at most,
// and hardly an expression has less than so many bytes a call.
const (
	leastTemplateValues   = 50_000
	bytesPerTemplateValue = 8

	// maxRounds is how often a resource is read that a copy makes; Azure makes 800 of it.
	maxRounds = 100
	// spareTemplateValues is for the work that all copies of resources make together.
	spareTemplateValues = 100_000
)

// Evaluator evaluates the expressions of a template, nested ones included.
type Evaluator struct {
	*read.Reader
	limit   int                                        // of values
	Left    int                                        // of the limit
	spare   int                                        // for what copies of resources come to
	Last    *source.Node                               // the expression or copy that spent the last of the limit
	indexes map[*source.Member]map[string]*source.Node // of large mappings, by the first member
}

// maxUnindexed is up to how many members a mapping is searched without an index.
const maxUnindexed = 32

// New returns an evaluator of the template that r reads.
func New(r *read.Reader) *Evaluator {
	limit := leastTemplateValues + len(r.Root.File().Text)/bytesPerTemplateValue
	r.PlainUnderscores = true
	return &Evaluator{
		Reader: r, limit: limit, Left: limit, spare: spareTemplateValues, indexes: map[*source.Member]map[string]*source.Node{},
	}
}

// scope holds what the expressions of a template can refer to, by names in lower case.
type scope struct {
	parameters, variables map[string]*binding
}

// binding is a parameter or a variable. It is evaluated once, when first used.
type binding struct {
	node    *source.Node // its value, nil when it is not known
	literal bool         // the value is taken as it stands
	where   Place
	count   *source.Node // how often a copied variable repeats the value, nil for the value itself

	begun bool
	value *source.Node
}

// Place is where an expression stands.
type Place struct {
	Scope *scope
	at    *source.Node // the expression, as the template holds it
	Used  bool         // what comes from elsewhere is noted to be used here
	loops []Loop
	// repeated values are those of a copy within a resource, each of which counts as work.
	repeated bool
	depth    int
}

// Within is the same place in a round of a copy.
func (p Place) Within(loop Loop) Place {
	p.loops = append(p.loops[:len(p.loops):len(p.loops)], loop)
	return p
}

// Loop is one round of a copy.
type Loop struct {
	Name       string
	Index      int // UnknownRound where it is not known
	OfResource bool
}

// UnknownRound is the index of a round of a copy that is not known.
const UnknownRound = -1

// Rounds reads a resource so many times. It is false, and nothing is read, when that
// is more work than copies may make.
func (t *Evaluator) Rounds(count int64, resource *source.Node, read func(i int)) bool {
	if count > maxRounds {
		return false
	}
	span := resource.Span()
	work := int(max(count, 0)) * (1 + 2*(span.End.Offset-span.Start.Offset)/bytesPerTemplateValue)
	if work > t.spare {
		return false
	}
	before, left := *t.Reader, t.Left
	t.spare -= work
	t.Left += work
	for i := 0; i < int(count) && t.Left >= 0; i++ {
		read(i)
	}
	if t.Left >= 0 {
		t.Left = min(t.Left, left)
		return true
	}
	t.spare, t.Left, t.Last = 0, left, nil
	t.Deployments, t.Computes, t.Parts = before.Deployments, before.Computes, before.Parts
	t.Problems, t.Used = before.Problems, before.Used
	return false
}

// spend counts work; it is false when none is left.
func (t *Evaluator) spend(work int) bool {
	t.Left -= work
	return t.Left >= 0
}

// exhausted notes what spent the last of the limit.
func (t *Evaluator) exhausted(by *source.Node) {
	if t.Left < 0 && t.Last == nil {
		t.Last = by
	}
}

// Resolve returns a value with its expressions replaced by what they come to: the
// very node where it has none.
func (t *Evaluator) Resolve(n *source.Node, where Place) *source.Node {
	if n == nil || where.repeated && !t.spend(1) {
		return n
	}
	switch n.Kind {
	case source.String:
		switch {
		case read.IsExpression(n.Text):
			where.at = n
			return t.evaluate(where)
		case strings.HasPrefix(n.Text, "[["):
			return t.Derive(n, source.Node{Kind: source.String, Text: n.Text[1:]}, read.Origin{At: n})
		}
	case source.Sequence:
		return t.resolveSequence(n, where)
	case source.Mapping:
		return t.resolveMapping(n, where)
	}
	return n
}

func (t *Evaluator) resolveSequence(n *source.Node, where Place) *source.Node {
	var items []*source.Node
	for i, item := range n.Items {
		resolved := t.Resolve(item, where)
		if resolved != item && items == nil {
			items = append(make([]*source.Node, 0, len(n.Items)), n.Items[:i]...)
		}
		if items != nil {
			items = append(items, resolved)
		}
	}
	if items == nil {
		return n
	}
	return t.Derive(n, source.Node{Kind: source.Sequence, Items: items}, read.Origin{At: n})
}

func (t *Evaluator) resolveMapping(n *source.Node, where Place) *source.Node {
	var members []source.Member
	for i, member := range n.Members {
		copies, repeated := copiesOf(member)
		var resolved *source.Node
		if !repeated {
			resolved = t.Resolve(member.Value, where)
		}
		if resolved != member.Value && members == nil {
			members = append(make([]source.Member, 0, len(n.Members)), n.Members[:i]...)
		}
		switch {
		case repeated:
			members = append(members, t.repeatAll(copies, where)...)
		case members != nil:
			members = append(members, source.Member{Key: member.Key, Value: resolved})
		}
	}
	if members == nil {
		return n
	}
	return t.Derive(n, source.Node{Kind: source.Mapping, Members: members}, read.Origin{At: n})
}

// copiesOf returns the members that a member named copy makes, each {name, count, input}.
// https://learn.microsoft.com/azure/azure-resource-manager/templates/copy-properties
func copiesOf(member source.Member) (copies []*source.Node, ok bool) {
	if !strings.EqualFold(member.Key.Text, "copy") || len(member.Value.Elements()) == 0 {
		return nil, false
	}
	for _, each := range member.Value.Elements() {
		if each.GetFold("name").IsNull() || each.GetFold("count") == nil || each.GetFold("input") == nil {
			return nil, false
		}
	}
	return member.Value.Elements(), true
}

func (t *Evaluator) repeatAll(copies []*source.Node, where Place) []source.Member {
	var members []source.Member
	for _, each := range copies {
		if list := t.repeat(each.GetFold("name").Text, each.GetFold("count"), each.GetFold("input"), where); list != nil {
			members = append(members, source.Member{Key: each.GetFold("name"), Value: list})
		}
	}
	return members
}

// repeat returns the list that a copy makes of its input, nil when its length is not known.
func (t *Evaluator) repeat(name string, count, input *source.Node, where Place) *source.Node {
	rounds, ok := Integer(t.Resolve(count, where))
	if !ok {
		return nil
	}
	items := []*source.Node{}
	for i := 0; i < int(rounds) && t.spend(1); i++ {
		inside := where.Within(Loop{Name: name, Index: i})
		inside.repeated = true
		items = append(items, t.Resolve(input, inside))
	}
	t.exhausted(input)
	return t.Derive(input, source.Node{Kind: source.Sequence, Items: items}, read.Origin{At: input})
}

// evaluate returns what the expression at where.at comes to.
func (t *Evaluator) evaluate(where Place) *source.Node {
	var value *source.Node
	if parsed, ok := parseExpression(where.at.Text); ok && t.spend(1+len(where.at.Text)/64) {
		value = t.value(parsed, where)
	}
	t.exhausted(where.at)
	if from := t.OriginOf(value); value == nil || from.Unknown {
		return t.unknown(where, from.Partial)
	}
	if where.Used {
		return t.use(value, where.at)
	}
	return value
}

// unknown stands for an expression that cannot be evaluated; as text it is a placeholder.
func (t *Evaluator) unknown(where Place, partial string) *source.Node {
	return t.Derive(where.at, source.Node{Kind: source.String, Text: "[]"}, read.Origin{At: where.at, Unknown: true, Partial: partial})
}

// use notes of a value and of all values in it that the expression at takes them over.
func (t *Evaluator) use(n, at *source.Node) *source.Node {
	if !t.spend(1) {
		return t.unknown(Place{at: at}, "")
	}
	from := t.OriginOf(n)
	if from.At != at {
		from.Used = at
	}
	content := source.Node{Kind: n.Kind, Text: n.Text}
	for _, item := range n.Items {
		content.Items = append(content.Items, t.use(t.within(n, item), at))
	}
	for _, member := range n.Members {
		content.Members = append(content.Members, source.Member{Key: member.Key, Value: t.use(t.within(n, member.Value), at)})
	}
	return t.Derive(n, content, from)
}

// within notes of a value in a collection what the choice of the collection depends on.
func (t *Evaluator) within(collection, n *source.Node) *source.Node {
	from := t.OriginOf(collection)
	if n == nil || len(from.Parts) == 0 || from.At.Kind < source.Sequence { // a computed collection is no choice
		return n
	}
	return t.selected(Place{}, n, from.Parts...)
}

// value returns what a part of an expression comes to, nil or an unknown value when
// that cannot be told.
func (t *Evaluator) value(x *expression, where Place) *source.Node {
	where.depth++
	if where.depth > maxExpressionDepth || !t.spend(1) {
		return nil
	}
	switch x.kind {
	case textExpression:
		return t.string(where, x.text)
	case numberExpression:
		return t.constructed(where, source.Number, x.text)
	case memberExpression:
		return t.member(t.value(x.arguments[0], where), x.text)
	case itemExpression:
		index := t.value(x.arguments[1], where)
		if !t.known(index) && !t.names(index) {
			return nil
		}
		return t.selected(where, t.item(t.value(x.arguments[0], where), index), index)
	}
	return t.call(x, where)
}

// known reports whether a value can be computed with: it is no expression that cannot be
// evaluated and no text that something else fills in later.
func (t *Evaluator) known(n *source.Node) bool {
	return n != nil && len(n.Text) <= maxExpressionText && t.spend(len(n.Text)/1024) &&
		!t.OriginOf(n).Unknown && !t.IsPlaceholder(n)
}

// string makes a computed text, nil for one that is too long.
func (t *Evaluator) string(where Place, text string, of ...*source.Node) *source.Node {
	if len(text) > maxExpressionText || !t.spend(len(text)/64) {
		return nil
	}
	return t.constructed(where, source.String, text, of...)
}

// constructed makes a scalar that is computed of other values.
func (t *Evaluator) constructed(where Place, kind source.Kind, text string, of ...*source.Node) *source.Node {
	return t.construct(where, source.Node{Kind: kind, Text: text}, of...)
}

// construct makes a value that is computed of other values.
func (t *Evaluator) construct(where Place, content source.Node, of ...*source.Node) *source.Node {
	if !t.spend(1 + len(content.Items) + len(content.Members)) {
		return nil
	}
	return t.Derive(where.at, content, read.Origin{At: where.at, Parts: t.partsOf(where.at, nil, of)})
}

// selected notes that it depends on others which value an expression comes to.
func (t *Evaluator) selected(where Place, n *source.Node, by ...*source.Node) *source.Node {
	if n == nil {
		return nil
	}
	from := t.OriginOf(n)
	parts := t.partsOf(where.at, from.Parts, by)
	if len(parts) == len(from.Parts) {
		return n
	}
	from.Parts = parts
	return t.Derive(n, *n, from)
}

// partsOf adds to parts the places that values come from, those outside of the expression at.
func (t *Evaluator) partsOf(at *source.Node, parts, of []*source.Node) []*source.Node {
	parts = parts[:len(parts):len(parts)]
	add := func(part *source.Node) {
		for _, known := range parts {
			if known == part {
				return
			}
		}
		if len(parts) < read.MaxParts {
			parts = append(parts, part)
		}
	}
	for _, n := range of {
		from := t.OriginOf(n)
		if from.At != at {
			add(from.At)
			continue
		}
		for _, part := range from.Parts {
			add(part)
		}
	}
	return parts
}

// named returns the value of a parameter or a variable; one that refers to itself has none.
func (t *Evaluator) named(names map[string]*binding, name string, depth int) *source.Node {
	n := names[strings.ToLower(name)]
	switch {
	case n == nil:
		return nil
	case n.begun:
		return n.value
	}
	n.begun = true
	where := n.where
	where.depth = depth
	switch {
	case n.literal:
		n.value = n.node
	case n.count != nil:
		n.value = t.repeat(name, n.count, n.node, where)
	default:
		n.value = t.Resolve(n.node, where)
	}
	n.begun = t.Left >= 0 // else it may be evaluated once more, for fewer resources
	return n.value
}

// member returns the value under a name, whatever its case, nil for none.
func (t *Evaluator) member(object *source.Node, name string) *source.Node {
	members := object.Entries()
	if len(members) <= maxUnindexed {
		return t.within(object, object.GetFold(name))
	}
	// Copies of a mapping share their members.
	index, known := t.indexes[&members[0]]
	if !known {
		index = make(map[string]*source.Node, len(members))
		for _, member := range members {
			index[strings.ToLower(member.Key.Text)] = member.Value
		}
		t.indexes[&members[0]] = index
	}
	return t.within(object, index[strings.ToLower(name)])
}

// item returns the value at an index of a list or under a name of a mapping, nil for none.
func (t *Evaluator) item(collection, index *source.Node) *source.Node {
	if index.Kind == source.String {
		return t.member(collection, index.Text)
	}
	at, ok := Integer(index)
	if items := collection.Elements(); ok && at >= 0 && at < int64(len(items)) {
		return t.within(collection, items[at])
	}
	return nil
}
