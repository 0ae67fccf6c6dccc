package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
)

// Explanation is a rule and its examples.
type Explanation struct {
	Rule     Rule
	Examples []ExamplePair
}

// ExamplePair is a file that violates a rule and one that does not.
type ExamplePair struct {
	Bad, Good policy.Example
}

// explanationText is for terminals: of the examples it shows one pair.
func explanationText(w io.Writer, explanation Explanation, _ Options) error {
	var text strings.Builder
	rule := explanation.Rule
	fmt.Fprintf(&text, "%s: %s", rule.ID, rule.InForce)
	if rule.InForce != rule.Severity {
		fmt.Fprintf(&text, " (%s by default)", rule.Severity)
	}
	fmt.Fprintf(&text, "\n%s\n\n%s\n\nRemedy: %s\n", oneLine(rule.Title), strings.TrimSpace(rule.Description), oneLine(rule.Remediation))
	if len(explanation.Examples) > 0 {
		pair := explanation.Examples[0]
		fmt.Fprintf(&text, "\nFailing example, %s:\n\n%s", pair.Bad.Name, indent(pair.Bad.Content))
		fmt.Fprintf(&text, "\nPassing example, %s:\n\n%s", pair.Good.Name, indent(pair.Good.Content))
	}
	if len(rule.Related) > 0 {
		text.WriteString("\nSee:\n")
	}
	for _, reference := range rule.Related {
		fmt.Fprintf(&text, "  %s\n  %s\n", reference.Description, reference.URL)
	}
	return writeLines(w, text.String())
}

// indent returns text with lines that are not empty indented by four cells, and a line end.
func indent(text string) string {
	var indented strings.Builder
	for line := range strings.Lines(strings.TrimRight(text, "\n") + "\n") {
		if line != "\n" {
			indented.WriteString("    ")
		}
		indented.WriteString(line)
	}
	return indented.String()
}
