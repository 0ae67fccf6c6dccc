package source

import (
	"cmp"
	"path"
	"slices"
	"strings"
	"unsafe"
)

// Options select how files are read. With the zero value, all documents are parsed in the goroutine of the caller.
type Options struct {
	// Skip reports whether a document of a YAML file is left out without being parsed: the file then has no Document and
	// no Problem there. The text is that from the line --- of the document to that of the next. nil leaves out none.
	Skip func(document string) bool
	// Parallel parses the documents of large YAML files on all cores.
	Parallel bool
	// NoPlain lets the YAML library read all YAML, also what the faster reader of plain YAML can read. The result is the same,
	// except that the library does not read documents in which there may be more than twice MaxNodes values.
	NoPlain bool
	// Ignore are the values in JSON that nobody reads, nil for none.
	Ignore *Ignored
}

// Parse is Options.Parse with the zero value.
func Parse(name string, data []byte) *File { return Options{}.Parse(name, data) }

// Parse reads one file. It never fails: text that cannot be read is in File.Problems, and every document that can be
// read is in File.Documents. The name and the first byte determine whether it is JSON or YAML. The file keeps data,
// which must not change.
func (o Options) Parse(name string, data []byte) *File {
	f := Unread(name)
	f.options = o
	if f.Problems = f.setText(data); len(f.Problems) > 0 {
		return f
	}
	text := f.Text
	// Nodes share this copy of the text.
	r := f.read(unsafe.String(unsafe.SliceData(text), len(text)), o)
	f.Documents, f.style = r.documents, r.comments
	slices.SortStableFunc(r.faults, func(a, b *fault) int { return cmp.Compare(a.start, b.start) })
	for _, fault := range r.faults {
		f.Problems = append(f.Problems, f.problem(fault))
	}
	return f
}

// Again parses another text of a file that Parse returned in the same way.
func (f *File) Again(data []byte) *File { return f.options.Parse(f.Name, data) }

// Unread returns a file whose content was not read.
func Unread(name string) *File {
	f := &File{Name: name}
	f.root.Kind, f.root.content = isFile, unsafe.Pointer(f)
	return f
}

// reading is the result of one attempt to read a file's text. Attempts share nothing, so one can be replaced by
// another.
type reading struct {
	documents []*Document
	faults    []*fault
	comments  commentStyle
}

func (r reading) clean() bool { return len(r.faults) == 0 }

// read tries the languages that text may be written in. Strict JSON that is named
// so or looks so wins, because the tools that own such files read it as JSON. JSON
// with comments is tried before YAML only where the name does not say YAML, whose reader
// reads "// no comment" as a part of a value. For broken JSON, the reader without strings
// over several lines locates the error better.
func (f *File) read(text string, o Options) reading {
	named := namedJSON(f.Name)
	if !named && !looksJSON(text) {
		return f.readYAML(text, o)
	}
	o.Skip = nil // the documents decide about the language
	strict := f.readJSON(text)
	if strict.clean() || strict.excessive() {
		return strict
	}
	var relaxed reading
	if !namedYAML(f.Name) {
		relaxed = f.readCommentedJSON(text, isExpression)
		if relaxed.clean() || relaxed.excessive() {
			return relaxed
		}
		if over := f.readCommentedJSON(text, anyString); over.clean() || over.excessive() {
			return over
		}
	}
	yaml := f.readYAML(text, o)
	switch {
	case named && (yaml.clean() && yaml.structured() || yaml.unrendered()):
		return yaml
	case named:
		return relaxed
	case yaml.clean(), yaml.unrendered():
		return yaml
	}
	if namedYAML(f.Name) {
		relaxed = f.readCommentedJSON(text, isExpression)
	}
	if relaxed.clean() || len(relaxed.documents) > len(yaml.documents) {
		return relaxed
	}
	return yaml
}

// structured reports whether every document is a collection: most broken JSON is
// still one long plain scalar of YAML.
func (r reading) structured() bool {
	return !slices.ContainsFunc(r.documents, func(d *Document) bool { return d.Root.Kind < Sequence })
}

func (r reading) excessive() bool  { return r.has(Excessive) }
func (r reading) unrendered() bool { return r.has(Unrendered) }

func (r reading) has(kind ProblemKind) bool {
	return slices.ContainsFunc(r.faults, func(f *fault) bool { return f.kind == kind })
}

func namedJSON(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".json", ".jsonc":
		return true
	}
	return false
}

func namedYAML(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".yaml", ".yml":
		return true
	}
	return false
}

// looksJSON reports whether a text begins with a collection of JSON, after comments.
func looksJSON(text string) bool {
	for {
		text = strings.TrimLeft(text, " \t\r\n")
		end := ""
		switch {
		case strings.HasPrefix(text, "//"):
			end = "\n"
		case strings.HasPrefix(text, "/*"):
			end = "*/"
		default:
			return text != "" && (text[0] == '{' || text[0] == '[')
		}
		_, rest, closed := strings.Cut(text[2:], end)
		if !closed {
			return false
		}
		text = rest
	}
}

// fault is a Problem before its offsets are resolved.
type fault struct {
	kind       ProblemKind
	start, end int
	message    string
}

func (f *File) problem(at *fault) Problem {
	return Problem{
		Kind:    at.kind,
		Span:    Span{Start: f.Position(at.start), End: f.Position(max(at.start, at.end))},
		Message: at.message,
	}
}
