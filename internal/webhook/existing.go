package webhook

import (
	"cmp"
	"slices"

	"github.com/mlpolicy/mlpolicy/internal/lint"
)

// exemptExisting exempts the errors that the object had before an update, each of them for one error now: of the
// same rule, component and message, wherever it has moved, or by an amount that is not larger
// on the same target. A message has the values in it, so that an error whose value changed
// otherwise is new. What was wrong on a target on which the object only may have run is new where
// it runs there now, and not the other way round. An error behind which nothing was evaluated is never known to be unchanged.
// Errors of a rule that failed on the object as it was are exempted, since they may not be new,
// and unsure reports whether there are any.
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
	// What must run takes nothing that only may have run, and what may run takes its own kind first.
	for _, comparable := range []func(was, is lint.Finding) bool{
		func(was, is lint.Finding) bool { return was.Possible == is.Possible },
		func(was, is lint.Finding) bool { return was.Possible == "" },
	} {
		existing.exempt(inOrder, func(was, is lint.Finding) bool {
			return comparable(was, is) && is.SameAs(&was)
		})
		existing.exempt(largestFirst, func(was, is lint.Finding) bool {
			return comparable(was, is) && is.NoWorseThan(&was)
		})
	}
	for i := range now {
		if now[i].canExist() && slices.Contains(before.failedRules, now[i].Rule) {
			now[i].exemption, unsure = Unchanged, true
		}
	}
	return unsure
}

// errorsBefore are the errors of an object before an update that are not yet taken for one now. The smallest amount comes
// first: the largest one now takes the least of those that cover it, so that as many as possible are covered.
type errorsBefore []lint.Finding

func existingErrors(findings []lint.Finding) errorsBefore {
	existing := slices.DeleteFunc(slices.Clone(findings), func(f lint.Finding) bool { return f.Severity != lint.Error })
	slices.SortStableFunc(existing, func(a, b lint.Finding) int { return cmp.Compare(a.Amount.Value, b.Amount.Value) })
	return existing
}

// exempt exempts each error of now that covers one before, which covers no other then.
func (e *errorsBefore) exempt(now []*outcome, covers func(was, is lint.Finding) bool) {
	for _, outcome := range now {
		if !outcome.canExist() || outcome.exemption == Unchanged {
			continue
		}
		if i := slices.IndexFunc(*e, func(was lint.Finding) bool { return covers(was, outcome.Finding) }); i >= 0 {
			*e = slices.Delete(*e, i, i+1)
			outcome.exemption = Unchanged
		}
	}
}

// canExist reports whether an outcome is an error that can be known to be as before.
func (o outcome) canExist() bool { return o.Severity == lint.Error && !o.Unevaluated }
