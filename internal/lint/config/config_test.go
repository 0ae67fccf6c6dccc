package config

import (
	"errors"
	"slices"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
)

// everything has each key of a configuration.
const everything = `# The configuration of the design, and some.
edition: 2020-12
kubernetes: {cluster: aks}
devices: {gpu: ["gpu.example.com/*"], fpga: ["example.com/fpga-*", "gpu.example.com/fpga"]}
images: [acme/model-server, {repository: "*/scorer", start: [score serve], excluded_tags: ["*-dev"]}]
fail_on: warning
rules: {preview-target: off, production-target: error}
stages: {production: ["deploy/prod/**", "**/PRD-*", {namespaces: [prod-*], kinds: [Deployment]}], development: ["**/DEV-*"]}
models:
  - {name: churn, size: 1.4GB}
  - {name: churn, version: 7, size: 900 MiB}
  - {name: churn, version: 1.10, size: 1000}
facts:
  - paths: ["legacy/**"]
    set: {workload: batch-scoring}
  - namespaces: [ml-*]
    kinds: [Deployment]
    names: ["scorer"]
    set: {stage: development, designer: yes}
ignore: ["third_party/**", "!third_party/ours.yaml"]
policies: ["policy/"]
baseline: ci/old.json
webhook:
  mode: warn
  namespaces:
    - {names: [prod-eu], mode: warn}
    - {names: [prod-*], mode: enforce}
  controllers: ["system:serviceaccount:kserve:*"]
  kinds: [serving.example.com]
  believe: [stage]
overrides: [{paths: ["legacy/**"], set: {edition: 2020-06, rules: {memory: warning}, stages: {development: ["**"]}}}]
nested: {may: [stages, rules]}
locked: {fpga: error}
`

func parse(t *testing.T, text string) *Config {
	t.Helper()
	config, err := Parse([]byte(text), Origin{Name: FileName, Folder: "/repo", WorkingDir: "/repo/sub"})
	if err != nil {
		t.Fatal(err)
	}
	return config
}

func TestParseReadsEachSetting(t *testing.T) {
	config := parse(t, everything)
	if got := config.Edition; got.Value != "2020-12" || got.Location.Node.Span().Start.Line != 2 {
		t.Errorf("edition %+v", got)
	}
	if got := config.Cluster; got.Value != facts.AKS || got.Location.Node == nil {
		t.Errorf("cluster %+v", got)
	}
	if got := config.FailOn.Value; got != facts.Warning {
		t.Errorf("fail_on %s", got)
	}
	for rule, want := range map[string]facts.Severity{"preview-target": facts.Off, "production-target": facts.Error, "memory": ""} {
		if got, set := config.Severity(rule); got != want || set != (want != "") {
			t.Errorf("severity of %s: %q, %v", rule, got, set)
		}
	}
	if got := values(config.Ignore); !slices.Equal(got, []string{"third_party/**", "!third_party/ours.yaml"}) {
		t.Errorf("ignore %q", got)
	}
	if got := values(config.Policies); !slices.Equal(got, []string{"policy/"}) {
		t.Errorf("policies %q", got)
	}
}

func values(list []Path) []string {
	var texts []string
	for _, fact := range list {
		texts = append(texts, fact.Value)
	}
	return texts
}

func TestDefaultIsWhatAnEmptyFileSays(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "---\n", "{}", "edition:\nrules:\n"} {
		config := parse(t, text)
		if config.Edition.Value != DefaultEdition || config.FailOn.Value != facts.Error || config.Cluster.Known {
			t.Errorf("%q: %+v", text, config)
		}
	}
}

func TestDevice(t *testing.T) {
	config := parse(t, everything)
	for resource, want := range map[string]read.Device{
		"gpu.example.com/a100": read.GPU, "gpu.example.com/fpga": read.GPU, "example.com/fpga-1": read.FPGA, "example.com/a100": "",
	} {
		got := config.Device(resource)
		if got.Value != want || got.Known != (want != "") || got.Known && got.Location.Node == nil {
			t.Errorf("%s: %q, %t", resource, got.Value, got.Known)
		}
	}
}

