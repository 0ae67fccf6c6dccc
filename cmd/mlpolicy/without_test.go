package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint"
)

// TestOutputIsTheSameWithoutOptimisations leaves out each optimisation and all of them. The examples of the rules have
// findings of all of them, and those of the project files that complete each other.
func TestOutputIsTheSameWithoutOptimisations(t *testing.T) {
	withoutHost(t)
	all := lint.Optimisations()
	if len(all) == 0 {
		t.Fatal("no optimisations")
	}
	dir := examplesOfRules(t)
	output := func(without string) string {
		t.Setenv(withoutVariable, without)
		var stdout, stderr bytes.Buffer
		code := runLoaded(t.Context(), []string{"mlpolicy", "lint", "--format", "json", dir, "../../testdata/project"}, strings.NewReader(""), &stdout, &stderr)
		if code != exitFindings || stderr.Len() > 0 {
			t.Fatalf("without %s: exit code %d, %s", without, code, &stderr)
		}
		return stdout.String()
	}
	want := output("")
	list := ""
	for _, optimisation := range all {
		list += string(optimisation) + ","
		for _, without := range []string{string(optimisation), list} {
			if got := output(without); got != want {
				t.Errorf("without %s the output is another:\n%s", without, got)
			}
		}
	}
}

func TestUnknownOptimisationIsAMistake(t *testing.T) {
	for _, command := range []string{"lint", "facts", "where"} {
		t.Setenv(withoutVariable, "plain,haste")
		var stdout, stderr bytes.Buffer
		code := runLoaded(t.Context(), []string{"mlpolicy", command, "../../testdata/project"}, strings.NewReader(""), &stdout, &stderr)
		if code != exitUsage || !strings.Contains(stderr.String(), `MLPOLICY_WITHOUT: unknown optimisation "haste"`) {
			t.Errorf("%s: exit code %d, %s", command, code, &stderr)
		}
	}
}
