package baseline_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/baseline"
)

// repository is a git repository with a baseline.
type repository struct {
	t   *testing.T
	dir string
}

func newRepository(t *testing.T, files ...string) *repository {
	r := &repository{t, t.TempDir()}
	r.git("init", "-q", "-b", "main")
	r.commit(files...)
	return r
}

// git runs git, and reports whether it succeeded.
func (r *repository) git(args ...string) bool {
	r.t.Helper()
	command := exec.Command("git", args...)
	command.Dir = r.dir
	command.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
	output, err := command.CombinedOutput()
	if err != nil && args[0] != "merge" {
		r.t.Fatalf("git %v: %v\n%s", args, err, output)
	}
	return err == nil
}

// commit commits a baseline with an entry for each file; a file that ends with xN has the count N.
func (r *repository) commit(files ...string) {
	r.t.Helper()
	var entries []baseline.Entry
	for _, file := range files {
		entry, name, count := baseline.Entry{Count: 1}, file, 1
		if n, err := fmt.Sscanf(file, "%1sx%d", &name, &count); n == 2 && err == nil {
			file = name
		}
		entry.Key, entry.Value, entry.Count = key(file), number(64), count
		entries = append(entries, entry)
	}
	if err := os.WriteFile(filepath.Join(r.dir, baseline.FileName), baseline.Format(entries), 0o644); err != nil {
		r.t.Fatal(err)
	}
	r.git("add", ".")
	r.git("commit", "-q", "--allow-empty", "-m", "entries: "+strings.Join(files, " "))
}

// merge commits two lists of entries on two branches and merges these. It returns the files of the merged baseline, or
// the error of Parse, and whether git reported a conflict.
func (r *repository) merge(ours, theirs []string) (merged string, conflict bool) {
	r.t.Helper()
	r.git("checkout", "-q", "-B", "theirs", "main")
	r.commit(theirs...)
	r.git("checkout", "-q", "-B", "ours", "main")
	r.commit(ours...)
	conflict = !r.git("merge", "-q", "--no-edit", "theirs")
	text, err := os.ReadFile(filepath.Join(r.dir, baseline.FileName))
	if err != nil {
		r.t.Fatal(err)
	}
	if conflict {
		r.git("merge", "--abort")
	}
	read, err := baseline.Parse(baseline.FileName, text)
	if err != nil {
		return err.Error(), conflict
	}
	var files []string
	for _, entry := range baseline.Merge(read.Entries) {
		if entry.Count > 1 {
			entry.File += fmt.Sprintf("x%d", entry.Count)
		}
		files = append(files, entry.File)
	}
	return strings.Join(files, " "), conflict
}

// Branches merge without a conflict where another entry is between their changes.
func TestBranchesMerge(t *testing.T) {
	for name, test := range map[string]struct{ base, ours, theirs, want string }{
		"added at different positions": {"b d f", "a b d f", "b c d f", "a b c d f"},
		"added first and last":         {"b", "a b", "b c", "a b c"},
		"added last, removed before":   {"a b c", "a b c d", "b c", "b c d"},
		"removed at two positions":     {"a b c", "b c", "a b", "b"},
		"the last one removed":         {"a b c", "a b", "b c", "b"},
		"the same added":               {"a", "a b", "a b", "a b"},
		"counts of two entries":        {"a b c", "ax2 b c", "a b cx3", "ax2 b cx3"},
		"many at different positions":  {"c f i", "a b c f i", "c d e f g h i j", "a b c d e f g h i j"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRepository(t, strings.Fields(test.base)...)
			if got, conflict := r.merge(strings.Fields(test.ours), strings.Fields(test.theirs)); conflict || got != test.want {
				t.Errorf("got %q (conflict: %t), want %q", got, conflict, test.want)
			}
		})
	}
}

// At the same position git reports a conflict, and so does a run. With merge=union it keeps the lines of both.
func TestBranchesThatConflict(t *testing.T) {
	for name, test := range map[string]struct{ base, ours, theirs, union string }{
		"the first ones":             {"", "a", "b", "a b"},
		"added at the same position": {"a d", "a b d", "a c d", "a b c d"},
		"the same and others":        {"a e", "a b c e", "a b d e", "a b c d e"},
		"one removed beside another": {"a b c", "b c", "a c", "a b c"},
		"the same count":             {"a", "ax2", "ax3", "ax5"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRepository(t, strings.Fields(test.base)...)
			got, conflict := r.merge(strings.Fields(test.ours), strings.Fields(test.theirs))
			if !conflict || !strings.Contains(got, "unresolved merge conflict") {
				t.Errorf("got %q (conflict: %t)", got, conflict)
			}
			r.git("checkout", "-q", "main")
			if err := os.WriteFile(filepath.Join(r.dir, ".gitattributes"), []byte(baseline.FileName+" merge=union\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			r.commit(strings.Fields(test.base)...)
			if got, conflict := r.merge(strings.Fields(test.ours), strings.Fields(test.theirs)); conflict || got != test.union {
				t.Errorf("with union %q (conflict: %t), want %q", got, conflict, test.union)
			}
		})
	}
}

// In a list of some length, branches that add a few entries each mostly merge.
func TestBranchesOfALongListMerge(t *testing.T) {
	var base []string
	for i := range 40 {
		base = append(base, fmt.Sprintf("service-%02d/deploy.yaml", i))
	}
	r := newRepository(t, base...)
	ours := append(slices.Clone(base), "service-03/new.yaml", "service-17/new.yaml")
	theirs := append(slices.Clone(base), "service-04/new.yaml", "service-30/new.yaml", "service-99/new.yaml")
	got, conflict := r.merge(ours, theirs)
	if want := len(base) + 5; conflict || len(strings.Fields(got)) != want {
		t.Errorf("%d entries (conflict: %t), want %d", len(strings.Fields(got)), conflict, want)
	}
}
