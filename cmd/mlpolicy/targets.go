package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
)

const diffFlag = "diff"

func (p *program) targetsCommand() *cli.Command {
	return &cli.Command{
		Name:      "targets",
		Usage:     "print the table of compute targets",
		UsageText: "mlpolicy targets [FLAGS]\n  mlpolicy targets --diff EDITION EDITION",
		Description: `Print the table of compute targets, one dated edition of it: what each target is used for and
what its limits are. With --diff print what changed between two editions.`,
		Flags: slices.Concat([]cli.Flag{
			choice(formatFlag, "print as `FORMAT`: text, markdown or json", "text", []string{"text", "markdown", "json"}),
			&cli.StringFlag{Name: editionFlag, Usage: "print the `EDITION`, not the one in force"},
			&cli.BoolFlag{Name: diffFlag, Usage: "print what changed from one edition to another", DisableDefaultText: true},
		}, configFlags()),
		Action: p.targets,
	}
}

func (p *program) targets(c *cli.Context) error {
	names := c.Args().Slice()
	if !c.Bool(diffFlag) {
		if err := noArguments(c); err != nil {
			return err
		}
	} else if len(names) != 2 {
		return usagef("--%s needs two editions", diffFlag).seeHelp(c.Command.Name)
	}
	session, err := p.session(c)
	if err != nil {
		return err
	}
	if !c.Bool(diffFlag) {
		edition, _ := session.policies.Edition(session.configuration.Edition.Value)
		return p.writeEdition(c.String(formatFlag), edition)
	}
	var editions [2]policy.Edition
	for i, name := range names {
		current, notice := session.policies.Current(name)
		edition, ok := session.policies.Edition(current)
		if !ok {
			return usagef("%s", config.UnknownEdition(name, session.policies.EditionIDs()))
		}
		if notice != "" {
			p.complain(notice)
		}
		editions[i] = edition
	}
	return p.writeDiff(c.String(formatFlag), compareEditions(editions[0], editions[1]))
}

func (p *program) writeEdition(format string, edition policy.Edition) error {
	var text strings.Builder
	switch format {
	case "json":
		return p.json(jsonEditionOf(edition))
	case "markdown":
		editionMarkdown(&text, edition)
	default:
		columns := width(p.stdout)
		if columns == 0 {
			columns = 100
		}
		editionText(&text, edition, columns)
	}
	return p.print(text.String())
}

// editionText writes the table with targets side by side, as many as fit into width.
func editionText(w *strings.Builder, edition policy.Edition, width int) {
	fmt.Fprintf(w, "%s (edition %s, text of %s)\n", edition.Title, edition.ID, edition.Date)
	fmt.Fprintf(w, "Source: %s\n", edition.Source)

	labels := make([]string, len(edition.Columns))
	first := 0
	for i, column := range edition.Columns {
		labels[i] = columnTitle(column)
		first = max(first, utf8.RuneCountInString(labels[i]))
	}
	var block []policy.Row
	used := first
	for _, row := range edition.Rows {
		if wide := rowWidth(edition, row); len(block) > 0 && used+2+wide > width {
			editionBlock(w, edition, labels, first, block)
			block, used = nil, first
		}
		block, used = append(block, row), used+2+rowWidth(edition, row)
	}
	editionBlock(w, edition, labels, first, block)

	fmt.Fprintln(w)
	for _, row := range edition.Rows {
		fmt.Fprintf(w, "%s: %s\n", row.Target, rowRemark(row))
	}
	for _, target := range slices.Sorted(maps.Keys(edition.RowsFor)) {
		fmt.Fprintf(w, "%s: see %s\n", target, edition.RowsFor[target])
	}
	editionRemarks(w, edition)
}

// editionRemarks writes, as text and as Markdown alike, what an edition says beside its rows.
func editionRemarks(w *strings.Builder, edition policy.Edition) {
	if len(edition.Only) > 0 {
		fmt.Fprintf(w, "\nOnly where a target says so: %s.\n", strings.Join(edition.Only, ", "))
	}
	if len(edition.Notes) > 0 {
		fmt.Fprintln(w)
	}
	for _, note := range edition.Notes {
		fmt.Fprintf(w, "- %s\n", oneLine(note))
	}
}

func editionBlock(w *strings.Builder, edition policy.Edition, labels []string, first int, rows []policy.Row) {
	fmt.Fprintln(w)
	line := func(label string, cell func(policy.Row) string) {
		var text strings.Builder
		text.WriteString(pad(label, first))
		for _, row := range rows {
			text.WriteString("  " + pad(cell(row), rowWidth(edition, row)))
		}
		fmt.Fprintln(w, strings.TrimRight(text.String(), " "))
	}
	line("", func(row policy.Row) string { return row.Target })
	for i, column := range edition.Columns {
		line(labels[i], func(row policy.Row) string { return cell(row.Cells[column]) })
	}
}

