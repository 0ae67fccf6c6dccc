package report

import (
	"io"

	"github.com/mlpolicy/mlpolicy/internal/lint"
)

// gitlabIssue is an entry of a code quality report: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
type gitlabIssue struct {
	Description string         `json:"description"`
	CheckName   string         `json:"check_name"`
	Fingerprint string         `json:"fingerprint"`
	Severity    string         `json:"severity"`
	Location    gitlabLocation `json:"location"`
}

type gitlabLocation struct {
	Path  string      `json:"path"`
	Lines gitlabLines `json:"lines"`
}

type gitlabLines struct {
	Begin int `json:"begin"`
	End   int `json:"end,omitempty"`
}

// findingsGitLab writes a code quality report. It has no place for what could not be read or evaluated; the exit code
// says that. GitLab shows the first of several findings with one fingerprint.
func findingsGitLab(w io.Writer, findings Findings, _ Options) error {
	severities := map[lint.Severity]string{lint.Error: "major", lint.Warning: "minor", lint.Note: "info"}
	issues := []gitlabIssue{}
	for _, each := range findings.reported() {
		issue := gitlabIssue{
			Description: Printable(each.sentences()), CheckName: Printable(each.Rule), Fingerprint: each.fingerprint, Severity: severities[each.Severity],
			Location: gitlabLocation{Path: each.path, Lines: gitlabLines{Begin: 1}},
		}
		if each.path == "" {
			issue.Location.Path = "."
		}
		if each.Span.Start.Line > 0 {
			issue.Location.Lines = gitlabLines{each.Span.Start.Line, each.lastLine()}
		}
		issues = append(issues, issue)
	}
	return EncodeJSON(w, issues)
}
