package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
)

// Rules are the rules of a run.
type Rules struct {
	Edition string
	List    []Rule // sorted by ID
	// Off are the IDs of rules whose statement the edition does not make.
	Off []string
}

// Rule is a rule under a configuration.
type Rule struct {
	policy.Rule
	// InForce is the severity that the configuration sets, else the rule's own.
	InForce facts.Severity
}

func rulesText(w io.Writer, rules Rules, _ Options) error {
	var text strings.Builder
	tabs := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tabs, "RULE\tSEVERITY\tTITLE")
	for _, rule := range rules.List {
		severity := string(rule.InForce)
		if slices.Contains(rules.Off, rule.ID) {
			severity = "not in " + rules.Edition
		}
		fmt.Fprintf(tabs, "%s\t%s\t%s\n", rule.ID, severity, oneLine(rule.Title))
	}
	tabs.Flush() // a strings.Builder has no errors
	return writeLines(w, text.String())
}
