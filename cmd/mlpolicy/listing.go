package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/mlpolicy/mlpolicy/internal/lint/baseline"
	"github.com/mlpolicy/mlpolicy/internal/lint/config"
)

// listings are the folders that were read in a run. Each is read once: linking walks the project after the files of the
// command line have been walked.
type listings struct {
	resolver *config.Resolver

	mutex    sync.Mutex
	byFolder map[string]*listing // by absolute path with slashes
}

func newListings(resolver *config.Resolver) *listings {
	return &listings{resolver: resolver, byFolder: map[string]*listing{}}
}

// listing is what is in a folder.
type listing struct {
	entries []listed // sorted by name
	err     error    // if the folder could not be read
	above   []*ignoreFile
	ignores []*ignoreFile // above, and that of the folder
}

// listed is an entry of a folder.
type listed struct {
	fs.DirEntry
	ignoredBy string // what ignores the entry, if it could be an input or have inputs otherwise; empty for nothing
}

// of returns the listing of a folder; absolute has slashes. above are the ignore files of the folders above.
func (l *listings) of(folder, absolute string, above []*ignoreFile) *listing {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	// A folder in a repository within another one has more ignore files if the walk began in the outer one.
	if known := l.byFolder[absolute]; known != nil && slices.EqualFunc(known.above, above, sameDomain) {
		return known
	}
	read := l.read(folder, absolute, above)
	l.byFolder[absolute] = read
	return read
}

func sameDomain(a, b *ignoreFile) bool { return a.domain == b.domain }

func (l *listings) read(folder, absolute string, above []*ignoreFile) *listing {
	read := &listing{above: above, ignores: above}
	entries, err := os.ReadDir(folder)
	if err != nil {
		read.err = err
		return read
	}
	for _, entry := range entries {
		if entry.Name() == ".gitignore" {
			if own := readIgnoreFile(filepath.Join(folder, entry.Name()), absolute); own != nil {
				read.ignores = append(slices.Clip(above), own)
			}
		}
	}
	configured := configuredIgnores(l.resolver.OfFolder(folder))
	read.entries = make([]listed, len(entries))
	for i, entry := range entries {
		read.entries[i].DirEntry = entry
		switch name := entry.Name(); {
		case name == ".git", name == config.FileName, name == baseline.FileName, !entry.IsDir() && !deployable(name):
			continue
		}
		for _, files := range [][]*ignoreFile{read.ignores, configured} {
			if v := match(files, domainOf(absolute)+entry.Name(), entry.IsDir()); v.ignored {
				read.entries[i].ignoredBy = v.where
				break
			}
		}
	}
	return read
}
