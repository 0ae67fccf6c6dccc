// Package lint evaluates deployment descriptions: files in, sorted findings out. Linter is for files, Admission for
// objects that are sent to a Kubernetes API server. It never prints and never ends the
// process; writing a Result is package report's business.
//
// The path of the data: read (bytes to documents), extract.Extract (documents to facts), evaluate (facts to denials),
// whatif (the same under other circumstances), builder (denials to findings).
package lint

import (
	"context"
	"io/fs"
	"iter"

	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/evaluate"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
	"github.com/mlpolicy/mlpolicy/internal/lint/whatif"
)

// Options are how a Linter finds what completes a deployment in other files of its project.
type Options struct {
	// Project returns the project of a file. Without it the project of a file is its folder.
	Project func(file string) *extract.Project
	// Path returns the path of a file from the root of the repository, with slashes. Without it that is the name of
	// the file.
	Path func(file string) string
	// NoLink evaluates each document by what it declares itself.
	NoLink bool
}

// Linter evaluates files by one set of policies and one configuration. It is safe for concurrent use.
type Linter struct {
	engine
	options Options
}

// New makes a Linter. A configuration that names a rule or an edition which the
// policies do not have is an error with its position. The former id of an edition
// becomes the current one in the configuration; see Notice.
func New(policies *policy.Policies, configuration *config.Config, options Options) (*Linter, error) {
	engine, err := newEngine(policies, configuration)
	if err != nil {
		return nil, err
	}
	return &Linter{engine, options}, nil
}

// Lint evaluates the inputs. Facts that other files hold are looked up in fsys,
// whose paths are those of the inputs' names; a nil fsys looks up nothing. What files
// that are not inputs describe is evaluated where it depends on an input, and only findings
// in an input are reported.
//
// An input that cannot be read is in Result.Errors and hides no other's findings,
// and so is a deployment that the policies fail on. The error is the context's.
func (l *Linter) Lint(ctx context.Context, fsys fs.FS, inputs iter.Seq[Input]) (*Result, error) {
	read := readAll(ctx, inputs)
	extraction, err := extract.Extract(ctx, fsys, read.files, l.extractOptions(read))
	if err != nil {
		return nil, err
	}
	evaluation := l.evaluate(ctx, extraction, evaluate.ForFiles())
	evaluation.relate(ctx, l.factsOf(extraction))
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	evaluation.whatIf.Dependencies(ctx, evaluation.facts, evaluation.denials)
	result := l.result(read, extraction, evaluation)
	result.path = l.options.Path
	result.suggestAll(ctx)
	return result, nil
}

// Facts returns what the inputs' documents state, in the form that policies see,
// and an error for each input that could not be read and each piece of text that
// could not be parsed. The last error is the context's.
func (l *Linter) Facts(ctx context.Context, fsys fs.FS, inputs iter.Seq[Input]) (*extract.Extraction, []error, error) {
	read := readAll(ctx, inputs)
	extraction, err := extract.Extract(ctx, fsys, read.files, l.extractOptions(read))
	if err != nil {
		return nil, nil, err
	}
	extraction.Edition = l.edition.ID
	return extraction, read.faults(), nil
}

// Placements is where the deployments of some inputs could run.
type Placements struct {
	Edition     string
	Deployments []whatif.Placement // in the order of the inputs
	Files       int                // inputs that could be read
	// Problems are what the documents leave unclear.
	Problems []facts.Problem
	// Errors are the inputs that could not be read or parsed, then the deployments
	// that the policies failed on.
	Errors []error
}

// Where evaluates each deployment in the inputs on each target of the edition in force. The error is the context's.
func (l *Linter) Where(ctx context.Context, fsys fs.FS, inputs iter.Seq[Input]) (*Placements, error) {
	read := readAll(ctx, inputs)
	extraction, err := extract.Extract(ctx, fsys, read.files, l.extractOptions(read))
	if err != nil {
		return nil, err
	}
	whatIf := l.whatIf(evaluate.NewRun(l.policies, evaluate.ForFiles()))
	placements, errs := whatIf.Placements(ctx, extraction.Deployments)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return &Placements{
		Edition:     l.edition.ID,
		Deployments: placements,
		Files:       read.count,
		Problems:    extraction.Problems,
		Errors:      append(read.faults(), errs...),
	}, nil
}

func (l *Linter) extractOptions(read inputFiles) extract.Options {
	options := l.engine.extractOptions(read)
	options.Alone, options.Project = l.options.NoLink, l.options.Project
	return options
}
