package lint_test

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint"
)

// unreadFormats are the corpus's folders whose format no code reads yet: their files must be silent.
var unreadFormats = []string{
	"aml-v1-dstoolkit-compute", "aml-v1-github-action", "aml-v1-pipeline-yaml", "aml-v1-runconfig",
	"terraform-plan-json",
}

// TestCorpus compares the findings of each real file with what its label says. The
// files are not the project's own: MLPOLICY_CORPUS names their folder.
func TestCorpus(t *testing.T) {
	corpus := os.Getenv("MLPOLICY_CORPUS")
	if corpus == "" {
		t.Skip("MLPOLICY_CORPUS is not set: the folder of real files with an INDEX.tsv; .ci/run sets it")
	}
	index, err := os.Open(filepath.Join(corpus, "INDEX.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer index.Close()
	table := csv.NewReader(index)
	table.Comma, table.LazyQuotes = '\t', true
	rows, err := table.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := func(row []string, name string) string { return row[slices.Index(rows[0], name)] }
	if len(rows) < 100 {
		t.Fatalf("INDEX.tsv has %d rows, too few for the corpus", len(rows))
	}

	linter := newLinter(t)
	unread := map[string]int{}
	for _, row := range rows[1:] {
		file, want := column(row, "file"), column(row, "findings")
		t.Run(file, func(t *testing.T) {
			result := lintFiles(t, linter, os.DirFS(corpus), file)
			got := verdict(result)
			switch {
			case slices.Contains(unreadFormats, column(row, "format")):
				unread[column(row, "format")]++
				if got != "none" {
					t.Errorf("findings of a format that is not read: %s", got)
				}
			case want == "?":
				for _, finding := range result.Findings {
					if finding.Rule != "syntax" {
						t.Errorf("a broken or templated file has more than syntax: %s", got)
					}
				}
			case got != want:
				t.Errorf("findings are %s, labelled %s (%s)", got, want, column(row, "note"))
			}
		})
	}
	for _, format := range unreadFormats {
		if unread[format] == 0 {
			t.Errorf("%s is listed as unread and has no file", format)
		}
	}
}

// verdict lists the findings as the corpus's labels do: severity:rule, worst first, each once.
func verdict(result *lint.Result) string {
	var list []string
	for _, severity := range []lint.Severity{lint.Error, lint.Warning, lint.Note} {
		for _, finding := range result.Findings {
			entry := string(severity) + ":" + finding.Rule
			if finding.Severity == severity && !slices.Contains(list, entry) {
				list = append(list, entry)
			}
		}
	}
	if list == nil {
		return "none"
	}
	return strings.Join(list, ";")
}
