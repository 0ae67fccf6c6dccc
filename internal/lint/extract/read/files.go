package read

import (
	"path"
)

// MaxLinkedFile is in bytes: what completes a deployment is written by hand.
const MaxLinkedFile = 1 << 20

// StandardInput is the name of the source.File that no folder holds.
const StandardInput = "<stdin>"

// FolderOf returns the folder of a file. Standard input is alone in one of its own.
func FolderOf(file string) string {
	if file == StandardInput {
		return StandardInput
	}
	return path.Dir(file)
}
