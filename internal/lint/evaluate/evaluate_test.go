package evaluate_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/mlpolicy/mlpolicy/internal/lint/evaluate"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
	"github.com/mlpolicy/mlpolicy/policies"
)

// numbered fails on a deployment whose component is not a number, and reports one below 10.
const numbered = `# METADATA
# title: Component with a small number
# description: Components are numbered from 10.
# custom:
#   severity: error
#   remediation: Number the component anew.
package mlpolicy.rules.numbered

deny contains {"path": ["deployments", i, "component"], "message": "too small"} if {
	some i, deployment in input.deployments
	to_number(deployment.component) < 10
}
`

// A rule that fails on one deployment hides no denial of another rule or of another deployment.
func TestDeploymentsWithARuleThatFails(t *testing.T) {
	loaded, err := policy.Load(t.Context(), policies.FS, []policy.Folder{{Name: "acme", FS: fstest.MapFS{"numbered.rego": {Data: []byte(numbered)}}}})
	if err != nil {
		t.Fatal(err)
	}
	all := &facts.Facts{Edition: "2020-06"}
	for _, component := range []string{"7", "seven", "70"} {
		all.Deployments = append(all.Deployments, &facts.Deployment{
			Name: known("churn"), Component: known(component), Target: known(facts.ACI), MemoryGiB: known(64.0),
		})
	}
	for name, options := range map[string]evaluate.Options{"files": evaluate.ForFiles(), "object": evaluate.ForObject()} {
		t.Run(name, func(t *testing.T) {
			denials, errs := evaluate.NewRun(loaded, options).Deployments(t.Context(), all)
			var got []string
			for _, denial := range denials {
				got = append(got, fmt.Sprint(denial.Rule, denial.Path[:2]))
			}
			slices.Sort(got)
			if want := []string{"memory[deployments 0]", "memory[deployments 1]", "memory[deployments 2]", "numbered[deployments 0]"}; !slices.Equal(got, want) {
				t.Errorf("denials %q, want %q", got, want)
			}
			var failure *evaluate.Error
			if len(errs) != 1 || !errors.As(errs[0], &failure) || failure.Subject != (evaluate.Subject{Kind: "deployments", Index: 1}) {
				t.Fatalf("errors %v, want one about the deployment with index 1", errs)
			}
			if rules, complete := evaluate.FailedRules(errs[0]); !slices.Equal(rules, []string{"numbered"}) || !complete {
				t.Errorf("failed rules %q, complete %t", rules, complete)
			}
			if rules, complete := evaluate.FailedRules(errors.Join(errs[0], errors.New("other"))); !slices.Equal(rules, []string{"numbered"}) || complete {
				t.Errorf("beside another error: failed rules %q, complete %t", rules, complete)
			}
		})
	}
}

func known[T any](value T) facts.Fact[T] { return facts.Know(value, facts.Location{}) }
