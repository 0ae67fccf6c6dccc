package policy_test

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/mlpolicy/mlpolicy/internal/golden"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy/policytest"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
	"github.com/mlpolicy/mlpolicy/internal/sweep"
	"github.com/mlpolicy/mlpolicy/policies"
	"go.yaml.in/yaml/v3"
)

// tripping returns, for each rule, a deployment with all facts that violates it.
func tripping() map[string]*facts.Facts {
	with := func(change func(*facts.Deployment, *facts.Compute), edition ...string) *facts.Facts {
		f := full()
		for _, id := range edition {
			f.Edition = id
		}
		change(f.Deployments[0], f.Computes[0])
		return f
	}
	on := func(target facts.Target) *facts.Facts {
		return with(func(d *facts.Deployment, _ *facts.Compute) { d.Target = known(target) })
	}
	return map[string]*facts.Facts{
		"cluster-autoscaling": on(facts.AKS),
		"cpu-only": with(func(d *facts.Deployment, _ *facts.Compute) {
			d.Target, d.Workload = known(facts.ACI), facts.Fact[facts.Workload]{}
		}),
		"designer": on(facts.ACI),
		"edge-delivery": with(func(d *facts.Deployment, _ *facts.Compute) {
			d.Target, d.Delivery = known(facts.DataBoxEdge), known("sdk")
		}),
		"fpga": on(facts.ACI),
		"gpu-batch-scoring": with(func(d *facts.Deployment, _ *facts.Compute) {
			d.Workload = known(facts.BatchScoring)
		}),
		"gpu-not-offered": with(func(d *facts.Deployment, _ *facts.Compute) {
			d.Target, d.Workload = known(facts.IoTEdge), known(facts.IoTModule)
		}),
		"gpu-web-service": on(facts.ACI),
		"low-priority":    on(facts.AKS),
		"memory": with(func(d *facts.Deployment, _ *facts.Compute) {
			d.Target, d.MemoryGiB = known(facts.ACI), known(48.0)
		}),
		"model-memory": with(func(d *facts.Deployment, _ *facts.Compute) {
			d.Models[0].SizeBytes = known(int64(40 << 30))
			d.MemoryLimitGiB = facts.Fact[float64]{}
		}, "2020-12"),
		"model-size":        on(facts.ACI),
		"preview-target":    on(facts.Functions),
		"production-target": on(facts.ACI),
		"single-node": with(func(d *facts.Deployment, _ *facts.Compute) {
			d.Stage, d.Compute.MinNodes, d.Compute.MaxNodes = known(facts.Development), facts.Fact[int64]{}, facts.Fact[int64]{}
		}),
		"unlisted-target": on(facts.ManagedOnline),
		"workload":        on(facts.AMLCompute),
	}
}

func of(rule string, denials []policy.Denial) []policy.Denial {
	return slices.DeleteFunc(slices.Clone(denials), func(d policy.Denial) bool { return d.Rule != rule })
}

