package read

import (
	"fmt"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
)

func TestSum(t *testing.T) {
	root := source.Parse("numbers.yaml", []byte("[10, 20, 30, 0]")).Documents[0].Root
	known := func(i int) facts.Fact[float64] {
		return (&Reader{Root: root}).Number(root.Items()[i])
	}
	var unknown facts.Fact[float64]
	tests := []struct {
		name    string
		add     []facts.Fact[float64]
		atLeast []facts.Fact[float64]
		want    string
	}{
		{"nothing", nil, nil, "unknown"},
		{"nothing known", []facts.Fact[float64]{unknown}, []facts.Fact[float64]{unknown}, "unknown"},
		{"one", []facts.Fact[float64]{known(0)}, nil, "10 @ 1:2 [0]"},
		{"at the largest, the others related", []facts.Fact[float64]{known(0), known(2), known(1)}, nil,
			"60 @ 1:10 [2] + @ 1:2 [0] (part of the sum) + @ 1:6 [1] (part of the sum)"},
		{"zero adds nothing", []facts.Fact[float64]{known(3), known(0)}, nil, "10 @ 1:2 [0]"},
		{"zero alone", []facts.Fact[float64]{known(3)}, nil, "0 @ 1:14 [3]"},
		{"lower bound", []facts.Fact[float64]{known(0), unknown}, nil, "10 @ 1:2 [0] (at least: part of the sum is unknown)"},
		{"of a lower bound", []facts.Fact[float64]{{Value: 5, Known: true, AtLeast: true}, known(0)}, nil,
			"15 @ 1:2 [0] (at least: part of the sum is unknown) + @ nowhere (part of the sum)"},
		{"at least less than the sum", []facts.Fact[float64]{known(0), known(1)}, []facts.Fact[float64]{known(2)}, "30 @ 1:6 [1] + @ 1:2 [0] (part of the sum)"},
		{"at least more than the sum", []facts.Fact[float64]{known(0)}, []facts.Fact[float64]{known(1), known(2)}, "30 @ 1:10 [2]"},
		{"at least of a lower bound", []facts.Fact[float64]{unknown}, []facts.Fact[float64]{known(2)}, "30 @ 1:10 [2] (at least: part of the sum is unknown)"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var sum Sum
			for _, f := range test.add {
				sum.Add(f)
			}
			for _, f := range test.atLeast {
				sum.Raise(Sum{}.With(f))
			}
			got := "unknown"
			if f := sum.Fact(); f.Known {
				got = fmt.Sprint(f.Value) + located(f.Location)
			}
			if got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// located writes a location and those that it is related to.
func located(p facts.Location) string {
	at := "nowhere"
	if p.Node != nil {
		start := p.Node.Span().Start
		at = fmt.Sprintf("%d:%d %s", start.Line, start.Column, p.Node.Path())
	}
	if p.Why != "" {
		at += " (" + p.Why + ")"
	}
	for _, related := range p.Related {
		at += " +" + located(related)
	}
	return " @ " + at
}
