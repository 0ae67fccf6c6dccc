package facts

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// file is a file or a folder.
type file struct {
	name string // without symbolic links
	as   string // name, but for the last step as it was looked up
	info fs.FileInfo
}

// maxLinks is how many symbolic links one path may lead through, as on Linux.
const maxLinks = 40

// resolve follows the symbolic links of a path, step by step as an operating system does,
// so that .. leads up from what a link leads to.
func resolve(fsys fs.FS, name string) (file, error) {
	at, rest := begin(".", name)
	as, links := "", 0
	for rest != "" {
		var step string
		step, rest, _ = strings.Cut(rest, "/")
		switch step {
		case "", ".":
			continue
		case "..":
			at = above(at)
			continue
		}
		next := path.Join(at, step)
		if as == "" && rest == "" {
			as = next
		}
		info, err := fs.Lstat(fsys, next)
		if err != nil {
			return file{}, err
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			at = next
			continue
		}
		if links++; links > maxLinks {
			return file{}, errors.New("too many symbolic links")
		}
		target, err := fs.ReadLink(fsys, next)
		if err != nil {
			return file{}, err
		}
		if rest != "" {
			target += "/" + rest
		}
		at, rest = begin(at, target)
	}
	info, err := fs.Stat(fsys, at)
	return file{at, cmp.Or(as, at), info}, err
}

// begin returns where a path begins that was found in a folder, and its steps from there.
func begin(folder, name string) (at, steps string) {
	volume := filepath.VolumeName(name)
	if steps, ok := strings.CutPrefix(name[len(volume):], "/"); ok {
		return volume + "/", steps
	}
	return folder, name
}

// above returns the folder around a folder under a name without symbolic links.
func above(name string) string {
	switch {
	case name == ".":
		return ".."
	case name == "..", strings.HasSuffix(name, "/.."):
		return name + "/.."
	}
	return path.Dir(name)
}

// follow resolves a path that must stay in the project; the error says to people why it
// cannot be followed.
func (s *sizes) follow(root, name string) (file, error) {
	found, err := resolve(s.fsys, name)
	switch {
	case err != nil:
		return file{}, cannotRead(path.Clean(name), err)
	case !within(s.fsys, root, found.name):
		return file{}, fmt.Errorf("%s points outside the project", path.Clean(name))
	}
	return found, nil
}

func cannotRead(name string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s does not exist", name)
	}
	return fmt.Errorf("%s cannot be read", name)
}

// within reports whether a path is root or below it; neither has symbolic links.
func within(fsys fs.FS, root, name string) bool {
	if below(root, name) {
		return true
	}
	// Names do not tell where only one is absolute, or where one leads up and down again.
	top, err := fs.Stat(fsys, root)
	for range maxDepth {
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

// below reports whether a path is root or below it by its name alone.
func below(root, name string) bool {
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

// upAndDown returns how often a path leads up and its steps from there.
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

// maxDepth is how many folders around a file are looked at.
const maxDepth = 100

// bound returns the folder that a path from a folder must not leave: the root of the
// project or, where nothing marks one, what holds both the folder and what the path says,
// so that no symbolic link leads out.
func (s *sizes) bound(root, folder, local string) (string, error) {
	if root != "" {
		found, err := resolve(s.fsys, root)
		if err != nil {
			return "", cannotRead(root, err)
		}
		return found.name, nil
	}
	for range maxDepth {
		if below(folder, path.Join(folder, local)) {
			break
		}
		folder = above(folder)
	}
	return folder, nil
}
