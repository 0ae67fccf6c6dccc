package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// gitRepository is a Git repository in the working directory of a test.
type gitRepository struct{ *testing.T }

// newRepository makes a repository with a first commit of files, which is the branch main.
func newRepository(t *testing.T, files map[string]string) gitRepository {
	t.Helper()
	withoutHost(t)
	for name, value := range map[string]string{
		"GIT_CONFIG_GLOBAL": os.DevNull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.com",
		"GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.com",
	} {
		t.Setenv(name, value)
	}
	t.Chdir(t.TempDir())
	r := gitRepository{t}
	r.git("init", "-q", "-b", "main")
	r.write(files)
	r.commit()
	return r
}

func (r gitRepository) git(args ...string) {
	r.Helper()
	if out, err := exec.CommandContext(r.Context(), "git", args...).CombinedOutput(); err != nil {
		r.Fatalf("git %v: %v\n%s", args, err, out)
	}
}

func (r gitRepository) write(files map[string]string) {
	r.Helper()
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			r.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			r.Fatal(err)
		}
	}
}

func (r gitRepository) replace(name, old, new string) {
	r.Helper()
	text, err := os.ReadFile(name)
	if err != nil || !strings.Contains(string(text), old) {
		r.Fatalf("%s does not contain %q (%v)", name, old, err)
	}
	r.write(map[string]string{name: strings.ReplaceAll(string(text), old, new)})
}

func (r gitRepository) commit() {
	r.Helper()
	r.git("add", "-A", "-f")
	r.git("commit", "-q", "--allow-empty", "-m", rand.Text()) // equal commits have one ID
}

// lint returns the findings of a run, as "file rule", and the number of those in unchanged files.
func (r gitRepository) lint(args ...string) (findings []string, unchanged int) {
	r.Helper()
	code, stdout, stderr := r.run(append([]string{"lint", "--format", "json"}, args...)...)
	var report struct {
		Findings []struct{ File, Rule string }
		Summary  struct{ Unchanged, Errors, Warnings, Notes int }
	}
	if err := json.Unmarshal([]byte(stdout), &report); err != nil || code > exitFindings {
		r.Fatalf("exit code %d, %v, %s", code, err, stderr)
	}
	for _, finding := range report.Findings {
		findings = append(findings, finding.File+" "+finding.Rule)
	}
	if sum := report.Summary; sum.Errors+sum.Warnings+sum.Notes != len(findings) || (code == exitFindings) != (sum.Errors > 0) {
		r.Errorf("exit code %d, %d findings, summary %+v", code, len(findings), sum)
	}
	return findings, report.Summary.Unchanged
}

func (r gitRepository) run(args ...string) (code int, stdout, stderr string) {
	r.Helper()
	var out, errs bytes.Buffer
	code = runLoaded(r.Context(), append([]string{"mlpolicy"}, args...), strings.NewReader(modelDeployment("large", "64GiB")), &out, &errs)
	return code, out.String(), errs.String()
}

// modelDeployment is a document with an error on Azure Container Instances if it has much memory.
func modelDeployment(name, memory string) string {
	return "apiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\nmetadata: {name: " + name + "}\nspec: {target: aci, memory: " + memory + "}\n"
}

// noRule is a rule that reports nothing.
const noRule = `# METADATA
# title: No rule
# description: It reports nothing.
# custom: {severity: error, remediation: There is none.}
package mlpolicy.rules["none"]

deny contains {"path": ["deployments", i], "message": "none"} if {
	some i, deployment in input.deployments
	deployment.name == "none"
}
`

