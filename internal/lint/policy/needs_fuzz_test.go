package policy_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/mlpolicy/mlpolicy/internal/golden"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
	"github.com/mlpolicy/mlpolicy/policies"
)

// asking are rules as users write them. Some fail for some facts.
func asking() fstest.MapFS {
	files := fstest.MapFS{}
	for id, text := range map[string]string{
		"absent": `some i, d in input.deployments
			not d.stage
			not d.gpus > 0
			path := ["deployments", i]`,
		"absent-equal": `some i, d in input.deployments
			not d.workload == "training"
			not d.delivery in ["iot-edge", "helm"]
			path := ["deployments", i]`,
		"defaulted": `some i, d in input.deployments
			object.get(d, "stage", "none") == object.get(d, ["compute", "stage"], "none")
			path := ["deployments", i, "stage"]`,
		"labelled": `some i, d in input.deployments
			d.labels.team == "risk"
			path := ["deployments", i, "labels"]`,
		"unlabelled": `some i, d in input.deployments
			not d.labels.team
			path := ["deployments", i]`,
		"computed": `some i, d in input.deployments
			some name in ["gpus", "fpgas", "replicas"]
			d[name] > 1
			path := ["deployments", i, name]`,
		"counted": `some i, d in input.deployments
			count([image | some image in d.images; startswith(image, "a")]) == 0
			d.target == "aci"
			path := ["deployments", i]`,
		"every": `some i, d in input.deployments
			every model in d.models { model.size_bytes > 1000 }
			path := ["deployments", i, "models"]`,
		"fails-first": `some i, d in input.deployments
			to_number(d.component) > 3
			d.gpus > 0
			path := ["deployments", i, "gpus"]`,
		"fails-later": `some i, d in input.deployments
			d.gpus > 0
			d.api == "v2"
			to_number(d.name) > 3
			path := ["deployments", i, "gpus"]`,
		"conflicts": `some i, d in input.deployments
			kind_of(d) == "gpu"
			path := ["deployments", i]
		}
		kind_of(d) := "gpu" if d.gpus > 1
		kind_of(d) := "fpga" if {
			d.fpgas > 1`,
		"otherwise": `some i, d in input.deployments
			kind_of(d) == "fpga"
			d.autoscales
			path := ["deployments", i]
		}
		kind_of(d) := "gpu" if { d.gpus > 1 } else := "fpga" if {
			d.fpgas > 1`,
		"default": `some i, d in input.deployments
			kind_of(d) == "none"
			path := ["deployments", i]
		}
		default kind_of(_) := "none"
		kind_of(d) := "gpu" if {
			d.gpus > 1`,
		"document": `some i, d in large
			d.cpu_cores > 1
			path := ["deployments", i]
		}
		large[i] := d if {
			some i, d in input.deployments
			d.memory_gib > 1`,
		"computes": `some i, c in input.computes
			c.nodes > 1
			not c.stage
			path := ["computes", i, "nodes"]`,
		"possible": `some i, d in input.deployments
			some target in d.may_run_on
			target != d.target
			path := ["deployments", i, "may_run_on"]`,
		"bounded": `some i, d in input.deployments
			some fact in d.lower_bounds
			path := ["deployments", i, fact]`,
	} {
		files[id+".rego"] = &fstest.MapFile{Data: []byte(fmt.Sprintf(`# METADATA
# title: Test
# description: Test.
# custom:
#   severity: note
#   remediation: None.
package mlpolicy.rules[%q]

deny contains {"path": path, "message": %q} if {
			%s
}
`, id, id, text))}
	}
	return files
}

