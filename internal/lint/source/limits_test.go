package source

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/sweep"
)

// repeated is a text that occurs some times in a row. Texts of many MiB are made of these when they are needed.
type repeated struct {
	text  string
	times int
}

func once(text string) repeated            { return repeated{text, 1} }
func times(text string, n int) repeated    { return repeated{text, n} }
func fill(text string, bytes int) repeated { return repeated{text, bytes / len(text)} }

// TestParseLimits feeds Parse with what would take a careless reader hours or all
// memory.
func TestParseLimits(t *testing.T) {
	step := sweep.Step(t, 16) // of the texts that are large
	const mib = 1 << 20
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
		fmt.Fprintf(&bomb, "a%d: &a%d [%s*a%d]\n", i+1, i+1, strings.Repeat(fmt.Sprintf("*a%d,", i), 9), i)
	}
	tests := []struct {
		name      string
		file      string
		text      []repeated
		documents int
		problems  []ProblemKind
	}{
		{"file of one byte too many", "a.yaml", []repeated{fill("#", MaxFileSize+1)}, 0, []ProblemKind{Excessive}},
		{"many documents", "a.yaml", []repeated{fill("---\na: 1\n", 100_000*9)}, 100_000, nil},
		{"many documents with anchors", "a.yaml", []repeated{fill("---\na: &a 1\n", 100_000*12)}, 100_000, nil},
		{"many JSON values", "a.json", []repeated{fill("{\"a\":1}\n", 100_000*8)}, 100_000, nil},
		{"many empty documents", "a.yaml", []repeated{fill("---\n", 16*mib)}, 0, nil},
		{"nested brackets", "a.yaml", []repeated{fill("[", 10_000), fill("]", 10_000)}, 0, []ProblemKind{Excessive}},
		{"nested brackets without end", "a.yaml", []repeated{fill("a: [", MaxFileSize)}, 0, []ProblemKind{Excessive}},
		{"nested brackets behind a tag", "a.yaml", []repeated{once("a: !x "), fill("[", 20_000)}, 0, []ProblemKind{Excessive}},
		{"nested JSON", "a.json", []repeated{fill("[", 1_000_000)}, 0, []ProblemKind{Excessive}},
		{"nested dashes", "a.yaml", []repeated{fill("- ", 20_000), once("a\n---\nb: 1\n")}, 1, []ProblemKind{Excessive}},
		{"nested mappings", "a.yaml", []repeated{once("x: 1\n---\n"), once(deepIndent.String()), once("---\nb: 1\n")}, 2, []ProblemKind{Excessive}},
		{"deepest nesting", "a.yaml", []repeated{fill("- ", 2*MaxDepth), once("a\n")}, 1, nil},
		{"deepest nesting of JSON", "a.json", []repeated{fill("[", MaxDepth), once("1"), fill("]", MaxDepth)}, 1, nil},
		{"one level too deep", "a.yaml", []repeated{fill("- ", 2*MaxDepth+2), once("a\n")}, 0, []ProblemKind{Excessive}},
		{"one level of JSON too deep", "a.json", []repeated{fill("[", MaxDepth+1), once("1"), fill("]", MaxDepth+1), once("{}")}, 1, []ProblemKind{Excessive}},
		{"long list", "a.yaml", []repeated{fill("- a\n", MaxFileSize)}, 0, []ProblemKind{Excessive}},
		{"long list behind a tag", "a.yaml", []repeated{once("!x\n"), fill("- a\n", MaxFileSize-3)}, 0, []ProblemKind{Excessive}},
		{"long list on one line", "a.yaml", []repeated{once("a: ["), fill("é,", MaxFileSize-4)}, 0, []ProblemKind{Excessive}},
		{"long list on one line with an anchor", "a.yaml", []repeated{once("a: [&a b, "), fill("é, ", mib), once("]\n")}, 1, nil},
		{"long list in JSON", "a.json", []repeated{once("[1"), fill(",1", MaxFileSize-8), once("]\n{}")}, 1, []ProblemKind{Excessive}},
		{"long mapping", "a.yaml", []repeated{fill("a: 1\n", MaxFileSize)}, 0, []ProblemKind{Excessive}},
		{"largest list", "a.yaml", []repeated{fill("- a\n", 4*(MaxNodes-1))}, 1, nil},
		{"largest list behind an anchor", "a.yaml", []repeated{once("&a\n"), fill("- a\n", 4*(MaxNodes-1))}, 1, nil},
		{"one value too many", "a.yaml", []repeated{fill("- a\n", 4*MaxNodes)}, 0, []ProblemKind{Excessive}},
		{"items with too many values together", "a.yaml", []repeated{once("items:\n"), times("- ["+strings.Repeat("a,", 50)+"]\n", MaxNodes/40)}, 1, nil},
		{"too many items", "a.yaml", []repeated{once("items:\n"), fill("- a\n", 4*MaxNodes)}, 0, []ProblemKind{Excessive}},
		{"item with too many values", "a.yaml", []repeated{once("items:\n- b\n- ["), fill("a,", 2*MaxNodes), once("]\n")}, 0, []ProblemKind{Excessive}},
		{"items of JSON with too many values together", "a.json", []repeated{once("{\"resource_changes\":[1"), times(",["+strings.Repeat("1,", 50)+"1]", MaxNodes/40), once("]}")}, 1, nil},
		{"too many items of JSON", "a.json", []repeated{once("{\"items\":[1"), times(",1", MaxNodes), once("]}")}, 0, []ProblemKind{Excessive}},
		{"item of JSON with too many values", "a.json", []repeated{once("{\"items\":[1,[1"), times(",1", MaxNodes), once("]]}")}, 0, []ProblemKind{Excessive}},
		{"items of JSON that are not the root's", "a.json", []repeated{once("{\"a\":{\"items\":[1"), times(",[1]", MaxNodes/2), once("]}}")}, 0, []ProblemKind{Excessive}},
		{"too many values and a syntax error in JSON", "a.json", []repeated{once("[1"), times(",1", MaxNodes), once(",]")}, 0, []ProblemKind{Excessive}},
		{"items with aliases", "a.yaml", []repeated{once("items: &a\n"), fill("- a\n", 400_000), once("b: [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]")}, 0, []ProblemKind{Excessive}},
		{"a key many times", "a.yaml", []repeated{fill("a: 1\n", 5*(MaxNodes-1))}, 1, nil},
		{"a key many times and a merge", "a.yaml", []repeated{once("a: &a {b: 1}\n<<: *a\n"), fill("a: 1\n", 2*mib)}, 1, nil},
		{"long line", "a.yaml", []repeated{once("a: "), fill("x", MaxFileSize-4), once("\n")}, 1, nil},
		{"long text", "a.yaml", []repeated{once("a: |\n"), fill("  x: y, z\n", 8*mib)}, 1, nil},
		{"long text behind an anchor", "a.yaml", []repeated{once("a: &a |\n"), fill("  x\n", 8*mib)}, 1, nil},
		{"many comments", "a.yaml", []repeated{fill("# a\n", MaxFileSize)}, 0, nil},
		{"many comments and an anchor", "a.yaml", []repeated{once("a: &a 1\n"), fill("# a\n", 4*mib), once("b: 1\n")}, 1, nil},
		{"many comments between", "a.yaml", []repeated{once("x: &a 1\n"), fill("# a\na: 1 # b\n\n", mib)}, 1, nil},
		{"many merges", "a.yaml", []repeated{once(anchors.String())}, 1, nil},
		{"long key behind aliases and a merge", "a.yaml", []repeated{once("? &k "), fill("x", 4*mib), once("\n: {}\nm: &m {a: 1}\nb:\n  <<: *m\n"), fill("  *k : 1\n", 50_000*9)}, 0, []ProblemKind{Excessive}},
		{"long key merged often", "a.yaml", []repeated{once("m: &m\n  ? "), fill("x", 4*mib), once("\n  : 1\nb:\n"), fill("- <<: *m\n", 50_000*9)}, 0, []ProblemKind{Excessive}},
		{"long aliases", "a.yaml", []repeated{once("a: &a "), fill("x", 4*mib), once("\nb:\n"), fill("- *a\n", 16*5)}, 1, nil},
		{"one long alias too many", "a.yaml", []repeated{once("a: &a "), fill("x", 4*mib), once("\nb:\n"), fill("- *a\n", 17*5)}, 0, []ProblemKind{Excessive}},
		{"many version directives", "a.yaml", []repeated{fill("%YAML 1.2\n", MaxFileSize)}, 0, []ProblemKind{Malformed}},
		{"alias bomb", "a.yaml", []repeated{once(bomb.String())}, 0, []ProblemKind{Excessive}},
		{"template tags without end", "a.yaml", []repeated{once("a: [\n"), fill("{{{%", mib)}, 0, []ProblemKind{Malformed}},
		{"broken documents", "a.yaml", []repeated{times("---\na: [\n", 10_000)}, 0, slices.Repeat([]ProblemKind{Malformed}, 10_000)},
		{"template documents", "a.yaml", []repeated{times("---\na: {{ x }}y\n", 10_000)}, 0, slices.Repeat([]ProblemKind{Unrendered}, 10_000)},
		{"quote without end", "a.yaml", []repeated{once("\""), fill("a\n", 8*mib)}, 0, []ProblemKind{Malformed}},
	}
	large := 0
	for _, test := range tests {
		size := 0
		for _, part := range test.text {
			size += len(part.text) * part.times
		}
		if size > 64<<10 {
			if large++; (large-1)%step > 0 {
				continue
			}
		}
		t.Run(test.name, func(t *testing.T) {
			text := make([]byte, 0, size)
			for _, part := range test.text {
				for range part.times {
					text = append(text, part.text...)
				}
			}
			for _, options := range []Options{{}, {NoPlain: true}} {
				file := options.Parse(test.file, text)
				var kinds []ProblemKind
				for _, problem := range file.Problems {
					kinds = append(kinds, problem.Kind)
				}
				if len(file.Documents) != test.documents || fmt.Sprint(kinds) != fmt.Sprint(test.problems) {
					t.Errorf("%+v: got %d documents, problems %+v; want %d, kinds %v", options, len(file.Documents), file.Problems, test.documents, test.problems)
				}
			}
		})
	}
}
