package facts

import (
	"reflect"
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// origin is where a value comes from that stands in no file as such: what an
// expression comes to, a part of a longer text.
type origin struct {
	at    *source.Node   // the value that decides; the expression itself where it computes the value
	parts []*source.Node // what the expression depends on
	used  *source.Node   // the expression that takes over the value at at; nil for none
	// unknown values stand for an expression that cannot be evaluated. Of a text
	// partial is what is known, with holes.
	unknown bool
	partial string
}

// maxParts bounds the places that are named for one computed value.
const maxParts = 8

// derive makes a value with this content that stands where n stands.
func (r *reader) derive(n *source.Node, content source.Node, from origin) *source.Node {
	if r.derived == nil {
		r.derived = map[*source.Node]origin{}
	}
	derived := n.With(content)
	r.derived[derived] = from
	return derived
}

// originOf returns where a value comes from; one that a file holds is its own origin.
func (r *reader) originOf(n *source.Node) origin {
	if from, derived := r.derived[n]; derived {
		return from
	}
	return origin{at: n}
}

// place is that of the value that decides, with what it depends on and where it is used.
func (o origin) place(why string) Place {
	place := Place{Node: o.at, Why: why}
	for _, part := range o.parts {
		place.Related = append(place.Related, Place{Node: part, Why: "depends on this"})
	}
	if o.used != nil {
		place.Related = append(place.Related, Place{Node: o.used, Why: "used here"})
	}
	return place
}

// ground replaces each derived value among the places of what was read by the place
// that it comes from, and what stands in a text by the text. A format that derives
// values calls it in the end.
func (r *reader) ground() {
	for _, d := range r.deployments {
		r.groundAll(reflect.ValueOf(&d.Deployment))
		r.groundHidden(d)
	}
	for _, part := range r.parts {
		if part.facts != nil {
			r.groundHidden(part.facts)
		}
	}
	for _, c := range r.computes {
		r.groundAll(reflect.ValueOf(c))
	}
	for i := range r.problems {
		r.problems[i].Place = r.outside(r.grounded(r.problems[i].Place))
	}
	for _, n := range slices.Clone(r.carried) {
		if from, derived := r.derived[n]; derived {
			r.carried = append(append(r.carried, from.at), from.parts...)
			if from.used != nil {
				r.carried = append(r.carried, from.used)
			}
		}
	}
}

// groundHidden grounds what is not known to rules.
func (r *reader) groundHidden(d *Draft) {
	for _, said := range d.said {
		r.groundAll(reflect.ValueOf(&said.Deployment))
	}
	for _, mention := range d.mentions {
		mention.node = r.outside(Place{Node: r.originOf(mention.node).at}).Node
	}
}

// groundAll grounds the places of the facts within a pointer, a list, a map or a fact.
func (r *reader) groundAll(value reflect.Value) {
	switch value.Kind() {
	case reflect.Pointer:
		if !value.IsNil() {
			r.groundAll(value.Elem())
		}
	case reflect.Slice:
		for i := range value.Len() {
			r.groundAll(value.Index(i))
		}
	case reflect.Map:
		for _, key := range value.MapKeys() {
			item := reflect.New(value.Type().Elem()).Elem()
			item.Set(value.MapIndex(key))
			r.groundAll(item)
			value.SetMapIndex(key, item)
		}
	case reflect.Struct:
		if place, ok := reflect.TypeAssert[Place](value); ok {
			value.Set(reflect.ValueOf(r.outside(r.grounded(place))))
			return
		}
		for i := range value.NumField() {
			if value.Type().Field(i).IsExported() {
				r.groundAll(value.Field(i))
			}
		}
	}
}

// grounded returns a place in the user's files, its related places in one list,
// each once.
func (r *reader) grounded(place Place) Place {
	var related []Place
	if from, derived := r.derived[place.Node]; derived {
		place.Node = from.at
		related = from.place("").Related
	}
	for _, further := range place.Related {
		further = r.grounded(further)
		rests := further.Related
		further.Related = nil
		related = append(append(related, further), rests...)
	}
	place.Related = nil
	seen := map[*source.Node]bool{place.Node: true}
	for _, further := range related {
		if !seen[further.Node] {
			seen[further.Node] = true
			place.Related = append(place.Related, further)
		}
	}
	return place
}

// outside returns the place in the document of a place in a text that it holds.
func (r *reader) outside(place Place) Place {
	if len(r.texts) == 0 || place.Node == nil {
		return place
	}
	if text := r.texts[place.Node.File()]; text != nil {
		path := text.Path()
		why := place.Node.Path() + " in " + path[strings.LastIndexByte(path, '.')+1:]
		if place.Why != "" {
			why += ": " + place.Why
		}
		place.Node, place.Why = text, why
	}
	for i := range place.Related {
		place.Related[i] = r.outside(place.Related[i])
	}
	return place
}

// knownMembers returns a mapping without the values that are not known.
func (r *reader) knownMembers(n *source.Node) *source.Node {
	var members []source.Member
	for _, member := range n.Entries() {
		if !isExpression(member.Key.Text) && !r.originOf(member.Value).unknown {
			members = append(members, member)
		}
	}
	if len(members) == len(n.Entries()) {
		return n
	}
	return r.derive(n, source.Node{Kind: source.Mapping, Members: members}, r.originOf(n))
}
