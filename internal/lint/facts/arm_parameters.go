package facts

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/mlpolicy/mlpolicy/internal/lint/source"
)

// maxParametersFiles is how many parameters files of one template are judged. The
// template is read once for each; who has more generates them.
const maxParametersFiles = 20

// parametrize reads the templates of a file again with the values of each parameters
// file that belongs to them.
func (l *linker) parametrize(ctx context.Context, of *reading) {
	if l.options.Alone || !holdsTemplate(of) {
		return
	}
	for i, r := range of.readers {
		if !isTemplate(r) || r.parameters != nil || len(r.variants) > 0 {
			continue
		}
		files := l.parametersOf(ctx, of.file.Name, r.root)
		switch {
		case len(files) == 0:
		case len(files) == 1:
			of.readers[i] = r.with(parametersIn(files[0]), false)
			of.readers[i].link(parametersLink(r.root, files))
		case len(files) <= maxParametersFiles:
			template := &reader{format: r.format, root: r.root, lists: r.lists}
			for _, file := range files {
				variant := r.with(parametersIn(file), false)
				variant.separate()
				variant.link(parametersLink(r.root, []*part{file}))
				template.variants = append(template.variants, variant)
			}
			of.readers[i] = template
		default:
			link := parametersLink(r.root, files)
			link.Why = fmt.Sprintf("%d files fit and at most %d are judged, so that what they set is not known", len(files), maxParametersFiles)
			of.readers[i] = r.with(unsettled(r.root, files), true)
			of.readers[i].link(link)
			of.readers[i].unknown = "the values of its parameters: " + link.Why
		}
	}
	of.gather()
}

// with reads a template with the values of its parameters. In doubtful ones what may not
// be deployed is left out.
func (r *reader) with(parameters *source.Node, doubtful bool) *reader {
	with := &reader{format: r.format, root: r.root, lists: r.lists, parameters: parameters, doubtful: doubtful}
	armTemplate.read(with)
	return with
}

func parametersLink(template *source.Node, files []*part) Link {
	link := Link{What: armParameters.String(), Place: Place{Node: template}}
	for _, file := range files[:min(len(files), maxFound)] {
		link.Found = append(link.Found, file.place())
	}
	return link
}

// link adds a link to all deployments of a document.
func (r *reader) link(link Link) {
	for _, d := range r.deployments {
		d.Links = append(d.Links, link)
	}
}

func parametersIn(file *part) *source.Node { return file.place().Node.GetFold("parameters") }

// unsettled gives no value to each parameter that one of several files sets.
func unsettled(template *source.Node, files []*part) *source.Node {
	var members []source.Member
	seen := map[string]bool{}
	for _, file := range files {
		for name := range entries(parametersIn(file)) {
			if key := strings.ToLower(name.Text); !seen[key] {
				seen[key] = true
				members = append(members, source.Member{Key: name, Value: template.With(source.Node{Kind: source.Mapping})})
			}
		}
	}
	return template.With(source.Node{Kind: source.Mapping, Members: members})
}

func isTemplate(r *reader) bool { return r.format == armTemplate.name }

func holdsTemplate(of *reading) bool { return slices.ContainsFunc(of.readers, isTemplate) }

// parametersOf returns the parameters files that a template may be deployed with, by
// their names: those beside it and in a folder there that is called parameters, env or the like,
// or in the folders in that, of which each may be an environment.
//
// A file belongs to the template whose name it bears, as main.parameters.json,
// main.parameters.dev.json and main.dev.parameters.json bear that of main.json. One that
// bears no template's name, such as prod.parameters.json, belongs to the only template of
// the folder if it gives a value to each parameter without a default; parameters.json
// also if it does not, where there is no other. A file that sets what the template does
// not declare is another's.
func (l *linker) parametersOf(ctx context.Context, file string, template *source.Node) []*part {
	folder := folderOf(file)
	if l.values[folder] == nil {
		l.values[folder] = l.parametersByTemplate(ctx, folder)
	}
	candidates := l.values[folder]
	files := fitting(candidates.named[stem(file)], template, false)
	if candidates.templates == 1 {
		files = append(files, fitting(candidates.others, template, true)...)
		if len(files) == 0 {
			files = fitting(candidates.nameless, template, false)
		}
	}
	slices.SortStableFunc(files, func(a, b *part) int {
		return strings.Compare(a.place().Node.File().Name, b.place().Node.File().Name)
	})
	return files
}

