package baseline

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// Finding is what of a finding is compared with a baseline.
type Finding struct {
	Key
	Value Value
}

// Result is what Match returns.
type Result struct {
	// Of has the entry that covers each finding, nil for a new one.
	Of []*Entry
	// Notes has for each new finding how it differs from what the baseline lists; empty if nothing there is like it.
	Notes []string
	// Left has how many findings of each entry there are no more.
	Left map[*Entry]int
}

// Match compares findings with a baseline as the webhook compares an object with what it was before an update: each
// entry covers as many findings as its count, with the same key and a value that is not worse. The field of a number does
// not matter. An entry covers a finding where the deployment may run if it covers one where the deployment must run, but
// not vice versa. If there are more findings than an entry can cover, it covers none of them: nothing says which one is new.
//
// Files that do not exist any more are compared with other files that the baseline does not list.
func Match(entries []Entry, findings []Finding, exists func(file string) bool) Result {
	entries = slices.Clone(entries)
	result := Result{Of: make([]*Entry, len(findings)), Notes: make([]string, len(findings)), Left: map[*Entry]int{}}
	renamed, notes := moved(entries, findings, exists)
	groups := map[Key]*group{}
	of := func(key Key, value Value) *group {
		key.MayRun = false
		if value.Number.Known {
			key.Field = "" // of a sum, it is the largest part, which another part may become
		}
		if groups[key] == nil {
			groups[key] = &group{}
		}
		return groups[key]
	}
	for i := range entries {
		g := of(entries[i].Key, entries[i].Value)
		g.entries = append(g.entries, &listed{Entry: &entries[i]})
	}
	for i, finding := range findings {
		result.Notes[i] = notes[finding.File]
		if old, is := renamed[finding.File]; is {
			finding.Key = finding.Key.renamed(old)
		}
		g := of(finding.Key, finding.Value)
		g.findings = append(g.findings, &found{Finding: finding, index: i})
	}
	for _, g := range groups {
		g.match()
		for _, f := range g.findings {
			if f.by != nil {
				result.Of[f.index] = f.by.Entry
			} else if f.note != "" {
				result.Notes[f.index] = f.note
			}
		}
		for _, e := range g.entries {
			result.Left[e.Entry] = e.Count - len(e.covered) - e.held
		}
	}
	return result
}

// renamed returns the key of a finding in a file that had another name.
func (k Key) renamed(file string) Key {
	if of := k.inMoved(); of.Deployment != k.Deployment {
		k.Deployment = path.Base(file)
	}
	k.File = file
	return k
}

// group has the entries and findings with one key.
type group struct {
	entries  []*listed
	findings []*found
}

type listed struct {
	*Entry
	covered []*found
	held    int // for findings that are worse
}

type found struct {
	Finding
	index int
	by    *listed
	note  string
}

func (e *listed) covers(f *found) bool {
	return (e.MayRun == f.MayRun || !e.MayRun) && e.Value.covers(f.Value)
}

func (e *listed) free() int { return e.Count - len(e.covered) - e.held }

func (g *group) match() {
	if len(g.entries) == 0 {
		return
	}
	// The largest number takes the smallest one that covers it, so that as many as possible are covered.
	slices.SortStableFunc(g.entries, func(a, b *listed) int { return compareValues(a.Value, b.Value) })
	largestFirst := slices.Clone(g.findings)
	slices.SortStableFunc(largestFirst, func(a, b *found) int { return compareValues(b.Value, a.Value) })
	for _, ownKind := range []bool{true, false} {
		for _, f := range largestFirst {
			if f.by != nil {
				continue
			}
			for _, e := range g.entries {
				if (e.MayRun == f.MayRun || !ownKind) && e.free() > 0 && e.covers(f) {
					f.by, e.covered = e, append(e.covered, f)
					break
				}
			}
		}
	}
	var uncovered []*found
	for _, f := range largestFirst {
		if f.by == nil {
			uncovered = append(uncovered, f)
		}
	}
	for _, f := range uncovered {
		if f.note == "" && slices.ContainsFunc(g.entries, func(e *listed) bool { return e.covers(f) }) {
			g.tooMany(f)
		}
	}
	for _, f := range uncovered {
		if f.note == "" {
			g.worse(f)
		}
	}
}

