package armexpr

import (
	"slices"
	"strings"
	"unicode"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// allOf reports whether all values are known and of a kind.
func (t *Evaluator) allOf(values []*source.Node, kind source.Kind) bool {
	return t.spend(len(values)) && !slices.ContainsFunc(values, func(n *source.Node) bool { return n.Kind != kind })
}

// listed constructs a list with a value for each member of a mapping.
func (t *Evaluator) listed(members []source.Member, env Env, of *source.Node, value func(source.Member) *source.Node) *source.Node {
	var items []*source.Node
	for _, member := range members {
		item := value(member)
		if item == nil {
			return nil
		}
		items = append(items, item)
	}
	return t.construct(env, source.Content{Kind: source.Sequence, Items: items}, of)
}

// items constructs a list of {key, value} from a mapping, sorted by key.
func (t *Evaluator) items(object *source.Node, env Env) *source.Node {
	if object.Kind != source.Mapping || !t.spend(len(object.Members())) {
		return nil
	}
	members := slices.SortedStableFunc(slices.Values(object.Members()), func(a, b source.Member) int {
		return strings.Compare(strings.ToLower(a.Key.Text()), strings.ToLower(b.Key.Text()))
	})
	named := func(name string) *source.Node { return env.at.With(source.Content{Kind: source.String, Text: name}) }
	key, value := named("key"), named("value")
	return t.listed(members, env, object, func(member source.Member) *source.Node {
		text := t.string(env, member.Key.Text(), object)
		if text == nil {
			return nil
		}
		return t.construct(env, source.Content{Kind: source.Mapping, Members: []source.Member{{Key: key, Value: text}, {Key: value, Value: member.Value}}}, object)
	})
}

// part returns the first items of a list or characters of a string, or the rest after them.
func (t *Evaluator) part(take bool, of, number *source.Node, env Env) *source.Node {
	count, whole := Integer(number)
	length, ok := lengthOf(of)
	if !whole || !ok || of.Kind == source.Mapping {
		return nil
	}
	from, to := 0, int(min(max(count, 0), int64(length)))
	if !take {
		from, to = to, length
	}
	if of.Kind == source.String {
		return t.string(env, string([]rune(of.Text())[from:to]), of, number)
	}
	return t.construct(env, source.Content{Kind: source.Sequence, Items: of.Items()[from:to]}, of, number)
}

// join constructs a string from the items of a list.
func (t *Evaluator) join(list, separator *source.Node, env Env) *source.Node {
	if list.Kind != source.Sequence || !texts(separator) || !t.spend(len(list.Items())) {
		return nil
	}
	var text strings.Builder
	for i, item := range list.Items() {
		if item.Kind >= source.Sequence {
			return nil
		}
		if i > 0 {
			text.WriteString(separator.Text())
		}
		text.WriteString(t.knownPart(item))
		if text.Len() > maxExpressionText {
			return nil
		}
	}
	return t.partlyKnown(env, text.String(), list, separator)
}

// combine constructs a list of the scalars that occur in at least the given number of lists, without
// duplicates, in the order of the text. It returns nil for lists of other values.
func (t *Evaluator) combine(lists []*source.Node, least int, env Env) *source.Node {
	type scalar struct {
		kind source.Kind
		text string
	}
	var order []*source.Node
	having := map[scalar]int{}
	for round, list := range lists {
		if list.Kind != source.Sequence || !t.spend(len(list.Items())) {
			return nil
		}
		for _, item := range list.Items() {
			if item.Kind >= source.Sequence || !t.known(item) {
				return nil
			}
			key := scalar{item.Kind, item.Text()}
			had, seen := having[key]
			if !seen {
				order = append(order, item)
			}
			if least == 1 || had == round {
				having[key] = round + 1
			}
		}
	}
	items := slices.DeleteFunc(order, func(item *source.Node) bool { return having[scalar{item.Kind, item.Text()}] < least })
	return t.construct(env, source.Content{Kind: source.Sequence, Items: items}, lists...)
}

// substring returns the string from a character on, up to the optional length.
func (t *Evaluator) substring(values []*source.Node, env Env) *source.Node {
	if len(values) < 2 || len(values) > 3 || !texts(values[0]) {
		return nil
	}
	characters := []rune(values[0].Text())
	from, ok := Integer(values[1])
	if !ok || from < 0 || from > int64(len(characters)) {
		return nil
	}
	characters = characters[from:]
	if len(values) == 3 {
		count, ok := Integer(values[2])
		if !ok || count < 0 || count > int64(len(characters)) {
			return nil
		}
		characters = characters[:count]
	}
	return t.string(env, string(characters), values...)
}

// charactersBefore returns the index in characters of a text in another, whatever its case; -1
// where it does not occur.
func charactersBefore(text, wanted string) int64 {
	folded, sought := strings.Map(unicode.ToLower, text), strings.Map(unicode.ToLower, wanted)
	before, _, found := strings.Cut(folded, sought)
	if !found {
		return -1
	}
	return int64(len([]rune(before)))
}

// lastCharactersBefore is charactersBefore for the last occurrence.
func lastCharactersBefore(text, wanted string) int64 {
	folded, sought := strings.Map(unicode.ToLower, text), strings.Map(unicode.ToLower, wanted)
	at := strings.LastIndex(folded, sought)
	if at < 0 {
		return -1
	}
	return int64(len([]rune(folded[:at])))
}

// padLeft pads a string or a number on the left to a length.
func (t *Evaluator) padLeft(values []*source.Node, env Env) *source.Node {
	fill := " "
	if len(values) == 3 && texts(values[2]) && len(values[2].Text()) == 1 {
		fill = values[2].Text()
	} else if len(values) != 2 {
		return nil
	}
	length, ok := Integer(values[1])
	_, whole := Integer(values[0])
	if !ok || length < 0 || length > maxExpressionText || !whole && !texts(values[0]) {
		return nil
	}
	missing := max(int(length)-len([]rune(values[0].Text())), 0)
	return t.string(env, strings.Repeat(fill, missing)+values[0].Text(), values...)
}