func TestImages(t *testing.T) {
	servers := parse(t, everything).Lists().ModelServers
	if len(servers) != 2 || servers[0].Repository != "acme/model-server" || servers[1].Repository != "*/scorer" ||
		!slices.Equal(servers[1].Start, []string{"score serve"}) || !slices.Equal(servers[1].ExcludedTags, []string{"*-dev"}) {
		t.Errorf("%+v", servers)
	}
	for text, want := range map[string]bool{"images: off": true, `images: "off"`: true, "images: [a/b]": false, "images: []": false, "": false} {
		if got := parse(t, text).Lists().NoModelServers; got != want {
			t.Errorf("%s: %t", text, got)
		}
	}
}

func TestModelSizePrefersTheVersion(t *testing.T) {
	config := parse(t, everything)
	for _, test := range []struct {
		name, version string
		want          int64
		known         bool
	}{
		{"churn", "", 1400000000, true},
		{"churn", "3", 1400000000, true},
		{"churn", "7", 900 << 20, true},
		{"churn", "1.10", 1000, true},
		{"other", "", 0, false},
	} {
		if got := config.ModelSize(test.name, test.version); got.Value != test.want || got.Known != test.known {
			t.Errorf("%s %s: %d, %v", test.name, test.version, got.Value, got.Known)
		}
	}
}

// A deployment that names no version, or the latest, may serve any.
func TestModelSizeOfAnUnknownVersion(t *testing.T) {
	tests := []struct {
		models string
		want   int64
	}{
		{"{name: a, version: 1, size: 1}, {name: a, version: 2, size: 2}", 0},
		{"{name: a, version: 1, size: 5}, {name: a, version: 2, size: 6}, {name: a, version: 3, size: 5}", 0},
		{"{name: a, version: 1, size: 5}, {name: a, version: 2, size: 5}, {name: b, version: 3, size: 6}", 5},
		{"{name: a, version: 1, size: 5}", 5},
		{"{name: a, version: 1, size: 5}, {name: a, size: 6}, {name: a, version: 2, size: 7}", 6},
	}
	for _, test := range tests {
		config := parse(t, "models: ["+test.models+"]")
		if got := config.ModelSize("a", ""); got.Value != test.want || got.Known != (test.want > 0) {
			t.Errorf("%s: %d, %t, want %d", test.models, got.Value, got.Known, test.want)
		}
		if got := config.ModelSize("a", ""); (got.Location.Why == "declared in models of the configuration") != got.Known || got.Location.Node == nil {
			t.Errorf("%s: %q", test.models, got.Location.Why)
		}
		if got := config.ModelSize("a", "9"); got.Known && got.Value != 6 {
			t.Errorf("%s: version 9 has %d bytes", test.models, got.Value)
		}
	}
}

func TestStatedSelectsByScope(t *testing.T) {
	config := parse(t, everything)
	for _, test := range []struct {
		name    string
		subject facts.Subject
		want    int
	}{
		{"path from the configuration's folder", facts.Subject{File: "../legacy/a/b.yaml"}, 1},
		{"path from the working directory", facts.Subject{File: "legacy/b.yaml"}, 0},
		{"absolute path", facts.Subject{File: "/repo/legacy/b.yaml"}, 1},
		{"each list must cover", facts.Subject{File: "x.yaml", Namespace: "ml-prod", Kind: "Deployment", Name: "scorer"}, 1},
		{"namespace elsewhere", facts.Subject{File: "x.yaml", Namespace: "web", Kind: "Deployment", Name: "scorer"}, 0},
		{"production", facts.Subject{File: "../deploy/prod/a.yaml"}, 1},
		{"production twice", facts.Subject{File: "../deploy/prod/PRD-a.yaml"}, 1},
		{"both stages", facts.Subject{File: "../deploy/prod/DEV-a.yaml"}, 2},
		{"outside the folder", facts.Subject{File: "/elsewhere/PRD-a.yaml"}, 1},
		{"standard input", facts.Subject{File: "<stdin>"}, 0},
		{"production by namespace", facts.Subject{File: "x.yaml", Namespace: "prod-eu", Kind: "Deployment"}, 1},
		{"another kind in it", facts.Subject{File: "x.yaml", Namespace: "prod-eu", Kind: "Job"}, 0},
	} {
		if got := len(config.Statements(test.subject)); got != test.want {
			t.Errorf("%s: %d statements, want %d", test.name, got, test.want)
		}
	}
}

