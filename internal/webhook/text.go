package webhook

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/report"
)

const (
	// maxErrors is the number of errors that a denial lists: the height of a terminal.
	maxErrors = 20
	// maxLine is the length of a line of a denial in characters, because messages of custom rules may have any
	// length.
	maxLine = 2000
	// maxWarning is the length of a warning in characters. If there are many, the API server truncates each to 256.
	maxWarning = 200
	// minField and minMessage are the characters that remain at least of a field, unless it is omitted, and of a
	// message in a warning that is too long.
	minField   = 20
	minMessage = 40
	// maxWarnings is the length of all warnings in characters, including the line with the number of the others. The
	// API server drops everything beyond 4,096 over all webhooks.
	maxWarnings = 2000
	// maxAnnotation is the length of an audit annotation in bytes.
	maxAnnotation = 1024
)

// inert returns a finding without text that controls a terminal or a CI host, because kubectl prints it in the log of
// a job.
func inert(finding lint.Finding) lint.Finding {
	finding.Remedy = strings.Join(strings.Fields(finding.Remedy), " ")
	for _, text := range []*string{&finding.Rule, &finding.Message, &finding.Field, &finding.Remedy} {
		*text = report.Inert(*text)
	}
	return finding
}

// message lists the errors that deny, one per line. Controllers copy the first line into an Event, so it must be
// complete on its own. The remedy of a rule and the explain command are in the first line of that rule.
func message(findings []lint.Finding) string {
	var lines []string
	advised := map[string]bool{}
	explained := map[string]bool{}
	for _, finding := range findings[:min(maxErrors, len(findings))] {
		finding = inert(finding)
		line, advice := findingLine(finding), ""
		if remedy := finding.Remedy; remedy != "" && !advised[remedy] {
			advised[remedy] = true
			line += ". " + remedy
		}
		if !explained[finding.Rule] {
			explained[finding.Rule] = true
			advice = " See: mlpolicy explain " + finding.Rule
			if !strings.HasSuffix(line, ".") {
				advice = "." + advice
			}
		}
		lines = append(lines, truncate(line, maxLine-utf8.RuneCountInString(advice))+advice)
	}
	if more := len(findings) - len(lines); more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more, %d errors in all", more, len(findings)))
	}
	return strings.Join(lines, "\n")
}

// causes repeats the errors for programs: the type is the rule's ID.
func causes(findings []lint.Finding) []metav1.StatusCause {
	var causes []metav1.StatusCause
	for _, finding := range findings[:min(maxErrors, len(findings))] {
		finding = inert(finding)
		causes = append(causes, metav1.StatusCause{
			Type:    metav1.CauseType(finding.Rule),
			Message: truncate(finding.Message, maxLine),
			Field:   truncate(finding.Field, maxLine),
		})
	}
	return causes
}

// warnings are the findings that do not deny, one per line, without duplicates. If some do not fit, the last line has
// their number.
func warnings(outcomes []outcome) []string {
	var lines []string
	seen := map[string]bool{}
	for _, outcome := range outcomes {
		line := warningLine(outcome)
		if !seen[line] {
			seen[line] = true
			lines = append(lines, line)
		}
	}
	room := maxWarnings
	for i, line := range lines {
		room -= utf8.RuneCountInString(line)
		if room < 0 {
			return withCount(lines, i)
		}
	}
	return lines
}

// introduction is the beginning of a warning: the author, and the effect on the object.
func introduction(o outcome) string {
	switch {
	case o.Severity == lint.Warning:
		return "mlpolicy: " // kubectl prints "Warning" itself
	case o.Severity != lint.Error:
		return "mlpolicy " + string(o.Severity) + ": "
	case o.exemption == WarnMode:
		return "mlpolicy would deny this: "
	case o.exemption == Unchanged:
		return "mlpolicy error, not new: "
	case o.exemption == Changed:
		return "mlpolicy error in an object changed after its owner: "
	case o.exemption == Deleting:
		return "mlpolicy error in an object being deleted: "
	}
	return "mlpolicy error in an object of a controller: "
}

// warningLine returns a finding that does not deny as one line of at most maxWarning characters, in which rule and
// remedy matter most. If the line is too long, the field is shortened, then omitted. Then only the first sentence of
// the remedy is kept, and the middle of the message is omitted, because its beginning contains the value and its end
// the limit. The remedy is truncated only if it still does not fit.
func warningLine(o outcome) string {
	begin, finding := introduction(o), inert(o.Finding)
	line := func() string {
		text := begin + findingLine(finding)
		if finding.Remedy != "" {
			text += ". " + finding.Remedy
		}
		return text
	}
	excess := func() int { return utf8.RuneCountInString(line()) - maxWarning }
	if long, length := excess(), utf8.RuneCountInString(finding.Field); long > 0 && length > 0 {
		most := max(length-long, minField)
		finding.Field = shorten(finding.Field, most, most/4) // the last steps are the most specific
		if excess() > 0 {
			finding.Field = ""
		}
	}
	if excess() > 0 {
		finding.Remedy = firstSentence(finding.Remedy)
	}
	if long := excess(); long > 0 {
		most := max(utf8.RuneCountInString(finding.Message)-long, minMessage)
		finding.Message = shorten(finding.Message, most, most*2/3)
	}
	return truncate(line(), maxWarning)
}

// firstSentence returns the first sentence of a text: up to a full stop before a space and an upper-case letter.
func firstSentence(text string) string {
	for at := 0; ; {
		end := strings.Index(text[at:], ". ")
		if end < 0 {
			return text
		}
		at += end + len(". ")
		if next, _ := utf8.DecodeRuneInString(text[at:]); unicode.IsUpper(next) {
			return text[:at-1]
		}
	}
}

// shorten omits the middle of a text, so that at most this number of characters remain, the first of them from its
// beginning.
func shorten(text string, most, first int) string {
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return string(runes[:first]) + "…" + string(runes[len(runes)-(most-first-1):])
}

// withCount returns as many of the lines as fit together with a line that has the number of the others.
func withCount(lines []string, most int) []string {
	for {
		rest := fmt.Sprintf("mlpolicy: and %d more; mlpolicy lint reports them all", len(lines)-most)
		used := utf8.RuneCountInString(rest)
		for _, line := range lines[:most] {
			used += utf8.RuneCountInString(line)
		}
		if used <= maxWarnings {
			return append(lines[:most:most], rest)
		}
		most--
	}
}

// findingLine is a finding on one line: rule, message and field.
func findingLine(finding lint.Finding) string {
	line := finding.Rule + ": " + finding.Message
	if finding.Field != "" {
		line += " (" + finding.Field + ")"
	}
	return line
}

// truncate returns at most this number of characters of a text.
func truncate(text string, most int) string {
	if len(text) <= most || utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most-1]) + "…"
}

// truncateBytes returns at most this number of bytes of a text, cut between characters.
func truncateBytes(text string, most int) string {
	if len(text) <= most {
		return text
	}
	cut := most - len("…")
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}
