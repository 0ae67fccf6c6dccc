//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"slices"
	"syscall"
	"time"
)

// program is a program to measure.
type program struct {
	name      string
	arguments []string // with the path of the program
}

// figures are those of one run.
type figures struct {
	wall, cpu time.Duration
	peak      int64 // largest resident size in bytes
}

func wall(f figures) float64 { return float64(f.wall) / float64(time.Millisecond) }
func cpu(f figures) float64  { return float64(f.cpu) / float64(time.Millisecond) }
func peak(f figures) float64 { return float64(f.peak) / (1 << 20) }

// inTurn runs each program once in each round and returns the figures by program and round. Every second round has the
// reverse order, so that no program is always the first.
func inTurn(ctx context.Context, programs []program) ([][]figures, error) {
	measured := make([][]figures, len(programs))
	order := make([]int, len(programs))
	for i := range order {
		order[i] = i
	}
	for range *rounds {
		for _, i := range order {
			of, err := start(ctx, programs[i])
			if err != nil {
				return nil, err
			}
			measured[i] = append(measured[i], of)
		}
		slices.Reverse(order)
	}
	return measured, nil
}

// start runs a program, whose output is discarded. Exit code 1 means findings.
func start(ctx context.Context, p program) (figures, error) {
	command := exec.CommandContext(ctx, p.arguments[0], p.arguments[1:]...)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	begin := time.Now()
	err := command.Run()
	wall := time.Since(begin)
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1 || stderr.Len() > 0) {
		return figures{}, fmt.Errorf("%s: %w: %.1000s", p.name, err, stderr.String())
	}
	state := command.ProcessState
	peak := state.SysUsage().(*syscall.Rusage).Maxrss
	if runtime.GOOS != "darwin" {
		peak <<= 10 // from KiB
	}
	return figures{wall: wall, cpu: state.UserTime() + state.SystemTime(), peak: int64(peak)}, nil
}

// each returns one of the figures of each round.
func each(rounds []figures, of func(figures) float64) []float64 {
	var all []float64
	for _, round := range rounds {
		all = append(all, of(round))
	}
	return all
}

// ratios returns the ratio of two programs in each round.
func ratios(rounds, reference []figures, of func(figures) float64) []float64 {
	all := each(rounds, of)
	for i := range all {
		all[i] /= of(reference[i])
	}
	return all
}

func median(all []float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}
