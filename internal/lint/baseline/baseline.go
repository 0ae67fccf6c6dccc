// Package baseline reads, matches and writes baselines. A baseline lists the findings that a project already had, so
// that a run fails only for others. It neither evaluates files nor decides which findings can be listed.
package baseline

import (
	"cmp"
	"path"
	"slices"
	"strconv"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// FileName is the name of the baseline in the folder of a project.
const FileName = ".mlpolicy-baseline.json"

// Baseline is a baseline that was read.
type Baseline struct {
	Name    string // of the file, as messages call it
	Entries []Entry
}

// Entry is a line of a baseline: findings that nothing tells apart, and how many of them there are.
type Entry struct {
	Key
	Value Value
	Count int
	// At is where a file states the entry; nil for one that was not read.
	At *source.Node
}

// Key identifies findings whatever their value is. It has no line and no index, so that it stays the same when other
// lines change or items of a list move.
type Key struct {
	File       string // path from the folder of the project, with slashes
	Deployment string
	Rule       string
	Component  string
	Target     string
	MayRun     bool // the deployment may run on Target but need not
	Field      string
}

// Value is the value that a finding is about: a number for rules that compare it, else the text of a scalar. It is the
// zero Value if the finding is about neither, or if the text is confidential.
type Value struct {
	Text   string
	Number facts.Number
}

// covers reports whether a finding with a value existed before if one with v did: it is the same text, or a number that
// is known not to be worse.
func (v Value) covers(now Value) bool {
	if v.Number.Known || now.Number.Known {
		return now.Number.NotAbove(v.Number)
	}
	return v.Text == now.Text
}

func (v Value) String() string {
	number := strconv.FormatFloat(v.Number.Value, 'f', -1, 64)
	switch {
	case !v.Number.Known:
		return v.Text
	case v.Number.AtLeast:
		return "at least " + number
	}
	return number
}

func compareValues(a, b Value) int {
	return cmp.Or(compareBools(a.Number.Known, b.Number.Known), cmp.Compare(a.Number.Value, b.Number.Value),
		compareBools(a.Number.AtLeast, b.Number.AtLeast), cmp.Compare(a.Text, b.Text))
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// Compare orders entries as a baseline lists them: by file, deployment and rule first.
func Compare(a, b Entry) int {
	return cmp.Or(
		cmp.Compare(a.File, b.File), cmp.Compare(a.Deployment, b.Deployment), cmp.Compare(a.Rule, b.Rule),
		cmp.Compare(a.Component, b.Component), cmp.Compare(a.Target, b.Target), compareBools(a.MayRun, b.MayRun),
		cmp.Compare(a.Field, b.Field), compareValues(a.Value, b.Value),
	)
}

// Merge returns the entries in order, with one for all that are equal: their counts add up.
func Merge(entries []Entry) []Entry {
	sorted := slices.Clone(entries)
	slices.SortStableFunc(sorted, Compare)
	var merged []Entry
	for _, entry := range sorted {
		if last := len(merged) - 1; last >= 0 && Compare(merged[last], entry) == 0 {
			merged[last].Count += entry.Count
		} else {
			merged = append(merged, entry)
		}
	}
	return merged
}

// inMoved is the key of an entry without what changes with the name of its file. Deployments of some formats are called
// as their file.
func (k Key) inMoved() Key {
	if k.Deployment == path.Base(k.File) {
		k.Deployment = "\x00"
	}
	k.File = ""
	return k
}
