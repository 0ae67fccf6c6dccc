// Package lint evaluates deployment descriptions and returns sorted findings. Linter is for files, Admission for
// objects that are sent to a Kubernetes API server. The package never prints and never ends the process; package
// report writes a Result.
//
// Data flows through read (bytes to documents), extract.Extract (documents to facts), evaluate (facts to denials),
// whatif (the same under other conditions) and builder (denials to findings).
package lint

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/evaluate"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/language"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
	"github.com/mlpolicy/mlpolicy/internal/lint/waiver"
	"github.com/mlpolicy/mlpolicy/internal/lint/whatif"
)

// Options are what applies to files, and how a Linter finds what completes a deployment in other files of its project.
type Options struct {
	// Setting returns the setting of a file, as inputs name it, and the same pointer for files with the same one. It is
	// called concurrently. Without it all files have the usual one.
	Setting func(file string) *Setting
	// Project returns the project of a file. Without it the project of a file is its folder.
	Project func(file string) *extract.Project
	// Path returns the path of a file from the root of the repository, with slashes. If it is nil, the path is the
	// name of the file.
	Path func(file string) string
	// Namespace is that of Kubernetes objects which do not declare one.
	Namespace string
	// Clock returns the time whose day decides which waivers have expired; nil for that of the system.
	Clock func() time.Time
	// NoWaivers reports all findings as if there were no waivers.
	NoWaivers bool
	// Complete reports whether every file below a folder is an input or one of Skipped. It is asked after the last
	// input; without it, what waivers cover may be elsewhere, and none is reported as unused.
	Complete func(folder string) bool
	// Skipped returns the files that are not inputs although Complete says so, and the folders with such files, whose
	// names end with a slash; nil for none.
	Skipped func() []string
	// Baseline returns the baseline of a file's project and the path of the file in it, nil for a file that no baseline
	// can list. Without it there are no baselines.
	Baseline func(file string) (*Baseline, string)
	// Baselines are those that apply even if no input is in their project.
	Baselines []*Baseline
	// NoLink evaluates each document on its own.
	NoLink bool
	// Without are the optimisations that are not used.
	Without Without
	// Batch is the number of bytes of text after which Lint evaluates what needs no other input, and releases what it
	// does not need any more; 0 for the usual one.
	Batch int
}

// Linter evaluates files, each by the setting that applies to it. It is safe for concurrent use.
type Linter struct {
	of      func(file string) *Setting
	usual   *Setting
	options Options
}

// New makes a Linter. The usual setting applies where no file has a deployment.
func New(usual *Setting, options Options) *Linter {
	of := options.Setting
	if of == nil {
		of = always(usual)
	}
	return &Linter{of, usual, options}
}

// always returns a setting for every file.
func always(s *Setting) func(file string) *Setting { return func(string) *Setting { return s } }

// Lint evaluates the inputs. Facts that other files hold are looked up in fsys,
// whose paths are those of the inputs' names; a nil fsys looks up nothing. What files
// that are not inputs describe is evaluated where it depends on an input, and only findings
// in an input are reported.
//
// Inputs that cannot be read and deployments on which the policies fail are in Result.Errors, and the findings of all
// others are reported. The error is that of the context.
func (l *Linter) Lint(ctx context.Context, fsys fs.FS, inputs iter.Seq[Input]) (*Result, error) {
	read := readAll(ctx, inputs, l.parser(fsys, l.isOff), l.batch(), func(all *inputFiles, from int) { l.settle(ctx, all, from) })
	return l.lint(ctx, fsys, l.usable(read))
}

// lint evaluates inputs that were read.
func (l *Linter) lint(ctx context.Context, fsys fs.FS, read inputFiles) (*Result, error) {
	extraction, err := l.extract(ctx, fsys, read, l.extractOptions(read))
	if err != nil {
		return nil, err
	}
	return l.evaluate(ctx, fsys, read, extraction)
}

