package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/urfave/cli/v2"

	"github.com/mlpolicy/mlpolicy/internal/lint"
	"github.com/mlpolicy/mlpolicy/internal/lint/baseline"
	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract"
	"github.com/mlpolicy/mlpolicy/internal/lint/language"
	"github.com/mlpolicy/mlpolicy/internal/lint/report"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// files converts the paths of a command line to inputs.
type files struct {
	paths     []string
	stdin     io.Reader
	stdinName string
	resolver  *config.Resolver
	baselines map[string]bool // absolute paths of those with other names than usual
	force     bool            // ignore: of the configuration applies to paths of the command line, too
	flat      bool            // folders in folders are skipped
	listing   bool            // symbolic links and projects in the folder are skipped, and inputs have only names
	listings  *listings       // shared by all walks of a session; nil for own ones
	count     atomic.Int64

	explaining bool
	mutex      sync.Mutex
	skips      []skip
	marked     []lint.Input // with a marker of a format, when explaining

	unrenderedCharts []skip           // Helm charts whose templates were skipped
	unevaluated      []string         // skipped files that may have a deployment; folders end with a slash
	unread           map[int][]string // by index of unreadKinds: files that were named themselves
	applied          map[string]bool  // names of nested configurations that apply to inputs
}

// skip is a skipped path.
type skip struct{ path, reason string }

// unnamedStdin is the name of standard input in messages without --stdin-name.
const unnamedStdin = lint.StandardInput

// files returns the files at some paths of a command line.
func (p *program) files(c *cli.Context, paths []string) (*files, error) {
	if len(paths) == 0 {
		paths = []string{"."}
	}
	stdinName := c.String(stdinNameFlag)
	switch {
	case slices.Contains(paths, ""):
		return nil, usagef("empty path").seeHelp(c.Command.Name)
	case stdinName != "" && !slices.Contains(paths, "-"):
		return nil, usagef("--%s needs - as one of the paths", stdinNameFlag).seeHelp(c.Command.Name)
	case stdinName == "":
		stdinName = unnamedStdin
	}
	return &files{paths: paths, force: c.Bool(forceIgnoreFlag), stdin: p.stdin, stdinName: filepath.ToSlash(filepath.Clean(stdinName))}, nil
}

// named returns the paths as in messages, with the name of standard input instead of "-".
func (f *files) named() []string {
	names := slices.Clone(f.paths)
	for i, name := range names {
		if name == "-" {
			names[i] = f.stdinName
		}
	}
	return names
}

// nested returns the names of the nested configurations that apply to the inputs so far, sorted.
func (f *files) nested() []string { return slices.Sorted(maps.Keys(f.applied)) }

// inputs yields each file once, in the order of the paths, and in folders sorted by name. A path that
// cannot be read is an input, too; its Read returns the error.
func (f *files) inputs(ctx context.Context) iter.Seq[lint.Input] {
	return func(yield func(lint.Input) bool) {
		w := &walk{files: f, listings: f.listings, ctx: ctx, yield: yield}
		if w.listings == nil {
			w.listings = newListings()
		}
		if len(f.paths) > 1 {
			w.seen = map[string]bool{}
			if absolute, err := filepath.Abs(f.stdinName); err == nil && slices.Contains(f.paths, "-") {
				w.seen[absolute] = true // the file with this name is an older version
			}
		}
		for _, path := range f.paths {
			if !w.path(path) {
				return
			}
		}
	}
}

// walk is one pass over the paths. Its methods return false to end it.
type walk struct {
	*files
	listings *listings
	ctx      context.Context
	yield    func(lint.Input) bool
	seen     map[string]bool // absolute paths of the inputs; nil if there cannot be duplicates

	charts map[string]*chart // by absolute path with slashes; nil for a folder that is not a chart
}

