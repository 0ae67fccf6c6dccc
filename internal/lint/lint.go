// Package lint judges deployment descriptions: files in, sorted findings out.
// Make a Linter with New and call Lint. It never prints and never ends the
// process; writing a Result is package report's business.
package lint

import (
	"context"
	"io/fs"
	"iter"
	"slices"

	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Severity is how much a finding matters.
type Severity = facts.Severity

// The severities, most serious first.
const (
	Error   = facts.Error
	Warning = facts.Warning
	Note    = facts.Note
	Off     = facts.Off
)

// Finding is what a rule says about one fact.
type Finding struct {
	Rule     string
	Severity Severity
	Message  string // names the deployment, what was found and what would do; no final stop
	Remedy   string // what to do, from the rule's METADATA

	// File is where the finding stands; its Name is empty when no file states the fact.
	File *source.File
	// Span is the value in File that decides.
	Span source.Span
	// Field is the path of that value in its document: spec.containers[0].image.
	Field string
	// Deployment is the name of the deployment or compute at fault, empty for a file's syntax.
	Deployment string
	// Object is the Kubernetes object that the finding is about, nil for what is not one.
	Object *Object
	// Component is the part of a larger object that the deployment is, such as predictor, if any.
	Component string
	// Parameters names the parameters file with which its template describes the deployment or compute,
	// if others describe another, as File.Name names files; else it is empty.
	Parameters string
	// Target is the target of the deployment or compute, if known.
	Target string
	// Possible are the words with which the message begins where the deployment may run on
	// Target and need not; empty where it runs there.
	Possible string
	// Amount is by how much the rule is violated, unknown unless its METADATA say in which
	// direction it grows: the larger, the worse.
	Amount facts.Number
	// Unjudged says that what stands at Span was not judged any further: whoever heals the
	// finding may get others.
	Unjudged bool
	// Related are the further places that the finding rests on.
	Related []Related

	subject      int // the index of the deployment among the facts of the run
	ofDeployment bool
	further      string // sentences of Remedy that no suggestion replaces
	stays        bool   // the deployment has a target already that Remedy leaves it on
}

// Object identifies a Kubernetes object, by what its document says.
type Object struct{ Kind, Namespace, Name string }

// Related is a further place that a finding rests on.
type Related struct {
	File    *source.File
	Span    source.Span
	Message string
}

// Input is a file to judge.
type Input struct {
	// Name is the path as the user wrote it, with slashes; it is what findings say.
	Name string
	// Read returns the content; Lint calls it at most once.
	Read func() ([]byte, error)
}

// Result is what one run found.
type Result struct {
	Edition  string
	Findings []Finding // sorted by file, line, column, rule, message
	// Files counts the inputs that could be read, Recognized those of them that
	// hold a document of a known format.
	Files, Recognized int
	// Deployments counts the deployments and computes that the inputs describe.
	Deployments int
	// Targeted counts those of them with a known target: rules concern no others.
	Targeted int
	// Untargeted counts the deployments without a known target. A compute runs nothing by itself.
	Untargeted int
	// AwaitCluster counts the untargeted that run on whatever cluster the configuration names.
	AwaitCluster int
	// Errors are the inputs that could not be read, in their order, then the
	// deployments that the policies failed on.
	Errors []error

	suggester *suggester // nil where the policies cannot be asked again
}

// Count returns how many findings have the severity.
func (r *Result) Count(severity Severity) int {
	count := 0
	for _, finding := range r.Findings {
		if finding.Severity == severity {
			count++
		}
	}
	return count
}

// Linter judges files by one set of policies and one configuration. It is safe
// for concurrent use.
type Linter struct {
	policies *policy.Policies
	config   *config.Config
	lists    facts.Lists
	project  func(file string) *facts.Project
	alone    bool
	notice   string

	// Of admission; see Admission.
	admission bool
	doubted   []string
	namespace string

	patience *patience // of a run
}

// New makes a Linter. A configuration that names a rule or an edition which the
// policies do not have is an error with its position. The former id of an edition
// becomes the current one in the configuration; see Notice.
func New(policies *policy.Policies, configuration *config.Config) (*Linter, error) {
	current, notice := policies.Current(configuration.Edition.Value)
	if edition := configuration.Edition; notice != "" {
		notice = config.At(edition.Place.Node, notice).Error()
		configuration.Edition = facts.Know(current, edition.Place)
	}
	names := append(policies.RuleIDs(), facts.SyntaxRule, facts.ContradictionRule, facts.BindingRule)
	targets := rowTargets(policies.Editions())
	if err := configuration.Check(names, policies.EditionIDs(), targets); err != nil {
		return nil, err
	}
	lists := configuration.Lists()
	lists.Targets = targets
	return &Linter{policies: policies, config: configuration, lists: lists, notice: notice}, nil
}

// rowTargets returns the ids of rows that are not among the targets of the vocabulary.
func rowTargets(editions []policy.Edition) []facts.Target {
	var targets []facts.Target
	for _, edition := range editions {
		for _, row := range edition.Rows {
			if target := facts.Target(row.Target); !slices.Contains(target.Values(), row.Target) && !slices.Contains(targets, target) {
				targets = append(targets, target)
			}
		}
	}
	return targets
}

// Notice says in one line that the configuration's edition has another id or another
// table than before; empty where neither changed.
func (l *Linter) Notice() string { return l.notice }

// Linking returns a Linter that looks for what completes a deployment in its project,
// of which project is told the name of a file. Without it the project of a file is its folder.
func (l *Linter) Linking(project func(file string) *facts.Project) *Linter {
	linking := *l
	linking.project, linking.alone = project, false
	return &linking
}

// Alone returns a Linter that judges each document by what it says itself.
func (l *Linter) Alone() *Linter {
	alone := *l
	alone.alone = true
	return &alone
}

// Lint judges the inputs. Facts that other files hold are looked up in fsys,
// whose paths are those of the inputs' names; a nil fsys looks up nothing. What files
// that are no inputs describe is judged where it rests on an input, and only findings
// that stand in an input are reported.
//
// An input that cannot be read is in Result.Errors and hides no other's findings,
// and so is a deployment that the policies fail on. The error is the context's.
func (l *Linter) Lint(ctx context.Context, fsys fs.FS, inputs iter.Seq[Input]) (*Result, error) {
	l = l.run()
	read := l.readAll(ctx, inputs)
	extraction, err := facts.Extract(ctx, fsys, read.files, l.options(read))
	if err != nil {
		return nil, err
	}
	all := facts.Facts{
		Edition:     l.config.Edition.Value,
		Deployments: slices.Concat(extraction.Deployments, extraction.Dependents.Deployments),
		Computes:    slices.Concat(extraction.Computes, extraction.Dependents.Computes),
	}
	variants, first := variants(all.Deployments, extraction.Doubts), len(all.Deployments)
	for _, variant := range variants {
		all.Deployments = append(all.Deployments, variant.Deployment)
	}
	denials, errs := l.evaluate(ctx, &all)
	denials = l.reportable(denials, variants, first)
	var related []policy.Denial
	if !l.admission {
		known := all
		known.Deployments = all.Deployments[:first]
		var failures []error
		related, failures = l.evaluateProject(ctx, &known)
		errs = append(errs, failures...)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}

	judge := newJudge(l, read.files)
	for _, file := range read.files {
		for _, problem := range file.Problems {
			judge.unparsed(file, problem)
		}
	}
	for _, problem := range extraction.Problems {
		judge.problem(problem)
	}
	rests := l.rests(ctx, &all, denials)
	for i, denial := range denials {
		var of variant
		if index, ok := deploymentOf(denial); ok && index >= first {
			of = variants[index-first]
		}
		judge.denial(&all, denial, of, rests[i])
	}
	for _, denial := range related {
		judge.denial(&all, denial, variant{}, basis{})
	}
	result := &Result{
		Edition:     l.config.Edition.Value,
		Findings:    judge.sorted(),
		Files:       read.count,
		Recognized:  len(read.files),
		Deployments: len(extraction.Deployments) + len(extraction.Computes),
		Errors:      append(read.errors, errs...),
		suggester:   newSuggester(l, &all, denials, errs),
	}
	for _, d := range extraction.Deployments {
		if d.Target.Known {
			result.Targeted++
		} else {
			result.Untargeted++
		}
		if d.AwaitsCluster() {
			result.AwaitCluster++
		}
	}
	for _, c := range extraction.Computes {
		if c.Target.Known {
			result.Targeted++
		}
	}
	if !l.admission {
		findings := make([]*Finding, len(result.Findings))
		for i := range findings {
			findings[i] = &result.Findings[i]
		}
		result.Suggest(ctx, findings...)
	}
	return result, nil
}

// Facts returns what the inputs' documents state, in the form that policies see,
// and an error for each input that could not be read and each piece of text that
// could not be parsed. The last error is the context's.
func (l *Linter) Facts(ctx context.Context, fsys fs.FS, inputs iter.Seq[Input]) (*facts.Extraction, []error, error) {
	read := l.readAll(ctx, inputs)
	extraction, err := facts.Extract(ctx, fsys, read.files, l.options(read))
	if err != nil {
		return nil, nil, err
	}
	extraction.Edition = l.config.Edition.Value
	return extraction, read.faults(), nil
}

func (l *Linter) options(read readings) facts.Options {
	return facts.Options{
		Cluster: l.config.Cluster, Stated: l.config.Stated, ModelSize: l.config.ModelSize,
		Lists: l.lists,
		Alone: l.alone, Project: l.project, Unrecognized: read.unrecognized,
		Doubted: l.doubted, Object: l.admission, Namespace: l.namespace, Inline: l.admission,
	}
}
