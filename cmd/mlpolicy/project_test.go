package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/golden"
	"github.com/mlpolicy/mlpolicy/internal/lint/config"
)

// found is a finding in the JSON output.
type found struct {
	Rule, Deployment, File string
	Related                []struct{ File string }
}

// TestProjects lints projects with findings that depend on several files: the whole project, compared
// with a golden file, and each file, as a pre-commit hook does for changed files. Each file that a
// finding depends on must lead to the finding.
func TestProjects(t *testing.T) {
	const folder = "../../testdata/repositories"
	projects, err := filepath.Glob(folder + "/*/" + config.FileName)
	if err != nil || len(projects) == 0 {
		t.Fatalf("no projects in %s: %v", folder, err)
	}
	for _, project := range projects {
		name := filepath.Base(filepath.Dir(project))
		t.Run(name, func(t *testing.T) {
			project := filepath.Join(repositoryOf(t, filepath.Dir(project)), config.FileName)
			golden.Check(t, filepath.Join(folder, name+".out"), lintIn(t, filepath.Dir(project), "--format", "text"))
			whole := findingsIn(t, filepath.Dir(project))
			if len(whole) == 0 {
				t.Fatal("the project has no findings")
			}
			for _, finding := range whole {
				rests := map[string]bool{finding.File: true}
				for _, related := range finding.Related {
					rests[related.File] = true
				}
				if len(rests) < 2 {
					t.Errorf("%s of %s shows in one file alone: %v", finding.Rule, finding.Deployment, rests)
				}
				for file := range rests {
					alone := findingsIn(t, filepath.Dir(project), file)
					if !slices.ContainsFunc(alone, func(f found) bool {
						return f.Rule == finding.Rule && f.Deployment == finding.Deployment && f.File == file
					}) {
						t.Errorf("%s of %s does not show in %s alone: %v", finding.Rule, finding.Deployment, file, alone)
					}
					folder, base := filepath.Split(filepath.Join(filepath.Dir(project), file))
					if near := findingsIn(t, folder, base); len(near) != len(alone) {
						t.Errorf("%s from its own folder has %d findings, from the root %d", file, len(near), len(alone))
					}
				}
			}
			if unlinked := findingsIn(t, filepath.Dir(project), "--no-link", "."); len(unlinked) > 0 {
				t.Errorf("without links there are findings: %v", unlinked)
			}
		})
	}
}

// repositoryOf copies a folder and makes the copy a Git repository.
func repositoryOf(t *testing.T, folder string) string {
	t.Helper()
	root := t.TempDir()
	if err := os.CopyFS(root, os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(root, ".git"), 0o755); err != nil {
		t.Fatal(err)
	}
	return root
}

func findingsIn(t *testing.T, folder string, args ...string) []found {
	t.Helper()
	var report struct{ Findings []found }
	if err := json.Unmarshal([]byte(lintIn(t, folder, append([]string{"--format", "json"}, args...)...)), &report); err != nil {
		t.Fatal(err)
	}
	return report.Findings
}

// lintIn returns the output of lint in a folder.
func lintIn(t *testing.T, folder string, args ...string) string {
	t.Helper()
	before, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(folder)
	defer t.Chdir(before)
	var stdout, stderr bytes.Buffer
	runLoaded(t.Context(), append([]string{"mlpolicy", "lint"}, args...), strings.NewReader(""), &stdout, &stderr)
	if stderr.Len() > 0 {
		t.Fatal(stderr.String())
	}
	return stdout.String()
}

func TestProjectOfAFile(t *testing.T) {
	root := t.TempDir()
	for _, folder := range []string{"one/.git", "one/deploy/prod", "one/inner", "two/deploy", "loose/below"} {
		if err := os.MkdirAll(filepath.Join(root, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{
		"one/a.yaml", "one/deploy/b.yaml", "one/deploy/prod/c.yaml", "one/deploy/notes.txt", "one/.gitignore", "one/ignored.yaml", "one/inner/.mlpolicy.yaml", "one/inner/g.yaml",
		"two/.mlpolicy.yaml", "two/deploy/d.yaml", "loose/e.yaml", "loose/below/f.yaml",
	} {
		content := ""
		if strings.HasSuffix(file, ".gitignore") {
			content = "ignored.yaml\n"
		}
		if err := os.WriteFile(filepath.Join(root, file), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("a.yaml", filepath.Join(root, "one", "again.yaml")); err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Join(root, "one", "deploy"))
	absolute := filepath.ToSlash(root)
	tests := []struct {
		file, root string
		files      []string
	}{
		{"b.yaml", "..", []string{"../a.yaml", "b.yaml", "prod/c.yaml", "../inner/g.yaml"}},
		{"prod/c.yaml", "..", []string{"../a.yaml", "b.yaml", "prod/c.yaml", "../inner/g.yaml"}},
		{"../a.yaml", "..", []string{"../a.yaml", "b.yaml", "prod/c.yaml", "../inner/g.yaml"}},
		{absolute + "/one/a.yaml", absolute + "/one", []string{absolute + "/one/a.yaml", absolute + "/one/deploy/b.yaml", absolute + "/one/deploy/prod/c.yaml", absolute + "/one/inner/g.yaml"}},
		{"../../two/deploy/d.yaml", "../../two", []string{"../../two/deploy/d.yaml"}},
		{"../../loose/e.yaml", "", []string{"../../loose/e.yaml"}},
		{"../../loose/below/f.yaml", "", []string{"../../loose/below/f.yaml"}},
	}
	var tooLarge []string
	projects := newProjects(&session{projects: &config.Projects{}, resolver: resolver(t)}, func(root string) { tooLarge = append(tooLarge, root) })
	for _, test := range tests {
		project := projects.of(test.file)
		files, ok := project.Files(t.Context())
		if project.Root != test.root || !ok || !slices.Equal(files, test.files) {
			t.Errorf("%s: root %q, files %q, want %q and %q", test.file, project.Root, files, test.root, test.files)
		}
	}
	for name, want := range map[string]bool{"../ignored.yaml": true, "../a.yaml": false} {
		if got := projects.of(name).Ignored(name); got != want {
			t.Errorf("%s: ignored %t", name, got)
		}
	}
	if got := projects.of("b.yaml").Direct("../deploy/prod/c.yaml"); got != "prod/c.yaml" {
		t.Errorf("the direct path is %s", got)
	}
	if projects.of("b.yaml") != projects.of("../a.yaml") || projects.of("b.yaml") == projects.of("../../two/deploy/d.yaml") {
		t.Error("a project is not one pointer")
	}
	projects.most = 2
	if files, ok := projects.of("b.yaml").Files(t.Context()); ok || files != nil || len(tooLarge) != 1 {
		t.Errorf("a project that is too large lists %q; told %q", files, tooLarge)
	}
}
