package whatif

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/evaluate"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
)

// Suggester completes remedies with targets and editions under which the rule does not report.
type Suggester struct {
	*Evaluator
	violated map[*facts.Deployment][]string // rules
}

// NewSuggester returns the Suggester for denials of all; nil if there are none, or if the evaluation of all was too
// slow to evaluate more.
func (e *Evaluator) NewSuggester(all *facts.Facts, denials []Denial, errs []error) *Suggester {
	if len(denials) == 0 || slices.ContainsFunc(errs, evaluate.TimedOut) {
		return nil
	}
	s := &Suggester{Evaluator: e, violated: map[*facts.Deployment][]string{}}
	for _, denial := range denials {
		if index, ok := deploymentOf(denial.Denial); ok {
			d := all.Deployments[index]
			s.violated[d] = append(s.violated[d], denial.Rule)
		}
	}
	return s
}

// Reported is a rule that reports about a deployment with a severity.
type Reported struct {
	Rule       policy.Rule
	Severity   facts.Severity
	Deployment *facts.Deployment
}

// suggestion lists the targets and editions that may accept a deployment.
type suggestion struct {
	candidates []candidate
	later      *laterEdition // nil for none
}

// Remedy describes how to fix a violation.
type Remedy struct {
	Text string
	// Suggestions are the changes that Text contains, targets before the edition.
	Suggestions []Suggestion
}

// Suggestion is a change with which the rule does not report. It adds no finding that is worse than a warning.
type Suggestion struct {
	Change Change
	Value  string // the ID of the target or of the edition
	Name   string // of the target, that of its row in the table; empty for an edition
}

// Change is what a Suggestion changes.
type Change string

// The changes.
const (
	ChangeTarget  Change = "target"  // deploy to another target
	ChangeEdition Change = "edition" // select a later edition of the table
)

// candidate is another target, and the result of evaluating the deployment on it.
type candidate struct {
	target  facts.Target
	name    string // of the target's row
	preview bool
	outcome
}

// laterEdition lists a target, under this name, that the selected edition does not list.
type laterEdition struct {
	id, name string
	warned   bool
}

// Remedies returns a Remedy for each reported rule: the rule's own, with the targets on which it does not report. If
// the selected edition does not list the target, it adds a later edition that lists it and accepts the deployment. If
// ctx ends first, remedies are those of the rules.
func (s *Suggester) Remedies(ctx context.Context, reported []Reported) []Remedy {
	suggestions := s.suggestions(ctx, reported)
	withTargets := s.rulesWithTargets(reported, suggestions)
	remedies := make([]Remedy, len(reported))
	for i, each := range reported {
		remedies[i].Text = each.Rule.Remediation
		if s.canSuggest(each) {
			remedies[i] = s.remedy(each, suggestions[each.Deployment], withTargets[each.Deployment])
		}
	}
	return remedies
}

// canSuggest reports whether another target or edition may accept the deployment.
func (s *Suggester) canSuggest(r Reported) bool {
	return r.Rule.Scope == policy.PerDeployment && relocatable(r.Deployment) && (r.Rule.SuggestTargets != "" || s.isUnlisted(r.Deployment))
}

// relocatable reports whether to suggest another target for a deployment. A deployment that is not known to be
// inference may have its reasons for its target.
func relocatable(d *facts.Deployment) bool {
	return d.Workload.Known && d.Workload.Value != facts.Training
}

// isUnlisted reports whether the selected edition has no row for the target of a deployment.
func (s *Suggester) isUnlisted(d *facts.Deployment) bool {
	_, listed := s.Edition.Row(string(d.Target.Value))
	return d.Target.Known && !listed
}

// suggestions evaluates the deployments for which a suggestion is possible on other targets and editions.
func (s *Suggester) suggestions(ctx context.Context, reported []Reported) map[*facts.Deployment]suggestion {
	suggestions := map[*facts.Deployment]suggestion{}
	var deployments []*facts.Deployment
	for _, each := range reported {
		if _, seen := suggestions[each.Deployment]; !seen && s.canSuggest(each) {
			suggestions[each.Deployment] = suggestion{}
			deployments = append(deployments, each.Deployment)
		}
	}
	if len(deployments) == 0 {
		return suggestions
	}
	groupOf, groups := s.groups(deployments)
	candidates, later := s.candidates(ctx, groups), s.laterEditions(ctx, groups)
	for i, d := range deployments {
		suggestions[d] = suggestion{candidates[groupOf[i]], later[groupOf[i]]}
	}
	return suggestions
}

