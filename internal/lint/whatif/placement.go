package whatif

import (
	"cmp"
	"context"
	"slices"

	"github.com/mlpolicy/mlpolicy/internal/lint/evaluate"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
)

// Verdict is the result of the policies for a deployment on a target.
type Verdict string

// The verdicts.
const (
	Allowed  Verdict = "allowed" // without errors and warnings
	Warned   Verdict = "allowed-with-warnings"
	Unlisted Verdict = "unlisted" // the edition does not list the target, and no rule reports
	Unjudged Verdict = "unjudged" // a rule failed on it, and there is no error
	Refused  Verdict = "refused"
)

// sortOrder lists the verdicts for output, the best first.
func (v Verdict) sortOrder() int {
	return slices.Index([]Verdict{Allowed, Warned, Unlisted, Unjudged, Refused}, v)
}

// severityOrder orders the verdicts by what is known, the worst last.
func (v Verdict) severityOrder() int {
	return slices.Index([]Verdict{Warned, Refused}, v)
}

// Placement lists the possible targets of one deployment.
type Placement struct {
	Deployment *facts.Deployment
	Edition    string // whose rows the options are
	// Options are the rows of the edition's table, and the deployment's own target
	// where that has none: allowed ones first, then as in the table. There are none for
	// training, which the table is not about.
	Options []Option
}

// Option is a possible target of a deployment.
type Option struct {
	Target string   // of the row
	Name   string   // the row's, empty for a target without one
	For    []string // the targets that share the row
	// Current reports whether this is the current target.
	Current bool
	Verdict Verdict
	// Violations are the results of the rules for the deployment on the target, errors first. For the current target
	// they include those for its compute.
	Violations []Violation
	// Unknown are the unknown facts whose value could make the verdict worse, each on its own, as paths into a
	// deployment.
	Unknown []string
}

// placedAtOnce is the number of deployments that are evaluated in parallel; each takes a hundred evaluations.
const placedAtOnce = 50

// Placements evaluates each deployment on each target of the selected edition. See facts.Deployment.On for the facts
// that are kept on another target. It ends early if the context ends.
func (e *Evaluator) Placements(ctx context.Context, deployments []*facts.Deployment) ([]Placement, []error) {
	placements := make([]Placement, len(deployments))
	for i, d := range deployments {
		placements[i].Deployment, placements[i].Edition = d, e.Edition.ID
	}
	var errs []error
	rows, seen := e.rows(), map[string]bool{}
	for some := range slices.Chunk(placements, placedAtOnce) {
		for _, err := range e.setOptions(ctx, rows, some) {
			// A rule that fails on a deployment usually fails on every target.
			if !seen[err.Error()] {
				seen[err.Error()] = true
				errs = append(errs, err)
			}
		}
		if ctx.Err() != nil {
			break
		}
	}
	return placements, errs
}

// place sets the options of some placements.
func (e *Evaluator) setOptions(ctx context.Context, rows []row, placements []Placement) []error {
	var options []*Option
	var trials []*facts.Deployment // of the options
	for i := range placements {
		p := &placements[i]
		d := p.Deployment
		if d.Workload.Value == facts.Training {
			continue
		}
		p.Options = make([]Option, 0, len(rows)+1)
		add := func(option Option, trial *facts.Deployment) {
			p.Options = append(p.Options, option)
			options, trials = append(options, &p.Options[len(p.Options)-1]), append(trials, trial)
		}
		for _, row := range rows {
			add(Option{Target: row.target, Name: row.name, For: row.standsFor, Current: row.includes(d.Target)}, onTarget(d, row.targetOf(d)))
		}
		if d.Target.Known && !slices.ContainsFunc(rows, func(row row) bool { return row.includes(d.Target) }) {
			add(Option{Target: string(d.Target.Value), Current: true}, d)
		}
	}
	outcomes, errs := e.outcomes(ctx, e.Edition.ID, trials)
	for i, option := range options {
		option.Violations, option.Verdict = outcomes[i].violations, outcomes[i].verdict()
		if option.Name == "" && option.Verdict == Allowed {
			option.Verdict = Unlisted
		}
	}
	if !slices.ContainsFunc(errs, evaluate.TimedOut) {
		e.setUnknown(ctx, options, trials)
	}
	for _, p := range placements {
		slices.SortStableFunc(p.Options, func(a, b Option) int { return cmp.Compare(a.Verdict.sortOrder(), b.Verdict.sortOrder()) })
	}
	return errs
}

