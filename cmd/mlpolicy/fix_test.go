package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint"
)

func TestWriteFixed(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "deploy.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	fixed := lint.FixedFile{Name: "deploy.yaml", Before: []byte("a: 1\r\na: 2 # ##vso[x]\r\n"), After: []byte("a: 2 # ##vso[x]\r\n")}
	for _, test := range []struct {
		name, before, after string
		want                error
	}{
		{"as it was read", string(fixed.Before), string(fixed.After), nil},
		{"changed", "a: 3\n", "a: 3\n", errChanged},
		{"longer", string(fixed.Before) + "b: 1\r\n", string(fixed.Before) + "b: 1\r\n", errChanged},
		{"empty", "", "", errChanged},
	} {
		write(test.before)
		if err := writeFixed(path, fixed); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != test.after {
			t.Errorf("%s: %q %v, want %q", test.name, got, err, test.after)
		}
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o640 {
			t.Errorf("%s: %v %v", test.name, info.Mode(), err)
		}
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) != 1 {
			t.Errorf("%s: %v %v", test.name, entries, err)
		}
	}
	if err := writeFixed(dir, fixed); err == nil {
		t.Error("a folder is replaced")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := writeFixed(path, fixed); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a deleted file is written: %v", err)
	}
}