// rulesWithTargets returns, for each deployment, the rules whose remedies name targets, sorted. A remedy without a
// suitable target mentions them, so that the remedies do not contradict each other.
func (s *Suggester) rulesWithTargets(reported []Reported, suggestions map[*facts.Deployment]suggestion) map[*facts.Deployment][]string {
	rules := map[*facts.Deployment][]string{}
	for _, each := range reported {
		d := each.Deployment
		if each.Rule.SuggestTargets == "" || !s.canSuggest(each) || slices.Contains(rules[d], each.Rule.ID) {
			continue
		}
		if targets, _ := s.targets(each, suggestions[d].candidates); len(targets.list) > 0 {
			rules[d] = append(rules[d], each.Rule.ID)
		}
	}
	for _, some := range rules {
		slices.Sort(some)
	}
	return rules
}

// candidates evaluates each deployment on each other target of the selected edition.
func (s *Suggester) candidates(ctx context.Context, deployments []*facts.Deployment) [][]candidate {
	candidates := make([][]candidate, len(deployments))
	var trials []*facts.Deployment
	rows := s.rows()
	for i, d := range deployments {
		for _, row := range rows {
			if row.includes(d.Target) {
				continue
			}
			trial := onTarget(d, row.targetOf(d))
			if !trial.Stage.Known {
				// Targets for testing are not suggested for deployments that may be in production.
				assume(&trial.Stage, facts.Production)
			}
			trials = append(trials, trial)
			candidates[i] = append(candidates[i], candidate{target: trial.Target.Value, name: row.name, preview: row.preview})
		}
	}
	outcomes, _ := s.outcomes(ctx, s.Edition.ID, trials) // a target on which a rule fails is not suggested
	next := 0
	for _, some := range candidates {
		for i := range some {
			some[i].outcome = outcomes[next]
			next++
		}
	}
	return candidates
}

// laterEditions finds, for each deployment with an unlisted target, the first later edition that lists the target and
// reports no error.
func (s *Suggester) laterEditions(ctx context.Context, deployments []*facts.Deployment) []*laterEdition {
	found := make([]*laterEdition, len(deployments))
	editions := slices.DeleteFunc(s.Policies.Editions(), func(e policy.Edition) bool { return e.Date <= s.Edition.Date })
	slices.SortStableFunc(editions, func(a, b policy.Edition) int { return strings.Compare(a.Date, b.Date) })
	for _, edition := range editions {
		var trials []*facts.Deployment
		var indexes []int
		for i, d := range deployments {
			if _, listed := edition.Row(string(d.Target.Value)); listed && found[i] == nil && s.isUnlisted(d) {
				trials, indexes = append(trials, d), append(indexes, i)
			}
		}
		if len(trials) == 0 {
			continue
		}
		outcomes, _ := s.outcomes(ctx, edition.ID, trials)
		for i, outcome := range outcomes {
			if verdict := outcome.verdict(); verdict != Refused && verdict != Unjudged {
				found[indexes[i]] = &laterEdition{edition.ID, edition.NameOf(string(trials[i].Target.Value)), verdict == Warned}
			}
		}
	}
	return found
}

// remedy is the rule's own, with the names of suitable targets and of the later edition that accepts the deployment.
// The remedies of the rules withTargets name targets.
func (s *Suggester) remedy(r Reported, suggestion suggestion, withTargets []string) Remedy {
	text := r.Rule.Remediation
	var changes []Suggestion
	switch targets, failed := s.targets(r, suggestion.candidates); {
	case r.Rule.SuggestTargets == "":
	case len(targets.list) > 0:
		text = strings.Replace(text, r.Rule.SuggestTargets, targets.String(), 1)
		for _, candidate := range targets.list {
			changes = append(changes, Suggestion{ChangeTarget, string(candidate.target), candidate.name})
		}
	case suggestion.later != nil, r.Severity == facts.Note, failed:
	case r.inProduction() && slices.ContainsFunc(suggestion.candidates, func(c candidate) bool { return c.preview && c.verdict() == Allowed }):
		text += fmt.Sprintf(" As it is, only previews of edition %s are suitable%s.", s.Edition.ID, besides(withTargets))
	default:
		text += fmt.Sprintf(" As it is, no target of edition %s is suitable%s.", s.Edition.ID, besides(withTargets))
	}
	if later := suggestion.later; later != nil {
		accepts := "accepts the deployment"
		if later.warned {
			accepts += ", with warnings"
		}
		text = fmt.Sprintf("%s, or set edition: %s, which lists %s and %s.", strings.TrimSuffix(text, "."), later.id, later.name, accepts)
		changes = append(changes, Suggestion{Change: ChangeEdition, Value: later.id})
	}
	return Remedy{text, changes}
}

