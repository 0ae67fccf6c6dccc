package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/mlpolicy/mlpolicy/internal/lint/report/hosttest"
)

// ciStep is a step of action.yml or of deploy/ci/azure-pipelines.yml. Keys that the hosts do not have are errors.
type ciStep struct {
	Name, ID, If, Shell, Run, Uses string
	Env, With                      map[string]string

	Task, Bash, Publish, Artifact, Condition string
	DisplayName                              string `yaml:"displayName"`
	Inputs                                   map[string]string
}

// readTemplate decodes each document of a file into one of values.
func readTemplate(t *testing.T, file string, values ...any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../..", file))
	if err != nil {
		t.Fatal(err)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	for _, value := range values {
		if err := decoder.Decode(value); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
}

// stepNamed returns the only step that is named so.
func stepNamed(t *testing.T, steps []ciStep, name string) ciStep {
	t.Helper()
	var found []ciStep
	for _, step := range steps {
		if step.Name == name || step.DisplayName == name {
			found = append(found, step)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d steps %q", len(found), name)
	}
	return found[0]
}

// expand replaces the expressions of a host by their values. Every expression must have one.
func expand(t *testing.T, expressions *regexp.Regexp, text string, values map[string]string) string {
	t.Helper()
	return expressions.ReplaceAllStringFunc(text, func(expression string) string {
		name := strings.TrimSpace(expressions.FindStringSubmatch(expression)[1])
		value, ok := values[name]
		if !ok {
			t.Errorf("the expression %s has no value", expression)
		}
		return value
	})
}

// shell runs a script as the host does.
func shell(t *testing.T, dir, script string, env map[string]string, bash ...string) (code int, log string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), bash[0], append(bash[1:], "-c", script)...)
	command.Dir = dir
	command.Env = os.Environ()
	for name, value := range env {
		command.Env = append(command.Env, name+"="+value)
	}
	output, err := command.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return command.ProcessState.ExitCode(), string(output)
}

// checkShell checks a script with shellcheck.
func checkShell(t *testing.T, script string) {
	t.Helper()
	if _, err := exec.LookPath("shellcheck"); err != nil {
		t.Log("shellcheck is not installed; .ci/run installs it")
		return
	}
	check := exec.CommandContext(t.Context(), "shellcheck", "--shell=bash", "-")
	check.Stdin = strings.NewReader(script)
	if output, err := check.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}

// sampleRepository is a repository with the sample project, a file without deployments and one with a space in its name.
func sampleRepository(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, folder := range []string{".git", "clean"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.CopyFS(filepath.Join(dir, "deploy"), os.DirFS("../../testdata/project")); err != nil {
		t.Fatal(err)
	}
	for file, text := range map[string]string{"clean/a.yaml": "computeType: ACI\n", "clean/a b.yaml": "computeType: ACI\n"} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func contents(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(text)
}

var githubExpression = regexp.MustCompile(`\$\{\{(.*?)\}\}`)

// TestAction runs the steps of action.yml as GitHub Actions does.
func TestAction(t *testing.T) {
	var action struct {
		Name, Description string
		Branding          map[string]string
		Inputs            map[string]struct{ Description, Default string }
		Runs              struct {
			Using string
			Steps []ciStep
		}
	}
	readTemplate(t, "action.yml", &action)
	pinned := regexp.MustCompile(`^[a-z-]+/[a-z/-]+@[0-9a-f]{40}$`)
	uses := 0
	for _, step := range action.Runs.Steps {
		if step.Uses != "" {
			uses++
			if !pinned.MatchString(step.Uses) {
				t.Errorf("%s is not pinned", step.Uses)
			}
		} else if step.Shell != "bash" || strings.Contains(step.Run, "${{") {
			t.Errorf("the step %q must run bash, and take values from its environment", step.Name)
		}
		checkShell(t, step.Run)
	}
	if uses != 2 || action.Runs.Using != "composite" {
		t.Errorf("%s, %d steps use other actions", action.Runs.Using, uses)
	}
	lint := stepNamed(t, action.Runs.Steps, "Lint")
	const permitted = `inputs.sarif == 'true' && ! github.event.pull_request.head.repo.fork && github.actor != 'dependabot[bot]'`
	for _, test := range []struct {
		name     string
		inputs   map[string]string // and the expression of UPLOAD
		code     int
		commands int // annotations
		uploads  bool
	}{
		{"annotations", nil, exitFindings, 5, false},
		{"code scanning", map[string]string{permitted: "true"}, exitFindings, 0, true},
		{"several paths", map[string]string{"paths": "clean/a.yaml\n\nclean/a b.yaml\n"}, 0, 0, false},
		{"a path like a flag", map[string]string{"paths": "--version"}, exitFailure, 1, false},
		{"a value that is no command", map[string]string{"paths": "$(touch evil)\n`touch evil`\n'; touch evil"}, exitFailure, 3, false},
		{"never fail", map[string]string{"fail-on": "never", permitted: "true"}, 0, 0, true},
		{"category", map[string]string{"category": "staging", permitted: "true"}, exitFindings, 0, true},
		{"wrong category", map[string]string{"category": "a b", permitted: "true"}, exitUsage, 0, false},
		{"changes", map[string]string{"changed-since": "gone"}, exitUsage, 0, false},
		{"configuration", map[string]string{"config": "gone.yaml", permitted: "true"}, exitUsage, 0, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir, temp := sampleRepository(t), t.TempDir()
			values := map[string]string{"inputs.command": "mlpolicy", permitted: "false"}
			for name, input := range action.Inputs {
				if name != "command" {
					values["inputs."+name] = input.Default
				}
			}
			for name, value := range test.inputs {
				if name != permitted {
					name = "inputs." + name
				}
				values[name] = value
			}
			env := map[string]string{
				"RUNNER_TEMP": temp, "GITHUB_OUTPUT": filepath.Join(temp, "output"), "GITHUB_STEP_SUMMARY": filepath.Join(temp, "summary"), "AGENT_TEMPDIRECTORY": "",
			}
			for name, value := range lint.Env {
				env[name] = expand(t, githubExpression, value, values)
			}
			code, log := shell(t, dir, lint.Run, env, "bash", "--noprofile", "--norc", "-eo", "pipefail")
			if code != test.code {
				t.Errorf("exit code %d, want %d\n%s", code, test.code, log)
			}
			if found := hosttest.GitHub(log); len(found) != test.commands {
				t.Errorf("%d annotations, want %d\n%s", len(found), test.commands, log)
			}
			sarif := filepath.Join(temp, "mlpolicy.sarif")
			want := ""
			if test.uploads {
				want = "sarif=" + sarif + "\n"
			}
			if got := contents(t, env["GITHUB_OUTPUT"]); got != want || (contents(t, sarif) != "") != test.uploads {
				t.Errorf("outputs are %q, want %q", got, want)
			}
			if summary := contents(t, env["GITHUB_STEP_SUMMARY"]); (code == exitUsage) != (summary == "") {
				t.Errorf("summary %q", summary)
			}
			if category := test.inputs["category"]; test.uploads && category != "" && !strings.Contains(contents(t, sarif), `"id": "mlpolicy/`+category) {
				t.Errorf("the category %s is not in\n%.500s", category, contents(t, sarif))
			}
			if _, err := os.Stat(filepath.Join(dir, "evil")); err == nil {
				t.Error("the shell executed a value")
			}
		})
	}
}

// TestActionBuilds builds mlpolicy as action.yml does.
func TestActionBuilds(t *testing.T) {
	var action struct {
		Name, Description string
		Branding          map[string]string
		Inputs            map[string]any
		Runs              struct {
			Using string
			Steps []ciStep
		}
	}
	readTemplate(t, "action.yml", &action)
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	temp := t.TempDir()
	env := map[string]string{"GITHUB_ACTION_PATH": root, "RUNNER_TEMP": temp}
	bash := []string{"bash", "--noprofile", "--norc", "-eo", "pipefail"}
	if code, log := shell(t, temp, stepNamed(t, action.Runs.Steps, "Build mlpolicy").Run, env, bash...); code != 0 {
		t.Fatalf("exit code %d\n%s", code, log)
	}
	env["INPUT_PATHS"], env["GITHUB_OUTPUT"], env["GITHUB_STEP_SUMMARY"] = "clean", filepath.Join(temp, "output"), filepath.Join(temp, "summary")
	if code, log := shell(t, sampleRepository(t), stepNamed(t, action.Runs.Steps, "Lint").Run, env, bash...); code != 0 || !strings.Contains(log, "no findings") {
		t.Errorf("exit code %d\n%s", code, log)
	}
}

// installed is the version that a template installs.
var installed = regexp.MustCompile(`(?m)(?:^|- |: )go install github\.com/mlpolicy/mlpolicy/cmd/mlpolicy@v(\d+\.\d+\.\d+)$`)

// TestTemplatesInstallTheRelease compares the versions in the templates and in docs/ci.md with the newest release.
func TestTemplatesInstallTheRelease(t *testing.T) {
	newest := release.FindStringSubmatch(contents(t, "../../CHANGELOG.md"))
	if newest == nil {
		t.Fatal("CHANGELOG.md has no release")
	}
	for file, version := range map[string]*regexp.Regexp{
		"deploy/ci/gitlab.yml": installed, "deploy/ci/azure-pipelines.yml": installed, "docs/ci.md": regexp.MustCompile(`(?m)uses: mlpolicy/mlpolicy@v(.*)$`),
	} {
		if found := version.FindStringSubmatch(contents(t, "../../"+file)); found == nil || found[1] != newest[1] {
			t.Errorf("%s has %q, the newest release is %s", file, found, newest[1])
		}
	}
}

// TestGitLabTemplate runs the job of deploy/ci/gitlab.yml.
func TestGitLabTemplate(t *testing.T) {
	var header struct {
		Spec struct {
			Inputs map[string]struct{ Description, Default string }
		}
	}
	var jobs map[string]struct {
		Stage, Image string
		Script       []string
		Artifacts    struct {
			When    string
			Reports map[string]string
		}
	}
	readTemplate(t, "deploy/ci/gitlab.yml", &header, &jobs)
	job, ok := jobs["mlpolicy"]
	if !ok || len(job.Script) != 2 || !installed.MatchString(job.Script[0]) || len(job.Artifacts.Reports) != 2 || job.Artifacts.When != "always" {
		t.Fatalf("%+v", jobs)
	}
	expression := regexp.MustCompile(`\$\[\[ inputs\.(.*?) \]\]`)
	for _, test := range []struct {
		inputs map[string]string
		code   int
	}{
		{nil, exitFindings},
		{map[string]string{"paths": "clean deploy/fraud"}, exitFindings},
		{map[string]string{"paths": "clean", "flags": "--require-deployments"}, 0},
		{map[string]string{"flags": "--fail-on never"}, 0},
		{map[string]string{"paths": "gone"}, exitFailure},
	} {
		dir := sampleRepository(t)
		values := map[string]string{}
		for name, input := range header.Spec.Inputs {
			values[name] = input.Default
		}
		for name, value := range test.inputs {
			values[name] = value
		}
		script := expand(t, expression, job.Script[1], values)
		checkShell(t, script)
		code, log := shell(t, dir, script, nil, "bash", "-eo", "pipefail")
		if code != test.code || len(hosttest.Commands(log)) > 0 {
			t.Errorf("%v: exit code %d, want %d\n%s", test.inputs, code, test.code, log)
		}
		for kind, file := range job.Artifacts.Reports {
			if contents(t, filepath.Join(dir, file)) == "" {
				t.Errorf("%v: no report %s in %s", test.inputs, kind, file)
			}
		}
	}
}

// TestAzureTemplate runs the steps of deploy/ci/azure-pipelines.yml as Azure Pipelines does.
func TestAzureTemplate(t *testing.T) {
	var template struct {
		Parameters []struct{ Name, Type, Default string }
		Steps      []ciStep
	}
	readTemplate(t, "deploy/ci/azure-pipelines.yml", &template)
	if step := stepNamed(t, template.Steps, "Install mlpolicy"); !installed.MatchString(step.Bash) {
		t.Errorf("%+v", step)
	}
	lint, publish := stepNamed(t, template.Steps, "Lint ML deployments"), stepNamed(t, template.Steps, "Publish SARIF")
	if strings.Contains(lint.Bash, "${{") || publish.Artifact != "CodeAnalysisLogs" || publish.Condition != "succeededOrFailed()" {
		t.Errorf("%+v\n%+v", lint, publish)
	}
	checkShell(t, lint.Bash)
	for _, test := range []struct {
		name       string
		parameters map[string]string
		code       int
		issues     int
	}{
		{"issues", nil, exitFindings, 4},
		{"several paths", map[string]string{"paths": "clean/a.yaml\nclean/a b.yaml\n"}, 0, 0},
		{"flags", map[string]string{"flags": "--fail-on never --require-deployments"}, 0, 4},
		{"a value that is no command", map[string]string{"paths": "$(touch evil)", "flags": "--config `touch evil`"}, exitUsage, 0},
		{"a path that is not there", map[string]string{"paths": "gone"}, exitFailure, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir, temp := sampleRepository(t), t.TempDir()
			bin, err := exec.LookPath("mlpolicy")
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Mkdir(filepath.Join(temp, "mlpolicy"), 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(bin, filepath.Join(temp, "mlpolicy", "mlpolicy")); err != nil {
				t.Fatal(err)
			}
			values := map[string]string{}
			for _, parameter := range template.Parameters {
				values["parameters."+parameter.Name] = parameter.Default
			}
			for name, value := range test.parameters {
				values["parameters."+name] = value
			}
			env := map[string]string{"AGENT_TEMPDIRECTORY": temp, "GITHUB_STEP_SUMMARY": ""}
			for name, value := range lint.Env {
				env[name] = strings.ReplaceAll(expand(t, githubExpression, value, values), "$(Agent.TempDirectory)", temp)
			}
			code, log := shell(t, dir, lint.Bash, env, "bash", "--noprofile", "--norc")
			if code != test.code {
				t.Errorf("exit code %d, want %d\n%s", code, test.code, log)
			}
			issues, summaries := 0, 0
			for _, command := range hosttest.Azure(log) {
				switch command.Name {
				case "task.logissue":
					issues++
				case "task.uploadsummary":
					summaries++
				default:
					t.Errorf("command %s", command.Name)
				}
			}
			if issues != test.issues || (summaries == 1) != (code != exitUsage) {
				t.Errorf("%d issues and %d summaries, want %d issues\n%s", issues, summaries, test.issues, log)
			}
			reports := strings.ReplaceAll(publish.Publish, "$(Agent.TempDirectory)", temp)
			if sarif := contents(t, filepath.Join(reports, "mlpolicy.sarif")); (sarif == "") != (code == exitUsage) {
				t.Errorf("SARIF: %.100q", sarif)
			}
			if _, err := os.Stat(filepath.Join(dir, "evil")); err == nil {
				t.Error("the shell executed a value")
			}
		})
	}
}
