package lint_test

import (
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint"
)

func TestParseWithout(t *testing.T) {
	known := lint.Optimisations()
	if len(known) < 2 {
		t.Fatal("too few optimisations")
	}
	without, err := lint.ParseWithout(" " + string(known[0]) + ",, ")
	if err != nil || without.Uses(known[0]) || !without.Uses(known[1]) {
		t.Errorf("%v, %v", without, err)
	}
	if without, err = lint.ParseWithout(""); err != nil || len(without) > 0 {
		t.Errorf("%v, %v", without, err)
	}
	if _, err = lint.ParseWithout("haste"); err == nil || !strings.Contains(err.Error(), string(known[0])) {
		t.Errorf("%v", err)
	}
}
