package link

import (
	"context"
	"io/fs"
	"path"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/mlpolicy/mlpolicy/internal/lint/extract/kube"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/read"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/resolve"
	"github.com/mlpolicy/mlpolicy/internal/lint/extract/terraform"
	"github.com/mlpolicy/mlpolicy/internal/lint/language"
	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// index has the documents of a project.
type index struct {
	tooLarge bool // only the files of the run are searched
	readings []*Reading
	parts    map[definition][]*read.Part
}

// definition is the key to look up a part.
type definition struct {
	kind            read.PartKind
	name, namespace string
	version         string
	file            *source.File // nil for all files of the project
}

// anyVersion stands for every version and for no version. It is not a valid version.
const anyVersion = "\x00"

// add adds a part under all its keys.
func (x *index) add(p *read.Part) {
	files := []*source.File{p.Location().Node.File(), nil}
	if source.IsSymbol(p.Name) {
		files = files[:1] // in another file it is another value
	}
	for _, version := range []string{p.Version, anyVersion} {
		for _, file := range files {
			key := definition{p.Kind, p.Name, p.Namespace, version, file}
			x.parts[key] = append(x.parts[key], p)
		}
	}
}

// look returns the definitions in the file of the reference, else in the project, else for all
// namespaces. Objects without a namespace may be in the default one.
func (x *index) look(reference *read.Reference) []*read.Part {
	namespaces := []string{reference.Namespace}
	switch reference.Namespace { // kubectl uses default unless it is configured otherwise
	case kube.UndeclaredNamespace:
		namespaces = append(namespaces, kube.DefaultNamespace)
	case kube.DefaultNamespace:
		namespaces = append(namespaces, kube.UndeclaredNamespace)
	}
	if reference.Namespace != "" {
		namespaces = append(namespaces, "")
	}
	versions := []string{anyVersion}
	if reference.Version != "" {
		versions = []string{reference.Version, ""}
	}
	for _, namespace := range namespaces {
		for _, file := range []*source.File{reference.Node.File(), nil} {
			var found []*read.Part
			for _, version := range versions {
				more := reachable(reference, x.parts[definition{reference.Kind, reference.Name, namespace, version, file}])
				if len(found) == 0 {
					found = more
				} else if len(more) > 0 {
					found = slices.Concat(found, more[:min(len(more), maxFound)])
				}
			}
			if len(found) > 0 {
				return found
			}
		}
	}
	return nil
}

// reachable returns the parts without those that a template defines with other parameters than those of the reference.
func reachable(r *read.Reference, parts []*read.Part) []*read.Part {
	own := r.Under != nil && slices.ContainsFunc(parts, func(p *read.Part) bool { return p.Within && p.Under == r.Under })
	other := func(p *read.Part) bool {
		if p.Under == nil || own || r.Under == nil {
			return own && p.Under != r.Under || r.Under == nil && p.Within
		}
		return p.Under != r.Under
	}
	if !slices.ContainsFunc(parts, other) {
		return parts
	}
	return slices.DeleteFunc(slices.Clone(parts), other)
}

// partIn identifies the parts of a kind in a folder.
type partIn struct {
	kind   read.PartKind
	folder string
}

// project returns the project of a file. Without options.Project it is the folder.
func (l *Linker) project(file string) *Project {
	folder := read.FolderOf(file)
	if l.options.Project != nil && folder != read.StandardInput {
		return l.options.Project(file)
	}
	project := l.projects[folder]
	if project == nil {
		project = &Project{Files: func(context.Context) ([]string, bool) { return l.siblings(folder), true }}
		l.projects[folder] = project
	}
	return project
}

// direct converts a name to the form of the names in the run.
func (l *Linker) direct(name string) string {
	if project := l.project(name); project.Direct != nil {
		return project.Direct(name)
	}
	return name
}

// within joins a path to the folder of a file. ok is false for a path outside the file's project.
func (l *Linker) within(file, name string) (string, bool) {
	folder := read.FolderOf(file)
	if folder == read.StandardInput || path.IsAbs(name) {
		return "", false
	}
	joined := l.direct(path.Join(folder, name))
	root := l.project(file).Root
	return joined, root == "" || resolve.Below(root, joined)
}

// index returns the index of a project, which is built once.
func (l *Linker) index(ctx context.Context, project *Project) *index {
	if known := l.indexes[project]; known != nil {
		return known
	}
	found := &index{parts: map[definition][]*read.Part{}}
	l.indexes[project] = found
	for _, reading := range l.run {
		if l.project(reading.File.Name) == project {
			found.readings = append(found.readings, reading)
		}
	}
	if l.fsys != nil {
		names, ok := project.Files(ctx)
		found.tooLarge = !ok
		found.readings = append(found.readings, l.others(ctx, names)...)
	}
	var readers []*read.Reader
	for _, reading := range found.readings {
		readers = append(readers, reading.Readers...)
	}
	covered := terraform.CoveredIn(readers)
	for _, reading := range found.readings {
		if !l.inRun[reading.File] {
			l.applyParameters(ctx, reading)
		}
		if l.IsCalled(reading.File) {
			continue // its callers define the same
		}
		for _, parts := range reading.Parts {
			for _, part := range parts {
				if part.Name != "" && !covered.HasPart(part) && !covered.IsReplaced(part) {
					found.add(part)
				}
			}
		}
	}
	return found
}

// others reads the named files that are not files of the run, in parallel.
func (l *Linker) others(ctx context.Context, names []string) []*Reading {
	var missing []string
	for _, name := range names {
		if !l.options.Unrecognized[name] && l.read[name] == nil {
			missing = append(missing, name)
		}
	}
	read := make([]*Reading, len(missing))
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(missing)) {
		workers.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(missing) || ctx.Err() != nil {
					return
				}
				read[i] = l.load(ctx, missing[i], l.formats.Links)
			}
		})
	}
	workers.Wait()
	for i, name := range missing {
		if read[i] != nil {
			l.read[name] = read[i]
		}
	}
	var others []*Reading
	for _, name := range names {
		if reading := l.read[name]; reading != nil && reading.File != nil && !l.inRun[reading.File] {
			others = append(others, reading)
		}
	}
	return others
}

