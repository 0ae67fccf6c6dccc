package notebook

import (
	"bytes"
	"path"
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// Cell is a cell that is Python, or whose text becomes a file.
type Cell struct {
	*source.Cell
	// From is where the Python or the text of the file begins, behind a command in the first line.
	From int
	// Writes is the path of the file of YAML or JSON, relative to the folder of the notebook; empty for a cell of Python.
	Writes string
	// Appends reports whether the text is only the end of the file.
	Appends bool
}

// Content returns the Python or the text of the file.
func (c Cell) Content() []byte { return c.Text[c.From:] }

// The commands of a cell whose text becomes a file.
// https://ipython.readthedocs.io/en/stable/interactive/magics.html#cellmagic-writefile
const (
	writeFile = "%%writefile"
	fileAlias = "%%file"
)

// MayWrite reports whether a notebook may have a cell that writes a file.
func MayWrite(data []byte) bool {
	return bytes.Contains(data, []byte(writeFile)) || bytes.Contains(data, []byte(fileAlias))
}

// newCell returns what a cell is; ok is false for one that is neither Python nor writes a file of YAML or JSON.
func newCell(c *source.Cell) (cell Cell, ok bool) {
	cell = Cell{Cell: c}
	for {
		start := len(c.Text) - len(bytes.TrimLeft(cell.Content(), " \t\r\n"))
		if start == len(c.Text) || c.Text[start] != '%' {
			return cell, true
		}
		line, _, _ := bytes.Cut(c.Text[start:], []byte("\n"))
		behind := min(start+len(line)+1, len(c.Text))
		command, arguments := string(line), ""
		if at := strings.IndexAny(command, " \t\r"); at >= 0 {
			command, arguments = command[:at], strings.TrimSpace(command[at:])
		}
		switch command {
		case "%%time", "%%timeit", "%%capture", "%%prun", "%%pyspark": // they run what is behind them as a cell
			cell.From = behind
			continue
		case writeFile, fileAlias:
			cell.From = behind
			cell.Writes, cell.Appends = writtenName(arguments)
			return cell, cell.Writes != ""
		case "%md", "%sh", "%scala", "%r", "%fs": // of Databricks, for all of the cell
			return cell, false
		case "%sql":
			return cell, arguments != ""
		}
		return cell, !strings.HasPrefix(command, "%%")
	}
}

// writtenName returns the path of a file of YAML or JSON that a command writes, empty for any other file and for a name that is
// not known.
func writtenName(arguments string) (name string, appends bool) {
	words := strings.Fields(arguments)
	for _, option := range []string{"-a", "--append"} {
		if slices.Contains(words, option) {
			appends = true
			arguments = strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(arguments, option), option))
		}
	}
	name = arguments
	if len(name) >= 2 && (name[0] == '"' || name[0] == '\'') && name[len(name)-1] == name[0] {
		name = name[1 : len(name)-1]
	} else if strings.ContainsAny(name, " \t") {
		return "", appends // an error of IPython
	}
	if strings.ContainsAny(name, "${}\"'~") || strings.HasPrefix(name, "-") {
		return "", appends
	}
	switch strings.ToLower(path.Ext(name)) {
	case ".yml", ".yaml", ".json":
		return path.Clean(name), appends
	}
	return "", appends
}
