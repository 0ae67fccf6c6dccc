package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// names returns the names of the inputs of a walk.
func names(t *testing.T, f *files) []string {
	t.Helper()
	var names []string
	for input := range f.inputs(t.Context()) {
		names = append(names, input.Name)
	}
	return names
}

// TestFoldersAreReadOnce checks that the walk of a project takes the folders that were walked before from memory.
func TestFoldersAreReadOnce(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, ".gitignore", "ignored.yaml\n")
	for _, name := range []string{"a.yaml", "ignored.yaml", "b/c.yaml", "b/ignored.yaml", "README.md"} {
		write(t, name, "")
	}
	listings, resolver := newListings(), resolver(t)
	first := &files{paths: []string{"b"}, resolver: resolver, listings: listings}
	if got, want := names(t, first), []string{"b/c.yaml", "b/ignored.yaml"}; !slices.Equal(got, want) {
		t.Errorf("%s, want %s: the folder is in no repository", got, want)
	}
	if err := os.Mkdir(".git", 0o755); err != nil {
		t.Fatal(err)
	}
	all := &files{paths: []string{"."}, resolver: resolver, listings: listings}
	want := []string{"a.yaml", "b/c.yaml"}
	if got := names(t, all); !slices.Equal(got, want) {
		t.Errorf("%s, want %s", got, want)
	}
	if err := os.RemoveAll("b"); err != nil {
		t.Fatal(err)
	}
	again := &files{paths: []string{"."}, resolver: resolver, listings: listings, listing: true}
	if got := names(t, again); !slices.Equal(got, want) {
		t.Errorf("%s, want %s from memory", got, want)
	}
}

// TestRepositoriesInRepositories checks that a repository has its own ignore files, although the walk of the outer one
// read its folders with more.
func TestRepositoriesInRepositories(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, repository := range []string{".git", "inner/.git"} {
		if err := os.MkdirAll(repository, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, ".gitignore", "a.yaml\n")
	write(t, "inner/.gitignore", "b.yaml\n")
	for _, name := range []string{"a.yaml", "inner/a.yaml", "inner/b.yaml", "inner/c/a.yaml", "inner/c/d.yaml"} {
		write(t, name, "")
	}
	listings, resolver := newListings(), resolver(t)
	for _, walk := range []struct {
		path string
		want []string
	}{
		{".", []string{"inner/c/d.yaml"}},
		{"inner", []string{"inner/a.yaml", "inner/c/a.yaml", "inner/c/d.yaml"}},
		{".", []string{"inner/c/d.yaml"}},
	} {
		if got := names(t, &files{paths: []string{walk.path}, resolver: resolver, listings: listings}); !slices.Equal(got, walk.want) {
			t.Errorf("%s: %s, want %s", walk.path, got, walk.want)
		}
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
