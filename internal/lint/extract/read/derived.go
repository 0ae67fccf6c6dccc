package read

import (
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// IsExpression reports whether a string is one. A string that begins with [[ is
// the text behind the first bracket.
func IsExpression(text string) bool {
	return strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]") && !strings.HasPrefix(text, "[[")
}

// UnknownPart stands in a text for a part that is not known.
const UnknownPart = "\x00"

// Origin is where a value comes from that stands in no file as such: what an
// expression comes to, a part of a longer text.
type Origin struct {
	At    *source.Node   // the value that decides; the expression itself where it computes the value
	Parts []*source.Node // what the expression depends on
	Used  *source.Node   // the expression that takes over the value at at; nil for none
	// Unknown values stand for an expression that cannot be evaluated. Of a text
	// partial is what is known, with holes.
	Unknown bool
	Partial string
}

// MaxParts bounds the places that are named for one computed value.
const MaxParts = 8

// Derive makes a value with this content that stands where n stands.
func (r *Reader) Derive(n *source.Node, content source.Node, from Origin) *source.Node {
	if r.derived == nil {
		r.derived = map[*source.Node]Origin{}
	}
	derived := n.With(content)
	r.derived[derived] = from
	return derived
}

// OriginOf returns where a value comes from; one that a file holds is its own origin.
func (r *Reader) OriginOf(n *source.Node) Origin {
	if from, derived := r.derived[n]; derived {
		return from
	}
	return Origin{At: n}
}

// place is that of the value that decides, with what it depends on and where it is used.
func (o Origin) place(why string) facts.Place {
	place := facts.Place{Node: o.At, Why: why}
	for _, part := range o.Parts {
		place.Related = append(place.Related, facts.Place{Node: part, Why: "depends on this"})
	}
	if o.Used != nil {
		place.Related = append(place.Related, facts.Place{Node: o.Used, Why: "used here"})
	}
	return place
}

// ResolveLocations replaces each derived value among the places of what was read by the place
// that it comes from, and what stands in a text by the text. A format that derives
// values calls it in the end.
func (r *Reader) ResolveLocations() {
	for _, d := range r.Deployments {
		d.Relocate(r.location)
		r.resolveHidden(d)
	}
	for _, part := range r.Parts {
		if part.Facts != nil {
			r.resolveHidden(part.Facts)
		}
	}
	for _, c := range r.Computes {
		c.Relocate(r.location)
	}
	for i := range r.Problems {
		r.Problems[i].Place = r.location(r.Problems[i].Place)
	}
	for _, n := range slices.Clone(r.Used) {
		if from, derived := r.derived[n]; derived {
			r.Used = append(append(r.Used, from.At), from.Parts...)
			if from.Used != nil {
				r.Used = append(r.Used, from.Used)
			}
		}
	}
}

// resolveHidden grounds what is not known to rules.
func (r *Reader) resolveHidden(d *Draft) {
	for _, said := range d.Declared {
		said.Relocate(r.location)
	}
	for _, mention := range d.References {
		mention.Node = r.inDocument(facts.Place{Node: r.OriginOf(mention.Node).At}).Node
	}
}

// location returns the place in the document of a place that may be derived or in a text.
func (r *Reader) location(place facts.Place) facts.Place { return r.inDocument(r.resolved(place)) }

// resolved returns a place in the user's files, its related places in one list,
// each once.
func (r *Reader) resolved(place facts.Place) facts.Place {
	var related []facts.Place
	if from, derived := r.derived[place.Node]; derived {
		place.Node = from.At
		related = from.place("").Related
	}
	for _, further := range place.Related {
		further = r.resolved(further)
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

// inDocument returns the place in the document of a place in a text that it holds.
func (r *Reader) inDocument(place facts.Place) facts.Place {
	if len(r.Texts) == 0 || place.Node == nil {
		return place
	}
	if text := r.Texts[place.Node.File()]; text != nil {
		path := text.Path()
		why := place.Node.Path() + " in " + path[strings.LastIndexByte(path, '.')+1:]
		if place.Why != "" {
			why += ": " + place.Why
		}
		place.Node, place.Why = text, why
	}
	for i := range place.Related {
		place.Related[i] = r.inDocument(place.Related[i])
	}
	return place
}

// KnownMembers returns a mapping without the values that are not known.
func (r *Reader) KnownMembers(n *source.Node) *source.Node {
	var members []source.Member
	for _, member := range n.Entries() {
		if !IsExpression(member.Key.Text) && !r.OriginOf(member.Value).Unknown {
			members = append(members, member)
		}
	}
	if len(members) == len(n.Entries()) {
		return n
	}
	return r.Derive(n, source.Node{Kind: source.Mapping, Members: members}, r.OriginOf(n))
}
