package baseline_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mlpolicy/mlpolicy/internal/lint/baseline"
)

// git runs git in a folder, without the configuration of the user, and returns its output and exit code.
func git(t *testing.T, dir string, args ...string) (output string, code int) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "git", args...)
	command.Dir = dir
	command.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
	text, err := command.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(text), command.ProcessState.ExitCode()
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// listing is a baseline with an entry for each file in a text; axN is the file a with the count N.
func listing(files string) string {
	var entries []baseline.Entry
	for _, file := range strings.Fields(files) {
		name, times, _ := strings.Cut(file, "x")
		entry := baseline.Entry{Key: key(name), Value: number(64), Count: 1}
		if times != "" {
			fmt.Sscan(times, &entry.Count)
		}
		entries = append(entries, entry)
	}
	return string(baseline.Format(entries))
}

// listed are the files of a baseline as in listing, or the error of Parse.
func listed(text string) string {
	read, err := baseline.Parse(baseline.FileName, []byte(text))
	if err != nil {
		return err.Error()
	}
	var files []string
	for _, entry := range baseline.Merge(read.Entries) {
		if entry.Count > 1 {
			entry.File += fmt.Sprintf("x%d", entry.Count)
		}
		files = append(files, entry.File)
	}
	return strings.Join(files, " ")
}

// merged merges two versions of a baseline as git does with those of two branches.
func merged(t *testing.T, base, ours, theirs string, flags ...string) (result string, conflict bool) {
	t.Helper()
	dir := t.TempDir()
	for name, files := range map[string]string{"base": base, "ours": ours, "theirs": theirs} {
		write(t, dir, name, listing(files))
	}
	text, code := git(t, dir, append(append([]string{"merge-file", "-p"}, flags...), "ours", "base", "theirs")...)
	return listed(text), code != 0
}

// Branches merge without a conflict where another entry is between their changes.
func TestBranchesMerge(t *testing.T) {
	for name, test := range map[string]struct{ base, ours, theirs, want string }{
		"added at different positions": {"b d f", "a b d f", "b c d f", "a b c d f"},
		"added first and last":         {"b", "a b", "b c", "a b c"},
		"added last, removed before":   {"a b c", "a b c d", "b c", "b c d"},
		"removed at two positions":     {"a b c", "b c", "a b", "b"},
		"the same added":               {"a", "a b", "a b", "a b"},
		"counts of two entries":        {"a b c", "ax2 b c", "a b cx3", "ax2 b cx3"},
		"many at different positions":  {"c f i", "a b c f i", "c d e f g h i j", "a b c d e f g h i j"},
	} {
		t.Run(name, func(t *testing.T) {
			if got, conflict := merged(t, test.base, test.ours, test.theirs); conflict || got != test.want {
				t.Errorf("got %q (conflict: %t), want %q", got, conflict, test.want)
			}
		})
	}
	var base []string
	for i := range 40 {
		base = append(base, fmt.Sprintf("service-%02d", i))
	}
	ours := append(slices.Clone(base), "service-03-new", "service-17-new")
	theirs := append(slices.Clone(base), "service-04-new", "service-30-new", "service-99-new")
	got, conflict := merged(t, strings.Join(base, " "), strings.Join(ours, " "), strings.Join(theirs, " "))
	if n := len(strings.Fields(got)); conflict || n != len(base)+5 {
		t.Errorf("of a long list, %d entries (conflict: %t)", n, conflict)
	}
}

// At the same position git reports a conflict, and so does Parse. The union of both has the lines of both.
func TestBranchesThatConflict(t *testing.T) {
	for name, test := range map[string]struct{ base, ours, theirs, union string }{
		"the first ones":             {"", "a", "b", "a b"},
		"added at the same position": {"a d", "a b d", "a c d", "a b c d"},
		"the same and others":        {"a e", "a b c e", "a b d e", "a b c d e"},
		"one removed beside another": {"a b c", "b c", "a c", "a b c"},
		"the same count":             {"a", "ax2", "ax3", "ax5"},
	} {
		t.Run(name, func(t *testing.T) {
			if got, conflict := merged(t, test.base, test.ours, test.theirs); !conflict || !strings.Contains(got, "unresolved merge conflict") {
				t.Errorf("got %q (conflict: %t)", got, conflict)
			}
			if got, conflict := merged(t, test.base, test.ours, test.theirs, "--union"); conflict || got != test.union {
				t.Errorf("the union is %q (conflict: %t), want %q", got, conflict, test.union)
			}
		})
	}
}

// Branches merge with the line of .gitattributes that docs/baseline.md shows. Git keeps an entry twice that is between
// two conflicts.
func TestGitMerge(t *testing.T) {
	page, err := os.ReadFile("../../../docs/baseline.md")
	if err != nil {
		t.Fatal(err)
	}
	attribute := baseline.FileName + " merge=union\n"
	if !strings.Contains(string(page), "\n"+attribute) {
		t.Fatalf("docs/baseline.md does not show %q", attribute)
	}
	dir := t.TempDir()
	run := func(args ...string) {
		t.Helper()
		if output, code := git(t, dir, args...); code != 0 {
			t.Fatalf("git %v: exit code %d, %s", args, code, output)
		}
	}
	commit := func(files string) {
		t.Helper()
		write(t, dir, baseline.FileName, listing(files))
		run("add", ".")
		run("commit", "-q", "-m", "entries of "+files)
	}
	run("init", "-q", "-b", "main")
	write(t, dir, ".gitattributes", attribute)
	commit("a d")
	run("checkout", "-q", "-b", "theirs")
	commit("a c d f")
	run("checkout", "-q", "main")
	commit("a b d e")
	run("merge", "-q", "--no-edit", "theirs")
	text, err := os.ReadFile(filepath.Join(dir, baseline.FileName))
	if err != nil || listed(string(text)) != "a b c dx2 e f" {
		t.Errorf("%v\n%s", err, text)
	}
}
