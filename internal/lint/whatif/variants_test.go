package whatif_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
	"github.com/mlpolicy/mlpolicy/internal/lint/whatif"
	"github.com/mlpolicy/mlpolicy/policies"
)

// NewDenials keeps, of the denials of variants, those that the deployment and earlier variants do not have.
func TestNewDenials(t *testing.T) {
	loaded, err := policy.Load(t.Context(), policies.FS, nil)
	if err != nil {
		t.Fatal(err)
	}
	edition, ok := loaded.Edition("2020-06")
	if !ok {
		t.Fatal("there is no edition 2020-06")
	}
	evaluator := &whatif.Evaluator{Policies: loaded, Edition: edition, Configuration: func(string) whatif.Configuration { return usual{} }}
	declared := &facts.Deployment{Target: known(facts.AKS), MayRunOn: []facts.Fact[facts.Target]{known(facts.ACI)}}
	untrusted := &facts.Deployment{Target: known(facts.AKS)}
	// Indexes: 0 declared, 1 declared on ACI, 2 untrusted.
	variants := whatif.NewVariants(facts.Facts{Deployments: []*facts.Deployment{declared}}, []facts.Variant{{Deployment: untrusted, Of: 0}})
	if n := len(variants.Facts.Deployments); n != 3 {
		t.Fatalf("%d deployments with variants", n)
	}

	type denied struct {
		index         int
		rule, message string
	}
	tests := []struct {
		name    string
		denials []denied
		want    []string // index, rule and message
	}{
		{"the same of a variant", []denied{{0, "memory", "a"}, {2, "memory", "a"}}, []string{"0 memory a"}},
		{"another rule or message of a variant", []denied{{0, "memory", "a"}, {2, "memory", "b"}, {2, "designer", "a"}}, []string{"0 memory a", "2 memory b", "2 designer a"}},
		{"twice of the deployment", []denied{{0, "memory", "a"}, {0, "memory", "a"}, {2, "memory", "a"}}, []string{"0 memory a", "0 memory a"}},
		{"twice of a variant", []denied{{0, "memory", "a"}, {2, "memory", "a"}, {2, "memory", "a"}}, []string{"0 memory a", "2 memory a"}},
		{"an error where it may run", []denied{{0, "memory", "a"}, {1, "memory", "a"}}, []string{"0 memory a", "1 memory a"}},
		{"a warning where it may run", []denied{{1, "workload", "a"}}, nil},
		{"a warning of a variant", []denied{{2, "workload", "a"}}, []string{"2 workload a"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var denials []policy.Denial
			for _, d := range test.denials {
				denials = append(denials, policy.Denial{Rule: d.rule, Path: facts.Path{"deployments", d.index}, Message: d.message})
			}
			var got []string
			for _, denial := range evaluator.NewDenials(variants, denials) {
				got = append(got, fmt.Sprint(denial.Path[1], " ", denial.Rule, " ", denial.Message))
				index := denial.Path[1].(int)
				if isVariant := denial.VariantOf != nil; isVariant != (index > 0) || isVariant && denial.VariantOf != declared || denial.MayRun != (index == 1) {
					t.Errorf("%s: variant of %v, may run %t", got[len(got)-1], denial.VariantOf, denial.MayRun)
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func known[T any](value T) facts.Fact[T] { return facts.Know(value, facts.Location{}) }

// usual leaves all rules their severities.
type usual struct{}

func (usual) Severity(string) (facts.Severity, bool) { return "", false }
func (usual) SeverityKey() string                    { return "" }