// FuzzAskingAll compares the evaluation of all rules with that of those whose facts are declared.
func FuzzAskingAll(f *testing.F) {
	loaded, err := policy.Load(f.Context(), policies.FS, []policy.Folder{{Name: "acme", FS: asking()}})
	if err != nil {
		f.Fatal(err)
	}
	all := loaded.AskingAll()
	for seed := range uint64(400) {
		f.Add(seed, uint8(seed%5))
	}
	f.Fuzz(func(t *testing.T, seed uint64, percent uint8) {
		random := random{rand.New(rand.NewPCG(seed, 0)), float64(percent%5) / 5}
		input := random.facts(loaded.EditionIDs())
		// A rule that fails ends the evaluation, so it is left out until none does.
		var except []string
		for {
			want, wantErr := all.Evaluate(t.Context(), input, except...)
			got, gotErr := loaded.Evaluate(t.Context(), input, except...)
			if fmt.Sprint(want) != fmt.Sprint(got) || fmt.Sprint(wantErr) != fmt.Sprint(gotErr) {
				t.Fatalf("all rules\n%v\nthose whose facts are declared\n%v\n%s", wantErr, gotErr, golden.Diff(want, got))
			}
			failure, _ := wantErr.(interface{ Unwrap() []error })
			fault, _ := wantErr.(*policy.Error)
			if failure != nil && len(failure.Unwrap()) == 1 {
				fault, _ = failure.Unwrap()[0].(*policy.Error)
			}
			if fault == nil || slices.Contains(except, fault.Rule) {
				return
			}
			except = append(except, fault.Rule)
		}
	})
}

// random makes facts.
type random struct {
	*rand.Rand
	declares float64 // how many of the facts
}

func (r random) facts(editions []string) *facts.Facts {
	f := &facts.Facts{Edition: editions[r.IntN(len(editions))]}
	for range r.IntN(3) {
		d := &facts.Deployment{Format: "test"}
		fill(r, facts.DeploymentFields(), d)
		for range r.IntN(3) {
			model := &facts.Model{}
			fill(r, facts.ModelFields(), model)
			d.Models = append(d.Models, model)
		}
		if r.IntN(2) == 0 {
			d.Compute = r.compute()
		}
		if r.IntN(2) == 0 {
			d.Images = []facts.Fact[string]{known("acme")}
			d.Labels = map[string]facts.Fact[string]{r.pick("team", "tier"): known(r.pick("risk", "web"))}
		}
		if r.IntN(3) == 0 {
			d.MayRunOn = []facts.Fact[facts.Target]{known(facts.ACI)}
		}
		f.Deployments = append(f.Deployments, d)
	}
	for range r.IntN(2) {
		f.Computes = append(f.Computes, r.compute())
	}
	return f
}

func (r random) compute() *facts.Compute {
	c := &facts.Compute{Format: "test"}
	fill(r, facts.ComputeFields(), c)
	return c
}

func (r random) pick(texts ...string) string { return texts[r.IntN(len(texts))] }

// fill declares some of the facts of a table.
func fill[T any](r random, table []facts.Field[T], of *T) {
	for _, field := range table {
		if field.Fact == nil || r.Float64() > r.declares && field.Name != "name" {
			continue
		}
		switch fact := field.Fact(of).(type) {
		case *facts.Fact[string]:
			*fact = known(r.pick("7", "2", "churn", "iot-edge"))
		case *facts.Fact[bool]:
			*fact = known(r.IntN(2) == 0)
		case *facts.Fact[int64]:
			*fact = known(r.Int64N(4))
			if field.Name == "size_bytes" {
				*fact = known(r.Int64N(3e9))
			}
			fact.AtLeast = r.IntN(4) == 0
		case *facts.Fact[float64]:
			*fact = known(float64(r.IntN(100)))
			fact.AtLeast = r.IntN(4) == 0
		case *facts.Fact[facts.Target]:
			*fact = known(facts.Target(r.pick(facts.Target("").Values()...)))
		case *facts.Fact[facts.Workload]:
			*fact = known(facts.Workload(r.pick(facts.Workload("").Values()...)))
		case *facts.Fact[facts.API]:
			*fact = known(facts.API(r.pick(facts.API("").Values()...)))
		case *facts.Fact[facts.Stage]:
			*fact = known(facts.Stage(r.pick(facts.Stage("").Values()...)))
		case *facts.Fact[facts.Manager]:
			*fact = known(facts.Manager(r.pick(facts.Manager("").Values()...)))
		case *facts.Fact[facts.VMPriority]:
			*fact = known(facts.VMPriority(r.pick(facts.VMPriority("").Values()...)))
		default:
			panic(fmt.Sprintf("no values for a %T", fact))
		}
	}
}
