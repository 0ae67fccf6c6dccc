//go:build unix

// Bench measures mlpolicy lint on generated trees beside a program that does less: the limit program, which walks the
// tree, reads its YAML and JSON files and parses them into nodes of go.yaml.in/yaml/v3, on all processors. The programs
// run in turn, so that the ratios can be compared between machines. It prints a table.
//
// Usage: bench [flags] [ROW ...]; without rows it measures all of them. rows.go lists them. With -peers it measures other
// tools instead.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
)

var (
	binary   = flag.String("mlpolicy", "bin/mlpolicy", "measure the `FILE`")
	base     = flag.String("base", "", "measure mlpolicy of another commit, a `FILE`, beside it")
	rounds   = flag.Int("rounds", 7, "run each program `N` times")
	doubling = flag.Bool("doubling", false, "measure 1, 2, 4 and 8 eighths of each tree, without references")
	tools    = flag.String("peers", "", "measure conftest, gator and kubeconform in a `FOLDER` beside mlpolicy, without the limit program")
	checks   = flag.Bool("check", false, "fail for rows that exceed their bounds")
	keep     = flag.String("keep", "", "write the trees to a `FOLDER` and measure nothing")
)

// The program starts itself for what needs memory, because the peak of a process includes that of the process that
// started it.
const (
	limitCommand    = "limit"    // limit FOLDER
	readCommand     = "read"     // read FOLDER
	generateCommand = "generate" // generate ROW EIGHTHS FOLDER
)

func main() {
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, flag.Args())
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 2 && args[0] == limitCommand {
		return limit(args[1])
	}
	if len(args) == 2 && args[0] == readCommand {
		return readAll(args[1])
	}
	if len(args) == 4 && args[0] == generateCommand {
		eighths, err := strconv.Atoi(args[2])
		if err != nil {
			return err
		}
		return generate(args[1], eighths, args[3])
	}
	selected, err := rowsNamed(args)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "mlpolicy-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	b := &bench{self: self, folder: folder}
	switch {
	case *tools != "":
		return b.peers(ctx, *tools)
	case *checks:
		return b.check(ctx, selected)
	case *keep != "":
		return b.keep(ctx, selected)
	case *doubling:
		return b.double(ctx, selected)
	}
	return b.compare(ctx, selected)
}

// bench is a run.
type bench struct {
	self   string // this program
	folder string // for trees, which are removed after they were measured
}

// keep writes the trees of rows.
func (b *bench) keep(ctx context.Context, rows []row) error {
	for _, row := range rows {
		if err := b.generate(ctx, row, whole, filepath.Join(*keep, row.name)); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) generate(ctx context.Context, row row, eighths int, folder string) error {
	_, err := start(ctx, program{"generate", []string{b.self, generateCommand, row.name, strconv.Itoa(eighths), folder}})
	return err
}

// measure generates some eighths of a row's tree and runs programs on it in turn.
func (b *bench) measure(ctx context.Context, row row, eighths int, programs func(folder string) []program) ([][]figures, error) {
	folder := filepath.Join(b.folder, row.name)
	defer os.RemoveAll(folder)
	if err := b.generate(ctx, row, eighths, folder); err != nil {
		return nil, err
	}
	measured, err := inTurn(ctx, programs(folder))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", row.name, err)
	}
	return measured, nil
}

// compare prints the figures of each row's programs and their ratios to those of the first program.
func (b *bench) compare(ctx context.Context, rows []row) error {
	fmt.Printf("medians of %d rounds; a ratio is the median of those of each round, in brackets the smallest and the largest\n", *rounds)
	fmt.Printf("%-12s %-8s %10s %22s %10s %7s %10s %7s\n", "row", "program", "wall, ms", "ratio", "CPU, ms", "ratio", "peak, MiB", "ratio")
	for _, row := range rows {
		var programs []program
		measured, err := b.measure(ctx, row, whole, func(folder string) []program {
			programs = row.programs(b.self, folder)
			return programs
		})
		if err != nil {
			return err
		}
		reference := measured[0]
		for i, program := range programs {
			of := measured[i]
			walls := ratios(of, reference, wall)
			fmt.Printf("%-12s %-8s %10.1f %22s %10.1f %7.2f %10.1f %7.2f\n", row.name, program.name,
				median(each(of, wall)), fmt.Sprintf("%.2f (%.2f to %.2f)", median(walls), slices.Min(walls), slices.Max(walls)),
				median(each(of, cpu)), median(ratios(of, reference, cpu)), median(each(of, peak)), median(ratios(of, reference, peak)))
		}
		if row.note != nil {
			fmt.Println("  " + row.note(measured))
		}
	}
	return nil
}

// double prints the figures of mlpolicy on growing parts of each row's tree, and how much more each is than the one
// before.
func (b *bench) double(ctx context.Context, rows []row) error {
	fmt.Printf("medians of %d rounds; a ratio is to the half of the tree\n", *rounds)
	fmt.Printf("%-12s %7s %10s %7s %10s %7s %10s %7s\n", "row", "eighths", "wall, ms", "ratio", "CPU, ms", "ratio", "peak, MiB", "ratio")
	for _, row := range rows {
		var before []figures
		for eighths := 1; eighths <= whole; eighths *= 2 {
			measured, err := b.measure(ctx, row, eighths, func(folder string) []program { return []program{mlpolicy(*binary, folder)} })
			if err != nil {
				return err
			}
			fmt.Printf("%-12s %7d", row.name, eighths)
			for _, of := range []func(figures) float64{wall, cpu, peak} {
				ratio := "-"
				if before != nil {
					ratio = fmt.Sprintf("%.2f", median(each(measured[0], of))/median(each(before, of)))
				}
				fmt.Printf(" %10.1f %7s", median(each(measured[0], of)), ratio)
			}
			fmt.Println()
			before = measured[0]
		}
	}
	return nil
}
