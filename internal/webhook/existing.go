package webhook

import (
	"cmp"
	"slices"

	"github.com/mlpolicy/mlpolicy/internal/lint"
)

// exemptExisting exempts errors that the object had before an update. Each earlier error exempts one current error
// with the same rule, component and message, wherever it has moved, or with an amount that is not larger on the same
// target. Messages contain values, so an error with another changed value is new. If the object could run on a target
// before and must run on it now, its errors there are new, but not vice versa. An error that ended the evaluation is
// never known to be unchanged. Errors of a rule that failed on the old object are exempted, because they may not be
// new, and unsure reports whether there are any.
func exemptExisting(now []outcome, before *evaluation) (unsure bool) {
	if before == nil {
		return false
	}
	largestFirst := make([]*outcome, len(now))
	for i := range now {
		largestFirst[i] = &now[i]
	}
	inOrder := slices.Clone(largestFirst)
	slices.SortStableFunc(largestFirst, func(a, b *outcome) int { return cmp.Compare(b.Amount.Value, a.Amount.Value) })

	existing := existingErrors(before.findings)
	// An error on a target on which the object must run does not match one where it only may run. An error where it
	// may run matches its own kind first.
	for _, comparable := range []func(was, is *lint.Finding) bool{
		func(was, is *lint.Finding) bool { return was.Possible == is.Possible },
		func(was, _ *lint.Finding) bool { return was.Possible == "" },
	} {
		exempt(inOrder, existing.byStatement, (*lint.Finding).Statement, comparable)
		exempt(largestFirst, existing.bySubject, (*lint.Finding).Subject, func(was, is *lint.Finding) bool {
			return comparable(was, is) && is.NoWorseThan(was)
		})
	}
	for i := range now {
		if now[i].canExist() && slices.Contains(before.failedRules, now[i].Rule) {
			now[i].exemption, unsure = Unchanged, true
		}
	}
	return unsure
}

// errorsBefore are the errors of an object before an update. Smaller amounts come first: the largest current amount is
// matched with the smallest one that covers it, so that as many as possible are covered.
type errorsBefore struct {
	byStatement map[lint.Statement][]*errorBefore
	bySubject   map[lint.Subject][]*errorBefore
}

type errorBefore struct {
	*lint.Finding
	matched bool
}

func existingErrors(findings []lint.Finding) errorsBefore {
	var existing []*errorBefore
	for i := range findings {
		if findings[i].Severity == lint.Error {
			existing = append(existing, &errorBefore{Finding: &findings[i]})
		}
	}
	slices.SortStableFunc(existing, func(a, b *errorBefore) int { return cmp.Compare(a.Amount.Value, b.Amount.Value) })
	e := errorsBefore{map[lint.Statement][]*errorBefore{}, map[lint.Subject][]*errorBefore{}}
	for _, was := range existing {
		statement, subject := was.Statement(), was.Subject()
		e.byStatement[statement] = append(e.byStatement[statement], was)
		e.bySubject[subject] = append(e.bySubject[subject], was)
	}
	return e
}

// exempt exempts each current error that an unmatched earlier error with the same key covers.
func exempt[K comparable](now []*outcome, existing map[K][]*errorBefore, key func(*lint.Finding) K, covers func(was, is *lint.Finding) bool) {
	for _, outcome := range now {
		if !outcome.canExist() || outcome.exemption == Unchanged {
			continue
		}
		is := &outcome.Finding
		unmatched := existing[key(is)]
		for len(unmatched) > 0 && unmatched[0].matched {
			unmatched = unmatched[1:]
		}
		existing[key(is)] = unmatched
		for _, was := range unmatched {
			if !was.matched && covers(was.Finding, is) {
				was.matched, outcome.exemption = true, Unchanged
				break
			}
		}
	}
}

// canExist reports whether an outcome is an error that can be known to be as before.
func (o outcome) canExist() bool { return o.Severity == lint.Error && !o.Unevaluated }
