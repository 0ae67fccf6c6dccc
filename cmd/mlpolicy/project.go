package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/mlpolicy/mlpolicy/internal/lint/config"
	"github.com/mlpolicy/mlpolicy/internal/lint/facts"
)

// maxProjectFiles bounds the files of a project that are looked into for what
// completes a deployment. Looking into as many takes a second or two.
const maxProjectFiles = 50_000

// projects finds the project of a file: the nearest folder above it that holds .git or
// a configuration. Without one, the file's folder is all that is looked into.
type projects struct {
	configuration *config.Config
	most          int // files of a project

	mutex    sync.Mutex
	byFolder map[string]*facts.Project // of a file, as the file is named
	byRoot   map[string]*facts.Project // as files below it are named
}

func newProjects(configuration *config.Config) *projects {
	return &projects{configuration: configuration, most: maxProjectFiles, byFolder: map[string]*facts.Project{}, byRoot: map[string]*facts.Project{}}
}

// of returns the project of a file, the same for all files of one that are named alike,
// be it from the working directory or from the root of the file system.
func (p *projects) of(file string) *facts.Project {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	folder := filepath.Dir(filepath.FromSlash(file))
	if known := p.byFolder[folder]; known != nil {
		return known
	}
	root, marked := rootOf(folder)
	project := p.byRoot[root]
	if project == nil {
		project = &facts.Project{Files: func(ctx context.Context) ([]string, bool) { return p.files(ctx, root, marked) }}
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
func rootOf(folder string) (root string, marked bool) {
	absolute, err := filepath.Abs(folder)
	if err != nil {
		return folder, false
	}
	for dir := absolute; ; dir = filepath.Dir(dir) {
		if marksProject(dir) {
			if filepath.IsAbs(folder) {
				return dir, true
			}
			if relative, err := filepath.Rel(workingDirectory(), dir); err == nil {
				return relative, true
			}
			return dir, true
		}
		if dir == filepath.Dir(dir) {
			return folder, false
		}
	}
}

func marksProject(dir string) bool {
	for _, name := range []string{".git", config.FileName} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			return true
		}
	}
	return false
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
	listing := &files{paths: []string{root}, flat: !marked}
	listing.leaveOut(p.configuration)
	var names []string
	here := workingDirectory()
	for input := range listing.inputs(ctx) {
		if len(names) == p.most {
			return nil, false
		}
		name := input.Name
		if strings.HasPrefix(name, "../") {
			// A file that is named from below the root has no detour in its name.
			if direct, err := filepath.Rel(here, filepath.Join(here, filepath.FromSlash(name))); err == nil {
				name = filepath.ToSlash(direct)
			}
		}
		names = append(names, name)
	}
	return names, true
}
