package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint"
)

// placementsMarkdown writes the targets of deployments as Markdown, for a comment or a page.
func placementsMarkdown(w io.Writer, placements *lint.Placements, _ Options) error {
	var text strings.Builder
	tables := false
	for i := range placements.Deployments {
		p := &placements.Deployments[i]
		fmt.Fprintf(&text, "## %s\n\n", markdown(nameOf(p)))
		if node := p.Deployment.Location.Node; node != nil {
			fmt.Fprintf(&text, "%s  \n", markdown(locationOf(node.File(), node.Span())))
		}
		fmt.Fprintf(&text, "Known: %s.", markdown(knownOf(p)))
		if unknown := unknownOf(p); unknown != "" {
			fmt.Fprintf(&text, "  \nUnknown: %s.", markdown(unknown))
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
				why[j] = fmt.Sprintf("%s **%s**: %s", violation.Severity, markdown(violation.Rule), markdown(violation.Message))
			}
			fmt.Fprintf(&text, "|%s | %s: %s | %s | %s |\n", mark, markdown(option.Target), markdown(optionName(option, p.Edition)),
				verdictText(option.Verdict), strings.Join(why, "<br>"))
		}
		text.WriteString("\n")
	}
	text.WriteString(markdown(placementsSummary(placements)) + "\n")
	if tables {
		text.WriteString("\n" + placementsLegend + "\n")
	}
	_, err := io.WriteString(w, text.String())
	return err
}

// markdown escapes text of users and rules that would otherwise be markup.
func markdown(text string) string {
	var escaped strings.Builder
	for _, r := range Printable(text) {
		if strings.ContainsRune("\\`*_<>[]|~&#", r) {
			escaped.WriteByte('\\')
		}
		escaped.WriteRune(r)
	}
	return escaped.String()
}
