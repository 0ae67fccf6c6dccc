package facts

import "slices"

// atLeast begins the evidence of a lower bound.
const atLeast = "at least: "

// tally adds up what several places contribute to one fact. The fact stands at the
// largest contributor; the others are related.
type tally struct {
	sum     float64
	parts   []Fact[float64]
	missing bool
}

// add counts a contribution; one that is unknown, or a lower bound itself, makes the sum a lower bound.
func (t *tally) add(f Fact[float64]) {
	t.missing = t.missing || !f.Known || f.AtLeast
	if !f.Known {
		return
	}
	t.sum += f.Value
	t.parts = append(t.parts, f)
}

// with returns the tally with a contribution, if that is known.
func (t tally) with(f Fact[float64]) tally {
	t.parts = slices.Clip(t.parts)
	if f.Known {
		t.add(f)
	}
	return t
}

// raise makes the sum at least that of another tally, which is not known to come beside it.
func (t *tally) raise(to tally) {
	t.missing = t.missing || to.missing
	if to.sum > t.sum {
		t.sum, t.parts = to.sum, to.parts
	}
}

// fact returns the sum; it is unknown when nothing known was added.
func (t *tally) fact() Fact[float64] {
	if len(t.parts) == 0 {
		return Fact[float64]{}
	}
	largest := 0
	for i, part := range t.parts {
		if part.Value > t.parts[largest].Value {
			largest = i
		}
	}
	place := t.parts[largest].Place
	for i, part := range t.parts {
		if i != largest && part.Value > 0 {
			related := part.Place
			related.Why = "part of the sum"
			place.Related = append(place.Related, related)
		}
	}
	if t.missing && !(len(t.parts) == 1 && t.parts[0].AtLeast && place.Why != "") {
		place.Why = atLeast + "part of the sum is unknown"
	}
	return Fact[float64]{Value: t.sum, Known: true, AtLeast: t.missing, Place: place}
}

// whole is fact for things that are counted.
func (t *tally) whole() Fact[int64] {
	return convert(t.fact(), func(sum float64) int64 { return int64(sum) })
}
