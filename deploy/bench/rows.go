//go:build unix

package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// row is one line of work.
type row struct {
	name string
	// write adds some eighths of the tree.
	write func(t *tree, eighths int)
	// programs returns what to measure on the tree in a folder. The first program is the reference.
	programs func(self, folder string) []program
	// most are the bounds of mlpolicy, which check compares.
	most bounds
	// note describes the figures further; nil for no note.
	note func(measured [][]figures) string
}

// whole is the number of parts of a whole tree.
const whole = 8

// onelineFindings is the number of findings in the tree of row oneline.
const onelineFindings = 4_000

func rows() []row {
	return []row{
		{name: "onefile", write: deployments(1), programs: besideLimit},
		{name: "deployments", write: deployments(1_000), programs: besideLimit},
		{name: "examples", write: examples, programs: besideLimit, most: bounds{wall: 0.9}},
		{name: "kserve", write: kserve, programs: besideLimit, most: bounds{wall: 0.3, peak: 200}},
		{name: "files10k", write: deployments(10_000), programs: besideLimit, most: bounds{peak: 120}},
		{name: "files100k", write: deployments(100_000), programs: besideLimit, most: bounds{peak: 400}},
		{name: "stream56", write: stream, programs: besideLimit, most: bounds{wall: 0.4, peak: 250}},
		{name: "plan32", write: plan, programs: besideLimit, most: bounds{peak: 250}},
		{name: "list61", write: listJSON, programs: besideLimit, most: bounds{peak: 500}},
		{name: "yamllist57", write: listYAML, programs: besideLimit, most: bounds{peak: 500}},
		{name: "sources", write: sources, programs: besideRead, note: func(measured [][]figures) string {
			read, start, mlpolicy := median(each(measured[0], wall)), median(each(measured[1], wall)), median(each(measured[2], wall))
			return fmt.Sprintf("wall time without the start, as a multiple of read: %.2f", (mlpolicy-start)/read)
		}},
		{name: "oneline", write: oneline, programs: textBesideJSON, note: func(measured [][]figures) string {
			json, text := measured[0], measured[1]
			return fmt.Sprintf("CPU of the text report above JSON for each of %d findings: %.4f ms", onelineFindings,
				(median(each(text, cpu))-median(each(json, cpu)))/onelineFindings)
		}},
	}
}

// rowsNamed returns the rows with some names, all for none.
func rowsNamed(names []string) ([]row, error) {
	all := rows()
	if len(names) == 0 {
		return all, nil
	}
	var selected []row
	for _, name := range names {
		i := slices.IndexFunc(all, func(r row) bool { return r.name == name })
		if i < 0 {
			var known []string
			for _, r := range all {
				known = append(known, r.name)
			}
			return nil, fmt.Errorf("unknown row %q; the rows are %s", name, strings.Join(known, ", "))
		}
		selected = append(selected, all[i])
	}
	return selected, nil
}

func besideLimit(self, folder string) []program {
	return append([]program{{"limit", []string{self, limitCommand, folder}}}, both(folder)...)
}

func besideRead(self, folder string) []program {
	start := mlpolicy(*binary, filepath.Join(folder, sourceName(0)+".py"))
	start.name = "start"
	return append([]program{{"read", []string{self, readCommand, folder}}, start}, both(folder)...)
}

func textBesideJSON(_, folder string) []program {
	programs := []program{mlpolicy(*binary, folder, "--format", "json")}
	programs[0].name = "json"
	return append(programs, both(folder)...)
}

// both returns mlpolicy and that of another commit.
func both(folder string) []program {
	programs := []program{mlpolicy(*binary, folder)}
	if *base != "" {
		programs = append(programs, mlpolicy(*base, folder))
		programs[1].name = "base"
	}
	return programs
}

func mlpolicy(binary, folder string, flags ...string) program {
	return program{"mlpolicy", append([]string{binary, "lint", folder}, flags...)}
}
