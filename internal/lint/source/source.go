// Package source parses the bytes of a YAML or JSON file into documents in which every key and every value has its
// location. It is the only package that parses users' files; call Parse.
//
// It is independent of deployments: it decides neither the meaning of a document nor whether a problem of the text is
// relevant.
package source

// Limits for one file. If they are exceeded, Parse reports a Problem.
const (
	// MaxFileSize is in bytes. The largest known deployment descriptions are Terraform plans of a few tens of MiB. It
	// also limits the text to which the aliases of one document expand.
	MaxFileSize = 64 << 20
	// MaxDepth is the number of collections around a value. The API server rejects JSON deeper than 10,000; real
	// files stay below 30.
	MaxDepth = 256
	// MaxNodes is the number of values of one document with each alias expanded. Each object of a Kubernetes List and
	// each resource of a Terraform plan may have as many, and counts as one value. An alias bomb of nine levels has a
	// billion.
	MaxNodes = 1_000_000
)

// Position is a location in the text of a file.
type Position struct {
	Offset int // bytes from the start of File.Text, from 0
	Line   int // from 1
	Column int // code points from the start of the line, from 1
}

// Span is a stretch of text; End is exclusive.
type Span struct {
	Start, End Position
}

// File is one parsed file.
type File struct {
	// Name is the path as the user wrote it, with slashes; "<stdin>" for standard input.
	Name string
	// Text is the content in UTF-8, without a byte order mark. Every offset counts in it.
	Text []byte
	// Documents contains every document that is not empty and could be read, in order, including those after a broken
	// one if a line --- starts them.
	Documents []*Document
	// Problems are the texts that Parse could not read, in order of position.
	Problems []Problem
	// Confidential means that Text contains secrets: reports of locations in the file
	// must not show its text. Parse leaves it false.
	Confidential bool
	// Live means that the text is an object of a cluster, not a file: nothing in it is a
	// template, a placeholder or a patch, even if it looks like one. Parse leaves it false.
	Live bool

	// Skipped is why a file with markers of its language, or a part of it, was not read; "" if it was or needs no reason.
	// Parse leaves it empty.
	Skipped string

	options  Options
	root     Node // parent of the roots of Documents
	foreign  bool // read by another function than Parse
	encoding encoding
	marks    int          // byte order marks at the start of the file
	style    commentStyle // of the language that Text was read in
	comments []Comment    // set by the reader of the language instead of style
	cells    []*Cell      // of a notebook, in the order of the text
	lines    []uint32     // offset of the first byte of each line
	ascii    bool         // no byte of Text is over 0x7F, so that code points are bytes
	// counts[i] is how many code points begin in the first i*countStep bytes of
	// Text; nil where no line needs it.
	counts []int32
}

// Document is one YAML document or one top-level JSON value.
type Document struct {
	File *File
	Root *Node
}

// ProblemKind is the reason why Parse could not read a part of the text.
type ProblemKind uint8

const (
	// Malformed text is not YAML or JSON.
	Malformed ProblemKind = iota
	// Unrendered text would be YAML if the templates {{ }} or {% %} in it were rendered.
	Unrendered
	// Excessive text is over one of the limits of this package.
	Excessive
	// Undecodable bytes are in no supported encoding.
	Undecodable
)

// Problem is a part of the text that Parse could not read.
type Problem struct {
	Kind    ProblemKind
	Span    Span
	Message string // lower case, without position and final stop
}

// Kind is the type of a node's value.
type Kind uint8

// A plain scalar is Null, Bool or Number by the rules of YAML 1.1 as sigs.k8s.io/yaml has them;
// timestamps are strings and keep their text.
const (
	Null Kind = iota
	Bool
	Number
	String
	Sequence
	Mapping
)

// Member is one entry of a mapping.
type Member struct {
	Key   *Node
	Value *Node
}
