package source

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// libraryReader converts the nodes of the YAML library.
type libraryReader struct {
	builder
	breaks []uint32 // starts of the lines as the library counts them
	ascii  bool     // columns of the library are bytes

	line   int                      // index in breaks of the chunk's first line
	last   Position                 // the last position looked up
	anchor map[*yaml.Node]*anchored // of the document; a nil value is still being read
	list   *yaml.Node               // of the document, whose items are counted one by one
	// aliased is the number of bytes to which the aliases of the document expand.
	aliased int
}

// anchored is the value of an alias.
type anchored struct {
	node   *Node
	size   int // values in it, aliases expanded
	height int // levels of collections in it
	bytes  int // of its text, aliases expanded
}

func newLibraryReader(f *File, text string) *libraryReader {
	r := &libraryReader{builder: builder{file: f, text: text}, breaks: f.lines, ascii: f.ascii}
	if !r.ascii && hasUnicodeBreaks(text) {
		r.breaks = unicodeLineStarts(text)
	}
	return r
}

// read reads the documents of one chunk: those before the fault when there is one.
func (r *libraryReader) read(c chunk) ([]*Document, *fault) {
	text := r.text[c.start:c.end]
	if mostValues(text) > maxLibraryValues {
		return nil, &fault{kind: Excessive, start: c.start, end: c.start, message: fmt.Sprintf(
			"the document is too large: it may contain more than %d values", MaxNodes)}
	}
	documents, broken := r.decode(c, text)
	if broken != nil {
		broken = r.classify(c, broken)
	}
	return documents, broken
}

// item reads the only item of the sequence that a chunk is. It returns nil if the library finds anything else.
func (r *libraryReader) item(c chunk, parent *Node, depth int) (n *Node) {
	defer func() {
		if recover() != nil {
			n = nil
		}
	}()
	text := r.text[c.start:c.end]
	if mostValues(text) > maxLibraryValues {
		return nil
	}
	r.locateIn(c)
	r.anchor, r.list = nil, nil
	var document, rest yaml.Node
	decoder := yaml.NewDecoder(strings.NewReader(text))
	if decoder.Decode(&document) != nil || len(document.Content) == 0 || !errors.Is(decoder.Decode(&rest), io.EOF) {
		return nil
	}
	list := document.Content[0]
	if list.Kind != yaml.SequenceNode || len(list.Content) != 1 {
		return nil
	}
	n, _, broken := r.convert(list.Content[0], parent, depth)
	if broken != nil {
		return nil
	}
	return n
}

// maxLibraryValues limits the memory of the library, which reads a whole document with about 300 bytes for each value
// before the values can be counted. Few documents with MaxNodes values contain twice as many value indicators in
// their texts.
const maxLibraryValues = 2 * MaxNodes

// mostValues returns an upper bound of the values in a text: each value except the first follows its own indicator.
func mostValues(text string) int {
	n := 1
	for i := range len(text) {
		switch text[i] {
		case ',', ':', '?', '[', '{':
			n++
		case '-':
			if i+1 == len(text) || blankSize(text[i+1:]) > 0 {
				n++
			}
		}
	}
	return n
}

// locateIn prepares offset for the locations in a chunk.
func (r *libraryReader) locateIn(c chunk) {
	r.line, _ = slices.BinarySearch(r.breaks, uint32(c.start))
	r.last = Position{}
}

// decode reads the documents of a chunk from another text of the same length.
func (r *libraryReader) decode(c chunk, text string) (documents []*Document, broken *fault) {
	defer func() {
		if cause := recover(); cause != nil {
			broken = &fault{kind: Malformed, start: c.start, message: fmt.Sprintf("the YAML reader failed: %v", cause)}
		}
	}()
	r.locateIn(c)
	text = asVersion11(text)
	decoder := yaml.NewDecoder(strings.NewReader(text))
	for {
		var document yaml.Node
		if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
			return documents, nil
		} else if err != nil {
			return documents, r.locate(c, text, err)
		}
		if len(document.Content) == 0 {
			continue
		}
		root, fault := r.document(document.Content[0])
		if fault != nil {
			return documents, fault
		}
		if root.Kind != Null || root.start() < root.end() {
			documents = append(documents, &Document{File: r.file, Root: root})
		}
	}
}

func (r *libraryReader) document(y *yaml.Node) (*Node, *fault) {
	r.begin()
	r.anchor, r.aliased, r.list = nil, 0, nil
	root, _, fault := r.convert(y, nil, 0)
	return root, fault
}
