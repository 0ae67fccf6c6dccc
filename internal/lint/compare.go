package lint

import (
	"cmp"
	"context"
	"io/fs"
	"iter"
	"math"
	"regexp"
	"slices"
)

// Comparison has the results of two runs over the same inputs, and the differences between their findings.
type Comparison struct {
	Before, After *Result
	// Differences are sorted by rule, file, position and message.
	Differences []Difference
	// Same counts the findings that do not differ.
	Same int
}

// Difference is a new finding, one that is fixed, or one that changed.
type Difference struct {
	Before *Finding // nil for a new one
	After  *Finding // nil for a fixed one
}

// Finding returns the finding, as it is after the change if there is one then.
func (d Difference) Finding() *Finding { return cmp.Or(d.After, d.Before) }

// Fails reports whether the finding makes a run fail, and did not before.
func (d Difference) Fails() bool {
	return d.After != nil && d.After.Fails && (d.Before == nil || !d.Before.Fails)
}

// Fails reports whether a difference does.
func (c *Comparison) Fails() bool { return slices.ContainsFunc(c.Differences, Difference.Fails) }

// Compare evaluates the inputs by l and by another Linter. Inputs are read once, and so are the facts if sameFacts says
// that both have the same configuration except for the edition. The error is that of the context.
func (l *Linter) Compare(ctx context.Context, fsys fs.FS, inputs iter.Seq[Input], to *Linter, sameFacts bool) (*Comparison, error) {
	off := func(file string) bool { return l.isOff(file) && to.isOff(file) }
	all := readAll(ctx, inputs, l.parser(fsys, off), math.MaxInt64, nil)
	read := l.usable(all)
	extraction, err := l.extract(ctx, fsys, read, l.extractOptions(read))
	if err != nil {
		return nil, err
	}
	c := &Comparison{}
	if c.Before, err = l.evaluate(ctx, fsys, read, extraction); err != nil {
		return nil, err
	}
	read = to.usable(all)
	if !sameFacts {
		if extraction, err = to.extract(ctx, fsys, read, to.extractOptions(read)); err != nil {
			return nil, err
		}
	}
	if c.After, err = to.evaluate(ctx, fsys, read, extraction); err != nil {
		return nil, err
	}
	c.compare()
	return c, nil
}

// compare pairs the findings of both results: those with the same identity, then those that differ in the value, then
// those of the same rule about the same deployment.
func (c *Comparison) compare() {
	before, after := pointers(c.Before.Findings), pointers(c.After.Findings)
	for _, reduce := range []func(Identity) Identity{
		func(id Identity) Identity { return id },
		func(id Identity) Identity { id.Value = ""; return id },
		func(id Identity) Identity { id.Value, id.Field = "", ""; return id },
	} {
		waiting := map[Identity][]*Finding{}
		for _, finding := range before {
			id := reduce(c.Before.Identity(finding))
			waiting[id] = append(waiting[id], finding)
		}
		paired := map[*Finding]bool{}
		for _, finding := range after {
			id := reduce(c.After.Identity(finding))
			if len(waiting[id]) == 0 {
				continue
			}
			former := waiting[id][0]
			waiting[id] = waiting[id][1:]
			paired[former], paired[finding] = true, true
			if former.differs(finding) {
				c.Differences = append(c.Differences, Difference{former, finding})
			} else {
				c.Same++
			}
		}
		isPaired := func(finding *Finding) bool { return paired[finding] }
		before, after = slices.DeleteFunc(before, isPaired), slices.DeleteFunc(after, isPaired)
	}
	for _, finding := range before {
		c.Differences = append(c.Differences, Difference{Before: finding})
	}
	for _, finding := range after {
		c.Differences = append(c.Differences, Difference{After: finding})
	}
	slices.SortStableFunc(c.Differences, func(a, b Difference) int {
		return cmp.Or(cmp.Compare(a.Finding().Rule, b.Finding().Rule), compare(*a.Finding(), *b.Finding()))
	})
}

func pointers(findings []Finding) []*Finding {
	all := make([]*Finding, len(findings))
	for i := range findings {
		all[i] = &findings[i]
	}
	return all
}

// differs reports whether a finding has another severity, value or number in its message than before, or fails a run
// and did not, or the reverse. Ids of editions are not numbers.
func (f *Finding) differs(after *Finding) bool {
	return f.Severity != after.Severity || f.Fails != after.Fails || f.value() != after.value() || !slices.Equal(numbersIn(f.Message), numbersIn(after.Message))
}

// editionOrNumber matches the id of an edition, or a number.
var editionOrNumber = regexp.MustCompile(`\b\d{4}-\d{2}\b|\d+(?:\.\d+)?`)

func numbersIn(message string) []string {
	return slices.DeleteFunc(editionOrNumber.FindAllString(message, -1), func(text string) bool { return len(text) == len("2006-01") && text[4] == '-' })
}
