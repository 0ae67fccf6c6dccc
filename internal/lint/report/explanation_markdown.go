package report

import (
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
)

// explanationMarkdown is for the documentation: it shows every example.
func explanationMarkdown(w io.Writer, explanation Explanation, _ Options) error {
	var text strings.Builder
	rule := explanation.Rule
	fmt.Fprintf(&text, "# %s\n\n%s. Severity: %s.\n\n%s\n\n**Remedy:** %s\n", rule.ID, oneLine(rule.Title), rule.Severity,
		strings.TrimSpace(rule.Description), oneLine(rule.Remediation))
	for _, reference := range rule.Related {
		fmt.Fprintf(&text, "\nSee [%s](%s).\n", reference.Description, reference.URL)
	}
	for _, pair := range explanation.Examples {
		fmt.Fprintf(&text, "\n## %s\n", pair.Bad.Case())
		exampleMarkdown(&text, "Refused", pair.Bad)
		exampleMarkdown(&text, "Accepted", pair.Good)
	}
	return writeLines(w, text.String())
}

func exampleMarkdown(w io.Writer, verdict string, example policy.Example) {
	language := strings.TrimPrefix(path.Ext(example.Name), ".")
	fmt.Fprintf(w, "\n%s:\n\n```%s\n%s\n```\n", verdict, language, strings.TrimRight(example.Content, "\n"))
}
