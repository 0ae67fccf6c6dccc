package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/mlpolicy/mlpolicy/internal/lint"
)

// jsonVersion is of the document's form. Adding a field leaves it, renaming one raises it.
const jsonVersion = 1

type jsonReport struct {
	Version  int           `json:"version"`
	Edition  string        `json:"edition"`
	Findings []jsonFinding `json:"findings"`
	Summary  jsonSummary   `json:"summary"`
}

// jsonFinding counts lines and columns from 1, columns in code points, ends exclusive.
// They are 0, and the file is empty, where no file states what is at fault.
type jsonFinding struct {
	Rule       string        `json:"rule"`
	Severity   lint.Severity `json:"severity"`
	Message    string        `json:"message"`
	Remedy     string        `json:"remedy"`
	File       string        `json:"file"`
	Line       int           `json:"line"`
	Column     int           `json:"column"`
	EndLine    int           `json:"end_line"`
	EndColumn  int           `json:"end_column"`
	Deployment string        `json:"deployment"`
	Field      string        `json:"field"`
	// Related are further places that the finding rests on.
	Related []jsonRelated `json:"related"`
}

// jsonRelated is a place, counted as a finding's.
type jsonRelated struct {
	File      string `json:"file"`
	Line      int    `json:"line"`
	Column    int    `json:"column"`
	EndLine   int    `json:"end_line"`
	EndColumn int    `json:"end_column"`
	Message   string `json:"message"`
}

type jsonSummary struct {
	Files       int `json:"files"`
	Deployments int `json:"deployments"`
	Errors      int `json:"errors"`
	Warnings    int `json:"warnings"`
	Notes       int `json:"notes"`
}

// JSON writes findings for programs, in one piece: a program that is stopped has
// written no document.
func JSON(w io.Writer, result *lint.Result) error {
	report := jsonReport{
		Version:  jsonVersion,
		Edition:  result.Edition,
		Findings: make([]jsonFinding, len(result.Findings)),
		Summary: jsonSummary{
			Files:       result.Files,
			Deployments: result.Deployments,
			Errors:      result.Count(lint.Error),
			Warnings:    result.Count(lint.Warning),
			Notes:       result.Count(lint.Note),
		},
	}
	for i, f := range result.Findings {
		report.Findings[i] = jsonFinding{
			Rule:       f.Rule,
			Severity:   f.Severity,
			Message:    f.Message,
			Remedy:     f.Remedy,
			Line:       f.Span.Start.Line,
			Column:     f.Span.Start.Column,
			EndLine:    f.Span.End.Line,
			EndColumn:  f.Span.End.Column,
			Deployment: f.Deployment,
			Field:      f.Field,
			Related:    make([]jsonRelated, len(f.Related)),
		}
		for j, r := range f.Related {
			report.Findings[i].Related[j] = jsonRelated{
				r.File.Name, r.Span.Start.Line, r.Span.Start.Column, r.Span.End.Line, r.Span.End.Column, r.Message,
			}
		}
		if f.File != nil {
			report.Findings[i].File = f.File.Name
		}
	}
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(report); err != nil {
		return err
	}
	_, err := w.Write(escapeSteering(buffer.Bytes()))
	return err
}

// escapeSteering escapes in a JSON document the characters that would steer a terminal
// and that JSON lets stand: DEL, C1 controls, marks of direction. The values stay the
// same, and the characters stand nowhere but inside strings.
func escapeSteering(document []byte) []byte {
	if bytes.IndexFunc(document, steers) < 0 {
		return document
	}
	var escaped bytes.Buffer
	for _, r := range string(document) {
		if steers(r) {
			fmt.Fprintf(&escaped, `\u%04x`, r)
		} else {
			escaped.WriteRune(r)
		}
	}
	return escaped.Bytes()
}

func steers(r rune) bool {
	return r != '\n' && r <= 0xffff && !shows(r)
}
