// Package golden compares what tests get with golden files, and shows differences. It is for tests alone, and registers
// their one flag, -update.
package golden

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/diff"
)

var update = flag.Bool("update", false, "write golden files instead of comparing with them")

// Update reports whether golden files are to be written.
func Update() bool { return *update }

// Check fails the test with a unified diff unless the file contains got. With -update it writes the
// file instead, and the folders that it is in.
func Check[Text ~string | ~[]byte](t testing.TB, file string, got Text) {
	t.Helper()
	if err := check(file, []byte(got), *update); err != nil {
		t.Error(err)
	}
}

// Diff returns a unified diff of two lists with an item on each line. It is empty if the lines are the same.
func Diff[Item any](want, got []Item) string {
	lines := func(list []Item) []byte {
		var text []byte
		for _, item := range list {
			text = fmt.Appendf(text, "%v\n", item)
		}
		return text
	}
	return string(diff.Diff("want", lines(want), "got", lines(got)))
}

func check(file string, got []byte, update bool) error {
	if update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		return os.WriteFile(file, got, 0o644)
	}
	want, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if changes := diff.Diff(file, want, "got", got); changes != nil || err != nil {
		return &stale{file, err, changes}
	}
	return nil
}

// stale is the error about a golden file that does not exist or has another content.
type stale struct {
	file    string
	missing error // nil if the file exists
	changes []byte
}

func (s *stale) Error() string {
	what := " differs"
	if s.missing != nil {
		what = " does not exist"
	}
	return s.file + what + "; -update (make generate) writes it\n" + string(s.changes)
}