// fitting returns the files that set nothing but what the template declares and, if
// they must be complete, everything that has no default there.
func fitting(files []*part, template *source.Node, complete bool) []*part {
	declared, required := map[string]bool{}, map[string]bool{}
	for name, parameter := range entries(template.GetFold("parameters")) {
		key := strings.ToLower(name.Text)
		declared[key] = true
		if parameter.GetFold("defaultValue") == nil && !parameter.GetFold("nullable").Is("true") {
			required[key] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(files), func(values *part) bool {
		missing := len(required)
		for name := range entries(parametersIn(values)) {
			key := strings.ToLower(name.Text)
			if !declared[key] {
				return true
			}
			if required[key] {
				missing--
			}
		}
		return complete && missing > 0
	})
}

// parametersFiles are the parameters files that may belong to the templates of a folder.
type parametersFiles struct {
	templates int                // in the folder
	named     map[string][]*part // by the stem of the template whose name they bear
	others    []*part            // that bear no template's name
	nameless  []*part            // of these those that are called parameters.json or the like
}

// parametersByTemplate sorts the parameters files of a folder by the stems of its templates.
func (l *linker) parametersByTemplate(ctx context.Context, folder string) *parametersFiles {
	readings := l.inFolder(ctx, folder)
	templates := map[string]bool{}
	for _, reading := range readings {
		if holdsTemplate(reading) {
			templates[stem(reading.file.Name)] = true
		}
	}
	files := &parametersFiles{templates: len(templates), named: map[string][]*part{}}
	if len(templates) == 0 {
		return files
	}
	for _, below := range l.parametersFolders(folder) {
		inside := l.inFolder(ctx, below)
		if !slices.ContainsFunc(inside, holdsTemplate) { // else its files are for the templates there
			readings = append(readings, inside...)
		}
	}
	for _, reading := range readings {
		parts := reading.parts[armParameters]
		if len(parts) == 0 {
			continue
		}
		bare, _, _ := strings.Cut(stem(reading.file.Name), "param")
		bare = strings.TrimRight(bare, ".-_")
		name := bare
		for name != "" && !templates[name] {
			name = name[:max(strings.LastIndexByte(name, '.'), 0)]
		}
		switch {
		case name != "":
			files.named[name] = append(files.named[name], parts...)
		case bare == "":
			files.nameless = append(files.nameless, parts...)
			fallthrough
		default:
			files.others = append(files.others, parts...)
		}
	}
	return files
}

// parametersFolders returns the folders in a folder that are named for parameters files or for
// environments, and the folders in those, one for each environment.
func (l *linker) parametersFolders(folder string) []string {
	found := map[string]bool{}
	for inside, name := range l.foldersIn(folder) {
		switch strings.ToLower(name) {
		case "parameters", "params", "env", "envs", "environment", "environments":
			found[inside] = true
			for below := range l.foldersIn(inside) {
				found[below] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// foldersIn returns the folders in a folder with their names, those of the run and those in the
// file system. The path of one may lead up, and so not end in its name.
func (l *linker) foldersIn(folder string) map[string]string {
	found := map[string]string{}
	for inside := range l.folders {
		for ; path.Dir(inside) != inside; inside = path.Dir(inside) { // a folder may hold folders alone
			if path.Dir(inside) == folder {
				found[inside] = path.Base(inside)
				break
			}
		}
	}
	if l.fsys != nil && folder != standardInput {
		entries, err := fs.ReadDir(l.fsys, folder)
		if err == nil { // else nothing is found there
			for _, entry := range entries {
				if entry.IsDir() {
					found[path.Dir(l.direct(path.Join(folder, entry.Name(), "any")))] = entry.Name()
				}
			}
		}
	}
	return found
}

// stem is the base name of a file without its last extension, in lower case.
func stem(file string) string {
	base := path.Base(file)
	return strings.ToLower(strings.TrimSuffix(base, path.Ext(base)))
}
