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

// Suggest completes the remedies of findings of the result with the targets that would do
// and, where the edition in force does not list the target, with a later edition that lists it
// and accepts the deployment. It evaluates the same facts there; where ctx ends first, remedies
// stay those of the rules.
func (r *Result) Suggest(ctx context.Context, findings ...*Finding) {
	if r.suggester != nil {
		r.suggester.complete(ctx, findings)
	}
}

// suggester knows what the findings of a run are about.
type suggester struct {
	*Linter
	all    *facts.Facts
	denied map[int][]string // the rules that each deployment violates, by its index
}

// newSuggester returns nil where there is nothing to fix, or the policies were too slow to be asked
// again.
func newSuggester(l *Linter, all *facts.Facts, denials []policy.Denial, errs []error) *suggester {
	if len(denials) == 0 || slices.ContainsFunc(errs, timedOut) {
		return nil
	}
	s := &suggester{Linter: l, all: all, denied: map[int][]string{}}
	for _, denial := range denials {
		if index, ok := deploymentOf(denial); ok {
			s.denied[index] = append(s.denied[index], denial.Rule)
		}
	}
	return s
}

// suggestion is where a deployment could be accepted.
type suggestion struct {
	candidates []candidate
	later      *laterEdition // nil for none
}

// candidate is another target, and what the policies say of the deployment there.
type candidate struct {
	name    string // of the target's row
	preview bool
	outcome
}

// laterEdition lists a target that the edition in force does not list, by this name.
type laterEdition struct {
	id, name string
	warned   bool
}

func (s *suggester) complete(ctx context.Context, findings []*Finding) {
	suggestions := map[int]*suggestion{}
	for _, finding := range findings {
		if index, ok := s.suggestible(finding); ok {
			suggestions[index] = &suggestion{}
		}
	}
	if len(suggestions) == 0 {
		return
	}
	indexes := slices.Sorted(maps.Keys(suggestions))
	deployments := make([]*facts.Deployment, len(indexes))
	for i, index := range indexes {
		deployments[i] = s.all.Deployments[index]
	}
	groupOf, groups := s.groups(deployments)
	candidates, later := s.candidates(ctx, groups), s.laterEditions(ctx, groups)
	for i, index := range indexes {
		suggestions[index] = &suggestion{candidates[groupOf[i]], later[groupOf[i]]}
	}
	// What no target fixes names the rules of which another remedy names targets, so that they do not contradict each other.
	movable := map[int][]string{}
	for _, finding := range findings {
		index, ok := s.suggestible(finding)
		if !ok || slices.Contains(movable[index], finding.Rule) {
			continue
		}
		rule, _ := s.policies.Rule(finding.Rule)
		if targets, _ := suggestions[index].targets(rule, finding.Severity, s.all.Deployments[index].Stage, s.denied[index]); rule.Elsewhere != "" && targets != "" {
			movable[index] = append(movable[index], finding.Rule)
		}
	}
	for _, finding := range findings {
		if index, ok := s.suggestible(finding); ok {
			rule, _ := s.policies.Rule(finding.Rule)
			slices.Sort(movable[index])
			finding.Remedy = suggestions[index].remedy(rule, finding.Severity, s.all.Deployments[index].Stage, s.denied[index], movable[index], s.config.Edition.Value) + finding.further
		}
	}
}

// suggestible reports whether another target or edition may fix a finding, and the index
// of the deployment that it is about.
func (s *suggester) suggestible(finding *Finding) (index int, ok bool) {
	if !finding.ofDeployment || finding.stays {
		return 0, false
	}
	d := s.all.Deployments[finding.subject]
	rule, known := s.policies.Rule(finding.Rule)
	return finding.subject, known && rule.Scope == policy.PerDeployment && relocatable(d) && (rule.Elsewhere != "" || s.isUnlisted(d))
}

// relocatable reports whether a deployment can be told to go to another target. What is not
// known to be inference may have its reasons to be where it is.
func relocatable(d *facts.Deployment) bool {
	return d.Workload.Known && d.Workload.Value != facts.Training
}

// isUnlisted reports whether the edition in force has no row for the target of a deployment.
func (s *suggester) isUnlisted(d *facts.Deployment) bool {
	edition, _ := s.policies.Edition(s.config.Edition.Value)
	_, listed := edition.Row(string(d.Target.Value))
	return d.Target.Known && !listed
}

// candidates tries each deployment on each other target of the edition in force.
func (s *suggester) candidates(ctx context.Context, deployments []*facts.Deployment) [][]candidate {
	candidates := make([][]candidate, len(deployments))
	var trials []*facts.Deployment
	rows := s.rows()
	for i, d := range deployments {
		for _, row := range rows {
			if row.standsFor(d.Target) {
				continue
			}
			trial := d.On(row.tried(d))
			if !trial.Stage.Known {
				// A target for testing is not suggested to what may be in production.
				suppose(&trial.Stage, facts.Production)
			}
			trials = append(trials, trial)
			candidates[i] = append(candidates[i], candidate{name: row.name, preview: row.preview})
		}
	}
	outcomes, _ := s.try(ctx, s.config.Edition.Value, trials) // a target on which a rule fails is not suggested
	next := 0
	for _, some := range candidates {
		for i := range some {
			some[i].outcome = outcomes[next]
			next++
		}
	}
	return candidates
}

