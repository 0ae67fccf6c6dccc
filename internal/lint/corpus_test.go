package lint_test

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy/policytest"
)

// corpusRows returns the folder of the corpus and what INDEX.tsv says of each of its
// files, by column. The files are not the project's own: MLPOLICY_CORPUS names their folder.
func corpusRows(t *testing.T) (folder string, rows []map[string]string) {
	t.Helper()
	folder = os.Getenv("MLPOLICY_CORPUS")
	if folder == "" {
		t.Skip("MLPOLICY_CORPUS is not set: the folder of real files with an INDEX.tsv; .ci/run sets it")
	}
	index, err := os.Open(filepath.Join(folder, "INDEX.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer index.Close()
	reader := csv.NewReader(index)
	reader.Comma, reader.LazyQuotes = '\t', true
	lines, err := reader.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(lines) < 100 {
		t.Fatalf("INDEX.tsv has %d rows, too few for the corpus", len(lines))
	}
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, column := range lines[0] {
			row[column] = line[i]
		}
		rows = append(rows, row)
	}
	return folder, rows
}

// TestCorpusAskingAllRules is TestAskingAllRulesChangesNothing for the facts of real files.
func TestCorpusAskingAllRules(t *testing.T) {
	corpus, rows := corpusRows(t)
	loaded := policytest.Builtin(t)
	all := loaded.AskingAll()
	linter := newLinter(t)
	total := 0
	for _, row := range rows {
		extraction, _, err := linter.Facts(t.Context(), os.DirFS(corpus), inputsOf(os.DirFS(corpus), row["file"]))
		if err != nil {
			t.Fatal(err)
		}
		total += compareAsking(t, loaded, all, row["file"], extraction)
	}
	if total == 0 {
		t.Fatal("no file has a finding")
	}
}

// TestCorpus compares the findings of each real file with what its label says.
func TestCorpus(t *testing.T) {
	corpus, rows := corpusRows(t)
	linter := newLinter(t)
	for _, row := range rows {
		file, want := row["file"], row["findings"]
		t.Run(file, func(t *testing.T) {
			result := lintFiles(t, linter, os.DirFS(corpus), file)
			got := verdict(result)
			switch {
			case want == "?":
				for _, finding := range result.Findings {
					if finding.Rule != "syntax" {
						t.Errorf("a broken or templated file has more than syntax: %s", got)
					}
				}
			case got != want:
				t.Errorf("findings are %s, labelled %s (%s)", got, want, row["note"])
			}
		})
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
