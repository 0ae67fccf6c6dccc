package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
)

// Comparison is a request for the changes between two editions.
type Comparison struct{ From, To policy.Edition }

// changes is what changed from one edition to another.
type changes struct {
	From    string         `json:"from"`
	To      string         `json:"to"`
	Columns listChange     `json:"columns"`
	Only    listChange     `json:"only"`
	Targets []targetChange `json:"targets"`
}

type listChange struct {
	Added   []string `json:"added"`
	Removed []string `json:"removed"`
}

type targetChange struct {
	Target string       `json:"target"`
	Change string       `json:"change"` // added, removed or changed
	Name   string       `json:"name"`
	Cells  []cellChange `json:"cells"` // for changed, in the order of the columns
}

type cellChange struct {
	Column string `json:"column"`
	From   any    `json:"from"`
	To     any    `json:"to"`
}

func (c Comparison) changes() changes {
	found := changes{
		From: c.From.ID, To: c.To.ID, Targets: []targetChange{},
		Columns: listChanges(c.From.Columns, c.To.Columns), Only: listChanges(c.From.Only, c.To.Only),
	}
	for _, target := range c.targets() {
		if change, changed := c.target(target); changed {
			found.Targets = append(found.Targets, change)
		}
	}
	return found
}

// targets returns the targets of facts, then those that only an edition has.
func (c Comparison) targets() []string {
	targets := facts.Target("").Values()
	for _, row := range slices.Concat(c.From.Rows, c.To.Rows) {
		if !slices.Contains(targets, row.Target) {
			targets = append(targets, row.Target)
		}
	}
	return targets
}

// target compares the rows of a target, its own or the merged ones.
func (c Comparison) target(target string) (change targetChange, changed bool) {
	before, was := c.From.Row(target)
	after, is := c.To.Row(target)
	change = targetChange{Target: target, Cells: []cellChange{}}
	switch {
	case was && is:
		change.Change, change.Name, change.Cells = "changed", after.Name, c.cells(before, after)
		return change, len(change.Cells) > 0
	case is:
		change.Change, change.Name = "added", after.Name
	case was:
		change.Change, change.Name = "removed", before.Name
	}
	return change, was || is
}

// cells compares two rows in the columns that both editions have.
func (c Comparison) cells(before, after policy.Row) []cellChange {
	found := []cellChange{}
	for _, column := range c.From.Columns {
		if slices.Contains(c.To.Columns, column) && cell(before.Cells[column]) != cell(after.Cells[column]) {
			found = append(found, cellChange{column, before.Cells[column], after.Cells[column]})
		}
	}
	return found
}

func listChanges(from, to []string) listChange {
	without := func(list, other []string) []string {
		return emptied(slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(other, s) }))
	}
	return listChange{Added: without(to, from), Removed: without(from, to)}
}

func comparisonJSON(w io.Writer, comparison Comparison, _ Options) error {
	return EncodeJSON(w, comparison.changes())
}

func comparisonText(w io.Writer, comparison Comparison, _ Options) error {
	var text strings.Builder
	changes := comparison.changes()
	fmt.Fprintf(&text, "From %s to %s\n", changes.From, changes.To)
	remarks := changes.remarks()
	if len(remarks)+len(changes.Targets) == 0 {
		fmt.Fprintln(&text, "Nothing changed.")
	}
	for _, remark := range remarks {
		fmt.Fprintln(&text, remark)
	}
	for _, change := range changes.Targets {
		fmt.Fprintf(&text, "\n%s: %s (%s)\n", change.Target, change.Change, change.Name)
		wide := 0
		for _, cell := range change.Cells {
			wide = max(wide, len(columnTitle(cell.Column)))
		}
		for _, c := range change.Cells {
			fmt.Fprintf(&text, "  %s  %s -> %s\n", pad(columnTitle(c.Column), wide), orNothing(cell(c.From)), orNothing(cell(c.To)))
		}
	}
	return writeLines(w, text.String())
}

// remarks lists the changes outside rows, one per line.
func (c changes) remarks() []string {
	var remarks []string
	add := func(what string, names []string) {
		if len(names) > 0 {
			remarks = append(remarks, what+": "+strings.Join(names, ", "))
		}
	}
	add("columns added", c.Columns.Added)
	add("columns removed", c.Columns.Removed)
	add("says \"only\" now of", c.Only.Added)
	add("no longer says \"only\" of", c.Only.Removed)
	return remarks
}

func orNothing(cell string) string {
	if cell == "" {
		return "nothing"
	}
	return cell
}
