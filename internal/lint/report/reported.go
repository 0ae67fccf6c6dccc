package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint"
)

// reported is a finding with what hosts need beside it.
type reported struct {
	*lint.Finding
	fingerprint string
	path        string // of its file from the root of the repository, with slashes; empty where no file states it
}

// reported returns the findings in their order.
func (f Findings) reported() []reported {
	fingerprints := f.Fingerprints()
	list := make([]reported, len(f.Findings))
	for i := range f.Findings {
		list[i] = reported{Finding: &f.Findings[i], fingerprint: fingerprints[i]}
		if file := f.Findings[i].File; file != nil {
			list[i].path = f.PathOf(file.Name)
		}
	}
	return list
}

// worstFirst returns the findings by severity and, within one, in their order; waived and baselined ones are last. What is cut off is
// the least.
func (f Findings) worstFirst() []reported {
	list := f.reported()
	slices.SortStableFunc(list, func(a, b reported) int {
		return cmp.Or(cmp.Compare(exceptedRank(a), exceptedRank(b)), cmp.Compare(rank(a.Severity), rank(b.Severity)))
	})
	return list
}

func exceptedRank(each reported) int {
	switch {
	case each.Baselined != nil:
		return 2
	case each.Waived != nil:
		return 1
	}
	return 0
}

// severities are in the order of worstFirst.
func severities() []lint.Severity { return []lint.Severity{lint.Error, lint.Warning, lint.Note} }

func rank(severity lint.Severity) int { return slices.Index(severities(), severity) }

// counted is a number of findings of each severity, such as "2 errors, 1 note, 3 waived, 4 in the baseline"; empty for none.
func counted(list []reported) string {
	var parts []string
	for _, severity := range severities() {
		n := 0
		for _, each := range list {
			if each.Severity == severity && excepted(each.Finding) == "" {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, count(n, string(severity), string(severity)+"s"))
		}
	}
	for _, why := range []string{"waived", "in the baseline"} {
		n := 0
		for _, each := range list {
			if excepted(each.Finding) == why {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, why))
		}
	}
	return strings.Join(parts, ", ")
}

// more counts what is left out of a report: "and 12 more (2 errors, 10 notes)"; empty for nothing.
func more(unjudged int, list []reported) string {
	if unjudged+len(list) == 0 {
		return ""
	}
	parts := counted(list)
	if unjudged > 0 {
		parts = strings.TrimSuffix(fmt.Sprintf("%d could not be evaluated, %s", unjudged, parts), ", ")
	}
	return fmt.Sprintf("and %d more (%s)", unjudged+len(list), parts)
}

// sentences are the message and the remedy of a finding on one line.
func (r reported) sentences() string {
	if r.Remedy == "" {
		return r.Message
	}
	return r.Message + ". " + r.Remedy
}

// line has the location, the severity and the sentences of a finding.
func (r reported) line() string {
	return strings.TrimPrefix(r.place()+": ", ": ") + string(r.Severity) + ": " + r.sentences()
}

// place is the path, the line and the column of a finding, as much of it as is known; in a notebook those that people know.
func (r reported) place() string {
	if r.path == "" {
		return ""
	}
	return located(r.path, r.File, r.Span)
}

// lastLine is the last line with a part of the value; a value that ends at the start of a line is not on it.
func (r reported) lastLine() int {
	if r.Span.End.Column == 1 && r.Span.End.Line > r.Span.Start.Line {
		return r.Span.End.Line - 1
	}
	return r.Span.End.Line
}

// summary is the line that ends the text of a run, without colours.
func (f Findings) summary() string {
	var line strings.Builder
	t := newText(&line, Options{})
	t.summary(f.Result)
	t.w.Flush() // a strings.Builder has no errors
	return strings.TrimSuffix(line.String(), "\n")
}
