package read

import (
	"encoding/json"
	"fmt"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

const (
	// maxTrials limits how often one document is read again for its duplicate keys.
	maxTrials = 100
	// maxTrialValues limits the values that all trials read.
	maxTrialValues = 5_000_000
)

// HasDuplicates reports whether a mapping in a document has a key twice.
func HasDuplicates(root *source.Node) bool {
	duplicates, _ := findDuplicates(root)
	return len(duplicates) > 0
}

// duplicateKey is a key that a mapping has more than once.
type duplicateKey struct {
	mapping *source.Node
	members []int // indexes of its members, two at least
}

// Duplicates reports the duplicate keys of a document that affect its facts: a value in used, from which a fact was read, is
// at or below the last value of the key, or an earlier value of the key would change the facts. record reads a document and
// returns its facts in a form that can be compared.
func Duplicates(root *source.Node, used []*source.Node, record func(root *source.Node) string) []facts.Problem {
	duplicates, values := findDuplicates(root)
	if len(duplicates) == 0 {
		return nil
	}
	onPath := make(map[*source.Node]bool)
	for _, n := range used {
		for ; n != nil && !onPath[n]; n = n.Parent() {
			onPath[n] = true
		}
	}
	significant := make(map[*source.Node]bool) // by the last key
	var undecided []duplicateKey
	for _, duplicate := range duplicates {
		if last := duplicate.last(); onPath[last.Value] && last.Value.Parent() == duplicate.mapping {
			significant[last.Key] = true
		} else {
			undecided = append(undecided, duplicate)
		}
	}
	if len(undecided) > 0 {
		trial := trial{root: root, record: record, recorded: record(root), left: min(maxTrials, maxTrialValues/values)}
		if trial.differs(undecided) {
			for _, duplicate := range undecided {
				significant[duplicate.last().Key] = trial.differs([]duplicateKey{duplicate})
			}
		}
	}
	var problems []facts.Problem
	for _, duplicate := range duplicates {
		if significant[duplicate.last().Key] {
			problems = append(problems, duplicate.problem())
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
func (t *trial) differs(duplicates []duplicateKey) bool {
	most := 0
	for _, duplicate := range duplicates {
		most = max(most, len(duplicate.members)-1)
	}
	for nth := range most {
		if t.left <= 0 {
			return false
		}
		t.left--
		if t.record(t.root.Clone(membersWith(duplicates, nth))) != t.recorded {
			return true
		}
	}
	return false
}

// membersWith returns a function that returns the members of a mapping: of each duplicate key only the
// nth member, or the last of fewer.
func membersWith(duplicates []duplicateKey, nth int) func(*source.Node) []source.Member {
	dropped := make(map[*source.Node]map[int]bool, len(duplicates)) // indexes of members, by mapping
	for _, duplicate := range duplicates {
		if dropped[duplicate.mapping] == nil {
			dropped[duplicate.mapping] = map[int]bool{}
		}
		kept := duplicate.members[min(nth, len(duplicate.members)-1)]
		for _, index := range duplicate.members {
			dropped[duplicate.mapping][index] = index != kept
		}
	}
	return func(mapping *source.Node) []source.Member {
		if dropped[mapping] == nil {
			return mapping.Members()
		}
		var members []source.Member
		for i, member := range mapping.Members() {
			if !dropped[mapping][i] {
				members = append(members, member)
			}
		}
		return members
	}
}

// findDuplicates returns the keys under root that occur twice in a mapping, in the order of
// the text, and the number of values that it visited. It visits a value with several aliases once.
func findDuplicates(root *source.Node) (duplicates []duplicateKey, values int) {
	var walk func(n, within *source.Node)
	walk = func(n, within *source.Node) {
		values++
		if n.Kind < source.Sequence || n.Parent() != within {
			return // the value of an alias has the parent of its anchor
		}
		if hasDuplicates(n.Members()) {
			duplicates = append(duplicates, duplicatesOf(n)...)
		}
		for _, item := range n.Items() {
			walk(item, n)
		}
		for _, member := range n.Members() {
			walk(member.Value, n)
		}
	}
	walk(root, root.Parent())
	return duplicates, values
}

// hasDuplicates reports whether two members have the same key.
func hasDuplicates(members []source.Member) bool {
	if len(members) > 16 {
		names := make(map[string]bool, len(members))
		for _, member := range members {
			if member.Key.Kind < source.Sequence {
				if names[member.Key.Text()] {
					return true
				}
				names[member.Key.Text()] = true
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
	return a.Text() == b.Text() && a.Kind < source.Sequence && b.Kind < source.Sequence
}

func duplicatesOf(mapping *source.Node) []duplicateKey {
	at := make(map[string][]int, len(mapping.Members()))
	for i, member := range mapping.Members() {
		if member.Key.Kind < source.Sequence {
			at[member.Key.Text()] = append(at[member.Key.Text()], i)
		}
	}
	var duplicates []duplicateKey
	for i, member := range mapping.Members() {
		if members := at[member.Key.Text()]; len(members) > 1 && members[0] == i {
			duplicates = append(duplicates, duplicateKey{mapping: mapping, members: members})
		}
	}
	return duplicates
}

// last returns the member whose value is used.
func (d duplicateKey) last() source.Member { return d.mapping.Members()[d.members[len(d.members)-1]] }

func (d duplicateKey) problem() facts.Problem {
	first, last := d.mapping.Members()[d.members[0]].Key, d.last().Key
	var earlier []*source.Node
	for _, index := range d.members[:len(d.members)-1] {
		earlier = append(earlier, d.mapping.Members()[index].Key)
	}
	return facts.Problem{
		Rule:     facts.SyntaxRule,
		Severity: facts.Error,
		Message: fmt.Sprintf("duplicate key %q, first on line %d; the last value is used",
			last.Text(), first.Span().Start.Line),
		Remedy:    "Remove one of the two.",
		Location:  facts.Location{Node: last, Related: []facts.Location{{Node: first, Why: "first occurrence"}}},
		Redundant: earlier,
	}
}

// Recorded returns the facts of a deployment without their locations.
func (d *Draft) Recorded() []any {
	all := []any{d, d.Subject, d.Declared, d.Pods.Recorded()}
	for _, model := range d.Models {
		all = append(all, model.Path)
	}
	return all
}

// Recorded returns the facts of a document without their locations; none for an auxiliary document,
// which has no findings.
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

// Comparable returns recorded facts in a form that can be compared.
func Comparable(recorded []any) string {
	text, err := json.Marshal(recorded)
	if err != nil { // facts are texts and finite numbers
		panic(err)
	}
	return string(text)
}
