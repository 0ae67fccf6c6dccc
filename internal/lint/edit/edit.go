// Package edit computes which bytes of a file to replace so that an entry, a comment or a scalar changes and every
// other byte stays as it is, and compares files before and after. It writes nothing.
package edit

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Edit replaces a stretch of a text.
type Edit struct {
	Start, End int // bytes, End exclusive
	Text       string
}

// Apply returns a text with edits, which may be in any order. Edits that overlap, or that insert at the same offset, are
// an error.
func Apply(text []byte, edits []Edit) ([]byte, error) {
	sorted := slices.Clone(edits)
	slices.SortFunc(sorted, func(a, b Edit) int { return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End)) })
	edited := make([]byte, 0, len(text))
	at := 0
	for i, e := range sorted {
		if e.Start < at || e.End < e.Start || e.End > len(text) || i > 0 && e.Start == e.End && e.Start == sorted[i-1].Start {
			return nil, fmt.Errorf("the edit of the bytes %d to %d overlaps another one or is outside the text", e.Start, e.End)
		}
		edited = append(append(edited, text[at:e.Start]...), e.Text...)
		at = e.End
	}
	return append(edited, text[at:]...), nil
}

// Change is an edit of a file's Text with what it is to change. At most one of the pointers is set; without any, all
// values and comments stay.
type Change struct {
	Edit
	File    *source.File
	Removed *source.Node    // the key of an entry
	Scalar  *source.Node    // gets another text
	Gone    *source.Comment // removed
	Comment *source.Comment // gets another text
}

// IsOnly reports whether a file after some changes of it differs from the one before in nothing but what they are to
// change.
func IsOnly(before, after *source.File, changes []Change) bool {
	d := difference{removed: map[*source.Node]bool{}, scalars: map[*source.Node]bool{}, same: map[*source.Node]*source.Node{}}
	gone, reworded := map[int]bool{}, map[int]bool{}
	for _, change := range changes {
		switch {
		case change.Removed != nil:
			d.removed[change.Removed] = true
		case change.Scalar != nil:
			d.scalars[change.Scalar] = true
		case change.Gone != nil:
			gone[change.Gone.Mark] = true
		case change.Comment != nil:
			reworded[change.Comment.Mark] = true
		}
	}
	if len(before.Documents) != len(after.Documents) || len(before.Problems) != len(after.Problems) {
		return false
	}
	for i, document := range before.Documents {
		if !d.equal(document.Root, after.Documents[i].Root) {
			return false
		}
	}
	comments := after.Comments()
	for _, comment := range before.Comments() {
		if gone[comment.Mark] {
			continue
		}
		if len(comments) == 0 {
			return false
		}
		if !reworded[comment.Mark] && !bytes.Equal(before.Text[comment.Start:comment.End], after.Text[comments[0].Start:comments[0].End]) {
			return false
		}
		comments = comments[1:]
	}
	return len(comments) == 0
}

// difference is what may differ between two files.
type difference struct {
	removed, scalars map[*source.Node]bool
	same             map[*source.Node]*source.Node // nodes that were compared; aliases share them
}

func (d *difference) equal(before, after *source.Node) bool {
	if known := d.same[before]; known != nil {
		return known == after
	}
	d.same[before] = after
	if before.Kind >= source.Sequence || after.Kind >= source.Sequence || !d.scalars[before] {
		if before.Kind != after.Kind || before.Text() != after.Text() {
			return false
		}
	}
	if !slices.EqualFunc(before.Items(), after.Items(), d.equal) {
		return false
	}
	members := slices.DeleteFunc(slices.Clone(before.Members()), func(m source.Member) bool { return d.removed[m.Key] })
	return slices.EqualFunc(members, after.Members(), func(a, b source.Member) bool {
		return d.equal(a.Key, b.Key) && d.equal(a.Value, b.Value)
	})
}

// isTemplate reports whether a file may be filled in by a template engine, whose conditions and loops the file as it is
// does not show.
func isTemplate(file *source.File) bool {
	for rest := file.Text; ; {
		at := bytes.Index(rest, []byte("{{"))
		if at < 0 {
			return bytes.Contains(file.Text, []byte("{%"))
		}
		if at == 0 || rest[at-1] != '$' {
			return true
		}
		rest = rest[at+len("{{"):]
	}
}

// Editable reports whether the text of a file can be changed: it is a file in which everything was read, without
// secrets, and neither a template nor an object of a cluster.
func Editable(file *source.File) bool {
	return !file.Live && !file.Confidential && !file.IsForeign() && len(file.Problems) == 0 && !isTemplate(file)
}
