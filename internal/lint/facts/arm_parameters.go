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

// parametersFile is a file that gives values to the parameters of templates.
type parametersFile struct {
	// root is the document; where the text cannot be parsed, a node without a value at the fault.
	root   *source.Node
	broken *source.Problem // why the text cannot be parsed, nil where it can
}

// parametersFilesOf returns the parameters files that a reading holds: one for each document,
// or the file itself where its text has the signs of one and cannot be parsed.
func parametersFilesOf(of *reading) []*parametersFile {
	var files []*parametersFile
	for _, part := range of.parts[armParameters] {
		files = append(files, &parametersFile{root: part.place().Node})
	}
	if problem := brokenParameters(of); problem != nil {
		files = append(files, &parametersFile{root: of.file.Mark(problem.Span), broken: problem})
	}
	return files
}

// brokenParameters returns why the text of a file that has the signs of a parameters file, and
// holds no document of any format, cannot be parsed; nil for any other file.
func brokenParameters(of *reading) *source.Problem {
	if of.file == nil || len(of.readers) > 0 || !armParametersFile.marked(of.file.Text) {
		return nil
	}
	problems := of.file.Problems
	if len(problems) == 0 { // a file of the run is without those of auxiliary formats
		problems = source.Parse(of.file.Name, of.file.Text).Problems
	}
	if len(problems) == 0 {
		return nil
	}
	return &problems[0]
}

// parameters are the values that the file gives, nil where that is not known.
func (f *parametersFile) parameters() *source.Node {
	if values := f.root.GetFold("parameters"); values != nil && values.Kind == source.Mapping {
		return values
	}
	return nil
}

// given returns what a template is read with. known is false where it is not known which
// parameters the file sets: then none of them has a value, nor its default.
func (f *parametersFile) given(template *source.Node) (values *source.Node, known bool) {
	if values := f.parameters(); values != nil {
		return values, true
	}
	at := f.root
	if values := f.root.GetFold("parameters"); values != nil {
		at = values
	}
	return unsettled(at, template.GetFold("parameters")), false
}

// problems are what of the file cannot be read as values of a template's parameters.
func (f *parametersFile) problems(template *source.Node) []Problem {
	if f.broken != nil {
		severity := Error
		if f.broken.Kind == source.Unrendered {
			severity = Warning
		}
		return []Problem{{
			Rule: SyntaxRule, Severity: severity, Message: f.broken.Message, Place: Place{Node: f.root}, Unjudged: true,
			Remedy: "Correct the syntax; until then the template's parameters are unknown.",
		}}
	}
	r := &reader{format: armParametersFile.name, root: f.root}
	values := f.root.GetFold("parameters")
	r.shaped(values, mappingShape)
	declared := declaredIn(template)
	for name, value := range values.Pairs() {
		if !declared[strings.ToLower(name.Text)] {
			continue
		}
		r.shaped(value, mappingShape)
		if len(value.Entries()) > 0 && !slices.ContainsFunc(parameterSources, func(key string) bool { return value.GetFold(key) != nil }) {
			r.problem(Warning, value, `Write {"value": …} here; anything else is ignored.`, "%s has no value", value.Path())
		}
	}
	return r.problems
}

// parameterSources are the keys by which a parameters file gives a value.
var parameterSources = []string{"value", "reference", "expression"}

// declaredIn returns the parameters that a template declares, in lower case.
func declaredIn(template *source.Node) map[string]bool {
	declared := map[string]bool{}
	for name := range template.GetFold("parameters").Pairs() {
		declared[strings.ToLower(name.Text)] = true
	}
	return declared
}