// tooMany uncovers the findings that compete with an uncovered one for entries.
func (g *group) tooMany(first *found) {
	competing, entries := []*found{first}, map[*listed]bool{}
	count := 0
	for next := 0; next < len(competing); next++ {
		for _, e := range g.entries {
			if !entries[e] && e.covers(competing[next]) {
				entries[e] = true
				count += e.Count
				competing = append(competing, e.covered...)
			}
		}
	}
	for _, f := range g.findings {
		if f.by == nil && f != first && slices.ContainsFunc(g.entries, func(e *listed) bool { return entries[e] && e.covers(f) }) {
			competing = append(competing, f)
		}
	}
	for _, f := range competing {
		f.by = nil
		f.note = fmt.Sprintf("%d in the baseline, now %d", count, len(competing))
	}
}

// maxValues is how many values of the baseline a note has.
const maxValues = 3

// worse gives a finding that no entry covers a note about what the baseline lists instead, and holds an entry for it.
func (g *group) worse(f *found) {
	var values []string
	held := false
	for _, e := range slices.Backward(g.entries) {
		if e.free() == 0 {
			continue
		}
		if e.Value.covers(f.Value) {
			f.note = "in the baseline it may run there and need not"
		}
		if text := e.Value.String(); text != "" && len(values) < maxValues {
			values = append(values, text)
		}
		if !held {
			e.held, held = e.held+1, true
		}
	}
	if now := f.Value.String(); f.note == "" && now != "" && len(values) > 0 {
		f.note = fmt.Sprintf("%s in the baseline, now %s", strings.Join(values, " and "), now)
	}
}

// moved returns the former names of files. A file has moved if it does not exist any more and another one, which the
// baseline does not list, has exactly its findings. Several files with the same findings may have moved, but not to more
// files than they were; then notes are for these.
func moved(entries []Entry, findings []Finding, exists func(file string) bool) (renamed, notes map[string]string) {
	listed := map[string][]Entry{}
	for _, entry := range entries {
		listed[entry.File] = append(listed[entry.File], entry)
	}
	unlisted := map[string][]Entry{}
	for _, finding := range findings {
		if listed[finding.File] == nil {
			unlisted[finding.File] = append(unlisted[finding.File], Entry{Key: finding.Key, Value: finding.Value, Count: 1})
		}
	}
	renamed, notes = map[string]string{}, map[string]string{}
	if len(unlisted) == 0 {
		return renamed, notes
	}
	gone := map[string][]string{} // by findings
	for _, file := range slices.Sorted(maps.Keys(listed)) {
		if !exists(file) {
			key := signature(listed[file])
			gone[key] = append(gone[key], file)
		}
	}
	candidates := map[string][]string{}
	for _, file := range slices.Sorted(maps.Keys(unlisted)) {
		key := signature(unlisted[file])
		candidates[key] = append(candidates[key], file)
	}
	for key, files := range candidates {
		switch old := gone[key]; {
		case len(old) == 0:
		case len(files) <= len(old):
			for i, file := range files {
				renamed[file] = old[i]
			}
		default:
			for _, file := range files {
				notes[file] = fmt.Sprintf("%s has it in the baseline and is gone; %d files have its findings", old[0], len(files))
			}
		}
	}
	return renamed, notes
}

// signature is equal for entries of files with the same findings.
func signature(entries []Entry) string {
	var key strings.Builder
	for i := range entries {
		entries[i].Key = entries[i].inMoved()
	}
	for _, entry := range Merge(entries) {
		for _, member := range entry.members() {
			key.WriteString(member.key + member.value)
		}
		fmt.Fprintf(&key, " %d\n", entry.Count)
	}
	return key.String()
}
