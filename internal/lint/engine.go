package lint

import (
	"context"
	"slices"

	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/evaluate"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
	"github.com/mlpolicy/mlpolicy/internal/lint/whatif"
)

// engine has the steps that files and objects share, by one set of policies and one configuration.
type engine struct {
	policies *policy.Policies
	config   *config.Config
	edition  policy.Edition // in force
	lists    extract.Lists
	notice   string
}

func newEngine(policies *policy.Policies, configuration *config.Config) (engine, error) {
	current, notice := policies.Current(configuration.Edition.Value)
	if edition := configuration.Edition; notice != "" {
		notice = config.At(edition.Location.Node, notice).Error()
		configuration.Edition = facts.Know(current, edition.Location)
	}
	names := append(policies.RuleIDs(), facts.SyntaxRule, facts.ContradictionRule, facts.BindingRule)
	targets := rowTargets(policies.Editions())
	if err := configuration.Check(names, policies.EditionIDs(), targets); err != nil {
		return engine{}, err
	}
	edition, _ := policies.Edition(configuration.Edition.Value)
	lists := configuration.Lists()
	lists.Targets = targets
	return engine{policies, configuration, edition, lists, notice}, nil
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
func (e *engine) Notice() string { return e.notice }

// severity returns that of a rule: the configuration's, else the usual one.
func (e *engine) severity(rule string, usual Severity) Severity {
	if severity, set := e.config.Severity(rule); set {
		return severity
	}
	return usual
}

func (e *engine) extractOptions(read inputFiles) extract.Options {
	return extract.Options{
		Cluster: e.config.Cluster, Statements: e.config.Statements, ModelSize: e.config.ModelSize,
		Lists: e.lists, Unrecognized: read.unrecognized,
	}
}

// factsOf returns the facts of the inputs and of what depends on them.
func (e *engine) factsOf(extraction *extract.Extraction) facts.Facts {
	return facts.Facts{
		Edition:     e.edition.ID,
		Deployments: slices.Concat(extraction.Deployments, extraction.Dependents.Deployments),
		Computes:    slices.Concat(extraction.Computes, extraction.Dependents.Computes),
	}
}

func (e *engine) whatIf(run *evaluate.Run) *whatif.Evaluator {
	return &whatif.Evaluator{
		Run: run, Policies: e.policies, Edition: e.edition, Targets: e.lists.Targets,
		Severity: func(rule policy.Rule) Severity { return e.severity(rule.ID, rule.Severity) },
	}
}

// evaluation is what the rules report in one run.
type evaluation struct {
	whatIf  *whatif.Evaluator
	facts   *facts.Facts    // with variants
	denials []whatif.Denial // of rules about one deployment or compute
	related []whatif.Denial // of rules that relate several
	errs    []error         // of the policies
}

// evaluate evaluates the deployments and computes, and the variants of the deployments.
func (e *engine) evaluate(ctx context.Context, extraction *extract.Extraction, options evaluate.Options) *evaluation {
	whatIf := e.whatIf(evaluate.NewRun(e.policies, options))
	variants := whatif.NewVariants(e.factsOf(extraction), extraction.Variants)
	denials, errs := whatIf.Run.Deployments(ctx, variants.Facts)
	return &evaluation{whatIf: whatIf, facts: variants.Facts, denials: whatIf.NewDenials(variants, denials), errs: errs}
}

// relate evaluates the rules that relate several deployments.
func (e *evaluation) relate(ctx context.Context, declared facts.Facts) {
	denials, errs := e.whatIf.Run.Project(ctx, &declared)
	for _, denial := range denials {
		e.related = append(e.related, whatif.Denial{Denial: denial})
	}
	e.errs = append(e.errs, errs...)
}

// result makes findings of what could not be read, of problems with the facts and of what the rules report.
func (e *engine) result(read inputFiles, extraction *extract.Extraction, evaluation *evaluation) *Result {
	builder := newBuilder(e, read.files)
	for _, file := range read.files {
		builder.unparsed(file)
	}
	for _, problem := range extraction.Problems {
		builder.problem(problem)
	}
	for _, denial := range slices.Concat(evaluation.denials, evaluation.related) {
		builder.denial(evaluation.facts, denial)
	}
	result := &Result{
		Edition:     e.edition.ID,
		Findings:    builder.sorted(),
		Files:       read.count,
		Recognized:  len(read.files),
		Deployments: len(extraction.Deployments) + len(extraction.Computes),
		Errors:      append(read.errors, evaluation.errs...),
		policies:    e.policies,
		suggester:   evaluation.whatIf.NewSuggester(evaluation.facts, evaluation.denials, evaluation.errs),
	}
	for _, d := range extraction.Deployments {
		result.Described = append(result.Described, described(d.Location, d.Name))
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
		result.Described = append(result.Described, described(c.Location, c.Name))
		if c.Target.Known {
			result.Targeted++
		}
	}
	return result
}

func described(location facts.Location, name facts.Fact[string]) Described {
	d := Described{Name: name.Value}
	if location.Node != nil {
		d.File = location.Node.File().Name
	}
	return d
}