func rowWidth(edition policy.Edition, row policy.Row) int {
	wide := utf8.RuneCountInString(row.Target)
	for _, column := range edition.Columns {
		wide = max(wide, utf8.RuneCountInString(cell(row.Cells[column])))
	}
	return wide
}

func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(text)))
}

func rowRemark(row policy.Row) string {
	if row.Note == "" {
		return row.Name
	}
	return row.Name + ", " + oneLine(row.Note)
}

func editionMarkdown(w *strings.Builder, edition policy.Edition) {
	fmt.Fprintf(w, "# %s\n\nEdition `%s`, text of %s. Source: %s.\n\n", edition.Title, edition.ID, edition.Date, edition.Source)
	header := []string{"target", "name"}
	for _, column := range edition.Columns {
		header = append(header, columnTitle(column))
	}
	markdownRow(w, append(header, "note"))
	markdownRow(w, slices.Repeat([]string{"---"}, len(header)+1))
	for _, row := range edition.Rows {
		cells := []string{"`" + row.Target + "`", row.Name}
		for _, column := range edition.Columns {
			cells = append(cells, cell(row.Cells[column]))
		}
		markdownRow(w, append(cells, oneLine(row.Note)))
	}
	if len(edition.RowsFor) > 0 {
		fmt.Fprintln(w)
		for _, target := range slices.Sorted(maps.Keys(edition.RowsFor)) {
			fmt.Fprintf(w, "- `%s` has the row of `%s`.\n", target, edition.RowsFor[target])
		}
	}
	editionRemarks(w, edition)
}

func markdownRow(w *strings.Builder, cells []string) {
	w.WriteByte('|')
	for _, cell := range cells {
		fmt.Fprintf(w, " %s |", strings.ReplaceAll(cell, "|", `\|`))
	}
	w.WriteByte('\n')
}

type jsonEdition struct {
	Edition string            `json:"edition"`
	Title   string            `json:"title"`
	Date    string            `json:"date"`
	Source  string            `json:"source"`
	Columns []string          `json:"columns"`
	Only    []string          `json:"only"`
	RowsFor map[string]string `json:"rows_for"`
	Notes   []string          `json:"notes"`
	Targets []jsonRow         `json:"targets"`
}

type jsonRow struct {
	Target string         `json:"target"`
	Name   string         `json:"name"`
	Note   string         `json:"note"`
	Cells  map[string]any `json:"cells"`
}

func jsonEditionOf(edition policy.Edition) jsonEdition {
	document := jsonEdition{
		Edition: edition.ID, Title: edition.Title, Date: edition.Date, Source: edition.Source,
		Columns: emptied(edition.Columns), Only: emptied(edition.Only), Notes: emptied(edition.Notes),
		RowsFor: edition.RowsFor, Targets: make([]jsonRow, len(edition.Rows)),
	}
	if document.RowsFor == nil {
		document.RowsFor = map[string]string{}
	}
	for i, row := range edition.Rows {
		document.Targets[i] = jsonRow(row)
	}
	return document
}

// emptied makes an array of what would be null.
func emptied[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// editionDiff is what changed from one edition to another.
type editionDiff struct {
	From    string         `json:"from"`
	To      string         `json:"to"`
	Columns listDiff       `json:"columns"`
	Only    listDiff       `json:"only"`
	Targets []targetChange `json:"targets"`
}

type listDiff struct {
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

// compareEditions compares the row of each target, its own or the one that stands for
// it, in the columns that both editions have.
func compareEditions(from, to policy.Edition) editionDiff {
	diff := editionDiff{
		From: from.ID, To: to.ID, Targets: []targetChange{},
		Columns: compareLists(from.Columns, to.Columns), Only: compareLists(from.Only, to.Only),
	}
	targets := facts.Target("").Values()
	for _, edition := range []policy.Edition{from, to} {
		for _, row := range edition.Rows {
			if !slices.Contains(targets, row.Target) {
				targets = append(targets, row.Target)
			}
		}
	}
	for _, target := range targets {
		before, was := from.Row(target)
		after, is := to.Row(target)
		change := targetChange{Target: target, Cells: []cellChange{}}
		switch {
		case !was && !is:
			continue
		case !was:
			change.Change, change.Name = "added", after.Name
		case !is:
			change.Change, change.Name = "removed", before.Name
		default:
			change.Change, change.Name = "changed", after.Name
			for _, column := range from.Columns {
				if slices.Contains(to.Columns, column) && cell(before.Cells[column]) != cell(after.Cells[column]) {
					change.Cells = append(change.Cells, cellChange{column, before.Cells[column], after.Cells[column]})
				}
			}
			if len(change.Cells) == 0 {
				continue
			}
		}
		diff.Targets = append(diff.Targets, change)
	}
	return diff
}

func compareLists(from, to []string) listDiff {
	without := func(list, other []string) []string {
		return emptied(slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(other, s) }))
	}
	return listDiff{Added: without(to, from), Removed: without(from, to)}
}

