package golden

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDiff(t *testing.T) {
	if got := Diff([]int{1, 2, 3}, []int{1, 3, 4}); !strings.HasSuffix(got, "\n 1\n-2\n 3\n+4\n") {
		t.Errorf("got\n%s", got)
	}
	if got := Diff([]string{"a"}, []string{"a"}); got != "" {
		t.Errorf("of equal lists\n%s", got)
	}
}

func TestCheck(t *testing.T) {
	file := filepath.Join(t.TempDir(), "folder", "file.txt")
	err := check(file, []byte("one\n"), false)
	if err == nil || !strings.Contains(err.Error(), "does not exist") || !strings.HasSuffix(err.Error(), "\n+one\n") {
		t.Errorf("without the file: %v", err)
	}
	if err := check(file, []byte("one\ntwo\nthree\n"), true); err != nil {
		t.Fatal(err)
	}
	if err := check(file, []byte("one\ntwo\nthree\n"), false); err != nil {
		t.Errorf("with the same text: %v", err)
	}
	err = check(file, []byte("one\n2\nthree\n"), false)
	if err == nil || !strings.Contains(err.Error(), file+" differs") || !strings.HasSuffix(err.Error(), "\n one\n-two\n+2\n three\n") {
		t.Errorf("with another text: %v", err)
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "one\ntwo\nthree\n" {
		t.Errorf("comparing changed the file to %q, %v", text, err)
	}
	// An empty file that does not exist is missing all the same.
	if err := check(file+".none", nil, false); err == nil {
		t.Error("an empty text passes without the file")
	}
	if err := check(filepath.Dir(file), nil, false); err == nil {
		t.Error("a folder passes for a file")
	}
}
