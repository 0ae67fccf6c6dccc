// Package language has the languages besides YAML and JSON in which teams describe deployments. Each is a package below
// this one, which makes documents in the structure of a format that package extract reads: nothing is executed, a value
// that is not plainly known is absent, and what is not understood is skipped.
package language

import (
	"strings"
	"sync"

	"github.com/mlpolicy/mlpolicy/internal/lint/language/bicep"
	"github.com/mlpolicy/mlpolicy/internal/lint/language/python"
	"github.com/mlpolicy/mlpolicy/internal/lint/language/terraform"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Language is a language of source files.
type Language struct {
	// Name turns the language off in sources: of the configuration.
	Name string
	// Suffixes are those of the names of its files, in lower case.
	Suffixes []string
	// Marked reports whether a file may describe or complete a deployment, by its name and its bytes. It is asked for each
	// file of a walk.
	Marked func(name string, data []byte) bool
	// Modules reports whether a file may include others, so that what it describes depends on them.
	Modules bool
	// Folders reports whether a module is a folder, with all files of the language in it, and not a file.
	Folders bool
	// Includes returns texts of a file that may be the paths of what it includes, relative to its folder; nil without Modules.
	Includes func(data []byte) []string
	// Decides reports whether what the other files of the module describe may change with a file, beside the values that it declares
	// itself; nil without Modules.
	Decides func(name string, data []byte) bool
	// Open returns a reader for one run. It finds included files in files, which is nil if each file is read on its own.
	Open func(files Files) Reader
}

// Reader reads the files of one run. It is safe for concurrent use.
type Reader interface {
	// Read reads a file of the run or of its project. If another file includes the file, both have the same nodes.
	Read(name string, data []byte) *source.File
	// IsCalled reports whether another file that was read includes the file, so that its documents are those of the callers.
	IsCalled(file *source.File) bool
}

// Completer is a Reader of files that complete others.
type Completer interface {
	// Completes returns what a file without documents of its own adds to, empty for nothing.
	Completes(file *source.File) string
}

// Files are the files of a project. Names have the form of source.File.Name.
type Files interface {
	// Resolve returns the name of the file or folder at a path that is relative to the folder of a file; ok is false outside the
	// project of that file.
	Resolve(from, path string) (name string, ok bool)
	// Read returns the content of a file; ok is false if it cannot be read.
	Read(name string) (data []byte, ok bool)
	// Reads reports whether a run over the folder of a file, and over what is around it, reads another file: it exists and is not
	// ignored.
	Reads(from, name string) bool
	// List returns the names of the files in a folder that are not ignored, sorted.
	List(folder string) []string
	// Folders returns the names of the folders in a folder, sorted.
	Folders(folder string) []string
}

// languages returns all languages, in the order of the documentation.
var languages = sync.OnceValue(func() []*Language {
	return []*Language{
		{
			Name: "python", Suffixes: python.Suffixes(), Marked: python.Marked,
			Open: func(files Files) Reader { return python.Open(files) },
		},
		{
			Name: "bicep", Suffixes: []string{".bicep", ".bicepparam"}, Marked: bicep.Marked,
			Modules: true, Includes: bicep.Includes, Decides: func(string, []byte) bool { return true },
			Open: func(files Files) Reader { return bicep.Open(files) },
		},
		{
			Name: "terraform", Suffixes: terraform.Suffixes(), Marked: terraform.Marked,
			Modules: true, Folders: true, Includes: terraform.Includes, Decides: terraform.Decides,
			Open: func(files Files) Reader { return terraform.Open(files) },
		},
	}
})

var bySuffix = sync.OnceValue(func() map[string]*Language {
	suffixes := map[string]*Language{}
	for _, language := range languages() {
		for _, suffix := range language.Suffixes {
			suffixes[suffix] = language
		}
	}
	return suffixes
})

// Names returns the names of all languages.
func Names() []string {
	var names []string
	for _, language := range languages() {
		names = append(names, language.Name)
	}
	return names
}

// Of returns the language of a file by its name, nil for YAML, JSON and all others.
func Of(name string) *Language {
	base := name[strings.LastIndexByte(name, '/')+1:]
	at := len(base)
	for range 2 { // a suffix has at most two parts: .tf.json
		if at = strings.LastIndexByte(base[:at], '.'); at <= 0 {
			return nil
		}
		if language := bySuffix()[strings.ToLower(base[at:])]; language != nil {
			return language
		}
	}
	return nil
}

// Readers are the readers of one run.
type Readers struct {
	files Files

	mutex sync.Mutex
	open  map[string]Reader // by the name of the language
}

// NewReaders returns readers that find included files in files, which may be nil.
func NewReaders(files Files) *Readers {
	return &Readers{files: files, open: map[string]Reader{}}
}

func (r *Readers) of(language *Language) Reader {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.open[language.Name] == nil {
		r.open[language.Name] = language.Open(r.files)
	}
	return r.open[language.Name]
}

// Read reads a file; ok is false if its name is of no language.
func (r *Readers) Read(name string, data []byte) (file *source.File, ok bool) {
	language := Of(name)
	if language == nil {
		return nil, false
	}
	return r.of(language).Read(name, data), true
}

// Completes returns what a file without documents of its own adds to, empty for nothing.
func (r *Readers) Completes(file *source.File) string {
	if language := Of(file.Name); language != nil {
		if completer, ok := r.of(language).(Completer); ok {
			return completer.Completes(file)
		}
	}
	return ""
}

// IsCalled reports whether another file that was read includes a file. One in YAML or JSON may be included by files of any language.
func (r *Readers) IsCalled(file *source.File) bool {
	if language := Of(file.Name); language != nil {
		return r.of(language).IsCalled(file)
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for _, reader := range r.open {
		if reader.IsCalled(file) {
			return true
		}
	}
	return false
}
