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

// Folder is a file tree of custom rules and editions.
//
// A rule is the only .rego file of a package mlpolicy.rules["<id>"]. The ID of a rule in
// rules/<folder>/ must be the name of that folder, and examples.txtar in it has the examples of the
// rule. An edition is editions/<id>/data.yaml. Both may be below mlpolicy/, as in the builtin bundle.
// Any other data file is an error, because no rule could read it. Rego tests, names that begin with
// a dot and all other files are ignored.
type Folder struct {
	Name string // prefix of file names in errors and in Rule.Origin
	FS   fs.FS
}

// file is a Rego module, an edition or an archive of examples.
type file struct {
	name    string // in messages
	path    string // in its folder, without the prefix mlpolicy/
	id      string // of the edition; empty for other files
	builtin bool
	data    []byte
}

type files struct{ modules, tables, examples []file }

// builtinName is the prefix of the names of files in the builtin bundle, which are not on disk.
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
		// Editors on Windows write a byte order mark, which the Rego parser rejects.
		file.data = bytes.TrimPrefix(file.data, []byte("\ufeff"))
		*list = append(*list, file)
		return nil
	})
	if err != nil {
		faults = append(faults, &Error{File: naming("."), Message: "read policies", Err: err})
	}
	return faults
}

// listFor returns the list that a file belongs to, or nil for a file that is not a policy file.
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

// digest hashes paths and contents, each preceded by its length, so that different sets of files
// never produce the same input of the hash.
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