// besides restricts a sentence about all violated rules of a deployment if the remedies of some rules name targets.
func besides(rules []string) string {
	if len(rules) == 0 {
		return ""
	}
	last := len(rules) - 1
	return " for " + strings.Join(append([]string{"this"}, rules[:last]...), ", ") + " and " + rules[last]
}

// chosen are the candidates that a remedy names, and a text about all of them.
type chosen struct {
	list   []candidate // sorted by name
	remark string
}

// String returns the names of the candidates.
func (c chosen) String() string {
	names := make([]string, len(c.list))
	for i, candidate := range c.list {
		names[i] = candidate.name
	}
	last := len(names) - 1
	if last == 0 {
		return names[0] + c.remark
	}
	return strings.Join(names[:last], ", ") + " or " + names[last] + c.remark
}

// targets returns the suitable candidates, which have no errors. They are those without warnings. For an error or a
// warning, they are otherwise those with the fewest warnings, none of them new; for an error, otherwise those with
// the fewest. Previews are never included for production. Otherwise they are included only if no other target is
// suitable or the deployment is for development. failed is set if rules failed on a candidate.
func (s *Suggester) targets(r Reported, candidates []candidate) (targets chosen, failed bool) {
	var clean, same, warned []candidate
	for _, candidate := range candidates {
		switch verdict := candidate.verdict(); {
		case verdict == Unjudged:
			failed = true
		case verdict == Refused, candidate.violates(r.Rule.ID), candidate.preview && r.inProduction():
		case verdict == Allowed:
			clean = append(clean, candidate)
		case !candidate.addsWarning(s.violated[r.Deployment]):
			same = append(same, candidate)
		default:
			warned = append(warned, candidate)
		}
	}
	switch {
	case len(clean) > 0:
		return choose(clean, r.Deployment.Stage), failed
	case len(same) > 0 && r.Severity != facts.Note && !failed:
		return choose(fewestWarnings(same), r.Deployment.Stage), false
	case len(warned) > 0 && r.Severity == facts.Error && !failed:
		targets = choose(fewestWarnings(warned), r.Deployment.Stage)
		targets.remark += ", with warnings"
		return targets, false
	}
	return chosen{}, failed
}

func (r Reported) inProduction() bool { return r.Deployment.Stage.Value == facts.Production }

// addsWarning reports whether a rule warns about the candidate that the deployment does not violate on its current
// target.
func (c candidate) addsWarning(violated []string) bool {
	return slices.ContainsFunc(c.violations, func(v Violation) bool {
		return v.Severity == facts.Warning && !slices.Contains(violated, v.Rule)
	})
}

// fewestWarnings returns the candidates with the smallest number of warnings.
func fewestWarnings(candidates []candidate) []candidate {
	least := slices.MinFunc(candidates, func(a, b candidate) int { return a.warnings() - b.warnings() }).warnings()
	return slices.DeleteFunc(candidates, func(c candidate) bool { return c.warnings() > least })
}

// choose returns all candidates if the stage is known, otherwise those that are not previews, or else all as
// previews.
func choose(candidates []candidate, stage facts.Fact[facts.Stage]) chosen {
	c := chosen{list: slices.Clone(candidates)}
	if !stage.Known {
		c.list = slices.DeleteFunc(c.list, func(c candidate) bool { return c.preview })
		if len(c.list) == 0 {
			c.list, c.remark = slices.Clone(candidates), " (in preview)"
		}
	}
	slices.SortFunc(c.list, func(a, b candidate) int { return strings.Compare(a.name, b.name) })
	return c
}