// changedFiles are files with findings in each of them, most of which depend on other files.
var changedFiles = map[string]string{
	"memory.yaml":     modelDeployment("large", "64GiB"),
	"sub/memory.yaml": modelDeployment("other", "64GiB"),
	"services/churn.yaml": `apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: churn, namespace: scoring}
spec:
  predictor:
    nodeSelector: {type: virtual-kubelet}
    model: {modelFormat: {name: onnx}, runtime: triton, resources: {limits: {nvidia.com/gpu: 1}}}
`,
	"runtimes/triton.yaml": `apiVersion: serving.kserve.io/v1alpha1
kind: ServingRuntime
metadata: {name: triton, namespace: scoring}
spec:
  supportedModelFormats: [{name: onnx}]
  containers: [{name: kserve-container, image: acme/server, resources: {limits: {cpu: 1, memory: 4Gi}}}]
`,
	"models/churn/MLmodel": "flavors:\n  python_function: {env: conda.yaml}\nmodel_size_bytes: 1200000000\n",
	"models/sized.yaml":    "apiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\nmetadata: {name: sized}\nspec: {target: aci, model: {path: churn}}\n",
	"v1/deploymentconfig.json": `{"computeType": "ACI", "containerResourceRequirements": {"cpu": 2, "memoryInGB": 56}}
`,
	"v1/inferenceconfig.json": `{"entryScript": "score.py", "runtime": "python"}
`,
	"arm/main.json": `{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "parameters": {"memory": {"type": "int", "defaultValue": 64}},
  "resources": [{"type": "Microsoft.ContainerInstance/containerGroups", "name": "churn", "properties": {"containers": [
    {"name": "main", "properties": {"resources": {"requests": {"cpu": 1, "memoryInGB": "[parameters('memory')]"}}}}]}}]
}
`,
	"arm/main.parameters.json": `{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#", "parameters": {"memory": {"value": 65}}}
`,
	"chart/templates/pod.yaml": modelDeployment("charted", "64GiB"),
	"chart/Chart.yaml":         "name: chart\n",
	"ignored/memory.yaml":      modelDeployment("ignored", "64GiB"),
	".gitignore":               "ignored/\n",
	"policy/none.rego":         noRule,
	".mlpolicy.yaml":           "extends: ci/base.yaml\nnested: {may: [edition]}\n",
	"ci/base.yaml":             "fail_on: error\n",
	"nested/.mlpolicy.yaml":    "edition: 2020-12\n",
	"nested/memory.yaml":       modelDeployment("nested", "64GiB"),
	"q\"u\no ü.yaml":           modelDeployment("quoted", "64GiB"),
}

