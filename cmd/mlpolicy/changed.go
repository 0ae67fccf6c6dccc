package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/baseline"
	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

const changedSinceFlag = "changed-since"

func changedSinceFlagOf() cli.Flag {
	return &cli.StringFlag{Name: changedSinceFlag, Usage: "report only findings that depend on files changed since the merge base of `REF` and HEAD"}
}

// gitChanges are the differences between the files of a Git work tree and the merge base of a commit and HEAD. Paths
// are relative to the root, with slashes.
type gitChanges struct {
	root    string                 // absolute, without symbolic links
	tracked map[string]bool        // files, links and submodules, without those that Git does not compare
	changed map[string]gitChange   // that differ from the merge base, deleted files too
	new     []string               // not tracked and not ignored
	ignores map[string]*ignoreFile // .gitignore files as they were, by folder; nil for a folder without one

	stdin      string // the name of standard input; empty if it is not an input
	onlyConfig bool   // --config is the only configuration
}

// gitChange is a difference between the work tree and the merge base.
type gitChange struct {
	deleted bool
	blob    string // the object with the former content of a regular file; empty if there was none
}

// changesSince returns the changes since a commit of the repository of the working directory.
func (p *program) changesSince(c *cli.Context, files *files) (*gitChanges, error) {
	ref := c.String(changedSinceFlag)
	g := &gitChanges{tracked: map[string]bool{}, changed: map[string]gitChange{}, onlyConfig: c.String(configFlag) != ""}
	if slices.Contains(files.paths, "-") {
		g.stdin = files.stdinName
	}
	if _, err := exec.LookPath("git"); err != nil {
		return nil, usagef("--%s needs git, which is not on the PATH", changedSinceFlag)
	}
	if err := g.openRoot(c.Context); err != nil {
		return nil, err
	}
	for _, path := range files.paths {
		if path == "-" {
			continue
		}
		resolved, err := realPath(path)
		if err != nil {
			continue // reported when it is read
		}
		if _, within := g.relative(resolved); !within {
			return nil, usagef("--%s: %s is outside the repository %s", changedSinceFlag, filepath.ToSlash(path), filepath.ToSlash(g.root))
		}
	}
	base, err := g.mergeBase(c.Context, ref)
	if err != nil {
		return nil, err
	}
	for _, read := range []func() error{
		func() error { return g.readIndex(c.Context) },
		func() error { return g.readDifferences(c.Context, base) },
		func() error { return g.readNew(c.Context) },
		func() error { return g.readIgnores(c.Context) },
	} {
		if err := read(); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// gitError is a failure of Git.
type gitError struct {
	code   int
	stderr string
}

func (e *gitError) Error() string {
	first, _, _ := strings.Cut(strings.TrimPrefix(e.stderr, "fatal: "), "\n")
	if first == "" {
		first = fmt.Sprintf("exit code %d", e.code)
	}
	return fmt.Sprintf("--%s: git: %s", changedSinceFlag, first)
}

// git runs Git in a folder and returns its output. It changes nothing and opens no connection, also where objects of a
// partial clone are missing.
func git(ctx context.Context, folder string, stdin io.Reader, args ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, "git", append([]string{"-c", "core.fsmonitor=false"}, args...)...)
	command.Dir, command.Stdin = folder, stdin
	command.Env = append(os.Environ(), "LC_ALL=C", "GIT_OPTIONAL_LOCKS=0", "GIT_NO_LAZY_FETCH=1", "GIT_TERMINAL_PROMPT=0")
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return stdout.Bytes(), nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.As(err, &exit):
		return nil, &gitError{exit.ExitCode(), strings.TrimSpace(stderr.String())}
	}
	return nil, fmt.Errorf("run git: %w", err)
}

// git runs Git in the root.
func (g *gitChanges) git(ctx context.Context, args ...string) ([]byte, error) {
	return git(ctx, g.root, nil, args...)
}

// openRoot finds the root of the work tree that the working directory is in.
func (g *gitChanges) openRoot(ctx context.Context) error {
	out, err := git(ctx, "", nil, "rev-parse", "--show-toplevel")
	var failure *gitError
	switch {
	case errors.As(err, &failure) && strings.Contains(failure.stderr, "dubious ownership"):
		folder := filepath.ToSlash(workingDirectory())
		if _, named, found := strings.Cut(failure.stderr, " at '"); found {
			folder, _, _ = strings.Cut(named, "'")
		}
		return &usageError{
			message: fmt.Sprintf("--%s: Git does not read this repository, because it belongs to another user", changedSinceFlag),
			hint:    "Trust it: git config --global --add safe.directory " + shellWord(folder, "FOLDER"),
		}
	case errors.As(err, &failure) && strings.Contains(failure.stderr, "not a git repository"):
		return usagef("--%s: the working directory is not in a Git repository", changedSinceFlag)
	case errors.As(err, &failure):
		return usagef("%s", failure)
	case err != nil:
		return err
	}
	g.root, err = filepath.EvalSymlinks(filepath.FromSlash(strings.TrimSuffix(string(out), "\n")))
	return err
}

