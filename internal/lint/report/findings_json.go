package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// jsonVersion is of the document's form. Adding a field leaves it, renaming one raises it.
const jsonVersion = 1

type jsonReport struct {
	Version int `json:"version"`
	// Edition names the editions, separated by commas; most often there is one.
	Edition string `json:"edition"`
	// PolicyDigest identifies the rules and editions; several are separated by commas.
	PolicyDigest string `json:"policy_digest"`
	// Incomplete is set if something could not be read or evaluated; see Errors.
	Incomplete bool          `json:"incomplete"`
	Errors     []jsonError   `json:"errors"`
	Findings   []jsonFinding `json:"findings"`
	Summary    jsonSummary   `json:"summary"`
}

// jsonError is something that could not be read or evaluated.
type jsonError struct {
	Message string `json:"message"`
}

func jsonErrors(errs []error) []jsonError {
	list := make([]jsonError, len(errs))
	for i, err := range errs {
		list[i] = jsonError{err.Error()}
	}
	return list
}

// jsonObject is a Kubernetes object, null for anything else.
type jsonObject struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

func jsonObjectOf(object *lint.Object) *jsonObject {
	if object == nil {
		return nil
	}
	return &jsonObject{object.Kind, object.Namespace, object.Name}
}

type jsonFinding struct {
	Rule     string        `json:"rule"`
	Severity lint.Severity `json:"severity"`
	Message  string        `json:"message"`
	Remedy   string        `json:"remedy"`
	jsonLocation
	Deployment string      `json:"deployment"`
	Object     *jsonObject `json:"object"`
	// Parameters is the parameters file with which the template is at fault, if with others it is not
	// the same; else empty.
	Parameters string `json:"parameters"`
	Field      string `json:"field"`
	Edition    string `json:"edition"`
	// Fingerprint stays the same while other lines change, and is different for each finding of a run.
	Fingerprint string           `json:"fingerprint"`
	Suggestions []jsonSuggestion `json:"suggestions"`
	// Related are further locations that the finding depends on.
	Related []jsonRelated `json:"related"`
	// Waived is the waiver of a waived finding, null for the others.
	Waived *jsonWaiver `json:"waived"`
	// Baseline is true for a finding in the baseline.
	Baseline bool `json:"baseline"`
}

// jsonLocation counts lines and columns from 1, columns in code points, ends exclusive. They are 0, and the file is empty,
// for what is not in a file.
type jsonLocation struct {
	File      string `json:"file"`
	Line      int    `json:"line"`
	Column    int    `json:"column"`
	EndLine   int    `json:"end_line"`
	EndColumn int    `json:"end_column"`
	jsonCell
}

func jsonLocationOf(file *source.File, span source.Span) jsonLocation {
	if file == nil {
		return jsonLocation{}
	}
	return jsonLocation{file.Name, span.Start.Line, span.Start.Column, span.End.Line, span.End.Column, jsonCellOf(file, span)}
}

// jsonCell is the cell of a notebook with a location, and the line and the column in the text of the cell. Outside notebooks
// there are no such fields.
type jsonCell struct {
	Cell       int `json:"cell,omitempty"`
	CellLine   int `json:"cell_line,omitempty"`
	CellColumn int `json:"cell_column,omitempty"`
}

func jsonCellOf(file *source.File, span source.Span) jsonCell {
	if cell, at := file.Cell(span.Start.Offset); cell != nil {
		return jsonCell{cell.Number, at.Line, at.Column}
	}
	return jsonCell{}
}

// jsonSuggestion is a change under which the rule does not report.
type jsonSuggestion struct {
	Change string     `json:"change"` // target, edition, or what lint.SuggestEdits changes
	Value  string     `json:"value"`  // of the target or the edition, or the text that replaces a value
	Name   string     `json:"name"`   // for people
	Edits  []jsonEdit `json:"edits"`
}

type jsonRelated struct {
	jsonLocation
	Message string `json:"message"`
}

