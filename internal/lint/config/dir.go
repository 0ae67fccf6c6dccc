package config

import (
	"os"
	"path/filepath"
	"strings"
)

// workingDir is the folder that the names of files are relative to.
type workingDir struct {
	path     string // as it was entered; empty where there are no files
	resolved string // without symbolic links
}

func openWorkingDir() (workingDir, error) {
	path, err := os.Getwd()
	if err != nil {
		return workingDir{}, err
	}
	resolved, err := filepath.EvalSymlinks(path)
	return workingDir{path, resolved}, err
}

// absolute returns the absolute path of a name as the operating system understands it: .. leads up from where the
// working directory is, not from the link by which it was entered.
func (d workingDir) absolute(name string) string {
	path := filepath.FromSlash(name)
	switch {
	case filepath.IsAbs(path):
		return filepath.Clean(path)
	case strings.HasPrefix(path, ".."):
		return filepath.Join(d.resolved, path)
	}
	return filepath.Join(d.path, path)
}

// relative returns the path of a file from a folder, with slashes.
func (d workingDir) relative(folder, name string) string {
	if folder == "" || d.path == "" {
		return name
	}
	relative, err := filepath.Rel(folder, d.absolute(name))
	if err != nil { // on another drive
		return name
	}
	return filepath.ToSlash(relative)
}

// shortest is the path as people in the working directory would write it, with slashes.
func (d workingDir) shortest(path string) string {
	if relative, err := filepath.Rel(d.path, path); err == nil && len(relative) < len(path) {
		path = relative
	}
	return filepath.ToSlash(path)
}
