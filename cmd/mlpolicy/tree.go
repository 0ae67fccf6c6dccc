package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/mlpolicy/mlpolicy/internal/lint/config"
)

// tree is a file system for related documents of deployments. Paths may be absolute or begin with "..". It opens
// regular files and folders, but not outside the project of the path, even if a symbolic link replaces a folder after
// the path has been checked.
type tree struct {
	projects *config.Projects
	mutex    sync.Mutex
	roots    map[string]*os.Root // by absolute path of a project
}

// tree returns a tree with the projects of the session.
func (s *session) tree() *tree { return &tree{projects: s.projects} }

// errOutside is the error for a path that leads out of its project.
var errOutside = errors.New("outside the project")

func (t *tree) Open(name string) (fs.File, error) { return t.open(name) }

func (t *tree) open(name string) (*os.File, error) {
	fail := func(err error) (*os.File, error) { return nil, &fs.PathError{Op: "open", Path: name, Err: err} }
	info, err := os.Stat(filepath.FromSlash(name))
	if err != nil {
		return nil, err
	}
	if !info.IsDir() && !info.Mode().IsRegular() {
		return fail(errNotRegular)
	}
	absolute, err := absolutePath(name)
	if err != nil {
		return fail(err)
	}
	file, err := t.confined(absolute)
	if err != nil {
		return fail(err)
	}
	// The open file may differ from the one that was checked before.
	if info, err = file.Stat(); err == nil && !info.IsDir() && !info.Mode().IsRegular() {
		err = errNotRegular
	}
	if err != nil {
		file.Close()
		return fail(err)
	}
	return file, nil
}

var errNotRegular = errors.New("not a regular file")

// confined opens a path that must not lead out of its project, if it has one.
func (t *tree) confined(absolute string) (*os.File, error) {
	// Opening a pipe that replaced a file must not block until it has a writer.
	const flags = os.O_RDONLY | syscall.O_NONBLOCK
	folder, root, err := t.project(filepath.Dir(absolute))
	if err != nil {
		return nil, err
	}
	if root == nil {
		return os.OpenFile(absolute, flags, 0)
	}
	relative, err := filepath.Rel(folder, absolute)
	if err != nil {
		return nil, err
	}
	file, err := root.OpenFile(relative, flags, 0)
	if err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return file, err
	}
	// os.Root rejects absolute symbolic links. Resolve one that does not leave the project.
	resolved, err := filepath.EvalSymlinks(absolute)
	if err != nil {
		return nil, err
	}
	if folder, err = filepath.EvalSymlinks(folder); err != nil {
		return nil, err
	}
	if relative, err = filepath.Rel(folder, resolved); err != nil || !filepath.IsLocal(relative) {
		return nil, errOutside
	}
	return root.OpenFile(relative, flags, 0)
}

// project returns the project of a folder and its root, which it opens once. The root is nil if no project is marked.
func (t *tree) project(in string) (folder string, root *os.Root, err error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.roots == nil {
		t.roots = map[string]*os.Root{}
	}
	folder = t.projects.Root(in)
	if folder != "" && t.roots[folder] == nil {
		if t.roots[folder], err = os.OpenRoot(folder); err != nil {
			return folder, nil, err
		}
	}
	return folder, t.roots[folder], nil
}

// absolutePath returns the absolute path of a name as the operating system resolves it: ".." is the parent of the
// real working directory, not of the symbolic link by which it was entered.
func absolutePath(name string) (string, error) {
	path := filepath.FromSlash(name)
	if filepath.IsAbs(path) || !strings.HasPrefix(path, "..") {
		return filepath.Abs(path)
	}
	here, err := filepath.EvalSymlinks(workingDirectory())
	return filepath.Join(here, path), err
}

func (t *tree) Stat(name string) (fs.FileInfo, error) { return os.Stat(filepath.FromSlash(name)) }

func (t *tree) ReadDir(name string) ([]fs.DirEntry, error) {
	folder, err := t.open(name)
	if err != nil {
		return nil, err
	}
	defer folder.Close()
	entries, err := folder.ReadDir(-1)
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, err
}

func (t *tree) Lstat(name string) (fs.FileInfo, error) { return os.Lstat(filepath.FromSlash(name)) }

func (t *tree) ReadLink(name string) (string, error) {
	target, err := os.Readlink(filepath.FromSlash(name))
	return filepath.ToSlash(target), err
}