// mergeBase returns the best common ancestor of a commit and HEAD.
func (g *gitChanges) mergeBase(ctx context.Context, ref string) (string, error) {
	head, err := g.commit(ctx, "HEAD")
	if err != nil {
		return "", err
	}
	if head == "" {
		return "", usagef("--%s: the repository has no commit yet", changedSinceFlag)
	}
	commit, err := g.commit(ctx, ref)
	if err != nil {
		return "", err
	}
	if commit == "" {
		return "", g.unknownCommit(ctx, ref)
	}
	out, err := g.git(ctx, "merge-base", commit, head)
	var failure *gitError
	switch {
	case err == nil:
		return strings.TrimSpace(string(out)), nil
	case !errors.As(err, &failure):
		return "", err
	case failure.code != 1:
		return "", usagef("%s", failure)
	}
	mistake := usagef("--%s: %s and HEAD have no common ancestor", changedSinceFlag, ref)
	if g.shallow(ctx) {
		mistake.message += " in this shallow clone"
		mistake.hint = fetchHistory
	}
	return "", mistake
}

// commit returns the ID of a commit, empty if there is no such commit.
func (g *gitChanges) commit(ctx context.Context, ref string) (string, error) {
	if strings.HasPrefix(ref, "-") {
		return "", nil // Git allows no such name, and it must not become an option
	}
	out, err := g.git(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", ref+"^{commit}")
	var failure *gitError
	if errors.As(err, &failure) {
		return "", nil
	}
	return strings.TrimSpace(string(out)), err
}

// fetchHistory is the remedy for a shallow clone.
const fetchHistory = "Fetch its history: git fetch --unshallow, or in CI fetch-depth: 0 (actions/checkout), GIT_DEPTH: 0 (GitLab), fetchDepth: 0 (Azure Pipelines)"

// unknownCommit returns the error for a commit that the repository does not have.
func (g *gitChanges) unknownCommit(ctx context.Context, ref string) error {
	mistake := usagef("--%s: unknown commit %q", changedSinceFlag, ref)
	if strings.HasPrefix(ref, "-") {
		return mistake
	}
	if remote, err := g.commit(ctx, "origin/"+ref); err == nil && remote != "" {
		mistake.hint = "Did you mean: --" + changedSinceFlag + " " + shellWord("origin/"+ref, "REF")
		return mistake
	}
	if g.shallow(ctx) {
		mistake.message += " in this shallow clone"
		mistake.hint = fetchHistory
		return mistake
	}
	// A range, or a revision such as main~1, is no name of a branch or tag.
	if name := strings.TrimPrefix(ref, "origin/"); g.isName(ctx, name) {
		mistake.hint = "Fetch it: git fetch origin " + shellWord(name, "REF")
	}
	return mistake
}

// isName reports whether a branch or a tag can have a name, or a commit that ID.
func (g *gitChanges) isName(ctx context.Context, name string) bool {
	_, err := g.git(ctx, "check-ref-format", "refs/heads/"+name)
	return err == nil
}

func (g *gitChanges) shallow(ctx context.Context) bool {
	out, err := g.git(ctx, "rev-parse", "--is-shallow-repository")
	return err == nil && strings.TrimSpace(string(out)) == "true"
}

// readIndex reads the tracked files. It leaves out those that Git does not compare with the work tree (assume-unchanged,
// skip-worktree) and those with conflicts.
func (g *gitChanges) readIndex(ctx context.Context) error {
	out, err := g.git(ctx, "ls-files", "-z", "-v")
	if err != nil {
		return err
	}
	for record := range records(out) {
		if path, is := strings.CutPrefix(record, "H "); is {
			g.tracked[path] = true
		}
	}
	return nil
}

// readDifferences reads what differs from a commit. A renamed file is a deleted one and a new one.
func (g *gitChanges) readDifferences(ctx context.Context, base string) error {
	out, err := g.git(ctx, "diff", "--raw", "-z", "--no-abbrev", "--no-renames", "--no-relative", "--no-ext-diff", "--no-textconv",
		"--ignore-submodules=none", base, "--")
	if err != nil {
		return err
	}
	var change gitChange
	about := true // :100644 100644 OBJECT OBJECT M, then the path
	for record := range records(out) {
		if about {
			fields := strings.Fields(record)
			if len(fields) != 5 {
				return fmt.Errorf("--%s: unexpected output of git diff: %q", changedSinceFlag, record)
			}
			change = gitChange{deleted: fields[4] == "D"}
			if strings.HasPrefix(fields[0], ":100") {
				change.blob = fields[2]
			}
		} else {
			g.changed[record] = change
		}
		about = !about
	}
	return nil
}

// readNew reads the names of files that are not tracked.
func (g *gitChanges) readNew(ctx context.Context) error {
	out, err := g.git(ctx, "ls-files", "-z", "--others", "--exclude-standard")
	if err != nil {
		return err
	}
	for record := range records(out) {
		g.new = append(g.new, strings.TrimSuffix(record, "/")) // another repository ends with a slash
	}
	return nil
}

// records yields the texts before each NUL.
func records(out []byte) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for len(out) > 0 {
			record, rest, _ := bytes.Cut(out, []byte{0})
			if !yield(string(record)) {
				return
			}
			out = rest
		}
	}
}

