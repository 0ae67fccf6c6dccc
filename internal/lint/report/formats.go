// Package report writes the answers of commands. formats.go has the table of output formats. For each
// kind of answer one file writes text, and others write other formats.
package report

import (
	"fmt"
	"io"

	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
)

// Names of the default formats of commands.
const (
	Text = "text"
	JSON = "json"
)

// formats is the table of output formats, in the order in which help and errors list them.
// A new format is a file with its functions and a line here.
func formats() []format {
	return []format{
		{
			name: Text, findings: findingsText, placements: placementsText, edition: editionText, comparison: comparisonText,
			rules: rulesText, explanation: explanationText, facts: factsText, waivers: waiversText, differences: differencesText,
		},
		{
			name: "markdown", findings: findingsMarkdown, placements: placementsMarkdown, edition: editionMarkdown, comparison: comparisonMarkdown,
			explanation: explanationMarkdown, waivers: waiversMarkdown, differences: differencesMarkdown,
		},
		{
			name: JSON, findings: findingsJSON, placements: placementsJSON, edition: editionJSON, comparison: comparisonJSON,
			rules: rulesJSON, facts: factsJSON, waivers: waiversJSON, differences: differencesJSON,
		},
		{name: "sarif", findings: findingsSARIF},
		{name: "junit", findings: findingsJUnit},
		{name: "gitlab", findings: findingsGitLab},
		{name: "github", findings: findingsGitHub},
		{name: "azure", findings: findingsAzure},
	}
}

// format is an output format: a function for each kind of answer that it can write, nil for the
// others. A command offers the formats that can write its answer.
//
// Functions escape characters that control a terminal. The [HostWriter] that they write to escapes
// commands to a CI host; a format that consists of such commands, such as annotations,
// takes the writer below from [HostWriter.Unwrap] and escapes what it writes itself.
type format struct {
	name        string
	findings    writer[Findings]         // lint
	placements  writer[*lint.Placements] // where
	edition     writer[policy.Edition]   // targets
	comparison  writer[Comparison]       // targets --diff
	rules       writer[Rules]            // rules
	explanation writer[Explanation]      // explain
	facts       writer[Facts]            // facts
	waivers     writer[Waivers]          // waivers
	differences writer[Differences]      // compare
}

// writer writes one kind of answer in one format.
type writer[Answer any] func(w io.Writer, answer Answer, options Options) error

// Options say what text for people is written for, and where hosts take summaries of jobs from.
type Options struct {
	// Color allows ANSI colours.
	Color bool
	// Width is in cells: longer lines are cut or wrapped. 0 means DefaultWidth.
	Width int
	// StepSummary is the file to which GitHub Actions wants the summary of a job appended; empty for none.
	StepSummary string
	// AgentTemp is the folder for temporary files of a job of Azure Pipelines; empty for none.
	AgentTemp string
}

// DefaultWidth is the width in cells used when output is not a terminal. CI logs show some more.
const DefaultWidth = 100

// width returns the width in cells.
func (o Options) width() int {
	if o.Width == 0 {
		return DefaultWidth
	}
	return o.Width
}

// Formats are the formats that can write one kind of answer.
type Formats[Answer any] []named[Answer]

type named[Answer any] struct {
	name  string
	write writer[Answer]
}

// Names returns the names of the formats.
func (f Formats[Answer]) Names() []string {
	names := make([]string, len(f))
	for i, format := range f {
		names[i] = format.name
	}
	return names
}

// Write writes an answer in the format of a name, one of Names.
func (f Formats[Answer]) Write(w io.Writer, name string, answer Answer, options Options) error {
	for _, format := range f {
		if format.name == name {
			return format.write(w, answer, options)
		}
	}
	return fmt.Errorf("no output format %q for this answer", name)
}

// ForFindings returns the formats that can write findings.
func ForFindings() Formats[Findings] {
	return formatsWith(func(f format) writer[Findings] { return f.findings })
}

// ForPlacements returns the formats that can write where deployments could be.
func ForPlacements() Formats[*lint.Placements] {
	return formatsWith(func(f format) writer[*lint.Placements] { return f.placements })
}

// ForEdition returns the formats that can write an edition of the table.
func ForEdition() Formats[policy.Edition] {
	return formatsWith(func(f format) writer[policy.Edition] { return f.edition })
}

// ForComparison returns the formats that can write what changed between editions: those of ForEdition.
func ForComparison() Formats[Comparison] {
	return formatsWith(func(f format) writer[Comparison] { return f.comparison })
}

// ForRules returns the formats that can list rules.
func ForRules() Formats[Rules] {
	return formatsWith(func(f format) writer[Rules] { return f.rules })
}

// ForExplanation returns the formats that can explain a rule.
func ForExplanation() Formats[Explanation] {
	return formatsWith(func(f format) writer[Explanation] { return f.explanation })
}

// ForFacts returns the formats that can write the facts of files.
func ForFacts() Formats[Facts] {
	return formatsWith(func(f format) writer[Facts] { return f.facts })
}

// ForWaivers returns the formats that can list waivers.
func ForWaivers() Formats[Waivers] {
	return formatsWith(func(f format) writer[Waivers] { return f.waivers })
}

// ForDifferences returns the formats that can write the differences between two runs.
func ForDifferences() Formats[Differences] {
	return formatsWith(func(f format) writer[Differences] { return f.differences })
}

func formatsWith[Answer any](function func(format) writer[Answer]) Formats[Answer] {
	var found Formats[Answer]
	for _, format := range formats() {
		if write := function(format); write != nil {
			found = append(found, named[Answer]{format.name, write})
		}
	}
	return found
}
