package lint_test

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/mlpolicy/mlpolicy/internal/golden"
	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy/policytest"
	"github.com/mlpolicy/mlpolicy/internal/lint/whatif"
	"github.com/mlpolicy/mlpolicy/internal/sweep"
)

// where places the deployments of files of fsys; an error fails the test.
func where(t testing.TB, linter *lint.Linter, fsys fs.FS, names ...string) *lint.Placements {
	t.Helper()
	placements, err := linter.Where(t.Context(), fsys, inputsOf(fsys, names...))
	if err != nil {
		t.Fatal(err)
	}
	if len(placements.Errors) > 0 {
		t.Fatal(placements.Errors)
	}
	return placements
}

// sorted returns violations by severity, rule and message, one a line.
func sorted(violations []whatif.Violation) string {
	var list []string
	for _, v := range violations {
		list = append(list, fmt.Sprintf("%s %s: %s", v.Severity, v.Rule, v.Message))
	}
	slices.Sort(list)
	return strings.Join(list, "\n")
}

func violationsOf(findings []lint.Finding) []whatif.Violation {
	var violations []whatif.Violation
	for _, f := range findings {
		violations = append(violations, whatif.Violation{Rule: f.Rule, Severity: f.Severity, Message: f.Message})
	}
	return violations
}

// specs are ModelDeployments of every combination of what rules read but the target.
func specs() []string {
	list := []string{""}
	for _, values := range [][]string{
		{"workload: web-service", "workload: batch-scoring", "workload: iot-module", ""},
		{"gpus: 2", ""}, {"fpgas: 1", ""}, {"memory: 48GiB", ""}, {"model: {size: 1GB}", ""}, {"designer: true", ""}, {"stage: production", "stage: development", ""},
	} {
		var longer []string
		for _, spec := range list {
			for _, value := range values {
				longer = append(longer, strings.Trim(spec+", "+value, ", "))
			}
		}
		list = longer
	}
	return list
}

// withTarget writes ModelDeployments of specs to files, all with a target; an empty one is unknown.
func withTarget(specs []string, target string) (fstest.MapFS, []string) {
	if target != "" {
		target = "target: " + target
	}
	contents := make(map[string]string, len(specs))
	for i, spec := range specs {
		contents[fmt.Sprintf("%04d.yaml", i)] = "apiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\nmetadata: {name: m}\nspec: {" +
			strings.Trim(spec+", "+target, ", ") + "}\n"
	}
	return files(contents)
}

// TestWhereIsWhatLintSaysOfAnotherTarget compares what Where says of each target with what
// Lint says of the same file with that target written in. Each edition begins at another combination
// of facts, so that together the editions of a whole sweep take all.
func TestWhereIsWhatLintSaysOfAnotherTarget(t *testing.T) {
	const editions = 5
	step := editions * sweep.Step(t, 5) // no factor in common with the lengths of the lists in specs
	combinations := specs()
	if len(combinations) < 300 {
		t.Fatalf("%d combinations", len(combinations))
	}
	policies := policytest.Builtin(t)
	if len(policies.Editions()) < editions {
		t.Fatalf("%d editions", len(policies.Editions()))
	}
	for i, edition := range policies.Editions() {
		t.Run(edition.ID, func(t *testing.T) {
			var some []string
			for j := i % step; j < len(combinations); j += step {
				some = append(some, combinations[j])
			}
			// Where it is now makes no difference; each edition begins somewhere else.
			current := append([]string{""}, facts.Target("").Values()...)[i]
			compareWhereWithLint(t, edition, some, current)
		})
	}
}

// compareWhereWithLint places deployments that are on the current target, and lints them on each.
func compareWhereWithLint(t *testing.T, edition policy.Edition, specs []string, current string) {
	t.Helper()
	linter := newLinter(t, "edition: "+edition.ID)
	linted := map[string]map[string][]lint.Finding{} // by target and file
	for _, target := range facts.Target("").Values() {
		fsys, names := withTarget(specs, target)
		linted[target] = map[string][]lint.Finding{}
		for _, finding := range lintFiles(t, linter, fsys, names...).Findings {
			linted[target][finding.File.Name] = append(linted[target][finding.File.Name], finding)
		}
	}
	fsys, names := withTarget(specs, current)
	compared := 0
	for i, placement := range where(t, linter, fsys, names...).Deployments {
		if len(placement.Options) < len(edition.Rows) {
			t.Fatalf("%d options for %d rows", len(placement.Options), len(edition.Rows))
		}
		for _, option := range placement.Options {
			targets := option.For
			if option.Name == "" {
				targets = []string{current}
			}
			for _, target := range targets {
				compared++
				compareOption(t, specs[i]+" on "+target, option, linted[target][names[i]])
			}
		}
	}
	if compared < len(specs)*len(edition.Rows) {
		t.Errorf("%d comparisons", compared)
	}
}