// strange returns the parameters that the file sets and the template does not declare, and
// reports whether that is all that it sets.
func (f *parametersFile) strange(declared map[string]bool) (names []string, all bool) {
	set := 0
	for name := range f.parameters().Pairs() {
		set++
		if !declared[strings.ToLower(name.Text)] {
			names = append(names, name.Text)
		}
	}
	return names, set > 0 && len(names) == set
}

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
			values, known := files[0].given(r.root)
			of.readers[i] = r.with(values, !known)
			of.readers[i].link(parametersLink(r.root, files))
		case len(files) <= maxParametersFiles:
			template := &reader{format: r.format, root: r.root, lists: r.lists}
			for _, file := range files {
				values, known := file.given(r.root)
				variant := r.with(values, !known)
				variant.separate()
				variant.link(parametersLink(r.root, []*parametersFile{file}))
				template.variants = append(template.variants, variant)
			}
			of.readers[i] = template
		default:
			link := parametersLink(r.root, files)
			link.Why = fmt.Sprintf("%d files match; more than %d are not evaluated, so their values are unknown", len(files), maxParametersFiles)
			of.readers[i] = r.with(unsettledBy(r.root, files), true)
			of.readers[i].link(link)
			of.readers[i].unknown = "the values of its parameters: " + link.Why
		}
		for _, file := range files {
			if _, known := file.given(r.root); !known && of.readers[i].unknown == "" {
				of.readers[i].unknown = "the values of its parameters: " + path.Base(file.root.File().Name) + " cannot be read"
			}
			if len(r.deployments)+len(r.computes) > 0 || of.readers[i].foundAny() {
				l.reportParameters(file, r.root)
			}
		}
	}
	of.gather()
}

// foundAny reports whether a template describes anything with any of its parameters files.
func (r *reader) foundAny() bool {
	return len(r.deployments)+len(r.computes) > 0 || slices.ContainsFunc(r.variants, (*reader).foundAny)
}

// reportParameters adds the problems of a parameters file of a template.
func (l *linker) reportParameters(file *parametersFile, template *source.Node) {
	if file.broken != nil && l.inRun[file.root.File()] && len(file.root.File().Problems) > 0 {
		return // it is reported as any other file
	}
	for _, problem := range file.problems(template) {
		problem.Place.Related = []Place{{Node: template, Why: "the template that is deployed with it"}}
		l.report(problem)
	}
}

// with reads a template with the values of its parameters. In doubtful ones what may not
// be deployed is left out.
func (r *reader) with(parameters *source.Node, doubtful bool) *reader {
	with := &reader{format: r.format, root: r.root, lists: r.lists, parameters: parameters, doubtful: doubtful}
	armTemplate.read(with)
	return with
}

func parametersLink(template *source.Node, files []*parametersFile) Link {
	link := Link{What: armParameters.String(), Place: Place{Node: template}}
	declared := declaredIn(template)
	for _, file := range files[:min(len(files), maxFound)] {
		at := Place{Node: file.root}
		if names, _ := file.strange(declared); len(names) > 0 {
			at.Why = "the template does not declare " + strings.Join(names[:min(len(names), maxFound)], ", ")
		}
		if _, known := file.given(template); !known {
			at.Why = "it cannot be read, so its values are unknown"
		}
		link.Found = append(link.Found, at)
	}
	return link
}

// link adds a link to all deployments of a document.
func (r *reader) link(link Link) {
	for _, d := range r.deployments {
		d.Links = append(d.Links, link)
	}
}

// unsettledBy gives no value to each parameter that one of several files sets, or may set.
func unsettledBy(template *source.Node, files []*parametersFile) *source.Node {
	var sets []*source.Node
	for _, file := range files {
		values, _ := file.given(template)
		sets = append(sets, values)
	}
	return unsettled(template, sets...)
}

// unsettled returns values that stand at a node and give nothing to each parameter that is
// named in one of several mappings.
func unsettled(at *source.Node, named ...*source.Node) *source.Node {
	var members []source.Member
	seen := map[string]bool{}
	for _, names := range named {
		for name := range names.Pairs() {
			if key := strings.ToLower(name.Text); !seen[key] {
				seen[key] = true
				members = append(members, source.Member{Key: name, Value: at.With(source.Node{Kind: source.Mapping})})
			}
		}
	}
	return at.With(source.Node{Kind: source.Mapping, Members: members})
}

