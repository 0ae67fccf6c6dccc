package source

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/sweep"
)

// TestParseLimits feeds Parse with what would take a careless reader hours or all
// memory.
func TestParseLimits(t *testing.T) {
	step := sweep.Step(t, 3) // some hundred MiB
	const mib = 1 << 20
	fill := func(piece string, size int) string { return strings.Repeat(piece, size/len(piece)) }
	var deepIndent, anchors, bomb strings.Builder
	for i := range 1_000 {
		fmt.Fprintf(&deepIndent, "%sa:\n", strings.Repeat(" ", i))
	}
	anchors.WriteString("base: &b {x: 1}\n")
	for i := range 50_000 {
		fmt.Fprintf(&anchors, "k%d: {<<: *b, y: 2}\n", i)
	}
	bomb.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := range 20 {
		fmt.Fprintf(&bomb, "a%d: &a%d [%s*a%d]\n", i+1, i+1, fill(fmt.Sprintf("*a%d,", i), 9*len(fmt.Sprintf("*a%d,", i))), i)
	}
	tests := []struct {
		name      string
		file      string
		text      string
		documents int
		problems  []ProblemKind
	}{
		{"file of one byte too many", "a.yaml", fill("#", MaxFileSize+1), 0, []ProblemKind{Excessive}},
		{"many documents", "a.yaml", fill("---\na: 1\n", 100_000*9), 100_000, nil},
		{"many documents with anchors", "a.yaml", fill("---\na: &a 1\n", 100_000*12), 100_000, nil},
		{"many JSON values", "a.json", fill("{\"a\":1}\n", 100_000*8), 100_000, nil},
		{"many empty documents", "a.yaml", fill("---\n", 16*mib), 0, nil},
		{"nested brackets", "a.yaml", fill("[", 10_000) + fill("]", 10_000), 0, []ProblemKind{Excessive}},
		{"nested brackets without end", "a.yaml", fill("a: [", MaxFileSize), 0, []ProblemKind{Excessive}},
		{"nested brackets behind a tag", "a.yaml", "a: !x " + fill("[", 20_000), 0, []ProblemKind{Excessive}},
		{"nested JSON", "a.json", fill("[", 1_000_000), 0, []ProblemKind{Excessive}},
		{"nested dashes", "a.yaml", fill("- ", 20_000) + "a\n---\nb: 1\n", 1, []ProblemKind{Excessive}},
		{"nested mappings", "a.yaml", "x: 1\n---\n" + deepIndent.String() + "---\nb: 1\n", 2, []ProblemKind{Excessive}},
		{"deepest nesting", "a.yaml", fill("- ", 2*MaxDepth) + "a\n", 1, nil},
		{"deepest nesting of JSON", "a.json", fill("[", MaxDepth) + "1" + fill("]", MaxDepth), 1, nil},
		{"one level too deep", "a.yaml", fill("- ", 2*MaxDepth+2) + "a\n", 0, []ProblemKind{Excessive}},
		{"one level of JSON too deep", "a.json", fill("[", MaxDepth+1) + "1" + fill("]", MaxDepth+1) + "{}", 1, []ProblemKind{Excessive}},
		{"long list", "a.yaml", fill("- a\n", MaxFileSize), 0, []ProblemKind{Excessive}},
		{"long list behind a tag", "a.yaml", "!x\n" + fill("- a\n", MaxFileSize-3), 0, []ProblemKind{Excessive}},
		{"long list on one line", "a.yaml", "a: [" + fill("é,", MaxFileSize-4), 0, []ProblemKind{Excessive}},
		{"long list on one line with an anchor", "a.yaml", "a: [&a b, " + fill("é, ", mib) + "]\n", 1, nil},
		{"long list in JSON", "a.json", "[1" + fill(",1", MaxFileSize-8) + "]\n{}", 1, []ProblemKind{Excessive}},
		{"long mapping", "a.yaml", fill("a: 1\n", MaxFileSize), 0, []ProblemKind{Excessive}},
		{"largest list", "a.yaml", fill("- a\n", 4*(MaxNodes-1)), 1, nil},
		{"largest list behind an anchor", "a.yaml", "&a\n" + fill("- a\n", 4*(MaxNodes-1)), 1, nil},
		{"one value too many", "a.yaml", fill("- a\n", 4*MaxNodes), 0, []ProblemKind{Excessive}},
		{"a key many times", "a.yaml", fill("a: 1\n", 5*(MaxNodes-1)), 1, nil},
		{"a key many times and a merge", "a.yaml", "a: &a {b: 1}\n<<: *a\n" + fill("a: 1\n", 2*mib), 1, nil},
		{"long line", "a.yaml", "a: " + fill("x", MaxFileSize-4) + "\n", 1, nil},
		{"long text", "a.yaml", "a: |\n" + fill("  x: y, z\n", 8*mib), 1, nil},
		{"long text behind an anchor", "a.yaml", "a: &a |\n" + fill("  x\n", 8*mib), 1, nil},
		{"many comments", "a.yaml", fill("# a\n", MaxFileSize), 0, nil},
		{"many comments and an anchor", "a.yaml", "a: &a 1\n" + fill("# a\n", 4*mib) + "b: 1\n", 1, nil},
		{"many comments between", "a.yaml", "x: &a 1\n" + fill("# a\na: 1 # b\n\n", mib), 1, nil},
		{"many merges", "a.yaml", anchors.String(), 1, nil},
		{"long key behind aliases and a merge", "a.yaml", "? &k " + fill("x", 4*mib) + "\n: {}\nm: &m {a: 1}\nb:\n  <<: *m\n" + fill("  *k : 1\n", 50_000*9), 0, []ProblemKind{Excessive}},
		{"long key merged often", "a.yaml", "m: &m\n  ? " + fill("x", 4*mib) + "\n  : 1\nb:\n" + fill("- <<: *m\n", 50_000*9), 0, []ProblemKind{Excessive}},
		{"long aliases", "a.yaml", "a: &a " + fill("x", 4*mib) + "\nb:\n" + fill("- *a\n", 16*5), 1, nil},
		{"one long alias too many", "a.yaml", "a: &a " + fill("x", 4*mib) + "\nb:\n" + fill("- *a\n", 17*5), 0, []ProblemKind{Excessive}},
		{"many version directives", "a.yaml", fill("%YAML 1.2\n", MaxFileSize), 0, []ProblemKind{Malformed}},
		{"alias bomb", "a.yaml", bomb.String(), 0, []ProblemKind{Excessive}},
		{"template tags without end", "a.yaml", "a: [\n" + fill("{{{%", mib), 0, []ProblemKind{Malformed}},
		{"broken documents", "a.yaml", strings.Repeat("---\na: [\n", 10_000), 0, slices.Repeat([]ProblemKind{Malformed}, 10_000)},
		{"template documents", "a.yaml", strings.Repeat("---\na: {{ x }}y\n", 10_000), 0, slices.Repeat([]ProblemKind{Unrendered}, 10_000)},
		{"quote without end", "a.yaml", "\"" + fill("a\n", 8*mib), 0, []ProblemKind{Malformed}},
	}
	for i, test := range tests {
		if i%step > 0 {
			continue
		}
		t.Run(test.name, func(t *testing.T) {
			file := Parse(test.file, []byte(test.text))
			var kinds []ProblemKind
			for _, problem := range file.Problems {
				kinds = append(kinds, problem.Kind)
			}
			if len(file.Documents) != test.documents || fmt.Sprint(kinds) != fmt.Sprint(test.problems) {
				t.Errorf("got %d documents, problems %+v; want %d, kinds %v", len(file.Documents), file.Problems, test.documents, test.problems)
			}
		})
	}
}
