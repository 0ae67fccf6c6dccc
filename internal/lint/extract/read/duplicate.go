package read

import (
	"encoding/json"
	"fmt"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

const (
	// maxTrials bounds how often one document is read again for its duplicate keys.
	maxTrials = 100
	// maxTrialValues bounds the values that are read again, all trials together.
	maxTrialValues = 5_000_000
)

// double is a key that a mapping has more than once.
type double struct {
	mapping *source.Node
	members []int // indexes of its members, two at least
}

// Duplicates reports each key of a document that is written twice and carries a
// fact: a value that counts was read at or below its last value, or another fact is
// told when an earlier value counts. tell reads the document and returns what it
// tells; while it runs nothing else may use the document.
func Duplicates(root *source.Node, carried []*source.Node, tell func() string) []facts.Problem {
	doubles, values := findDoubles(root)
	if len(doubles) == 0 {
		return nil
	}
	leads := make(map[*source.Node]bool)
	for _, n := range carried {
		for ; n != nil && !leads[n]; n = n.Parent() {
			leads[n] = true
		}
	}
	trials := min(maxTrials, maxTrialValues/values)
	told := tell()
	var problems []facts.Problem
	for _, double := range doubles {
		last := double.mapping.Members[double.members[len(double.members)-1]].Value
		if leads[last] && last.Parent() == double.mapping || double.matters(told, tell, &trials) {
			problems = append(problems, double.problem())
		}
	}
	return problems
}

// findDoubles returns the keys under root that are written twice, in the order of
// the text, and how many values it looked at. It looks once at what stands behind
// several aliases.
func findDoubles(root *source.Node) (doubles []double, values int) {
	var walk func(n, within *source.Node)
	walk = func(n, within *source.Node) {
		values++
		if n.Kind < source.Sequence || n.Parent() != within {
			return // what stands behind an alias has the parent that it has at its anchor
		}
		if twice(n.Members) {
			doubles = append(doubles, doublesOf(n)...)
		}
		for _, item := range n.Items {
			walk(item, n)
		}
		for _, member := range n.Members {
			walk(member.Value, n)
		}
	}
	walk(root, root.Parent())
	return doubles, values
}

// twice reports whether a key is among the members twice.
func twice(members []source.Member) bool {
	if len(members) > 16 {
		names := make(map[string]bool, len(members))
		for _, member := range members {
			if member.Key.Kind < source.Sequence {
				if names[member.Key.Text] {
					return true
				}
				names[member.Key.Text] = true
			}
		}
		return false
	}
	for i, member := range members {
		for _, earlier := range members[:i] {
			if sameKey(member.Key, earlier.Key) {
				return true
			}
		}
	}
	return false
}

// sameKey compares scalar keys; a key that is a collection has no text.
func sameKey(a, b *source.Node) bool {
	return a.Text == b.Text && a.Kind < source.Sequence && b.Kind < source.Sequence
}

func doublesOf(mapping *source.Node) []double {
	at := make(map[string][]int, len(mapping.Members))
	for i, member := range mapping.Members {
		if member.Key.Kind < source.Sequence {
			at[member.Key.Text] = append(at[member.Key.Text], i)
		}
	}
	var doubles []double
	for i, member := range mapping.Members {
		if members := at[member.Key.Text]; len(members) > 1 && members[0] == i {
			doubles = append(doubles, double{mapping: mapping, members: members})
		}
	}
	return doubles
}

// matters reports whether the document tells something else when an earlier value of
// the key counts. It takes the readings that it needs from trials.
func (d double) matters(told string, tell func() string, trials *int) bool {
	members := d.mapping.Members
	defer func() { d.mapping.Members = members }()
	for _, earlier := range d.members[:len(d.members)-1] {
		if *trials <= 0 {
			return false
		}
		*trials--
		d.mapping.Members = make([]source.Member, 0, len(members))
		for i, member := range members {
			if i == earlier || !sameKey(member.Key, members[earlier].Key) {
				d.mapping.Members = append(d.mapping.Members, member)
			}
		}
		if tell() != told {
			return true
		}
	}
	return false
}

func (d double) problem() facts.Problem {
	first, last := d.mapping.Members[d.members[0]].Key, d.mapping.Members[d.members[len(d.members)-1]].Key
	return facts.Problem{
		Rule:     facts.SyntaxRule,
		Severity: facts.Error,
		Message: fmt.Sprintf("duplicate key %q, first on line %d; the last value is used",
			last.Text, first.Span().Start.Line),
		Remedy: "Remove one of the two.",
		Place:  facts.Place{Node: last, Related: []facts.Place{{Node: first, Why: "first occurrence"}}},
	}
}

// Recorded is everything that a deployment says, without the places.
func (d *Draft) Recorded() []any {
	all := []any{d, d.Subject, d.Declared, d.Pods.Recorded()}
	for _, model := range d.Models {
		all = append(all, model.Path)
	}
	return all
}

// Recorded is everything that a document says, without the places. What cannot be at
// fault says nothing.
func (r *Reader) Recorded() []any {
	if r.Auxiliary {
		return nil
	}
	all := []any{r.Format, r.Completes, r.Computes}
	for _, d := range r.Deployments {
		all = append(all, d.Recorded()...)
	}
	for _, part := range r.Parts {
		if part.Facts != nil { // else it is one of the computes
			all = append(all, part.Facts.Recorded()...)
		}
	}
	return all
}

// Comparable makes what is told comparable.
func Comparable(told []any) string {
	text, err := json.Marshal(told)
	if err != nil { // facts are texts and finite numbers
		panic(err)
	}
	return string(text)
}
