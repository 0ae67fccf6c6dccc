package report

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Findings are the result of a run.
type Findings struct {
	*lint.Result
	// Incomplete has the reasons why the run is incomplete: the Errors of the result and unmet
	// requirements of the command line.
	Incomplete []error
	// Category tells runs apart that a host would take for one, such as those of two pipelines; it may be empty.
	Category string
	// Version is the program's.
	Version string
	// Rules are those of the run, sorted by ID.
	Rules []Explanation
	// ShowWaived asks for the waived findings too, marked as such. Formats that cannot mark them leave them out.
	ShowWaived bool
	// ShowBaselined asks for the findings in baselines too, likewise.
	ShowBaselined bool
	// ShowSuggestions asks for the suggestions in text. Other formats that can have them always do.
	ShowSuggestions bool
}

// shown returns the result with the findings to write, for a format that can mark those that are waived or in a
// baseline.
func (f Findings) shown() *lint.Result {
	result := f.Result
	if f.ShowWaived {
		result = result.WithWaived()
	}
	if f.ShowBaselined {
		result = result.WithBaselined()
	}
	return result
}

// excepted returns why a finding does not count: waived or in a baseline; empty for one that does.
func excepted(f *lint.Finding) string {
	switch {
	case f.Waived != nil:
		return "waived"
	case f.Baselined != nil:
		return "in the baseline"
	}
	return ""
}

// groupKey is what findings of a group have in common.
type groupKey struct{ rule, target, remedy, edition string }

// groupOf returns the group of a finding that is written together with others. The rules that are
// grouped report the same for each deployment on a target.
func groupOf(f *lint.Finding) (key groupKey, grouped bool) {
	if excepted(f) != "" || f.Rule != "unlisted-target" && f.Rule != "preview-target" || f.Target == "" {
		return groupKey{}, false
	}
	return groupKey{f.Rule, f.Target, f.Remedy, f.Edition}, true
}

// maxLocations is how many locations of a group are printed.
const maxLocations = 5

// findingsText writes findings as text, each with its source line, and a summary.
func findingsText(w io.Writer, findings Findings, options Options) error {
	result := findings.shown()
	t := newText(w, options)
	t.editions = len(result.Editions) > 1
	groups := map[groupKey][]*lint.Finding{}
	t.suggesting = findings.ShowSuggestions
	for i := range result.Findings {
		if key, ok := groupOf(&result.Findings[i]); ok && !t.suggesting {
			groups[key] = append(groups[key], &result.Findings[i])
		}
	}
	var order []groupKey
	for i := range result.Findings {
		finding := &result.Findings[i]
		key, _ := groupOf(finding)
		switch group := groups[key]; {
		case len(group) < 2:
			t.finding(finding)
		case group[0] == finding:
			order = append(order, key)
		}
	}
	for _, key := range order {
		t.group(groups[key])
	}
	t.summary(result)
	return t.w.Flush()
}

func newText(w io.Writer, options Options) *text {
	t := &text{w: bufio.NewWriter(w), width: options.width()}
	if options.Color {
		t.style = ansi
	}
	return t
}

type text struct {
	w        *bufio.Writer
	width    int // in cells
	style    style
	editions bool // findings are by several editions

	suggesting bool // with the suggestions of findings
}

// style has the escape sequences before text of a role; the zero style has no colours.
type style struct {
	location, gutter, label, rule, allowed, reset string
	severities                                    func(lint.Severity) string
}

var ansi = style{
	location: "\x1b[1m", gutter: "\x1b[1;34m", label: "\x1b[1m", rule: "\x1b[2m", allowed: "\x1b[1;32m", reset: "\x1b[0m",
	severities: func(severity lint.Severity) string {
		switch severity {
		case lint.Error:
			return "\x1b[1;31m"
		case lint.Warning:
			return "\x1b[1;33m"
		}
		return "\x1b[1;36m"
	},
}

func (s style) severity(severity lint.Severity) string {
	if s.severities == nil {
		return ""
	}
	return s.severities(severity)
}

// paint surrounds text by a style of s.
func (s style) paint(with, text string) string {
	if with == "" || text == "" {
		return text
	}
	return with + text + s.reset
}

func (t *text) line(parts ...string) {
	for _, part := range parts {
		t.w.WriteString(part) // Flush returns the first error
	}
	t.w.WriteByte('\n') // as above
}

