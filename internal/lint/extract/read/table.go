package read

import (
	_ "embed"
	"strings"
)

// Rows yields the rows of an embedded table after its heading, split into cells.
func Rows(table string) func(yield func(row []string) bool) {
	return func(yield func(row []string) bool) {
		_, rows, _ := strings.Cut(table, "\n")
		for row := range strings.Lines(rows) {
			if !yield(strings.Split(strings.TrimSuffix(row, "\n"), "\t")) {
				return
			}
		}
	}
}

// Lines returns the lines of a list.
func Lines(list string) map[string]bool {
	set := map[string]bool{}
	for line := range strings.Lines(list) {
		set[strings.TrimSpace(line)] = true
	}
	return set
}
