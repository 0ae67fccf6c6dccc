package whatif

import (
	"slices"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
)

// TestFactsWithPhrasesHaveHypotheses checks that what is reported as unknown is what the evaluation assumes values of.
func TestFactsWithPhrasesHaveHypotheses(t *testing.T) {
	var want, got []string
	for _, field := range facts.DeploymentFields() {
		if field.Phrase != "" {
			want = append(want, field.Name)
		}
	}
	for _, field := range facts.ModelFields() {
		if field.Phrase != "" {
			want = append(want, "models."+field.Name)
		}
	}
	for _, hypothesis := range hypotheses() {
		if !slices.Contains(got, hypothesis.fact) {
			got = append(got, hypothesis.fact)
		}
	}
	if len(got) == 0 || !slices.Equal(got, want) {
		t.Errorf("there are hypotheses about %q and phrases for %q", got, want)
	}
}
