package lint_test

import (
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/baseline"
	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/policy/policytest"
)

// project is a folder with files and a baseline.
type project struct {
	configuration string
	entries       []baseline.Entry
	named         bool
}

// lint judges some of the files, all of them without names.
func (p project) lint(t *testing.T, texts map[string]string, names ...string) (*lint.Result, *lint.BaselineOutcome) {
	t.Helper()
	fsys, all := files(texts)
	whole := len(names) == 0
	if whole {
		names = all
	}
	of := &lint.Baseline{Baseline: &baseline.Baseline{Entries: p.entries}, Folder: "/project", Named: p.named, Exists: func(file string) bool {
		_, err := fs.Stat(fsys, file)
		return err == nil
	}}
	configuration := config.Default()
	if p.configuration != "" {
		var err error
		if configuration, err = config.Parse([]byte(p.configuration), config.Origin{Name: config.FileName}); err != nil {
			t.Fatal(err)
		}
	}
	linter := linterOf(t, policytest.Builtin(t), configuration, lint.Options{
		Baseline: func(file string) (*lint.Baseline, string) { return of, file },
		Complete: func(string) bool { return whole },
	})
	result := lintFiles(t, linter, fsys, names...)
	if len(result.Baselines) != 1 {
		t.Fatalf("%d baselines", len(result.Baselines))
	}
	return result, result.Baselines[0]
}

// recorded returns the project with the findings of files in its baseline.
func (p project) recorded(t *testing.T, texts map[string]string) project {
	t.Helper()
	p.entries = nil
	_, of := p.lint(t, texts)
	if len(of.Recorded) == 0 {
		t.Fatal("no findings to record")
	}
	read, err := baseline.Parse(baseline.FileName, baseline.Format(of.Recorded))
	if err != nil {
		t.Fatal(err)
	}
	p.entries = read.Entries
	return p
}

// found are the files, lines, rules and notes of findings.
func found(findings []lint.Finding) []string {
	var list []string
	for _, f := range findings {
		note := ""
		if i := strings.LastIndex(f.Message, " ("); i >= 0 && strings.Contains(f.Message[i:], "baseline") {
			note = f.Message[i:]
		}
		list = append(list, fmt.Sprintf("%s:%d %s%s", f.File.Name, f.Span.Start.Line, f.Rule, note))
	}
	return list
}

// services has files with findings of several kinds: of containers, of a compute that others refer to, and of syntax.
func services() map[string]string {
	return map[string]string{
		"a/pod.yaml": pods,
		"a/two.yaml": pods + "---\n" + pods,
		"b/churn.yaml": "apiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\nmetadata: {name: churn}\n" +
			"spec: {target: aci, workload: web-service, gpus: 1, memory: 64Gi}\n",
		"b/clean.yaml":           "apiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\nmetadata: {name: clean}\nspec: {target: aci, workload: web-service}\n",
		"c/inferenceconfig.json": `{"entryScript": "score.py", "enableGpu": true}`, "c/deploymentconfig.json": `{"computeType": "ACI", "containerResourceRequirements": {"cpu": 1, "memoryInGB": 56}}`,
	}
}