// beside returns the parts of a kind in the files of a folder.
func (l *Linker) beside(ctx context.Context, kind read.PartKind, folder string) []*read.Part {
	in := partIn{kind, folder}
	if known, ok := l.folded[in]; ok {
		return known
	}
	var all []*read.Part
	for _, reading := range l.inFolder(ctx, folder) {
		all = append(all, reading.Parts[kind]...)
	}
	l.folded[in] = all
	return all
}

// inFolder returns the readings of a folder's files, both those of the run and others.
func (l *Linker) inFolder(ctx context.Context, folder string) []*Reading {
	names := l.siblings(folder)
	l.others(ctx, names)
	var all []*Reading
	for _, name := range names {
		if reading := l.read[name]; reading != nil && reading.File != nil {
			all = append(all, reading)
		}
	}
	return all
}

// file returns the reading of a file. It is empty for a file that cannot be read.
func (l *Linker) file(ctx context.Context, name string) *Reading {
	known := l.read[name]
	if known == nil {
		known = l.load(ctx, name, l.formats.Recognize)
		l.read[name] = known
	}
	return known
}

// load reads a file that is not part of the run, if useful reports true for it. Otherwise it returns an empty
// reading.
func (l *Linker) load(ctx context.Context, name string, useful func(string, []byte) bool) *Reading {
	if l.options.Off != nil && l.options.Off(name) {
		return &Reading{}
	}
	data := l.bytes(name)
	if data == nil || !useful(name, data) {
		return &Reading{}
	}
	parse := l.options.Parse
	if parse == nil {
		parse = source.Parse
	}
	return l.formats.Read(ctx, parse(name, data), l.options.Of(name).Lists)
}

// bytes returns the content of a file that completes a deployment, nil if it cannot be read.
func (l *Linker) bytes(name string) []byte {
	if l.fsys == nil {
		return nil
	}
	return content(l.fsys, name)
}

// content returns the content of a regular file, nil if it cannot be read or is too large.
func content(fsys fs.FS, name string) []byte {
	if info, err := fs.Stat(fsys, name); err != nil || !info.Mode().IsRegular() || info.Size() > read.MaxLinkedFile {
		return nil
	}
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil
	}
	return data
}

// siblings returns the names of a folder's files, of the run and of the file system, without
// duplicates.
func (l *Linker) siblings(folder string) []string {
	names := l.folders[folder]
	if l.fsys == nil || l.walked[folder] {
		return names
	}
	l.walked[folder] = true
	entries, err := fs.ReadDir(l.fsys, folder)
	if err != nil {
		return names
	}
	known := make(map[string]bool, len(names))
	for _, name := range names {
		known[name] = true
	}
	var ignored func(string) bool
	if l.options.Project != nil {
		ignored = l.options.Project(path.Join(folder, "any")).Ignored
	}
	for _, entry := range entries {
		name := path.Join(folder, entry.Name())
		switch path.Ext(name) {
		case ".json", ".yml", ".yaml":
		default:
			if language.Of(name) == nil {
				continue
			}
		}
		if !known[name] && !entry.IsDir() && (ignored == nil || !ignored(name)) {
			names = append(names, name)
		}
	}
	l.folders[folder] = names
	return names
}
