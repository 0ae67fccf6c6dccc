package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
)

// editionMarkdown writes the table with a line for each target.
func editionMarkdown(w io.Writer, edition policy.Edition, _ Options) error {
	var text strings.Builder
	fmt.Fprintf(&text, "# %s\n\nEdition `%s`, text of %s. Source: %s.\n\n", edition.Title, edition.ID, edition.Date, edition.Source)
	header := []string{"target", "name"}
	for _, column := range edition.Columns {
		header = append(header, columnTitle(column))
	}
	markdownRow(&text, append(header, "note"))
	markdownRow(&text, slices.Repeat([]string{"---"}, len(header)+1))
	for _, row := range edition.Rows {
		cells := []string{"`" + row.Target + "`", row.Name}
		for _, column := range edition.Columns {
			cells = append(cells, cell(row.Cells[column]))
		}
		markdownRow(&text, append(cells, oneLine(row.Note)))
	}
	if len(edition.RowsFor) > 0 {
		fmt.Fprintln(&text)
		for _, target := range slices.Sorted(maps.Keys(edition.RowsFor)) {
			fmt.Fprintf(&text, "- `%s` has the row of `%s`.\n", target, edition.RowsFor[target])
		}
	}
	editionRemarks(&text, edition)
	return writeLines(w, text.String())
}

func markdownRow(w *strings.Builder, cells []string) {
	w.WriteByte('|')
	for _, cell := range cells {
		fmt.Fprintf(w, " %s |", strings.ReplaceAll(cell, "|", `\|`))
	}
	w.WriteByte('\n')
}