func (w *walk) path(path string) bool {
	if path == "-" {
		if w.again(path) {
			return true
		}
		absolute, err := filepath.Abs(w.stdinName)
		return w.named(w.stdinName, absolute, func([]byte) ([]byte, error) {
			if err != nil {
				return nil, unreadable(w.stdinName, err)
			}
			return readStdin(w.ctx, w.stdin, w.stdinName)
		})
	}
	path = filepath.Clean(path)
	if filepath.Base(path) == baseline.FileName {
		w.skip(path, "the baseline of mlpolicy")
		return true
	}
	info, err := os.Stat(path)
	if err != nil {
		return w.input(path, "", func([]byte) ([]byte, error) { return nil, unreadable(path, err) })
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return w.input(path, "", func([]byte) ([]byte, error) { return nil, unreadable(path, err) })
	}
	if w.force {
		if v := matchWithin(configuredIgnores(w.resolver.Of(path)), filepath.ToSlash(absolute), info.IsDir()); v.ignored {
			w.skipEvaluable(path, info.IsDir(), "ignored by "+v.where)
			return true
		}
	}
	switch {
	case w.unrendered(path, filepath.ToSlash(absolute), info.IsDir()):
		return true
	case info.IsDir():
		return w.folder(path, filepath.ToSlash(absolute), ignoresAbove(absolute))
	case w.again(absolute):
		return true
	case !info.Mode().IsRegular():
		return w.named(path, absolute, func([]byte) ([]byte, error) { return readStream(w.ctx, path) })
	}
	return w.named(path, absolute, func(buffer []byte) ([]byte, error) { return readFile(path, buffer) })
}

// named yields an input that is a path of the command line.
func (w *walk) named(path, absolute string, read func(buffer []byte) ([]byte, error)) bool {
	return w.input(path, absolute, func(buffer []byte) ([]byte, error) {
		data, err := read(buffer)
		if err == nil {
			w.noteUnread(filepath.ToSlash(path), data)
		}
		return data, err
	})
}

// again reports whether a file was an input before.
func (w *walk) again(absolute string) bool {
	if w.seen == nil {
		return false
	}
	before := w.seen[absolute]
	w.seen[absolute] = true
	return before
}

// folder walks a folder; absolute has slashes.
func (w *walk) folder(folder, absolute string, ignores []*ignoreFile) bool {
	if w.ctx.Err() != nil {
		return false
	}
	listing := w.listings.of(folder, absolute, ignores)
	if listing.err != nil {
		return w.input(folder, absolute, func([]byte) ([]byte, error) { return nil, unreadable(folder, listing.err) })
	}
	configured := configuredIgnores(w.resolver.OfFolder(folder))
	for i, entry := range listing.entries {
		if entry.IsDir() && !w.flat {
			w.listings.readAhead(folder, absolute, listing, listing.entries[i+1:])
		}
		if !w.entry(folder, absolute, entry, listing.ignores, configured) {
			return false
		}
	}
	return true
}

// within returns what the paths in a folder begin with, whose own path is clean.
func within(folder string) string {
	if folder == "." {
		return ""
	}
	return strings.TrimSuffix(folder, string(filepath.Separator)) + string(filepath.Separator)
}

func (w *walk) entry(folder, absoluteFolder string, entry listed, ignores, configured []*ignoreFile) bool {
	name := entry.Name()
	path, absolute := within(folder)+name, domainOf(absoluteFolder)+name
	isFolder, mode := entry.IsDir(), entry.Type()
	if mode&fs.ModeSymlink != 0 && w.listing {
		return true // its target is another file of the project, or outside it
	}
	if mode&fs.ModeSymlink != 0 {
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			w.skip(path, "a broken link")
			return true
		case err != nil:
			mode = 0 // its Read returns the error
		case info.IsDir():
			w.skipEvaluable(path, true, "a link to a folder")
			return true
		default:
			mode = info.Mode().Type()
		}
	}
	switch {
	case name == ".git":
		return true
	case name == config.FileName:
		w.skip(path, "the configuration of mlpolicy")
		return true
	case name == baseline.FileName, w.baselines[filepath.FromSlash(absolute)]:
		w.skip(path, "the baseline of mlpolicy")
		return true
	case !isFolder && !deployable(name):
		w.skip(path, "its name is not that of a file that is read")
		return true
	}
	for _, v := range []verdict{entry.ignored, match(configured, absolute, isFolder)} {
		if v.ignored {
			w.skipEvaluable(path, isFolder, "ignored by "+v.where)
			return true
		}
	}
	if isFolder && w.listing && isRepository(path) {
		return true
	}
	if isFolder {
		return w.flat || name == templates && w.unrendered(path, absolute, true) || w.folder(path, absolute, ignores)
	}

	if !mode.IsRegular() {
		w.skipEvaluable(path, false, "not a regular file")
		return true
	}
	if w.again(filepath.FromSlash(absolute)) {
		return true
	}
	return w.input(path, absolute, func(buffer []byte) ([]byte, error) { return readFile(path, buffer) })
}

