// Package python reads deployments and computes that programs describe with Azure ML's SDK for Python, versions 1 and 2, in .py
// files and notebooks. Nothing is executed. A table lists the calls that are read, which are found by what the file imports.
// Their arguments are known if they are literals, constants of the SDK, or names that are assigned once in the file to these.
package python

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/language/python/notebook"
	"github.com/mlpolicy/mlpolicy/internal/lint/language/python/syntax"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Files are the files of a project.
type Files interface {
	// Resolve returns the name of the file at a path that is relative to the folder of a file; ok is false outside its project.
	Resolve(from, path string) (name string, ok bool)
	// Read returns the content of a file; ok is false if it cannot be read.
	Read(name string) (data []byte, ok bool)
	// Reads reports whether a run over the folder of a file reads another file, too.
	Reads(from, name string) bool
}

// Suffixes returns those of the names of the files that are read.
func Suffixes() []string { return []string{".py", notebookSuffix} }

const notebookSuffix = ".ipynb"

// checkpoints is the folder in which Jupyter keeps copies of notebooks.
const checkpoints = ".ipynb_checkpoints/"

// Marked reports whether a file may use the SDK, or may be a notebook that writes files.
func Marked(name string, data []byte) bool {
	if strings.Contains(name, checkpoints) {
		return false
	}
	return usesSDK(data) || isNotebook(name) && notebook.MayWrite(data)
}

func usesSDK(data []byte) bool {
	for {
		// bytes.Index looks for the first byte, and z is less frequent than a.
		at := bytes.Index(data, []byte("zure"))
		if at < 0 {
			return false
		}
		data = data[at+len("zure"):]
		if bytes.HasPrefix(data, []byte("ml")) || bytes.HasPrefix(data, []byte(".ai")) {
			return true
		}
	}
}

func isNotebook(name string) bool {
	return len(name) > len(notebookSuffix) && strings.EqualFold(name[len(name)-len(notebookSuffix):], notebookSuffix)
}

// Reader reads the files of a run. It is safe for concurrent use.
type Reader struct{ files Files }

// Open returns a reader that looks up in files whether a file that a notebook writes is read itself. They may be nil.
func Open(files Files) *Reader { return &Reader{files} }

// IsCalled reports false: no file includes another one.
func (r *Reader) IsCalled(*source.File) bool { return false }

// Read reads a file.
func (r *Reader) Read(name string, data []byte) *source.File { return r.read(name, data, nil) }

// Calls returns the calls of the SDK in a file that are read, with their arguments. The files may be nil.
func Calls(files Files, name string, data []byte) []Call {
	var calls []Call
	Open(files).read(name, data, &calls)
	return calls
}

func (r *Reader) read(name string, data []byte, calls *[]Call) *source.File {
	f := source.Decode(name, data)
	switch {
	case isNotebook(name):
		r.notebook(f, calls)
	case len(f.Problems) > 0:
		f.Skipped, f.Problems = f.Problems[0].Message, nil
	default:
		c := syntax.New(string(f.Text))
		if !mentions(c.Text) {
			break
		}
		if broken := c.Read(syntax.Span{Start: 0, End: len(c.Text)}, false); broken != nil {
			f.Skipped = fmt.Sprintf("line %d is not Python 3: %s", f.Position(broken.At).Line, broken.Message)
			break
		}
		describe(f, bind(c), func(at syntax.Span) syntax.Span { return at }, calls)
	}
	return f
}

// mentions reports whether a text has a part of the name of a call of the table. Most programs that use the SDK only train.
func mentions(text string) bool {
	for _, part := range []string{"Deployment", "Endpoint", "Compute", "Webservice", "Model", "Environment", "ParallelRunConfig"} {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}

// describe adds the documents and comments of the code of a file.
func describe(f *source.File, n *names, where func(syntax.Span) syntax.Span, calls *[]Call) {
	var comments []source.Comment
	for _, at := range n.Comments {
		content := where(syntax.Span{Start: at.Start + len("#"), End: at.End})
		mark := where(syntax.Span{Start: at.Start, End: at.Start + len("#")})
		comments = append(comments, f.CommentAt(mark.Start, min(content.Start, content.End), content.End))
	}
	f.SetComments(comments)
	e := &evaluator{names: n, known: map[syntax.Part]*value{}, objects: map[int]*object{}, results: map[syntax.Part][]*object{}}
	b := &builder{evaluator: e, file: f, where: where, nodes: map[*value]*source.Node{}, used: map[int]bool{}, left: maxNodes, records: calls}
	b.documents()
}
