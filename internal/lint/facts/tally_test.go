package facts

import (
	"fmt"
	"testing"
)

func TestTally(t *testing.T) {
	root := parse(t, "[10, 20, 30, 0]")
	known := func(i int) Fact[float64] {
		return (&reader{root: root}).number(root.Items[i])
	}
	var unknown Fact[float64]
	tests := []struct {
		name    string
		add     []Fact[float64]
		atLeast []Fact[float64]
		want    string
	}{
		{"nothing", nil, nil, "unknown"},
		{"nothing known", []Fact[float64]{unknown}, []Fact[float64]{unknown}, "unknown"},
		{"one", []Fact[float64]{known(0)}, nil, "10 @ 1:2 [0]"},
		{"at the largest, the others related", []Fact[float64]{known(0), known(2), known(1)}, nil,
			"60 @ 1:10 [2] + @ 1:2 [0] (part of the sum) + @ 1:6 [1] (part of the sum)"},
		{"zero adds nothing", []Fact[float64]{known(3), known(0)}, nil, "10 @ 1:2 [0]"},
		{"zero alone", []Fact[float64]{known(3)}, nil, "0 @ 1:14 [3]"},
		{"lower bound", []Fact[float64]{known(0), unknown}, nil, "10 @ 1:2 [0] (at least: part of the sum is unknown)"},
		{"of a lower bound", []Fact[float64]{{Value: 5, Known: true, AtLeast: true}, known(0)}, nil,
			"15 @ 1:2 [0] (at least: part of the sum is unknown) + @ nowhere (part of the sum)"},
		{"at least less than the sum", []Fact[float64]{known(0), known(1)}, []Fact[float64]{known(2)}, "30 @ 1:6 [1] + @ 1:2 [0] (part of the sum)"},
		{"at least more than the sum", []Fact[float64]{known(0)}, []Fact[float64]{known(1), known(2)}, "30 @ 1:10 [2]"},
		{"at least of a lower bound", []Fact[float64]{unknown}, []Fact[float64]{known(2)}, "30 @ 1:10 [2] (at least: part of the sum is unknown)"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var sum tally
			for _, f := range test.add {
				sum.add(f)
			}
			for _, f := range test.atLeast {
				sum.raise(tally{}.with(f))
			}
			got := "unknown"
			if f := sum.fact(); f.Known {
				got = fmt.Sprint(f.Value) + place(f.Place)
			}
			equal(t, got, test.want)
		})
	}
}
