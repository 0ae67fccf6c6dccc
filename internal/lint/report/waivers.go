package report

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/mlpolicy/mlpolicy/internal/lint"
)

// Waivers are the waivers of a run.
type Waivers struct {
	List []*lint.Waiver // by file and position
	// Incomplete has the reasons why waivers may be missing.
	Incomplete []error
}

func waiversText(w io.Writer, waivers Waivers, _ Options) error {
	if len(waivers.List) == 0 {
		return writeLines(w, none("no waivers", waivers.Incomplete)+"\n")
	}
	var text strings.Builder
	tabs := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tabs, "LOCATION\tRULES\tUNTIL\tOWNER\tTICKET\tFINDINGS\tREASON")
	for _, waiver := range waivers.List {
		fmt.Fprintf(tabs, "%s\t%s\t%s\t%s\t%s\t%d\t%s\n", locationOf(waiver.Text.File, waiver.Text.Span()), dashed(strings.Join(waiver.IDs(), ",")),
			dashed(lastDay(waiver)), dashed(waiver.Owner), dashed(waiver.Ticket), waiver.Findings, Printable(waiver.Reason))
	}
	tabs.Flush() // a strings.Builder has no errors
	text.WriteString(paragraph(unevaluated(waivers.Incomplete)))
	return writeLines(w, text.String())
}

// lastDay is until of a waiver, and whether it is over.
func lastDay(waiver *lint.Waiver) string {
	if waiver.Expired {
		return waiver.Until.String() + " (expired)"
	}
	return waiver.Until.String()
}

// dashed is a text in a column, a dash if it is empty.
func dashed(text string) string {
	if text == "" {
		return "-"
	}
	return Printable(text)
}
