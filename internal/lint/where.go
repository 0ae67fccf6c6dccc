package lint

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"slices"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
)

// Verdict is what the policies say of a deployment on a target.
type Verdict string

// The verdicts.
const (
	Allowed  Verdict = "allowed" // with notes at most
	Warned   Verdict = "allowed-with-warnings"
	Unlisted Verdict = "unlisted" // the edition does not have the target, and nothing speaks against it
	Unjudged Verdict = "unjudged" // a rule failed on it, and nothing refuses it
	Refused  Verdict = "refused"
)

// Placements is where the deployments of some inputs could be.
type Placements struct {
	Edition     string
	Deployments []Placement // in the order of the inputs
	Files       int         // inputs that could be read
	// Problems are what the documents leave unclear.
	Problems []facts.Problem
	// Errors are the inputs that could not be read or parsed, then the deployments
	// that the policies failed on.
	Errors []error
}

// Placement is where one deployment could be.
type Placement struct {
	Deployment *facts.Deployment
	// Options are the rows of the edition's table, and the deployment's own target
	// where that has none: allowed ones first, then as in the table. There are none for
	// training, which the table is not about.
	Options []Option
}

// Option is a target that a deployment could be on.
type Option struct {
	Target string   // of the row
	Name   string   // the row's, empty for a target without one
	For    []string // the targets that the row stands for
	// Current reports whether the deployment is there now.
	Current bool
	Verdict Verdict
	// Findings are what the rules say of the deployment there, errors first. For the
	// current target those about its compute are among them.
	Findings []Finding
	// Unknown are the facts that are not known, as paths into a deployment, and whose
	// value could make the verdict worse, each by itself.
	Unknown []string
}