// compareOption compares an option with what Lint found on its target.
func compareOption(t *testing.T, what string, option whatif.Option, linted []lint.Finding) {
	t.Helper()
	want := strings.Split(sorted(violationsOf(linted)), "\n")
	if got := strings.Split(sorted(option.Violations), "\n"); !slices.Equal(got, want) {
		t.Errorf("%s:\n%s", what, golden.Diff(want, got))
	}
	if got := option.Verdict; got != verdictOf(linted, option.Name != "") {
		t.Errorf("%s: %s with\n%s", what, got, strings.Join(want, "\n"))
	}
}

func verdictOf(findings []lint.Finding, listed bool) whatif.Verdict {
	result := lint.Result{Findings: findings}
	switch {
	case result.Count(lint.Error) > 0:
		return whatif.Refused
	case result.Count(lint.Warning) > 0:
		return whatif.Warned
	case listed:
		return whatif.Allowed
	}
	return whatif.Unlisted
}

// outline writes options as [→]target verdict rules ?unknown.
func outline(p whatif.Placement) []string {
	var list []string
	for _, option := range p.Options {
		text := option.Target + " " + string(option.Verdict)
		if option.Current {
			text = "→" + text
		}
		for _, violation := range option.Violations {
			text += " " + violation.Rule
		}
		for _, unknown := range option.Unknown {
			text += " ?" + unknown
		}
		list = append(list, text)
	}
	return list
}

func TestWhere(t *testing.T) {
	const machine = "$schema: https://azuremlschemas.azureedge.net/latest/managedOnlineDeployment.schema.json\n" +
		"name: m\nendpoint_name: e\ninstance_type: Standard_D64s_v3\ntags: {mlpolicy.dev/model-size: 2MB, mlpolicy.dev/designer: false, mlpolicy.dev/stage: development}\n"
	known := "workload: web-service, stage: development, designer: false, gpus: 0, fpgas: 0, memory: 4GiB, model: {size: 2MB}"
	cases := []struct {
		name, config, text string
		want               []string
	}{
		{"allowed ones come first, then the order of the table", "", fmt.Sprintf(model, known[len("workload: web-service, "):]+", target: aci"), []string{
			"local allowed", "compute-instance allowed", "aks allowed", "→aci allowed", "functions allowed preview-target",
			"aml-compute allowed-with-warnings workload", "iot-edge allowed-with-warnings workload preview-target", "data-box-edge allowed-with-warnings workload",
		}},
		{"a target without a row is there when it is the current one", "edition: 2020-12", fmt.Sprintf(model, "target: functions, "+known[len("workload: web-service, "):]), []string{
			"local allowed", "aks allowed", "aci allowed", "aml-compute allowed-with-warnings workload", "→functions unlisted unlisted-target",
		}},
		{"a merged row stands for its targets", "edition: 2023-03", fmt.Sprintf(model, "target: aks, gpus: 1, "+strings.Replace(known[len("workload: web-service, "):], "gpus: 0, ", "", 1)), []string{
			"local allowed", "managed-online allowed", "→kubernetes allowed", "batch-endpoint allowed-with-warnings workload", "aci refused gpu-web-service",
		}},
		{"the configuration has its say", "edition: 2023-03\nrules: {gpu-web-service: warning, workload: off}", fmt.Sprintf(model, "gpus: 1, "+strings.Replace(known[len("workload: web-service, "):], "gpus: 0, ", "", 1)), []string{
			"local allowed", "managed-online allowed", "batch-endpoint allowed", "kubernetes allowed", "aci allowed-with-warnings gpu-web-service",
		}},
		{"what is not known and could matter, each where it does", "edition: 2023-03", fmt.Sprintf(model, "target: kubernetes"), []string{
			"local allowed ?stage", "managed-online allowed", "→kubernetes allowed", "aci allowed ?stage ?gpus ?memory_gib ?models.size_bytes",
			"batch-endpoint allowed-with-warnings workload",
		}},
		{"nobody knows what it does", "edition: 2023-03", strings.Replace(fmt.Sprintf(model, "gpus: 0, memory: 4GiB, stage: production, model: {size: 1MB}"), "workload: web-service, ", "", 1), []string{
			"local allowed ?workload", "managed-online allowed ?workload", "batch-endpoint allowed ?workload", "kubernetes allowed ?workload", "aci allowed ?workload",
		}},
		{"the memory of its machine is not asked for elsewhere", "edition: 2023-03", machine, []string{
			"local allowed", "→managed-online allowed", "kubernetes allowed", "aci allowed ?memory_gib", "batch-endpoint allowed-with-warnings workload",
		}},
		{"of a sum the rest could matter", "edition: 2023-03\nfacts: [{paths: [\"*\"], set: {stage: development, gpus: 0, model: {size: 1MB}, workload: web-service}}]",
			"apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{resources: {requests: {memory: 4Gi}}}, {name: b}]}\n", []string{
				"local allowed", "managed-online allowed", "kubernetes allowed", "aci allowed ?memory_gib", "batch-endpoint allowed-with-warnings workload",
			}},
		{"its compute counts where it is", "edition: 2023-03\nrules: {workload: off}",
			"apiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\nmetadata: {name: m}\nspec: {target: aks, stage: production, workload: web-service, gpus: 1, compute: {vm_priority: low, managed_by: azure-ml, target: aks}}\n", []string{
				"managed-online allowed", "batch-endpoint allowed", "→kubernetes allowed", "local allowed-with-warnings production-target", "aci refused gpu-web-service production-target",
			}},
		{"and does not count for another target", "rules: {workload: off}", "apiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\nmetadata: {name: m}\n" +
			"spec: {target: aks, stage: development, designer: true, workload: batch-scoring, fpgas: 0, gpus: 0, memory: 1GiB, model: {size: 1GB}, compute: {nodes: 3, vm_priority: low, managed_by: azure-ml, target: aks}}\n", []string{
			"local allowed", "compute-instance allowed", "aml-compute allowed", "functions allowed preview-target", "iot-edge allowed preview-target", "data-box-edge allowed",
			"→aks allowed-with-warnings low-priority single-node", "aci refused model-size",
		}},
		{"training is not asked about", "", "apiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\nmetadata: {name: m}\nspec: {workload: training, target: aci, gpus: 1}\n", nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			fsys, names := files(map[string]string{"a.yaml": c.text})
			placements := where(t, newLinter(t, c.config), fsys, names...)
			if len(placements.Deployments) != 1 || placements.Files != 1 {
				t.Fatalf("%d deployments, %d files", len(placements.Deployments), placements.Files)
			}
			if got := outline(placements.Deployments[0]); !slices.Equal(got, c.want) {
				t.Error(golden.Diff(c.want, got))
			}
		})
	}
}

