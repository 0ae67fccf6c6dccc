package report

import (
	"io"
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
)

type jsonRule struct {
	ID              string          `json:"id"`
	Severity        facts.Severity  `json:"severity"`
	DefaultSeverity facts.Severity  `json:"default_severity"`
	InEdition       bool            `json:"in_edition"`
	Title           string          `json:"title"`
	Description     string          `json:"description"`
	Remediation     string          `json:"remediation"`
	Related         []jsonReference `json:"related"`
}

type jsonReference struct {
	Description string `json:"description"`
	URL         string `json:"url"`
}

func rulesJSON(w io.Writer, rules Rules, _ Options) error {
	list := make([]jsonRule, len(rules.List))
	for i, rule := range rules.List {
		list[i] = jsonRule{
			ID:              rule.ID,
			Severity:        rule.InForce,
			DefaultSeverity: rule.Severity,
			InEdition:       !slices.Contains(rules.Off, rule.ID),
			Title:           rule.Title,
			Description:     strings.TrimSpace(rule.Description),
			Remediation:     rule.Remediation,
			Related:         make([]jsonReference, len(rule.Related)),
		}
		for j, reference := range rule.Related {
			list[i].Related[j] = jsonReference(reference)
		}
	}
	return EncodeJSON(w, list)
}
