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
	// only if a format's key stands at its margin. Formats that share their keys with another may leave them out.
	RootKeys []string
	// Title says in docs/formats.md what the format is, signs by what a document of
	// it is recognised, both in Markdown and without a final stop.
	Title, Signs string
	// Reference is the URL of the format's own documentation, as docs/formats.md links to it.
	Reference string
	// Marks are the quick look: a file can hold the format only if each group has
	// a word that stands in its bytes. Upper and lower case differ.
	Marks [][]string
	// Auxiliary documents are never at fault themselves: they are no deployments, or
	// only train. What cannot be read of them is not reported.
	Auxiliary bool
	// Links reports whether documents of the format define what others refer to, or refer to
	// what others define. Any pod may refer to resource claims.
	Links bool
	// Shapes are what documents of the format must be, by their kind; an empty kind stands for any
	// other. A wrong shape is reported of an auxiliary document, too.
	Shapes map[string]*Shape
	// Matches reports whether a document is of the format.
	Matches func(root *source.Node) bool
	// Read adds what the document says.
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

// ContainsAny reports whether one of the words stands in the bytes.
func ContainsAny(data []byte, words []string) bool {
	for _, word := range words {
		if bytes.Contains(data, []byte(word)) {
			return true
		}
	}
	return false
}
