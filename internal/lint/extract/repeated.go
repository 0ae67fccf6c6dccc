package extract

import (
	"encoding/json"
	"slices"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// dropRepeated removes what several calls of a module describe alike, except once, and the repeated problems with it.
func (e *Extraction) dropRepeated() {
	e.Deployments = distinct(e.Deployments, func(d *facts.Deployment) (facts.Location, any) { return d.Location, d })
	e.Computes = distinct(e.Computes, func(c *facts.Compute) (facts.Location, any) { return c.Location, c })
	e.Problems = distinct(e.Problems, func(p facts.Problem) (facts.Location, any) { return p.Location, []string{p.Rule, p.Message} })
}

// distinct returns values without those of which an earlier one has the same location in a module and is written alike.
func distinct[T any](values []T, of func(T) (at facts.Location, written any)) []T {
	count := map[*source.Node]int{}
	for _, value := range values {
		at, _ := of(value)
		count[at.Node]++
	}
	type key struct {
		at   *source.Node
		text string
	}
	seen := map[key]bool{}
	return slices.DeleteFunc(values, func(value T) bool {
		at, written := of(value)
		if at.Node == nil || count[at.Node] == 1 || !at.Node.File().IsForeign() {
			return false
		}
		text, err := json.Marshal(written)
		if err != nil {
			return false
		}
		k := key{at.Node, string(text)}
		repeated := seen[k]
		seen[k] = true
		return repeated
	})
}