// Edits that change no finding change no result: lines above, items in another order, files with other names.
func TestBaselineCoversWhatMoves(t *testing.T) {
	p := project{}.recorded(t, services())
	side, server := "  - name: side\n    image: a\n    resources: {requests: {memory: 1Gi}}\n", "  - name: server\n    image: b\n    resources: {requests: {memory: 50Gi}}\n"
	random := rand.New(rand.NewPCG(1, 2))
	edits := []func(texts map[string]string, name string){
		func(texts map[string]string, name string) { // lines above
			if path.Ext(name) == ".yaml" {
				texts[name] = "# why\n\n---\n# because\n" + texts[name]
			} else {
				texts[name] = "\n\n" + texts[name]
			}
		},
		func(texts map[string]string, name string) { // items in another order
			texts[name] = strings.ReplaceAll(texts[name], side+server, server+side)
		},
		func(texts map[string]string, name string) { // documents in another order, and one without findings
			if documents := strings.Split(texts[name], "---\n"); path.Ext(name) == ".yaml" {
				slices.Reverse(documents)
				texts[name] = strings.Join(documents, "---\n") + "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n"
			}
		},
		func(texts map[string]string, name string) { // another name of the file
			if strings.HasPrefix(name, "c/") {
				return // both belong together
			}
			texts["moved/"+name] = texts[name]
			delete(texts, name)
		},
	}
	for round := range 60 {
		texts := services()
		for _, name := range slices.Sorted(maps.Keys(services())) {
			for _, edit := range edits {
				if _, there := texts[name]; there && random.IntN(2) == 0 {
					edit(texts, name)
				}
			}
		}
		result, of := p.lint(t, texts)
		if len(result.Findings) > 0 || len(result.Baselined) != len(of.Recorded) || len(of.Unneeded)+len(of.Unseen) > 0 {
			t.Fatalf("round %d: new %q, not needed %v, of\n%v", round, found(result.Findings), of.Unneeded, texts)
		}
		// Exactly one that is added is shown.
		texts["b/new.yaml"] = "apiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\nmetadata: {name: new}\nspec: {target: aci, memory: 50Gi}\n"
		if result, _ := p.lint(t, texts); !slices.Equal(found(result.Findings), []string{"b/new.yaml:4 memory"}) {
			t.Fatalf("round %d: with a new one %q", round, found(result.Findings))
		}
	}
}

