//go:build unix

package main

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestFilesThatBecomePipes reads a pipe as a file, as if it had replaced one since the folder was listed.
func TestFilesThatBecomePipes(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "deploy.yaml")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readFile(pipe, nil); err == nil || !strings.HasSuffix(err.Error(), ": "+errNotRegular.Error()) {
		t.Errorf("readFile returned %v", err) // and did not wait for a writer
	}
}
