package read

import (
	"slices"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
)

// AtLeast begins the evidence of a lower bound.
const AtLeast = "at least: "

// Sum adds up what several locations contribute to one fact. The fact stands at the
// largest contributor; the others are related.
type Sum struct {
	sum     float64
	Parts   []facts.Fact[float64]
	missing bool
}

// Add counts a contribution; one that is unknown, or a lower bound itself, makes the sum a lower bound.
func (t *Sum) Add(f facts.Fact[float64]) {
	t.missing = t.missing || !f.Known || f.AtLeast
	if !f.Known {
		return
	}
	t.sum += f.Value
	t.Parts = append(t.Parts, f)
}

// With returns the tally with a contribution, if that is known.
func (t Sum) With(f facts.Fact[float64]) Sum {
	t.Parts = slices.Clip(t.Parts)
	if f.Known {
		t.Add(f)
	}
	return t
}

// Raise makes the sum at least that of another tally, which is not known to come beside it.
func (t *Sum) Raise(to Sum) {
	t.missing = t.missing || to.missing
	if to.sum > t.sum {
		t.sum, t.Parts = to.sum, to.Parts
	}
}

// Fact returns the sum; it is unknown when nothing known was added.
func (t *Sum) Fact() facts.Fact[float64] {
	if len(t.Parts) == 0 {
		return facts.Fact[float64]{}
	}
	largest := 0
	for i, part := range t.Parts {
		if part.Value > t.Parts[largest].Value {
			largest = i
		}
	}
	location := t.Parts[largest].Location
	for i, part := range t.Parts {
		if i != largest && part.Value > 0 {
			related := part.Location
			related.Why = "part of the sum"
			location.Related = append(location.Related, related)
		}
	}
	if t.missing && !(len(t.Parts) == 1 && t.Parts[0].AtLeast && location.Why != "") {
		location.Why = AtLeast + "part of the sum is unknown"
	}
	return facts.Fact[float64]{Value: t.sum, Known: true, AtLeast: t.missing, Location: location}
}

// Count is fact for things that are counted.
func (t *Sum) Count() facts.Fact[int64] {
	return facts.Convert(t.Fact(), func(sum float64) int64 { return int64(sum) })
}
