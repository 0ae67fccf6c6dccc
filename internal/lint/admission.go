package lint

import (
	"context"
	"slices"

	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/evaluate"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/scheduling"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
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
	reported := a.engine.evaluate(ctx, extraction, evaluate.ForObject())
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return result(a.engine.of, read, extraction, []*evaluation{reported}), nil
}

// Severity returns the severity of a rule that is not one of the policies: that of the configuration, or else the
// default.
func (a *Admission) Severity(rule string, usual Severity) Severity { return a.severity(rule, usual) }

// BindingRule is the ID of the rule that reports bindings of Pods to virtual nodes.
const BindingRule = facts.BindingRule

// IsVirtualNode reports whether a node of this name is a virtual node, which is ACI.
func IsVirtualNode(name string) bool { return scheduling.IsVirtualNode(name) }
