package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract"
)

// maxProjectFiles limits the files of a project that are searched for related documents of a
// deployment. Searching this number takes one to two seconds.
const maxProjectFiles = 50_000

// projects finds the project of a file, as config.Projects does. For a file without a project it is the file's folder
// without subfolders.
type projects struct {
	session  *session
	most     int               // limit of the files of a project
	tooLarge func(root string) // called for a project with more files

	mutex    sync.Mutex
	byFolder map[string]*extract.Project // by the folder in the name of a file
	byRoot   map[string]*extract.Project // by the root in the names of its files
	ignores  map[string][]*ignoreFile    // by absolute folder
}

func newProjects(session *session, tooLarge func(root string)) *projects {
	return &projects{
		session: session, most: maxProjectFiles, tooLarge: tooLarge,
		byFolder: map[string]*extract.Project{}, byRoot: map[string]*extract.Project{}, ignores: map[string][]*ignoreFile{},
	}
}

// of returns the project of a file. Files of one project have the same value if their names are all
// relative or all absolute.
func (p *projects) of(file string) *extract.Project {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	folder := filepath.Dir(filepath.FromSlash(file))
	if known := p.byFolder[folder]; known != nil {
		return known
	}
	root, marked := rootOf(p.session.projects, folder)
	project := p.byRoot[root]
	if project == nil {
		project = &extract.Project{
			Files:   func(ctx context.Context) ([]string, bool) { return p.files(ctx, root, marked) },
			Ignored: p.ignored,
			Direct:  direct,
		}
		if marked {
			project.Root = filepath.ToSlash(root)
		}
		p.byRoot[root] = project
	}
	p.byFolder[folder] = project
	return project
}

// rootOf returns the root of a folder's project, relative if the folder is relative. It returns the
// folder itself if no root is marked.
func rootOf(projects *config.Projects, folder string) (root string, marked bool) {
	absolute, err := absolutePath(folder)
	if err != nil {
		return folder, false
	}
	root = projects.Root(absolute)
	switch {
	case root == "":
		return folder, false
	case filepath.IsAbs(folder):
		return root, true
	}
	if relative, err := filepath.Rel(workingDirectory(), root); err == nil {
		return relative, true
	}
	return root, true
}

// isRepository reports whether a folder contains .git.
func isRepository(folder string) bool {
	_, err := os.Lstat(filepath.Join(folder, ".git"))
	return err == nil
}

// repositoryPaths returns a function that converts the name of a file to the form that CI hosts use: a path with
// slashes, relative to the root of the working directory's repository, or to the working directory without a
// repository. It does not change the name of a file outside the root.
func repositoryPaths() func(file string) string {
	root := workingDirectory()
	for dir := root; ; dir = filepath.Dir(dir) {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			root = dir
			break
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	return func(file string) string {
		if file == unnamedStdin {
			return file
		}
		absolute, err := filepath.Abs(filepath.FromSlash(file))
		if err != nil {
			return file
		}
		if path, err := filepath.Rel(root, absolute); err == nil && filepath.IsLocal(path) {
			return filepath.ToSlash(path)
		}
		return file
	}
}

func workingDirectory() string {
	dir, err := filepath.Abs(".")
	if err != nil {
		return "."
	}
	return dir
}

// files returns the names of the files of a project that lint would read, without those of subfolders
// if no root is marked. It returns false if there are too many.
func (p *projects) files(ctx context.Context, root string, marked bool) ([]string, bool) {
	listing := &files{paths: []string{root}, resolver: p.session.resolver, flat: !marked, listing: true, listings: p.session.listings}
	var names []string
	for input := range listing.inputs(ctx) {
		if len(names) == p.most {
			p.tooLarge(root)
			return nil, false
		}
		names = append(names, direct(input.Name))
	}
	return names, true
}

// direct shortens a path below the working directory that leads through its parents.
func direct(name string) string {
	if !strings.HasPrefix(name, "../") {
		return name
	}
	here := workingDirectory()
	path, err := filepath.Rel(here, filepath.Join(here, filepath.FromSlash(name)))
	if err != nil {
		return name
	}
	return filepath.ToSlash(path)
}

// ignored reports whether ignore files or the configuration exclude a file, or a folder if the name ends in a slash.
func (p *projects) ignored(name string) bool {
	absolute, err := filepath.Abs(filepath.FromSlash(name))
	if err != nil {
		return false
	}
	folder := filepath.Dir(absolute)
	p.mutex.Lock()
	ignores, known := p.ignores[folder]
	if !known {
		ignores = ignoresAbove(absolute)
		p.ignores[folder] = ignores
	}
	p.mutex.Unlock()
	slashed := filepath.ToSlash(absolute)
	isFolder := strings.HasSuffix(name, "/")
	return match(ignores, slashed, isFolder).ignored || match(configuredIgnores(p.session.resolver.Of(name)), slashed, isFolder).ignored
}