// What is reported is in, or depends on, a changed file.
func TestChangedSince(t *testing.T) {
	r := newRepository(t, changedFiles)
	first := workingDirectory()
	r.git("checkout", "-q", "-b", "feature")
	if _, unchanged := r.lint("--changed-since", "main"); unchanged != 8 {
		t.Fatalf("%d findings in unchanged files before the change, want 8", unchanged)
	}
	churn, runtime := "services/churn.yaml gpu-web-service", changedFiles["runtimes/triton.yaml"]
	for name, test := range map[string]struct {
		change func(gitRepository)
		args   []string
		want   []string // nil for everything
	}{
		"nothing":            {func(gitRepository) {}, nil, []string{}},
		"modified":           {func(r gitRepository) { r.replace("memory.yaml", "64GiB", "65GiB") }, nil, []string{"memory.yaml memory"}},
		"committed":          {func(r gitRepository) { r.replace("memory.yaml", "64GiB", "65GiB"); r.commit() }, nil, []string{"memory.yaml memory"}},
		"staged":             {func(r gitRepository) { r.replace("memory.yaml", "64GiB", "65GiB"); r.git("add", ".") }, nil, []string{"memory.yaml memory"}},
		"quoted":             {func(r gitRepository) { r.replace("q\"u\no ü.yaml", "64GiB", "65GiB") }, nil, []string{"q\"u\no ü.yaml memory"}},
		"untracked":          {func(r gitRepository) { r.write(map[string]string{"new.yaml": modelDeployment("new", "64GiB")}) }, nil, []string{"new.yaml memory"}},
		"renamed":            {func(r gitRepository) { r.git("mv", "memory.yaml", "moved.yaml") }, nil, []string{"moved.yaml memory"}},
		"deleted":            {func(r gitRepository) { r.git("rm", "-q", "memory.yaml") }, nil, []string{}},
		"linked":             {func(r gitRepository) { r.replace("runtimes/triton.yaml", "4Gi", "5Gi") }, nil, []string{churn}},
		"linked, other name": {func(r gitRepository) { r.replace("runtimes/triton.yaml", "triton", "another") }, nil, []string{churn}},
		"linked, deleted":    {func(r gitRepository) { r.git("rm", "-q", "runtimes/triton.yaml") }, nil, []string{churn}},
		"linked, renamed":    {func(r gitRepository) { r.git("mv", "runtimes/triton.yaml", "runtimes/r.yaml") }, nil, []string{churn}},
		"linked, broken":     {func(r gitRepository) { r.write(map[string]string{"runtimes/triton.yaml": runtime + "}"}) }, nil, []string{churn}},
		"linked, again":      {func(r gitRepository) { r.write(map[string]string{"runtimes/again.yaml": runtime}) }, nil, []string{churn}},
		"model":              {func(r gitRepository) { r.replace("models/churn/MLmodel", "12", "13") }, nil, []string{"models/churn/MLmodel model-size"}},
		"file of a model":    {func(r gitRepository) { r.write(map[string]string{"models/churn/data/model.pkl": "x"}) }, nil, []string{"models/churn/MLmodel model-size"}},
		"beside, deleted":    {func(r gitRepository) { r.git("rm", "-q", "v1/inferenceconfig.json") }, nil, []string{"v1/deploymentconfig.json memory"}},
		"parameters":         {func(r gitRepository) { r.replace("arm/main.parameters.json", "65", "66") }, nil, []string{"arm/main.parameters.json memory"}},
		"parameters deleted": {func(r gitRepository) { r.git("rm", "-q", "arm/main.parameters.json") }, nil, []string{"arm/main.json memory"}},
		"chart deleted":      {func(r gitRepository) { r.git("rm", "-q", "chart/Chart.yaml") }, nil, []string{"chart/templates/pod.yaml memory"}},
		"no longer ignored":  {func(r gitRepository) { r.write(map[string]string{".gitignore": "*.log\n"}) }, nil, []string{"ignored/memory.yaml memory"}},
		"still ignored":      {func(r gitRepository) { r.write(map[string]string{".gitignore": "ignored/\n*.log\n"}) }, nil, []string{}},
		"kept by a new one": {
			func(r gitRepository) {
				r.write(map[string]string{".gitignore": "ignored/*\n"})
				r.commit()
				r.git("branch", "-f", "main")
				r.write(map[string]string{"ignored/.gitignore": "!memory.yaml\n"})
			}, nil, []string{"ignored/memory.yaml memory"},
		},
		"configuration":         {func(r gitRepository) { r.replace(".mlpolicy.yaml", "edition", "stages, edition") }, nil, nil},
		"configuration deleted": {func(r gitRepository) { r.git("rm", "-q", ".mlpolicy.yaml") }, nil, nil},
		"extended":              {func(r gitRepository) { r.replace("ci/base.yaml", "error", "warning") }, nil, nil},
		"nested":                {func(r gitRepository) { r.replace("nested/.mlpolicy.yaml", "2020-12", "2021-05") }, nil, []string{"nested/memory.yaml memory"}},
		"nested deleted":        {func(r gitRepository) { r.git("rm", "-q", "nested/.mlpolicy.yaml") }, nil, []string{"nested/memory.yaml memory"}},
		"baseline deleted": {
			func(r gitRepository) {
				if code, _, stderr := r.run("baseline", "write"); code != exitClean {
					r.Fatal(stderr)
				}
				r.commit()
				r.git("branch", "-f", "main")
				r.git("rm", "-q", ".mlpolicy-baseline.json")
			}, nil, nil,
		},
		"baseline with fewer findings": {
			func(r gitRepository) {
				if code, _, stderr := r.run("baseline", "write"); code != exitClean {
					r.Fatal(stderr)
				}
				r.commit()
				r.git("branch", "-f", "main")
				r.write(map[string]string{".mlpolicy-baseline.json": `{"version": 1, "findings": []}`})
			}, nil, nil,
		},
		"policies": {func(r gitRepository) {
			r.write(map[string]string{"policy/two.rego": strings.ReplaceAll(noRule, "none", "two")})
		}, []string{"--policy", "policy"}, nil},
		"policies elsewhere": {func(r gitRepository) { r.write(map[string]string{"other/new.rego": "package n\n"}) }, []string{"--policy", "policy"}, []string{}},
		"--config": {
			func(r gitRepository) { r.write(map[string]string{"own.yaml": "fail_on: error\n"}) },
			[]string{"--config", "own.yaml"}, nil,
		},
		"--config outside the repository": {
			func(r gitRepository) {
				outside := filepath.Join(os.Getenv("OUTSIDE"), "own.yaml")
				r.write(map[string]string{outside: "fail_on: error\n"})
			}, []string{"--config", "$OUTSIDE/own.yaml"}, []string{},
		},
		"hidden from Git": {
			func(r gitRepository) {
				r.git("update-index", "--assume-unchanged", "memory.yaml")
				r.replace("memory.yaml", "64GiB", "65GiB")
			}, nil, []string{"memory.yaml memory"},
		},
		"renames in the settings of Git": {
			func(r gitRepository) {
				for _, setting := range []string{"diff.renames=true", "diff.relative=true", "diff.ignoreSubmodules=all", "diff.noprefix=true", "core.quotePath=true", "status.showUntrackedFiles=no"} {
					name, value, _ := strings.Cut(setting, "=")
					r.git("config", name, value)
				}
				r.git("mv", "runtimes/triton.yaml", "runtimes/ä.yaml")
				r.Chdir("sub")
			}, []string{".."}, []string{"../services/churn.yaml gpu-web-service"},
		},
		"a named file that Git ignores": {
			func(r gitRepository) {
				r.write(map[string]string{"ignored/generated.yaml": modelDeployment("generated", "64GiB")})
			}, []string{"memory.yaml", "ignored/generated.yaml"}, []string{"ignored/generated.yaml memory"},
		},
		"target of a symbolic link": {
			func(r gitRepository) {
				if err := os.Symlink("memory.yaml", "link.yaml"); err != nil {
					r.Fatal(err)
				}
				r.commit()
				r.git("branch", "-f", "main")
				r.replace("memory.yaml", "64GiB", "65GiB")
			}, nil, []string{"link.yaml memory", "memory.yaml memory"},
		},
		"symbolic link": {
			func(r gitRepository) {
				if err := os.Symlink("memory.yaml", "link.yaml"); err != nil {
					r.Fatal(err)
				}
			}, nil, []string{"link.yaml memory"},
		},
		"standard input":               {func(gitRepository) {}, []string{"-"}, []string{"<stdin> memory"}},
		"standard input of a name":     {func(gitRepository) {}, []string{"--stdin-name", "memory.yaml", "-"}, []string{"memory.yaml memory"}},
		"absolute path":                {func(r gitRepository) { r.git("rm", "-q", "runtimes/triton.yaml") }, []string{"$PWD"}, []string{"$PWD/" + churn}},
		"the other files are not read": {func(r gitRepository) { r.replace("runtimes/triton.yaml", "4Gi", "5Gi") }, []string{"services"}, []string{churn}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("OUTSIDE", t.TempDir())
			r := gitRepository{t}
			root := t.TempDir()
			if err := os.CopyFS(root, os.DirFS(first)); err != nil {
				t.Fatal(err)
			}
			t.Chdir(root)
			expand := func(list []string) []string {
				var expanded []string
				for _, text := range list {
					expanded = append(expanded, os.Expand(text, func(name string) string {
						if name == "PWD" {
							return root
						}
						return os.Getenv(name)
					}))
				}
				return expanded
			}
			test.change(r)
			args := expand(test.args)
			all, _ := r.lint(args...)
			got, unchanged := r.lint(append([]string{"--changed-since", "main"}, args...)...)
			want := expand(test.want)
			if test.want == nil {
				want = all
			}
			if !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
			if len(got)+unchanged != len(all) || len(all) == 0 {
				t.Errorf("%d findings in changed files and %d in others, want %d in all", len(got), unchanged, len(all))
			}
		})
	}
}