// laterEditions finds for each deployment whose target is unlisted the first later edition that
// lists it and reports no error.
func (s *suggester) laterEditions(ctx context.Context, deployments []*facts.Deployment) []*laterEdition {
	found := make([]*laterEdition, len(deployments))
	current, _ := s.policies.Edition(s.config.Edition.Value)
	editions := slices.DeleteFunc(s.policies.Editions(), func(e policy.Edition) bool { return e.Date <= current.Date })
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
		outcomes, _ := s.try(ctx, edition.ID, trials)
		for i, outcome := range outcomes {
			if verdict := outcome.verdict(); verdict != Refused && verdict != Unjudged {
				row, _ := edition.Row(string(trials[i].Target.Value))
				found[indexes[i]] = &laterEdition{edition.ID, row.Name, verdict == Warned}
			}
		}
	}
	return found
}

// remedy is that of a rule for a deployment that violates the rules denied, with the names of
// the targets that would do and the later edition that accepts it. The remedies of the rules
// movable name targets.
func (s *suggestion) remedy(rule policy.Rule, severity Severity, stage facts.Fact[facts.Stage], denied, movable []string, edition string) string {
	text := rule.Remediation
	switch targets, failed := s.targets(rule, severity, stage, denied); {
	case rule.Elsewhere == "":
	case targets != "":
		text = strings.Replace(text, rule.Elsewhere, targets, 1)
	case s.later != nil, severity == Note, failed:
	case stage.Value == facts.Production && slices.ContainsFunc(s.candidates, func(c candidate) bool { return c.preview && c.verdict() == Allowed }):
		text += fmt.Sprintf(" As it is, only previews of edition %s would do%s.", edition, besides(movable))
	default:
		text += fmt.Sprintf(" As it is, no target of edition %s would do%s.", edition, besides(movable))
	}
	if s.later != nil {
		accepts := "accepts the deployment"
		if s.later.warned {
			accepts += ", with warnings"
		}
		text = fmt.Sprintf("%s, or set edition: %s, which lists %s and %s.", strings.TrimSuffix(text, "."), s.later.id, s.later.name, accepts)
	}
	return text
}

// besides restricts a sentence about all findings of a deployment where the remedies of some rules
// name targets.
func besides(rules []string) string {
	if len(rules) == 0 {
		return ""
	}
	last := len(rules) - 1
	return " for " + strings.Join(append([]string{"this"}, rules[:last]...), ", ") + " and " + rules[last]
}

// targets names the candidates that would do. None of them reports an error. They are those
// without warnings; for an error or a warning else those with the fewest, none of them new; for an
// error else those with the fewest. A preview is never among them in production, and otherwise
// only where no other target would do or the deployment is for development. failed is set where it
// is not known of all candidates.
func (s *suggestion) targets(rule policy.Rule, severity Severity, stage facts.Fact[facts.Stage], denied []string) (names string, failed bool) {
	var clean, same, warned []candidate
	for _, candidate := range s.candidates {
		switch verdict := candidate.verdict(); {
		case verdict == Unjudged:
			failed = true
		case verdict == Refused, candidate.violates(rule.ID), candidate.preview && stage.Value == facts.Production:
		case verdict == Allowed:
			clean = append(clean, candidate)
		case !slices.ContainsFunc(candidate.findings, func(f Finding) bool { return f.Severity == Warning && !slices.Contains(denied, f.Rule) }):
			same = append(same, candidate)
		default:
			warned = append(warned, candidate)
		}
	}
	for _, tier := range []struct {
		candidates []candidate
		applies    bool
		suffix     string
	}{
		{clean, true, ""},
		{fewestWarnings(same), severity != Note && !failed, ""},
		{fewestWarnings(warned), severity == Error && !failed, ", with warnings"},
	} {
		if !tier.applies || len(tier.candidates) == 0 {
			continue
		}
		available := slices.DeleteFunc(slices.Clone(tier.candidates), func(c candidate) bool { return c.preview })
		switch {
		case stage.Known:
			return either(tier.candidates) + tier.suffix, failed
		case len(available) > 0:
			return either(available) + tier.suffix, failed
		}
		return either(tier.candidates) + " (in preview)" + tier.suffix, failed
	}
	return "", failed
}

// fewestWarnings returns the candidates with as few warnings as any of them.
func fewestWarnings(candidates []candidate) []candidate {
	var fewest []candidate
	least := 0
	for _, candidate := range candidates {
		warnings := 0
		for _, finding := range candidate.findings {
			if finding.Severity == Warning {
				warnings++
			}
		}
		if len(fewest) == 0 || warnings < least {
			fewest, least = nil, warnings
		}
		if warnings == least {
			fewest = append(fewest, candidate)
		}
	}
	return fewest
}

// either joins the names of several candidates, in the order in which rules name targets.
func either(candidates []candidate) string {
	names := make([]string, len(candidates))
	for i, candidate := range candidates {
		names[i] = candidate.name
	}
	slices.Sort(names)
	last := len(names) - 1
	if last == 0 {
		return names[0]
	}
	return strings.Join(names[:last], ", ") + " or " + names[last]
}
