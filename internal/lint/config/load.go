package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// FileName is the name of a configuration file.
const FileName = ".mlpolicy.yaml"

const (
	// maxSize is in bytes. A configuration of a thousand entries has some 100 KiB.
	maxSize = 4 << 20
	// maxExtended limits the files that one configuration extends, directly and indirectly: more are hard to follow.
	maxExtended = 5
)

// inFolder returns the path of the configuration file in a folder, empty if there is none. The error is the reason why
// an existing one cannot be used.
func inFolder(folder string) (string, error) {
	file := filepath.Join(folder, FileName)
	info, err := os.Lstat(file)
	isLink := err == nil && info.Mode().Type() == fs.ModeSymlink
	if isLink {
		info, err = os.Stat(file)
	}
	switch {
	case err == nil && info.IsDir():
		return file, errors.New("a folder, not a file")
	case err == nil:
		return file, nil
	case errors.Is(err, fs.ErrNotExist) && isLink:
		// A configuration that is missing, such as in a submodule that is not checked out.
		return file, errors.New("a link to a file that does not exist")
	case errors.Is(err, fs.ErrNotExist):
	case errors.Is(err, syscall.ELOOP):
		return file, errors.New("a link to itself")
	case !errors.Is(err, fs.ErrPermission):
		return file, err
	}
	misnamed := filepath.Join(folder, ".mlpolicy.yml")
	if _, err := os.Stat(misnamed); err == nil {
		return misnamed, fmt.Errorf("never read: rename it to %s", FileName)
	}
	return "", nil
}

// loader reads configuration files, each once.
type loader struct {
	dir   workingDir
	files map[string]*source.File // by absolute path
	tried map[string]bool         // absolute paths
}

// try records a file that is read if it exists.
func (l *loader) try(path string) {
	if l.tried == nil {
		l.tried = map[string]bool{}
	}
	l.tried[path] = true
}

// load reads a file and what it extends, the weakest layer first. Extended files must be below the project's folder,
// and patterns in them are relative to it; the layers have the rest of common. The error is Errors where the file
// could be read.
func (l *loader) load(path, project string, common layer, skip map[*source.Node]bool) ([]*layer, error) {
	file, err := l.file(path, func() (io.ReadCloser, error) { return os.Open(path) })
	if err != nil {
		return nil, err
	}
	common.home = filepath.Dir(path)
	layers, r := readLayers(file, common, skip)
	mistakes := r.mistakes
	if r.extends != nil {
		common.folder, common.isPart, common.via = project, true, r.extends
		extended, more := l.extended(r.extends, project, []string{path}, common, skip)
		layers, mistakes = append(extended, layers...), append(mistakes, more...)
	}
	return layers, mistakes.err()
}

// extended reads the file that the value of extends names, and what that extends. chain are the files that lead there.
func (l *loader) extended(value *source.Node, project string, chain []string, common layer, skip map[*source.Node]bool) ([]*layer, Errors) {
	mistake := func(format string, args ...any) ([]*layer, Errors) {
		return nil, Errors{At(value, fmt.Sprintf(format, args...))}
	}
	name := filepath.FromSlash(value.Text())
	path := filepath.Join(filepath.Dir(chain[len(chain)-1]), name)
	relative, err := filepath.Rel(project, path)
	switch {
	case strings.Contains(value.Text(), "://"):
		return mistake("extends must be a path in the project, not the address %q", value.Text())
	case filepath.IsAbs(name):
		return mistake("extends must be a relative path, not %q", value.Text())
	case err != nil || !filepath.IsLocal(relative):
		return mistake("extends leads out of the project: %q", value.Text())
	case slices.Contains(chain, path):
		return mistake("extends is a cycle: %s extends itself", l.dir.shortest(path))
	case len(chain) > maxExtended:
		return mistake("extends is more than %d files deep", maxExtended)
	}
	file, err := l.file(path, func() (io.ReadCloser, error) {
		root, err := os.OpenRoot(project)
		if err != nil {
			return nil, err
		}
		defer root.Close()
		return root.Open(relative)
	})
	var pathError *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return mistake("extends %q: no such file", value.Text())
	case errors.As(err, &pathError):
		return mistake("extends %q: %s", value.Text(), pathError.Err)
	case err != nil:
		return mistake("extends %q: %s", value.Text(), err)
	}
	common.home = filepath.Dir(path)
	layers, r := readLayers(file, common, skip)
	if r.extends == nil {
		return layers, r.mistakes
	}
	further, mistakes := l.extended(r.extends, project, append(slices.Clip(chain), path), common, skip)
	return append(further, layers...), append(r.mistakes, mistakes...)
}

// file parses a file, which open opens where it was not read before.
func (l *loader) file(path string, open func() (io.ReadCloser, error)) (*source.File, error) {
	if known := l.files[path]; known != nil {
		return known, nil
	}
	l.try(path)
	f, err := open()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxSize {
		return nil, &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("larger than %d MiB", maxSize>>20)}
	}
	file := source.Parse(l.dir.shortest(path), data)
	if l.files == nil {
		l.files = map[string]*source.File{}
	}
	l.files[path] = file
	return file, nil
}

// Parse reads the text of a root configuration that extends no other; the error is Errors.
func Parse(data []byte, origin Origin) (*Config, error) {
	common := layer{folder: origin.Folder, home: origin.Folder}
	layers, r := readLayers(source.Parse(origin.Name, data), common, nil)
	if r.extends != nil {
		r.mistake(r.extends, "extends needs a file")
	}
	return root(layers, r.mistakes.err(), origin.Folder, workingDir{origin.WorkingDir, origin.WorkingDir})
}

// Origin is where the text of a configuration comes from.
type Origin struct {
	Name       string // of the file, as messages call it
	Folder     string // absolute path that the configuration's paths are relative to
	WorkingDir string // absolute path that the names of linted files are relative to
}

// root makes a root configuration of its layers unless there are mistakes.
func root(layers []*layer, err error, folder string, dir workingDir) (*Config, error) {
	if err != nil {
		return nil, err
	}
	c := composeFor(layers, folder, dir, func(*layer) bool { return false })
	if err := brokenLocks(c).err(); err != nil {
		return nil, err
	}
	return c, nil
}

// composeFor merges layers with those entries of overrides that apply.
func composeFor(layers []*layer, folder string, dir workingDir, applies func(*layer) bool) *Config {
	var inForce, overrides []*layer
	for _, l := range layers {
		if l.within != nil {
			overrides = append(overrides, l)
		}
		if l.within == nil || applies(l) {
			inForce = append(inForce, l)
		}
	}
	return compose(inForce, overrides, folder, dir)
}