// gitignoreName is the name of Git's files of patterns.
const gitignoreName = ".gitignore"

// readIgnores reads the former texts of changed .gitignore files: what they ignored may be read now.
func (g *gitChanges) readIgnores(ctx context.Context) error {
	var former []string
	for name, change := range g.changed {
		if path.Base(name) == gitignoreName && change.blob != "" {
			former = append(former, name)
		}
	}
	texts, err := g.texts(ctx, former)
	g.ignores = map[string]*ignoreFile{}
	for _, name := range former {
		g.ignores[path.Dir(name)] = parseIgnoreFile(texts[name], name, filepath.Join(g.root, filepath.FromSlash(path.Dir(name))))
	}
	return err
}

// formerIgnore returns the .gitignore file that a folder had, nil if it had none.
func (g *gitChanges) formerIgnore(folder string) *ignoreFile {
	file, known := g.ignores[folder]
	if !known {
		if name := path.Join(folder, gitignoreName); g.tracked[name] && !g.differs(name) {
			domain := filepath.Join(g.root, filepath.FromSlash(folder))
			file = readIgnoreFile(filepath.Join(domain, gitignoreName), domain)
		}
		g.ignores[folder] = file
	}
	return file
}

// cameIn reports whether a file was ignored and is not any more.
func (g *gitChanges) cameIn(name string) bool {
	var files []*ignoreFile
	for _, folder := range slices.Backward(slices.Collect(foldersAbove(name))) {
		if file := g.formerIgnore(folder); file != nil {
			files = append(files, file)
		}
	}
	absolute := filepath.Join(g.root, filepath.FromSlash(name))
	slashed := filepath.ToSlash(absolute)
	return matchWithin(files, slashed, false).ignored && !matchWithin(ignoresAbove(absolute), slashed, false).ignored
}

// texts returns the former texts of changed files. Those of files that a partial clone lacks are missing, and those of
// files that are too large to be evaluated are empty.
func (g *gitChanges) texts(ctx context.Context, names []string) (map[string][]byte, error) {
	texts := map[string][]byte{}
	if len(names) == 0 {
		return texts, nil
	}
	objects := func(names []string) io.Reader {
		var text strings.Builder
		for _, name := range names {
			text.WriteString(g.changed[name].blob + "\n")
		}
		return strings.NewReader(text.String())
	}
	out, err := git(ctx, g.root, objects(names), "cat-file", "--batch-check=%(objectsize)")
	if err != nil {
		return nil, err
	}
	sizes := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if len(sizes) != len(names) {
		return nil, fmt.Errorf("--%s: unexpected output of git cat-file", changedSinceFlag)
	}
	var wanted []string
	for i, name := range names {
		switch size, err := strconv.Atoi(sizes[i]); {
		case err != nil: // OBJECT missing
		case size > source.MaxFileSize:
			texts[name] = nil
		default:
			wanted = append(wanted, name)
		}
	}
	if len(wanted) == 0 {
		return texts, nil
	}
	if out, err = git(ctx, g.root, objects(wanted), "cat-file", "--batch=%(objectsize)"); err != nil {
		return nil, err
	}
	for _, name := range wanted {
		header, rest, _ := bytes.Cut(out, []byte("\n"))
		size, err := strconv.Atoi(string(header))
		if err != nil || size >= len(rest) {
			return nil, fmt.Errorf("--%s: unexpected output of git cat-file", changedSinceFlag)
		}
		texts[name], out = rest[:size], rest[size+1:]
	}
	return texts, nil
}