func isTemplate(r *reader) bool { return r.format == armTemplate.name }

func holdsTemplate(of *reading) bool { return slices.ContainsFunc(of.readers, isTemplate) }

// parametersOf returns the parameters files that a template may be deployed with, by
// their names: those beside it and in a folder there that is called parameters, env or the like,
// or in the folders in that, of which each may be an environment.
//
// A file belongs to the template whose name it bears, as main.parameters.json,
// main.parameters.dev.json and main.dev.parameters.json bear that of main.json, also where it
// sets what the template does not declare: Azure refuses such a deployment, so that what is
// declared is the best reading of it. parameters.json likewise belongs to the only template of
// the folder where there is no other file. Any other one, such as prod.parameters.json, belongs
// to the only template of the folder if it sets nothing that is not declared there and gives a
// value to each parameter without a default. A file that sets only what the template does not
// declare is another's.
func (l *linker) parametersOf(ctx context.Context, file string, template *source.Node) []*parametersFile {
	folder := folderOf(file)
	if l.values[folder] == nil {
		l.values[folder] = l.parametersByTemplate(ctx, folder)
	}
	candidates := l.values[folder]
	files := l.fitting(candidates.named[stem(file)], template, ofItsName)
	if candidates.templates == 1 {
		files = append(files, l.fitting(candidates.others, template, ofAnyName)...)
		if len(files) == 0 {
			files = l.fitting(candidates.nameless, template, ofItsName)
		}
	}
	for _, own := range files {
		delete(l.unlinked, own.root)
		l.linked[own.root] = true
	}
	slices.SortStableFunc(files, func(a, b *parametersFile) int {
		return strings.Compare(a.root.File().Name, b.root.File().Name)
	})
	return files
}

// Whether a parameters file says by its name that it is a template's.
const (
	ofAnyName = false
	ofItsName = true
)

// fitting returns the files that may be a template's by what they set. Of the others it notes why
// they are not.
func (l *linker) fitting(files []*parametersFile, template *source.Node, named bool) []*parametersFile {
	declared, required := declaredIn(template), map[string]bool{}
	for name, parameter := range template.GetFold("parameters").Pairs() {
		if parameter.GetFold("defaultValue") == nil && !parameter.GetFold("nullable").Is("true") {
			required[strings.ToLower(name.Text)] = true
		}
	}
	unfit := func(file *parametersFile) string {
		if file.parameters() == nil {
			return "" // it may set anything
		}
		strange, all := file.strange(declared)
		switch {
		case all || len(strange) > 0 && !named:
			return "it sets " + strange[0] + ", which " + path.Base(template.File().Name) + " does not declare"
		case named:
			return ""
		}
		given := map[string]bool{}
		for name := range file.parameters().Pairs() {
			given[strings.ToLower(name.Text)] = true
		}
		for name := range template.GetFold("parameters").Pairs() {
			if key := strings.ToLower(name.Text); required[key] && !given[key] {
				return "it does not set " + name.Text + ", which " + path.Base(template.File().Name) + " requires"
			}
		}
		return ""
	}
	return slices.DeleteFunc(slices.Clone(files), func(file *parametersFile) bool {
		why := unfit(file)
		if why != "" && !l.linked[file.root] {
			l.unlinked[file.root] = why
		}
		return why != ""
	})
}

// parametersFiles are the parameters files that may belong to the templates of a folder.
type parametersFiles struct {
	templates int                          // in the folder
	named     map[string][]*parametersFile // by the stem of the template whose name they bear
	others    []*parametersFile            // that bear no template's name
	nameless  []*parametersFile            // of these those that are called parameters.json or the like
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
	files := &parametersFiles{templates: len(templates), named: map[string][]*parametersFile{}}
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
		parts := parametersFilesOf(reading)
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
