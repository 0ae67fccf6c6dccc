package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"

	"github.com/mlpolicy/mlpolicy/internal/lint/baseline"
	"github.com/mlpolicy/mlpolicy/internal/lint/config"
)

// listings are the folders that were read in a run. Each is read once: linking walks the project after the files of the
// command line have been walked.
type listings struct {
	slots chan struct{} // for readAhead

	mutex    sync.Mutex
	byFolder map[string]*promised // by absolute path with slashes
}

func newListings() *listings {
	return &listings{slots: make(chan struct{}, runtime.GOMAXPROCS(0)), byFolder: map[string]*promised{}}
}

// promised is the listing of a folder, which the first call of read reads.
type promised struct {
	above []*ignoreFile // the ignore files of the folders above
	read  func() *listing
}

// listing is what is in a folder.
type listing struct {
	entries []listed      // sorted by name
	ignores []*ignoreFile // those of the folders above and that of the folder
	err     error         // if the folder could not be read
}

// listed is an entry of a folder.
type listed struct {
	fs.DirEntry
	ignored verdict // of the ignore files, if the entry could be an input or have inputs
}

// of returns the listing of a folder; absolute has slashes. above are the ignore files of the folders above.
func (l *listings) of(folder, absolute string, above []*ignoreFile) *listing {
	return l.promise(folder, absolute, above).read()
}

func (l *listings) promise(folder, absolute string, above []*ignoreFile) *promised {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	known := l.byFolder[absolute]
	// A folder in a repository within another one has more ignore files if the walk began in the outer one.
	if known == nil || !slices.EqualFunc(known.above, above, sameDomain) {
		known = &promised{above, sync.OnceValue(func() *listing { return list(folder, absolute, above) })}
		l.byFolder[absolute] = known
	}
	return known
}

func sameDomain(a, b *ignoreFile) bool { return a.domain == b.domain }

// ahead is how many of the next entries readAhead looks at. If the configuration ignores them, they are read in vain.
const ahead = 8

// readAhead reads the first folders among the next entries of a folder while the walk is at those before, as far as other
// cores are free.
func (l *listings) readAhead(folder, absolute string, within *listing, next []listed) {
	for _, entry := range next[:min(len(next), ahead)] {
		if !entry.IsDir() || entry.ignored.ignored || entry.Name() == ".git" {
			continue
		}
		promise := l.promise(filepath.Join(folder, entry.Name()), domainOf(absolute)+entry.Name(), within.ignores)
		select {
		case l.slots <- struct{}{}:
			go func() {
				promise.read()
				<-l.slots
			}()
		default:
			return
		}
	}
}

// list reads a folder.
func list(folder, absolute string, above []*ignoreFile) *listing {
	read := &listing{ignores: above}
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
	read.entries = make([]listed, len(entries))
	for i, entry := range entries {
		read.entries[i].DirEntry = entry
		switch name := entry.Name(); {
		case name == ".git", name == config.FileName, name == baseline.FileName, !entry.IsDir() && !deployable(name):
		default:
			read.entries[i].ignored = match(read.ignores, domainOf(absolute)+name, entry.IsDir())
		}
	}
	return read
}