type jsonSummary struct {
	Files       int `json:"files"`
	Deployments int `json:"deployments"`
	// UnknownTarget counts the deployments without a known target.
	UnknownTarget int `json:"unknown_target"`
	Errors        int `json:"errors"`
	Warnings      int `json:"warnings"`
	Notes         int `json:"notes"`
	// Waived counts the waived findings, whether or not they are among Findings.
	Waived int `json:"waived"`
	// Unchanged counts the findings in unchanged files that a run leaves out.
	Unchanged int `json:"unchanged"`
	// Baselined counts the findings in the baseline, whether or not they are among Findings.
	Baselined int `json:"baselined"`
	// Unreported counts the documents and values that could not be evaluated and whose rule is off.
	Unreported int `json:"unreported"`
}

func findingsJSON(w io.Writer, findings Findings, _ Options) error {
	result := findings.shown()
	report := jsonReport{
		Version:      jsonVersion,
		Edition:      result.Edition(),
		PolicyDigest: strings.Join(result.Policies, ", "),
		Incomplete:   len(findings.Incomplete) > 0,
		Errors:       jsonErrors(findings.Incomplete),
		Findings:     make([]jsonFinding, len(result.Findings)),
		Summary: jsonSummary{
			Files:         result.Files,
			Deployments:   result.Deployments,
			UnknownTarget: result.Untargeted,
			Unreported:    result.Unreported,
			Errors:        result.Count(lint.Error),
			Warnings:      result.Count(lint.Warning),
			Notes:         result.Count(lint.Note),
			Waived:        len(result.Waived),
			Unchanged:     len(result.Unchanged),
			Baselined:     len(result.Baselined),
		},
	}
	fingerprints := result.Fingerprints()
	for i, f := range result.Findings {
		report.Findings[i] = jsonFinding{
			Rule:         f.Rule,
			Severity:     f.Severity,
			Message:      f.Message,
			Remedy:       f.Remedy,
			jsonLocation: jsonLocationOf(f.File, f.Span),
			Deployment:   f.Deployment,
			Object:       jsonObjectOf(f.Object),
			Parameters:   f.Parameters,
			Field:        f.Field,
			Edition:      f.Edition,
			Fingerprint:  fingerprints[i],
			Baseline:     f.Baselined != nil,
			Suggestions:  make([]jsonSuggestion, len(f.Suggestions)),
			Related:      make([]jsonRelated, len(f.Related)),
		}
		for j, s := range f.Suggestions {
			report.Findings[i].Suggestions[j] = jsonSuggestionOf(s)
		}
		for j, r := range f.Related {
			report.Findings[i].Related[j] = jsonRelated{jsonLocationOf(r.File, r.Span), r.Message}
		}
		if f.Waived != nil {
			waived := jsonWaiverOf(f.Waived)
			report.Findings[i].Waived = &waived
		}
	}
	return EncodeJSON(w, report)
}

// EncodeJSON writes a value as an indented JSON document in one piece, so that a program that is
// stopped has written none. Characters that would control a terminal are escaped.
func EncodeJSON(w io.Writer, value any) error {
	var document bytes.Buffer
	encoder := json.NewEncoder(&document)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return err
	}
	_, err := w.Write(escapeControls(document.Bytes(), jsonEscape))
	return err
}

// Quote returns text as a double-quoted string of YAML. Characters that would control a terminal
// are escaped.
func Quote(text string) string {
	var quoted bytes.Buffer
	encoder := json.NewEncoder(&quoted)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(text); err != nil {
		return strconv.QuoteToASCII(text) // unreachable: every string has an encoding
	}
	return string(escapeControls(bytes.TrimSuffix(quoted.Bytes(), []byte("\n")), yamlEscape))
}

// escapeControls escapes the characters that would control a terminal and that JSON allows in
// strings: DEL, C1 controls, marks of direction. The values stay the same.
func escapeControls(document []byte, escape func(rune) string) []byte {
	if bytes.IndexFunc(document, controls) < 0 {
		return document
	}
	var escaped bytes.Buffer
	for _, r := range string(document) {
		if controls(r) {
			escaped.WriteString(escape(r))
		} else {
			escaped.WriteRune(r)
		}
	}
	return escaped.Bytes()
}

func jsonEscape(r rune) string {
	if high, low := utf16.EncodeRune(r); high != utf8.RuneError {
		return fmt.Sprintf(`\u%04x\u%04x`, high, low)
	}
	return fmt.Sprintf(`\u%04x`, r)
}

func yamlEscape(r rune) string { return fmt.Sprintf(`\U%08x`, r) }

func controls(r rune) bool { return r != '\n' && !shows(r) }
