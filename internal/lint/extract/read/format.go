package read

import (
	"bytes"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Format is a kind of document that mlpolicy recognises. It is one file in the folder of its family and one line of the table
// in package extract.
type Format struct {
	Name string
	// RootKeys are keys of which each document of the format has one at its root. A document that cannot be parsed is reported
	// only if it has a format's key without indentation. Formats that share their keys with another may leave them out.
	RootKeys []string
	// Title is the name of the format in docs/formats.md, and Signs how a document is recognised. Both
	// are Markdown without a final stop.
	Title, Signs string
	// Reference is the URL of the format's own documentation, as docs/formats.md links to it.
	Reference string
	// Marks find files without parsing them: a file can have a document of the format only if its bytes
	// contain a word of each group. Case matters.
	Marks [][]string
	// Auxiliary documents have no findings: they describe no deployments, or only training. Values that
	// cannot be read are not reported.
	Auxiliary bool
	// Links reports whether documents of the format define what others refer to, or refer to
	// what others define. Any pod may refer to resource claims.
	Links bool
	// Shapes are the required shapes of documents by their kind; the empty kind is for all others. A
	// wrong shape is reported in an auxiliary document, too.
	Shapes map[string]*Shape
	// Matches reports whether a document is of the format.
	Matches func(root *source.Node) bool
	// Read adds the facts of the document.
	Read func(*Reader)
}

// Using returns the Read function of a format that is read with the reader of its family. open wraps the document's Reader in one.
func Using[T any](open func(*Reader) T, document func(T)) func(*Reader) {
	return func(r *Reader) { document(open(r)) }
}

// Marked reports whether bytes have the marks of the format.
func (f *Format) Marked(data []byte) bool {
	for _, group := range f.Marks {
		if !ContainsAny(data, group) {
			return false
		}
	}
	return true
}

// ContainsAny reports whether the bytes contain one of the words.
func ContainsAny(data []byte, words []string) bool {
	for _, word := range words {
		if bytes.Contains(data, []byte(word)) {
			return true
		}
	}
	return false
}
