package link

import (
	"io/fs"
	"path"
	"slices"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/resolve"
)

// Files are the files of the projects of a run, as package language looks up what a file includes. It is safe for
// concurrent use if options.Project is.
type Files struct {
	fsys    fs.FS
	project func(file string) *Project
}

// NewFiles returns the files in fsys. Without options.Project the project of a file is its folder.
func NewFiles(fsys fs.FS, options Options) *Files { return &Files{fsys, options.Project} }

// Resolve returns the name of the file or folder at a path that is relative to the folder of a file; ok is false outside
// the project of that file.
func (f *Files) Resolve(from, to string) (name string, ok bool) {
	folder := read.FolderOf(from)
	if folder == read.StandardInput || path.IsAbs(to) {
		return "", false
	}
	joined := path.Join(folder, to)
	if f.project == nil {
		return joined, resolve.Below(folder, joined)
	}
	project := f.project(from)
	if project.Direct != nil {
		joined = project.Direct(joined)
	}
	return joined, project.Root == "" || resolve.Below(project.Root, joined)
}

// Read returns the content of a file; ok is false if it cannot be read.
func (f *Files) Read(name string) (data []byte, ok bool) {
	data = content(f.fsys, name)
	return data, data != nil
}

// Reads reports whether a walk over the folder of a file, and over what is around it, reads another file: it exists, and neither
// it nor a folder on the way to it is ignored.
func (f *Files) Reads(from, name string) bool {
	if info, err := fs.Stat(f.fsys, name); err != nil || !info.Mode().IsRegular() {
		return false
	}
	if f.project == nil || f.project(from).Ignored == nil {
		return true
	}
	ignored, walked := f.project(from).Ignored, read.FolderOf(from)
	for folder := path.Dir(name); !resolve.Below(folder, walked) && folder != path.Dir(folder); folder = path.Dir(folder) {
		if ignored(folder + "/") {
			return false
		}
	}
	return !ignored(name)
}

// List returns the names of the files in a folder that are not ignored, sorted.
func (f *Files) List(folder string) []string {
	if folder == read.StandardInput {
		return nil
	}
	entries, err := fs.ReadDir(f.fsys, folder)
	if err != nil {
		return nil
	}
	var ignored func(string) bool
	if f.project != nil {
		ignored = f.project(path.Join(folder, "any")).Ignored
	}
	var names []string
	for _, entry := range entries {
		if name := path.Join(folder, entry.Name()); !entry.IsDir() && (ignored == nil || !ignored(name)) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Folders returns the names of the folders in a folder, sorted.
func (f *Files) Folders(folder string) []string {
	if folder == read.StandardInput {
		return nil
	}
	entries, err := fs.ReadDir(f.fsys, folder)
	if err != nil {
		return nil
	}
	var names []string
	for _, entry := range entries {
		if entry.IsDir() {
			names = append(names, path.Join(folder, entry.Name()))
		}
	}
	slices.Sort(names)
	return names
}
