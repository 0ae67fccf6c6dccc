//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
)

// bounds are what the figures of mlpolicy keep to, also on a machine that is not quiet; zero for no bound.
type bounds struct {
	wall float64 // ratio to the reference
	peak float64 // MiB
}

const (
	// slack is by how much check accepts more than a bound: machines differ, and others use them too.
	slack = 1.15
	// attempts is how often check measures a row that exceeds its bounds.
	attempts = 3
)

// check measures rows and returns an error for those that exceed their bounds by more than the slack in all attempts.
func (b *bench) check(ctx context.Context, rows []row) error {
	fmt.Printf("medians of %d rounds; bounds are exceeded by more than %.0f %%\n", *rounds, 100*(slack-1))
	fmt.Printf("%-12s %10s %7s %10s %7s\n", "row", "wall ratio", "bound", "peak, MiB", "bound")
	var faults []error
	for _, row := range rows {
		if row.most == (bounds{}) {
			continue
		}
		for attempt := 1; ; attempt++ {
			of, err := b.bounded(ctx, row)
			if err != nil {
				return err
			}
			fmt.Printf("%-12s %10.2f %7.2f %10.1f %7.0f\n", row.name, of.wall, row.most.wall, of.peak, row.most.peak)
			if of.within(row.most) {
				break
			}
			if attempt == attempts {
				faults = append(faults, fmt.Errorf("%s exceeds its bounds in %d attempts", row.name, attempts))
				break
			}
		}
	}
	return errors.Join(faults...)
}

// bounded returns the figures of a row that have bounds. Without a bound for the time, the reference does not run.
func (b *bench) bounded(ctx context.Context, row row) (bounds, error) {
	measured, err := b.measure(ctx, row, whole, func(folder string) []program {
		programs := []program{mlpolicy(*binary, folder)}
		if row.most.wall > 0 {
			programs = row.programs(b.self, folder)
		}
		return programs
	})
	if err != nil {
		return bounds{}, err
	}
	var of bounds
	own := measured[0]
	if row.most.wall > 0 {
		own = measured[1]
		of.wall = median(ratios(own, measured[0], wall))
	}
	of.peak = median(each(own, peak))
	return of, nil
}

// within reports whether figures are at most bounds with the slack.
func (of bounds) within(most bounds) bool {
	return of.wall <= slack*most.wall && (most.peak == 0 || of.peak <= slack*most.peak)
}
