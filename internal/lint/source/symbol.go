package source

import "strings"

// symbolStart begins the text of a value that is not known. It makes the text a placeholder for every format.
const symbolStart = "${\x00"

// Symbol makes the node of a value that a language states without saying what it is, such as a parameter. name is the same for
// all such values of the file that are certainly equal, by which documents of the file can refer to each other; it is empty if
// no other value is.
func (f *File) Symbol(name string, start, end int) *Node {
	return f.Scalar(String, symbolStart+name+"}", start, end)
}

// IsSymbol reports whether a text is that of a value that is not known and that others of its file equal.
func IsSymbol(text string) bool {
	return len(text) > len(symbolStart+"}") && strings.HasPrefix(text, symbolStart)
}

// IsSymbol reports whether the value is not known and others of its file equal it.
func (n *Node) IsSymbol() bool { return n != nil && n.Kind == String && IsSymbol(n.Text()) }