// ruleOf is a rule of an organisation.
func ruleOf(id, condition string) string {
	return `# METADATA
# title: A rule
# description: It is ours.
# schemas:
#   - input: schema.facts
# custom:
#   severity: error
#   remediation: Use what we use, or something else.
#   suggest_targets: what we use
package mlpolicy.rules["` + id + `"]

deny contains {"path": ["deployments", i, "target"], "message": "not so"} if {
	some i, deployment in input.deployments
	` + condition + `
}
`
}

// extended makes a Linter with rules of an organisation, by their conditions.
func extended(t testing.TB, conditions map[string]string) *lint.Linter {
	t.Helper()
	folder := fstest.MapFS{}
	for id, condition := range conditions {
		folder[id+".rego"] = &fstest.MapFile{Data: []byte(ruleOf(id, condition))}
	}
	linter := linterOf(t, policytest.Load(t, policy.Folder{Name: "acme", FS: folder}), config.Default(), lint.Options{})
	return linter
}

// TestWhereKnowsRulesOfAnOrganisation has rules that read names, which the builtin ones
// do not: what is otherwise alike may differ.
func TestWhereKnowsRulesOfAnOrganisation(t *testing.T) {
	linter := extended(t, map[string]string{
		"cloud-only": "startswith(deployment.name, \"cloud-\")\n\tdeployment.target in {\"local\", \"iot-edge\", \"data-box-edge\", \"compute-instance\"}",
		"gpu-teams":  "deployment.labels.team == \"risk\"\n\tdeployment.gpus > 7\n\tdeployment.target == \"aks\"",
	})
	contents := map[string]string{}
	for i, name := range []string{"cloud-a", "edge-b"} {
		for j, team := range []string{"risk", "fraud"} {
			contents[fmt.Sprint(i, j, ".yaml")] = "apiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\nmetadata: {name: " + name + ", labels: {team: " + team + "}}\nspec: {workload: web-service}\n"
		}
	}
	fsys, names := files(contents)
	var got []string
	for _, p := range where(t, linter, fsys, names...).Deployments {
		for _, option := range p.Options {
			if option.Target == "local" || option.Target == "aks" {
				got = append(got, fmt.Sprint(p.Deployment.Name.Value, " ", p.Deployment.Labels["team"].Value, " ", option.Target, " ", option.Verdict, " ", option.Unknown))
			}
		}
	}
	want := []string{
		"cloud-a risk aks allowed [gpus]", "cloud-a risk local refused []",
		"cloud-a fraud aks allowed []", "cloud-a fraud local refused []",
		"edge-b risk local allowed [stage designer gpus fpgas]", "edge-b risk aks allowed [gpus]",
		"edge-b fraud local allowed [stage designer gpus fpgas]", "edge-b fraud aks allowed []",
	}
	if !slices.Equal(got, want) {
		t.Error(golden.Diff(want, got))
	}
}