// input yields a file. absolute is empty if it is not known.
func (w *walk) input(path, absolute string, read func(buffer []byte) ([]byte, error)) bool {
	input := lint.Input{Name: filepath.ToSlash(path)}
	if w.listing {
		return w.yield(input)
	}
	read = w.withoutTemplates(path, filepath.ToSlash(absolute), read)
	input.Read = read
	w.noteNested(input.Name)
	w.count.Add(1)
	if w.explaining {
		input.Read = func([]byte) ([]byte, error) { // the content is kept
			data, err := read(nil)
			if err == nil && data != nil {
				w.noteMarkers(input.Name, data)
			}
			return data, err
		}
	}
	return w.yield(input)
}

// noteNested records the names of the nested configurations that apply to a file.
func (f *files) noteNested(name string) {
	for _, nested := range f.resolver.Of(name).Nested() {
		if f.applied == nil {
			f.applied = map[string]bool{}
		}
		f.applied[nested] = true
	}
}

// deployable reports whether, by its name, a file of a folder can describe a deployment or a document
// that a deployment refers to.
func deployable(name string) bool {
	if name == "MLmodel" {
		return true
	}
	switch strings.ToLower(filepath.Ext(name)) {
	case ".yaml", ".yml", ".json", ".jsonc", ".runconfig":
		return true
	}
	return language.Of(name) != nil
}

// explain enables the recording of skipped paths.
func (f *files) explain() { f.explaining = true }

func (f *files) skip(path, reason string) {
	if !f.explaining {
		return
	}
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.skips = append(f.skips, skip{filepath.ToSlash(path), reason})
}

// skipEvaluable is skip for a path that may describe deployments.
func (f *files) skipEvaluable(path string, isFolder bool, reason string) {
	f.skip(path, reason)
	name := filepath.ToSlash(path)
	if isFolder {
		name += "/"
	}
	f.noteUnevaluated(name)
}

func (f *files) noteUnevaluated(name string) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.unevaluated = append(f.unevaluated, name)
}

func (f *files) noteMarkers(name string, data []byte) {
	if of := language.Of(name); of != nil && slices.Contains(f.resolver.Of(name).SourcesOff, of.Name) {
		f.skip(name, fmt.Sprintf("sources: {%s: off} in the configuration", of.Name))
		return
	}
	if extract.RecognizeFile(name, data) == extract.Unrecognized {
		f.skip(name, "does not look like any known format")
		return
	}
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.marked = append(f.marked, lint.Input{Name: name, Read: func([]byte) ([]byte, error) { return data, nil }})
}

// explainSkips writes the reason for each skipped path.
func (p *program) explainSkips(ctx context.Context, session *session, files *files, result *lint.Result) error {
	if !files.explaining {
		return nil
	}
	extraction, _, err := session.linter.Facts(ctx, session.tree(), slices.Values(files.marked))
	if err != nil {
		return err
	}
	evaluated, parts := map[string]bool{}, map[string]string{}
	for _, finding := range slices.Concat(result.Findings, result.Unchanged) {
		if finding.File != nil {
			evaluated[finding.File.Name] = true // a file with a finding was not skipped
		}
	}
	for _, document := range extraction.Documents {
		name := document.Root.File().Name
		if document.Completes == "" {
			evaluated[name] = true
		} else {
			parts[name] = document.Completes
		}
	}
	skipped, unread := map[string]string{}, map[string]string{}
	for _, file := range extraction.Skipped {
		if file.Reason == file.File.Skipped && len(file.File.Problems) == 0 {
			unread[file.File.Name] = file.Reason // maybe a part of a file that was evaluated
		} else {
			skipped[file.File.Name] = file.Reason
		}
	}
	for _, input := range files.marked {
		switch completes, isPart := parts[input.Name]; {
		case unread[input.Name] != "":
			files.skip(input.Name, unread[input.Name])
		case evaluated[input.Name]:
		case isPart:
			files.skip(input.Name, "contains no deployment; it completes "+completes)
		case skipped[input.Name] != "":
			files.skip(input.Name, skipped[input.Name])
		default:
			files.skip(input.Name, "contains no document of a known format")
		}
	}
	files.skips = append(files.skips, files.unrenderedCharts...)
	slices.SortFunc(files.skips, func(a, b skip) int { return strings.Compare(a.path, b.path) })
	for _, skip := range files.skips {
		fmt.Fprintf(p.stderr, "skipped: %s: %s\n", report.Printable(skip.path), report.Printable(skip.reason))
	}
	return nil
}

