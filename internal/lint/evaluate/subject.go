package evaluate

import (
	"context"
	"errors"
	"fmt"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
)

// Subject is a deployment or a compute.
type Subject struct {
	Kind  string // deployments or computes, as in a path
	Index int    // in the list of that kind
}

// Error is a failure of the policies on one subject.
type Error struct {
	Subject
	file, name string
	err        error
}

func (e *Error) Error() string { return fmt.Sprintf("%s: evaluate %s: %v", e.file, e.name, e.err) }
func (e *Error) Unwrap() error { return e.err }

// FailedRules returns the rules that failed with an error of a Run. It is incomplete if the error also has another
// cause; then denials of any rule may be missing.
func FailedRules(err error) (rules []string, complete bool) {
	switch err := err.(type) {
	case interface{ Unwrap() []error }:
		complete = true
		for _, each := range err.Unwrap() {
			failed, ok := FailedRules(each)
			rules, complete = append(rules, failed...), complete && ok
		}
		return rules, complete
	case *Error:
		return FailedRules(err.err)
	case *policy.Error:
		if err.Rule != "" {
			return []string{err.Rule}, true
		}
	}
	return nil, false
}

// TimedOut reports whether an evaluation reached its time limit.
func TimedOut(err error) bool { return errors.Is(err, context.DeadlineExceeded) }

func subjectsOf(all *facts.Facts) []Subject {
	subjects := make([]Subject, 0, len(all.Deployments)+len(all.Computes))
	for i := range all.Deployments {
		subjects = append(subjects, Subject{"deployments", i})
	}
	for i := range all.Computes {
		subjects = append(subjects, Subject{"computes", i})
	}
	return subjects
}

func (s Subject) file(all *facts.Facts) string {
	if s.Kind == "deployments" {
		return all.Deployments[s.Index].Subject.File
	}
	return all.Computes[s.Index].Subject.File
}

func (s Subject) name(all *facts.Facts) string {
	if s.Kind == "deployments" {
		return all.Deployments[s.Index].Name.Value
	}
	return all.Computes[s.Index].Name.Value
}