// TestWhereTriesOneForAllThatAreAlike compares the answers of the builtin rules, which
// are asked once for all deployments of a kind, with those beside a rule of an
// organisation, with which each is asked about alone.
func TestWhereTriesOneForAllThatAreAlike(t *testing.T) {
	contents := map[string]string{}
	for i, spec := range specs() {
		if i%5 == 0 {
			contents[fmt.Sprintf("%04d.yaml", i)] = fmt.Sprintf("apiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\nmetadata: {name: m%d}\nspec: {%s}\n", i, spec)
		}
	}
	// Facts of equal value: exact, a lower bound, and those of a machine.
	pod := "apiVersion: v1\nkind: Pod\nmetadata: {name: %s, annotations: {mlpolicy.dev/workload: web-service, mlpolicy.dev/stage: development}}\n" +
		"spec: {containers: [{resources: {requests: {cpu: 8, memory: 32Gi}}}%s]}\n"
	contents["exact.yaml"] = fmt.Sprintf(pod, "exact", "")
	contents["bound.yaml"] = fmt.Sprintf(pod, "bound", ", {name: sidecar}")
	machine := "$schema: https://azuremlschemas.azureedge.net/latest/managedOnlineDeployment.schema.json\nname: %s\nendpoint_name: e\ninstance_type: %s\n" +
		"tags: {mlpolicy.dev/stage: development}\n"
	contents["machine.yaml"] = fmt.Sprintf(machine, "machine", "Standard_D8s_v3")
	contents["declared.yaml"] = strings.ReplaceAll(fmt.Sprintf(model, "target: managed-online, stage: development, cpu: 8, memory: 32GiB, gpus: 0, fpgas: 0"), "name: m", "name: declared")
	fsys, names := files(contents)
	alone := where(t, extended(t, map[string]string{"never": "deployment.gpus < 0"}), fsys, names...).Deployments
	together := where(t, newLinter(t), fsys, names...).Deployments
	if len(alone) < 70 || len(together) != len(alone) {
		t.Fatalf("%d and %d deployments", len(alone), len(together))
	}
	unknown := map[string]bool{} // by name, whether more memory could matter on ACI
	for _, p := range together {
		for _, option := range p.Options {
			if option.Target == "aci" {
				unknown[p.Deployment.Name.Value] = slices.Contains(option.Unknown, "memory_gib")
			}
		}
	}
	if unknown["exact"] || !unknown["bound"] || !unknown["machine"] || unknown["declared"] {
		t.Errorf("memory is unknown: %v", unknown)
	}
	for i := range alone {
		if a, b := outline(alone[i]), outline(together[i]); !slices.Equal(a, b) {
			t.Errorf("%s with others:\n%s", alone[i].Deployment.Name.Value, golden.Diff(a, b))
		}
	}
}

// TestWhereSaysWhatItCannotJudge has a rule that fails on a deployment wherever it is.
func TestWhereSaysWhatItCannotJudge(t *testing.T) {
	linter := extended(t, map[string]string{"numbered": "to_number(deployment.component) < 0"})
	fsys, _ := files(map[string]string{
		"a.yaml": fmt.Sprintf(model, "component: three, memory: 64GiB, stage: development"),
		"b.yaml": fmt.Sprintf(model, "stage: development, designer: false, gpus: 0, fpgas: 0"),
		"c.yaml": "computeType: [ACI\n",
	})
	placements, err := linter.Where(t.Context(), fsys, inputsOf(fsys, "a.yaml", "b.yaml", "c.yaml", "gone.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var errs []string
	for _, err := range placements.Errors {
		errs = append(errs, err.Error())
	}
	if len(errs) != 3 || !errors.Is(placements.Errors[0], fs.ErrNotExist) || !strings.HasPrefix(errs[1], "c.yaml:1:14: ") ||
		!strings.HasPrefix(errs[2], "a.yaml: evaluate m: ") || !strings.Contains(errs[2], "acme/numbered.rego") {
		t.Errorf("errors %q", errs)
	}
	verdicts := map[whatif.Verdict]int{}
	for _, option := range placements.Deployments[0].Options {
		verdicts[option.Verdict]++
	}
	if verdicts[whatif.Unjudged] != 7 || verdicts[whatif.Refused] != 1 {
		t.Errorf("verdicts of what a rule fails on: %v", verdicts)
	}
	if got := outline(placements.Deployments[1])[0]; got != "local allowed" {
		t.Errorf("the other deployment: %s", got)
	}
}