// readFile reads a regular file. Of one that is too large for source.Parse it reads one byte more than
// the limit, which is enough for an error. It uses the memory of buffer if that is large enough.
func readFile(path string, buffer []byte) ([]byte, error) {
	// A pipe that replaced the file since it was found must not be waited for. With this flag package os also asks the
	// system less: it does not change the mode of the open file to see whether it can be polled.
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, unreadable(path, err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errNotRegular
	}
	if err != nil {
		return nil, unreadable(path, err)
	}
	// One byte more than the size: if it is not filled, the file has ended.
	size := int(min(info.Size(), source.MaxFileSize)) + 1
	data := buffer[:min(size, cap(buffer))]
	if len(data) < size {
		data = make([]byte, size)
	}
	n, err := io.ReadFull(file, data)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return data[:n], nil
	case err != nil:
		return nil, unreadable(path, err)
	case n > source.MaxFileSize:
		return data, nil
	}
	// The file has grown, or its size is unknown.
	rest, err := readLimited(file)
	if err != nil {
		return nil, unreadable(path, err)
	}
	return append(data, rest...)[:min(n+len(rest), source.MaxFileSize+1)], nil
}

// readStream reads a pipe or a device. Opening it may wait for a writer.
func readStream(ctx context.Context, path string) ([]byte, error) {
	data, err := interruptibly(ctx, func() ([]byte, error) {
		file, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		return readLimited(file)
	})
	if err != nil {
		return nil, unreadable(path, err)
	}
	return data, nil
}

func readLimited(r io.Reader) ([]byte, error) {
	return io.ReadAll(io.LimitReader(r, source.MaxFileSize+1))
}

// readStdin reads standard input. Empty input is an error, because the program that writes to the pipe
// may have failed.
func readStdin(ctx context.Context, stdin io.Reader, name string) ([]byte, error) {
	data, err := interruptibly(ctx, func() ([]byte, error) { return readLimited(stdin) })
	switch {
	case err != nil:
		return nil, &pathError{name, reason(err)}
	case len(data) == 0:
		return nil, &pathError{name, "standard input is empty or closed"}
	}
	return data, nil
}

// interruptibly waits for a read until the context ends. Data that is read later is lost.
func interruptibly(ctx context.Context, read func() ([]byte, error)) ([]byte, error) {
	type answer struct {
		data []byte
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		data, err := read()
		answers <- answer{data, err}
	}()
	select {
	case answer := <-answers:
		return answer.data, answer.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// pathError is a path that could not be read.
type pathError struct{ path, reason string }

func (e *pathError) Error() string { return e.path + ": " + e.reason }

func unreadable(path string, err error) error {
	problem := &pathError{filepath.ToSlash(path), reason(err)}
	if errors.Is(err, fs.ErrNotExist) && strings.ContainsAny(path, "*?[") {
		problem.reason += " (the pattern matches no file, or was quoted)"
	}
	return problem
}

// reason returns why something could not be read, without the path.
func reason(err error) string {
	var pathError *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "no such file"
	case errors.Is(err, fs.ErrPermission):
		return "permission denied"
	case errors.As(err, &pathError):
		return pathError.Err.Error()
	}
	return err.Error()
}
