package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/baseline"
	"github.com/mlpolicy/mlpolicy/internal/lint/report/hosttest"
)

func TestBaselinePage(t *testing.T) { checkCommands(t, "../../docs/baseline.md", 9) }

// outputOf returns what a command of a page prints; those of mlpolicy may find something.
func outputOf(t *testing.T, command string) string {
	t.Helper()
	if !strings.HasPrefix(command, "mlpolicy ") {
		output, err := exec.Command("sh", "-c", command).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v: %s", command, err, output)
		}
		return string(output)
	}
	var output bytes.Buffer
	if code := runLoaded(t.Context(), strings.Fields(command), strings.NewReader(""), &output, &output); code > exitFindings {
		t.Fatalf("%s: exit code %d: %s", command, code, &output)
	}
	return output.String()
}

// A repository of 500 files with 40 findings has a baseline, and one that is added fails the run from every folder, of
// the file alone and of all.
func TestBaselineOfAnOldRepository(t *testing.T) {
	withoutHost(t)
	dir := t.TempDir()
	t.Chdir(dir)
	write := func(name, spec string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		text := "apiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\nmetadata: {name: churn}\nspec: {target: aci, workload: web-service" + spec + "}\n"
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	name := func(i int) string { return fmt.Sprintf("team-%d/service-%d/deploy.yaml", i%7, i) }
	old := []string{", memory: 64Gi", ", gpus: 1", ", fpgas: 1", ", memory: 48Gi"}
	for i := range 500 {
		spec := ""
		if i < 40 {
			spec = old[i%len(old)]
		}
		write(name(i), spec)
	}
	run := func(args ...string) (int, string, string) {
		var stdout, stderr bytes.Buffer
		code := runLoaded(t.Context(), append([]string{"mlpolicy"}, args...), strings.NewReader(""), &stdout, &stderr)
		return code, stdout.String(), stderr.String()
	}
	check := func(want int, contains string, args ...string) {
		t.Helper()
		if code, stdout, stderr := run(args...); code != want || !strings.Contains(stdout, contains) || stderr != "" {
			t.Fatalf("mlpolicy %v: exit code %d, %s%s", args, code, stdout, stderr)
		}
	}
	if err := os.Mkdir(".git", 0o755); err != nil {
		t.Fatal(err)
	}
	check(exitFindings, "40 errors in 500 deployments", "lint")
	check(exitClean, "40 findings in 40 files", "baseline", "write")
	text, err := os.ReadFile(baseline.FileName)
	if err != nil || bytes.Count(text, []byte("\n")) != 42 {
		t.Fatalf("%v\n%s", err, text)
	}
	check(exitClean, "no findings in 500 deployments (500 files, edition 2020-06); 40 in the baseline", "lint")
	write(name(100), ", memory: 50Gi")
	const found = "error: churn requests 50 GiB of memory on Azure Container Instances, which allows less than 48 GiB [memory]"
	check(exitFindings, found, "lint")
	check(exitFindings, "1 error in 500 deployments", "lint")
	check(exitFindings, found, "lint", "--force-ignore", name(100))
	check(exitClean, "1 in the baseline", "lint", "--force-ignore", name(39))
	t.Chdir(filepath.Dir(name(100)))
	check(exitFindings, found, "lint")
	t.Chdir(dir)
	// In any split of the files, as pre-commit makes them, the same is new, and nothing is not needed any more.
	write(name(0), "")
	failed := 0
	for start := 0; start < 500; start += 50 {
		args := []string{"lint", "--force-ignore"}
		for i := start; i < start+50; i++ {
			args = append(args, name(i))
		}
		code, _, stderr := run(args...)
		if failed += code; stderr != "" {
			t.Fatal(stderr)
		}
	}
	if failed != 1 {
		t.Errorf("%d splits failed", failed)
	}
	if _, _, stderr := run("lint"); stderr != "mlpolicy: .mlpolicy-baseline.json: 1 of 40 entries no longer needed (mlpolicy baseline prune)\n" {
		t.Errorf("stderr %q", stderr)
	}
}

// With --changed-since, the baseline covers what it lists, a changed or deleted one means everything, and nothing is
// called not needed.
func TestChangedSinceWithBaseline(t *testing.T) {
	deployment := func(name, memory string) string {
		return "apiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\nmetadata: {name: " + name + "}\nspec: {target: aci, memory: " + memory + "}\n"
	}
	for name, test := range map[string]struct {
		change    func(r gitRepository)
		args      []string
		want      []string
		unchanged int
	}{
		"nothing":                {func(gitRepository) {}, nil, nil, 0},
		"a listed finding":       {func(r gitRepository) { r.replace("a.yaml", "metadata", "# why\nmetadata") }, nil, nil, 0},
		"a worse one":            {func(r gitRepository) { r.replace("a.yaml", "64Gi", "80Gi") }, nil, []string{"a.yaml memory"}, 0},
		"a fixed one":            {func(r gitRepository) { r.replace("a.yaml", "64Gi", "4Gi") }, nil, nil, 0},
		"a new one":              {func(r gitRepository) { r.write(map[string]string{"c.yaml": deployment("c", "50Gi")}) }, nil, []string{"c.yaml memory"}, 0},
		"without the baseline":   {func(r gitRepository) { r.replace("a.yaml", "64Gi", "80Gi") }, []string{"--no-baseline"}, []string{"a.yaml memory"}, 1},
		"another entry":          {func(r gitRepository) { r.replace(baseline.FileName, `"b", "rule": "memory"`, `"b", "rule": "fpga"`) }, nil, []string{"b.yaml memory"}, 0},
		"the baseline deleted":   {func(r gitRepository) { r.git("rm", "-q", baseline.FileName) }, nil, []string{"a.yaml memory", "b.yaml memory"}, 0},
		"another one configured": {func(r gitRepository) { r.write(map[string]string{".mlpolicy.yaml": "baseline: old.json\n"}) }, nil, []string{"a.yaml memory", "b.yaml memory"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRepository(t, map[string]string{"a.yaml": deployment("a", "64Gi"), "b.yaml": deployment("b", "64Gi")})
			if code, stdout, stderr := r.run("baseline", "write"); code != exitClean {
				t.Fatal(stdout, stderr)
			}
			r.commit()
			r.git("checkout", "-q", "-b", "work")
			test.change(r)
			r.commit()
			args := append([]string{"--changed-since", "main"}, test.args...)
			got, unchanged := r.lint(args...)
			if !slices.Equal(got, test.want) || unchanged != test.unchanged {
				t.Errorf("findings %v and %d unchanged, want %v and %d", got, unchanged, test.want, test.unchanged)
			}
			if _, _, stderr := r.run(append([]string{"lint"}, args...)...); stderr != "" {
				t.Errorf("stderr %q", stderr)
			}
		})
	}
}

// Texts of files that a CI host would execute do not command it from a baseline, and are compared all the same.
func TestBaselineDoesNotCommandCIHosts(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Mkdir(".git", 0o755); err != nil {
		t.Fatal(err)
	}
	for i, text := range hostile {
		name := fmt.Sprintf("%d%s.yaml", i, strings.ReplaceAll(text, "/", "_"))
		quoted := fmt.Sprintf("%q", text)
		document := "apiVersion: mlpolicy.dev/v1\nkind: ModelDeployment\nmetadata: {name: " + quoted + "}\nspec: {target: aci, memory: 64Gi}\n"
		if err := os.WriteFile(name, []byte(document), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if out := runSafely(t, "", "baseline", "write"); out.code != exitClean || !strings.Contains(out.stdout, counted(len(hostile), "finding")) {
		t.Fatalf("%+v", out)
	}
	text, err := os.ReadFile(baseline.FileName)
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range hosttest.Commands(string(text)) {
		t.Errorf("the baseline has %s", command)
	}
	if out := runSafely(t, "", "lint", "--show-baseline"); out.code != exitClean || !strings.Contains(out.stdout, fmt.Sprintf("; %d in the baseline", len(hostile))) {
		t.Errorf("%+v", out)
	}
	broken := bytes.ReplaceAll(text, []byte(`"rule"`), []byte(`"##vso[task.setvariable variable=PATH]"`))
	if err := os.WriteFile(baseline.FileName, broken, 0o644); err != nil {
		t.Fatal(err)
	}
	if out := runSafely(t, "", "lint"); out.code != exitUsage || !strings.Contains(out.stderr, "unknown key") {
		t.Errorf("%+v", out)
	}
}
