package report

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// differencesMarkdown writes the number of differences by rule and a table of them, as much as fits a comment. All text
// of files is in code spans, as in findingsMarkdown.
func differencesMarkdown(w io.Writer, d Differences, _ Options) error {
	var text strings.Builder
	fmt.Fprintf(&text, "### %s\n\n%s\n", code(d.title()), code(d.summary()))
	for _, err := range d.Incomplete {
		text.WriteString("\n- **not evaluated** " + code(err.Error()))
	}
	if len(d.Incomplete) > 0 {
		text.WriteString("\n")
	}
	if len(d.Differences) > 0 {
		text.WriteString("\n| rule | new | fixed | changed |\n|---|---|---|---|\n")
		for _, rule := range d.rules() {
			fmt.Fprintf(&text, "| %s | %d | %d | %d |\n", codeInTable(rule), len(d.of(isNew, rule)), len(d.of(isFixed, rule)), len(d.of(isChanged, rule)))
		}
		text.WriteString("\n| change | rule | deployment | severity | location | message |\n|---|---|---|---|---|---|\n")
	}
	length, left := utf8.RuneCountInString(text.String()), len(d.Differences)
	for _, kind := range changeKinds() {
		for _, difference := range d.of(kind, "") {
			f := difference.Finding()
			message := codeInTable(f.Message)
			if former := formerMessage(difference); former != "" {
				message += "<br>was " + codeInTable(former)
			}
			row := fmt.Sprintf("| %s | %s | %s | %s | %s | %s |\n", kind, codeInTable(f.Rule), codeInTable(f.Deployment), severityOf(difference),
				codeInTable(locationOf(f.File, f.Span)), message)
			if length += utf8.RuneCountInString(row); length > maxMarkdown-markdownRest {
				fmt.Fprintf(&text, "\nand %d more, which do not fit here\n", left)
				return writeLines(w, text.String())
			}
			left--
			text.WriteString(row)
		}
	}
	return writeLines(w, text.String())
}
