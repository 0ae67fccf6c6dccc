package config

import (
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// Projects finds the projects of folders. The project of a folder is the nearest one around it that holds .git; else the
// topmost one around it that holds a configuration, or the folder that was named, whichever is above the other. Folders
// are absolute paths. It is safe for concurrent use.
type Projects struct {
	// Named are the folders that the command line names.
	Named []string

	mutex sync.Mutex
	known map[string]string // by folder
}

// Root returns the folder of the project that a folder is in, empty where nothing marks one.
func (p *Projects) Root(folder string) string {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.root(folder)
}

func (p *Projects) root(folder string) string {
	if known, ok := p.known[folder]; ok {
		return known
	}
	if p.known == nil {
		p.known = map[string]string{}
	}
	root := ""
	switch parent := filepath.Dir(folder); {
	case holds(folder, ".git"):
		root = folder
	case parent != folder:
		root = p.root(parent)
	}
	if root == "" && (slices.Contains(p.Named, folder) || holds(folder, FileName)) {
		root = folder
	}
	p.known[folder] = root
	return root
}

func holds(folder, name string) bool {
	_, err := os.Lstat(filepath.Join(folder, name))
	return err == nil
}
