package lint

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
)

// advice is how deployments would fare on other targets, by their index in the facts.
type advice struct {
	edition  string
	subjects map[int]*advised
}

// advised is a deployment that other targets heal.
type advised struct {
	denied    []string // the rules that it breaks where it is
	prospects []prospect
}

// prospect is how a deployment would fare on another target.
type prospect struct {
	name string // of the target's row
	outcome
}

// advise tries on other targets the deployments that have a denial which another target
// heals. errs are of the evaluation that made the denials.
func (l *Linter) advise(ctx context.Context, all *facts.Facts, denials []policy.Denial, errs []error) advice {
	a := advice{edition: l.config.Edition.Value, subjects: map[int]*advised{}}
	if l.admission || slices.ContainsFunc(errs, timedOut) {
		return a // what is slow is slow again
	}
	for _, denial := range denials {
		index, _ := denial.Path[1].(int)
		if denial.Path[0] != "deployments" || !movable(all.Deployments[index]) {
			continue
		}
		if rule, _ := l.policies.Rule(denial.Rule); rule.Elsewhere != "" && l.severity(rule) != Off {
			a.subjects[index] = &advised{}
		}
	}
	if len(a.subjects) == 0 {
		return a
	}

	for _, denial := range denials {
		index, _ := denial.Path[1].(int)
		if subject := a.subjects[index]; subject != nil && denial.Path[0] == "deployments" {
			subject.denied = append(subject.denied, denial.Rule)
		}
	}
	indexes := slices.Sorted(maps.Keys(a.subjects))
	deployments := make([]*facts.Deployment, len(indexes))
	for i, index := range indexes {
		deployments[i] = all.Deployments[index]
	}
	groupOf, groups := l.groups(deployments)
	prospects := l.prospects(ctx, groups)
	for i, index := range indexes {
		a.subjects[index].prospects = prospects[groupOf[i]]
	}
	return a
}

// prospects tries each deployment on each other target.
func (l *Linter) prospects(ctx context.Context, deployments []*facts.Deployment) [][]prospect {
	prospects := make([][]prospect, len(deployments))
	var trials []*facts.Deployment
	rows := l.rows()
	for i, d := range deployments {
		for _, row := range rows {
			if row.standsFor(d.Target) {
				continue
			}
			trial := d.On(row.tried(d))
			if !trial.Stage.Known {
				// A target for testing is no advice to those who may be in production.
				suppose(&trial.Stage, facts.Production)
			}
			trials = append(trials, trial)
			prospects[i] = append(prospects[i], prospect{name: row.name})
		}
	}
	outcomes, _ := l.try(ctx, trials) // what fails there is no prospect
	next := 0
	for _, some := range prospects {
		for i := range some {
			some[i].outcome = outcomes[next]
			next++
		}
	}
	return prospects
}

// movable tells whether a deployment can be told to go elsewhere. What nobody knows to
// be inference may have its reasons to be where it is.
func movable(d *facts.Deployment) bool {
	return d.Workload.Known && d.Workload.Value != facts.Training
}

// remedy is that of a rule which denies the deployment of this index, with the names of
// the targets that would do: those without error and warning; for an error or a warning
// else those without new ones; for an error else those with warnings.
func (a advice) remedy(rule policy.Rule, severity Severity, index int) string {
	subject := a.subjects[index]
	if subject == nil || rule.Elsewhere == "" {
		return rule.Remediation
	}
	var clean, same, warned []string
	failed := false
	for _, prospect := range subject.prospects {
		verdict := prospect.verdict()
		switch {
		case verdict == Unjudged:
			failed = true
		case prospect.breaks(rule.ID):
		case verdict == Allowed:
			clean = append(clean, prospect.name)
		case !slices.ContainsFunc(prospect.findings, func(f Finding) bool { return f.Severity != Note && !slices.Contains(subject.denied, f.Rule) }):
			same = append(same, prospect.name)
		case verdict == Warned:
			warned = append(warned, prospect.name)
		}
	}
	named := func(phrase string) string { return strings.Replace(rule.Remediation, rule.Elsewhere, phrase, 1) }
	switch {
	case len(clean) > 0:
		return named(either(clean))
	case severity == Note || failed:
		return rule.Remediation
	case len(same) > 0:
		return named(either(same))
	case severity == Error && len(warned) > 0:
		return named(either(warned) + ", with warnings")
	}
	return fmt.Sprintf("%s As it is, no target of edition %s would do.", rule.Remediation, a.edition)
}

// either is several names as one phrase, in the order in which rules name targets.
func either(names []string) string {
	slices.Sort(names)
	last := len(names) - 1
	if last == 0 {
		return names[0]
	}
	return strings.Join(names[:last], ", ") + " or " + names[last]
}