// changes are the changes for a Result.
func (g *gitChanges) changes(ctx context.Context) (lint.Changes, error) {
	changes := lint.Changes{File: g.file, Under: g.under, Configuration: g.configuration, Baseline: g.baseline}
	var names []string
	for name, change := range g.changed {
		if !deployable(path.Base(name)) {
			continue
		}
		changes.Any = true
		if change.blob != "" {
			names = append(names, name)
		}
	}
	changes.Any = changes.Any || g.stdin != "" || slices.ContainsFunc(g.new, func(name string) bool { return deployable(path.Base(name)) })
	slices.Sort(names)
	texts, err := g.texts(ctx, names)
	if err != nil {
		return lint.Changes{}, err
	}
	for _, name := range names {
		text, known := texts[name]
		changes.Former = append(changes.Former, lint.Former{Path: name, Text: text, Known: known})
	}
	return changes, nil
}

// realPath is the absolute path of a name without symbolic links.
func realPath(name string) (string, error) {
	absolute, err := absolutePath(name)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(absolute)
}

// relative returns the path from the root, and whether an absolute path is in the repository.
func (g *gitChanges) relative(absolute string) (path string, within bool) {
	relative, err := filepath.Rel(g.root, absolute)
	return filepath.ToSlash(relative), err == nil && filepath.IsLocal(relative)
}

// file reports whether a file may have changed, or what decides whether it is read. A file is unchanged only if Git
// tracks it and compares it with the work tree.
func (g *gitChanges) file(name string) bool {
	if name == g.stdin {
		return true
	}
	absolute, err := absolutePath(name)
	if err != nil {
		return true
	}
	resolved, err := filepath.EvalSymlinks(absolute)
	if err != nil {
		return true
	}
	// A symbolic link changes by its own and with its target.
	if link, within := g.relative(absolute); within && link != "." && g.mayDiffer(link) {
		return true
	}
	path, within := g.relative(resolved)
	return !within || g.mayDiffer(path)
}

// mayDiffer reports whether a file is not known to be unchanged.
func (g *gitChanges) mayDiffer(name string) bool {
	return !g.tracks(name) || g.differs(name) || g.governed(name)
}

// tracks reports whether Git tracks a file, or the submodule or link that it is in.
func (g *gitChanges) tracks(name string) bool {
	if g.tracked[name] {
		return true
	}
	for folder := range foldersAbove(name) {
		if g.tracked[folder] {
			return true
		}
	}
	return false
}

// differs reports whether a file, or the submodule or link that it is in, differs from the merge base.
func (g *gitChanges) differs(name string) bool {
	if _, differs := g.changed[name]; differs {
		return true
	}
	for folder := range foldersAbove(name) {
		if _, differs := g.changed[folder]; differs {
			return true
		}
	}
	return false
}

// governed reports whether another file decided before that a file was not read, or how it was evaluated: a deleted
// configuration or baseline, a chart or a former .gitignore.
func (g *gitChanges) governed(name string) bool {
	for folder := range foldersAbove(name) {
		if g.changed[path.Join(folder, config.FileName)].deleted && !g.onlyConfig || g.changed[path.Join(folder, baseline.FileName)].deleted ||
			g.changed[path.Join(folder, chartFile)].deleted {
			return true
		}
	}
	return g.cameIn(name)
}

// foldersAbove yields the folders of a path from the root, the nearest first. The root is ".".
func foldersAbove(name string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for folder := path.Dir(name); yield(folder) && folder != "."; {
			folder = path.Dir(folder)
		}
	}
}

// under reports whether a file at a path or below it changed, is new or was deleted. A path outside the repository does
// not change.
func (g *gitChanges) under(name string) bool {
	absolute, err := absolutePath(name)
	if err != nil {
		return true
	}
	if resolved, err := filepath.EvalSymlinks(absolute); err == nil {
		absolute = resolved
	}
	folder, within := g.relative(absolute)
	if !within {
		return false
	}
	below := func(name string) bool { return folder == "." || name == folder || strings.HasPrefix(name, folder+"/") }
	for changed := range g.changed {
		if below(changed) {
			return true
		}
	}
	return g.differs(folder) || slices.ContainsFunc(g.new, below)
}

// baseline reports whether the file of a baseline changed or was deleted. One outside the repository does not.
func (g *gitChanges) baseline(of *lint.Baseline) bool { return g.under(of.Name) }

// configuration reports whether a file or a folder of policies of a configuration changed. Those outside the repository
// do not.
func (g *gitChanges) configuration(configuration *config.Config) bool {
	for _, file := range configuration.Files() {
		resolved, err := realPath(file)
		if err != nil {
			return true
		}
		if _, within := g.relative(resolved); within && g.file(file) {
			return true
		}
	}
	return slices.ContainsFunc(configuration.Policies, func(dir config.Path) bool { return g.under(policyPath(dir)) })
}
