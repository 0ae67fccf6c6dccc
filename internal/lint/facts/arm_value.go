package facts

import (
	"strings"

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

// evaluator evaluates the expressions of a template, nested ones included.
type evaluator struct {
	*reader
	limit   int                                        // of values
	left    int                                        // of the limit
	spare   int                                        // for what copies of resources come to
	last    *source.Node                               // the expression or copy that spent the last of the limit
	indexes map[*source.Member]map[string]*source.Node // of large mappings, by the first member
}

// maxUnindexed is up to how many members a mapping is searched without an index.
const maxUnindexed = 32

func newEvaluator(r *reader) *evaluator {
	limit := leastTemplateValues + len(r.root.File().Text)/bytesPerTemplateValue
	r.plainUnderscores = true
	return &evaluator{
		reader: r, limit: limit, left: limit, spare: spareTemplateValues, indexes: map[*source.Member]map[string]*source.Node{},
	}
}

// templateScope holds what the expressions of a template can refer to, by names in lower case.
type templateScope struct {
	parameters, variables map[string]*templateName
}

// templateName is a parameter or a variable. It is evaluated once, when first used.
type templateName struct {
	node    *source.Node // its value, nil when it is not known
	literal bool         // the value is taken as it stands
	where   templatePlace
	count   *source.Node // how often a copied variable repeats the value, nil for the value itself

	begun bool
	value *source.Node
}

// templatePlace is where an expression stands.
type templatePlace struct {
	scope *templateScope
	at    *source.Node // the expression, as the template holds it
	used  bool         // what comes from elsewhere is noted to be used here
	loops []templateLoop
	// repeated values are those of a copy within a resource, each of which counts as work.
	repeated bool
	depth    int
}

// within is the same place in a round of a copy.
func (p templatePlace) within(loop templateLoop) templatePlace {
	p.loops = append(p.loops[:len(p.loops):len(p.loops)], loop)
	return p
}

// templateLoop is one round of a copy.
type templateLoop struct {
	name       string
	index      int // unknownRound where it is not known
	ofResource bool
}

const unknownRound = -1

// rounds reads a resource so many times. It is false, and nothing is read, when that
// is more work than copies may make.
func (t *evaluator) rounds(count int64, resource *source.Node, read func(i int)) bool {
	if count > maxRounds {
		return false
	}
	span := resource.Span()
	work := int(max(count, 0)) * (1 + 2*(span.End.Offset-span.Start.Offset)/bytesPerTemplateValue)
	if work > t.spare {
		return false
	}
	before, left := *t.reader, t.left
	t.spare -= work
	t.left += work
	for i := 0; i < int(count) && t.left >= 0; i++ {
		read(i)
	}
	if t.left >= 0 {
		t.left = min(t.left, left)
		return true
	}
	t.spare, t.left, t.last = 0, left, nil
	t.deployments, t.computes, t.parts = before.deployments, before.computes, before.parts
	t.problems, t.carried = before.problems, before.carried
	return false
}

// spend counts work; it is false when none is left.
func (t *evaluator) spend(work int) bool {
	t.left -= work
	return t.left >= 0
}

// exhausted notes what spent the last of the limit.
func (t *evaluator) exhausted(by *source.Node) {
	if t.left < 0 && t.last == nil {
		t.last = by
	}
}

// resolve returns a value with its expressions replaced by what they come to: the
// very node where it has none.
func (t *evaluator) resolve(n *source.Node, where templatePlace) *source.Node {
	if n == nil || where.repeated && !t.spend(1) {
		return n
	}
	switch n.Kind {
	case source.String:
		switch {
		case isExpression(n.Text):
			where.at = n
			return t.evaluate(where)
		case strings.HasPrefix(n.Text, "[["):
			return t.derive(n, source.Node{Kind: source.String, Text: n.Text[1:]}, origin{at: n})
		}
	case source.Sequence:
		return t.resolveSequence(n, where)
	case source.Mapping:
		return t.resolveMapping(n, where)
	}
	return n
}

func (t *evaluator) resolveSequence(n *source.Node, where templatePlace) *source.Node {
	var items []*source.Node
	for i, item := range n.Items {
		resolved := t.resolve(item, where)
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
	return t.derive(n, source.Node{Kind: source.Sequence, Items: items}, origin{at: n})
}

func (t *evaluator) resolveMapping(n *source.Node, where templatePlace) *source.Node {
	var members []source.Member
	for i, member := range n.Members {
		copies, repeated := copiesOf(member)
		var resolved *source.Node
		if !repeated {
			resolved = t.resolve(member.Value, where)
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
	return t.derive(n, source.Node{Kind: source.Mapping, Members: members}, origin{at: n})
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

func (t *evaluator) repeatAll(copies []*source.Node, where templatePlace) []source.Member {
	var members []source.Member
	for _, each := range copies {
		if list := t.repeat(each.GetFold("name").Text, each.GetFold("count"), each.GetFold("input"), where); list != nil {
			members = append(members, source.Member{Key: each.GetFold("name"), Value: list})
		}
	}
	return members
}

// repeat returns the list that a copy makes of its input, nil when its length is not known.
func (t *evaluator) repeat(name string, count, input *source.Node, where templatePlace) *source.Node {
	rounds, ok := integer(t.resolve(count, where))
	if !ok {
		return nil
	}
	items := []*source.Node{}
	for i := 0; i < int(rounds) && t.spend(1); i++ {
		inside := where.within(templateLoop{name: name, index: i})
		inside.repeated = true
		items = append(items, t.resolve(input, inside))
	}
	t.exhausted(input)
	return t.derive(input, source.Node{Kind: source.Sequence, Items: items}, origin{at: input})
}

// evaluate returns what the expression at where.at comes to.
func (t *evaluator) evaluate(where templatePlace) *source.Node {
	var value *source.Node
	if parsed, ok := parseExpression(where.at.Text); ok && t.spend(1+len(where.at.Text)/64) {
		value = t.value(parsed, where)
	}
	t.exhausted(where.at)
	if from := t.originOf(value); value == nil || from.unknown {
		return t.unknown(where, from.partial)
	}
	if where.used {
		return t.use(value, where.at)
	}
	return value
}

// unknown stands for an expression that cannot be evaluated; as text it is a placeholder.
func (t *evaluator) unknown(where templatePlace, partial string) *source.Node {
	return t.derive(where.at, source.Node{Kind: source.String, Text: "[]"}, origin{at: where.at, unknown: true, partial: partial})
}

// use notes of a value and of all values in it that the expression at takes them over.
func (t *evaluator) use(n, at *source.Node) *source.Node {
	if !t.spend(1) {
		return t.unknown(templatePlace{at: at}, "")
	}
	from := t.originOf(n)
	if from.at != at {
		from.used = at
	}
	content := source.Node{Kind: n.Kind, Text: n.Text}
	for _, item := range n.Items {
		content.Items = append(content.Items, t.use(t.within(n, item), at))
	}
	for _, member := range n.Members {
		content.Members = append(content.Members, source.Member{Key: member.Key, Value: t.use(t.within(n, member.Value), at)})
	}
	return t.derive(n, content, from)
}

// within notes of a value in a collection what the choice of the collection depends on.
func (t *evaluator) within(collection, n *source.Node) *source.Node {
	from := t.originOf(collection)
	if n == nil || len(from.parts) == 0 || from.at.Kind < source.Sequence { // a computed collection is no choice
		return n
	}
	return t.chosen(templatePlace{}, n, from.parts...)
}

// value returns what a part of an expression comes to, nil or an unknown value when
// that cannot be told.
func (t *evaluator) value(x *expression, where templatePlace) *source.Node {
	where.depth++
	if where.depth > maxExpressionDepth || !t.spend(1) {
		return nil
	}
	switch x.kind {
	case textExpression:
		return t.string(where, x.text)
	case numberExpression:
		return t.made(where, source.Number, x.text)
	case memberExpression:
		return t.member(t.value(x.arguments[0], where), x.text)
	case itemExpression:
		index := t.value(x.arguments[1], where)
		if !t.known(index) && !t.names(index) {
			return nil
		}
		return t.chosen(where, t.item(t.value(x.arguments[0], where), index), index)
	}
	return t.call(x, where)
}

// known reports whether a value can be computed with: it is no expression that cannot be
// evaluated and no text that something else fills in later.
func (t *evaluator) known(n *source.Node) bool {
	return n != nil && len(n.Text) <= maxExpressionText && t.spend(len(n.Text)/1024) &&
		!t.originOf(n).unknown && !t.laterFilled(n)
}

// string makes a computed text, nil for one that is too long.
func (t *evaluator) string(where templatePlace, text string, of ...*source.Node) *source.Node {
	if len(text) > maxExpressionText || !t.spend(len(text)/64) {
		return nil
	}
	return t.made(where, source.String, text, of...)
}

// made makes a scalar that is computed of other values.
func (t *evaluator) made(where templatePlace, kind source.Kind, text string, of ...*source.Node) *source.Node {
	return t.collected(where, source.Node{Kind: kind, Text: text}, of...)
}

// collected makes a value that is computed of other values.
func (t *evaluator) collected(where templatePlace, content source.Node, of ...*source.Node) *source.Node {
	if !t.spend(1 + len(content.Items) + len(content.Members)) {
		return nil
	}
	return t.derive(where.at, content, origin{at: where.at, parts: t.partsOf(where.at, nil, of)})
}

// chosen notes that it depends on others which value an expression comes to.
func (t *evaluator) chosen(where templatePlace, n *source.Node, by ...*source.Node) *source.Node {
	if n == nil {
		return nil
	}
	from := t.originOf(n)
	parts := t.partsOf(where.at, from.parts, by)
	if len(parts) == len(from.parts) {
		return n
	}
	from.parts = parts
	return t.derive(n, *n, from)
}

// partsOf adds to parts the places that values come from, those outside of the expression at.
func (t *evaluator) partsOf(at *source.Node, parts, of []*source.Node) []*source.Node {
	parts = parts[:len(parts):len(parts)]
	add := func(part *source.Node) {
		for _, known := range parts {
			if known == part {
				return
			}
		}
		if len(parts) < maxParts {
			parts = append(parts, part)
		}
	}
	for _, n := range of {
		from := t.originOf(n)
		if from.at != at {
			add(from.at)
			continue
		}
		for _, part := range from.parts {
			add(part)
		}
	}
	return parts
}

// named returns the value of a parameter or a variable; one that refers to itself has none.
func (t *evaluator) named(names map[string]*templateName, name string, depth int) *source.Node {
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
		n.value = t.resolve(n.node, where)
	}
	n.begun = t.left >= 0 // else it may be evaluated once more, for fewer resources
	return n.value
}

// member returns the value under a name, whatever its case, nil for none.
func (t *evaluator) member(object *source.Node, name string) *source.Node {
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
func (t *evaluator) item(collection, index *source.Node) *source.Node {
	if index.Kind == source.String {
		return t.member(collection, index.Text)
	}
	at, ok := integer(index)
	if items := collection.Elements(); ok && at >= 0 && at < int64(len(items)) {
		return t.within(collection, items[at])
	}
	return nil
}
