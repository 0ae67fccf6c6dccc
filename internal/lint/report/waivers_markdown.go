package report

import (
	"fmt"
	"io"
	"strings"
)

// waiversMarkdown writes a table for a comment or a page. All text of files is in code spans, as in findingsMarkdown.
func waiversMarkdown(w io.Writer, waivers Waivers, _ Options) error {
	var text strings.Builder
	text.WriteString("| location | rules | until | owner | ticket | findings | reason |\n|---|---|---|---|---|---|---|\n")
	for _, waiver := range waivers.List {
		fmt.Fprintf(&text, "| %s | %s | %s | %s | %s | %d | %s |\n", codeInTable(locationOf(waiver.Text.File, waiver.Text.Span())),
			codeInTable(strings.Join(waiver.IDs(), ", ")), codeInTable(lastDay(waiver)), codeInTable(waiver.Owner), codeInTable(waiver.Ticket),
			waiver.Findings, codeInTable(waiver.Reason))
	}
	text.WriteString(paragraph(unevaluated(waivers.Incomplete)))
	return writeLines(w, text.String())
}
