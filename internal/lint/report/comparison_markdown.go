package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

func comparisonMarkdown(w io.Writer, comparison Comparison, _ Options) error {
	var text strings.Builder
	comparison.changes().markdown(&text)
	return writeLines(w, text.String())
}

func (c changes) markdown(w *strings.Builder) {
	fmt.Fprintf(w, "# From %s to %s\n\n", c.From, c.To)
	remarks := c.remarks()
	if len(remarks)+len(c.Targets) == 0 {
		fmt.Fprintln(w, "Nothing changed.")
		return
	}
	for _, remark := range remarks {
		fmt.Fprintf(w, "- %s\n", remark)
	}
	if len(c.Targets) == 0 {
		return
	}
	if len(remarks) > 0 {
		fmt.Fprintln(w)
	}
	markdownRow(w, []string{"target", "column", c.From, c.To})
	markdownRow(w, slices.Repeat([]string{"---"}, 4))
	for _, change := range c.Targets {
		target := "`" + change.Target + "`"
		switch change.Change {
		case "added":
			markdownRow(w, []string{target, "", "", change.Name})
		case "removed":
			markdownRow(w, []string{target, "", change.Name, ""})
		}
		for _, each := range change.Cells {
			markdownRow(w, []string{target, columnTitle(each.Column), cell(each.From), cell(each.To)})
		}
	}
}
