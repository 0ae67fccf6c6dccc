package read

import (
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// IsExpression reports whether a string is an expression of a template. A string that begins with
// [[ is the text after the first bracket.
func IsExpression(text string) bool {
	return strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]") && !strings.HasPrefix(text, "[[")
}

// UnknownPart replaces an unknown part of a text.
const UnknownPart = "\x00"

// Derivation is how a value that no file contains was derived: the result of an
// expression, or a part of a longer text.
type Derivation struct {
	At    *source.Node   // the value that decides; the expression itself where it computes the value
	Parts []*source.Node // what the expression depends on
	Whys  []string       // what each of Parts is, in words; it may be shorter
	Used  *source.Node   // the expression that uses the value at At; nil for none
	Why   string         // by what Used uses it, in words; empty for no more than that
	// Unknown reports whether the value replaces an expression that cannot be evaluated. Partial is
	// the known part of its text, with UnknownPart for each other part.
	Unknown bool
	Partial string
}

// MaxParts limits the locations that are listed for one computed value.
const MaxParts = 8

// Derive returns a value with this content at the location of n.
func (r *Reader) Derive(n *source.Node, content source.Content, from Derivation) *source.Node {
	derived := n.With(content)
	r.DeriveAt(derived, from)
	return derived
}

// DeriveAt records how a value was derived that is in the document, although its text is elsewhere.
func (r *Reader) DeriveAt(n *source.Node, from Derivation) {
	if r.derived == nil {
		r.derived = map[*source.Node]Derivation{}
	}
	r.derived[n] = from
}

// DerivationOf returns how a value was derived. A value that a file contains derives from itself.
func (r *Reader) DerivationOf(n *source.Node) Derivation {
	if from, derived := r.derived[n]; derived {
		return from
	}
	return Derivation{At: n}
}

// location returns the location of the value that decides, with what it depends on and where it is used.
func (d Derivation) location(why string) facts.Location {
	location := facts.Location{Node: d.At, Why: why}
	for i, part := range d.Parts {
		why := "depends on this"
		if i < len(d.Whys) && d.Whys[i] != "" {
			why = "depends on " + d.Whys[i]
		}
		location.Related = append(location.Related, facts.Location{Node: part, Why: why})
	}
	if d.Used != nil {
		location.Related = append(location.Related, facts.Location{Node: d.Used, Why: usedBy(d.Why)})
	}
	return location
}

func usedBy(what string) string {
	if what == "" {
		return facts.UsedHere
	}
	return facts.UsedHere + ", by " + what
}

// ResolveLocations replaces locations of derived values by the locations from which they derive, and
// locations in a text by that of the text. A format that derives values calls it at the end.
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

// MarkUses adds to the locations of scalars that a name stands for where the document uses them.
func (r *Reader) MarkUses() {
	if r.markUsesIn(r.Root) {
		r.ResolveLocations()
	}
}

// markUsesIn reports whether it found any.
func (r *Reader) markUsesIn(n *source.Node) (found bool) {
	for _, item := range n.Items() {
		found = item.Parent() == n && r.markUsesIn(item) || found
	}
	for _, member := range n.Members() {
		if member.Value.Parent() != n {
			continue
		}
		if member.IsElsewhere() && member.Value.Kind < source.Sequence {
			r.DeriveAt(member.Value, Derivation{At: member.Value, Used: member.Key})
			found = true
		}
		found = r.markUsesIn(member.Value) || found
	}
	return found
}

// resolveHidden resolves the locations of a draft that Relocate does not reach.
func (r *Reader) resolveHidden(d *Draft) {
	for _, declared := range d.Declared {
		declared.Relocate(r.location)
	}
	for _, reference := range d.References {
		reference.Node = r.inDocument(facts.Location{Node: r.DerivationOf(reference.Node).At}).Node
	}
}

// location returns the location in the document of a value that may be derived or part of a text.
func (r *Reader) location(location facts.Location) facts.Location {
	return r.inDocument(r.resolved(location))
}

// resolved returns a location in the user's files, with all related locations in one list without
// duplicates.
func (r *Reader) resolved(location facts.Location) facts.Location {
	var related []facts.Location
	if from, derived := r.derived[location.Node]; derived {
		location.Node = from.At
		related = from.location("").Related
	}
	for _, further := range location.Related {
		further = r.resolved(further)
		indirect := further.Related
		further.Related = nil
		related = append(append(related, further), indirect...)
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

// KnownMembers returns a mapping without its unknown values.
func (r *Reader) KnownMembers(n *source.Node) *source.Node {
	var members []source.Member
	for _, member := range n.Members() {
		if !IsExpression(member.Key.Text()) && !r.DerivationOf(member.Value).Unknown {
			members = append(members, member)
		}
	}
	if len(members) == len(n.Members()) {
		return n
	}
	return r.Derive(n, source.Content{Kind: source.Mapping, Members: members}, r.DerivationOf(n))
}
