package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint"
)

// placementsMarkdown writes the targets of deployments as Markdown, for a comment or a page. As in
// findingsMarkdown, all text of files and policies is in code spans.
func placementsMarkdown(w io.Writer, placements *lint.Placements, _ Options) error {
	var text strings.Builder
	tables := false
	for i := range placements.Deployments {
		p := &placements.Deployments[i]
		fmt.Fprintf(&text, "## %s\n\n", code(nameOf(p)))
		if node := p.Deployment.Location.Node; node != nil {
			fmt.Fprintf(&text, "%s  \n", code(locationOf(node.File(), node.Span())))
		}
		fmt.Fprintf(&text, "Known: %s", code(knownOf(p)))
		if unknown := unknownOf(p); unknown != "" {
			fmt.Fprintf(&text, "  \nUnknown: %s", code(unknown))
		}
		text.WriteString("\n\n")
		if remark := remarkOn(p); remark != "" {
			text.WriteString(remark + "\n\n")
		}
		if len(p.Options) == 0 {
			continue
		}
		tables = true
		text.WriteString("| | target | verdict | why |\n|---|---|---|---|\n")
		for _, option := range p.Options {
			mark := ""
			if option.Current {
				mark = " " + currentMark
			}
			why := make([]string, len(option.Violations))
			for j, violation := range option.Violations {
				why[j] = fmt.Sprintf("**%s** %s %s", violation.Severity, codeInTable(violation.Rule), codeInTable(violation.Message))
			}
			fmt.Fprintf(&text, "|%s | %s %s | %s | %s |\n", mark, codeInTable(option.Target), codeInTable(optionName(option, p.Edition)),
				verdictText(option.Verdict), strings.Join(why, "<br>"))
		}
		text.WriteString("\n")
	}
	text.WriteString(code(placementsSummary(placements)) + "\n")
	if tables {
		text.WriteString("\n" + placementsLegend + "\n")
	}
	_, err := io.WriteString(w, text.String())
	return err
}
