package report

import (
	"io"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
)

// Patched is a text before and after it was changed.
type Patched struct {
	Name          string // of the file
	Before, After []byte
}

// Patch writes a unified diff of each text, with the name as it is on both sides. What would control a terminal is
// escaped: a patch of a text with such characters is for reading only.
func Patch(w io.Writer, texts []Patched) error {
	for _, text := range texts {
		name := Printable(text.Name)
		if strings.ContainsRune(name, ' ') {
			name += "\t" // ends the name, as in patches of GNU diff and git
		}
		_, hunks, _ := strings.Cut(string(diff.Diff(name, text.Before, name, text.After)), "\n") // without "diff NAME NAME"
		for line := range strings.Lines(hunks) {
			content, ending := strings.CutSuffix(line, "\n")
			content, returns := strings.CutSuffix(content, "\r")
			line = PrintableLines(content)
			if returns {
				line += "\r"
			}
			if ending {
				line += "\n"
			}
			if _, err := io.WriteString(w, line); err != nil {
				return err
			}
		}
	}
	return nil
}
