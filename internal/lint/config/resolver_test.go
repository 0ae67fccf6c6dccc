package config

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
)

// tree writes files into a temporary folder, makes that the working directory and returns its path. A name that ends
// with a slash is a folder.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		path := filepath.Join(root, name)
		folder := filepath.Dir(path)
		if strings.HasSuffix(name, "/") {
			folder = path
		}
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		if folder != path {
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Chdir(root)
	return root
}

func resolver(t *testing.T, options Options) *Resolver {
	t.Helper()
	if options.Projects == nil {
		options.Projects = &Projects{}
	}
	r, err := NewResolver(options)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestProjects(t *testing.T) {
	root := tree(t, map[string]string{
		"git/.git/": "", "git/.mlpolicy.yaml": "", "git/a/.mlpolicy.yaml": "", "git/a/b/": "", "git/sub/.git/": "", "git/sub/c/": "",
		"topmost/.mlpolicy.yaml": "", "topmost/a/.mlpolicy.yaml": "", "topmost/a/b/": "",
		"named/a/.mlpolicy.yaml": "", "named/b/": "", "loose/a/": "",
	})
	projects := &Projects{Named: []string{filepath.Join(root, "named"), filepath.Join(root, "topmost", "a")}}
	for folder, want := range map[string]string{
		"git": "git", "git/a/b": "git", "git/sub/c": "git/sub",
		"topmost/a/b": "topmost", "named": "named", "named/a": "named", "named/b": "named", "loose/a": "",
	} {
		if want != "" {
			want = filepath.Join(root, want)
		}
		for range 2 {
			if got := projects.Root(filepath.Join(root, folder)); got != want {
				t.Errorf("%s is in %q, want %q", folder, got, want)
			}
		}
	}
}

func TestNearestConfigurationWins(t *testing.T) {
	tree(t, map[string]string{
		".git/":     "",
		"base.yaml": "rules: {a: error, b: error, c: error, d: error}\nfail_on: note\nedition: base\n",
		".mlpolicy.yaml": `extends: base.yaml
edition: root
nested: {may: [rules, edition, devices, images, stages, models, facts, fail_on]}
rules: {b: warning, c: warning, d: warning}
devices: {gpu: ["x/*"]}
images: [root/server]
stages: {production: ["**"]}
models: [{name: m, size: 1}, {name: m, version: 1, size: 10}, {name: v, version: 1, size: 5}]
facts: [{paths: ["**"], set: {workload: web-service, gpus: 1}}]
overrides:
- {paths: ["team/**"], set: {rules: {c: note, d: note}, edition: override}}
`,
		"team/.mlpolicy.yaml": `rules: {d: off}
devices: {fpga: ["x/f*"]}
images: [team/server]
stages: {development: ["dev/**"]}
models: [{name: m, size: 2}, {name: v, version: 2, size: 5}]
facts: [{paths: ["dev/**"], set: {gpus: 2}}]
`,
		"off/.mlpolicy.yaml": "images: off\n",
	})
	r := resolver(t, Options{})
	team, root := r.Of("team/dev/a.yaml"), r.Of("a.yaml")
	for rule, want := range map[string]facts.Severity{"a": facts.Error, "b": facts.Warning, "c": facts.Note, "d": facts.Off, "e": ""} {
		if got, _ := team.Severity(rule); got != want {
			t.Errorf("rule %s is %q, want %q", rule, got, want)
		}
	}
	if team.Edition.Value != "override" || root.Edition.Value != "root" || root.FailOn.Value != facts.Note {
		t.Errorf("editions %s and %s, fail_on %s", team.Edition.Value, root.Edition.Value, root.FailOn.Value)
	}
	if got := team.Device("x/f1").Value; got != read.FPGA {
		t.Errorf("x/f1 is %q", got)
	}
	if got := team.Device("x/g1").Value; got != read.GPU {
		t.Errorf("x/g1 is %q", got)
	}
	if got := team.Lists().ModelServers; len(got) != 2 || got[0].Repository != "team/server" || got[1].Repository != "root/server" {
		t.Errorf("model servers %v", got)
	}
	if got := r.Of("off/a.yaml").Lists(); !got.NoModelServers {
		t.Error("images: off does not replace a list")
	}
	for version, want := range map[string]int64{"": 2, "1": 10, "2": 2} {
		if got := team.ModelSize("m", version); got.Value != want {
			t.Errorf("version %q of m has %d bytes, want %d", version, got.Value, want)
		}
	}
	if got := team.ModelSize("v", ""); got.Value != 5 {
		t.Errorf("v has %d bytes", got.Value)
	}
	statements := team.Statements(facts.Subject{File: "team/dev/a.yaml"})
	var stages []facts.Stage
	var gpus []int64
	var workloads []facts.Workload
	for _, statement := range statements {
		if statement.Facts.Stage.Known {
			stages = append(stages, statement.Facts.Stage.Value)
		}
		if statement.Facts.GPUs.Known {
			gpus = append(gpus, statement.Facts.GPUs.Value)
		}
		if statement.Facts.Workload.Known {
			workloads = append(workloads, statement.Facts.Workload.Value)
		}
	}
	if !slices.Equal(stages, []facts.Stage{facts.Development}) || !slices.Equal(gpus, []int64{2}) || !slices.Equal(workloads, []facts.Workload{facts.WebService}) {
		t.Errorf("stages %v, GPUs %v, workloads %v", stages, gpus, workloads)
	}
	if got := root.Statements(facts.Subject{File: "a.yaml"}); len(got) != 2 || got[0].Facts.GPUs.Value != 1 {
		t.Errorf("the nested configuration changed the root's statements: %v", got)
	}
}

// Files of the same folder share a configuration unless an override separates them, and one of a folder without a
// configuration is the one above.
func TestFilesShareConfigurations(t *testing.T) {
	tree(t, map[string]string{
		".git/": "", ".mlpolicy.yaml": "overrides: [{paths: [\"a/x*\"], set: {edition: x}}]\n",
		"a/b/": "", "n/.mlpolicy.yaml": "models: []\n", "empty/.mlpolicy.yaml": "", "null/.mlpolicy.yaml": "---\n",
	})
	prepared := 0
	r := resolver(t, Options{Prepare: func(*Config) error { prepared++; return nil }})
	first := r.Of("b.yaml")
	for _, file := range []string{"c.yaml", "a/c.yaml", "a/b/c.yaml", "./a/../b.yaml", "empty/a.yaml", "null/a.yaml", r.Absolute("a/b/c.yaml")} {
		if r.Of(file) != first && r.Of(file).Edition.Value != first.Edition.Value || len(r.Of(file).Nested()) > 0 {
			t.Errorf("%s has another configuration", file)
		}
	}
	if r.Of("a/x1.yaml") != r.Of("a/x2.yaml") || r.Of("a/x1.yaml") == first || r.Of("a/x1.yaml").Edition.Value != "x" {
		t.Error("the files of an override do not share a configuration of their own")
	}
	if got := r.Of("n/a.yaml").Nested(); !slices.Equal(got, []string{"n/.mlpolicy.yaml"}) {
		t.Errorf("nested %q", got)
	}
	if prepared > 6 {
		t.Errorf("%d configurations were prepared", prepared)
	}
}

// A link to a file or a folder is where the link is, not where its target is.
func TestLinkedFilesAreWhereTheLinkIs(t *testing.T) {
	root := tree(t, map[string]string{
		".git/": "", ".mlpolicy.yaml": "edition: root\n", "a/x.yaml": "", "other/.git/": "", "other/.mlpolicy.yaml": "edition: other\n", "other/b/y.yaml": "",
	})
	for link, target := range map[string]string{"a/y.yaml": "../other/b/y.yaml", "a/b": "../other/b"} {
		if err := os.Symlink(target, filepath.Join(root, link)); err != nil {
			t.Fatal(err)
		}
	}
	r := resolver(t, Options{})
	for file, want := range map[string]string{"a/x.yaml": "root", "a/y.yaml": "root", "a/b/y.yaml": "root", "other/b/y.yaml": "other"} {
		if got := r.Of(file).Edition.Value; got != want {
			t.Errorf("%s: %s, want %s", file, got, want)
		}
	}
	// .. leads up from where the working directory is.
	if err := os.Symlink("other/b", filepath.Join(root, "here")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PWD", filepath.Join(root, "here"))
	t.Chdir(filepath.Join(root, "here"))
	if got := resolver(t, Options{}).Of("../y.yaml").Edition.Value; got != "other" {
		t.Errorf("../y.yaml: %s", got)
	}
}

func TestResolverIsConcurrent(t *testing.T) {
	files := map[string]string{".git/": "", ".mlpolicy.yaml": "overrides: [{paths: [\"**/x*\"], set: {edition: x}}]\n"}
	for i := range 20 {
		files[fmt.Sprintf("%d/.mlpolicy.yaml", i)] = "stages: {development: [\"**\"]}\n"
	}
	tree(t, files)
	r := resolver(t, Options{})
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for i := range 200 {
				if c := r.Of(fmt.Sprintf("%d/x%d.yaml", i%20, i)); c.Edition.Value != "x" || len(c.Nested()) != 1 {
					t.Errorf("%d: %+v", i, c)
				}
			}
		})
	}
	workers.Wait()
}