func TestParseNamesEachMistakeWithItsLocation(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"unknown key", "editon: 2020-06", `1:1: unknown key "editon": did you mean "edition"?`},
		{"unknown key with nothing near", "xyz: 1", `1:1: unknown key "xyz": use one of edition, kubernetes, devices, images, fail_on, rules, stages, models, facts, sources, ignore, waivers, policies, webhook, baseline, waiving, extends, overrides, nested, locked`},
		{"unknown cluster", "kubernetes:\n  cluster: gke", `2:12: unknown value "gke": use one of aks, other`},
		{"unknown key below", "kubernetes: {clustr: aks}", `1:14: unknown key "clustr": did you mean "cluster"?`},
		{"unknown severity", "rules:\n  memory: warn", `2:11: unknown value "warn": did you mean "warning"?`},
		{"no severity", "rules:\n  memory:", `2:3: memory has no severity: use one of error, warning, note, off`},
		{"false is no word", "rules: {memory: false}", `1:17: unknown value "false": did you mean "off"?`},
		{"unknown fail_on", "fail_on: nver", `1:10: unknown value "nver": did you mean "never"?`},
		{"list for a word", "edition: [2020-06]", `1:10: must be a string, not a list`},
		{"word for a list", "ignore: third_party", `1:9: must be a list such as ["third_party/**"], not "third_party"`},
		{"word for a mapping", "rules: off", `1:8: must be a mapping such as {preview-target: off}, not "off"`},
		{"a list at the top", "- edition", `1:1: must be a mapping with keys such as edition, not a list`},
		{"a key twice", "edition: 2020-06\nfail_on: note\nedition: 2023-03", `3:1: duplicate key edition, first on line 1`},
		{"a second document", "edition: 2020-06\n---\nedition: 2023-03", `3:1: a configuration must be a single document`},
		{"a size that is none", "models: [{name: churn, size: big}]", `1:30: invalid size "big": write 900MB, 1.4GB, 512MiB or a number of bytes`},
		{"a model without size", "models: [{name: churn}]", `1:10: model churn needs a size`},
		{"a model without name", "models: [{size: 1GB}]", `1:10: a model needs a name`},
		{"a model twice", "models:\n- {name: a, size: 1}\n- {name: a, size: 2}", `3:3: duplicate model a, first on line 2`},
		{"unknown stage", "stages: {prod: [a]}", `1:10: unknown key "prod": did you mean "production"?`},
		{"a pattern that is none", "stages: {production: ['a[']}", `1:23: invalid pattern "a[": a bracket or a brace is never closed`},
		{"a path from the root", "stages: {production: [/prod/**]}", `1:23: pattern "/prod/**" matches no file: write "prod/**", which counts from the folder of this file`},
		{"a path out of the folder", "facts: [{paths: [../a/**], set: {gpus: 1}}]", `1:18: pattern "../a/**" leads out of the folder of this file and matches no file: remove it, or state it in a configuration of that folder`},
		{"a waiver out of the folder", "waivers: [{paths: [a.yaml, ..], waive: 'memory reason=\"old\"'}]", `1:28: pattern ".." leads out of the folder of this file and matches no file: remove it, or state it in a configuration of that folder`},
		{"an override from the root", "overrides: [{paths: [/], set: {}}]", `1:22: pattern "/" matches no file: write "**", which counts from the folder of this file`},
		{"a path with a detour", "stages: {production: [{paths: [a/../b]}]}", `1:32: pattern "a/../b" matches no file: write the path in its shortest form`},
		{"the folder itself", "stages: {production: [.]}", `1:23: pattern "." matches no file: write "**" for all files`},
		{"ignored from here", "ignore: [./vendor/]", `1:10: pattern "./vendor/" matches no file: write the path in its shortest form`},
		{"ignored out of the folder", "ignore: [/a, '!../b', '#../c']", `1:14: pattern "!../b" leads out of the folder of this file and matches no file: remove it, or state it in a configuration of that folder`},
		{"facts without scope", "facts: [{set: {workload: training}}]", `1:9: an entry of facts needs paths, namespaces, kinds or names; paths: ["**"] selects everything`},
		{"facts without words", "facts: [{names: [a]}]", `1:9: an entry of facts needs set, such as set: {workload: batch-scoring}`},
		{"an empty scope", "facts: [{names: [], set: {gpus: 1}}]", `1:17: empty list: remove it or add an entry`},
		{"broken YAML", "edition: [", ``},
		{"no text", "edition: \xff\xfe\x00", ``},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Parse([]byte(test.text), Origin{Name: FileName})
			var mistakes Errors
			if !errors.As(err, &mistakes) || len(mistakes) == 0 {
				t.Fatalf("error %v", err)
			}
			if test.want != "" && err.Error() != FileName+":"+test.want {
				t.Errorf("got  %s\nwant %s:%s", err, FileName, test.want)
			}
		})
	}
}

