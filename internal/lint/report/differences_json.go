package report

import (
	"io"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint"
)

type jsonDifferences struct {
	Version    int         `json:"version"`
	From       jsonRun     `json:"from"`
	To         jsonRun     `json:"to"`
	Incomplete bool        `json:"incomplete"` // as of lint
	Errors     []jsonError `json:"errors"`
	// Differences are sorted by rule, file and position.
	Differences []jsonDifference       `json:"differences"`
	Summary     jsonDifferencesSummary `json:"summary"`
}

// jsonRun is what findings were evaluated by.
type jsonRun struct {
	Edition      string `json:"edition"`
	PolicyDigest string `json:"policy_digest"`
}

type jsonDifference struct {
	Change     change `json:"change"`
	Rule       string `json:"rule"`
	Deployment string `json:"deployment"`
	Component  string `json:"component"`
	// The location is that after the change, of a fixed finding that before it.
	jsonLocation
	Field string `json:"field"`
	// Before is null for a new finding, After for a fixed one.
	Before *jsonState `json:"before"`
	After  *jsonState `json:"after"`
}

// jsonState is a finding in one of the runs.
type jsonState struct {
	Severity lint.Severity `json:"severity"`
	Message  string        `json:"message"`
	Remedy   string        `json:"remedy"`
	Edition  string        `json:"edition"`
	// Fails reports whether the finding makes a run fail.
	Fails bool `json:"fails"`
}

type jsonDifferencesSummary struct {
	Files       int `json:"files"`
	Deployments int `json:"deployments"`
	New         int `json:"new"`
	Fixed       int `json:"fixed"`
	Changed     int `json:"changed"`
	Unchanged   int `json:"unchanged"`
	// Failing counts the findings that make a run fail and did not before.
	Failing int `json:"failing"`
}

func differencesJSON(w io.Writer, d Differences, _ Options) error {
	document := jsonDifferences{
		Version: jsonVersion, From: jsonRunOf(d.Before), To: jsonRunOf(d.After),
		Incomplete: len(d.Incomplete) > 0, Errors: jsonErrors(d.Incomplete), Differences: make([]jsonDifference, len(d.Differences)),
		Summary: jsonDifferencesSummary{
			d.After.Files, d.After.Deployments, len(d.of(isNew, "")), len(d.of(isFixed, "")), len(d.of(isChanged, "")), d.Same, d.failing(),
		},
	}
	for i, difference := range d.Differences {
		f := difference.Finding()
		document.Differences[i] = jsonDifference{
			Change: changeOf(difference), Rule: f.Rule, Deployment: f.Deployment, Component: f.Component,
			jsonLocation: jsonLocationOf(f.File, f.Span), Field: f.Field,
			Before: jsonStateOf(difference.Before), After: jsonStateOf(difference.After),
		}
	}
	return EncodeJSON(w, document)
}

func jsonRunOf(result *lint.Result) jsonRun {
	return jsonRun{result.Edition(), strings.Join(result.Policies, ", ")}
}

func jsonStateOf(f *lint.Finding) *jsonState {
	if f == nil {
		return nil
	}
	return &jsonState{f.Severity, f.Message, f.Remedy, f.Edition, f.Fails}
}