// Twice the folders with a configuration allocate twice as much, whatever the size of the root configuration.
func TestResolvingIsLinear(t *testing.T) {
	var models strings.Builder
	models.WriteString("models:\n")
	for i := range 500 {
		fmt.Fprintf(&models, "- {name: m%d, size: 1}\n", i)
	}
	const most = 200
	files := map[string]string{".git/": "", ".mlpolicy.yaml": models.String()}
	for i := range most {
		files[fmt.Sprintf("%d/.mlpolicy.yaml", i)] = "stages: {development: [\"**\"]}\n"
	}
	tree(t, files)
	allocated := func(folders int) float64 {
		return testing.AllocsPerRun(1, func() {
			r := resolver(t, Options{})
			for i := range folders {
				for j := range 10 {
					r.Of(fmt.Sprintf("%d/%d.yaml", i, j))
				}
			}
		})
	}
	base := allocated(0)
	half, all := allocated(most/2)-base, allocated(most)-base
	if base == 0 || half < most || all > 2.3*half {
		t.Errorf("%g allocations without, %g more for %d folders, %g for %d", base, half, most/2, all, most)
	}
}

func TestForObjectsRefusesOverrides(t *testing.T) {
	_, err := parse(t, "overrides: [{paths: [\"legacy/**\"], set: {edition: 2020-12}}]").ForObjects()
	if want := ".mlpolicy.yaml:1:22: objects have no path: overrides cannot select them"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	objects, err := parse(t, "nested: {may: [rules]}\nlocked: {memory: note}").ForObjects()
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := objects.Severity("memory"); got != facts.Note {
		t.Errorf("memory is %q", got)
	}
}

