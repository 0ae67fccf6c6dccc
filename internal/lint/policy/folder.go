package policy

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"io/fs"
	"path"
	"strings"
)

// Folder is a tree of an organisation's own rules and editions.
//
// A rule is any .rego file whose package is mlpolicy.rules["<id>"], alone in its
// package; a file in rules/<folder>/ must bear the folder's name as its ID, and
// examples.txtar beside it holds its examples. An edition is editions/<id>/data.yaml. Both may stand below mlpolicy/, as in the
// builtin bundle. Any other data file is an error, since no rule would see it;
// Rego tests, names that begin with a dot and all other files are not read.
type Folder struct {
	Name string // how errors and Rule.Origin call it
	FS   fs.FS
}

// file is a policy file.
type file struct {
	name    string // for people
	path    string // inside its folder, without the bundle's mlpolicy/
	id      string // the edition's, for a table
	builtin bool
	data    []byte
}

type files struct{ modules, tables, examples []file }

// builtinName tells people that a file is not on their disk.
const builtinName = "builtin:"

func find(builtin fs.FS, extra []Folder) (files, []*Error) {
	var (
		found  files
		faults []*Error
	)
	faults = found.add(Folder{FS: builtin}, true)
	for _, folder := range extra {
		before := len(found.modules) + len(found.tables)
		wrong := found.add(folder, false)
		if len(wrong) == 0 && len(found.modules)+len(found.tables) == before {
			wrong = []*Error{{File: folder.Name, Message: "the folder contains neither a rule nor an edition"}}
		}
		faults = append(faults, wrong...)
	}
	return found, faults
}

func (f *files) add(folder Folder, builtin bool) []*Error {
	var faults []*Error
	naming := func(name string) string {
		if builtin {
			return builtinName + name
		}
		return path.Join(folder.Name, name)
	}
	err := fs.WalkDir(folder.FS, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			faults = append(faults, &Error{File: naming(name), Message: "read policies", Err: err})
			return nil
		case name != "." && strings.HasPrefix(entry.Name(), "."):
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case entry.IsDir():
			return nil
		}
		file := file{name: naming(name), path: strings.TrimPrefix(name, "mlpolicy/"), builtin: builtin}
		list, wrong := f.listFor(&file)
		if wrong != nil {
			faults = append(faults, wrong)
		}
		if list == nil {
			return nil
		}
		if file.data, err = fs.ReadFile(folder.FS, name); err != nil {
			faults = append(faults, &Error{File: file.name, Message: "read policies", Err: err})
			return nil
		}
		// Editors of Windows write a byte order mark, which Rego takes for a character.
		file.data = bytes.TrimPrefix(file.data, []byte("\ufeff"))
		*list = append(*list, file)
		return nil
	})
	if err != nil {
		faults = append(faults, &Error{File: naming("."), Message: "read policies", Err: err})
	}
	return faults
}

// listFor says where a file belongs: nil for one that is no policy.
func (f *files) listFor(file *file) (*[]file, *Error) {
	base := path.Base(file.path)
	if strings.HasSuffix(base, ".rego") {
		if strings.HasSuffix(base, "_test.rego") {
			return nil, nil
		}
		return &f.modules, nil
	}
	if base == examplesFile {
		return &f.examples, nil
	}
	steps := strings.Split(file.path, "/")
	if len(steps) == 3 && steps[0] == "editions" && base == "data.yaml" {
		file.id = steps[1]
		return &f.tables, nil
	}
	kind := path.Ext(base)
	if file.path == "data.json" && !file.builtin {
		return nil, &Error{File: file.name, Message: "not loaded as data: an edition is editions/<id>/data.yaml; for a bundle from opa build, use the folder from which it was built"}
	}
	isData := kind == ".yaml" || kind == ".yml" || kind == ".json"
	if isData && (steps[0] == "editions" || strings.TrimSuffix(base, kind) == "data") {
		return nil, &Error{File: file.name, Message: "not loaded as data: only editions/<id>/data.yaml is"}
	}
	return nil, nil
}

// digest frames names and contents by their lengths, so that no two sets of files
// are written alike.
func (f *files) digest() string {
	sum := sha256.New()
	write := func(data []byte) {
		sum.Write(binary.BigEndian.AppendUint64(nil, uint64(len(data))))
		sum.Write(data)
	}
	for _, list := range [][]file{f.modules, f.tables} {
		for _, file := range list {
			write([]byte(file.path))
			write(file.data)
		}
	}
	return "sha256:" + hex.EncodeToString(sum.Sum(nil))
}
