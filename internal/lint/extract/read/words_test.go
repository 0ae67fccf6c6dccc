package read

import (
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// TestEveryWordDeclaresAFact checks that the facts of the table have types that can be read.
func TestEveryWordDeclaresAFact(t *testing.T) {
	everyWordDeclares(t, facts.DeploymentFields())
	everyWordDeclares(t, facts.ComputeFields())
}

func everyWordDeclares[T any](t *testing.T, fields []facts.Field[T]) {
	t.Helper()
	words := facts.Words(fields)
	if len(words) == 0 {
		t.Fatal("there are no words")
	}
	null := source.Parse("a.yaml", []byte("a: null\n")).Documents[0].Root.Get("a")
	for _, word := range words {
		var of T
		if !declare(&Reader{}, fields, &of, word, null) {
			t.Errorf("%s declares no fact of a %T", word, of)
		}
	}
}