func (p *program) writeDiff(format string, diff editionDiff) error {
	var text strings.Builder
	switch format {
	case "json":
		return p.json(diff)
	case "markdown":
		diffMarkdown(&text, diff)
	default:
		diffText(&text, diff)
	}
	return p.print(text.String())
}

func diffText(w *strings.Builder, diff editionDiff) {
	fmt.Fprintf(w, "From %s to %s\n", diff.From, diff.To)
	remarks := diffRemarks(diff)
	if len(remarks)+len(diff.Targets) == 0 {
		fmt.Fprintln(w, "Nothing changed.")
	}
	for _, remark := range remarks {
		fmt.Fprintln(w, remark)
	}
	for _, change := range diff.Targets {
		fmt.Fprintf(w, "\n%s: %s (%s)\n", change.Target, change.Change, change.Name)
		wide := 0
		for _, cell := range change.Cells {
			wide = max(wide, len(columnTitle(cell.Column)))
		}
		for _, c := range change.Cells {
			fmt.Fprintf(w, "  %s  %s -> %s\n", pad(columnTitle(c.Column), wide), orNothing(cell(c.From)), orNothing(cell(c.To)))
		}
	}
}

func diffMarkdown(w *strings.Builder, diff editionDiff) {
	fmt.Fprintf(w, "# From %s to %s\n\n", diff.From, diff.To)
	remarks := diffRemarks(diff)
	if len(remarks)+len(diff.Targets) == 0 {
		fmt.Fprintln(w, "Nothing changed.")
		return
	}
	for _, remark := range remarks {
		fmt.Fprintf(w, "- %s\n", remark)
	}
	if len(diff.Targets) == 0 {
		return
	}
	if len(remarks) > 0 {
		fmt.Fprintln(w)
	}
	markdownRow(w, []string{"target", "column", diff.From, diff.To})
	markdownRow(w, slices.Repeat([]string{"---"}, 4))
	for _, change := range diff.Targets {
		target := "`" + change.Target + "`"
		switch change.Change {
		case "added":
			markdownRow(w, []string{target, "", "", change.Name})
		case "removed":
			markdownRow(w, []string{target, "", change.Name, ""})
		}
		for _, c := range change.Cells {
			markdownRow(w, []string{target, columnTitle(c.Column), cell(c.From), cell(c.To)})
		}
	}
}

func diffRemarks(diff editionDiff) []string {
	var remarks []string
	add := func(what string, names []string) {
		if len(names) > 0 {
			remarks = append(remarks, what+": "+strings.Join(names, ", "))
		}
	}
	add("columns added", diff.Columns.Added)
	add("columns removed", diff.Columns.Removed)
	add("says \"only\" now of", diff.Only.Added)
	add("no longer says \"only\" of", diff.Only.Removed)
	return remarks
}

func orNothing(cell string) string {
	if cell == "" {
		return "nothing"
	}
	return cell
}

func columnTitle(column string) string { return strings.ReplaceAll(column, "_", " ") }

// cell writes a cell of the table for people. A number's unit is the end of its key.
func cell(value any) string {
	switch value := value.(type) {
	case nil:
		return ""
	case bool:
		if value {
			return "yes"
		}
		return "no"
	case []any:
		items := make([]string, len(value))
		for i, item := range value {
			items[i] = cell(item)
		}
		return strings.Join(items, ", ")
	case map[string]any:
		if v1, split := value[string(facts.V1)]; split {
			return fmt.Sprintf("v1: %s; v2: %s", cell(v1), cell(value[string(facts.V2)]))
		}
		// What selects comes before what limits.
		keys := slices.SortedFunc(maps.Keys(value), func(a, b string) int { return strings.Compare(b, a) })
		items := make([]string, len(keys))
		for i, key := range keys {
			title, number := key, cell(value[key])
			if name, ok := strings.CutSuffix(key, "_gib"); ok {
				title, number = name, number+" GiB"
			} else if name, ok := strings.CutSuffix(key, "_bytes"); ok {
				title, number = name, bytesText(value[key])
			}
			items[i] = columnTitle(title) + " " + number
		}
		return strings.Join(items, ", ")
	case float64:
		return strconv.FormatFloat(value, 'f', -1, 64)
	}
	return fmt.Sprint(value)
}

// bytesText writes a number of bytes in the largest unit that it is a whole number of.
func bytesText(value any) string {
	number, err := strconv.ParseInt(cell(value), 10, 64)
	if err != nil {
		return cell(value) + " bytes"
	}
	for _, unit := range []struct {
		name  string
		bytes int64
	}{{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"KB", 1e3}} {
		if number >= unit.bytes && number%unit.bytes == 0 {
			return fmt.Sprintf("%d %s", number/unit.bytes, unit.name)
		}
	}
	return fmt.Sprintf("%d bytes", number)
}
