package lint

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/evaluate"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
	"github.com/mlpolicy/mlpolicy/internal/lint/whatif"
)

// Result is the result of one run.
type Result struct {
	// Editions are those by which the deployments were evaluated, sorted; most often there is one.
	Editions []string
	// Policies are the digests of the policies, as policy.Policies.Digest; most often there is one.
	Policies []string
	Findings []Finding // sorted by file, line, column, rule, message
	// Waived are the findings that waivers take out of Findings, in the same order.
	Waived []Finding
	// Unchanged are the findings that Restrict takes out of Findings, in the same order.
	Unchanged []Finding
	// Baselined are the findings that baselines take out of Findings, in the same order, after waivers.
	Baselined []Finding
	// Baselines are those of the inputs' projects and of Options, by folder.
	Baselines []*BaselineOutcome
	// Waivers are those that apply to the inputs, by file and position.
	Waivers []*Waiver
	// Unreported counts the documents and values that could not be evaluated and whose rule is off.
	Unreported int
	// Files counts the inputs that could be read, and Recognized those that contain a document of a known format.
	Files, Recognized int
	// Deployments counts the deployments and computes in the inputs. Described lists them in the order of the inputs,
	// deployments first.
	Deployments int
	Described   []Described
	// Targeted counts those with a known target. Rules apply to no others.
	Targeted int
	// Untargeted counts the deployments without a known target. Computes are not counted.
	Untargeted int
	// AwaitCluster counts the deployments without a known target that run on the cluster that the configuration
	// declares.
	AwaitCluster int
	// Errors are the inputs that could not be read, in their order, then the deployments on which the policies
	// failed.
	Errors []error

	path               func(file string) string // nil for as named
	run                run                      // that the result is of
	reviewed           *reviewed                // the object of an Admission
	waivedUnchanged    []Finding                // that Restrict takes out of Waived
	baselinedUnchanged []Finding                // likewise of Baselined
}

// Edition names the editions, separated by commas.
func (r *Result) Edition() string { return strings.Join(r.Editions, ", ") }

// Fails reports whether a finding is as severe as its configuration's fail_on or more.
func (r *Result) Fails() bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Fails })
}

// Described identifies a deployment or a compute. Several in one file can have the same name.
type Described struct {
	File, Name            string
	Start                 source.Position // of its object; zero if that is unknown
	Component, Parameters string          // as of a Finding
}

// Named returns d without what distinguishes it from others of the same name in the file.
func (d Described) Named() Described { return Described{File: d.File, Name: d.Name} }

// PathOf returns the path from the root of the repository, with slashes, for the name of a file.
func (r *Result) PathOf(file string) string {
	if r.path == nil {
		return file
	}
	return r.path(file)
}

// WithWaived returns the result with the waived findings among the others, in order. They are not counted.
func (r *Result) WithWaived() *Result { return r.with(r.Waived) }

// WithBaselined returns the result with the baselined findings among the others, in order. They are not counted.
func (r *Result) WithBaselined() *Result { return r.with(r.Baselined) }

func (r *Result) with(findings []Finding) *Result {
	with := *r
	with.Findings = slices.Concat(r.Findings, findings)
	slices.SortStableFunc(with.Findings, compare)
	return &with
}

// Count returns how many findings have the severity and are neither waived nor baselined.
func (r *Result) Count(severity Severity) int {
	count := 0
	for _, finding := range r.Findings {
		if finding.Severity == severity && finding.Waived == nil && finding.Baselined == nil {
			count++
		}
	}
	return count
}

// FailedRules returns the rules that caused Errors. It is incomplete if an error has another cause; then findings of
// any rule may be missing.
func (r *Result) FailedRules() (rules []string, complete bool) {
	return evaluate.FailedRules(errors.Join(r.Errors...))
}

// Suggest completes the remedies of findings of the result with suitable targets. If the selected edition does not
// list the target, it adds a later edition that lists it and accepts the deployment. It evaluates the same facts for
// this. If ctx ends first, remedies stay those of the rules.
func (r *Result) Suggest(ctx context.Context, findings ...*Finding) {
	byEvaluation := map[*evaluation][]*Finding{}
	for _, finding := range findings {
		if finding.suggestFor != nil && finding.evaluation.suggester != nil {
			byEvaluation[finding.evaluation] = append(byEvaluation[finding.evaluation], finding)
		}
	}
	for evaluation, findings := range byEvaluation {
		reported := make([]whatif.Reported, len(findings))
		for i, finding := range findings {
			rule, _ := evaluation.whatIf.Policies.Rule(finding.Rule)
			reported[i] = whatif.Reported{Rule: rule, Severity: finding.Severity, Deployment: finding.suggestFor}
		}
		for i, remedy := range evaluation.suggester.Remedies(ctx, reported) {
			findings[i].Remedy, findings[i].Suggestions = remedy.Text+findings[i].further, nil
			for _, s := range remedy.Suggestions {
				findings[i].Suggestions = append(findings[i].Suggestions, Suggestion{Change: s.Change, Value: s.Value, Name: s.Name})
			}
		}
	}
}

// suggestAll completes the remedies of all findings.
func (r *Result) suggestAll(ctx context.Context) {
	findings := make([]*Finding, len(r.Findings))
	for i := range findings {
		findings[i] = &r.Findings[i]
	}
	r.Suggest(ctx, findings...)
}