// Paths that name a file in another form than the shortest one are accepted where they can match one.
func TestPathsMatch(t *testing.T) {
	for _, test := range []struct {
		pattern, file string
		want          bool
	}{
		{"./prod/**", "prod/a.yaml", true}, {"prod/", "prod/b/a.yaml", true}, {"./", "a.yaml", true}, {"**", "prod/a.yaml", true},
		{"prod", "prod/a.yaml", false}, {"..data/*", "..data/a.yaml", true}, {".hidden/**", ".hidden/a.yaml", true},
	} {
		config, err := Parse([]byte("stages: {production: ['"+test.pattern+"']}"), Origin{Name: FileName})
		if err != nil {
			t.Fatal(err)
		}
		if got := len(config.Statements(facts.Subject{File: test.file})) > 0; got != test.want {
			t.Errorf("%s matches %s: %t, want %t", test.pattern, test.file, got, test.want)
		}
	}
}

func TestParseNamesWordsOfStatements(t *testing.T) {
	_, err := Parse([]byte("facts:\n- paths: [a]\n  set:\n    wrkload: training\n    stage: prod\n"), Origin{Name: FileName})
	var mistakes Errors
	if !errors.As(err, &mistakes) || len(mistakes) != 2 {
		t.Fatalf("error %v", err)
	}
	for i, want := range []string{
		`.mlpolicy.yaml:4:5: unknown key "wrkload" (did you mean "workload"?)`,
		`.mlpolicy.yaml:5:12: unknown value "prod" of facts[0].set.stage (did you mean "production"?)`,
	} {
		if got := mistakes[i].Error(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestParseReportsAllMistakesInOrder(t *testing.T) {
	_, err := Parse([]byte("models: [{}]\neditoin: x\nfail_on: x\n"), Origin{Name: FileName})
	var mistakes Errors
	if !errors.As(err, &mistakes) || len(mistakes) != 3 {
		t.Fatalf("error %v", err)
	}
	for i, mistake := range mistakes {
		if mistake.Line != i+1 {
			t.Errorf("mistake %d is on line %d", i, mistake.Line)
		}
	}
}

func TestCheckNamesUnknownRulesAndEditions(t *testing.T) {
	config := parse(t, "edition: 2020-6\nrules:\n  memry: off\n  gpu-web: off\n  memory: note\n")
	err := config.Check([]string{"memory", "gpu-web-service", "fpga"}, []string{"2020-06", "2024-01"}, nil, nil)
	want := `.mlpolicy.yaml:1:10: unknown edition "2020-6": did you mean "2020-06"?
.mlpolicy.yaml:3:3: unknown rule "memry": did you mean "memory"?
.mlpolicy.yaml:4:3: unknown rule "gpu-web": did you mean "gpu-web-service"?`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}

	config = Default()
	config.Edition = facts.Know("2020", facts.Location{Why: "--edition"})
	err = config.Check(nil, []string{"2020-06"}, nil, nil)
	if want := `--edition: unknown edition "2020": did you mean "2020-06"?`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if err := Default().Check(nil, []string{DefaultEdition}, nil, nil); err != nil {
		t.Error(err)
	}
}
