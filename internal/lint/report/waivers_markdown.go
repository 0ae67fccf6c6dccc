package report

import (
	"fmt"
	"io"
	"strings"
)

// waiversMarkdown is a table for a comment or a page.
func waiversMarkdown(w io.Writer, waivers Waivers, _ Options) error {
	var text strings.Builder
	text.WriteString("| location | rules | until | owner | ticket | findings | reason |\n|---|---|---|---|---|---|---|\n")
	for _, waiver := range waivers {
		fmt.Fprintf(&text, "| %s | %s | %s | %s | %s | %d | %s |\n", markdown(locationOf(waiver.Text.File, waiver.Text.Span())),
			markdown(strings.Join(waiver.IDs(), ", ")), markdown(lastDay(waiver)), markdown(waiver.Owner), markdown(waiver.Ticket),
			waiver.Findings, markdown(waiver.Reason))
	}
	return writeLines(w, text.String())
}
