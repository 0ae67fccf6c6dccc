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

// MaxParts bounds the locations that are named for one computed value.
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

// location returns the location of the value that decides, with what it depends on and where it is used.
func (o Origin) location(why string) facts.Location {
	location := facts.Location{Node: o.At, Why: why}
	for _, part := range o.Parts {
		location.Related = append(location.Related, facts.Location{Node: part, Why: "depends on this"})
	}
	if o.Used != nil {
		location.Related = append(location.Related, facts.Location{Node: o.Used, Why: "used here"})
	}
	return location
}

// ResolveLocations replaces each derived value among the locations of what was read by the location
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
		r.Problems[i].Location = r.location(r.Problems[i].Location)
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
		mention.Node = r.inDocument(facts.Location{Node: r.OriginOf(mention.Node).At}).Node
	}
}

// location returns the location in the document of a value that may be derived or part of a text.
func (r *Reader) location(location facts.Location) facts.Location {
	return r.inDocument(r.resolved(location))
}

// resolved returns a location in the user's files, its related locations in one list,
// each once.
func (r *Reader) resolved(location facts.Location) facts.Location {
	var related []facts.Location
	if from, derived := r.derived[location.Node]; derived {
		location.Node = from.At
		related = from.location("").Related
	}
	for _, further := range location.Related {
		further = r.resolved(further)
		rests := further.Related
		further.Related = nil
		related = append(append(related, further), rests...)
	}
	location.Related = nil
	seen := map[*source.Node]bool{location.Node: true}
	for _, further := range related {
		if !seen[further.Node] {
			seen[further.Node] = true
			location.Related = append(location.Related, further)
		}
	}
	return location
}

// inDocument returns the location in the document of a value in a text that it contains.
func (r *Reader) inDocument(location facts.Location) facts.Location {
	if len(r.Texts) == 0 || location.Node == nil {
		return location
	}
	if text := r.Texts[location.Node.File()]; text != nil {
		path := text.Path()
		why := location.Node.Path() + " in " + path[strings.LastIndexByte(path, '.')+1:]
		if location.Why != "" {
			why += ": " + location.Why
		}
		location.Node, location.Why = text, why
	}
	for i := range location.Related {
		location.Related[i] = r.inDocument(location.Related[i])
	}
	return location
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
