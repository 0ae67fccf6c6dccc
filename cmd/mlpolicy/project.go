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

// maxProjectFiles bounds the files of a project that are looked into for what
// completes a deployment. Looking into as many takes a second or two.
const maxProjectFiles = 50_000

// projects finds the project of a file, as config.Projects does. Without one, the file's folder is all that is looked
// into.
type projects struct {
	session  *session
	most     int               // files of a project
	tooLarge func(root string) // is called with one that has more

	mutex    sync.Mutex
	byFolder map[string]*extract.Project // of a file, as the file is named
	byRoot   map[string]*extract.Project // as files below it are named
	ignores  map[string][]*ignoreFile    // by absolute folder
}

func newProjects(session *session, tooLarge func(root string)) *projects {
	return &projects{
		session: session, most: maxProjectFiles, tooLarge: tooLarge,
		byFolder: map[string]*extract.Project{}, byRoot: map[string]*extract.Project{}, ignores: map[string][]*ignoreFile{},
	}
}

// of returns the project of a file, the same for all files of one that are named alike,
// be it from the working directory or from the root of the file system.
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

// rootOf returns the root of a folder's project in the form of the folder's own path,
// the folder itself where nothing marks one.
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

// isRepository reports whether a folder holds .git.
func isRepository(folder string) bool {
	_, err := os.Lstat(filepath.Join(folder, ".git"))
	return err == nil
}

// repositoryPaths returns a function that returns the path of a file from the root of the repository that the working
// directory is in, with slashes, as CI hosts name files. Without a repository it is the path from the working directory.
// A file that is not below the root keeps its name.
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

// files lists the files of a project that lint would read; of a folder that is none
// those in it and not below.
func (p *projects) files(ctx context.Context, root string, marked bool) ([]string, bool) {
	listing := &files{paths: []string{root}, resolver: p.session.resolver, flat: !marked, listing: true}
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

// direct takes the detour out of a path that leads up and down again to below the
// working directory.
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

// ignored reports whether a file is left out of a walk of its folder.
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
	return match(ignores, slashed, false).ignored || match(configuredIgnores(p.session.resolver.Of(name)), slashed, false).ignored
}
