package read

import (
	"slices"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
)

// AtLeast begins the evidence of a lower bound.
const AtLeast = "at least: "

// Sum adds up values of several locations. The sum has the location of the largest value, and the
// others as related locations.
type Sum struct {
	sum     float64
	Parts   []facts.Fact[float64]
	missing bool
}

// Add adds a value. With a value that is unknown or a lower bound, the sum is a lower bound.
func (s *Sum) Add(f facts.Fact[float64]) {
	s.missing = s.missing || !f.Known || f.AtLeast
	if !f.Known {
		return
	}
	s.sum += f.Value
	s.Parts = append(s.Parts, f)
}

// With returns the sum with a value, if the value is known.
func (s Sum) With(f facts.Fact[float64]) Sum {
	s.Parts = slices.Clip(s.Parts)
	if f.Known {
		s.Add(f)
	}
	return s
}

// Raise raises the sum to another one that may include it.
func (s *Sum) Raise(to Sum) {
	s.missing = s.missing || to.missing
	if to.sum > s.sum {
		s.sum, s.Parts = to.sum, to.Parts
	}
}

// Fact returns the sum. It is unknown if no known value was added.
func (s *Sum) Fact() facts.Fact[float64] {
	if len(s.Parts) == 0 {
		return facts.Fact[float64]{}
	}
	largest := 0
	for i, part := range s.Parts {
		if part.Value > s.Parts[largest].Value {
			largest = i
		}
	}
	location := s.Parts[largest].Location
	for i, part := range s.Parts {
		if i != largest && part.Value > 0 {
			related := part.Location
			related.Why = "part of the sum"
			location.Related = append(location.Related, related)
		}
	}
	if s.missing && !(len(s.Parts) == 1 && s.Parts[0].AtLeast && location.Why != "") {
		location.Why = AtLeast + "part of the sum is unknown"
	}
	return facts.Fact[float64]{Value: s.sum, Known: true, AtLeast: s.missing, Location: location}
}

// Count returns the sum as a whole number.
func (s *Sum) Count() facts.Fact[int64] {
	return facts.Convert(s.Fact(), func(sum float64) int64 { return int64(sum) })
}
