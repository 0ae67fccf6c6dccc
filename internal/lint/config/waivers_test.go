package config

import (
	"slices"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
	"github.com/mlpolicy/mlpolicy/internal/lint/waiver"
)

func TestWaiversSelect(t *testing.T) {
	config, err := Parse([]byte(`waivers:
  - {paths: ["deploy/**"], waive: 'memory reason="by path"'}
  - {namespaces: ["*"], waive: 'memory reason="by namespace"'}
  - {kinds: [Pod], names: ["churn-*"], waive: 'memory reason="by kind and name"'}
  - {paths: ["**"], names: [fraud], waive: 'memory reason="by path and name"'}
`), Origin{Name: FileName, Folder: "/project", WorkingDir: "/project"})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		subject facts.Subject
		file    string
		want    []string
	}{
		{facts.Subject{File: "deploy/a.yaml"}, "", []string{"by path"}},
		{facts.Subject{File: "a.yaml"}, "deploy/b.yaml", []string{"by path"}},
		{facts.Subject{File: "a.yaml", Kind: "Pod", Name: "churn-1"}, "", []string{"by kind and name"}},
		{facts.Subject{File: "a.yaml", Kind: "Pod", Name: "churn-1", Namespace: "scoring"}, "", []string{"by namespace", "by kind and name"}},
		{facts.Subject{File: "a.yaml", Kind: "Job", Name: "churn-1"}, "", nil},
		{facts.Subject{File: "a.yaml", Name: "fraud"}, "", []string{"by path and name"}},
	} {
		var got []string
		for _, entry := range config.Waivers() {
			if entry.Selects(test.subject, test.file) {
				got = append(got, entry.Reason)
			}
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%+v in %s: %q, want %q", test.subject, test.file, got, test.want)
		}
	}
	if got := config.Waivers()[0].Name; got != "waivers[0]" {
		t.Errorf("name %s", got)
	}
}

func TestWaiving(t *testing.T) {
	settings := parse(t, "waiving: {require: [until, owner], longest: 180d, reason: 10, in_files: deny, rules: {fpga: never, designer: configuration}}\nlocked: {memory: error, fpga: error}").Waiving()
	if !slices.Equal(settings.Require, []string{"until", "owner"}) || settings.Longest != 180 || settings.Reason != 10 || !settings.DenyInFiles {
		t.Errorf("%+v", settings)
	}
	want := map[string]waiver.Grant{"fpga": waiver.Never, "designer": waiver.Configuration, "memory": waiver.Configuration}
	for rule, grant := range want {
		if settings.Rules[rule] != grant {
			t.Errorf("%s: %q, want %q", rule, settings.Rules[rule], grant)
		}
	}
}

func TestCheckFindsWaiversThatAreNotAccepted(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{`waivers: [{names: [a], waive: 'memory,memry reason="old model"'}]`, `.mlpolicy.yaml:1:39: unknown rule "memry": did you mean "memory"?`},
		{`waivers: [{names: [a], waive: 'waiver reason="old model"'}]`, ".mlpolicy.yaml:1:32: findings of rule waiver cannot be waived"},
		{"waiving: {require: [until]}\n" + `waivers: [{names: [a], waive: 'memory reason="old model"'}]`, ".mlpolicy.yaml:2:32: a waiver needs until here (waiving: require)"},
		{"waiving: {rules: {memory: never}}\n" + `waivers: [{names: [a], waive: 'memory reason="old model"'}]`, ".mlpolicy.yaml:2:32: the configuration does not allow waivers of memory"},
		{"waiving: {rules: {memry: never}}", `.mlpolicy.yaml:1:19: unknown rule "memry": did you mean "memory"?`},
		{"waiving: {rules: {memory: configuration}, in_files: deny}\n" + `waivers: [{names: [a], waive: 'memory reason="old model"'}]`, ""},
	} {
		err := parse(t, test.text).Check([]string{"memory", "fpga"}, []string{DefaultEdition}, nil, nil)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%s: %s, want %s", test.text, got, test.want)
		}
	}
}

// Without its paths an entry would cover more than it says.
func TestForObjectsRejectsWaiversByPaths(t *testing.T) {
	for _, scope := range []string{`paths: ["**"]`, `paths: ["**"], names: [a]`} {
		_, err := parse(t, "waivers: [{"+scope+`, waive: 'memory reason="old model"'}]`).ForObjects()
		const want = ".mlpolicy.yaml:1:11: objects have no path: remove paths from the waiver, or move it to a configuration of files that extends this one"
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", scope, err, want)
		}
	}
	config, err := parse(t, `waivers: [{names: [a], waive: 'memory reason="old model"'}]`).ForObjects()
	if err != nil || len(config.Waivers()) != 1 {
		t.Errorf("%v", err)
	}
}

func TestParseDays(t *testing.T) {
	for text, want := range map[string]int{"1d": 1, "180d": 180, "0d": 0, "-1d": 0, "+1d": 0, "d": 0, "": 0, "180": 0, "1w": 0, "180 d": 0} {
		if got, err := ParseDays(text); got != want && err == nil || (err == nil) != (want > 0) {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
}

func TestWaiversMayCover(t *testing.T) {
	tests := []struct {
		pattern, path string
		want          bool
	}{
		{"ignored/**", "ignored/", true},
		{"ignored/**", "ignored/a/", true},
		{"ignored/**", "other/", false},
		{"ignored/a/*.yaml", "ignored/", true},
		{"ignored/*.yaml", "ignored/a/", false},
		{"ignored/*.yaml", "ignored/a.yaml", true},
		{"ignored/*.yaml", "a.yaml", false},
		{"**", "a/b/", true},
		{"**/churn.yaml", "a/b/", true},
		{"**/churn.yaml", "a/b.yaml", false},
		{"a/**/churn.yaml", "a/b/c/", true},
		{"a/**/churn.yaml", "b/", false},
		{"*/churn.yaml", "a/", true},
		{"*/churn.yaml", "a/b/", false},
		{"{a/b,c}/*.yaml", "a/b/", true},
		{"churn.yaml", "a/", false},
		{"**", "../other/", false},
	}
	for _, test := range tests {
		config, err := Parse([]byte(`waivers: [{paths: ["`+test.pattern+`"], waive: 'memory reason="old model"'}]`), Origin{Name: FileName, Folder: "/project", WorkingDir: "/project"})
		if err != nil {
			t.Fatal(err)
		}
		if got := config.Waivers()[0].MayCover(test.path); got != test.want {
			t.Errorf("%s and %s: %t, want %t", test.pattern, test.path, got, test.want)
		}
	}
}