func evaluate(t *testing.T, policies *policy.Policies, f *facts.Facts) []policy.Denial {
	t.Helper()
	denials, err := policies.Evaluate(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	return denials
}

// violating returns the facts of the first example that violates a rule.
func violating(t *testing.T, rule policy.Rule) *facts.Facts {
	t.Helper()
	i := slices.IndexFunc(rule.Examples, policy.Example.Bad)
	if i < 0 {
		t.Fatalf("rule %s has no example that violates it", rule.ID)
	}
	name, text := rule.Examples[i].Name, rule.Examples[i].Content
	files := fstest.MapFS{name: &fstest.MapFile{Data: []byte(text)}}
	extraction, err := extract.Extract(t.Context(), files, []*source.File{source.Parse(name, []byte(text))}, extract.Options{})
	if err != nil {
		t.Fatal(err)
	}
	extraction.Edition = "2020-06"
	if edition, ok := strings.CutPrefix(text, "# edition: "); ok {
		extraction.Edition, _, _ = strings.Cut(edition, "\n")
	}
	return &extraction.Facts
}

// The findings of the rules of the table depend on the listed facts only.
func TestBundleRulesReadNoMoreThanTheyNeed(t *testing.T) {
	want := map[string][]string{
		"cluster-autoscaling": {"computes.target", "computes.managed_by", "computes.cluster_autoscaling"},
		"cpu-only":            {"deployments.target", "deployments.gpus"},
		"designer":            {"deployments.target", "deployments.designer"},
		"edge-delivery":       {"deployments.target", "deployments.delivery"},
		"fpga":                {"deployments.target", "deployments.workload", "deployments.fpgas"},
		"gpu-batch-scoring":   {"deployments.target", "deployments.workload", "deployments.gpus"},
		"gpu-not-offered":     {"deployments.target", "deployments.workload", "deployments.gpus"},
		"gpu-web-service":     {"deployments.target", "deployments.workload", "deployments.gpus"},
		"low-priority":        {"computes.target", "computes.managed_by", "computes.vm_priority"},
		"memory":              {"deployments.target", "deployments.memory_gib"},
		"model-memory":        {"deployments.target", "deployments.memory_gib", "deployments.models", "deployments.models.size_bytes"},
		"model-size":          {"deployments.target", "deployments.models", "deployments.models.size_bytes"},
		"preview-target":      {"deployments.target", "deployments.workload"},
		"production-target":   {"deployments.target", "deployments.workload", "deployments.stage"},
		"single-node": {
			"deployments.target", "deployments.models", "deployments.models.size_bytes",
			"deployments.compute", "deployments.compute.nodes",
			// The stage of the deployment is not needed: its compute has the same.
		},
		"unlisted-target": {"deployments.target", "deployments.workload"},
		"workload":        {"deployments.target", "deployments.workload"},
	}
	loaded := policytest.Builtin(t)
	if len(tripping()) != len(want) {
		t.Errorf("%d rules are tripped, %d are listed", len(tripping()), len(want))
	}
	for rule, f := range tripping() {
		t.Run(rule, func(t *testing.T) {
			finding := of(rule, evaluate(t, loaded, f))
			if len(finding) == 0 {
				t.Fatal("the rule finds no fault")
			}
			var needed []string
			for _, path := range optional(f) {
				fewer := tripping()[rule]
				if !forget(fewer, path) {
					t.Fatalf("there is no fact %s", path)
				}
				switch left := of(rule, evaluate(t, loaded, fewer)); {
				case reflect.DeepEqual(left, finding):
				case len(left) == 0:
					needed = append(needed, path)
				default:
					t.Errorf("without %s:\n%s", path, golden.Diff(finding, left))
				}
			}
			if !slices.Equal(needed, want[rule]) {
				t.Errorf("the finding hangs on %q, want %q", needed, want[rule])
			}
		})
	}
}

// everywhere returns deployments of each kind and a compute on each target that violate as many
// rules as possible.
func everywhere(edition string) *facts.Facts {
	all := &facts.Facts{Edition: edition}
	targets := facts.Target("").Values()
	workloads := append(facts.Workload("").Values(), "")
	for _, target := range targets {
		for _, workload := range workloads {
			for _, stage := range facts.Stage("").Values() {
				f := full()
				d := f.Deployments[0]
				d.Target, d.Stage, d.MemoryGiB = known(facts.Target(target)), known(facts.Stage(stage)), known(64.0)
				d.Workload, d.Delivery = known(facts.Workload(workload)), known("sdk")
				d.Models[0].SizeBytes = known(int64(60 << 30))
				if workload == "" {
					d.Workload = facts.Fact[facts.Workload]{}
				}
				f.Computes[0].Target = known(facts.Target(target))
				all.Deployments = append(all.Deployments, d)
				all.Computes = append(all.Computes, f.Computes[0])
			}
		}
	}
	return all
}

// Rules that read a column report nothing under an edition without it, and the findings of all other
// rules do not change.
func TestBundleColumns(t *testing.T) {
	step := sweep.Step(t, 4)
	// Rules that report nothing without a column.
	want := map[string][]string{
		"used_for":            {"workload"},
		"production":          {"production-target"},
		"preview":             {"preview-target"},
		"gpu":                 {"gpu-batch-scoring", "gpu-not-offered", "gpu-web-service"},
		"cpu_only":            {"cpu-only"},
		"fpga":                {"fpga"},
		"designer":            {"designer"},
		"memory":              {"memory"},
		"model":               {"model-size"},
		"ram_percent":         {"model-memory"},
		"low_priority":        {"low-priority"},
		"cluster_autoscaling": {"cluster-autoscaling"},
		"single_node_for":     {"single-node"},
		"via":                 {"edge-delivery"},
	}
	listed := slices.Concat(slices.Collect(maps.Values(want))...)
	// Rules that report violations which another rule reports if the edition has the column.
	more := map[string]string{"gpu": "cpu-only", "cpu_only": "gpu-not-offered"}
	// Rules that need the column for some of their findings.
	fewer := map[string]string{"used_for": "designer"}
	loaded := policytest.Builtin(t)
	if len(loaded.Editions()) == 0 {
		t.Fatal("there is no edition")
	}
	// Copies of the editions with future IDs, each without one column.
	files, without, seen := bundleFiles(t), map[string]string{}, map[string]int{}
	for _, edition := range loaded.Editions() {
		for _, column := range edition.Columns {
			if seen[column]++; (seen[column]-1)%step > 0 { // the first edition with a column is tried
				continue
			}
			id := fmt.Sprintf("%d-01", 3000+len(without))
			without[edition.ID+"/"+column] = id
			files["mlpolicy/editions/"+id+"/data.yaml"] = &fstest.MapFile{Data: withoutColumn(t, files, edition.ID, column, id)}
		}
	}
	less := load(t, files)
	for _, edition := range loaded.Editions() {
		before := messagesAbout(edition.ID, evaluate(t, loaded, everywhere(edition.ID)))
		if len(before) == 0 || len(edition.Columns) == 0 {
			t.Fatalf("edition %s has no findings or no columns", edition.ID)
		}
		for _, column := range edition.Columns {
			id, tried := without[edition.ID+"/"+column]
			if !tried {
				continue
			}
			t.Run(edition.ID+"/"+column, func(t *testing.T) {
				after := messagesAbout(id, evaluate(t, less, everywhere(id)))
				var silent []string
				for _, rule := range loaded.Rules() {
					had, has := of(rule.ID, before), of(rule.ID, after)
					switch {
					case !slices.Contains(listed, rule.ID): // its own tests are about its columns
					case reflect.DeepEqual(had, has):
					case more[column] == rule.ID && len(has) > len(had) && len(had) > 0:
					case fewer[column] == rule.ID && len(has) < len(had) && len(has) > 0:
					case len(has) == 0:
						silent = append(silent, rule.ID)
					default:
						t.Errorf("rule %s has %d findings after %d:\n%s", rule.ID, len(has), len(had), golden.Diff(had, has))
					}
				}
				expected := slices.Clone(want[column])
				// Without "only", gpu-web-service reports on the CPU-only targets.
				if column == "cpu_only" && !slices.Contains(edition.Only, "gpu-web-service") {
					expected = append(expected, "gpu-web-service")
				}
				expected = slices.DeleteFunc(expected, func(rule string) bool { return len(of(rule, before)) == 0 })
				if !slices.Equal(silent, expected) {
					t.Errorf("%q report nothing, want %q", silent, expected)
				}
			})
		}
	}
}

// messagesAbout returns the messages without the name of the selected edition and without the part
// after a semicolon, which is about other editions.
func messagesAbout(edition string, denials []policy.Denial) []policy.Denial {
	for i := range denials {
		message, _, _ := strings.Cut(denials[i].Message, "; ")
		denials[i].Message = strings.ReplaceAll(message, edition, "EDITION")
	}
	return denials
}

// withoutColumn returns a copy of an edition with another ID, without a column and the "only"
// statements that need the column.
func withoutColumn(t *testing.T, files fstest.MapFS, edition, column, as string) []byte {
	t.Helper()
	var data map[string]any
	if err := yaml.Unmarshal(files["mlpolicy/editions/"+edition+"/data.yaml"].Data, &data); err != nil {
		t.Fatal(err)
	}
	drop := func(key string, names ...string) {
		list, _ := data[key].([]any)
		data[key] = slices.DeleteFunc(list, func(name any) bool { return slices.Contains(names, name.(string)) })
	}
	drop("columns", column)
	if column == "gpu" {
		drop("only", "gpu-web-service", "gpu-batch-scoring")
	}
	drop("only", column)
	delete(data, "formerly")
	data["date"] = as + "-01"
	for _, row := range data["targets"].(map[string]any) {
		delete(row.(map[string]any), column)
	}
	written, err := yaml.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	return written
}

// bundleFiles returns a copy of the bundle that tests can change.
func bundleFiles(t *testing.T) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	err := fs.WalkDir(policies.FS, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(policies.FS, name)
		files[name] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// OPA's rule index had wrong results in 1.21.0 to 1.22.0. It must not change findings.
func TestBundleIndexingChangesNothing(t *testing.T) {
	loaded := policytest.Builtin(t)
	editions := loaded.Editions()
	if len(editions) == 0 {
		t.Fatal("there is no edition")
	}
	for _, edition := range editions {
		f := everywhere(edition.ID)
		indexed, unindexed := evaluate(t, loaded, f), evaluate(t, loaded.Unindexed(), f)
		if len(indexed) == 0 || !reflect.DeepEqual(indexed, unindexed) {
			t.Errorf("edition %s: of %d findings, without the index\n%s", edition.ID, len(indexed), golden.Diff(indexed, unindexed))
		}
	}
}

// A hundred deployments in one evaluation have the same findings as each by itself.
func TestBundleJudgesEachAlone(t *testing.T) {
	loaded := policytest.Builtin(t)
	all := everywhere("2020-06")
	together := evaluate(t, loaded, all)
	var alone []policy.Denial
	for i, deployment := range all.Deployments {
		for _, denial := range evaluate(t, loaded, &facts.Facts{Edition: all.Edition, Deployments: []*facts.Deployment{deployment}}) {
			denial.Path[1] = i
			alone = append(alone, denial)
		}
	}
	for i, compute := range all.Computes {
		for _, denial := range evaluate(t, loaded, &facts.Facts{Edition: all.Edition, Computes: []*facts.Compute{compute}}) {
			denial.Path[1] = i
			alone = append(alone, denial)
		}
	}
	slices.SortStableFunc(alone, func(a, b policy.Denial) int {
		return cmp.Or(strings.Compare(a.Rule, b.Rule), cmp.Compare(a.Path[1].(int), b.Path[1].(int)))
	})
	if len(together) == 0 || !reflect.DeepEqual(together, alone) {
		t.Errorf("together they get %d denials, alone %d:\n%s", len(together), len(alone), golden.Diff(together, alone))
	}
}

// A query without some rules evaluates all others.
func TestBundleExceptOneRule(t *testing.T) {
	loaded := policytest.Builtin(t)
	if len(loaded.Rules()) == 0 {
		t.Fatal("there is no rule")
	}
	for _, rule := range loaded.Rules() {
		f := violating(t, rule)
		more := everywhere(f.Edition)
		f.Deployments, f.Computes = append(f.Deployments, more.Deployments...), append(f.Computes, more.Computes...)
		all := evaluate(t, loaded, f)
		want := slices.DeleteFunc(slices.Clone(all), func(d policy.Denial) bool { return d.Rule == rule.ID })
		got, err := loaded.Evaluate(t.Context(), f, rule.ID)
		if err != nil || len(want) == 0 || len(want) == len(all) || !reflect.DeepEqual(got, want) {
			t.Errorf("without %s there are %d denials of %d, want %d; error is %v\n%s", rule.ID, len(got), len(all), len(want), err, golden.Diff(want, got))
		}
	}
}