func (t *text) finding(f *lint.Finding) {
	t.headline(f, f.Message)
	gutter := t.excerpt(f)
	switch {
	case f.Waived != nil:
		t.remark(gutter, "waived", f.Waived.String())
		t.remark(gutter, "see", locationOf(f.Waived.Text.File, f.Waived.Text.Span()))
		t.line()
		return
	case f.Baselined != nil:
		if at := f.Baselined.At; at != nil {
			t.remark(gutter, "see", locationOf(at.File(), at.Span()))
		}
		t.line()
		return
	}
	t.remark(gutter, "help", f.Remedy)
	if t.suggesting {
		t.suggestions(gutter, f)
	}
	for _, related := range f.Related {
		message := Printable(related.Message)
		if location := locationOf(related.File, related.Span); location != "" {
			message = strings.TrimSuffix(location+": "+message, ": ")
		}
		t.remark(gutter, "see", message)
	}
	t.line()
}

// group writes findings that report the same for several deployments.
func (t *text) group(findings []*lint.Finding) {
	first := findings[0]
	message := first.Message
	if len(findings) > 1 {
		message += fmt.Sprintf(" (and %s)", count(len(findings)-1, "more deployment", "more deployments"))
	}
	t.headline(first, message)
	var locations []string
	for _, finding := range findings[1:] {
		if location := locationOf(finding.File, finding.Span); location != "" {
			locations = append(locations, location)
		}
	}
	rest := ""
	if more := len(locations) - maxLocations; more > 0 {
		locations, rest = locations[:maxLocations], fmt.Sprintf(" and %d more", more)
	}
	t.remark("  ", "also", strings.Join(locations, ", ")+rest)
	t.remark("  ", "help", first.Remedy)
	t.line()
}

// headline is file:line:column: severity: message [rule], a form that terminals and
// editors turn into a link.
func (t *text) headline(f *lint.Finding, message string) {
	location := locationOf(f.File, f.Span)
	if location != "" {
		location += ": "
	}
	severity := string(f.Severity)
	if why := excepted(f); why != "" {
		severity += " (" + why + ")"
	}
	t.line(t.style.paint(t.style.location, location),
		t.style.paint(t.style.severity(f.Severity), severity+":"), " ",
		Printable(message), " ", t.style.paint(t.style.rule, "["+Printable(f.Rule)+"]"), t.editionOf(f))
}

// editionOf is that of a finding, where several are in force.
func (t *text) editionOf(f *lint.Finding) string {
	if !t.editions {
		return ""
	}
	return " (edition " + Printable(f.Edition) + ")"
}

// locationOf returns file:line:column of the start of a span, or as much of it as is known. In a notebook it is
// file:cell number:line:column, in the text of the cell.
func locationOf(file *source.File, span source.Span) string {
	if file == nil || file.Name == "" {
		return ""
	}
	return located(Printable(file.Name), file, span)
}

// located is locationOf for another name of the file.
func located(name string, file *source.File, span source.Span) string {
	if span.Start.Line == 0 {
		return name
	}
	if cell, at := file.Cell(span.Start.Offset); cell != nil {
		return fmt.Sprintf("%s:cell %d:%d:%d", name, cell.Number, at.Line, at.Column)
	}
	return fmt.Sprintf("%s:%d:%d", name, span.Start.Line, span.Start.Column)
}

// excerpt writes the source line of a finding with a mark under the value, and returns
// what lines below are indented by. Of a confidential file it names the value instead.
func (t *text) excerpt(f *lint.Finding) (indent string) {
	if f.File == nil || f.Span.Start.Line == 0 {
		return "  "
	}
	if f.File.Confidential {
		t.remark("  ", "at", f.Field)
		return "  "
	}
	text, span := shownText(f.File, f.Span)
	number := strconv.Itoa(span.Start.Line)
	indent = strings.Repeat(" ", len(number)+3)
	bar := t.style.paint(t.style.gutter, "|")
	line := cut(text, span, max(t.width-len(indent)-2, minExcerpt))
	t.line("  ", t.style.paint(t.style.gutter, number), " ", bar, prefixed(line.text))
	t.line(indent, bar, " ", strings.Repeat(" ", line.before),
		t.style.paint(t.style.severity(f.Severity), strings.Repeat("^", line.value)))
	return indent
}