// A rule that compares deployments depends on all of them.
func TestChangedSinceWithRuleAboutSeveral(t *testing.T) {
	rule := `# METADATA
# title: Two deployments of one name
# description: Names are unique in the project.
# custom:
#   severity: error
#   remediation: Rename one.
#   scope: project
package mlpolicy.rules["one-name"]

deny contains {"path": ["deployments", i, "name"], "message": "not alone"} if {
	some i, deployment in input.deployments
	count([1 | some other in input.deployments; other.name == deployment.name]) > 1
}
`
	r := newRepository(t, map[string]string{"policy/one_name.rego": rule, "a.yaml": modelDeployment("a", "1GiB"), "b.yaml": modelDeployment("b", "1GiB"), "c.yaml": modelDeployment("b", "1GiB")})
	if got, unchanged := r.lint("--policy", "policy", "--changed-since", "main"); len(got) > 0 || unchanged != 2 {
		t.Errorf("without a change: %q, %d in unchanged files", got, unchanged)
	}
	r.write(map[string]string{"d.yaml": modelDeployment("a", "1GiB")})
	want := []string{"a.yaml one-name", "b.yaml one-name", "c.yaml one-name", "d.yaml one-name"}
	if got, _ := r.lint("--policy", "policy", "--changed-since", "main"); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A document that cannot be parsed may have completed each deployment that changed.
func TestChangedSinceWithBrokenFile(t *testing.T) {
	r := newRepository(t, map[string]string{
		"a.yaml":      modelDeployment("a", "64GiB"),
		"b.yaml":      modelDeployment("b", "1GiB"),
		"compute.yml": "$schema: https://azuremlschemas.azureedge.net/latest/amlCompute.schema.json\nname: nightly\ntype: amlcompute\nsize: {\n",
	})
	r.commit()
	if got, unchanged := r.lint("--changed-since", "HEAD"); len(got) > 0 || unchanged != 2 {
		t.Errorf("without a change: %q, %d in unchanged files", got, unchanged)
	}
	r.replace("b.yaml", "1GiB", "2GiB")
	want := []string{"compute.yml syntax"}
	if got, unchanged := r.lint("--changed-since", "HEAD"); !slices.Equal(got, want) || unchanged != 1 {
		t.Errorf("got %q, want %q, %d in unchanged files", got, want, unchanged)
	}
}

// Files in a submodule change with it.
func TestChangedSinceWithSubmodule(t *testing.T) {
	r := newRepository(t, map[string]string{"memory.yaml": modelDeployment("a", "64GiB")})
	r.git("clone", "-q", ".", "../submodule-origin")
	r.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "../submodule-origin", "sub")
	r.commit()
	if got, unchanged := r.lint("--changed-since", "HEAD"); len(got) > 0 || unchanged != 2 {
		t.Errorf("without a change: %q, %d in unchanged files", got, unchanged)
	}
	r.write(map[string]string{"sub/new.yaml": modelDeployment("b", "64GiB")})
	want := []string{"sub/memory.yaml memory", "sub/new.yaml memory"}
	if got, unchanged := r.lint("--changed-since", "HEAD"); !slices.Equal(got, want) || unchanged != 1 {
		t.Errorf("got %q, want %q; %d in unchanged files", got, want, unchanged)
	}
}

