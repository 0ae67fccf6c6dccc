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

// duplicateKey is a key that a mapping has more than once.
type duplicateKey struct {
	mapping *source.Node
	members []int // indexes of its members, two at least
}

// Duplicates reports each key of a document that is written twice and carries a fact: a value in used, from which a fact was
// read, stands at or below its last value, or the document has other facts with an earlier value. record reads a document and
// returns its facts, comparable.
func Duplicates(root *source.Node, used []*source.Node, record func(root *source.Node) string) []facts.Problem {
	doubles, values := findDoubles(root)
	if len(doubles) == 0 {
		return nil
	}
	leads := make(map[*source.Node]bool)
	for _, n := range used {
		for ; n != nil && !leads[n]; n = n.Parent() {
			leads[n] = true
		}
	}
	carries := make(map[*source.Node]bool) // by the last key
	var open []duplicateKey
	for _, double := range doubles {
		if last := double.last(); leads[last.Value] && last.Value.Parent() == double.mapping {
			carries[last.Key] = true
		} else {
			open = append(open, double)
		}
	}
	if len(open) > 0 {
		trial := trial{root: root, record: record, recorded: record(root), left: min(maxTrials, maxTrialValues/values)}
		if trial.differs(open) {
			for _, double := range open {
				carries[double.last().Key] = trial.differs([]duplicateKey{double})
			}
		}
	}
	var problems []facts.Problem
	for _, double := range doubles {
		if carries[double.last().Key] {
			problems = append(problems, double.problem())
		}
	}
	return problems
}

// trial reads copies of a document in which earlier values of keys count.
type trial struct {
	root     *source.Node
	record   func(root *source.Node) string
	recorded string // the facts of the document itself
	left     int    // readings
}

// differs reports whether the document has other facts when earlier values of these keys count: the first of each, the
// second of each, and so on.
func (t *trial) differs(doubles []duplicateKey) bool {
	most := 0
	for _, double := range doubles {
		most = max(most, len(double.members)-1)
	}
	for nth := range most {
		if t.left <= 0 {
			return false
		}
		t.left--
		if t.record(t.root.Clone(membersWith(doubles, nth))) != t.recorded {
			return true
		}
	}
	return false
}

// membersWith returns a function that returns the members of a mapping: of each duplicate key only the
// nth member, or the last of fewer.
func membersWith(doubles []duplicateKey, nth int) func(*source.Node) []source.Member {
	dropped := make(map[*source.Node]map[int]bool, len(doubles)) // indexes of members, by mapping
	for _, double := range doubles {
		if dropped[double.mapping] == nil {
			dropped[double.mapping] = map[int]bool{}
		}
		kept := double.members[min(nth, len(double.members)-1)]
		for _, index := range double.members {
			dropped[double.mapping][index] = index != kept
		}
	}
	return func(mapping *source.Node) []source.Member {
		if dropped[mapping] == nil {
			return mapping.Members
		}
		var members []source.Member
		for i, member := range mapping.Members {
			if !dropped[mapping][i] {
				members = append(members, member)
			}
		}
		return members
	}
}

// findDoubles returns the keys under root that are written twice, in the order of
// the text, and how many values it looked at. It looks once at what stands behind
// several aliases.
func findDoubles(root *source.Node) (doubles []duplicateKey, values int) {
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

func doublesOf(mapping *source.Node) []duplicateKey {
	at := make(map[string][]int, len(mapping.Members))
	for i, member := range mapping.Members {
		if member.Key.Kind < source.Sequence {
			at[member.Key.Text] = append(at[member.Key.Text], i)
		}
	}
	var doubles []duplicateKey
	for i, member := range mapping.Members {
		if members := at[member.Key.Text]; len(members) > 1 && members[0] == i {
			doubles = append(doubles, duplicateKey{mapping: mapping, members: members})
		}
	}
	return doubles
}

// last returns the member whose value is used.
func (d duplicateKey) last() source.Member { return d.mapping.Members[d.members[len(d.members)-1]] }

func (d duplicateKey) problem() facts.Problem {
	first, last := d.mapping.Members[d.members[0]].Key, d.last().Key
	return facts.Problem{
		Rule:     facts.SyntaxRule,
		Severity: facts.Error,
		Message: fmt.Sprintf("duplicate key %q, first on line %d; the last value is used",
			last.Text, first.Span().Start.Line),
		Remedy:   "Remove one of the two.",
		Location: facts.Location{Node: last, Related: []facts.Location{{Node: first, Why: "first occurrence"}}},
	}
}

// Recorded is everything that a deployment says, without the locations.
func (d *Draft) Recorded() []any {
	all := []any{d, d.Subject, d.Declared, d.Pods.Recorded()}
	for _, model := range d.Models {
		all = append(all, model.Path)
	}
	return all
}

// Recorded is everything that a document says, without the locations. What cannot be at
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