// shownText returns the text of which people know the lines, and a span of a file in it: in a notebook the text of a cell.
func shownText(file *source.File, span source.Span) ([]byte, source.Span) {
	if cell, in := file.InCell(span); cell != nil {
		return cell.Text, in
	}
	return file.Text, span
}

func prefixed(text string) string {
	if text == "" {
		return ""
	}
	return " " + text
}

// remark writes a line that belongs to the finding above it.
func (t *text) remark(indent, label, message string) {
	if message != "" {
		t.line(indent, t.style.paint(t.style.gutter, "="), " ", t.style.paint(t.style.label, label+":"), " ", Printable(message))
	}
}

func (t *text) summary(result *lint.Result) {
	files, edition := count(result.Files, "file", "files"), Printable(editions(result.Editions))
	var found []string
	for _, severity := range severities() {
		if n := result.Count(severity); n > 0 {
			found = append(found, t.style.paint(t.style.severity(severity), count(n, string(severity), string(severity)+"s")))
		}
	}
	none, noDeployments := "no findings", "no deployments"
	if n := len(result.Unchanged); n > 0 {
		unchanged := strconv.Itoa(n) + " in unchanged files"
		none = "no findings in changed files, " + unchanged
		noDeployments += ", " + unchanged
		if len(found) > 0 {
			found = append(found, unchanged)
		}
	}
	if n := len(result.Waived); n > 0 {
		waived := strconv.Itoa(n) + " waived"
		none += ", " + waived
		noDeployments += ", " + waived
		if len(found) > 0 {
			found = append(found, waived)
		}
	}
	summary := strings.Join(found, ", ")
	unjudged := t.style.paint(t.style.severity(lint.Error), unevaluated(result.Errors))
	switch {
	case summary == "" && unjudged != "":
		summary = fmt.Sprintf("%s; %s in the others (%s, %s)", unjudged, none, files, edition)
		unjudged = ""
	case result.Deployments > 0:
		if summary == "" {
			summary = none
		}
		summary = fmt.Sprintf("%s in %s (%s, %s)", summary,
			count(result.Deployments, "deployment", "deployments"), files, edition)
	case summary != "":
		summary = fmt.Sprintf("%s in %s", summary, files)
	default:
		summary = noDeployments + " in " + files
	}
	if unjudged != "" {
		summary += "; " + unjudged
	}
	summary += baselined(result) + unreported(result) + untargeted(result)
	t.line(summary)
}

// unevaluated returns how many files or deployments could not be evaluated, empty for none.
func unevaluated(errs []error) string {
	if len(errs) == 0 {
		return ""
	}
	return strconv.Itoa(len(errs)) + " could not be evaluated"
}

// none is the summary of an answer without anything to list, such as "no waivers". It claims nothing about what could
// not be evaluated.
func none(what string, errs []error) string {
	if len(errs) > 0 {
		return unevaluated(errs) + "; " + what + " in the others"
	}
	return what
}

// paragraph is a line below what was written before it, empty for an empty text.
func paragraph(text string) string {
	if text == "" {
		return ""
	}
	return "\n" + text + "\n"
}

// baselined returns the number of findings in baselines.
func baselined(result *lint.Result) string {
	if len(result.Baselined) == 0 {
		return ""
	}
	return fmt.Sprintf("; %d in the baseline", len(result.Baselined))
}

// unreported returns the number of documents and values without a finding although they could not be evaluated.
func unreported(result *lint.Result) string {
	if result.Unreported == 0 {
		return ""
	}
	return fmt.Sprintf("; %s could not be evaluated, with the rule turned off", count(result.Unreported, "document or value", "documents or values"))
}

// untargeted returns the number of deployments that no rule applies to, and how to change that.
func untargeted(result *lint.Result) string {
	if result.Untargeted == 0 {
		return ""
	}
	text := fmt.Sprintf("; %s without a known target, not checked", count(result.Untargeted, "deployment", "deployments"))
	if result.AwaitCluster > 0 {
		text += " (use --cluster to set the cluster of Kubernetes objects)"
	}
	return text
}

// editions names the editions in force.
func editions(ids []string) string {
	what := "edition "
	if len(ids) > 1 {
		what = "editions "
	}
	return what + strings.Join(ids, ", ")
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}
