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

// Admission evaluates Kubernetes objects as they are sent to an API server. It evaluates each by itself and in the
// goroutine of the caller, so that many calls run beside each other and a panic is the caller's. It is safe for
// concurrent use.
//
// Of what an object declares about itself by annotations or labels, only the words (facts.Statements) that are trusted
// count in full. Any other declaration may add findings and never removes one: whatever would be found if the object did
// not make it is found. The same is true of evidence of a cluster, since the API server is that of the configured one.
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

// Review evaluates an object, which is in the namespace unless it declares another. Rules that relate several
// deployments are left out, and remedies are the rules' own until Result.Suggest completes them. The error is the
// context's.
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

// Severity returns that of a rule which is not one of the policies: the configuration's, else the usual one.
func (a *Admission) Severity(rule string, usual Severity) Severity { return a.severity(rule, usual) }

// BindingRule is the rule of findings about whoever binds a Pod to a virtual node.
const BindingRule = facts.BindingRule

// IsVirtualNode reports whether a node of this name is a virtual node, which is ACI.
func IsVirtualNode(name string) bool { return scheduling.IsVirtualNode(name) }
