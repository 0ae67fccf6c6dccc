// Package whatif evaluates facts under other conditions than the documents declare: on another target, under another
// edition, without an object's declarations about itself, or without a single fact.
//
//	Variants      an object without its own declarations, and on the other targets that it may run on
//	Dependencies  the facts without which a rule does not report
//	Placements    every target of the edition
//	Suggester     the targets and the edition under which a rule does not report
package whatif

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/mlpolicy/mlpolicy/internal/lint/evaluate"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
)

// Evaluator evaluates facts of one run.
type Evaluator struct {
	Run      *evaluate.Run
	Policies *policy.Policies
	Edition  policy.Edition // in force
	// Configuration returns the configuration of a file.
	Configuration func(file string) Configuration
	// Targets are ids of rows that are not in the vocabulary of facts.
	Targets []facts.Target
}

// Configuration gives rules severities.
type Configuration interface {
	// Severity returns that of a rule, false if the rule keeps its own.
	Severity(rule string) (severity facts.Severity, ok bool)
	// SeverityKey is the same for configurations that give all rules the same severities.
	SeverityKey() string
}

// severity returns that of a rule by the configuration of a deployment's file.
func (e *Evaluator) severity(d *facts.Deployment, rule policy.Rule) facts.Severity {
	if severity, ok := e.Configuration(d.Subject.File).Severity(rule.ID); ok {
		return severity
	}
	return rule.Severity
}

// Violation is what a rule reports about a deployment or its compute on a target.
type Violation struct {
	Rule     string
	Severity facts.Severity
	Message  string
}

// outcome is the result of evaluating a deployment on a target.
type outcome struct {
	violations []Violation // errors first
	failed     bool        // at least one rule failed
}

func (o outcome) has(severity facts.Severity) bool {
	return slices.ContainsFunc(o.violations, func(v Violation) bool { return v.Severity == severity })
}

func (o outcome) violates(rule string) bool {
	return slices.ContainsFunc(o.violations, func(v Violation) bool { return v.Rule == rule })
}

func (o outcome) warnings() int {
	count := 0
	for _, violation := range o.violations {
		if violation.Severity == facts.Warning {
			count++
		}
	}
	return count
}

func (o outcome) verdict() Verdict {
	switch {
	case o.has(facts.Error):
		return Refused
	case o.failed:
		return Unjudged
	case o.has(facts.Warning):
		return Warned
	}
	return Allowed
}

// outcomes evaluates deployments under an edition, together with their computes. It returns an outcome for each
// deployment.
func (e *Evaluator) outcomes(ctx context.Context, edition string, deployments []*facts.Deployment) ([]outcome, []error) {
	all := &facts.Facts{Edition: edition, Deployments: deployments}
	var owners []int // of the computes
	for i, d := range deployments {
		if d.Compute != nil {
			all.Computes, owners = append(all.Computes, d.Compute), append(owners, i)
		}
	}
	outcomes := make([]outcome, len(deployments))
	// ownerOf returns the index of the deployment that a denial is about, or about whose compute.
	ownerOf := func(kind string, index int) int {
		if kind == "computes" {
			return owners[index]
		}
		return index
	}
	denials, errs := e.Run.Deployments(ctx, all)
	for _, denial := range denials {
		kind, _ := denial.Path[0].(string)
		index, _ := denial.Path[1].(int)
		rule, _ := e.Policies.Rule(denial.Rule)
		owner := ownerOf(kind, index)
		if severity := e.severity(deployments[owner], rule); severity != facts.Off {
			o := &outcomes[owner]
			o.violations = append(o.violations, Violation{rule.ID, severity, denial.Message})
		}
	}
	for _, err := range errs {
		if failure := (*evaluate.Error)(nil); errors.As(err, &failure) {
			outcomes[ownerOf(failure.Kind, failure.Index)].failed = true
		}
	}
	for _, o := range outcomes {
		slices.SortFunc(o.violations, func(a, b Violation) int {
			return cmp.Or(cmp.Compare(severityOrder(a.Severity), severityOrder(b.Severity)), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Message, b.Message))
		})
	}
	return outcomes, errs
}

func severityOrder(severity facts.Severity) int {
	return slices.Index([]facts.Severity{facts.Error, facts.Warning, facts.Note}, severity)
}

// groups returns the group of each deployment and one deployment of each group. The deployments of a group have the
// same outcome on every target, except for messages: built-in rules use names only in messages.
func (e *Evaluator) groups(deployments []*facts.Deployment) (groupOf []int, groups []*facts.Deployment) {
	groupOf = make([]int, len(deployments))
	known := make(map[string]int, len(deployments))
	for i, d := range deployments {
		if e.Policies.Extended() {
			groupOf[i], groups = i, deployments
			continue
		}
		key := e.Configuration(d.Subject.File).SeverityKey() + groupKey(d)
		group, seen := known[key]
		if !seen {
			group = len(groups)
			known[key], groups = group, append(groups, d)
		}
		groupOf[i] = group
	}
	return groupOf, groups
}

// groupKey contains all known facts of a deployment except names: values, lower bounds, and amounts that belong to a
// machine and are dropped on another target.
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

// assume sets a fact to a value that no document declares.
func assume[T any](fact *facts.Fact[T], value T) { *fact = facts.Know(value, facts.Location{}) }