// evaluate evaluates the facts of inputs.
func (l *Linter) evaluate(ctx context.Context, fsys fs.FS, read inputFiles, extraction *extract.Extraction) (*Result, error) {
	var evaluations []*evaluation
	groups := l.groups(extraction)
	if len(groups) == 0 && len(read.settled.settings) == 0 {
		// Rules that relate deployments may report that there are none.
		groups = append(groups, &group{engineOf(l.usual, l.of), &extract.Extraction{}})
	}
	for _, group := range groups {
		evaluation := group.engine.evaluate(ctx, group.extraction, l.options.Without.evaluation(evaluate.ForFiles()))
		evaluation.relate(ctx, group.engine.factsOf(group.extraction))
		evaluations = append(evaluations, evaluation)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for _, evaluation := range evaluations {
		evaluation.whatIf.Dependencies(ctx, evaluation.facts, evaluation.denials)
	}
	result := result(l.of, read, extraction, evaluations, func(b *builder, result *Result) {
		b.namespace = l.options.Namespace
		var listed *baselines
		if l.options.Baseline != nil {
			listed = l.newBaselines(b, read)
		}
		if !l.options.NoWaivers {
			w := &waivers{builder: b, today: waiver.DayOf(now(l.options.Clock)), inFiles: true, complete: l.options.Complete, skipped: l.options.Skipped}
			w.waive(ctx, read, extraction, result)
		}
		if listed != nil {
			listed.apply(ctx, result)
		}
	})
	result.path = l.options.Path
	result.run = run{l, fsys, read, extraction}
	result.suggestAll(ctx)
	return result, nil
}

// Facts returns the facts of the inputs in the form that policies get, and an error for each input that could not be
// read and each text that could not be parsed. The last error is that of the context.
func (l *Linter) Facts(ctx context.Context, fsys fs.FS, inputs iter.Seq[Input]) (*extract.Extraction, []error, error) {
	read := l.read(ctx, fsys, inputs)
	options := l.extractOptions(read)
	options.Completes = read.parser.readers.Completes
	extraction, err := l.extract(ctx, fsys, read, options)
	if err != nil {
		return nil, nil, err
	}
	extraction.Edition = strings.Join(l.editions(extraction), ", ")
	extraction.Problems = append(read.problems(), extraction.Problems...)
	return extraction, read.faulty(), nil
}

// Placements are the possible targets of the deployments of some inputs.
type Placements struct {
	Editions    []string           // as in Result
	Deployments []whatif.Placement // in the order of the inputs
	Files       int                // inputs that could be read
	// Problems are the invalid values and contradictions in the documents.
	Problems []facts.Problem
	// Errors are the inputs that could not be read or parsed, then the deployments on which the policies failed.
	Errors []error
}

// Edition names the editions, separated by commas.
func (p *Placements) Edition() string { return strings.Join(p.Editions, ", ") }

// Where evaluates each deployment in the inputs on each target of the edition in force. The error is the context's.
func (l *Linter) Where(ctx context.Context, fsys fs.FS, inputs iter.Seq[Input]) (*Placements, error) {
	read := l.read(ctx, fsys, inputs)
	extraction, err := l.extract(ctx, fsys, read, l.extractOptions(read))
	if err != nil {
		return nil, err
	}
	placements := &Placements{
		Editions: l.editions(extraction),
		Files:    read.count,
		Problems: append(read.problems(), extraction.Problems...),
		Errors:   read.faulty(),
	}
	order := make(map[*facts.Deployment]int, len(extraction.Deployments))
	for i, d := range extraction.Deployments {
		order[d] = i
	}
	for _, group := range l.groups(extraction) {
		whatIf := group.engine.whatIf(evaluate.NewRun(group.engine.policies, l.options.Without.evaluation(evaluate.ForFiles())))
		some, errs := whatIf.Placements(ctx, group.extraction.Deployments)
		placements.Deployments = append(placements.Deployments, some...)
		placements.Errors = append(placements.Errors, errs...)
	}
	slices.SortFunc(placements.Deployments, func(a, b whatif.Placement) int { return order[a.Deployment] - order[b.Deployment] })
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return placements, nil
}

// extract reads the facts of the inputs.
func (l *Linter) extract(ctx context.Context, fsys fs.FS, read inputFiles, options extract.Options) (*extract.Extraction, error) {
	extraction, err := extract.Extract(ctx, fsys, read.files, options)
	if err != nil {
		return nil, err
	}
	broken := func(file string) bool { return l.of(file).config.Broken }
	dependents := &extraction.Dependents
	dependents.Deployments = slices.DeleteFunc(dependents.Deployments, func(d *facts.Deployment) bool { return broken(d.Subject.File) })
	dependents.Computes = slices.DeleteFunc(dependents.Computes, func(c *facts.Compute) bool { return broken(c.Subject.File) })
	return extraction, nil
}

func (l *Linter) extractOptions(read inputFiles) extract.Options {
	options := extract.Options{
		Settings: func(file string) *extract.Settings { return &l.of(file).settings },
		Alone:    l.options.NoLink, Project: l.options.Project,
		Namespace:    l.options.Namespace,
		Unrecognized: read.unrecognized,
		Parse:        read.parser.parse,
		Off:          l.isOff,
		IsCalled:     read.parser.readers.IsCalled,
	}
	if !read.settled.isEmpty() {
		options.Settled = read.settled.has
	}
	return options
}

// group is what has the same policies and edition.
type group struct {
	engine     *engine
	extraction *extract.Extraction
}

// groups splits an extraction, in the order of its deployments and computes.
func (l *Linter) groups(extraction *extract.Extraction) []*group {
	type key struct {
		policies *policy.Policies
		edition  string
	}
	byKey := map[key]*group{}
	var groups []*group
	of := func(setting *Setting) *extract.Extraction {
		k := key{setting.policies, setting.edition.ID}
		if byKey[k] == nil {
			byKey[k] = &group{engineOf(setting, l.of), &extract.Extraction{}}
			groups = append(groups, byKey[k])
		}
		return byKey[k].extraction
	}
	for _, d := range extraction.Deployments {
		own := of(l.of(d.Subject.File))
		own.Deployments = append(own.Deployments, d)
	}
	for _, c := range extraction.Computes {
		own := of(l.of(c.Subject.File))
		own.Computes = append(own.Computes, c)
	}
	for _, d := range extraction.Dependents.Deployments {
		own := &of(l.of(d.Subject.File)).Dependents
		own.Deployments = append(own.Deployments, d)
	}
	for _, c := range extraction.Dependents.Computes {
		own := &of(l.of(c.Subject.File)).Dependents
		own.Computes = append(own.Computes, c)
	}
	return groups
}

// editions are those of the inputs' deployments and computes, sorted; without any the usual one.
func (l *Linter) editions(extraction *extract.Extraction) []string {
	var editions []string
	for _, d := range extraction.Deployments {
		editions = append(editions, l.of(d.Subject.File).edition.ID)
	}
	for _, c := range extraction.Computes {
		editions = append(editions, l.of(c.Subject.File).edition.ID)
	}
	if len(editions) == 0 {
		editions = append(editions, l.usual.edition.ID)
	}
	return distinct(editions)
}

// read reads the inputs, settles none, and takes out those whose configuration is broken.
func (l *Linter) read(ctx context.Context, fsys fs.FS, inputs iter.Seq[Input]) inputFiles {
	return l.usable(readAll(ctx, inputs, l.parser(fsys, l.isOff), math.MaxInt64, nil))
}

// parser returns the parser of a run. Files of a language that is off are not read.
func (l *Linter) parser(fsys fs.FS, off func(file string) bool) *fileParser {
	var files language.Files // none
	if fsys != nil && !l.options.NoLink {
		files = extract.NewFiles(fsys, extract.Options{Project: l.options.Project})
	}
	return &fileParser{l.options.Without, language.NewReaders(files), off}
}

// isOff reports whether the configuration turns off the language of a file.
func (l *Linter) isOff(file string) bool {
	of := language.Of(file)
	return of != nil && slices.Contains(l.of(file).config.SourcesOff, of.Name)
}

// usable returns inputs without those whose configuration is broken.
func (l *Linter) usable(read inputFiles) inputFiles {
	read.errors = slices.Clone(read.errors)
	reported := map[*config.Error]bool{}
	for _, name := range read.names {
		configuration := l.of(name).config
		for _, mistake := range configuration.Faults {
			if !reported[mistake] {
				reported[mistake] = true
				read.faults = append(read.faults, fault{mistake, configuration})
			}
		}
	}
	below := map[string]int{} // by the name of the broken configuration
	for _, fault := range read.faults {
		if fault.config.Broken {
			below[brokenFile(fault.config)] = 0
		}
	}
	read.files = slices.DeleteFunc(slices.Clone(read.files), func(file *source.File) bool {
		configuration := l.of(file.Name).config
		if configuration.Broken {
			below[brokenFile(configuration)]++
		}
		return configuration.Broken || l.isOff(file.Name)
	})
	for _, name := range slices.Sorted(maps.Keys(below)) {
		message := name + ": invalid configuration"
		switch count := below[name]; count {
		case 0:
		case 1:
			message += "; 1 file was not evaluated"
		default:
			message += fmt.Sprintf("; %d files were not evaluated", count)
		}
		read.errors = append(read.errors, errors.New(message))
	}
	return read
}

// brokenFile is the name of the file because of which a configuration is broken.
func brokenFile(configuration *config.Config) string {
	return configuration.Faults[len(configuration.Faults)-1].File
}
