// Package bicep reads Bicep, the language of Azure Resource Manager. A file becomes the tree of the template that Bicep's compiler makes
// of it, with the positions of the source, and a parameters file that of a parameters file in JSON. Modules and imported files are read
// with the files that name them. What is not understood is skipped: an expression is unknown, a declaration is left out.
//
// https://learn.microsoft.com/azure/azure-resource-manager/bicep/file
package bicep

import (
	"bytes"
	"fmt"
	"path"
	"strings"
	"sync"
	"unsafe"

	"github.com/mlpolicy/mlpolicy/internal/lint/language/bicep/syntax"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Files are the files of a project; see language.Files.
type Files interface {
	Resolve(from, path string) (name string, ok bool)
	Read(name string) (data []byte, ok bool)
}

// Reader reads the Bicep files of one run; see language.Reader.
type Reader struct {
	files Files
	all   bool // resources of all types are read

	mutex  sync.Mutex // of everything below
	units  map[string]*unit
	called map[*source.File]bool

	emitting       sync.Mutex // of the trees, of called and of everything below
	loads          map[loadedFile]*source.Node
	configurations map[string]*source.Node   // by folder
	templates      map[string]calledTemplate // in JSON
}

// Open returns a reader that finds other files in files, which may be nil.
func Open(files Files) *Reader {
	return &Reader{
		files: files, units: map[string]*unit{}, called: map[*source.File]bool{}, loads: map[loadedFile]*source.Node{},
		configurations: map[string]*source.Node{}, templates: map[string]calledTemplate{},
	}
}

// All makes the reader read resources of all types, for comparisons with the compiler.
func (r *Reader) All() { r.all = true }

// unit is a file.
type unit struct {
	once         sync.Once
	file         *source.File
	declarations []*syntax.Declaration
	symbols      map[string]*syntax.Declaration
	text         string
	unread       []int // offsets of the declarations that are not understood
	templated    int   // the first line with a directive of another tool, 0 for none

	looked bool
	open   map[string]bool // the types without secrets, if looked

	begun, added bool
	template     *source.Node
	relevant     bool // template has resources that are read
}

// Marked reports whether a file may describe or complete a deployment.
func Marked(name string, data []byte) bool {
	if isParameters(name) {
		return bytes.Contains(data, []byte("using"))
	}
	for _, mark := range []string{
		"achineLearningServices/", "achinelearningservices/", "ontainerInstance/", "ontainerinstance/", "ontainerService/", "ontainerservice/",
		"icrosoft.Web/sites", "icrosoft.web/sites", "MACHINELEARNINGSERVICES/", "CONTAINERINSTANCE/", "CONTAINERSERVICE/", "MICROSOFT.WEB/SITES",
		"module",
	} {
		if bytes.Contains(data, []byte(mark)) {
			return true
		}
	}
	return false
}

// Includes returns the texts in quotes that may be the path of a file.
func Includes(data []byte) []string {
	var paths []string
	for line := range bytes.Lines(data) {
		for _, text := range bytes.Split(line, []byte("'")) {
			switch path.Ext(string(text)) {
			case ".bicep", ".bicepparam", ".json", ".jsonc", ".yaml", ".yml":
				paths = append(paths, string(text))
			}
		}
	}
	return paths
}

func isParameters(name string) bool { return strings.EqualFold(path.Ext(name), ".bicepparam") }

// Read reads a file.
func (r *Reader) Read(name string, data []byte) *source.File {
	if data == nil {
		data = []byte{}
	}
	u := r.open(name, data)
	r.emitting.Lock()
	defer r.emitting.Unlock()
	if u.added || len(u.file.Problems) > 0 {
		return u.file
	}
	u.added = true
	if u.templated > 0 && !isParameters(u.file.Name) {
		u.file.Skipped = fmt.Sprintf("line %d: a template of another tool", u.templated)
		return u.file
	}
	if root := r.document(u); root != nil {
		u.file.Add(root)
	}
	if len(u.unread) > 0 {
		u.file.Skipped = fmt.Sprintf("line %d: the declaration is not understood", u.file.Position(u.unread[0]).Line)
	}
	return u.file
}

// IsCalled reports whether a file that was read uses another one, which may be a template in JSON, as a module.
func (r *Reader) IsCalled(file *source.File) bool {
	r.emitting.Lock()
	defer r.emitting.Unlock()
	return r.called[file] || r.templates[file.Name].template != nil
}

// open parses a file once. Without data, it reads the file, and returns nil if it cannot.
func (r *Reader) open(name string, data []byte) *unit {
	r.mutex.Lock()
	u := r.units[name]
	if u == nil {
		if data == nil {
			var ok bool
			if data, ok = r.files.Read(name); !ok {
				r.mutex.Unlock()
				return nil
			}
		}
		u = &unit{}
		r.units[name] = u
	}
	r.mutex.Unlock()
	u.once.Do(func() { u.parse(name, data) })
	return u
}

// parse parses the declarations of a file.
func (u *unit) parse(name string, data []byte) {
	u.file = source.Decode(name, data)
	u.symbols = map[string]*syntax.Declaration{}
	if len(u.file.Problems) > 0 {
		return
	}
	u.text = unsafe.String(unsafe.SliceData(u.file.Text), len(u.file.Text))
	p := syntax.Parse(u.file, u.text)
	u.file.SetComments(p.Comments)
	u.declarations, u.unread = p.Declarations, p.Unread
	for _, start := range u.unread {
		if rest := u.text[start:]; strings.HasPrefix(rest, "{{") || strings.HasPrefix(rest, "{%") || strings.HasPrefix(rest, "<%") {
			u.templated = u.file.Position(start).Line
			if !isParameters(name) {
				u.declarations = nil
			}
			break
		}
	}
	for _, d := range u.declarations {
		if d.Word == "import" {
			for here := range d.Symbols {
				u.symbols[here] = d
			}
		} else if d.Name != "" && d.Word != "output" && d.Word != "metadata" && d.Word != "type" {
			u.symbols[d.Name] = d
		}
	}
}

// document returns the tree of a file, nil if nothing in it is relevant.
func (r *Reader) document(u *unit) *source.Node {
	if isParameters(u.file.Name) {
		return newEmitter(r, u).parametersFile()
	}
	if template := r.templateOf(u); u.relevant {
		return template
	}
	return nil
}

// templateOf returns the tree of a template, nil if it has neither relevant resources nor outputs or if it uses itself.
func (r *Reader) templateOf(u *unit) *source.Node {
	if !u.begun {
		u.begun = true
		u.template, u.relevant = newEmitter(r, u).template()
	}
	return u.template
}

// Declarations returns the numbers of declarations of a file that are understood, and of those that are not.
func (r *Reader) Declarations(file *source.File) (read, unread int) {
	u := r.open(file.Name, nil)
	return len(u.declarations), len(u.unread)
}
