// Package resolve follows the symbolic links of paths, and reports whether they stay within a folder.
package resolve

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// File is a file or a folder.
type File struct {
	Name string // without symbolic links
	As   string // Name, except that the last element is not resolved
	Info fs.FileInfo
}

// maxLinks limits the symbolic links in one path, as on Linux.
const maxLinks = 40

// Path follows the symbolic links of a path element by element, as an operating system does. An
// element .. is the parent of what a link points to.
func Path(fsys fs.FS, name string) (File, error) {
	at, rest := begin(".", name)
	as, links := "", 0
	for rest != "" {
		var step string
		step, rest, _ = strings.Cut(rest, "/")
		switch step {
		case "", ".":
			continue
		case "..":
			at = Above(at)
			continue
		}
		next := path.Join(at, step)
		if as == "" && rest == "" {
			as = next
		}
		info, err := fs.Lstat(fsys, next)
		if err != nil {
			return File{}, err
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			at = next
			continue
		}
		if links++; links > maxLinks {
			return File{}, errors.New("too many symbolic links")
		}
		target, err := fs.ReadLink(fsys, next)
		if err != nil {
			return File{}, err
		}
		if rest != "" {
			target += "/" + rest
		}
		at, rest = begin(at, target)
	}
	info, err := fs.Stat(fsys, at)
	return File{at, cmp.Or(as, at), info}, err
}

// begin returns the start of a path relative to a folder, and the elements after it.
func begin(folder, name string) (at, steps string) {
	volume := filepath.VolumeName(name)
	if steps, ok := strings.CutPrefix(name[len(volume):], "/"); ok {
		return volume + "/", steps
	}
	return folder, name
}

// Above returns the parent of a folder. name must not have symbolic links.
func Above(name string) string {
	switch {
	case name == ".":
		return ".."
	case name == "..", strings.HasSuffix(name, "/.."):
		return name + "/.."
	}
	return path.Dir(name)
}

// Within reports whether a path is root or below it. Neither may have symbolic links.
func Within(fsys fs.FS, root, name string) bool {
	if Below(root, name) {
		return true
	}
	// Names are not enough if only one is absolute, or if one leads up and down again.
	top, err := fs.Stat(fsys, root)
	for range MaxDepth {
		info, nameErr := fs.Stat(fsys, name)
		switch {
		case err != nil || nameErr != nil:
			return false
		case os.SameFile(top, info):
			return true
		case name == "." || path.Base(name) == ".." || path.Dir(name) == name:
			return false
		}
		name = path.Dir(name)
	}
	return false
}

// Below reports whether a path is root or below it by name alone.
func Below(root, name string) bool {
	if path.IsAbs(root) != path.IsAbs(name) {
		return false
	}
	rootUp, rootDown := upAndDown(root)
	nameUp, nameDown := upAndDown(name)
	if rootDown == "" {
		return nameUp <= rootUp
	}
	return nameUp == rootUp && (nameDown == rootDown || strings.HasPrefix(nameDown, rootDown+"/"))
}

// upAndDown returns the number of leading .. elements of a path and the rest.
func upAndDown(name string) (up int, down string) {
	for {
		switch rest, ok := strings.CutPrefix(name, "../"); {
		case ok:
			name = rest
			up++
		case name == "..":
			return up + 1, ""
		case name == ".":
			return up, ""
		default:
			return up, strings.Trim(name, "/")
		}
	}
}

// MaxDepth limits the parent folders of a file that are searched.
const MaxDepth = 100
