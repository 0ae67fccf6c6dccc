package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
)

// editionText writes the table with targets side by side, as many as fit into the width.
func editionText(w io.Writer, edition policy.Edition, options Options) error {
	var text strings.Builder
	editionTable(&text, edition, options.width())
	return writeLines(w, text.String())
}

func editionTable(w *strings.Builder, edition policy.Edition, width int) {
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
		wide := rowWidth(edition, row)
		if len(block) > 0 && used+2+wide > width {
			editionBlock(w, edition, labels, first, block)
			block, used = nil, first
		}
		block, used = append(block, row), used+2+wide
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

// editionRemarks writes the content of an edition outside its rows, the same in text and Markdown.
func editionRemarks(w *strings.Builder, edition policy.Edition) {
	if len(edition.Only) > 0 {
		fmt.Fprintf(w, "\nSupported only on targets that list it: %s.\n", strings.Join(edition.Only, ", "))
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

func columnTitle(column string) string { return strings.ReplaceAll(column, "_", " ") }

// cell returns the text of a cell of the table. A number's unit is the end of its key.
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
		// Selectors come before limits.
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

// bytesText returns a number of bytes in the largest unit of which it is a whole number.
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

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
