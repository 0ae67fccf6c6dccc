package extract

import (
	"encoding/json"
	"slices"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// dropRepeated removes what several calls of a module describe alike, except once, and the repeated problems with it.
func (e *Extraction) dropRepeated() {
	e.Deployments = distinct(e.Deployments, func(d *facts.Deployment) (facts.Location, any) {
		return d.Location, []any{d, placesOf(d.Locations())}
	})
	e.Computes = distinct(e.Computes, func(c *facts.Compute) (facts.Location, any) { return c.Location, []any{c, placesOf(c.Locations())} })
	e.Problems = distinct(e.Problems, func(p facts.Problem) (facts.Location, any) { return p.Location, []string{p.Rule, p.Message} })
}

// readAt is where a fact was read.
type readAt struct {
	File       string
	Start, End int
	Related    []readAt
}

// placesOf returns where facts were read: equal facts of two calls are not the same if each call states them itself.
func placesOf(locations []facts.Location) []readAt {
	var places []readAt
	for _, location := range locations {
		if location.Node != nil {
			span := location.Node.Span()
			places = append(places, readAt{location.Node.File().Name, span.Start.Offset, span.End.Offset, placesOf(location.Related)})
		}
	}
	return places
}

// distinct returns values without those of which an earlier one has the same location in a module and says the same.
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
