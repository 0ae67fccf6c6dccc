package extract

import (
	"encoding/json"
	"slices"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// dropRepeated removes what several calls of a module describe alike, except once, and the repeated problems with it.
func (e *Extraction) dropRepeated() {
	e.Deployments = distinct(e.Deployments, func(d *facts.Deployment) facts.Location { return d.Location },
		func(d *facts.Deployment) any { return []any{d, placesOf(d.Locations())} })
	e.Computes = distinct(e.Computes, func(c *facts.Compute) facts.Location { return c.Location },
		func(c *facts.Compute) any { return []any{c, placesOf(c.Locations())} })
	e.Problems = distinct(e.Problems, func(p facts.Problem) facts.Location { return p.Location },
		func(p facts.Problem) any { return []string{p.Rule, p.Message} })
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
func distinct[T any](values []T, at func(T) facts.Location, written func(T) any) []T {
	count := map[*source.Node]int{} // in languages with modules
	for _, value := range values {
		if node := at(value).Node; node != nil && node.File().IsForeign() {
			count[node]++
		}
	}
	type key struct {
		at   *source.Node
		text string
	}
	seen := map[key]bool{}
	return slices.DeleteFunc(values, func(value T) bool {
		node := at(value).Node
		if count[node] < 2 {
			return false
		}
		text, err := json.Marshal(written(value))
		if err != nil {
			return false
		}
		k := key{node, string(text)}
		repeated := seen[k]
		seen[k] = true
		return repeated
	})
}
