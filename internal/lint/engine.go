package lint

import (
	"context"
	"slices"

	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/evaluate"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
	"github.com/mlpolicy/mlpolicy/internal/lint/waiver"
	"github.com/mlpolicy/mlpolicy/internal/lint/whatif"
)

// Setting is what applies to some files: a set of policies and a configuration, which were checked against each other.
type Setting struct {
	policies *policy.Policies
	config   *config.Config
	edition  policy.Edition // in force
	settings extract.Settings
	notice   string

	rules   []string // that a waiver may name
	waiving waiver.Settings
	waivers map[string][]*config.Waiver // by rule
	relates bool                        // a rule compares deployments
}

// NewSetting checks a configuration: one that names a rule or an edition which the policies do not have is an error with
// its position. The former id of an edition becomes the current one in the configuration; see Notice.
func NewSetting(policies *policy.Policies, configuration *config.Config) (*Setting, error) {
	current, notice := policies.Current(configuration.Edition.Value)
	if edition := configuration.Edition; notice != "" {
		notice = config.At(edition.Location.Node, notice).Error()
		configuration.Edition = facts.Know(current, edition.Location)
	}
	rules := waivable(policies)
	targets := rowTargets(policies.Editions())
	var former []string
	for _, edition := range policies.Editions() {
		former = append(former, edition.Formerly...)
	}
	if err := configuration.Check(rules, policies.EditionIDs(), former, targets); err != nil {
		return nil, err
	}
	edition, _ := policies.Edition(configuration.Edition.Value)
	lists := configuration.Lists()
	lists.Targets = targets
	settings := extract.Settings{Cluster: configuration.Cluster, Statements: configuration.Statements, ModelSize: configuration.ModelSize, Lists: lists}
	return &Setting{
		policies, configuration, edition, settings, notice,
		rules, configuration.Waiving(), waiversByRule(configuration),
		slices.ContainsFunc(policies.Rules(), func(rule policy.Rule) bool { return rule.Scope == policy.PerProject }),
	}, nil
}

// BrokenSetting is that of files which are not evaluated, because a configuration is broken.
func BrokenSetting(configuration *config.Config) *Setting { return &Setting{config: configuration} }

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
func (s *Setting) Notice() string { return s.notice }

// severity returns that of a rule: the configuration's, else the usual one.
func (s *Setting) severity(rule string, usual Severity) Severity {
	if severity, set := s.config.Severity(rule); set {
		return severity
	}
	return usual
}

// engine has the steps that files and objects share. It evaluates what has the same policies and edition at once; what
// else a configuration declares applies to each file by itself.
type engine struct {
	policies *policy.Policies
	edition  policy.Edition
	targets  []facts.Target // of rows, beside the vocabulary
	// of returns the setting of a file.
	of func(file string) *Setting
}

// engineOf returns the engine of a setting.
func engineOf(s *Setting, of func(file string) *Setting) *engine {
	return &engine{s.policies, s.edition, s.settings.Lists.Targets, of}
}

// factsOf returns the facts of the inputs and of the files that depend on them.
func (e *engine) factsOf(extraction *extract.Extraction) facts.Facts {
	return facts.Facts{
		Edition:     e.edition.ID,
		Deployments: slices.Concat(extraction.Deployments, extraction.Dependents.Deployments),
		Computes:    slices.Concat(extraction.Computes, extraction.Dependents.Computes),
	}
}

func (e *engine) whatIf(run *evaluate.Run) *whatif.Evaluator {
	return &whatif.Evaluator{
		Run: run, Policies: e.policies, Edition: e.edition, Targets: e.targets,
		Configuration: func(file string) whatif.Configuration { return e.of(file).config },
	}
}

// evaluation is what the rules report about what has the same policies and edition.
type evaluation struct {
	whatIf    *whatif.Evaluator
	facts     *facts.Facts    // with variants
	answers   []policy.Denial // of rules about one deployment or compute
	denials   []whatif.Denial // the same, without those of variants that are not new
	related   []whatif.Denial // of rules that relate several
	errs      []error         // of the policies
	suggester *whatif.Suggester
}

// evaluate evaluates the deployments and computes, and the variants of the deployments.
func (e *engine) evaluate(ctx context.Context, extraction *extract.Extraction, options evaluate.Options) *evaluation {
	return e.evaluateUnless(ctx, extraction, options, nil)
}

// evaluateUnless is evaluate, but if another evaluation, which may be nil, was of the same facts and no rule failed, it
// takes its answers.
func (e *engine) evaluateUnless(ctx context.Context, extraction *extract.Extraction, options evaluate.Options, other *evaluation) *evaluation {
	whatIf := e.whatIf(evaluate.NewRun(e.policies, options))
	variants := whatif.NewVariants(e.factsOf(extraction), extraction.Variants)
	result := &evaluation{whatIf: whatIf, facts: variants.Facts}
	if other != nil && len(other.errs) == 0 && variants.Facts.Same(other.facts) {
		result.answers = other.answers
	} else {
		result.answers, result.errs = whatIf.Run.Deployments(ctx, variants.Facts)
	}
	result.denials = whatIf.NewDenials(variants, result.answers)
	return result
}

// relate evaluates the rules that compare several deployments.
func (e *evaluation) relate(ctx context.Context, declared facts.Facts) {
	denials, errs := e.whatIf.Run.Project(ctx, &declared)
	for _, denial := range denials {
		e.related = append(e.related, whatif.Denial{Denial: denial})
	}
	e.errs = append(e.errs, errs...)
}

// result makes findings of what could not be read, of problems with the facts and of what the rules report.
// except is called with them and the result so far, to take out what waivers and baselines cover.
func result(of func(file string) *Setting, read inputFiles, extraction *extract.Extraction, evaluations []*evaluation, except func(*builder, *Result)) *Result {
	builder := newBuilder(of, read.files)
	for _, mistake := range read.faults {
		builder.fault(mistake)
	}
	for _, file := range read.files {
		builder.unparsed(file)
	}
	for _, problem := range extraction.Problems {
		builder.problem(problem)
	}
	summary := summarize(read, extraction)
	result := &Result{
		Files:       read.count,
		Recognized:  len(read.files) + read.settled.files,
		Deployments: len(summary.deployments) + len(summary.computes),
		Targeted:    summary.targeted, Untargeted: summary.untargeted, AwaitCluster: summary.awaitCluster,
		Errors: slices.Clip(read.errors),
	}
	for _, each := range slices.Concat(summary.deployments, summary.computes) {
		result.Described = append(result.Described, each.Described)
	}
	for setting := range read.settled.settings {
		result.Editions, result.Policies = append(result.Editions, setting.edition.ID), append(result.Policies, setting.policies.Digest())
	}
	for _, evaluation := range evaluations {
		for _, denial := range slices.Concat(evaluation.denials, evaluation.related) {
			builder.denial(evaluation, denial)
		}
		result.Errors = append(result.Errors, evaluation.errs...)
		evaluation.suggester = evaluation.whatIf.NewSuggester(evaluation.facts, evaluation.denials, evaluation.errs)
		result.Editions = append(result.Editions, evaluation.whatIf.Edition.ID)
		result.Policies = append(result.Policies, evaluation.whatIf.Policies.Digest())
	}
	builder.dropDisputed(extraction.Disputed)
	except(builder, result)
	result.Findings, result.Editions, result.Policies = builder.sorted(), distinct(result.Editions), distinct(result.Policies)
	result.Unreported = len(distinctFindings(builder.unreported))
	return result
}

func distinct(texts []string) []string {
	slices.Sort(texts)
	return slices.Compact(texts)
}
