package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/config"
)

// linked returns a project with symbolic links. A folder next to it has a secret.
func linked(t *testing.T) (project string) {
	t.Helper()
	dir := t.TempDir()
	project = filepath.Join(dir, "project")
	for file, text := range map[string]string{
		"project/.mlpolicy.yaml": "", "project/models/a.bin": "inside", "outside/a.bin": "secret",
	} {
		file = filepath.Join(dir, file)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for link, target := range map[string]string{
		"relative": "models/a.bin", "absolute": filepath.Join(project, "models", "a.bin"), "up-and-down": "../project/models/a.bin", "folder": filepath.Join(project, "models"),
		"out": "../outside/a.bin", "absolute-out": filepath.Join(dir, "outside", "a.bin"), "folder-out": "../outside", "loop": "loop", "nowhere": "gone",
	} {
		if err := os.Symlink(target, filepath.Join(project, link)); err != nil {
			t.Fatal(err)
		}
	}
	return project
}

func TestTreeStaysInTheProject(t *testing.T) {
	project := linked(t)
	t.Chdir(project)
	for _, test := range []struct{ name, want string }{
		{"models/a.bin", "inside"}, {"./models/../models/a.bin", "inside"}, {"relative", "inside"}, {"absolute", "inside"},
		{"up-and-down", "inside"}, {"folder/a.bin", "inside"},
		{"out", ""}, {"absolute-out", ""}, {"folder-out/a.bin", ""}, {"folder-out", ""}, {"loop", ""}, {"nowhere", ""},
	} {
		for _, name := range []string{test.name, filepath.Join(project, test.name), "../project/" + test.name} {
			data, err := fs.ReadFile(newTree(), filepath.ToSlash(name))
			if string(data) != test.want || (err == nil) != (test.want != "") {
				t.Errorf("%s: got %q, %v, want %q", name, data, err, test.want)
			}
		}
	}
	if entries, err := fs.ReadDir(newTree(), "models"); err != nil || len(entries) != 1 || entries[0].Name() != "a.bin" {
		t.Errorf("models has %v, %v", entries, err)
	}
	if entries, err := fs.ReadDir(newTree(), "folder-out"); !errors.Is(err, errOutside) {
		t.Errorf("folder-out has %v, %v", entries, err)
	}
}

// A path without a project is not confined.
func TestTreeWithoutAProject(t *testing.T) {
	project := linked(t)
	if err := os.Remove(filepath.Join(project, ".mlpolicy.yaml")); err != nil {
		t.Fatal(err)
	}
	if root, marked := rootOf(&config.Projects{}, project); marked {
		t.Fatalf("the folder of temporary files is in the project %s: set TMPDIR", root)
	}
	t.Chdir(project)
	if data, err := fs.ReadFile(newTree(), "out"); string(data) != "secret" {
		t.Errorf("got %q, %v", data, err)
	}
}

// While files of a folder are read, a link out of the project repeatedly replaces the folder.
func TestTreeStaysInTheProjectWhileItChanges(t *testing.T) {
	t.Chdir(linked(t))
	done, stopped := make(chan struct{}), make(chan error)
	go func() {
		for {
			err := errors.Join(
				os.Rename("models", "kept"), os.Symlink("../outside", "models"),
				os.Remove("models"), os.Rename("kept", "models"))
			select {
			case <-done:
				stopped <- err
				return
			default:
			}
		}
	}()
	files, read := newTree(), 0
	// On one processor, thousands of reads may come while the other goroutine waits with the link in place.
	for i := 0; i < 3000 || read == 0 && i < 10_000_000; i++ {
		if read == 0 {
			runtime.Gosched()
		}
		data, err := fs.ReadFile(files, "models/a.bin")
		if err == nil && string(data) != "inside" {
			t.Errorf("got %q", data)
			break
		}
		if err == nil {
			read++
		}
	}
	close(done)
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
	if read == 0 {
		t.Error("no read succeeded")
	}
}
