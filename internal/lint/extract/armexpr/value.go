// Package armexpr evaluates the expressions of Azure Resource Manager templates: parameters,
// variables, copies and functions. A value that cannot be evaluated stays unknown; the known parts
// of a string are kept.
package armexpr

import (
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Limits on the work for the expressions of one file. Work is the number of values and calls. A
// copy repeats its input 800 times at most. Few expressions have less than bytesPerTemplateValue
// bytes for each call.
const (
	leastTemplateValues   = 50_000
	bytesPerTemplateValue = 8

	// maxRounds limits how often a copied resource is read. Azure accepts 800 copies.
	maxRounds = 100
	// spareTemplateValues is the extra limit shared by all copied resources.
	spareTemplateValues = 100_000
	// maxIncludedValues is the extra limit for templates of other files.
	maxIncludedValues = 200_000
	// nestedValues is the work for a nested template, whatever is in it.
	nestedValues = 50
)

// Evaluator evaluates the expressions of a template, nested ones included.
type Evaluator struct {
	*read.Reader
	limit   int                                        // of values
	Left    int                                        // the rest of limit
	spare   int                                        // the rest of spareTemplateValues
	include int                                        // the rest of maxIncludedValues
	Last    *source.Node                               // the expression or copy that exceeded the limit
	indexes map[*source.Member]map[string]*source.Node // of large mappings, by the address of the first member
}

// maxUnindexed is the number of members up to which a mapping is searched without an index.
const maxUnindexed = 32

// New returns an evaluator of the template that r reads.
func New(r *read.Reader) *Evaluator {
	limit := leastTemplateValues + len(r.Root.File().Text)/bytesPerTemplateValue
	r.PlainUnderscores = true
	return &Evaluator{
		Reader: r, limit: limit, Left: limit, spare: spareTemplateValues, include: maxIncludedValues, indexes: map[*source.Member]map[string]*source.Node{},
	}
}

// scope has what the expressions of a template can refer to, by name in lower case.
type scope struct {
	parameters, variables map[string]*binding
	modules               map[string]*module // of Bicep
}

// binding is a parameter or a variable. It is evaluated once, when first used.
type binding struct {
	node    *source.Node // nil where the value is not known
	literal bool         // the value is not evaluated
	env     Env
	count   *source.Node // the number of repetitions of a copied variable; nil for a variable without copy

	begun bool
	value *source.Node
}

// Env is the environment in which an expression is evaluated.
type Env struct {
	Scope  *scope
	at     *source.Node // the expression in the template
	Used   bool         // values from elsewhere are marked as used here
	loops  []Loop
	locals *local // variables of lambdas, innermost first
	// repeated is true in a copy within a resource, where each value counts as work.
	repeated bool
	depth    int
}

// Within returns the environment in one round of a copy.
func (e Env) Within(loop Loop) Env {
	e.loops = append(e.loops[:len(e.loops):len(e.loops)], loop)
	return e
}

// Loop is one round of a copy.
type Loop struct {
	Name       string
	Index      int // UnknownRound where the round is not known
	OfResource bool
}

// UnknownRound is the index of a copy's round that is not known.
const UnknownRound = -1

// Rounds reads a resource count times. It returns false, without reading anything, when that
// exceeds a limit.
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

// Include counts a nested template as work. One of another file raises the limit, which depends on the text of the first one.
func (t *Evaluator) Include(template *source.Node) {
	t.Left -= nestedValues
	if template == nil || template.File() == t.Root.File() {
		return
	}
	more := min(len(template.File().Text)/bytesPerTemplateValue, t.include)
	t.include -= more
	t.Left += more
}

// spend subtracts work from the limit and reports whether the limit is kept.
func (t *Evaluator) spend(work int) bool {
	t.Left -= work
	return t.Left >= 0
}

// exhausted records what exceeded the limit first.
func (t *Evaluator) exhausted(by *source.Node) {
	if t.Left < 0 && t.Last == nil {
		t.Last = by
	}
}

// Resolve returns a value with its expressions evaluated. It returns n itself where n has no
// expression.
func (t *Evaluator) Resolve(n *source.Node, env Env) *source.Node {
	if n == nil || env.repeated && !t.spend(1) {
		return n
	}
	switch n.Kind {
	case source.String:
		switch {
		case read.IsExpression(n.Text()):
			env.at = n
			return t.evaluate(env)
		case strings.HasPrefix(n.Text(), "[["):
			return t.Derive(n, source.Content{Kind: source.String, Text: n.Text()[1:]}, read.Derivation{At: n})
		}
	case source.Sequence:
		return t.resolveSequence(n, env)
	case source.Mapping:
		return t.resolveMapping(n, env)
	}
	return n
}

func (t *Evaluator) resolveSequence(n *source.Node, env Env) *source.Node {
	var items []*source.Node
	for i, item := range n.Items() {
		resolved := t.Resolve(item, env)
		if resolved != item && items == nil {
			items = append(make([]*source.Node, 0, len(n.Items())), n.Items()[:i]...)
		}
		if items != nil {
			items = append(items, resolved)
		}
	}
	if items == nil {
		return n
	}
	return t.Derive(n, source.Content{Kind: source.Sequence, Items: items}, read.Derivation{At: n})
}

func (t *Evaluator) resolveMapping(n *source.Node, env Env) *source.Node {
	var members []source.Member
	for i, member := range n.Members() {
		copies, repeated := copiesOf(member)
		var resolved *source.Node
		if !repeated {
			resolved = t.Resolve(member.Value, env)
		}
		if resolved != member.Value && members == nil {
			members = append(make([]source.Member, 0, len(n.Members())), n.Members()[:i]...)
		}
		switch {
		case repeated:
			members = append(members, t.repeatAll(copies, env)...)
		case members != nil:
			members = append(members, source.Member{Key: member.Key, Value: resolved})
		}
	}
	if members == nil {
		return n
	}
	return t.Derive(n, source.Content{Kind: source.Mapping, Members: members}, read.Derivation{At: n})
}

// copiesOf returns the members of a copy property, each {name, count, input}.
// https://learn.microsoft.com/azure/azure-resource-manager/templates/copy-properties
func copiesOf(member source.Member) (copies []*source.Node, ok bool) {
	if !strings.EqualFold(member.Key.Text(), "copy") || len(member.Value.Items()) == 0 {
		return nil, false
	}
	for _, each := range member.Value.Items() {
		if each.GetFold("name").IsNull() || each.GetFold("count") == nil || each.GetFold("input") == nil {
			return nil, false
		}
	}
	return member.Value.Items(), true
}

func (t *Evaluator) repeatAll(copies []*source.Node, env Env) []source.Member {
	var members []source.Member
	for _, each := range copies {
		if list := t.repeat(each.GetFold("name").Text(), each.GetFold("count"), each.GetFold("input"), env); list != nil {
			members = append(members, source.Member{Key: each.GetFold("name"), Value: list})
		}
	}
	return members
}

// repeat returns the list that a copy constructs from its input, nil when its length is not known.
func (t *Evaluator) repeat(name string, count, input *source.Node, env Env) *source.Node {
	rounds, ok := Integer(t.Resolve(count, env))
	if !ok {
		return nil
	}
	items := []*source.Node{}
	for i := 0; i < int(rounds) && t.spend(1); i++ {
		inside := env.Within(Loop{Name: name, Index: i})
		inside.repeated = true
		items = append(items, t.Resolve(input, inside))
	}
	t.exhausted(input)
	return t.Derive(input, source.Content{Kind: source.Sequence, Items: items}, read.Derivation{At: input})
}

// evaluate returns the value of the expression at env.at.
func (t *Evaluator) evaluate(env Env) *source.Node {
	var value *source.Node
	if parsed, ok := parseExpression(env.at.Text()); ok && t.spend(1+len(env.at.Text())/64) {
		value = t.value(parsed, env)
	}
	t.exhausted(env.at)
	if from := t.DerivationOf(value); value == nil || from.Unknown {
		return t.unknown(env, from.Partial)
	}
	if env.Used {
		return t.use(value, env.at)
	}
	return value
}

// unknown returns the value of an expression that cannot be evaluated. As text it is a placeholder.
func (t *Evaluator) unknown(env Env, partial string) *source.Node {
	return t.Derive(env.at, source.Content{Kind: source.String, Text: "[]"}, read.Derivation{At: env.at, Unknown: true, Partial: partial})
}

// use marks a value and all values in it as used by the expression at the node at.
func (t *Evaluator) use(n, at *source.Node) *source.Node {
	if !t.spend(1) {
		return t.unknown(Env{at: at}, "")
	}
	from := t.DerivationOf(n)
	if from.At != at {
		from.Used = at
	}
	content := source.Content{Kind: n.Kind, Text: n.Text()}
	for _, item := range n.Items() {
		content.Items = append(content.Items, t.use(t.within(n, item), at))
	}
	for _, member := range n.Members() {
		content.Members = append(content.Members, source.Member{Key: member.Key, Value: t.use(t.within(n, member.Value), at)})
	}
	return t.Derive(n, content, from)
}

// within adds to a value in a collection the values that the selection of the collection depends
// on.
func (t *Evaluator) within(collection, n *source.Node) *source.Node {
	from := t.DerivationOf(collection)
	if n == nil || len(from.Parts) == 0 || from.At.Kind < source.Sequence { // a constructed collection is not selected
		return n
	}
	return t.selected(Env{}, n, from.Parts...)
}

// value returns the value of a subexpression, nil or an unknown value when it cannot be evaluated.
func (t *Evaluator) value(x *expression, env Env) *source.Node {
	env.depth++
	if env.depth > maxExpressionDepth || !t.spend(1) {
		return nil
	}
	switch x.kind {
	case textExpression:
		return t.string(env, x.text)
	case numberExpression:
		return t.constructed(env, source.Number, x.text)
	case memberExpression:
		return t.member(t.value(x.arguments[0], env), x.text)
	case itemExpression:
		index := t.value(x.arguments[1], env)
		if !t.known(index) && !t.names(index) {
			return nil
		}
		return t.selected(env, t.item(t.value(x.arguments[0], env), index), index)
	}
	return t.call(x, env)
}

// known reports whether functions can compute with a value: it is neither unknown nor a
// placeholder.
func (t *Evaluator) known(n *source.Node) bool {
	return n != nil && len(n.Text()) <= maxExpressionText && t.spend(len(n.Text())/1024) &&
		!t.DerivationOf(n).Unknown && !t.IsPlaceholder(n)
}

// string constructs a string, nil for one that is too long.
func (t *Evaluator) string(env Env, text string, of ...*source.Node) *source.Node {
	if len(text) > maxExpressionText || !t.spend(len(text)/64) {
		return nil
	}
	return t.constructed(env, source.String, text, of...)
}

// constructed constructs a scalar from other values.
func (t *Evaluator) constructed(env Env, kind source.Kind, text string, of ...*source.Node) *source.Node {
	return t.construct(env, source.Content{Kind: kind, Text: text}, of...)
}

// construct constructs a value from other values.
func (t *Evaluator) construct(env Env, content source.Content, of ...*source.Node) *source.Node {
	if !t.spend(1 + len(content.Items) + len(content.Members)) {
		return nil
	}
	return t.Derive(env.at, content, read.Derivation{At: env.at, Parts: t.partsOf(env.at, nil, of)})
}

// selected adds to a value the values that its selection depends on.
func (t *Evaluator) selected(env Env, n *source.Node, by ...*source.Node) *source.Node {
	if n == nil {
		return nil
	}
	from := t.DerivationOf(n)
	parts := t.partsOf(env.at, from.Parts, by)
	if len(parts) == len(from.Parts) {
		return n
	}
	from.Parts = parts
	return t.Derive(n, n.Content(), from)
}

// partsOf appends to parts the sources of values, except those inside the expression at.
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
		from := t.DerivationOf(n)
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

// named returns the value of a parameter or a variable, nil for one that refers to itself.
func (t *Evaluator) named(names map[string]*binding, name string, depth int) *source.Node {
	n := names[strings.ToLower(name)]
	switch {
	case n == nil:
		return nil
	case n.begun:
		return n.value
	}
	n.begun = true
	env := n.env
	env.depth = depth
	switch {
	case n.literal:
		n.value = n.node
	case n.count != nil:
		n.value = t.repeat(name, n.count, n.node, env)
	default:
		n.value = t.Resolve(n.node, env)
	}
	n.begun = t.Left >= 0 // without work left, evaluate it again for fewer resources
	return n.value
}

// member returns the value of a key, whatever its case; nil for a missing key.
func (t *Evaluator) member(object *source.Node, name string) *source.Node {
	members := object.Members()
	if len(members) <= maxUnindexed {
		return t.within(object, object.GetFold(name))
	}
	// Copies of a mapping share their members.
	index, known := t.indexes[&members[0]]
	if !known {
		index = make(map[string]*source.Node, len(members))
		for _, member := range members {
			index[strings.ToLower(member.Key.Text())] = member.Value
		}
		t.indexes[&members[0]] = index
	}
	return t.within(object, index[strings.ToLower(name)])
}

// item returns the value at an index of a list or of a key of a mapping; nil for a missing one.
func (t *Evaluator) item(collection, index *source.Node) *source.Node {
	if index.Kind == source.String {
		return t.member(collection, index.Text())
	}
	at, ok := Integer(index)
	if items := collection.Items(); ok && at >= 0 && at < int64(len(items)) {
		return t.within(collection, items[at])
	}
	return nil
}