func TestBaselineOfEdits(t *testing.T) {
	p := project{}.recorded(t, services())
	parts := func(side, server string) string {
		return "{memory: " + side + "}}\n  - name: server\n    image: b\n    resources: {requests: {memory: " + server + "}"
	}
	for name, test := range map[string]struct {
		file, from, to string
		want           []string
	}{
		"less":                              {"b/churn.yaml", "64Gi", "60Gi", nil},
		"more":                              {"b/churn.yaml", "64Gi", "80Gi", []string{"b/churn.yaml:4 memory (64 in the baseline, now 80)"}},
		"a second":                          {"a/pod.yaml", pods, pods + "---\n" + pods, []string{"a/pod.yaml:12 memory (1 in the baseline, now 2)", "a/pod.yaml:25 memory (1 in the baseline, now 2)"}},
		"another container":                 {"a/pod.yaml", "name: server", "name: main", nil},
		"less, mostly in another container": {"a/pod.yaml", parts("1Gi", "50Gi"), parts("49Gi", "1Gi"), nil},
		"more, mostly in another container": {"a/pod.yaml", parts("1Gi", "50Gi"), parts("60Gi", "1Gi"), []string{"a/pod.yaml:9 memory (51 in the baseline, now 61)"}},
		"another deployment":                {"a/pod.yaml", "name: churn", "name: fraud", []string{"a/pod.yaml:12 memory"}},
		"another target":                    {"b/churn.yaml", "target: aci", "target: local", []string{"b/churn.yaml:4 gpu-web-service"}},
		"on a node or another":              {"a/pod.yaml", "  nodeSelector: {type: virtual-kubelet}\n", "  tolerations: [{key: virtual-kubelet.io/provider, operator: Exists}]\n  affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: type, operator: In, values: [virtual-kubelet]}]}, {matchExpressions: [{key: pool, operator: In, values: [gpu]}]}]}}}\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			texts := services()
			if !strings.Contains(texts[test.file], test.from) {
				t.Fatalf("no %q", test.from)
			}
			texts[test.file] = strings.Replace(texts[test.file], test.from, test.to, 1)
			result, _ := p.lint(t, texts)
			if got := found(result.Findings); !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// The edition, severities and fail_on may change.
func TestBaselineUnderOtherConfigurations(t *testing.T) {
	p := project{}.recorded(t, services())
	for _, configuration := range []string{"edition: 2020-12", "rules: {memory: warning}\nfail_on: note", "rules: {memory: off}"} {
		p.configuration = configuration
		result, _ := p.lint(t, services())
		for _, f := range result.Findings {
			if f.Rule == "memory" {
				t.Errorf("%s: %q", configuration, found(result.Findings))
			}
		}
	}
}

// A baseline has only what can be compared, and one that nothing names covers what a waiver in a file could.
func TestBaselineRefuses(t *testing.T) {
	texts := services()
	texts["b/broken.yaml"] = "apiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\nspec: {\n"
	texts["b/waiver.yaml"] = "# mlpolicy:ignore-file memry reason=\"old\"\n" + texts["b/clean.yaml"]
	texts["b/value.yaml"] = strings.Replace(texts["b/clean.yaml"], "aci,", "aci, memory: lots,", 1)
	texts["b/shape.yaml"] = strings.Replace(texts["b/clean.yaml"], "aci,", "aci, memory: [lots],", 1)
	texts["b/long.yaml"] = strings.Replace(texts["b/clean.yaml"], "aci,", "aci, memory: "+strings.Repeat("lots", 21)+",", 1)
	refused := func(p project) map[string]string {
		_, of := p.lint(t, texts)
		reasons := map[string]string{}
		for _, r := range of.Refused {
			reasons[r.File.Name+" "+r.Rule] = r.Reason
		}
		return reasons
	}
	always := map[string]string{
		"b/broken.yaml syntax": "it hides what could not be evaluated", "b/waiver.yaml waiver": "it is about a waiver",
		"b/shape.yaml syntax": "it hides what could not be evaluated", "b/long.yaml syntax": "it hides what could not be evaluated",
	}
	locked := "the configuration locks the rule, or reserves its exceptions (waiving: rules), and does not name the baseline"
	for name, test := range map[string]struct {
		configuration string
		named         bool
		and           map[string]string
	}{
		"nothing else":      {},
		"locked":            {"locked: {memory: error}", false, map[string]string{"a/pod.yaml memory": locked, "a/two.yaml memory": locked, "b/churn.yaml memory": locked, "c/deploymentconfig.json memory": locked, "b/value.yaml syntax": locked}},
		"locked, but named": {"locked: {memory: error}", true, nil},
		"reserved":          {"waiving: {rules: {cpu-only: configuration, gpu-web-service: configuration}}", false, map[string]string{"b/churn.yaml gpu-web-service": locked, "c/inferenceconfig.json gpu-web-service": locked}},
		"never": {"waiving: {rules: {gpu-web-service: never}}", false, map[string]string{
			"b/churn.yaml gpu-web-service":           "the configuration allows no exceptions to the rule (waiving: rules), and does not name the baseline",
			"c/inferenceconfig.json gpu-web-service": "the configuration allows no exceptions to the rule (waiving: rules), and does not name the baseline",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			want := maps.Clone(always)
			maps.Copy(want, test.and)
			if got := refused(project{configuration: test.configuration, named: test.named}); !maps.Equal(got, want) {
				t.Errorf("got  %q\nwant %q", got, want)
			}
		})
	}
	if got := refused(project{configuration: "waiving: {in_files: deny}"}); len(got) < len(always)+6 {
		t.Errorf("with in_files: deny, refused are %q", got)
	}
	// What is refused is reported although the baseline lists it.
	p := project{}.recorded(t, services())
	p.configuration = "locked: {memory: error}"
	result, _ := p.lint(t, services())
	if got := found(result.Findings); len(got) < 4 {
		t.Errorf("of a locked rule: %q", got)
	}
}

// Waivers come before the baseline.
func TestBaselineAfterWaivers(t *testing.T) {
	p := project{}.recorded(t, services())
	texts := services()
	texts["b/churn.yaml"] = strings.Replace(texts["b/churn.yaml"], "64Gi}", `64Gi} # mlpolicy:ignore memory reason="moves to AKS"`, 1)
	result, of := p.lint(t, texts)
	if len(result.Findings) > 0 || len(result.Waived) != 1 || len(of.Unneeded) != 1 || of.Unneeded[0].Rule != "memory" {
		t.Errorf("new %q, waived %q, not needed %v", found(result.Findings), found(result.Waived), of.Unneeded)
	}
	both := result.WithWaived().WithBaselined()
	if len(both.Findings) != len(result.Waived)+len(result.Baselined) || both.Count(lint.Error) != 0 || both.Fails() != true {
		t.Errorf("%d findings in all, %d errors", len(both.Findings), both.Count(lint.Error))
	}
	// Fingerprints do not depend on what is baselined.
	plain, _ := project{}.lint(t, services())
	shown, _ := p.lint(t, services())
	if got, want := shown.WithBaselined().Fingerprints(), plain.Fingerprints(); len(want) == 0 || !slices.Equal(got, want) {
		t.Errorf("fingerprints %v, without a baseline %v", got, want)
	}
	more := services()
	more["a/two.yaml"] += "---\n" + strings.Replace(pods, "50Gi", "60Gi", 1)
	plain, _ = project{}.lint(t, more)
	shown, _ = p.lint(t, more)
	if got, want := shown.Fingerprints(), plain.Fingerprints(); len(got) != 1 || !slices.Contains(want, got[0]) {
		t.Errorf("of a new finding %v, without a baseline %v", got, want)
	}
}

// An entry is not needed only if the run would have reported its finding.
func TestUnneededEntries(t *testing.T) {
	p := project{}.recorded(t, services())
	fixed := func(change func(map[string]string)) map[string]string {
		texts := services()
		texts["b/churn.yaml"] = texts["b/clean.yaml"]
		if change != nil {
			change(texts)
		}
		return texts
	}
	for name, test := range map[string]struct {
		configuration string
		texts         map[string]string
		names         []string
		want          int // of the entries of churn.yaml
	}{
		"fixed":                             {"", fixed(nil), nil, 2},
		"one file":                          {"", fixed(nil), []string{"b/churn.yaml"}, 2},
		"other files":                       {"", fixed(nil), []string{"b/clean.yaml", "a/pod.yaml"}, 0},
		"gone":                              {"", fixed(func(texts map[string]string) { delete(texts, "b/churn.yaml") }), nil, 2},
		"gone, where folders were not read": {"", fixed(func(texts map[string]string) { delete(texts, "b/churn.yaml") }), []string{"a/pod.yaml"}, 0},
		"not a deployment any more":         {"", fixed(func(texts map[string]string) { texts["b/churn.yaml"] = "a: 1\n" }), nil, 2},
		"a rule that is locked":             {"locked: {memory: error}", fixed(nil), nil, 1},
		"a rule that is off":                {"rules: {memory: off}", fixed(nil), nil, 1},
		"a value of the file is not evaluated": {"rules: {syntax: warning}", fixed(func(texts map[string]string) {
			texts["b/churn.yaml"] = strings.Replace(texts["b/clean.yaml"], "aci,", "aci, memory: lots,", 1)
		}), nil, 0},
		"that is off": {"rules: {syntax: off}", fixed(func(texts map[string]string) {
			texts["b/churn.yaml"] = strings.Replace(texts["b/clean.yaml"], "aci,", "aci, memory: lots,", 1)
		}), nil, 0},
		"another file could not be parsed": {"", fixed(func(texts map[string]string) {
			texts["a/x.yaml"] = "apiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\nspec: {\n"
		}), nil, 0},
		"the same, waived": {"waivers: [{paths: [\"a/*\"], waive: 'syntax reason=\"work in progress\"'}]", fixed(func(texts map[string]string) {
			texts["a/x.yaml"] = "apiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\nspec: {\n"
		}), nil, 0},
		"another file has a value of its format": {"", fixed(func(texts map[string]string) {
			texts["a/x.yaml"] = "metadata: {annotations: {mlpolicy.dev/x: y}}\nkind: Pod\napiVersion: v1\nspec: {containers: []}\n"
		}), nil, 2},
	} {
		t.Run(name, func(t *testing.T) {
			p.configuration = test.configuration
			_, of := p.lint(t, test.texts, test.names...)
			got, unseen := 0, 0
			for _, entry := range of.Unneeded {
				if entry.File != "b/churn.yaml" {
					t.Errorf("%+v is not needed", entry)
				}
				got += entry.Count
			}
			for _, entry := range of.Unseen {
				if entry.File == "b/churn.yaml" {
					unseen += entry.Count
				}
			}
			if got != test.want || unseen != 2-test.want {
				t.Errorf("%d are not needed, and of %d nothing is known; want %d", got, unseen, test.want)
			}
		})
	}
}
