package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/mlpolicy/mlpolicy/internal/lint"
)

// Differences are what another edition, configuration or policy would change.
type Differences struct {
	*lint.Comparison
	// To are the values of the command line that differ, such as edition=2024-01.
	To []string
	// Incomplete has the reasons why differences may be missing.
	Incomplete []error
}

// NewDifferences returns the differences of a comparison, with what could not be evaluated in either run.
func NewDifferences(comparison *lint.Comparison, to []string) Differences {
	d := Differences{Comparison: comparison, To: to}
	known := map[string]bool{}
	for _, err := range slices.Concat(comparison.Before.Errors, comparison.After.Errors) {
		if !known[err.Error()] {
			known[err.Error()] = true
			d.Incomplete = append(d.Incomplete, err)
		}
	}
	return d
}

// change is what happened to a finding.
type change string

const (
	isNew     change = "new"
	isFixed   change = "fixed"
	isChanged change = "changed"
)

func changeKinds() []change { return []change{isNew, isFixed, isChanged} }

func changeOf(d lint.Difference) change {
	switch {
	case d.Before == nil:
		return isNew
	case d.After == nil:
		return isFixed
	}
	return isChanged
}

// of returns the differences of a kind, of all rules for an empty rule.
func (d Differences) of(kind change, rule string) []lint.Difference {
	var list []lint.Difference
	for _, difference := range d.Differences {
		if changeOf(difference) == kind && (rule == "" || difference.Finding().Rule == rule) {
			list = append(list, difference)
		}
	}
	return list
}

// rules returns the rules of the differences, sorted.
func (d Differences) rules() []string {
	var rules []string
	for _, difference := range d.Differences {
		if rule := difference.Finding().Rule; !slices.Contains(rules, rule) {
			rules = append(rules, rule)
		}
	}
	return rules
}

// title names both runs.
func (d Differences) title() string {
	before, after := editions(d.Before.Editions), editions(d.After.Editions)
	to := slices.DeleteFunc(slices.Clone(d.To), func(text string) bool { return strings.HasPrefix(text, "edition=") })
	if after != before || len(to) == 0 {
		to = append([]string{after}, to...)
	}
	return "From " + before + " to " + strings.Join(to, ", ")
}

// summary counts the differences in one line.
func (d Differences) summary() string {
	var parts []string
	for _, kind := range changeKinds() {
		if n := len(d.of(kind, "")); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, kind))
		}
	}
	line := "no differences"
	if len(parts) > 0 {
		line = strings.Join(parts, ", ")
	}
	if d.Same > 0 {
		line += fmt.Sprintf(", %d unchanged", d.Same)
	}
	line += fmt.Sprintf(" in %s (%s)", count(d.After.Deployments, "deployment", "deployments"), count(d.After.Files, "file", "files"))
	if failing := d.failing(); failing > 0 {
		line += fmt.Sprintf("; %s fail that did not before", count(failing, "finding would", "findings would"))
	}
	if text := unevaluated(d.Incomplete); text != "" {
		line += "; " + text
	}
	return line + untargeted(d.After)
}

// failing counts the findings that make a run fail and did not before.
func (d Differences) failing() int {
	n := 0
	for _, difference := range d.Differences {
		if difference.Fails() {
			n++
		}
	}
	return n
}

// severityOf is the severity of a finding, with the former one.
func severityOf(d lint.Difference) string {
	severity := string(d.Finding().Severity)
	if changeOf(d) == isChanged && d.Before.Severity != d.After.Severity {
		severity += " (was " + string(d.Before.Severity) + ")"
	}
	return severity
}

// formerMessage is the message of a changed finding before the change, empty if it is the same.
func formerMessage(d lint.Difference) string {
	if changeOf(d) != isChanged || d.Before.Message == d.After.Message {
		return ""
	}
	return d.Before.Message
}

func differencesText(w io.Writer, d Differences, _ Options) error {
	var text strings.Builder
	text.WriteString(Printable(d.title()) + "\n")
	for _, kind := range changeKinds() {
		list := d.of(kind, "")
		if len(list) == 0 {
			continue
		}
		fmt.Fprintf(&text, "\n%s:\n", kind)
		for _, difference := range list {
			f := difference.Finding()
			location := locationOf(f.File, f.Span)
			if location != "" {
				location += ": "
			}
			fmt.Fprintf(&text, "  %s%s: %s [%s]\n", location, severityOf(difference), Printable(f.Message), Printable(f.Rule))
			if former := formerMessage(difference); former != "" {
				text.WriteString("    = was: " + Printable(former) + "\n")
			}
			if kind != isFixed && f.Remedy != "" {
				text.WriteString("    = help: " + Printable(f.Remedy) + "\n")
			}
		}
	}
	text.WriteString("\n")
	if len(d.Differences) > 0 {
		tabs := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
		fmt.Fprintln(tabs, "RULE\tNEW\tFIXED\tCHANGED")
		for _, rule := range d.rules() {
			fmt.Fprintf(tabs, "%s\t%d\t%d\t%d\n", Printable(rule), len(d.of(isNew, rule)), len(d.of(isFixed, rule)), len(d.of(isChanged, rule)))
		}
		tabs.Flush() // a strings.Builder has no errors
		text.WriteString("\n")
	}
	text.WriteString(d.summary() + "\n")
	return writeLines(w, text.String())
}