// The digest of a single file is that of its text; what it extends changes it.
func TestDigest(t *testing.T) {
	tree(t, map[string]string{".git/": "", "a.yaml": "edition: 2020-06\n", "b.yaml": "extends: a.yaml\n", "c/.git/": "", "c/a.yaml": "edition: 2020-12\n", "c/b.yaml": "extends: a.yaml\n"})
	digests := map[string]string{"none": resolver(t, Options{}).Of("x").Digest()}
	for _, file := range []string{"a.yaml", "b.yaml", "c/a.yaml", "c/b.yaml"} {
		r := resolver(t, Options{File: file})
		digests[file] = r.Of("x").Digest()
		if err := r.Of("x").Err(); err != nil {
			t.Fatal(err)
		}
	}
	if digests["none"] != "" || digests["b.yaml"] == digests["a.yaml"] || digests["b.yaml"] == digests["c/b.yaml"] || !strings.HasPrefix(digests["a.yaml"], "sha256:") {
		t.Error(digests)
	}
	r := resolver(t, Options{File: "b.yaml"})
	r.Of("x")
	if want := []string{r.Absolute("a.yaml"), r.Absolute("b.yaml")}; !slices.Equal(r.Sources(), want) {
		t.Errorf("sources %q, want %q", r.Sources(), want)
	}
}
