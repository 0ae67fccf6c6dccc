package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestWalkLeavesOutWhatGitIgnores compares a walk with what Git itself lists.
func TestWalkLeavesOutWhatGitIgnores(t *testing.T) {
	root := repositoryOfFiles(t)
	for _, ignores := range []map[string]string{
		{".gitignore": "*.yaml\n!a.yaml\n"},
		{".gitignore": "a\n"},
		{".gitignore": "a/\n"},
		{".gitignore": "/a\n"},
		{".gitignore": "a/**\n!a/b.yaml\n"},
		{".gitignore": "a/*\n!a/b.yaml\n"},
		{".gitignore": "**/b/c.yaml\n"},
		{".gitignore": "a/**/c.yaml\n"},
		{".gitignore": "**\n!b.yaml\n"},
		{".gitignore": "b**.yaml\n"},
		{".gitignore": "[!a].yaml\n"},
		{".gitignore": "[a-b].yaml\n"},
		{".gitignore": "{a,b}.yaml\n\\{a}.yaml\n"},
		{".gitignore": "#a.yaml\n\\#a.yaml\n\\!a.yaml\n"},
		{".gitignore": "a.yaml \nb.yaml\\ \n"},
		{".gitignore": "\ufeffa.yaml\r\nb.yaml\r\n"},
		{".gitignore": "?.yaml\n"},
		{".gitignore": "[.yaml\na.yaml\\\n"},
		{".gitignore": "/\n//\n!\n\n"},
		{".gitignore": "*.yaml\n!a/\n"},
		{".gitignore": "*\n!*/\n!b.yaml\n"},
		{".gitignore": "[[:alpha:]].yaml\n"},
		{".gitignore": strings.Repeat("x", 1<<17) + "\na.yaml\n"},
		{".gitignore": "c\n!c\n", "a/.gitignore": "c\n"},
		{".gitignore": "b.yaml\n", "a/.gitignore": "!b.yaml\n"},
		{".gitignore": "a/c/b.yaml\n", "a/.gitignore": "/c/a.yaml\nb/\n"},
		{".git/info/exclude": "a.yaml\n", ".gitignore": "!/a.yaml\n"},
	} {
		compareWithGit(t, root, ignores)
	}

	random := rand.New(rand.NewPCG(7, 11))
	words := []string{"a", "b", "c", "a.yaml", "b.yaml", "*", "**", "?", "*.yaml", "[ab]", "c*"}
	for range 100 {
		ignores := map[string]string{}
		for _, file := range []string{".gitignore", "a/.gitignore", "a/c/.gitignore"} {
			for range random.IntN(4) {
				var steps []string
				for range 1 + random.IntN(3) {
					steps = append(steps, words[random.IntN(len(words))])
				}
				pick := func(list ...string) string { return list[random.IntN(len(list))] }
				ignores[file] += pick("", "", "!") + pick("", "", "/") + strings.Join(steps, "/") + pick("", "", "/") + "\n"
			}
		}
		compareWithGit(t, root, ignores)
	}
}

// repositoryOfFiles returns a Git work tree with files for patterns to match.
func repositoryOfFiles(t *testing.T) (root string) {
	t.Helper()
	root = t.TempDir()
	if output, err := exec.Command("git", "init", "-q", root).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	for _, folder := range []string{"", "a", "b", "c", "a/b", "a/c", "a/c/b", "b/a/c"} {
		for _, name := range []string{"a.yaml", "b.yaml", "c.yaml", "{a}.yaml", "#a.yaml", "!a.yaml", "ä.yaml"} {
			file := filepath.Join(root, folder, name)
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	return root
}

// compareWithGit writes ignore files into a repository, compares the files of a walk with those that Git lists,
// and removes the ignore files.
func compareWithGit(t *testing.T, root string, ignores map[string]string) {
	t.Helper()
	for name, text := range ignores {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		defer os.Remove(file)
	}

	list := exec.Command("git", "-C", root, "-c", "core.excludesFile=", "-c", "core.quotePath=false", "ls-files", "--others", "--exclude-standard")
	output, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	want := slices.DeleteFunc(strings.Fields(string(output)), func(name string) bool { return filepath.Ext(name) != ".yaml" })
	slices.Sort(want)

	t.Chdir(root)
	files := &files{paths: []string{"."}, resolver: resolver(t)}
	var got []string
	for input := range files.inputs(t.Context()) {
		got = append(got, input.Name)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("%q\nmlpolicy alone: %q\ngit alone:      %q", ignores, without(got, want), without(want, got))
	}
}

func without(list, other []string) string {
	return fmt.Sprint(slices.DeleteFunc(slices.Clone(list), func(name string) bool { return slices.Contains(other, name) }))
}