// Git calls hooks with variables, also in a linked work tree.
func TestChangedSinceInHooks(t *testing.T) {
	r := newRepository(t, changedFiles)
	want := []string{"memory.yaml memory"}
	hook := func(t *testing.T, file string) {
		t.Helper()
		command := "#!/bin/sh\nenv | grep -e ^GIT_DIR= -e ^GIT_INDEX_FILE= -e ^GIT_WORK_TREE= >hook.env\nexit 1\n"
		r.write(map[string]string{file: command})
		if err := os.Chmod(file, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := exec.CommandContext(t.Context(), "git", "commit", "-m", "x").Run(); err == nil {
			t.Fatal("the hook did not run")
		}
		data, err := os.ReadFile("hook.env")
		if err != nil || !bytes.Contains(data, []byte("GIT_INDEX_FILE=")) {
			t.Fatalf("variables of the hook: %q, %v", data, err)
		}
		for line := range strings.Lines(string(data)) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			t.Setenv(name, value)
		}
	}
	r.replace("memory.yaml", "64GiB", "65GiB")
	r.git("add", ".")
	r.git("worktree", "add", "-q", "../tree")
	t.Run("work tree", func(t *testing.T) {
		hook(t, ".git/hooks/pre-commit")
		if got, _ := r.lint("--changed-since", "main"); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
	t.Run("linked work tree", func(t *testing.T) {
		hooks, err := filepath.Abs(".git/hooks/pre-commit")
		if err != nil {
			t.Fatal(err)
		}
		t.Chdir("../tree")
		r.replace("memory.yaml", "64GiB", "65GiB")
		r.git("add", ".")
		hook(t, hooks)
		if got, _ := r.lint("--changed-since", "main"); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// What cannot be compared is an error with a remedy, never everything or nothing.
func TestChangedSinceMistakes(t *testing.T) {
	const flag = "mlpolicy: --changed-since: "
	for name, test := range map[string]struct {
		prepare func(gitRepository)
		args    []string
		want    string
	}{
		"unknown": {func(gitRepository) {}, []string{"origin/develop"}, flag + "unknown commit \"origin/develop\"\nFetch it: git fetch origin develop\n"},
		"branch of the remote": {
			func(r gitRepository) { r.git("update-ref", "refs/remotes/origin/develop", "main") },
			[]string{"develop"}, flag + "unknown commit \"develop\"\nDid you mean: --changed-since origin/develop\n",
		},
		"not a commit": {func(gitRepository) {}, []string{"main:memory.yaml"}, flag + "unknown commit \"main:memory.yaml\"\n"},
		"range":        {func(gitRepository) {}, []string{"main..HEAD"}, flag + "unknown commit \"main..HEAD\"\n"},
		"flag of Git":  {func(gitRepository) {}, []string{"--changed-since=--output=x"}, flag + "unknown commit \"--output=x\"\n"},
		"unborn": {
			func(r gitRepository) { r.git("checkout", "-q", "--orphan", "new") },
			[]string{"main"}, flag + "the repository has no commit yet\n",
		},
		"no common ancestor": {
			func(r gitRepository) { r.git("checkout", "-q", "--orphan", "new"); r.commit() },
			[]string{"main"}, flag + "main and HEAD have no common ancestor\n",
		},
		"shallow, unknown": {
			func(r gitRepository) { r.shallow() },
			[]string{"main~1"}, flag + "unknown commit \"main~1\" in this shallow clone\n" + fetchHistory + "\n",
		},
		"shallow, no common ancestor": {
			func(r gitRepository) {
				r.git("checkout", "-q", "-b", "feature")
				r.commit()
				r.git("checkout", "-q", "main")
				r.commit()
				r.shallow()
			},
			[]string{"origin/feature"}, flag + "origin/feature and HEAD have no common ancestor in this shallow clone\n" + fetchHistory + "\n",
		},
		"--fix":   {func(gitRepository) {}, []string{"main", "--fix"}, "mlpolicy: --fix is for all files: it cannot be used with --changed-since\n"},
		"--diff":  {func(gitRepository) {}, []string{"main", "--diff"}, "mlpolicy: --diff is for all files: it cannot be used with --changed-since\n"},
		"outside": {func(gitRepository) {}, []string{"main", ".", ".."}, flag + ".. is outside the repository "},
		"not a repository": {
			func(r gitRepository) { r.Chdir(r.TempDir()) },
			[]string{"main"}, flag + "the working directory is not in a Git repository\n",
		},
		"another user": {
			func(r gitRepository) { r.Setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1") },
			[]string{"main"}, flag + "Git does not read this repository, because it belongs to another user\nTrust it: git config --global --add safe.directory /",
		},
		"in .git": {func(r gitRepository) { r.Chdir(".git") }, []string{"main"}, flag + "git: this operation must be run in a work tree\n"},
		"without Git": {
			func(r gitRepository) { r.Setenv("PATH", "") },
			[]string{"main"}, "mlpolicy: --changed-since needs git, which is not on the PATH\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRepository(t, changedFiles)
			r.commit()
			test.prepare(r)
			args := append([]string{"lint", "--changed-since"}, test.args...)
			if strings.HasPrefix(test.args[0], "--") {
				args = append([]string{"lint"}, test.args...)
			}
			code, stdout, stderr := r.run(args...)
			if code != exitUsage || stdout != "" || !strings.HasPrefix(stderr, test.want) || !strings.Contains(test.want, "Fetch") && strings.Contains(stderr, "Fetch it") {
				t.Errorf("exit code %d, stdout %q, stderr %q, want %q", code, stdout, stderr, test.want)
			}
			if _, err := os.Stat("x"); err == nil {
				t.Error("an option of git diff had an effect")
			}
		})
	}
}

// shallow replaces the repository by a clone with one commit of each branch.
func (r gitRepository) shallow() {
	r.Helper()
	origin := workingDirectory()
	clone := filepath.Join(r.TempDir(), "clone")
	r.git("clone", "-q", "--depth", "1", "--no-single-branch", "file://"+filepath.ToSlash(origin), clone)
	r.Chdir(clone)
}

// What could not be evaluated is said whether or not it changed, and waivers are never unused.
func TestChangedSinceKeepsErrors(t *testing.T) {
	r := newRepository(t, map[string]string{
		"memory.yaml":           "# mlpolicy:ignore fpga reason=\"x is y\"\n" + modelDeployment("a", "64GiB"),
		"nested/.mlpolicy.yaml": "edition: [\n",
		"nested/memory.yaml":    modelDeployment("b", "64GiB"),
	})
	code, stdout, stderr := r.run("lint", "--changed-since", "main")
	want := "1 could not be evaluated; no findings in changed files, 2 in unchanged files in the others (2 files, edition 2020-06)\n"
	if code != exitFailure || stdout != want || !strings.Contains(stderr, "nested/.mlpolicy.yaml: invalid configuration; 1 file was not evaluated\n") {
		t.Errorf("exit code %d, stdout %q, want %q, stderr %q", code, stdout, want, stderr)
	}
}

// A deployment whose findings are left out does not pass in reports of tests.
func TestChangedSinceInJUnit(t *testing.T) {
	r := newRepository(t, map[string]string{"memory.yaml": modelDeployment("a", "64GiB"), "good.yaml": modelDeployment("b", "1GiB")})
	code, stdout, stderr := r.run("lint", "--format", "junit", "--changed-since", "main")
	skipped := `<skipped message="findings in unchanged files"></skipped>`
	if code != exitClean || strings.Count(stdout, skipped) != 1 || !strings.Contains(stdout, `<testcase name="b" classname="good.yaml"></testcase>`) {
		t.Errorf("exit code %d, %s%s", code, stdout, stderr)
	}
}

// A module depends on what it includes, on the values of its variables and on what included it before.
func TestChangedSinceModules(t *testing.T) {
	group := func(name, memory string) string {
		return "resource \"azurerm_container_group\" \"" + name + "\" {\n  name = \"" + name + "\"\n  container {\n    cpu    = 1\n    memory = " + memory + "\n  }\n}\n"
	}
	bicep := func(name, condition, memory string) string {
		return "resource " + name + " 'Microsoft.ContainerInstance/containerGroups@2023-05-01' = if (" + condition + ") {\n  name: '" + name + "'\n  properties: {\n    osType: 'Linux'\n" +
			"    containers: [ { name: 'c', properties: { image: 'a/b:1', resources: { requests: { cpu: 1, memoryInGB: " + memory + " } } } } ]\n  }\n}\n"
	}
	remove := func(name string) func(r gitRepository) {
		return func(r gitRepository) { r.git("rm", "-q", name) }
	}
	for name, test := range map[string]struct {
		change func(r gitRepository)
		want   []string
	}{
		"nothing":                        {func(gitRepository) {}, nil},
		"a file of the folder beside it": {func(r gitRepository) { r.write(map[string]string{"tf/outputs.tf": "output \"x\" { value = 1 }\n"}) }, nil},
		"the caller is gone":             {remove("tf/main.tf"), []string{"tf/outer/main.tf memory"}},
		"the call is gone":               {func(r gitRepository) { r.replace("tf/main.tf", "./outer", "./none") }, []string{"tf/outer/main.tf memory"}},
		"a call with another value":      {func(r gitRepository) { r.replace("tf/main.tf", "4", "65") }, []string{"tf/main.tf memory"}},
		"another caller of the module": {func(r gitRepository) {
			r.write(map[string]string{"tf2/main.tf": "module \"m\" {\n  source = \"../tf/outer\"\n  memory = 66\n}\n"})
		}, []string{"tf2/main.tf memory"}},
		"the values of variables are gone": {remove("vars/terraform.tfvars"), []string{"vars/main.tf memory"}},
		"an override is gone":              {remove("override/main_override.tf"), []string{"override/main.tf memory"}},
		"the module becomes a root module": {func(r gitRepository) {
			r.write(map[string]string{"tf/outer/inner/backend.tf": "terraform {\n  backend \"local\" {}\n}\n"})
		}, []string{"tf/outer/inner/main.tf memory"}},
		"all callers are gone":                {func(r gitRepository) { r.git("rm", "-q", "tf/main.tf", "tf/outer/main.tf") }, []string{"tf/outer/inner/main.tf memory"}},
		"the caller is gone, Bicep":           {remove("bicep/main.bicep"), []string{"bicep/group.bicep memory"}},
		"an imported value":                   {func(r gitRepository) { r.replace("bicep/values.bicep", "false", "true") }, []string{"bicep/group.bicep memory"}},
		"the values of parameters are gone":   {remove("bicep/other.bicepparam"), []string{"bicep/other.bicep memory"}},
		"a file that nothing includes, Bicep": {func(r gitRepository) { r.write(map[string]string{"bicep/types.bicep": "type t = string\n"}) }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRepository(t, map[string]string{
				"tf/main.tf":                "module \"m\" {\n  source = \"./outer\"\n  memory = 4\n}\n",
				"tf/outer/main.tf":          "variable \"memory\" { default = 64 }\nmodule \"m\" {\n  source = \"./inner\"\n  memory = var.memory\n}\n",
				"tf/outer/inner/main.tf":    "variable \"memory\" { default = 64 }\n" + group("inner", "var.memory"),
				"vars/main.tf":              "variable \"memory\" { default = 64 }\n" + group("vars", "var.memory"),
				"vars/terraform.tfvars":     "memory = 4\n",
				"override/main.tf":          group("override", "64"),
				"override/main_override.tf": group("override", "4"),
				"bad/main.tf":               group("bad", "64"),
				"bicep/main.bicep":          "module m 'group.bicep' = {\n  name: 'm'\n  params: { memory: 4 }\n}\n",
				"bicep/group.bicep":         "import { extra } from 'values.bicep'\nparam memory int = 64\n" + bicep("a", "true", "memory") + bicep("b", "extra", "80"),
				"bicep/values.bicep":        "@export()\nvar extra = false\n",
				"bicep/other.bicep":         "param memory int = 64\n" + bicep("c", "true", "memory"),
				"bicep/other.bicepparam":    "using './other.bicep'\nparam memory = 4\n",
				"bad/main.bicep":            bicep("d", "true", "64"),
			})
			before, _ := r.lint()
			if len(before) != 2 {
				t.Fatalf("before the change: %q", before)
			}
			test.change(r)
			got, unchanged := r.lint("--changed-since", "main")
			slices.Sort(got)
			if test.want == nil && len(got) > 0 || test.want != nil && !slices.Contains(got, test.want[0]) {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if unchanged < len(before) {
				t.Errorf("%d findings in unchanged files, want those before the change", unchanged)
			}
		})
	}
}