// setUnknown finds, for each option, the unknown facts that could make the verdict worse. It evaluates the deployment
// with each value that such a fact could have. Errors of these evaluations are ignored, because the values are
// hypothetical.
func (e *Evaluator) setUnknown(ctx context.Context, options []*Option, trials []*facts.Deployment) {
	type probe struct {
		option int // the first one of its group
		fact   string
	}
	var probes []probe
	var probed []*facts.Deployment
	groupOf, groups := e.groups(trials)
	hypotheses, done := hypotheses(), make([]bool, len(groups))
	for i, option := range options {
		if done[groupOf[i]] || option.Verdict == Refused || option.Verdict == Unjudged {
			continue
		}
		done[groupOf[i]] = true
		for _, hypothesis := range hypotheses {
			if d := *trials[i]; !hypothesis.known(&d) {
				hypothesis.assume(&d)
				probes, probed = append(probes, probe{i, hypothesis.fact}), append(probed, &d)
			}
		}
	}
	outcomes, _ := e.outcomes(ctx, e.Edition.ID, probed)
	unknown := make([][]string, len(groups))
	for i, probe := range probes {
		paths := &unknown[groupOf[probe.option]]
		worse := outcomes[i].verdict().severityOrder() > options[probe.option].Verdict.severityOrder()
		if worse && !slices.Contains(*paths, probe.fact) {
			*paths = append(*paths, probe.fact)
		}
	}
	for i, option := range options {
		option.Unknown = unknown[groupOf[i]]
	}
}

// hypothesis is a value that an unknown fact could have.
type hypothesis struct {
	fact   string // as a path into a deployment
	known  func(*facts.Deployment) bool
	assume func(*facts.Deployment)
}

// hypotheses are the values that most targets do not support; for amounts, a value above every limit. Delivery and
// compute are not included, because they are chosen together with the target.
func hypotheses() []hypothesis {
	workload := func(value facts.Workload) hypothesis {
		return hypothesis{"workload", func(d *facts.Deployment) bool { return d.Workload.Known }, func(d *facts.Deployment) { assume(&d.Workload, value) }}
	}
	stage := func(value facts.Stage) hypothesis {
		return hypothesis{"stage", func(d *facts.Deployment) bool { return d.Stage.Known }, func(d *facts.Deployment) { assume(&d.Stage, value) }}
	}
	return []hypothesis{
		workload(facts.WebService), workload(facts.BatchScoring), workload(facts.IoTModule),
		stage(facts.Production), stage(facts.Development),
		{"designer", func(d *facts.Deployment) bool { return d.Designer.Known }, func(d *facts.Deployment) { assume(&d.Designer, true) }},
		{"gpus", func(d *facts.Deployment) bool { return d.GPUs.Known }, func(d *facts.Deployment) { assume(&d.GPUs, 1<<16) }},
		{"fpgas", func(d *facts.Deployment) bool { return d.FPGAs.Known }, func(d *facts.Deployment) { assume(&d.FPGAs, 1<<16) }},
		{"memory_gib", func(d *facts.Deployment) bool { return d.MemoryGiB.Known && !d.MemoryGiB.AtLeast },
			func(d *facts.Deployment) { assume(&d.MemoryGiB, 1<<24) }},
		{"models.size_bytes", sizesKnown, func(d *facts.Deployment) {
			model := &facts.Model{}
			assume(&model.SizeBytes, 1<<54)
			d.Models = append(slices.Clip(d.Models), model)
		}},
	}
}

func sizesKnown(d *facts.Deployment) bool {
	return len(d.Models) > 0 && !slices.ContainsFunc(d.Models, func(m *facts.Model) bool { return !m.SizeBytes.Known })
}
