package lint

import (
	"context"
	"slices"
	"time"

	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/evaluate"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/scheduling"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
	"github.com/mlpolicy/mlpolicy/internal/lint/waiver"
)

// Admission evaluates Kubernetes objects that are sent to an API server. Each object is evaluated on its own and in
// the goroutine of the caller, so that calls run in parallel and the caller gets the panics. It is safe for
// concurrent use.
//
// If an object declares something about itself by annotations or labels, only trusted words (facts.Statements) count
// fully. Any other declaration can add findings but never removes one: findings without the declaration are kept. The
// same is true of evidence of a cluster, because the API server belongs to the configured cluster.
type Admission struct {
	*Setting
	// Clock returns the time whose day decides which waivers have expired; nil for that of the system.
	Clock func() time.Time
	// Without are the optimisations that are not used.
	Without   Without
	engine    *engine
	untrusted []string // words
}

// NewAdmission makes an Admission, after the checks of NewSetting. The words are those that are trusted.
func NewAdmission(policies *policy.Policies, configuration *config.Config, trusted ...string) (*Admission, error) {
	setting, err := NewSetting(policies, configuration)
	if err != nil {
		return nil, err
	}
	a := &Admission{Setting: setting, engine: engineOf(setting, always(setting))}
	if !slices.Contains(trusted, "workload") {
		a.untrusted = append(a.untrusted, facts.Labelled)
	}
	for _, word := range facts.StatementWords() {
		if !slices.Contains(trusted, word) {
			a.untrusted = append(a.untrusted, word)
		}
	}
	return a, nil
}

// Review evaluates an object. It is in the namespace unless it declares another. Rules that compare several
// deployments are skipped, and remedies are those of the rules until Result.Suggest completes them. The error is that
// of the context.
func (a *Admission) Review(ctx context.Context, namespace string, object Input) (*Result, error) {
	return a.review(ctx, namespace, object, nil)
}

// ReviewBefore is Review for the object that an update replaces; after is the result for the new object. If the objects
// differ only in values that nobody reads, the result is after, whose positions are those in the new object. If rules see
// the same in both, they are not evaluated again.
func (a *Admission) ReviewBefore(ctx context.Context, namespace string, object Input, after *Result) (*Result, error) {
	if after.reviewed == nil || len(after.Errors) > 0 || !a.Without.Uses(Unchanged) {
		return a.Review(ctx, namespace, object)
	}
	text, err := object.Read(nil)
	if err == nil && extract.IgnoredInObjects().SameRest(text, after.reviewed.text) {
		return after, nil
	}
	return a.review(ctx, namespace, Input{object.Name, func([]byte) ([]byte, error) { return text, err }}, after.reviewed.evaluation)
}

// reviewed is an object that was evaluated.
type reviewed struct {
	text       []byte
	evaluation *evaluation
}

func (a *Admission) review(ctx context.Context, namespace string, object Input, other *evaluation) (*Result, error) {
	read := readObject(object)
	options := extract.Options{
		Settings: func(string) *extract.Settings { return &a.settings },
		Alone:    true, Object: true, Inline: true,
		Untrusted: a.untrusted, Namespace: namespace,
		Unrecognized: read.unrecognized,
	}
	extraction, err := extract.Extract(ctx, nil, read.files, options)
	if err != nil {
		return nil, err
	}
	reported := a.engine.evaluateUnless(ctx, extraction, a.Without.evaluation(evaluate.ForObject()), other)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	result := result(a.engine.of, read, extraction, []*evaluation{reported}, func(b *builder, result *Result) {
		b.namespace = namespace
		a.waive(ctx, b, read, extraction, result)
	})
	for _, file := range read.files { // at most one
		result.reviewed = &reviewed{file.Text, reported}
	}
	return result, nil
}

// waive applies the waivers of the configuration: an object cannot excuse itself.
func (a *Admission) waive(ctx context.Context, b *builder, read inputFiles, extraction *extract.Extraction, result *Result) {
	w := &waivers{builder: b, today: waiver.DayOf(now(a.Clock))}
	w.waive(ctx, read, extraction, result)
}

// Waive applies the waivers of the configuration to a finding about an object that Review did not evaluate.
func (a *Admission) Waive(ctx context.Context, finding Finding, object Object) *Result {
	finding.subject = facts.Subject{Kind: object.Kind, Namespace: object.Namespace, Name: object.Name}
	b, result := newBuilder(a.engine.of, nil), &Result{}
	b.add(finding, "")
	a.waive(ctx, b, inputFiles{names: []string{""}}, &extract.Extraction{}, result)
	result.Findings = b.sorted()
	return result
}

// Severity returns the severity of a rule that is not one of the policies: that of the configuration, or else the
// default.
func (a *Admission) Severity(rule string, usual Severity) Severity { return a.severity(rule, usual) }

// BindingRule is the ID of the rule that reports bindings of Pods to virtual nodes.
const BindingRule = facts.BindingRule

// IsVirtualNode reports whether a node of this name is a virtual node, which is ACI.
func IsVirtualNode(name string) bool { return scheduling.IsVirtualNode(name) }