// Where tells of each deployment in the inputs what the policies say of it on each
// target of the edition in force. It judges the same facts with each target in turn;
// see facts.Deployment.On.
//
// The error is the context's.
func (l *Linter) Where(ctx context.Context, fsys fs.FS, inputs iter.Seq[Input]) (*Placements, error) {
	l = l.run()
	read := l.readAll(ctx, inputs)
	extraction, err := facts.Extract(ctx, fsys, read.files, l.options(read))
	if err != nil {
		return nil, err
	}
	placements := &Placements{
		Edition:     l.config.Edition.Value,
		Deployments: make([]Placement, len(extraction.Deployments)),
		Files:       read.count,
		Problems:    extraction.Problems,
		Errors:      read.faults(),
	}
	for i, d := range extraction.Deployments {
		placements.Deployments[i].Deployment = d
	}
	rows, said := l.rows(), map[string]bool{}
	for some := range slices.Chunk(placements.Deployments, placedAtOnce) {
		for _, err := range l.place(ctx, rows, some) {
			// A rule fails on a deployment most often whatever its target.
			if !said[err.Error()] {
				said[err.Error()] = true
				placements.Errors = append(placements.Errors, err)
			}
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	return placements, nil
}

// placedAtOnce is how many deployments are tried at the same time: it takes a hundred
// trials for each.
const placedAtOnce = 50

// row is a target of the edition in force, with those that share its row.
type row struct {
	target, name string
	stands       []string
	preview      bool
}

func (l *Linter) rows() []row {
	edition, _ := l.policies.Edition(l.config.Edition.Value)
	rows := make([]row, len(edition.Rows))
	for i, each := range edition.Rows {
		rows[i] = row{target: each.Target, name: each.Name, preview: each.Cells["preview"] == true}
		for _, target := range facts.Target("").Values() {
			if of, ok := edition.Row(target); ok && of.Target == each.Target {
				rows[i].stands = append(rows[i].stands, target)
			}
		}
		if slices.Contains(l.lists.Targets, facts.Target(each.Target)) {
			rows[i].stands = append(rows[i].stands, each.Target)
		}
	}
	return rows
}

func (r row) standsFor(target facts.Fact[facts.Target]) bool {
	return target.Known && slices.Contains(r.stands, string(target.Value))
}

// tried is the target that a deployment is tried on for a row: of those that the row
// stands for its own, else its compute's.
func (r row) tried(d *facts.Deployment) facts.Target {
	switch {
	case r.standsFor(d.Target):
		return d.Target.Value
	case d.Compute != nil && r.standsFor(d.Compute.Target):
		return d.Compute.Target.Value
	case slices.Contains(r.stands, r.target):
		return facts.Target(r.target)
	}
	return facts.Target(r.stands[0]) // an edition has no row that stands for none
}

// place finds the options of some deployments.
func (l *Linter) place(ctx context.Context, rows []row, some []Placement) []error {
	var options []*Option
	var trials []*facts.Deployment
	for i := range some {
		d := some[i].Deployment
		if d.Workload.Value == facts.Training {
			continue
		}
		some[i].Options = make([]Option, 0, len(rows)+1)
		add := func(option Option, trial *facts.Deployment) {
			some[i].Options = append(some[i].Options, option)
			options = append(options, &some[i].Options[len(some[i].Options)-1])
			trials = append(trials, trial)
		}
		for _, row := range rows {
			add(Option{Target: row.target, Name: row.name, For: row.stands, Current: row.standsFor(d.Target)}, d.On(row.tried(d)))
		}
		if d.Target.Known && !slices.ContainsFunc(rows, func(row row) bool { return row.standsFor(d.Target) }) {
			add(Option{Target: string(d.Target.Value), Current: true}, d)
		}
	}
	outcomes, errs := l.try(ctx, l.config.Edition.Value, trials)
	for i, option := range options {
		option.Findings, option.Verdict = outcomes[i].findings, outcomes[i].verdict()
		if option.Name == "" && option.Verdict == Allowed {
			option.Verdict = Unlisted
		}
	}
	if !slices.ContainsFunc(errs, timedOut) {
		l.doubt(ctx, options, trials)
	}
	for i := range some {
		slices.SortStableFunc(some[i].Options, func(a, b Option) int { return cmp.Compare(a.Verdict.rank(), b.Verdict.rank()) })
	}
	return errs
}

// doubt finds the facts that are not known and could make a verdict worse: it tries
// what each of them could be. Errors of that are no fault of what is known.
func (l *Linter) doubt(ctx context.Context, options []*Option, trials []*facts.Deployment) {
	type probe struct {
		option int // the first one of its group
		fact   string
	}
	var probes []probe
	var probed []*facts.Deployment
	groupOf, groups := l.groups(trials)
	guesses, asked := guesses(), make([]bool, len(groups))
	for i, option := range options {
		if asked[groupOf[i]] || option.Verdict == Refused || option.Verdict == Unjudged {
			continue
		}
		asked[groupOf[i]] = true
		for _, guess := range guesses {
			if d := *trials[i]; !guess.known(&d) {
				guess.make(&d)
				probes, probed = append(probes, probe{i, guess.fact}), append(probed, &d)
			}
		}
	}
	outcomes, _ := l.try(ctx, l.config.Edition.Value, probed)
	unknown := make([][]string, len(groups))
	for i, probe := range probes {
		paths := &unknown[groupOf[probe.option]]
		worse := outcomes[i].verdict().badness() > options[probe.option].Verdict.badness()
		if worse && !slices.Contains(*paths, probe.fact) {
			*paths = append(*paths, probe.fact)
		}
	}
	for i, option := range options {
		option.Unknown = unknown[groupOf[i]]
	}
}

// guess is what a fact that is not known could be.
type guess struct {
	fact  string // as a path into a deployment
	known func(*facts.Deployment) bool
	make  func(*facts.Deployment)
}

// guesses has what speaks against most targets, of amounts more than any of them has.
// How a deployment is delivered and its compute are not among them: they are chosen
// with the target.
func guesses() []guess {
	workload := func(value facts.Workload) guess {
		return guess{"workload", func(d *facts.Deployment) bool { return d.Workload.Known }, func(d *facts.Deployment) { suppose(&d.Workload, value) }}
	}
	stage := func(value facts.Stage) guess {
		return guess{"stage", func(d *facts.Deployment) bool { return d.Stage.Known }, func(d *facts.Deployment) { suppose(&d.Stage, value) }}
	}
	return []guess{
		workload(facts.WebService), workload(facts.BatchScoring), workload(facts.IoTModule),
		stage(facts.Production), stage(facts.Development),
		{"designer", func(d *facts.Deployment) bool { return d.Designer.Known }, func(d *facts.Deployment) { suppose(&d.Designer, true) }},
		{"gpus", func(d *facts.Deployment) bool { return d.GPUs.Known }, func(d *facts.Deployment) { suppose(&d.GPUs, 1<<16) }},
		{"fpgas", func(d *facts.Deployment) bool { return d.FPGAs.Known }, func(d *facts.Deployment) { suppose(&d.FPGAs, 1<<16) }},
		{"memory_gib", func(d *facts.Deployment) bool { return d.MemoryGiB.Known && !d.MemoryGiB.AtLeast },
			func(d *facts.Deployment) { suppose(&d.MemoryGiB, 1<<24) }},
		{"models.size_bytes", sizesKnown, func(d *facts.Deployment) {
			model := &facts.Model{}
			suppose(&model.SizeBytes, 1<<54)
			d.Models = append(slices.Clip(d.Models), model)
		}},
	}
}

func suppose[T any](fact *facts.Fact[T], value T) { *fact = facts.Know(value, facts.Place{}) }

func sizesKnown(d *facts.Deployment) bool {
	return len(d.Models) > 0 && !slices.ContainsFunc(d.Models, func(m *facts.Model) bool { return !m.SizeBytes.Known })
}

// rank orders the verdicts for people who look for a target.
func (v Verdict) rank() int {
	return slices.Index([]Verdict{Allowed, Warned, Unlisted, Unjudged, Refused}, v)
}

// badness orders the verdicts by what is known to speak against a target.
func (v Verdict) badness() int {
	return slices.Index([]Verdict{Warned, Refused}, v)
}

// outcome is what the policies say of a deployment that is tried on a target.
type outcome struct {
	findings []Finding // errors first
	failed   bool      // at least one rule did
}

func (o outcome) has(severity Severity) bool {
	return slices.ContainsFunc(o.findings, func(f Finding) bool { return f.Severity == severity })
}

// violates reports whether the deployment violates a rule.
func (o outcome) violates(rule string) bool {
	return slices.ContainsFunc(o.findings, func(f Finding) bool { return f.Rule == rule })
}

func (o outcome) verdict() Verdict {
	switch {
	case o.has(Error):
		return Refused
	case o.failed:
		return Unjudged
	case o.has(Warning):
		return Warned
	}
	return Allowed
}

// try asks the policies about deployments under an edition, and about the computes of those
// that have one. It returns an outcome for each deployment.
func (l *Linter) try(ctx context.Context, edition string, deployments []*facts.Deployment) ([]outcome, []error) {
	all := &facts.Facts{Edition: edition, Deployments: deployments}
	var owners []int // of the computes
	for i, d := range deployments {
		if d.Compute != nil {
			all.Computes, owners = append(all.Computes, d.Compute), append(owners, i)
		}
	}
	outcomes := make([]outcome, len(deployments))
	of := func(s subject) *outcome {
		if s.kind == "computes" {
			return &outcomes[owners[s.index]]
		}
		return &outcomes[s.index]
	}
	denials, errs := l.evaluate(ctx, all)
	for _, denial := range denials {
		kind, _ := denial.Path[0].(string)
		index, _ := denial.Path[1].(int)
		outcome := of(subject{kind, index})
		rule, _ := l.policies.Rule(denial.Rule)
		finding := Finding{Rule: rule.ID, Severity: l.severity(rule), Message: denial.Message, Remedy: rule.Remediation}
		if finding.Severity != Off {
			outcome.findings = append(outcome.findings, finding)
		}
	}
	for _, err := range errs {
		if failure := (*failure)(nil); errors.As(err, &failure) {
			of(failure.subject).failed = true
		}
	}
	for _, outcome := range outcomes {
		slices.SortFunc(outcome.findings, func(a, b Finding) int {
			return cmp.Or(cmp.Compare(rankOf(a.Severity), rankOf(b.Severity)), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Message, b.Message))
		})
	}
	return outcomes, errs
}

// groups returns the group of each deployment and one deployment of each group. Those of
// a group have the same outcome, on their target and on any other, except for messages:
// the builtin rules read names for their messages alone.
func (l *Linter) groups(deployments []*facts.Deployment) (groupOf []int, groups []*facts.Deployment) {
	groupOf = make([]int, len(deployments))
	known := make(map[string]int, len(deployments))
	for i, d := range deployments {
		if l.policies.Extended() {
			groupOf[i], groups = i, deployments
			continue
		}
		key := groupKey(d)
		group, seen := known[key]
		if !seen {
			group = len(groups)
			known[key], groups = group, append(groups, d)
		}
		groupOf[i] = group
	}
	return groupOf, groups
}

// groupKey is all that is known of a deployment except names: values, which of them are
// lower bounds, and which are a machine's and stay behind on another target.
func groupKey(d *facts.Deployment) string {
	var unnamed facts.Fact[string]
	like := *d
	like.Name, like.Component, like.Format, like.Images, like.Labels = unnamed, unnamed, "", nil, nil
	like.Models = make([]*facts.Model, len(d.Models))
	for i, model := range d.Models {
		like.Models[i] = &facts.Model{SizeBytes: model.SizeBytes}
	}
	if d.Compute != nil {
		compute := *d.Compute
		compute.Name, compute.Format = unnamed, ""
		like.Compute = &compute
	}
	key, err := json.Marshal(&like)
	if err != nil {
		return fmt.Sprintf("%p", d) // a group of its own
	}
	return fmt.Sprint(string(key), d.CPUCores.OfMachine, d.MemoryGiB.OfMachine)
}

func rankOf(severity Severity) int { return slices.Index([]Severity{Error, Warning, Note}, severity) }

// severity is a rule's in the configuration in force.
func (l *Linter) severity(rule policy.Rule) Severity {
	if severity, set := l.config.Severity(rule.ID); set {
		return severity
	}
	return rule.Severity
}
