package read

import "path"

// MaxLinkedFile is in bytes. Documents that complete deployments are written by hand.
const MaxLinkedFile = 1 << 20

// StandardInput is the name of the source.File of standard input, which has no folder.
const StandardInput = "<stdin>"

// FolderOf returns the folder of a file. Standard input is the only file of its own folder.
func FolderOf(file string) string {
	if file == StandardInput {
		return StandardInput
	}
	return path.Dir(file)
}
